//! Whether anybody has committed to a SQLite database since one last looked, without asking SQLite: the head of its wal-index, which
//! every commit of every process changes before it is acknowledged (<https://sqlite.org/walformat.html>, "The WAL-Index Header").
//! Used by `lite` and `readers`.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Two copies of the head, and the number of frames that have been copied back into the database.
const BYTES: usize = 100;
const HEAD: usize = 48;

/// The state of a database: equal heads mean that nothing was committed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp([u8; HEAD]);

/// What the head says at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) stamp: Stamp,
    /// Frames in the log, and how many of them the database file has already.
    frames: u32,
    copied: u32,
}

impl Look {
    /// Whether readers may stay on this state. Not once the log is as long as this: SQLite starts it anew only when nobody reads
    /// from it, and a log that is never started anew grows without end. One that has been copied whole is read by nobody.
    pub(crate) fn may_stay(self, frames_max: u32) -> bool {
        self.frames < frames_max || self.copied >= self.frames
    }
}

/// The `-shm` file beside a database, open for as long as any connection of this process is.
pub(crate) struct WalIndex(File);

/// One descriptor for each file: POSIX drops *all* locks a process has on a file when it closes any descriptor of it, SQLite's
/// among them, and with those a checkpoint may overwrite what a reader is reading.
static OPEN: Mutex<Vec<(u64, u64, Weak<WalIndex>)>> = Mutex::new(Vec::new());

impl WalIndex {
    /// Of the database at `path`, on which SQLite has already read or written. Whoever holds a connection to it keeps this too
    /// and drops it after the connection.
    pub(crate) fn open(path: &Path) -> std::io::Result<Arc<Self>> {
        // As SQLite names it: beside the file itself, wherever a link to it lies.
        let mut name = path.canonicalize()?.into_os_string();
        name.push("-shm");
        let about = std::fs::metadata(&name)?;
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, _, index)| index.strong_count() > 0);
        let same = |(device, inode, _): &&(u64, u64, _)| (*device, *inode) == (about.dev(), about.ino());
        if let Some(index) = open.iter().find(same).and_then(|(_, _, index)| index.upgrade()) {
            return Ok(index);
        }
        let index = Arc::new(Self(File::open(&name)?));
        open.push((about.dev(), about.ino(), Arc::downgrade(&index)));
        Ok(index)
    }

    /// `None` while a commit is being published, and before the first one.
    pub(crate) fn look(&self) -> Option<Look> {
        let mut bytes = [0; BYTES];
        self.0.read_exact_at(&mut bytes, 0).ok()?;
        let (first, rest) = bytes.split_first_chunk::<HEAD>()?;
        let (second, rest) = rest.split_first_chunk::<HEAD>()?;
        let number = |at: usize| Some(u32::from_ne_bytes(*first.get(at..)?.first_chunk()?));
        // Written second first, as SQLite itself checks: two that differ are half a commit. Byte 12 says that they are valid.
        let whole = first == second && first.get(12) == Some(&1);
        whole.then_some(Look { stamp: Stamp(*first), frames: number(16)?, copied: u32::from_ne_bytes(*rest.first_chunk()?) })
    }
}
