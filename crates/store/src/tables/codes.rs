//! One-time codes sent to users: one live code for each user and purpose (sec 83). Called by `engine::auth` and `users`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One code, as a keyed MAC only.
    CodeRow {
        pool_id: String,
        sub: String,
        purpose: String,
        /// HMAC over code, user, purpose and destination, so that a database reader cannot try codes.
        mac: Vec<u8>,
        destination: String,
        medium: String,
        attribute: Option<String>,
        /// The attribute's new value, not yet in force.
        pending: Option<String>,
        client_id: Option<String>,
        /// Tries so far.
        attempts: i64,
        created_at: i64,
        expires_at: i64,
    }
}

/// What [`take_if_matches`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and read at once")]
pub enum Taken {
    /// It was the code, which is now used up.
    Matched(CodeRow),
    /// A wrong guess, counted; `attempts` tries are used. Commit this (return `Ok`), or the guess was free.
    Mismatch {
        /// Tries used, this one included.
        attempts: i64,
    },
    /// No code, an expired one, or no tries left.
    Unavailable,
}

macro_rules! columns {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            "pool_id, sub, purpose, mac, destination, medium, attribute, pending, client_id, attempts, created_at,
            expires_at",
            $tail
        )
    };
}

/// Stores the code; an older one of the purpose is void from now on, its tries forgotten with it.
pub async fn put(tx: &mut Tx, row: &CodeRow) -> Result<()> {
    const SQL: &str = columns!(
        "INSERT INTO codes (",
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (pool_id, sub, purpose) DO UPDATE SET mac = excluded.mac, destination = excluded.destination,
        medium = excluded.medium, attribute = excluded.attribute, pending = excluded.pending,
        client_id = excluded.client_id, attempts = excluded.attempts, created_at = excluded.created_at,
        expires_at = excluded.expires_at"
    );
    let params = p![
        row.pool_id,
        row.sub,
        row.purpose,
        row.mac,
        row.destination,
        row.medium,
        row.attribute,
        row.pending,
        row.client_id,
        row.attempts,
        row.created_at,
        row.expires_at
    ];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The code as it stands, expired or not.
pub async fn get(tx: &mut Tx, pool_id: &str, sub: &str, purpose: &str) -> Result<Option<CodeRow>> {
    const SQL: &str = columns!("SELECT ", " FROM codes WHERE pool_id = $1 AND sub = $2 AND purpose = $3");
    tx.opt(SQL, p![pool_id, sub, purpose]).await
}

/// One try at the code: counted first, then compared. The guarded UPDATE takes the row lock, so of many parallel guesses
/// at most `max_attempts` are compared (sec 76, 79), and one match wins (sec 154).
pub async fn take_if_matches(
    tx: &mut Tx,
    pool_id: &str,
    sub: &str,
    purpose: &str,
    mac: &[u8],
    now: i64,
    max_attempts: i64,
) -> Result<Taken> {
    const COUNT: &str = "UPDATE codes SET attempts = attempts + 1 WHERE pool_id = $1 AND sub = $2 AND purpose = $3
        AND expires_at > $4 AND attempts < $5 RETURNING attempts";
    // The MAC is keyed, so the time this comparison takes says nothing about the code.
    const TAKE: &str = columns!("DELETE FROM codes WHERE pool_id = $1 AND sub = $2 AND purpose = $3 AND mac = $4 RETURNING ", "");
    let Some(attempts) = tx.opt::<i64>(COUNT, p![pool_id, sub, purpose, now, max_attempts]).await? else {
        return Ok(Taken::Unavailable);
    };
    Ok(match tx.opt(TAKE, p![pool_id, sub, purpose, mac]).await? {
        Some(row) => Taken::Matched(row),
        None => Taken::Mismatch { attempts },
    })
}

/// Voids one code.
pub async fn delete(tx: &mut Tx, pool_id: &str, sub: &str, purpose: &str) -> Result<bool> {
    const SQL: &str = "DELETE FROM codes WHERE pool_id = $1 AND sub = $2 AND purpose = $3";
    tx.exec_one(SQL, p![pool_id, sub, purpose]).await
}

/// Voids every code of the user.
pub async fn delete_of_user(tx: &mut Tx, pool_id: &str, sub: &str) -> Result<u64> {
    tx.exec("DELETE FROM codes WHERE pool_id = $1 AND sub = $2", p![pool_id, sub]).await
}

/// Voids the user's codes sent to a destination that is no longer theirs (sec 82).
pub async fn delete_for_destination(tx: &mut Tx, pool_id: &str, sub: &str, destination: &str) -> Result<u64> {
    const SQL: &str = "DELETE FROM codes WHERE pool_id = $1 AND sub = $2 AND destination = $3";
    tx.exec(SQL, p![pool_id, sub, destination]).await
}

/// Deletes codes that expired before `now`, at most `limit`.
pub async fn purge(tx: &mut Tx, now: i64, limit: i64) -> Result<u64> {
    // Said twice: a code made anew while PostgreSQL waits for its row is judged again by the outer condition only.
    const SQL: &str = "DELETE FROM codes WHERE (pool_id, sub, purpose) IN
        (SELECT pool_id, sub, purpose FROM codes WHERE expires_at <= $1 LIMIT $2) AND expires_at <= $1";
    tx.exec(SQL, p![now, limit]).await
}
