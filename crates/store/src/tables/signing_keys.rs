//! Token signing keys of pools, sealed. Called by `engine::tokens`.

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
        /// PKCS#1 DER.
        public_key: Vec<u8>,
        created_at: i64,
        /// From when it signs, or did.
        activate_at: i64,
        /// When a retired key leaves the JWKS.
        retire_at: Option<i64>,
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT kid, pool_id, purpose, state, sealed, public_key, created_at, activate_at, retire_at FROM signing_keys ",
            $tail
        )
    };
}

/// Adds a key. `Unique("signing_keys(pool_id, purpose, state)")` when another node was first with an active or next one.
pub async fn insert(tx: &mut Tx, row: &SigningKeyRow) -> Result<()> {
    const SQL: &str = "INSERT INTO signing_keys (kid, pool_id, purpose, state, sealed, public_key, created_at, activate_at,
        retire_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let params = p![
        row.kid,
        row.pool_id,
        row.purpose,
        row.state,
        row.sealed,
        row.public_key,
        row.created_at,
        row.activate_at,
        row.retire_at
    ];
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

/// Makes the active key a retired one that leaves the JWKS at `retire_at`; false when it is not active (any more). Before
/// [`promote`] and in one transaction with it: of several nodes one wins.
pub async fn retire(tx: &mut Tx, kid: &str, retire_at: i64) -> Result<bool> {
    const SQL: &str = "UPDATE signing_keys SET state = 'retired', retire_at = $1 WHERE kid = $2 AND state = 'active'";
    tx.exec_one(SQL, p![retire_at, kid]).await
}

/// Makes the next key the active one, from `now`; false when it is not a next one (any more). `Unique` while another is active.
pub async fn promote(tx: &mut Tx, kid: &str, now: i64) -> Result<bool> {
    const SQL: &str = "UPDATE signing_keys SET state = 'active', activate_at = $1 WHERE kid = $2 AND state = 'next'";
    tx.exec_one(SQL, p![now, kid]).await
}

/// Deletes the key if it is still in `state`.
pub async fn delete(tx: &mut Tx, kid: &str, state: &str) -> Result<bool> {
    tx.exec_one("DELETE FROM signing_keys WHERE kid = $1 AND state = $2", p![kid, state]).await
}

/// Pools with a next key whose time has come, at most `limit`.
pub async fn due(tx: &mut Tx, now: i64, limit: i64) -> Result<Vec<String>> {
    const SQL: &str = "SELECT DISTINCT pool_id FROM signing_keys WHERE state = 'next' AND activate_at <= $1 LIMIT $2";
    tx.all(SQL, p![now, limit]).await
}

/// Pools with an active key that has signed since `before` or longer, and with no next one; at most `limit`.
pub async fn aged(tx: &mut Tx, before: i64, limit: i64) -> Result<Vec<String>> {
    const SQL: &str = "SELECT DISTINCT pool_id FROM signing_keys k WHERE k.state = 'active' AND k.activate_at <= $1
        AND NOT EXISTS (SELECT 1 FROM signing_keys n WHERE n.pool_id = k.pool_id AND n.state = 'next') LIMIT $2";
    tx.all(SQL, p![before, limit]).await
}

/// Deletes retired keys whose time has come, at most `limit`; the pool of each. Raise the pools' versions in the same
/// transaction, or cached sets go on accepting the keys.
pub async fn purge(tx: &mut Tx, now: i64, limit: i64) -> Result<Vec<String>> {
    const SQL: &str = "DELETE FROM signing_keys WHERE kid IN
        (SELECT kid FROM signing_keys WHERE state = 'retired' AND retire_at <= $1 LIMIT $2) RETURNING pool_id";
    tx.all(SQL, p![now, limit]).await
}
