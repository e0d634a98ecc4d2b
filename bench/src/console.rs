//! What the benchmark says on its terminal: results on standard output, progress on standard error.

#[expect(clippy::print_stdout, reason = "the one place where results are printed")]
pub fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the one place where progress is printed")]
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// A step of long work, told about twenty times on its way.
pub fn progress(what: &str, done: usize, all: usize) {
    let step = (all / 20).max(1);
    if done == all || done.is_multiple_of(step) {
        note(&format!("  {what}: {} %", done * 100 / all.max(1)));
    }
}
