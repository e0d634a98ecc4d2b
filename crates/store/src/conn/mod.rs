//! Connections of both databases: preparing, binding, lending and taking back. They know no transaction body and no
//! backend: `tx` stands on them, the backends (`lite`, `pg`) on `tx`.

mod backoff;
pub(crate) mod lite;
pub(crate) mod pg;
pub(crate) mod pool;
pub(crate) mod readers;
mod tls;
pub(crate) mod url;
pub(crate) mod wal_index;
