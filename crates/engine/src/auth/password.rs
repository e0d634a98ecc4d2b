//! The first factor as a password in plain text: USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH and the sign-in page.
use super::{Step, after_first_factor, candidate, incorrect, may_sign_in, refuse_unbuilt, unknown};
use crate::clients::{Client, guessing};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::Pool;
use crate::users::{attempts, passwords};

/// Checks a password.
pub async fn sign_in(ctx: &Ctx, pool: &Pool, client: &Client, username: &str, password: &str) -> Result<Step> {
    let guess = guessing::of_user(ctx, client)?;
    guess.settle(super::counted(ctx, check(ctx, pool, client, username, password).await))
}

/// Unknown users cost the same work as known ones (enumeration by timing, checklist 72).
async fn check(ctx: &Ctx, pool: &Pool, client: &Client, username: &str, password: &str) -> Result<Step> {
    refuse_unbuilt(pool)?;
    let candidate = candidate(ctx, pool, username).await?;
    if !client.hides_users() {
        // Cognito tells an unconfirmed user so even when the password is wrong (observed); only where users are not hidden.
        match &candidate.user {
            Some(user) => may_sign_in(ctx, user)?,
            None => return Err(unknown(client)),
        }
    }
    let (attempt, place) = attempts::begin_admitted(ctx, pool, &candidate.subject, || passwords::place(ctx)).await?;
    let right = passwords::verify_in(place, ctx, candidate.user.as_ref(), password).await?;
    let Some(user) = candidate.user.filter(|_| right) else { return Err(incorrect()) };
    attempt.succeeded(ctx).await?;
    may_sign_in(ctx, &user)?;
    passwords::refresh_stored(ctx, pool, &user, password).await?;
    after_first_factor(ctx, pool, client, user).await
}
