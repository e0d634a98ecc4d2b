//! SQL and rows, written once for SQLite and PostgreSQL. The engine is the only caller.
//!
//! The seam lies under the SQL: [`Db::write`] runs an async body over a [`Tx`], the table modules hold every statement,
//! and both databases run the same text. No rules live here: guards are `WHERE` clauses, decisions are the engine's.
//!
//! On SQLite a write body is polled once on the writer thread, inside a group commit; a body that awaits anything but
//! its `Tx` fails with [`Error::Yielded`]. On PostgreSQL it is awaited, and runs again after a serialization failure.

pub mod backup;
mod cell;
mod conn;
mod db;
mod error;
mod lite;
mod migrate;
mod options;
mod pg;
pub mod snapshots;
pub mod tables;
#[cfg(feature = "testkit")]
pub mod testkit;
mod tx;
mod value;

pub use cell::{Cell, Cells};
pub use conn::wal_index::Stamp;
pub use db::{Db, Reader, Unmigrated};
pub use error::{Error, Result};
pub use options::{Access, Footprint, Options};
pub use pg::in_write_transaction;
pub use tx::Tx;
pub use value::{FromRow, Param, Params, Row, Value};

/// Parameters of one statement, in the order of `$1, $2, …`: `p![pool_id, now]`.
#[macro_export]
macro_rules! p {
    ($($value:expr),* $(,)?) => { &[$(&$value as &dyn $crate::Param),*] };
}
