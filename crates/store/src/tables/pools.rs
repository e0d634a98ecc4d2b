//! User pools: identity, settings as a JSON document, wrapped data key. Called by `engine::pools`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One user pool. `version` counts changes and guards [`update`].
    PoolRow {
        id: String,
        region: String,
        name: String,
        /// JSON.
        document: String,
        version: i64,
        /// The pool's data key under the master key.
        wrapped_key: Vec<u8>,
        created_at: i64,
        modified_at: i64,
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!("SELECT id, region, name, document, version, wrapped_key, created_at, modified_at FROM pools ", $tail)
    };
}

/// Adds a pool. `Unique` when the id is taken.
pub async fn insert(tx: &mut Tx, row: &PoolRow) -> Result<()> {
    const SQL: &str = "INSERT INTO pools (id, region, name, document, version, wrapped_key, created_at, modified_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let params = p![row.id, row.region, row.name, row.document, row.version, row.wrapped_key, row.created_at, row.modified_at];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The pool by id.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<PoolRow>> {
    tx.opt(select!("WHERE id = $1"), p![id]).await
}

/// The pool's version alone: what a cache asks.
pub async fn version(tx: &mut Tx, id: &str) -> Result<Option<i64>> {
    tx.opt("SELECT version FROM pools WHERE id = $1", p![id]).await
}

/// Writes name, document and `modified_at` if the stored version is still `row.version`, and adds one to it. False: the
/// pool is gone or was changed meanwhile.
pub async fn update(tx: &mut Tx, row: &PoolRow) -> Result<bool> {
    const SQL: &str = "UPDATE pools SET name = $1, document = $2, modified_at = $3, version = version + 1
        WHERE id = $4 AND version = $5";
    tx.exec_one(SQL, p![row.name, row.document, row.modified_at, row.id, row.version]).await
}

/// Raises the version: something that is cached with the pool has changed. An update begun before starts again.
pub async fn raise_version(tx: &mut Tx, id: &str) -> Result<bool> {
    tx.exec_one("UPDATE pools SET version = version + 1 WHERE id = $1", p![id]).await
}

/// Replaces the wrapped key (master key rotation) if it is still `from`.
pub async fn rewrap_key(tx: &mut Tx, id: &str, from: &[u8], to: &[u8]) -> Result<bool> {
    tx.exec_one("UPDATE pools SET wrapped_key = $1 WHERE id = $2 AND wrapped_key = $3", p![to, id, from]).await
}

/// Deletes the pool with everything in it. `Reference` while it has a domain.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool> {
    tx.exec_one("DELETE FROM pools WHERE id = $1", p![id]).await
}

/// A page of one region's pools by id; `after` is the last id of the page before, or "".
pub async fn list(tx: &mut Tx, region: &str, after: &str, limit: i64) -> Result<Vec<PoolRow>> {
    tx.all(select!("WHERE region = $1 AND id > $2 ORDER BY id LIMIT $3"), p![region, after, limit]).await
}

/// The same over all regions.
pub async fn list_all(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<PoolRow>> {
    tx.all(select!("WHERE id > $1 ORDER BY id LIMIT $2"), p![after, limit]).await
}
