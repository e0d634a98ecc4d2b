//! ChangePassword.
use poolhouse_store::Tx;
use poolhouse_store::tables::{challenge_sessions, codes as codes_table, users as users_table};
use poolhouse_wire::types::UserStatusType;

use super::{busy, caps, hourly};
use crate::auth;
use crate::clients::guessing;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::Pool;
use crate::pools::password_policy::{self, Wording};
use crate::tokens::access::Session;
use crate::users::codes::Purpose;
use crate::users::{User, attempts, passwords};

/// Changes the password of the session's user, who knows the old one. Wrong answers count as failed sign-ins, so that a
/// stolen access token is no way around the back-off (checklist 75). Sessions stay (developer guide).
pub async fn change(ctx: &Ctx, session: Session, previous: Option<&str>, proposed: &str) -> Result<()> {
    let Session { pool, client, mut user, .. } = session;
    password_policy::check(&pool.password_policy(), proposed, Wording::Set)?;
    hourly(ctx, &pool, user.sub(), caps::CHANGE_PASSWORD).await?;
    guessing::of_anybody(ctx, Some(&client))?.settle(check_previous(ctx, &pool, &user, previous).await)?;
    if passwords::is_reused(ctx, &pool, &user, proposed).await? {
        return Err(passwords::already_used());
    }
    passwords::prepare(ctx, &pool, &user, proposed).await?.put_into(&mut user.row);
    user.row.modified_at = ctx.now;
    let row = user.row;
    ctx.store()
        .write(async move |tx: &mut Tx| -> Result<()> {
            if !users_table::update(tx, &row).await? {
                return Err(busy());
            }
            // A reset that was asked for before would undo the change.
            codes_table::delete(tx, &row.pool_id, &row.sub, Purpose::Reset.as_str()).await?;
            // So would a sign-in that the old password began.
            challenge_sessions::delete_of_user(tx, &row.pool_id, &row.sub).await?;
            Ok(())
        })
        .await
}

/// A user without a password has no old one to give; anybody else gives the right one. An absent or empty one never
/// matches (checklist 87).
async fn check_previous(ctx: &Ctx, pool: &Pool, user: &User, previous: Option<&str>) -> Result<()> {
    if user.status()? == UserStatusType::ExternalProvider {
        return Err(Error::not_authorized("User password cannot be reset in the current state.")
            .because("the user signs in at another provider and has no password here"));
    }
    if user.row.password_hash.is_none() && previous.is_none() {
        return Ok(());
    }
    let (attempt, place) = attempts::begin_admitted(ctx, pool, user.sub(), || passwords::place(ctx)).await?;
    if !passwords::verify_in(place, ctx, Some(user), previous.unwrap_or_default()).await? {
        return Err(auth::incorrect());
    }
    attempt.succeeded(ctx).await
}
