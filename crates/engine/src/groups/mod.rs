//! Groups of a pool and who is in them; tokens carry what stands here at the time they are issued (checklist 117).
use poolhouse_store::tables::groups as table;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::Pool;

/// One group of a user, as tokens need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub group: String,
    pub role_arn: Option<String>,
    /// Lower goes first; none goes last.
    pub precedence: Option<i64>,
}

/// The groups of a user, by precedence and then by name.
pub async fn of_user(ctx: &Ctx, pool: &Pool, sub: &str) -> Result<Vec<Membership>> {
    let mut reader = ctx.store().reader().await?;
    let rows = table::of_user(&mut reader, &pool.id, sub).await?;
    Ok(rows.into_iter().map(|row| Membership { group: row.name, role_arn: row.role_arn, precedence: row.precedence }).collect())
}
