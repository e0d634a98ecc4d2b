//! Counters of failures and of messages sent: back-off and hourly caps. Called by `engine::auth`. The subject need not be a
//! user, so that unknown names are slowed down just as known ones are (sec 75).

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One counter.
    AttemptRow {
        pool_id: String,
        subject: String,
        kind: String,
        count: i64,
        /// When the count began.
        first_at: i64,
        last_at: i64,
        /// Until then [`reserve`] refuses.
        locked_until: i64,
    }
}

/// How failures slow the next try down. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Failures that cost nothing.
    pub free: i64,
    /// The wait after the last free one; doubles from there.
    pub base_ms: i64,
    /// The longest wait.
    pub cap_ms: i64,
    /// The count starts again this long after the last failure.
    pub reset_after_ms: i64,
}

impl Backoff {
    fn first_lock(&self, now: i64) -> i64 {
        if self.free <= 1 { now.saturating_add(self.base_ms.min(self.cap_ms)) } else { 0 }
    }
}

// One upsert: the new row's lock is $5; an old row counts on, or starts again after the quiet time $6.
macro_rules! failure {
    ($guard:literal) => {
        concat!(
            "INSERT INTO attempts (pool_id, subject, kind, count, first_at, last_at, locked_until)
            VALUES ($1, $2, $3, 1, $4, $4, $5)
            ON CONFLICT (pool_id, subject, kind) DO UPDATE SET
            count = CASE WHEN attempts.last_at + $6 <= $4 THEN 1 ELSE attempts.count + 1 END,
            first_at = CASE WHEN attempts.last_at + $6 <= $4 THEN $4 ELSE attempts.first_at END,
            last_at = $4,
            locked_until = CASE
                WHEN attempts.last_at + $6 <= $4 THEN $5
                WHEN attempts.count + 1 < $7 THEN 0
                WHEN attempts.count + 1 - $7 <= 20
                    AND (CAST($8 AS BIGINT) << CAST(attempts.count + 1 - $7 AS INTEGER)) < $9
                    THEN $4 + (CAST($8 AS BIGINT) << CAST(attempts.count + 1 - $7 AS INTEGER))
                ELSE $4 + $9
            END ",
            $guard,
            " RETURNING count"
        )
    };
}

/// Asks for leave to evaluate one guess, and counts it as a failure in the same statement; [`clear`] takes it back after a
/// success. `None`: locked, do not evaluate ([`get`] says until when). However many guesses run at once, only the free ones
/// get leave (sec 76). Commit it before evaluating.
pub async fn reserve(tx: &mut Tx, pool_id: &str, subject: &str, kind: &str, now: i64, backoff: &Backoff) -> Result<Option<i64>> {
    let params = p![
        pool_id,
        subject,
        kind,
        now,
        backoff.first_lock(now),
        backoff.reset_after_ms,
        backoff.free,
        backoff.base_ms,
        backoff.cap_ms
    ];
    tx.opt(failure!("WHERE attempts.locked_until <= $4"), params).await
}

/// Counts a failure without asking, locked or not; returns the new count.
pub async fn register_failure(tx: &mut Tx, pool_id: &str, subject: &str, kind: &str, now: i64, backoff: &Backoff) -> Result<i64> {
    let params = p![
        pool_id,
        subject,
        kind,
        now,
        backoff.first_lock(now),
        backoff.reset_after_ms,
        backoff.free,
        backoff.base_ms,
        backoff.cap_ms
    ];
    tx.one(failure!(""), params).await
}

/// Takes one of `at_most` uses in a window of `window_ms` that starts with the first use; returns the uses so far, or
/// `None` when they are spent. For hourly caps.
pub async fn reserve_in_window(
    tx: &mut Tx,
    pool_id: &str,
    subject: &str,
    kind: &str,
    now: i64,
    window_ms: i64,
    at_most: i64,
) -> Result<Option<i64>> {
    const SQL: &str = "INSERT INTO attempts (pool_id, subject, kind, count, first_at, last_at, locked_until)
        VALUES ($1, $2, $3, 1, $4, $4, 0)
        ON CONFLICT (pool_id, subject, kind) DO UPDATE SET
        count = CASE WHEN attempts.first_at + $5 <= $4 THEN 1 ELSE attempts.count + 1 END,
        first_at = CASE WHEN attempts.first_at + $5 <= $4 THEN $4 ELSE attempts.first_at END,
        last_at = $4
        WHERE attempts.first_at + $5 <= $4 OR attempts.count < $6
        RETURNING count";
    if at_most <= 0 {
        return Ok(None);
    }
    tx.opt(SQL, p![pool_id, subject, kind, now, window_ms, at_most]).await
}

/// The counter as it stands.
pub async fn get(tx: &mut Tx, pool_id: &str, subject: &str, kind: &str) -> Result<Option<AttemptRow>> {
    const SQL: &str = "SELECT pool_id, subject, kind, count, first_at, last_at, locked_until FROM attempts
        WHERE pool_id = $1 AND subject = $2 AND kind = $3";
    tx.opt(SQL, p![pool_id, subject, kind]).await
}

/// Locks a counter until `until`, unless it is locked for longer. Inside the write that [`reserve`]d.
pub async fn lock(tx: &mut Tx, pool_id: &str, subject: &str, kind: &str, until: i64) -> Result<bool> {
    const SQL: &str = "UPDATE attempts SET locked_until = $1
        WHERE locked_until < $1 AND pool_id = $2 AND subject = $3 AND kind = $4";
    tx.exec_one(SQL, p![until, pool_id, subject, kind]).await
}

/// Takes one use back: what was reserved as a failure was none.
pub async fn give_back(tx: &mut Tx, pool_id: &str, subject: &str, kind: &str) -> Result<bool> {
    const SQL: &str = "UPDATE attempts SET count = count - 1
        WHERE pool_id = $1 AND subject = $2 AND kind = $3 AND count > 0";
    tx.exec_one(SQL, p![pool_id, subject, kind]).await
}

/// Forgets the counter: a success, or an administrator's word.
pub async fn clear(tx: &mut Tx, pool_id: &str, subject: &str, kind: &str) -> Result<bool> {
    const SQL: &str = "DELETE FROM attempts WHERE pool_id = $1 AND subject = $2 AND kind = $3";
    tx.exec_one(SQL, p![pool_id, subject, kind]).await
}

/// Deletes counters last used before `before`, at most `limit`. `before` must lie further back than every reset time,
/// window and lock.
pub async fn purge(tx: &mut Tx, before: i64, limit: i64) -> Result<u64> {
    // Said twice: a counter that counts again while PostgreSQL waits for its row is judged anew by the outer condition only.
    const SQL: &str = "DELETE FROM attempts WHERE (pool_id, subject, kind) IN
        (SELECT pool_id, subject, kind FROM attempts WHERE last_at < $1 AND locked_until < $1 LIMIT $2)
        AND last_at < $1 AND locked_until < $1";
    tx.exec(SQL, p![before, limit]).await
}
