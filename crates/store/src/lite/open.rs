//! Opening a SQLite database: files, lock, pragmas, migrations, readers. Called by `Lite::open`.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::conn::LiteConn;
use super::{files, migrate};
use crate::{Error, Options, Result};

pub(super) struct Opened {
    pub(super) writer: LiteConn,
    pub(super) readers: Vec<LiteConn>,
    /// `None`: another process holds the file, and this one has joined it.
    pub(super) lock: Option<File>,
}

pub(super) async fn open(path: &Path, options: &Options) -> Result<Opened> {
    if !path.is_absolute() {
        return Err(Error::Config("sqlite:// takes an absolute path, as in sqlite:///var/lib/poolhouse/poolhouse.db".into()));
    }
    // Directory, lock, file, SQLite, in this order: closing a descriptor of a file that SQLite of this process holds open
    // would drop its POSIX locks, so the file is touched only by the holder of the lock.
    files::prepare_directory(path)?;
    let wait = if options.join { Duration::ZERO } else { options.lock_wait };
    let lock = match files::lock(path, wait).await {
        Err(Error::InUse(_)) if options.join => None,
        lock => Some(lock?),
    };
    files::prepare_file(path)?;
    let mut conn = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    configure_writer(&conn, options)?;
    match &lock {
        Some(_) => migrate::run(&mut conn)?,
        None => migrate::is_current(&conn)?,
    }
    let mut readers = Vec::new();
    for _ in 0..options.readers.max(1) {
        readers.push(LiteConn::new(open_reader(path, options)?));
    }
    Ok(Opened { writer: LiteConn::new(conn), readers, lock })
}

fn flags(mode: OpenFlags) -> OpenFlags {
    mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE
}

fn configure_writer(conn: &Connection, options: &Options) -> Result<()> {
    conn.busy_timeout(options.wait)?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::Config(format!("SQLite refuses WAL here (journal mode {mode}): use a local file system")));
    }
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA wal_autocheckpoint = 0;",
    )?;
    Ok(())
}

fn open_reader(path: &Path, options: &Options) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    conn.busy_timeout(options.wait)?;
    conn.execute_batch(
        "PRAGMA query_only = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
    )?;
    Ok(conn)
}
