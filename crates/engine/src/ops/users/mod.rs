//! Administration of users. Each file is one operation; what they share is here: reading, changing and saving a user
//! again if somebody else changed it at the same moment, and telling it afterwards.
use poolhouse_store::tables::challenge_sessions;
use poolhouse_wire::ErrorCode;

use crate::ctx::Ctx;
use crate::delivery::compose::{self, Composer};
use crate::error::{Error, Result};
use crate::pools::Pool;
use crate::tokens::revoke;
use crate::users::codes::{self, Issued, Purpose};
use crate::users::save::{self, Saved};
use crate::users::{self, User, aliases, attempts, attributes};

pub mod admin_confirm_sign_up;
pub mod admin_create_user;
pub mod admin_delete_user;
pub mod admin_delete_user_attributes;
pub mod admin_disable_user;
pub mod admin_enable_user;
pub mod admin_get_user;
pub mod admin_reset_user_password;
pub mod admin_set_user_password;
pub mod admin_update_user_attributes;
pub mod admin_user_global_sign_out;
mod filter;
pub mod list_users;
pub mod place;

/// Times a change is tried against others at the same moment.
const TRIES: usize = 4;

/// What is written together with a changed user.
#[derive(Default, Clone)]
struct With {
    /// Codes that become valid.
    issued: Vec<Issued>,
    /// Addresses whose codes are void.
    lost: Vec<String>,
    /// The purpose whose code is void.
    void: Option<Purpose>,
    /// The administrator set another password: a sign-in that the old one began is void, or whoever holds an old
    /// temporary password could still finish it (checklist 95); failed tries at the old one are forgotten.
    new_password: bool,
    /// Ends the user's sessions, browsers included.
    sign_out: bool,
}

/// Changes the user that an administrator names. `change` may run again on a newer reading of the user, so it only
/// decides and edits.
async fn change(ctx: &Ctx, pool: &Pool, username: &str, change: impl Fn(&mut User) -> Result<With>) -> Result<(User, With)> {
    for _ in 0..TRIES {
        let mut user = users::require(ctx, pool, username).await?;
        let with = change(&mut user)?;
        match save(ctx, pool, &mut user, with.clone()).await? {
            Saved::Done => return Ok((user, with)),
            Saved::Conflict => {}
            Saved::NameTaken(kind) => return Err(attributes::alias_exists(kind)),
        }
    }
    Err(Error::new(ErrorCode::TooManyRequestsException, "Too many requests")
        .because("the user kept being changed at the same moment"))
}

async fn save(ctx: &Ctx, pool: &Pool, user: &mut User, with: With) -> Result<Saved> {
    user.row.modified_at = ctx.now;
    user.store_attributes()?;
    let names = aliases::names_of(pool, user)?;
    let (row, now) = (user.row.clone(), ctx.now);
    let saved = ctx
        .store()
        .write(async move |tx| {
            let saved = save::update(tx, &row, &names).await?;
            if saved != Saved::Done {
                return Ok(saved);
            }
            for address in &with.lost {
                codes::void_address(tx, &row.pool_id, &row.sub, address).await?;
            }
            if let Some(purpose) = with.void {
                codes::void(tx, &row.pool_id, &row.sub, purpose).await?;
            }
            for issued in &with.issued {
                codes::put(tx, issued).await?;
            }
            if with.new_password {
                challenge_sessions::delete_of_user(tx, &row.pool_id, &row.sub).await?;
                attempts::forget(tx, &row.pool_id, &row.sub).await?;
            }
            if with.sign_out {
                revoke::all_of_user(tx, &row.pool_id, &row.sub, now, true).await?;
            }
            Ok::<_, poolhouse_store::Error>(saved)
        })
        .await?;
    Ok(saved)
}

/// An alias that confirming would claim, and another user has, where the model declares no AliasExistsException.
fn alias_undeclared(e: Error) -> Error {
    if e.is(ErrorCode::AliasExistsException) { Error::invalid_parameter(e.message().to_owned()) } else { e }
}

/// Sends codes after they were written. The operations that call this do not declare CodeDeliveryFailureException, so
/// that a mail server that is down is a fault of ours.
async fn send_codes(ctx: &Ctx, pool: &Pool, kind: &'static str, issued: &[Issued]) -> Result<()> {
    let composer = Composer { pool_id: &pool.id, document: &pool.document };
    for code in issued {
        let message = composer.code(kind, code.target.medium, &code.target.address, &code.code);
        compose::send(ctx, message)
            .await
            .map_err(|e| Error::internal(e.detail().map(|d| d.cause.clone()).unwrap_or_default()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
