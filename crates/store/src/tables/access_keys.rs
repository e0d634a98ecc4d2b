//! Access keys for signed (SigV4) operations. Called by the engine's administration and `server::sigv4` through it.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One access key.
    AccessKeyRow {
        id: String,
        /// The secret; SigV4 needs it in the clear, so it is sealed and not hashed.
        sealed: Vec<u8>,
        /// JSON.
        policy: String,
        description: String,
        created_at: i64,
        last_used_at: Option<i64>,
    }
}

/// Adds a key. `Unique` when the id is taken.
pub async fn insert(tx: &mut Tx, row: &AccessKeyRow) -> Result<()> {
    const SQL: &str = "INSERT INTO access_keys (id, sealed, policy, description, created_at, last_used_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    tx.exec(SQL, p![row.id, row.sealed, row.policy, row.description, row.created_at, row.last_used_at]).await?;
    Ok(())
}

/// The key by id.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<AccessKeyRow>> {
    const SQL: &str = "SELECT id, sealed, policy, description, created_at, last_used_at FROM access_keys WHERE id = $1";
    tx.opt(SQL, p![id]).await
}

/// A page of all keys by id.
pub async fn list(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<AccessKeyRow>> {
    const SQL: &str = "SELECT id, sealed, policy, description, created_at, last_used_at FROM access_keys
        WHERE id > $1 ORDER BY id LIMIT $2";
    tx.all(SQL, p![after, limit]).await
}

/// Replaces the sealed secret (master key rotation) if it is still `from`.
pub async fn rewrap(tx: &mut Tx, id: &str, from: &[u8], to: &[u8]) -> Result<bool> {
    tx.exec_one("UPDATE access_keys SET sealed = $1 WHERE id = $2 AND sealed = $3", p![to, id, from]).await
}

/// Notes a use unless one was noted within `granularity_ms`: not a write for every request.
pub async fn touch(tx: &mut Tx, id: &str, now: i64, granularity_ms: i64) -> Result<bool> {
    const SQL: &str = "UPDATE access_keys SET last_used_at = $1
        WHERE id = $2 AND (last_used_at IS NULL OR last_used_at + $3 <= $1)";
    tx.exec_one(SQL, p![now, id, granularity_ms]).await
}

/// Deletes the key.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool> {
    tx.exec_one("DELETE FROM access_keys WHERE id = $1", p![id]).await
}
