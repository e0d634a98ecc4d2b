//! `cargo xtask test`: installs what the tests need, then runs every stage CI runs, in order.
//!
//! Called by `xtask::main` and, through it, by `.ci/run`. A stage's output goes straight to the
//! terminal; the first stage that fails ends the run. The last line is `N passed, N failed`.

#![expect(clippy::print_stdout, reason = "a command line tool talks to its terminal")]

mod install;

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::project::{Outcome, check, root, target};

/// One step of the run.
struct Stage {
    name: &'static str,
    what: &'static str,
    /// Stages that `--only` runs before this one.
    needs: &'static [&'static str],
    run: fn(&Bench) -> Outcome,
}

/// Where the run happens and what was asked of it.
pub(crate) struct Bench {
    /// The workspace's root directory.
    pub(crate) root: PathBuf,
    /// Arguments after `--`, handed to pytest.
    pytest_args: Vec<String>,
}

const STAGES: &[Stage] = &[
    Stage { name: "install", what: "Debian packages, Python and Node clients", needs: &[], run: install::all },
    Stage { name: "fmt", what: "cargo fmt --check", needs: &[], run: fmt },
    Stage { name: "tidy", what: "the house rules that are tests; generated documents are up to date", needs: &[], run: tidy },
    Stage { name: "codegen", what: "generated files are what the model gives", needs: &["install"], run: codegen },
    Stage { name: "clippy", what: "lints, warnings denied", needs: &[], run: clippy },
    Stage { name: "unit", what: "every Rust test, on SQLite and PostgreSQL", needs: &["install"], run: unit },
    Stage { name: "build", what: "the release binary", needs: &[], run: build },
    Stage { name: "compat", what: "real clients against the release binary", needs: &["install", "build"], run: compat },
    Stage { name: "bench", what: "the load driver: one short round of everything", needs: &["install", "build"], run: bench },
];

/// Runs `cargo xtask test ARGS`.
///
/// # Errors
/// The closing line `N passed, 1 failed` when a stage failed, else what is wrong with the arguments.
pub(crate) fn run(args: &[String]) -> Outcome {
    let mut bench = Bench { root: root(), pytest_args: Vec::new() };
    let mut only = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--list" => {
                list();
                return Ok(());
            }
            "--only" => only = Some(args.next().ok_or("--only needs the name of a stage")?),
            "--" => bench.pytest_args = args.by_ref().cloned().collect(),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    let stages = chosen(only.map(String::as_str)).ok_or("no such stage, see --list")?;
    run_stages(&bench, &stages)
}

/// The stages to run, in the table's order: all, or one with what it needs.
fn chosen(only: Option<&str>) -> Option<Vec<&'static Stage>> {
    let Some(name) = only else {
        return Some(STAGES.iter().collect());
    };
    let wanted = STAGES.iter().find(|stage| stage.name == name)?;
    Some(STAGES.iter().filter(|stage| stage.name == name || wanted.needs.contains(&stage.name)).collect())
}

fn run_stages(bench: &Bench, stages: &[&Stage]) -> Outcome {
    let began = Instant::now();
    let mut passed = 0;
    for stage in stages {
        println!("\n==> {}: {}", stage.name, stage.what);
        let stage_began = Instant::now();
        let outcome = (stage.run)(bench);
        let seconds = stage_began.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => println!("==> {}: ok in {seconds:.1} s", stage.name),
            Err(why) => {
                println!("==> {}: FAILED after {seconds:.1} s: {why}", stage.name);
                println!("    again: cargo xtask test --only {}", stage.name);
                return Err(format!("{passed} passed, 1 failed"));
            }
        }
        passed += 1;
    }
    println!("\nall stages in {:.1} s", began.elapsed().as_secs_f32());
    println!("{passed} passed, 0 failed");
    Ok(())
}

fn list() {
    for stage in STAGES {
        println!("{:8} {}", stage.name, stage.what);
    }
}

fn fmt(bench: &Bench) -> Outcome {
    check(bench.cargo(&["fmt", "--all", "--check"]))
}

fn tidy(_: &Bench) -> Outcome {
    crate::tidy::run()?;
    crate::docs::run(&["--check".to_owned()])
}

fn codegen(bench: &Bench) -> Outcome {
    // Reads the model from the botocore that the install stage put into .venv.
    check(bench.xtask(&["codegen", "--check"])?)
}

fn clippy(bench: &Bench) -> Outcome {
    check(bench.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Plain `cargo test`: one process a test binary, which starts one PostgreSQL cluster for all of its tests.
fn unit(bench: &Bench) -> Outcome {
    check(bench.cargo(&["test", "--workspace"]))
}

/// The shipped binary, by the recipe of `cargo xtask release`.
fn build(bench: &Bench) -> Outcome {
    crate::release::build(&bench.root, &target()?)
}

fn compat(bench: &Bench) -> Outcome {
    let mut command = Command::new(bench.root.join("compat/run"));
    command.args(&bench.pytest_args).env("POOLHOUSE_BIN", release_binary()?).current_dir(&bench.root);
    check(command)
}

/// Whether it works, not how fast anything is: figures are no test's business.
fn bench(bench: &Bench) -> Outcome {
    let mut command = bench.cargo(&["run", "-p", "poolhouse-bench", "--"]);
    command.arg("--binary").arg(release_binary()?).arg("--directory").arg(target()?.join("bench"));
    command.args(["operations", "--rounds", "1", "--seconds", "0.2", "--clients", "4", "--dry"]);
    check(command)
}

fn release_binary() -> Result<PathBuf, String> {
    Ok(target()?.join("release/poolhouse"))
}

impl Bench {
    /// `cargo ARGS` in the workspace's root.
    fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(args).current_dir(&self.root);
        command
    }

    /// This program again, with another command.
    fn xtask(&self, args: &[&str]) -> Result<Command, String> {
        let me = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
        let mut command = Command::new(me);
        command.args(args).current_dir(&self.root);
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: Option<&str>) -> Option<Vec<&'static str>> {
        chosen(only).map(|stages| stages.iter().map(|stage| stage.name).collect())
    }

    #[test]
    fn one_stage_brings_what_it_needs_and_nothing_else() {
        assert_eq!(names(Some("compat")), Some(vec!["install", "build", "compat"]));
        assert_eq!(names(Some("fmt")), Some(vec!["fmt"]));
        assert_eq!(names(Some("no-such-stage")), None);
    }

    #[test]
    fn every_need_is_a_stage_that_comes_before() {
        for (at, stage) in STAGES.iter().enumerate() {
            let before: Vec<&str> = STAGES[..at].iter().map(|earlier| earlier.name).collect();
            assert!(stage.needs.iter().all(|need| before.contains(need)), "{}", stage.name);
        }
    }
}
