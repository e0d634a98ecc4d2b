//! Resource servers and their scopes. Called by `engine::pools`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One resource server.
    ResourceServerRow {
        pool_id: String,
        identifier: String,
        name: String,
        /// JSON list of name and description.
        scopes: String,
        created_at: i64,
        modified_at: i64,
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!("SELECT pool_id, identifier, name, scopes, created_at, modified_at FROM resource_servers ", $tail)
    };
}

/// Adds a resource server. `Unique` when the identifier is taken in the pool.
pub async fn insert(tx: &mut Tx, row: &ResourceServerRow) -> Result<()> {
    const SQL: &str = "INSERT INTO resource_servers (pool_id, identifier, name, scopes, created_at, modified_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    tx.exec(SQL, p![row.pool_id, row.identifier, row.name, row.scopes, row.created_at, row.modified_at]).await?;
    Ok(())
}

/// The resource server by identifier.
pub async fn get(tx: &mut Tx, pool_id: &str, identifier: &str) -> Result<Option<ResourceServerRow>> {
    tx.opt(select!("WHERE pool_id = $1 AND identifier = $2"), p![pool_id, identifier]).await
}

/// Replaces name and scopes; false when there is none.
pub async fn update(tx: &mut Tx, row: &ResourceServerRow) -> Result<bool> {
    const SQL: &str = "UPDATE resource_servers SET name = $1, scopes = $2, modified_at = $3
        WHERE pool_id = $4 AND identifier = $5";
    tx.exec_one(SQL, p![row.name, row.scopes, row.modified_at, row.pool_id, row.identifier]).await
}

/// Deletes the resource server.
pub async fn delete(tx: &mut Tx, pool_id: &str, identifier: &str) -> Result<bool> {
    tx.exec_one("DELETE FROM resource_servers WHERE pool_id = $1 AND identifier = $2", p![pool_id, identifier]).await
}

/// A page of the pool's resource servers by identifier.
pub async fn list(tx: &mut Tx, pool_id: &str, after: &str, limit: i64) -> Result<Vec<ResourceServerRow>> {
    let sql = select!("WHERE pool_id = $1 AND identifier > $2 ORDER BY identifier LIMIT $3");
    tx.all(sql, p![pool_id, after, limit]).await
}
