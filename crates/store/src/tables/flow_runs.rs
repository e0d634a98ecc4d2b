//! Test runs of a flow, as the console keeps them between two pages: sealed, and each its owner's alone. Called by
//! `engine::oauth::runs` and the purge.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One run; the key is a hash of its owner and its handle together.
    FlowRunRow {
        hash: Vec<u8>,
        /// Hash of the browser session that began it.
        owner: Vec<u8>,
        pool_id: String,
        client_id: String,
        sealed: Vec<u8>,
        created_at: i64,
        expires_at: i64,
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!("SELECT hash, owner, pool_id, client_id, sealed, created_at, expires_at FROM flow_runs ", $tail)
    };
}

/// Stores a new run.
pub async fn insert(tx: &mut Tx, row: &FlowRunRow) -> Result<()> {
    const SQL: &str = "INSERT INTO flow_runs (hash, owner, pool_id, client_id, sealed, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.exec(SQL, p![row.hash, row.owner, row.pool_id, row.client_id, row.sealed, row.created_at, row.expires_at]).await?;
    Ok(())
}

/// The run, unless it expired.
pub async fn get(tx: &mut Tx, hash: &[u8], now: i64) -> Result<Option<FlowRunRow>> {
    tx.opt(select!("WHERE hash = $1 AND expires_at > $2"), p![hash, now]).await
}

/// The runs of an owner that have not expired, the newest first.
pub async fn of_owner(tx: &mut Tx, owner: &[u8], now: i64, limit: i64) -> Result<Vec<FlowRunRow>> {
    tx.all(select!("WHERE owner = $1 AND expires_at > $2 ORDER BY created_at DESC, hash LIMIT $3"), p![owner, now, limit]).await
}

/// Puts a new state in place of the one before; `longest` milliseconds after its beginning it expires in any case. False where
/// there is no such run any more.
pub async fn update(tx: &mut Tx, hash: &[u8], sealed: &[u8], now: i64, expires_at: i64, longest: i64) -> Result<bool> {
    const SQL: &str = "UPDATE flow_runs SET sealed = $1,
        expires_at = CASE WHEN created_at + $2 < $3 THEN created_at + $2 ELSE $3 END WHERE hash = $4 AND expires_at > $5";
    tx.exec_one(SQL, p![sealed, longest, expires_at, hash, now]).await
}

/// How many there are that have not expired, whoever owns them.
pub async fn count(tx: &mut Tx, now: i64) -> Result<i64> {
    tx.one("SELECT count(*) FROM flow_runs WHERE expires_at > $1", p![now]).await
}

/// Deletes the owner's oldest runs until `kept` are left.
pub async fn keep_newest(tx: &mut Tx, owner: &[u8], kept: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM flow_runs WHERE owner = $1 AND hash NOT IN
        (SELECT hash FROM flow_runs WHERE owner = $1 ORDER BY created_at DESC, hash LIMIT $2)";
    tx.exec(SQL, p![owner, kept]).await
}

/// Deletes every run of an owner, whose session has ended.
pub async fn delete_of_owner(tx: &mut Tx, owner: &[u8]) -> Result<u64> {
    tx.exec("DELETE FROM flow_runs WHERE owner = $1", p![owner]).await
}

/// Deletes expired runs, at most `limit`.
pub async fn purge(tx: &mut Tx, now: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM flow_runs WHERE hash IN (SELECT hash FROM flow_runs WHERE expires_at <= $1 LIMIT $2)";
    tx.exec(SQL, p![now, limit]).await
}
