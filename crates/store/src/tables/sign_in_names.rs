//! The names a user can sign in with; the primary key makes a name one user's. Called by `engine::users`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One name, normalised by the engine.
    SignInNameRow {
        pool_id: String,
        name: String,
        /// `username`, `email`, `phone_number` or `preferred_username`.
        kind: String,
        sub: String,
    }
}

/// Takes the name if nobody has it; false when anybody (the same user too) has. Sec 155: the index decides, not a read.
pub async fn claim(tx: &mut Tx, row: &SignInNameRow) -> Result<bool> {
    const SQL: &str = "INSERT INTO sign_in_names (pool_id, name, kind, sub) VALUES ($1, $2, $3, $4)
        ON CONFLICT (pool_id, name) DO NOTHING RETURNING sub";
    Ok(tx.opt::<String>(SQL, p![row.pool_id, row.name, row.kind, row.sub]).await?.is_some())
}

/// Whose name it is.
pub async fn get(tx: &mut Tx, pool_id: &str, name: &str) -> Result<Option<SignInNameRow>> {
    const SQL: &str = "SELECT pool_id, name, kind, sub FROM sign_in_names WHERE pool_id = $1 AND name = $2";
    tx.opt(SQL, p![pool_id, name]).await
}

/// Takes the name away from `from` for `to` (ForceAliasCreation); false when `from` has not got it as that kind.
pub async fn transfer(tx: &mut Tx, pool_id: &str, name: &str, kind: &str, from: &str, to: &str) -> Result<bool> {
    const SQL: &str = "UPDATE sign_in_names SET sub = $1 WHERE pool_id = $2 AND name = $3 AND kind = $4 AND sub = $5";
    tx.exec_one(SQL, p![to, pool_id, name, kind, from]).await
}

/// Gives the user's name up.
pub async fn release(tx: &mut Tx, pool_id: &str, sub: &str, name: &str) -> Result<bool> {
    const SQL: &str = "DELETE FROM sign_in_names WHERE pool_id = $1 AND sub = $2 AND name = $3";
    tx.exec_one(SQL, p![pool_id, sub, name]).await
}

/// Gives up the user's names of one kind: the old address after a change.
pub async fn release_kind(tx: &mut Tx, pool_id: &str, sub: &str, kind: &str) -> Result<u64> {
    const SQL: &str = "DELETE FROM sign_in_names WHERE pool_id = $1 AND sub = $2 AND kind = $3";
    tx.exec(SQL, p![pool_id, sub, kind]).await
}

/// A page of the pool's names with whether their user is there, by name; `after` is the last name of the page before, or
/// "". For checking: the foreign key does not let a name without its user come to be.
pub async fn list_with_owner(tx: &mut Tx, pool_id: &str, after: &str, limit: i64) -> Result<Vec<(String, String, bool)>> {
    const SQL: &str = "SELECT n.name, n.sub, CAST(CASE WHEN u.sub IS NULL THEN 0 ELSE 1 END AS BIGINT) FROM sign_in_names n
        LEFT JOIN users u ON u.pool_id = n.pool_id AND u.sub = n.sub
        WHERE n.pool_id = $1 AND n.name > $2 ORDER BY n.name LIMIT $3";
    tx.all(SQL, p![pool_id, after, limit]).await
}

/// All names of the user.
pub async fn of_user(tx: &mut Tx, pool_id: &str, sub: &str) -> Result<Vec<SignInNameRow>> {
    const SQL: &str = "SELECT pool_id, name, kind, sub FROM sign_in_names WHERE pool_id = $1 AND sub = $2
        ORDER BY kind, name";
    tx.all(SQL, p![pool_id, sub]).await
}
