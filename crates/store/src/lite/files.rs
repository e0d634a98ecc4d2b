//! File modes and the lock that keeps a second process out. Called by `open` and `copy`.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// Creates the file's directory as 0700. An existing one is the owner's choice (it may be /tmp) and only warned about.
pub(crate) fn prepare_directory(path: &Path) -> Result<()> {
    if directory_of(path)?.is_dir() {
        warn_if_open(directory_of(path)?);
    }
    make_directory(path).map(|_| ())
}

/// Creates the file's directory where it is missing, and tells it.
pub(super) fn make_directory(path: &Path) -> Result<&Path> {
    let directory = directory_of(path)?;
    if !directory.is_dir() {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        private_directory(&mut builder);
        builder.create(directory).map_err(|e| failed("create the directory", directory, &e))?;
    }
    Ok(directory)
}

fn directory_of(path: &Path) -> Result<&Path> {
    path.parent().ok_or_else(|| Error::Config("the path names no file".to_owned()))
}

/// Creates the file as 0600 whatever the umask, or narrows it; SQLite gives -wal and -shm the file's mode.
pub(super) fn prepare_file(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let file = with_suffix(path, suffix);
        if suffix.is_empty() || file.exists() {
            open_private(&file)?;
        }
    }
    Ok(())
}

/// Takes the exclusive lock on `path` + `.lock`, waiting up to `wait` for a process that is about to end. The kernel
/// drops it with the process, so no stale lock can remain.
pub(crate) async fn lock(path: &Path, wait: Duration) -> Result<File> {
    let file = open_private(&with_suffix(path, ".lock"))?;
    let deadline = Instant::now() + wait;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(TryLockError::WouldBlock) => return Err(Error::InUse(path.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(failed("lock", path, &error)),
        }
    }
}

fn open_private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    private_file(&mut options);
    let file = options.open(path).map_err(|e| failed("open", path, &e))?;
    narrow(&file).map_err(|e| failed("set the mode of", path, &e))?;
    Ok(file)
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

pub(crate) fn failed(action: &str, path: &Path, error: &io::Error) -> Error {
    Error::Config(format!("cannot {action} {}: {error}", path.display()))
}

#[cfg(unix)]
fn private_directory(builder: &mut DirBuilder) {
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
}

#[cfg(unix)]
pub(crate) fn private_file(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(unix)]
fn narrow(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(PermissionsExt::from_mode(0o600))
}

#[cfg(unix)]
fn warn_if_open(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(metadata) = directory.metadata()
        && metadata.permissions().mode() & 0o077 != 0
    {
        tracing::warn!(directory = %directory.display(), "the data directory is open to other users; chmod 0700");
    }
}

#[cfg(not(unix))]
fn private_directory(_: &mut DirBuilder) {}

#[cfg(not(unix))]
pub(crate) fn private_file(_: &mut OpenOptions) {}

#[cfg(not(unix))]
fn narrow(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn warn_if_open(_: &Path) {}
