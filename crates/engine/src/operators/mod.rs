//! Who may use the console of a server in production: roles, one-time links that make an operator, signing in with password
//! and one-time code, and what ends. Called by the server's console and by `poolhouse operator`.
//!
//! A database in foreign hands lets nobody in: passwords are stretched with a pepper, links and sessions are hashes of 256
//! random bits, and the key of an operator's codes follows from the house key.
use poolhouse_store::Tx;
use poolhouse_store::tables::operator_links as links_table;
use poolhouse_store::tables::operator_sessions as sessions_table;
use poolhouse_store::tables::operators::{self as table, OperatorRow};

use crate::ctx::Ctx;
use crate::error::{Error, Result};

mod links;
mod sessions;
mod sign_in;

pub use links::{Enrolment, LINK_MS, Link, Offer, enrol, first_link, link, offer};
pub use sessions::{Left, Session, Times, enter, leave};
pub use sign_in::{NAME_MAX, PASSWORD_MAX, PASSWORD_MIN, sign_in};

/// What an operator may do; each includes the ones after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything, operators too.
    Owner,
    /// Everything but operators.
    Admin,
    /// To look; no secret is shown.
    ReadOnly,
}

/// What a page or an operation asks of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Read,
    /// To change something, or to see a secret.
    Write,
    /// To say who may use the console.
    Operators,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Owner, Self::Admin, Self::ReadOnly];

    /// The word in the store, in forms and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::ReadOnly => "read-only",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    #[must_use]
    pub fn may(self, need: Need) -> bool {
        match need {
            Need::Read => true,
            Need::Write => self != Self::ReadOnly,
            Need::Operators => self == Self::Owner,
        }
    }
}

impl Need {
    /// The least role that may.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Read => Role::ReadOnly,
            Self::Write => Role::Admin,
            Self::Operators => Role::Owner,
        }
    }
}

/// One operator, without what proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub id: String,
    pub name: String,
    pub role: Role,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch, to the minute.
    pub last_used_at: Option<i64>,
}

fn from_row(row: &OperatorRow) -> Result<Operator> {
    let role = Role::parse(&row.role).ok_or_else(|| Error::internal(format!("operator {}: no such role", row.id)))?;
    let (id, name) = (row.id.clone(), row.name.clone());
    Ok(Operator { id, name, role, created_at: row.created_at, last_used_at: row.last_used_at })
}

/// Every operator, by name.
pub async fn list(ctx: &Ctx) -> Result<Vec<Operator>> {
    let mut reader = ctx.store().reader().await?;
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = table::list(&mut reader, &after, 100).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after.clone_from(&last.name);
        for row in &page {
            all.push(from_row(row)?);
        }
    }
}

/// The operator of this name.
pub async fn find(ctx: &Ctx, name: &str) -> Result<Option<Operator>> {
    let mut reader = ctx.store().reader().await?;
    table::by_name(&mut reader, name).await?.as_ref().map(from_row).transpose()
}

/// Gives another role. False where that would leave nobody who may make operators. Voids every open link where the role may not
/// make any: it is not kept who made one, and an owner could come back by a link made for oneself before.
pub async fn set_role(ctx: &Ctx, operator: &Operator, role: Role) -> Result<bool> {
    ctx.concerns("Operator", &operator.name);
    ctx.concerns("Role", role.as_str());
    let id = operator.id.clone();
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        let set = table::set_role(tx, &id, role.as_str()).await?;
        if set && !role.may(Need::Operators) {
            links_table::void_all(tx).await?;
        }
        Ok(set)
    };
    change(ctx, "SetOperatorRole", body).await
}

/// Removes an operator, ends its sessions and voids every open link, as in [`set_role`]. False where that would leave nobody who
/// may make operators.
pub async fn remove(ctx: &Ctx, operator: &Operator) -> Result<bool> {
    ctx.concerns("Operator", &operator.name);
    let id = operator.id.clone();
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        let removed = table::delete(tx, &id).await?;
        if removed {
            sessions_table::end_all(tx, &id).await?;
            links_table::void_all(tx).await?;
        }
        Ok(removed)
    };
    change(ctx, "RemoveOperator", body).await
}

/// Signs an operator out everywhere; how many sessions that ended.
pub async fn end_sessions(ctx: &Ctx, operator: &Operator) -> Result<u64> {
    ctx.concerns("Operator", &operator.name);
    let id = operator.id.clone();
    change(ctx, "EndOperatorSessions", async move |tx| sessions_table::end_all(tx, &id).await).await
}

/// Announced, done and told, as every change of who may do what.
async fn change<T, F>(ctx: &Ctx, action: &'static str, body: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFn(&mut Tx) -> poolhouse_store::Result<T> + Send + Sync + 'static,
{
    ctx.change(action, async { Ok(ctx.store().write(body).await?) }).await
}
