//! Who may use the console of a server in production: roles, one-time links that make an operator, signing in with password
//! and one-time code, and what ends. Called by the server's console and by `poolhouse operator`.
//!
//! A database in foreign hands lets nobody in: passwords are stretched with a pepper, links and sessions are hashes of 256
//! random bits, and the key of an operator's codes follows from the house key.
use poolhouse_store::Tx;
use poolhouse_store::tables::operators::{self as table, OperatorRow};

use crate::ctx::{Caller, Ctx};
use crate::error::{Error, Result};

mod account;
mod links;
mod roster;
mod sessions;
mod sign_in;

pub use account::{NewKey, NewPassword, Proof, change_password, new_key, renew_key};
pub use links::{Enrolment, LINK_MS, Link, Offer, OpenLink, SEED_BYTES, enrol, first_link, link, offer, open_links, void_link};
pub use roster::{Listed, end_sessions, find, get, list, remove, set_role};
pub use sessions::{Left, Seen, Session, Times, counts, end_others, enter, leave, seen};
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

/// Whether whoever acts may say who uses the console, at the moment of the change itself: an owner who is demoted or removed while a
/// request of theirs is under way must not leave a link or a role behind. The command line has no name and may.
async fn may_still(ctx: &Ctx, tx: &mut Tx) -> poolhouse_store::Result<bool> {
    let Some(name) = ctx.operator() else { return Ok(ctx.caller == Caller::Operator) };
    let row = table::by_name(tx, &name).await?;
    Ok(row.and_then(|row| Role::parse(&row.role)).is_some_and(|role| role.may(Need::Operators)))
}

fn not_any_more() -> Error {
    Error::new(poolhouse_wire::ErrorCode::AccessDeniedException, "You are no owner any more. Nothing was changed.")
}
