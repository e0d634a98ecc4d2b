//! Copies of SQLite databases: made while the server runs, put back while it does not. Called by `engine::backup`.
//! PostgreSQL has tools of its own for both.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::lite::copy::{copy as copy_file, sync_directory};
use crate::lite::files::{self, failed, with_suffix};
use crate::{Error, Result};

/// The file of a `sqlite://` URL; `None` for any other.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<&Path> {
    url.strip_prefix("sqlite://").map(Path::new)
}

/// Copies the database `from` to a new file `to`, mode 0600: a state that was true at one moment, synced and verified.
/// Others may go on writing. `progress` is told pages done and pages in all.
///
/// # Errors
/// [`Error::Config`] where `to` exists or a file cannot be used, [`Error::Damaged`] where the copy (and so the original) is
/// not sound. Nothing is left at `to` then.
pub fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    if !from.is_file() {
        return Err(Error::Config(format!("there is no {}", from.display())));
    }
    copy_file(from, to, progress)
}

/// A database file that no server may open while this value lives.
pub struct Held {
    path: PathBuf,
    _lock: File,
}

impl Held {
    /// Takes the file's place, whether there is a file yet or not.
    ///
    /// # Errors
    /// [`Error::InUse`] while a process has it open.
    pub async fn take(path: &Path) -> Result<Self> {
        files::prepare_directory(path)?;
        Ok(Self { path: path.to_owned(), _lock: files::lock(path, Duration::ZERO).await? })
    }

    /// A name beside the file for what is being prepared.
    #[must_use]
    pub fn beside(&self, suffix: &str) -> PathBuf {
        with_suffix(&self.path, suffix)
    }

    /// Puts `new` in the file's place. What was there is moved to the name with `suffix`, with its write-ahead log; where
    /// to, if there was anything.
    ///
    /// # Errors
    /// [`Error::Config`] where that name is taken or a file cannot be renamed.
    pub fn replace(&self, new: &Path, suffix: &str) -> Result<Option<PathBuf>> {
        let aside = self.beside(suffix);
        if aside.exists() {
            return Err(Error::Config(format!("{} exists and is not overwritten", aside.display())));
        }
        let mut moved = None;
        // The log first: beside a new file it would be taken for that file's.
        for companion in ["-wal", "-shm", ""] {
            let (old, kept) = (with_suffix(&self.path, companion), with_suffix(&aside, companion));
            if old.exists() {
                fs::rename(&old, &kept).map_err(|e| failed("rename", &old, &e))?;
                moved = Some(aside.clone());
            }
        }
        fs::rename(new, &self.path).map_err(|e| failed("rename", new, &e))?;
        sync_directory(&self.path)?;
        Ok(moved)
    }
}

/// Removes a database that was being prepared, with everything beside it.
pub fn discard(path: &Path) {
    for companion in ["", "-wal", "-shm", "-journal", ".lock", ".part"] {
        fs::remove_file(with_suffix(path, companion)).ok();
    }
}
