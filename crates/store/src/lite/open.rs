//! Opening a SQLite database: files, lock, pragmas, readers. Called by `Db::open`; migrating comes between.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::files;
use crate::conn::lite::LiteConn;
use crate::conn::readers::LiteTx;
use crate::conn::wal_index::WalIndex;
use crate::options::{Access, Options};
use crate::tx::{Tx, TxKind};
use crate::{Error, Result};

/// A database whose schema has not been touched, and the lock on it.
pub(crate) struct Opening {
    pub(super) path: PathBuf,
    /// `None`: another process holds the file and this one has joined it, or this one only reads.
    pub(super) lock: Option<File>,
}

impl Opening {
    /// The first connection comes apart: it migrates, and then writes. Blocks for some milliseconds, longer only while
    /// another process still holds the file.
    pub(crate) async fn open(path: &Path, options: &Options) -> Result<(Self, Tx)> {
        if !path.is_absolute() {
            return Err(Error::Config("sqlite:// takes an absolute path, as in sqlite:///var/lib/poolhouse/poolhouse.db".into()));
        }
        let opening = Self { path: path.to_owned(), lock: lock(path, options).await? };
        let conn = if options.access == Access::Read {
            open_reader(path, options)?
        } else {
            files::prepare_file(path)?;
            let conn = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
            configure_writer(&conn, options)?;
            conn
        };
        Ok((opening, Tx::new(TxKind::Lite(LiteTx::owned(LiteConn::new(conn))))))
    }

    /// Makes the file one with a write-ahead log, which it stays. Not done while looking: it changes a byte of the header.
    pub(crate) fn use_wal(tx: &mut Tx) -> Result<()> {
        let TxKind::Lite(lite) = &mut tx.kind else { return Ok(()) };
        let mode: String = lite.conn()?.raw().query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        match mode.as_str() {
            "wal" => Ok(()),
            _ => Err(Error::Config(format!("SQLite refuses WAL here (journal mode {mode}): use a local file system"))),
        }
    }

    /// Whether this process may change the schema.
    pub(crate) fn may_migrate(&self) -> bool {
        self.lock.is_some()
    }

    /// What tells of commits without asking SQLite. A file that is not there, as beside a database that nobody but lookers has
    /// open, or that cannot be read is no reason to refuse: every statement asks SQLite then.
    pub(super) fn index(&self) -> Option<Arc<WalIndex>> {
        let index = WalIndex::open(&self.path);
        index
            .inspect_err(
                |error| tracing::debug!(%error, "the wal-index cannot be read; reads ask for the newest state each time"),
            )
            .ok()
    }
}

/// One more connection that reads.
pub(super) fn reader(path: &Path, options: &Options) -> Result<LiteConn> {
    Ok(LiteConn::new(open_reader(path, options)?))
}

async fn lock(path: &Path, options: &Options) -> Result<Option<File>> {
    // Directory, lock, file, SQLite, in this order: closing a descriptor of a file that SQLite of this process holds open
    // would drop its POSIX locks, so the file is touched only by the holder of the lock.
    match options.access {
        Access::Read if path.is_file() => return Ok(None),
        Access::Read => return Err(Error::Config(format!("there is no {}", path.display()))),
        Access::Own | Access::Join => files::prepare_directory(path)?,
    }
    let join = options.access == Access::Join;
    match files::lock(path, if join { Duration::ZERO } else { options.lock_wait }).await {
        Err(Error::InUse(_)) if join => Ok(None),
        lock => Ok(Some(lock?)),
    }
}

fn flags(mode: OpenFlags) -> OpenFlags {
    mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE
}

fn configure(conn: &Connection, options: &Options) -> Result<()> {
    conn.busy_timeout(options.wait)?;
    // One plan for each statement, whatever is bound. Otherwise SQLite compiles most statements anew for each new value of a
    // parameter, in case it suggests another plan: some 30 µs, and never another plan without statistics.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn configure_writer(conn: &Connection, options: &Options) -> Result<()> {
    configure(conn, options)?;
    for_writing(conn)
}

/// How a connection writes, whoever's it is.
pub(crate) fn for_writing(conn: &Connection) -> Result<()> {
    // The cache (KiB, below zero) holds what a full group changes: pages that find no room are written twice.
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA wal_autocheckpoint = 0;",
    )?;
    Ok(())
}

fn open_reader(path: &Path, options: &Options) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    configure(&conn, options)?;
    // The cache (KiB, below zero) holds the upper floors of the indexes of a million users; it is filled by those readers alone that
    // are busy at the same time, which are as many as there are processors.
    conn.execute_batch(
        "PRAGMA query_only = ON;
         PRAGMA cache_size = -8192;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
    )?;
    Ok(conn)
}
