//! App clients and their sealed secrets. Called by `engine::clients`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One app client. `version` counts changes and guards [`update`].
    ClientRow {
        id: String,
        pool_id: String,
        name: String,
        /// JSON.
        document: String,
        version: i64,
        created_at: i64,
        modified_at: i64,
    }
}

row! {
    /// One sealed client secret.
    SecretRow {
        client_id: String,
        id: String,
        sealed: Vec<u8>,
        created_at: i64,
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!("SELECT id, pool_id, name, document, version, created_at, modified_at FROM clients ", $tail)
    };
}

/// Adds a client. `Unique` when the id is taken, `Reference` when the pool is missing.
pub async fn insert(tx: &mut Tx, row: &ClientRow) -> Result<()> {
    const SQL: &str = "INSERT INTO clients (id, pool_id, name, document, version, created_at, modified_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let params = p![row.id, row.pool_id, row.name, row.document, row.version, row.created_at, row.modified_at];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The client by id; the caller checks the pool.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<ClientRow>> {
    tx.opt(select!("WHERE id = $1"), p![id]).await
}

/// The client's version alone: what a cache asks.
pub async fn version(tx: &mut Tx, id: &str) -> Result<Option<i64>> {
    tx.opt("SELECT version FROM clients WHERE id = $1", p![id]).await
}

/// The versions of the client and of its pool.
pub async fn versions(tx: &mut Tx, id: &str) -> Result<Option<(i64, i64)>> {
    tx.opt("SELECT c.version, p.version FROM clients c JOIN pools p ON p.id = c.pool_id WHERE c.id = $1", p![id]).await
}

/// The id of the client's pool.
pub async fn pool_of(tx: &mut Tx, id: &str) -> Result<Option<String>> {
    tx.opt("SELECT pool_id FROM clients WHERE id = $1", p![id]).await
}

/// Writes name, document and `modified_at` if the stored version is still `row.version`, and adds one to it.
pub async fn update(tx: &mut Tx, row: &ClientRow) -> Result<bool> {
    const SQL: &str = "UPDATE clients SET name = $1, document = $2, modified_at = $3, version = version + 1
        WHERE pool_id = $4 AND id = $5 AND version = $6";
    tx.exec_one(SQL, p![row.name, row.document, row.modified_at, row.pool_id, row.id, row.version]).await
}

/// Deletes the client and its secrets. Its sessions and refresh tokens are the caller's to revoke.
pub async fn delete(tx: &mut Tx, pool_id: &str, id: &str) -> Result<bool> {
    tx.exec_one("DELETE FROM clients WHERE pool_id = $1 AND id = $2", p![pool_id, id]).await
}

/// A page of the pool's clients by id.
pub async fn list(tx: &mut Tx, pool_id: &str, after: &str, limit: i64) -> Result<Vec<ClientRow>> {
    tx.all(select!("WHERE pool_id = $1 AND id > $2 ORDER BY id LIMIT $3"), p![pool_id, after, limit]).await
}

/// Adds a secret unless the client has `at_most` already (Cognito: 2); false then, or when there is no such client.
pub async fn insert_secret(tx: &mut Tx, row: &SecretRow, at_most: i64) -> Result<bool> {
    const SQL: &str = "INSERT INTO client_secrets (client_id, id, sealed, created_at)
        SELECT id, $1, $2, $3 FROM clients WHERE id = $4
        AND (SELECT count(*) FROM client_secrets WHERE client_id = $4) < $5";
    if !lock(tx, &row.client_id).await? {
        return Ok(false);
    }
    tx.exec_one(SQL, p![row.id, row.sealed, row.created_at, row.client_id, at_most]).await
}

/// The client's secrets, oldest first.
pub async fn list_secrets(tx: &mut Tx, client_id: &str) -> Result<Vec<SecretRow>> {
    const SQL: &str = "SELECT client_id, id, sealed, created_at FROM client_secrets
        WHERE client_id = $1 ORDER BY created_at, id";
    tx.all(SQL, p![client_id]).await
}

/// Deletes one secret unless it is the last; false then, or when there is none of that id.
pub async fn delete_secret(tx: &mut Tx, client_id: &str, id: &str) -> Result<bool> {
    const SQL: &str = "DELETE FROM client_secrets WHERE client_id = $1 AND id = $2
        AND (SELECT count(*) FROM client_secrets WHERE client_id = $1) > 1";
    Ok(lock(tx, client_id).await? && tx.exec_one(SQL, p![client_id, id]).await?)
}

/// Takes the client's row lock: counting the secrets inside a statement is not enough on PostgreSQL, where two
/// statements may each count before the other's change is seen. The next statement sees all that came before.
async fn lock(tx: &mut Tx, client_id: &str) -> Result<bool> {
    tx.exec_one("UPDATE clients SET version = version WHERE id = $1", p![client_id]).await
}
