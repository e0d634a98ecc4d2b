//! One-time links that make an operator. Called by `engine::operators`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One link; the key is the hash of its token.
    OperatorLinkRow {
        hash: Vec<u8>,
        role: String,
        /// 1 for the link of a first start, of which there is one at a time.
        first: i64,
        created_at: i64,
        expires_at: i64,
    }
}

/// Stores a link.
pub async fn insert(tx: &mut Tx, row: &OperatorLinkRow) -> Result<()> {
    const SQL: &str = "INSERT INTO operator_links (hash, role, first, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    tx.exec(SQL, p![row.hash, row.role, row.first, row.created_at, row.expires_at]).await?;
    Ok(())
}

/// The link of a token, unless it expired or was used.
pub async fn get(tx: &mut Tx, hash: &[u8], now: i64) -> Result<Option<OperatorLinkRow>> {
    const SQL: &str = "SELECT hash, role, first, created_at, expires_at FROM operator_links
        WHERE hash = $1 AND expires_at > $2";
    tx.opt(SQL, p![hash, now]).await
}

/// Uses the link up; of many at once one gets it.
pub async fn redeem(tx: &mut Tx, hash: &[u8], now: i64) -> Result<Option<OperatorLinkRow>> {
    const SQL: &str = "DELETE FROM operator_links WHERE hash = $1 AND expires_at > $2
        RETURNING hash, role, first, created_at, expires_at";
    tx.opt(SQL, p![hash, now]).await
}

/// Links that are good after this time, the first to expire first; at most `limit`.
pub async fn list(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<OperatorLinkRow>> {
    const SQL: &str = "SELECT hash, role, first, created_at, expires_at FROM operator_links
        WHERE expires_at > $1 ORDER BY expires_at, hash LIMIT $2";
    tx.all(SQL, p![after, limit]).await
}

/// Voids one link; false where it is not there any more.
pub async fn void(tx: &mut Tx, hash: &[u8]) -> Result<bool> {
    tx.exec_one("DELETE FROM operator_links WHERE hash = $1", p![hash]).await
}

/// Voids the links of first starts.
pub async fn void_first(tx: &mut Tx) -> Result<u64> {
    tx.exec("DELETE FROM operator_links WHERE first = 1", p![]).await
}

/// Voids every link.
pub async fn void_all(tx: &mut Tx) -> Result<u64> {
    tx.exec("DELETE FROM operator_links", p![]).await
}

/// Deletes expired links, at most `limit`.
pub async fn purge(tx: &mut Tx, now: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM operator_links WHERE hash IN
        (SELECT hash FROM operator_links WHERE expires_at <= $1 LIMIT $2)";
    tx.exec(SQL, p![now, limit]).await
}
