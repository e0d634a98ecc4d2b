//! Browsers that are signed in to the console. Called by `engine::operators`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One browser; the key is the hash of its cookie.
    OperatorSessionRow {
        hash: Vec<u8>,
        operator_id: String,
        created_at: i64,
        seen_at: i64,
    }
}

/// Stores a session. Always under a new hash (session fixation).
pub async fn insert(tx: &mut Tx, row: &OperatorSessionRow) -> Result<()> {
    const SQL: &str = "INSERT INTO operator_sessions (hash, operator_id, created_at, seen_at) VALUES ($1, $2, $3, $4)";
    tx.exec(SQL, p![row.hash, row.operator_id, row.created_at, row.seen_at]).await?;
    Ok(())
}

/// The session of a cookie, however old.
pub async fn get(tx: &mut Tx, hash: &[u8]) -> Result<Option<OperatorSessionRow>> {
    tx.opt("SELECT hash, operator_id, created_at, seen_at FROM operator_sessions WHERE hash = $1", p![hash]).await
}

/// An operator's sessions that began and were used after these times, the last used first; at most `limit`.
pub async fn open_of(tx: &mut Tx, operator_id: &str, began: i64, seen: i64, limit: i64) -> Result<Vec<OperatorSessionRow>> {
    const SQL: &str = "SELECT hash, operator_id, created_at, seen_at FROM operator_sessions
        WHERE operator_id = $1 AND created_at > $2 AND seen_at > $3 ORDER BY seen_at DESC, hash LIMIT $4";
    tx.all(SQL, p![operator_id, began, seen, limit]).await
}

/// How many sessions each operator has that began and were used after these times; none without one.
pub async fn count_open(tx: &mut Tx, began: i64, seen: i64) -> Result<Vec<(String, i64)>> {
    const SQL: &str = "SELECT operator_id, COUNT(*) FROM operator_sessions
        WHERE created_at > $1 AND seen_at > $2 GROUP BY operator_id";
    tx.all(SQL, p![began, seen]).await
}

/// How many sessions there are of operators that are not there: by operator.
pub async fn without_operator(tx: &mut Tx, limit: i64) -> Result<Vec<(String, i64)>> {
    const SQL: &str = "SELECT operator_id, COUNT(*) FROM operator_sessions s
        WHERE NOT EXISTS (SELECT 1 FROM operators o WHERE o.id = s.operator_id) GROUP BY operator_id ORDER BY operator_id LIMIT $1";
    tx.all(SQL, p![limit]).await
}

/// Notes a use unless one was noted within `granularity_ms`: not a write for every page.
pub async fn touch(tx: &mut Tx, hash: &[u8], now: i64, granularity_ms: i64) -> Result<bool> {
    const SQL: &str = "UPDATE operator_sessions SET seen_at = $1 WHERE hash = $2 AND seen_at + $3 <= $1";
    tx.exec_one(SQL, p![now, hash, granularity_ms]).await
}

/// Ends the session of a cookie.
pub async fn end(tx: &mut Tx, hash: &[u8]) -> Result<bool> {
    tx.exec_one("DELETE FROM operator_sessions WHERE hash = $1", p![hash]).await
}

/// Ends every session of an operator.
pub async fn end_all(tx: &mut Tx, operator_id: &str) -> Result<u64> {
    tx.exec("DELETE FROM operator_sessions WHERE operator_id = $1", p![operator_id]).await
}

/// Ends every session of an operator but this one.
pub async fn end_others(tx: &mut Tx, operator_id: &str, hash: &[u8]) -> Result<u64> {
    tx.exec("DELETE FROM operator_sessions WHERE operator_id = $1 AND hash <> $2", p![operator_id, hash]).await
}

/// Deletes sessions that began before, at most `limit`.
pub async fn purge(tx: &mut Tx, before: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM operator_sessions WHERE hash IN
        (SELECT hash FROM operator_sessions WHERE created_at < $1 LIMIT $2)";
    tx.exec(SQL, p![before, limit]).await
}
