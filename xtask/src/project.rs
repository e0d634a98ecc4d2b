//! Where the project lies, where its programs are built, and how this tool runs others. Used by every command.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Why something did not pass, in one line for the terminal.
pub(crate) type Outcome = Result<(), String>;

/// The project's root, from where cargo built this tool.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The target directory of this very program, `TARGET/debug/xtask`.
pub(crate) fn target() -> Result<PathBuf, String> {
    let me = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let target = me.parent().and_then(Path::parent).ok_or("this program lies outside a target directory")?;
    Ok(target.to_path_buf())
}

/// Runs a command with this terminal; its failure becomes one line.
pub(crate) fn check(mut command: Command) -> Outcome {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} ended with {status}")),
        Err(error) => Err(format!("{program} could not be started: {error}")),
    }
}

/// Whether a command can be started and succeeds, its output unseen.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_cannot_start_is_a_failure() {
        assert!(check(Command::new("/no/such/program")).is_err());
        assert!(check(Command::new("false")).is_err());
        assert!(check(Command::new("true")).is_ok());
    }
}
