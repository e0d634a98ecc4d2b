//! Who may use the console. Called by `engine::operators`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One operator.
    OperatorRow {
        id: String,
        /// Unique.
        name: String,
        role: String,
        /// A password record.
        password: String,
        /// What the key of the one-time codes is derived from, with a key that is not in the database.
        totp_seed: Vec<u8>,
        /// The last time step whose code was taken: each is taken once.
        totp_step: i64,
        /// Tries since the last one that was right.
        failures: i64,
        locked_until: i64,
        created_at: i64,
        last_used_at: Option<i64>,
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, role, password, totp_seed, totp_step, failures, locked_until, created_at, last_used_at
             FROM operators ",
            $rest
        )
    };
}

/// The guard of whoever takes an owner away: one stays.
macro_rules! another_owner {
    ($id:literal) => {
        concat!("(role <> 'owner' OR EXISTS (SELECT 1 FROM operators o WHERE o.role = 'owner' AND o.id <> ", $id, "))")
    };
}

/// Adds an operator. `Unique` when the name is taken.
pub async fn insert(tx: &mut Tx, row: &OperatorRow) -> Result<()> {
    const SQL: &str = "INSERT INTO operators
        (id, name, role, password, totp_seed, totp_step, failures, locked_until, created_at, last_used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let r = row;
    let params =
        p![r.id, r.name, r.role, r.password, r.totp_seed, r.totp_step, r.failures, r.locked_until, r.created_at, r.last_used_at];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The operator by id.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<OperatorRow>> {
    tx.opt(select!("WHERE id = $1"), p![id]).await
}

/// The operator by name.
pub async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<OperatorRow>> {
    tx.opt(select!("WHERE name = $1"), p![name]).await
}

/// A page of all operators by name.
pub async fn list(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<OperatorRow>> {
    tx.all(select!("WHERE name > $1 ORDER BY name LIMIT $2"), p![after, limit]).await
}

/// Counts a try before it is judged, so that many at once are as many tries; false while locked. The last of `most` tries
/// locks for `lock_ms`, and so does every one after it.
pub async fn try_once(tx: &mut Tx, id: &str, now: i64, most: i64, lock_ms: i64) -> Result<bool> {
    const SQL: &str = "UPDATE operators SET failures = failures + 1,
        locked_until = CASE WHEN failures + 1 >= $1 THEN $2 + $3 ELSE 0 END
        WHERE id = $4 AND locked_until <= $2";
    tx.exec_one(SQL, p![most, now, lock_ms, id]).await
}

/// A try was right: takes the time step, which no code may take again, and forgets the tries. False when it was taken.
pub async fn take_step(tx: &mut Tx, id: &str, step: i64, now: i64) -> Result<bool> {
    const SQL: &str = "UPDATE operators SET totp_step = $1, failures = 0, locked_until = 0, last_used_at = $2
        WHERE id = $3 AND totp_step < $1";
    tx.exec_one(SQL, p![step, now, id]).await
}

/// Replaces the password record if it is still `from`.
pub async fn refresh_password(tx: &mut Tx, id: &str, from: &str, to: &str) -> Result<bool> {
    tx.exec_one("UPDATE operators SET password = $1 WHERE id = $2 AND password = $3", p![to, id, from]).await
}

/// Replaces what the codes' key is derived from if it is still `from`; codes up to `step` are not taken any more.
pub async fn renew_totp(tx: &mut Tx, id: &str, from: &[u8], to: &[u8], step: i64) -> Result<bool> {
    const SQL: &str = "UPDATE operators SET totp_seed = $1, totp_step = $2 WHERE id = $3 AND totp_seed = $4";
    tx.exec_one(SQL, p![to, step, id, from]).await
}

/// Notes a use unless one was noted within `granularity_ms`.
pub async fn touch(tx: &mut Tx, id: &str, now: i64, granularity_ms: i64) -> Result<bool> {
    const SQL: &str = "UPDATE operators SET last_used_at = $1
        WHERE id = $2 AND (last_used_at IS NULL OR last_used_at + $3 <= $1)";
    tx.exec_one(SQL, p![now, id, granularity_ms]).await
}

/// Gives a role, unless that takes the last owner away: false then, and where there is no such operator.
pub async fn set_role(tx: &mut Tx, id: &str, role: &str) -> Result<bool> {
    const SQL: &str = concat!("UPDATE operators SET role = $1 WHERE id = $2 AND ($1 = 'owner' OR ", another_owner!("$2"), ")");
    tx.exec_one(SQL, p![role, id]).await
}

/// Deletes the operator, unless it is the last owner: false then, and where there is none.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool> {
    const SQL: &str = concat!("DELETE FROM operators WHERE id = $1 AND ", another_owner!("$1"));
    tx.exec_one(SQL, p![id]).await
}
