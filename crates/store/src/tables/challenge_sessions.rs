//! The Session string's server side: sealed state between two challenges, single use (sec 84). Called by `engine::auth`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One pending challenge; the key is the hash of the session string.
    ChallengeSessionRow {
        hash: Vec<u8>,
        pool_id: String,
        client_id: String,
        /// None for a simulated user.
        sub: Option<String>,
        challenge: String,
        sealed: Vec<u8>,
        created_at: i64,
        expires_at: i64,
    }
}

macro_rules! columns {
    ($head:literal, $tail:literal) => {
        concat!($head, "hash, pool_id, client_id, sub, challenge, sealed, created_at, expires_at", $tail)
    };
}

/// Stores a challenge.
pub async fn insert(tx: &mut Tx, row: &ChallengeSessionRow) -> Result<()> {
    const SQL: &str = columns!("INSERT INTO challenge_sessions (", ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    let params = p![row.hash, row.pool_id, row.client_id, row.sub, row.challenge, row.sealed, row.created_at, row.expires_at];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The challenge without using it up, unless it expired: for pages that show it.
pub async fn get(tx: &mut Tx, hash: &[u8], now: i64) -> Result<Option<ChallengeSessionRow>> {
    const SQL: &str = columns!("SELECT ", " FROM challenge_sessions WHERE hash = $1 AND expires_at > $2");
    tx.opt(SQL, p![hash, now]).await
}

/// Takes the challenge out, unless it expired: of any number of takers one gets it.
pub async fn take(tx: &mut Tx, hash: &[u8], now: i64) -> Result<Option<ChallengeSessionRow>> {
    const SQL: &str = columns!("DELETE FROM challenge_sessions WHERE hash = $1 AND expires_at > $2 RETURNING ", "");
    tx.opt(SQL, p![hash, now]).await
}

/// Drops the user's pending challenges (after a reset, a disable, a sign-out).
pub async fn delete_of_user(tx: &mut Tx, pool_id: &str, sub: &str) -> Result<u64> {
    tx.exec("DELETE FROM challenge_sessions WHERE pool_id = $1 AND sub = $2", p![pool_id, sub]).await
}

/// Deletes expired challenges, at most `limit`.
pub async fn purge(tx: &mut Tx, now: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM challenge_sessions WHERE hash IN
        (SELECT hash FROM challenge_sessions WHERE expires_at <= $1 LIMIT $2)";
    tx.exec(SQL, p![now, limit]).await
}
