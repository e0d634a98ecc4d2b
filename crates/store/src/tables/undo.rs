//! What the console deleted and can put back: a head and its rows in parts ([`super::belongings`]). Called by `engine::undo`,
//! by the purge, and by the re-wrap of the pools' keys.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One deletion.
    UndoRow {
        id: String,
        at: i64,
        expires_at: i64,
        kind: String,
        /// What people call it.
        title: String,
        /// What operations call it.
        target: String,
        pool_id: String,
        pool_name: String,
        /// When the pool was made: another one of the same id has other keys.
        pool_made_at: i64,
        deleted_by: String,
        row_count: i64,
        /// Bytes of its parts.
        size: i64,
        /// A pool's data key under the master key: here and not in the parts, where a re-wrap would not find it.
        wrapped_key: Option<Vec<u8>>,
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, at, expires_at, kind, title, target, pool_id, pool_name, pool_made_at, deleted_by, row_count, size, \
            wrapped_key FROM undo ",
            $tail
        )
    };
}

/// Adds a deletion, or what it took besides: of a pool with a domain the domain goes first, and what goes last names the whole.
pub async fn add(tx: &mut Tx, row: &UndoRow) -> Result<()> {
    const SQL: &str = "INSERT INTO undo (id, at, expires_at, kind, title, target, pool_id, pool_name, pool_made_at, deleted_by,
        row_count, size, wrapped_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, title = excluded.title, target = excluded.target,
        row_count = undo.row_count + excluded.row_count, size = undo.size + excluded.size, wrapped_key = excluded.wrapped_key";
    let params = p![
        row.id,
        row.at,
        row.expires_at,
        row.kind,
        row.title,
        row.target,
        row.pool_id,
        row.pool_name,
        row.pool_made_at,
        row.deleted_by,
        row.row_count,
        row.size,
        row.wrapped_key
    ];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The number of parts.
pub async fn parts(tx: &mut Tx, id: &str) -> Result<i64> {
    tx.one("SELECT count(*) FROM undo_rows WHERE undo_id = $1", p![id]).await
}

/// Adds a part: rows of one table.
pub async fn add_part(tx: &mut Tx, id: &str, part: i64, table: &str, content: &[u8]) -> Result<()> {
    const SQL: &str = "INSERT INTO undo_rows (undo_id, part, table_name, content) VALUES ($1, $2, $3, $4)";
    tx.exec(SQL, p![id, part, table, content]).await?;
    Ok(())
}

/// Every part of one table, in order.
pub async fn content(tx: &mut Tx, id: &str, table: &str) -> Result<Vec<Vec<u8>>> {
    tx.all("SELECT content FROM undo_rows WHERE undo_id = $1 AND table_name = $2 ORDER BY part", p![id, table]).await
}

/// The deletion by id.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<UndoRow>> {
    tx.opt(select!("WHERE id = $1"), p![id]).await
}

/// A page of what has not expired by `now`, the newest first; `at` and `id` are the last place of the page before.
pub async fn list(tx: &mut Tx, now: i64, at: i64, id: &str, limit: i64) -> Result<Vec<UndoRow>> {
    tx.all(select!("WHERE expires_at > $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4"), p![now, at, id, limit])
        .await
}

/// Deletes it with its parts; false when another was first.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool> {
    tx.exec_one("DELETE FROM undo WHERE id = $1", p![id]).await
}

/// A page of the pools' keys that are kept, by id: id, pool and wrapped key.
pub async fn wrapped_keys(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<(String, String, Vec<u8>)>> {
    const SQL: &str = "SELECT id, pool_id, wrapped_key FROM undo WHERE id > $1 AND wrapped_key IS NOT NULL ORDER BY id LIMIT $2";
    tx.all(SQL, p![after, limit]).await
}

/// Replaces a wrapped key (master key rotation) if it is still `from`.
pub async fn rewrap(tx: &mut Tx, id: &str, from: &[u8], to: &[u8]) -> Result<bool> {
    tx.exec_one("UPDATE undo SET wrapped_key = $1 WHERE id = $2 AND wrapped_key = $3", p![to, id, from]).await
}

/// Deletes at most `limit` that have expired by `now`; returns how many.
pub async fn purge(tx: &mut Tx, now: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM undo WHERE id IN (SELECT id FROM undo WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    tx.exec(SQL, p![now, limit]).await
}
