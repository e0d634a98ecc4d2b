//! The project's own tools, called as `cargo xtask COMMAND` by people and by CI. Owns the table of names; each command
//! is a module.

mod codegen;
mod deps;
mod docs;
#[cfg(test)]
mod packaging;
mod project;
mod release;
mod sbom;
mod screenshots;
mod test;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask COMMAND

  test [--list] [--only STAGE] [-- PYTEST-ARGUMENTS]       installs what the tests need and runs them all
  codegen [--check] [--rust-only] [--botocore PATH]        model and shapes from the installed botocore
  tidy                                                     the house rules that no compiler checks
  docs [--check]                                           docs/COMPATIBILITY.md and docs/SECURITY.md from code and tests
  screenshots [--only TEXT]                                pictures of every page, into docs/screenshots
  release [DIR]                                            the binary, its bill of materials and checksums, into dist/
  reproducible                                             two builds in two places, compared (about ten minutes)
  advisories [--db DIR]                                    known weaknesses of dependencies, by cargo-audit
  sbom FILE                                                the bill of materials alone, CycloneDX 1.6";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.split_first() {
        Some((name, rest)) if name == "test" => test::run(rest),
        Some((name, rest)) if name == "codegen" => codegen::run(rest),
        Some((name, [])) if name == "tidy" => tidy::run(),
        Some((name, rest)) if name == "docs" => docs::run(rest),
        Some((name, rest)) if name == "screenshots" => screenshots::run(rest),
        Some((name, rest)) if name == "advisories" => deps::advisories(rest),
        Some((name, rest)) if name == "release" => release::run(rest),
        Some((name, [])) if name == "reproducible" => release::reproducible(),
        Some((name, rest)) if name == "sbom" => sbom::run(rest),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            say(&text);
            ExitCode::FAILURE
        }
    }
}

/// One line to the developer's terminal.
#[expect(clippy::print_stderr, reason = "a developer's tool speaks on its terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}
