//! Groups and memberships. Called by `engine::groups` and the token issuer.

use super::users::UserRow;
use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One group.
    GroupRow {
        pool_id: String,
        name: String,
        description: Option<String>,
        role_arn: Option<String>,
        precedence: Option<i64>,
        created_at: i64,
        modified_at: i64,
    }
}

macro_rules! select {
    ($tail:expr) => {
        concat!("SELECT g.pool_id, g.name, g.description, g.role_arn, g.precedence, g.created_at, g.modified_at FROM ", $tail)
    };
}

macro_rules! of_pool {
    ($tail:literal) => {
        select!(concat!("user_groups g WHERE g.pool_id = $1 AND ", $tail))
    };
}

// CROSS JOIN tells SQLite which table comes first. It knows no numbers, and would ask of each group of the pool whether the
// user is in it; PostgreSQL reads the same words as a plain join.
macro_rules! of_user {
    ($tail:literal) => {
        select!(concat!(
            "memberships m CROSS JOIN user_groups g
            WHERE m.pool_id = $1 AND m.sub = $2 AND g.pool_id = m.pool_id AND g.name = m.group_name ",
            $tail
        ))
    };
}

/// Adds a group. `Unique` when the name is taken.
pub async fn insert(tx: &mut Tx, row: &GroupRow) -> Result<()> {
    const SQL: &str = "INSERT INTO user_groups
        (pool_id, name, description, role_arn, precedence, created_at, modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let params = p![row.pool_id, row.name, row.description, row.role_arn, row.precedence, row.created_at, row.modified_at];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The group by name.
pub async fn get(tx: &mut Tx, pool_id: &str, name: &str) -> Result<Option<GroupRow>> {
    tx.opt(of_pool!("g.name = $2"), p![pool_id, name]).await
}

/// Replaces all but the name; false when there is no such group.
pub async fn update(tx: &mut Tx, row: &GroupRow) -> Result<bool> {
    const SQL: &str = "UPDATE user_groups SET description = $1, role_arn = $2, precedence = $3, modified_at = $4
        WHERE pool_id = $5 AND name = $6";
    let params = p![row.description, row.role_arn, row.precedence, row.modified_at, row.pool_id, row.name];
    tx.exec_one(SQL, params).await
}

/// Deletes the group and its memberships.
pub async fn delete(tx: &mut Tx, pool_id: &str, name: &str) -> Result<bool> {
    tx.exec_one("DELETE FROM user_groups WHERE pool_id = $1 AND name = $2", p![pool_id, name]).await
}

/// A page of the pool's groups by name.
pub async fn list(tx: &mut Tx, pool_id: &str, after: &str, limit: i64) -> Result<Vec<GroupRow>> {
    let sql = of_pool!("g.name > $2 ORDER BY g.name LIMIT $3");
    tx.all(sql, p![pool_id, after, limit]).await
}

/// Puts the user into the group; false when already in. `Reference` when group or user is missing.
pub async fn add_member(tx: &mut Tx, pool_id: &str, group_name: &str, sub: &str, now: i64) -> Result<bool> {
    const SQL: &str = "INSERT INTO memberships (pool_id, group_name, sub, created_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (pool_id, group_name, sub) DO NOTHING";
    tx.exec_one(SQL, p![pool_id, group_name, sub, now]).await
}

/// Takes the user out; false when not in.
pub async fn remove_member(tx: &mut Tx, pool_id: &str, group_name: &str, sub: &str) -> Result<bool> {
    const SQL: &str = "DELETE FROM memberships WHERE pool_id = $1 AND group_name = $2 AND sub = $3";
    tx.exec_one(SQL, p![pool_id, group_name, sub]).await
}

/// All groups of the user: lowest precedence first, those without one last, then by name.
pub async fn of_user(tx: &mut Tx, pool_id: &str, sub: &str) -> Result<Vec<GroupRow>> {
    let sql = of_user!("ORDER BY CASE WHEN g.precedence IS NULL THEN 1 ELSE 0 END, g.precedence, g.name");
    tx.all(sql, p![pool_id, sub]).await
}

/// A page of the user's groups by name.
pub async fn of_user_page(tx: &mut Tx, pool_id: &str, sub: &str, after: &str, limit: i64) -> Result<Vec<GroupRow>> {
    let sql = of_user!("AND g.name > $3 ORDER BY g.name LIMIT $4");
    tx.all(sql, p![pool_id, sub, after, limit]).await
}

/// A page of the group's users by `sub`.
pub async fn members(tx: &mut Tx, pool_id: &str, group_name: &str, after: &str, limit: i64) -> Result<Vec<UserRow>> {
    const SQL: &str = super::users::select!(
        "JOIN memberships m ON m.pool_id = u.pool_id AND m.sub = u.sub
        WHERE m.pool_id = $1 AND m.group_name = $2 AND m.sub > $3 ORDER BY m.sub LIMIT $4"
    );
    tx.all(SQL, p![pool_id, group_name, after, limit]).await
}
