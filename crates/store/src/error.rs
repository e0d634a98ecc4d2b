//! The store's one error. The engine maps it to its own; nothing here is meant for a client's eyes.

use rusqlite::ErrorCode;
use tokio_postgres::error::SqlState;

/// What every function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a statement, a transaction or the database itself failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A primary key or unique index refused the row; names it as `table(column, column)`, the same on both databases.
    #[error("already exists: {0}")]
    Unique(String),
    /// A foreign key refused: the parent is missing, or the row still has children.
    #[error("foreign key violation")]
    Reference,
    /// `Tx::one` found no row.
    #[error("no row")]
    NoRow,
    /// A serialization failure or deadlock outlived every retry.
    #[error("transaction conflict")]
    Retry,
    /// The queue, the connection pool or a lock wait is full: answer 503, ask to come back.
    #[error("database busy")]
    Busy,
    /// The database cannot be reached, or the store was closed. Nothing was changed.
    #[error("database unavailable")]
    Down,
    /// COMMIT was sent and its outcome is not known: the write may or may not have happened.
    #[error("outcome of the commit is unknown")]
    Unknown,
    /// A former I/O failure ended writing until the process starts again: after a failed fsync the page cache can no
    /// longer be trusted, so retrying could acknowledge a write that is lost.
    #[error("writing stopped after an I/O failure")]
    Stopped,
    /// A write body awaited something other than its `Tx` (only SQLite can see this).
    #[error("a write body waited for something other than the store")]
    Yielded,
    /// The database file is open in another process (or twice in this one).
    #[error("the database is in use by another process: {0}")]
    InUse(String),
    /// The URL or an option is wrong.
    #[error("database URL: {0}")]
    Config(String),
    /// The schema is newer than this program, or a migration was changed after it ran.
    #[error("database schema: {0}")]
    Schema(String),
    /// What is stored is not what this program wrote: a page or a value of the file is damaged. Other rows can be used.
    #[error("database damaged: {0}")]
    Damaged(String),
    /// The disk is full; the write did not happen.
    #[error("database disk full")]
    Full,
    /// Anything else, in the database's words.
    #[error("database: {0}")]
    Db(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        let rusqlite::Error::SqliteFailure(code, message) = &error else {
            return Self::Db(error.to_string());
        };
        match (code.code, code.extended_code) {
            (_, SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY) => {
                Self::Unique(lite_unique(message.as_deref().unwrap_or_default()))
            }
            (_, SQLITE_CONSTRAINT_FOREIGNKEY) => Self::Reference,
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Busy,
            (ErrorCode::DiskFull, _) => Self::Full,
            // Only what stands on the damaged page is lost; everything else is served on.
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => Self::Damaged(error.to_string()),
            (ErrorCode::SystemIoFailure, _) => {
                tracing::error!(%error, "SQLite I/O failure");
                Self::Stopped
            }
            _ => Self::Db(error.to_string()),
        }
    }
}

/// `UNIQUE constraint failed: t.a, t.b` → `t(a, b)`.
fn lite_unique(message: &str) -> String {
    let columns = message.rsplit(": ").next().unwrap_or_default();
    let mut table = "";
    let mut names = Vec::new();
    for column in columns.split(", ") {
        if let Some((left, right)) = column.split_once('.') {
            table = left;
            names.push(right);
        }
    }
    format!("{table}({})", names.join(", "))
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            // Value conversion errors carry a source and leave the connection open; all else here is the wire.
            let text = error.to_string();
            return if text.starts_with("error serializing") || text.starts_with("error deserializing") {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                Self::Db(format!("{text}: {}", source.unwrap_or_default()))
            } else {
                tracing::warn!(%error, "PostgreSQL connection failed");
                Self::Down
            };
        };
        let code = db.code();
        if *code == SqlState::UNIQUE_VIOLATION {
            let columns = db.detail().and_then(|d| Some(d.split_once('(')?.1.split_once(")=(")?.0));
            return Self::Unique(format!("{}({})", db.table().unwrap_or_default(), columns.unwrap_or_default()));
        }
        if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
            return Self::Retry;
        }
        if *code == SqlState::FOREIGN_KEY_VIOLATION {
            return Self::Reference;
        }
        if [SqlState::LOCK_NOT_AVAILABLE, SqlState::QUERY_CANCELED, SqlState::TOO_MANY_CONNECTIONS].contains(code) {
            return Self::Busy;
        }
        match code.code().get(..3) {
            // 08 connection exceptions, 57P0x shutdown and start-up of the server.
            Some("080" | "57P") => Self::Down,
            _ if *code == SqlState::DISK_FULL => Self::Full,
            // The detail line may quote row values, so only code and message go on.
            _ => Self::Db(format!("{}: {}", code.code(), db.message())),
        }
    }
}
