//! `screenshots`: pictures of every page into `docs/screenshots`, by Chromium. Builds the server and the example that draws the sign-in
//! pages' samples; `compat/screenshots.py` does the rest.

use std::process::Command;

use crate::project::{Outcome, check, root, target};

/// `args` go to the script.
pub(crate) fn run(args: &[String]) -> Outcome {
    let (root, target) = (root(), target()?);
    let python = root.join(".venv/bin/python");
    if !python.exists() {
        return Err("there is no .venv: cargo xtask test --only install makes it".to_owned());
    }
    let mut build = Command::new("cargo");
    build.args(["build", "-p", "poolhouse", "--bin", "poolhouse", "--example", "pages"]).current_dir(&root);
    check(build)?;
    let mut take = Command::new(python);
    take.arg("screenshots.py").args(args).current_dir(root.join("compat"));
    take.env("POOLHOUSE_BIN", target.join("debug/poolhouse")).env("POOLHOUSE_PAGES", target.join("debug/examples/pages"));
    check(take)
}
