//! What may be set about an open database, and what one touches. Used by `db` and everything below it.

use std::path::PathBuf;
use std::time::Duration;

/// Sizes and waits. The defaults suit a single server.
#[derive(Debug, Clone)]
pub struct Options {
    /// SQLite: read connections at most, opened when first missing; a reader waits when all are in use.
    pub readers: usize,
    /// SQLite: write jobs that may wait; a full queue answers [`Error::Busy`](crate::Error::Busy) at once.
    pub queue: usize,
    /// PostgreSQL: connections for writes and snapshots.
    pub pool: usize,
    /// PostgreSQL: shared, pipelined connections for single reads.
    pub read_clients: usize,
    /// How long to wait for a reader, a pooled connection or SQLite's lock before [`Error::Busy`](crate::Error::Busy).
    pub wait: Duration,
    /// PostgreSQL: the longest a connection attempt or one statement may take before [`Error::Down`](crate::Error::Down).
    pub statement_timeout: Duration,
    /// SQLite: how long `open` waits for another process to let go of the file.
    pub lock_wait: Duration,
    /// Whether to share the database with other processes, and how.
    pub access: Access,
}

/// How a process works on a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// A server. SQLite: alone with the file, after waiting for another process's end.
    #[default]
    Own,
    /// SQLite: beside a process that has the file open instead of waiting for its end. For short administration: both
    /// write under SQLite's own locks, but only the holder of the file migrates and checkpoints.
    Join,
    /// Reads alone, beside whoever has it open; not a byte is changed, and nothing is created.
    Read,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 16,
            queue: 1024,
            pool: 8,
            read_clients: 2,
            wait: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(2),
            lock_wait: Duration::from_secs(5),
            access: Access::Own,
        }
    }
}

/// What an open database touches outside its process: all that a sandbox must leave it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Where files are made, written and removed.
    pub directory: Option<PathBuf>,
    /// Files that are read.
    pub files: Vec<PathBuf>,
    /// TCP ports that are connected to.
    pub ports: Vec<u16>,
}
