//! Token signing keys of pools, sealed. Called by `engine::keys`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One signing key.
    SigningKeyRow {
        kid: String,
        pool_id: String,
        /// `id` or `access`.
        purpose: String,
        /// `active`, `next` or `retired`; one active and one next for each purpose.
        state: String,
        sealed: Vec<u8>,
        /// JSON.
        public_key: Vec<u8>,
        created_at: i64,
        /// When a retired key leaves the JWKS.
        retire_at: Option<i64>,
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!("SELECT kid, pool_id, purpose, state, sealed, public_key, created_at, retire_at FROM signing_keys ", $tail)
    };
}

/// Adds a key. `Unique("signing_keys(pool_id, purpose, state)")` when another node was first with an active or next one.
pub async fn insert(tx: &mut Tx, row: &SigningKeyRow) -> Result<()> {
    const SQL: &str = "INSERT INTO signing_keys (kid, pool_id, purpose, state, sealed, public_key, created_at, retire_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let params = p![row.kid, row.pool_id, row.purpose, row.state, row.sealed, row.public_key, row.created_at, row.retire_at];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The key by id.
pub async fn get(tx: &mut Tx, kid: &str) -> Result<Option<SigningKeyRow>> {
    tx.opt(select!("WHERE kid = $1"), p![kid]).await
}

/// All keys of the pool: what the JWKS shows.
pub async fn of_pool(tx: &mut Tx, pool_id: &str) -> Result<Vec<SigningKeyRow>> {
    tx.all(select!("WHERE pool_id = $1 ORDER BY purpose, created_at, kid"), p![pool_id]).await
}

/// Moves the key from one state to another; false when it was not in `from`. Retire the active one before promoting the
/// next one, in one transaction: of several nodes one wins.
pub async fn set_state(tx: &mut Tx, kid: &str, from: &str, to: &str, retire_at: Option<i64>) -> Result<bool> {
    const SQL: &str = "UPDATE signing_keys SET state = $1, retire_at = $2 WHERE kid = $3 AND state = $4";
    tx.exec_one(SQL, p![to, retire_at, kid, from]).await
}

/// Deletes retired keys whose time has come, at most `limit`.
pub async fn purge(tx: &mut Tx, now: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM signing_keys WHERE kid IN
        (SELECT kid FROM signing_keys WHERE state = 'retired' AND retire_at <= $1 LIMIT $2)";
    tx.exec(SQL, p![now, limit]).await
}
