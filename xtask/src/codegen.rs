//! `cargo xtask codegen`: botocore's model → `model/cognito-idp.idl` → `crates/wire/src/generated`. Owns files and
//! arguments; called by `main`. `--check` writes nothing and fails, naming what differs, if anything would change.

mod idl;
mod model;
mod names;
mod rust;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::project::root;

const IDL: &str = "model/cognito-idp.idl";
const PATCHES: &str = "model/patches.idl";
const GENERATED: &str = "crates/wire/src/generated";
const EXTRACT: &str = include_str!("codegen/extract.py");
const MAX_DIFFERENCES_SHOWN: usize = 60;

#[derive(Default)]
struct Options {
    check: bool,
    /// Leave the IDL as it stands and generate only the Rust (needs no botocore).
    rust_only: bool,
    /// A `service-2.json[.gz]`, or a directory that holds the `botocore` package; default: the installed one.
    botocore: Option<String>,
}

/// Runs the command; the error is the text for the terminal.
pub fn run(args: &[String]) -> Result<(), String> {
    let options = parse(args)?;
    let root = root();
    let mut differences = Vec::new();

    let idl_path = root.join(IDL);
    let old = fs::read_to_string(&idl_path).unwrap_or_default();
    let text = if options.rust_only { old.clone() } else { idl::print(&extract(&root, options.botocore.as_deref())?) };
    settle(&idl_path, &old, &text, options.check, &mut differences)?;

    let patches = fs::read_to_string(root.join(PATCHES)).map_err(|e| format!("{PATCHES}: {e}"))?;
    // A check judges the committed IDL and the committed Rust each by itself, so that a botocore of another age is
    // reported line by line instead of failing at the first patch it does not fit.
    let mut model = idl::parse(if options.check { &old } else { &text })?;
    idl::patch(&mut model, &patches)?;
    for (name, source) in rust::emit(&model)? {
        let path = root.join(GENERATED).join(name);
        let old = fs::read_to_string(&path).unwrap_or_default();
        settle(&path, &old, &rustfmt(&source)?, options.check, &mut differences)?;
    }
    if differences.is_empty() {
        return Ok(());
    }
    let more = differences.len().saturating_sub(MAX_DIFFERENCES_SHOWN);
    differences.truncate(MAX_DIFFERENCES_SHOWN);
    if more > 0 {
        differences.push(format!("… and {more} more"));
    }
    Err(format!("the model and the committed files differ (run `cargo xtask codegen`):\n{}", differences.join("\n")))
}

fn parse(args: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--check" => options.check = true,
            "--rust-only" => options.rust_only = true,
            "--botocore" => options.botocore = Some(rest.next().ok_or("--botocore needs a path")?.clone()),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(options)
}

/// Writes the file if it changed; in check mode records every differing line instead.
fn settle(path: &Path, old: &str, new: &str, check: bool, differences: &mut Vec<String>) -> Result<(), String> {
    if old == new {
        return Ok(());
    }
    let shown = path.display();
    if !check {
        return fs::write(path, new).map_err(|e| format!("{shown}: {e}"));
    }
    let before: std::collections::BTreeSet<&str> = old.lines().collect();
    let after: std::collections::BTreeSet<&str> = new.lines().collect();
    let removed = before.difference(&after).map(|line| format!("  - {line}"));
    let added = after.difference(&before).map(|line| format!("  + {line}"));
    let lines: Vec<String> = removed.chain(added).collect();
    let note = if lines.is_empty() { " the same lines in another order or number" } else { "" };
    differences.push(format!("{shown}:{note}"));
    differences.extend(lines);
    Ok(())
}

/// Reads botocore's model through Python, which has the decompressor and knows where botocore is installed.
fn extract(root: &Path, botocore: Option<&str>) -> Result<model::Model, String> {
    let venv = root.join(".venv/bin/python");
    let python = if venv.exists() { venv } else { PathBuf::from("python3") };
    let output =
        Command::new(&python).arg("-c").arg(EXTRACT).args(botocore).output().map_err(|e| format!("{}: {e}", python.display()))?;
    if !output.status.success() {
        return Err(format!(
            "no botocore model (pip install botocore, or --botocore PATH):\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let json = serde_json::from_slice(&output.stdout).map_err(|e| format!("extract.py: {e}"))?;
    model::from_botocore(&json)
}

fn rustfmt(source: &str) -> Result<String, String> {
    let failed = |e: std::io::Error| format!("rustfmt: {e}");
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take().ok_or("rustfmt has no stdin")?;
    // rustfmt reads all of its input before it prints, so writing first cannot deadlock.
    stdin.write_all(source.as_bytes()).map_err(failed)?;
    drop(stdin);
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(format!("rustfmt: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("rustfmt: {e}"))
}
