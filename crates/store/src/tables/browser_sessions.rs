//! The sign-in cookie's server side. Called by `engine::oauth`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One browser signed in; the key is the hash of its cookie.
    BrowserSessionRow {
        hash: Vec<u8>,
        pool_id: String,
        sub: String,
        /// When the user last proved who they are.
        auth_time: i64,
        created_at: i64,
        expires_at: i64,
    }
}

/// Stores a session. Always under a new hash: a cookie from before sign-in is never promoted (session fixation).
pub async fn insert(tx: &mut Tx, row: &BrowserSessionRow) -> Result<()> {
    const SQL: &str = "INSERT INTO browser_sessions (hash, pool_id, sub, auth_time, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    tx.exec(SQL, p![row.hash, row.pool_id, row.sub, row.auth_time, row.created_at, row.expires_at]).await?;
    Ok(())
}

/// The pool's session, unless it expired.
pub async fn get(tx: &mut Tx, pool_id: &str, hash: &[u8], now: i64) -> Result<Option<BrowserSessionRow>> {
    const SQL: &str = "SELECT hash, pool_id, sub, auth_time, created_at, expires_at FROM browser_sessions
        WHERE pool_id = $1 AND hash = $2 AND expires_at > $3";
    tx.opt(SQL, p![pool_id, hash, now]).await
}

/// The session of a cookie, whichever pool it belongs to, unless it expired.
pub async fn find(tx: &mut Tx, hash: &[u8], now: i64) -> Result<Option<BrowserSessionRow>> {
    const SQL: &str = "SELECT hash, pool_id, sub, auth_time, created_at, expires_at FROM browser_sessions
        WHERE hash = $1 AND expires_at > $2";
    tx.opt(SQL, p![hash, now]).await
}

/// Ends the session of a cookie, whichever pool it belongs to.
pub async fn end(tx: &mut Tx, hash: &[u8]) -> Result<bool> {
    tx.exec_one("DELETE FROM browser_sessions WHERE hash = $1", p![hash]).await
}

/// Ends every session of the user.
pub async fn delete_of_user(tx: &mut Tx, pool_id: &str, sub: &str) -> Result<u64> {
    tx.exec("DELETE FROM browser_sessions WHERE pool_id = $1 AND sub = $2", p![pool_id, sub]).await
}

/// Deletes expired sessions, at most `limit`.
pub async fn purge(tx: &mut Tx, now: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM browser_sessions WHERE hash IN
        (SELECT hash FROM browser_sessions WHERE expires_at <= $1 LIMIT $2)";
    tx.exec(SQL, p![now, limit]).await
}
