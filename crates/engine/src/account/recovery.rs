//! Getting back in: ForgotPassword, ConfirmForgotPassword and the pages of the same names.
use std::collections::BTreeMap;
use std::sync::Arc;

use poolhouse_store::Tx;
use poolhouse_store::tables::{authorization_codes, challenge_sessions, codes as codes_table};
use poolhouse_wire::types::{CodeDeliveryDetailsType, UserStatusType};

use super::{
    SharedPool, asked_lately, caps, hourly, not_found, read, refuse_hidden_code, saved, send_to_caller_unknown, sign_up,
};
use crate::auth;
use crate::clients::{Client, guessing};
use crate::ctx::Ctx;
use crate::delivery::Medium;
use crate::error::{Error, Result};
use crate::pools::Pool;
use crate::pools::password_policy::{self, Wording};
use crate::pools::unbuilt::{self, Trigger};
use crate::tokens;
use crate::users::codes::{self, Purpose, Target, Verdict};
use crate::users::passwords::{self, Prepared, already_used, is_reused};
use crate::users::usernames::Identity;
use crate::users::{User, aliases, attempts, attributes, save};

/// Sends a reset code to the first verified address that the pool's recovery setting names; returns where it went. Where
/// the client hides users, users who do not exist or cannot be helped get an answer that looks the same.
pub async fn forgot(ctx: &Ctx, pool: &SharedPool, client: &Client, username: &str) -> Result<CodeDeliveryDetailsType> {
    unbuilt::no_trigger(pool, Trigger::CustomMessage)?;
    let media = codes::recovery_media(pool);
    if media.is_empty() {
        return Err(Error::not_authorized("Contact administrator to reset password."));
    }
    let candidate = auth::candidate(ctx, pool, username).await?;
    hourly(ctx, pool, &candidate.subject, caps::FORGOT_PASSWORD).await?;
    attempts::clear(ctx, pool, &candidate.subject, caps::RESET_TRIES).await?;
    let found = candidate.user.ok_or_else(not_found).and_then(|user| recoverable(&user, &media).map(|target| (user, target)));
    let (user, target) = match found {
        Ok(found) => found,
        Err(_) if client.hides_users() => return Ok(codes::simulated_details(ctx, pool, username)),
        Err(e) => return Err(e),
    };
    let issued = codes::issue(ctx, pool, user.sub(), Purpose::Reset, target, Some(&client.id), false);
    let stored = issued.clone();
    ctx.store().write(async move |tx: &mut Tx| codes::put(tx, &stored).await).await?;
    send_to_caller_unknown(ctx, pool, client, "ForgotPassword", user.username(), &issued).await?;
    Ok(issued.target.details())
}

/// Where a reset code for this user goes, or why there is none.
fn recoverable(user: &User, media: &[Medium]) -> Result<Target> {
    resettable(user)?;
    codes::recovery_target(user, media).ok_or_else(codes::no_recovery_target)
}

/// Refuses a user whose password is not theirs to reset: disabled, invited and not yet arrived, or another provider's.
fn resettable(user: &User) -> Result<()> {
    if !user.enabled() {
        return Err(Error::not_authorized("User is disabled."));
    }
    match user.status()? {
        UserStatusType::Confirmed | UserStatusType::ResetRequired | UserStatusType::Unconfirmed => Ok(()),
        _ => Err(Error::not_authorized("User password cannot be reset in the current state.")),
    }
}

/// A new password, and the code that allows it.
#[derive(Debug, Clone, Default)]
pub struct Reset {
    pub username: String,
    pub code: String,
    pub password: String,
}

/// Sets a new password with the code that was sent. Ends every session of the user and voids their other codes: whoever
/// had the old password is out (checklist 88). The count of failed sign-ins stays.
pub async fn reset(ctx: &Ctx, pool: &SharedPool, client: &Client, request: Reset) -> Result<()> {
    let guess = guessing::of_user(ctx, client)?;
    guess.settle(reset_with(ctx, pool, client, request).await)
}

async fn reset_with(ctx: &Ctx, pool: &SharedPool, client: &Client, request: Reset) -> Result<()> {
    let Reset { username, code, password } = request;
    password_policy::check(&pool.password_policy(), &password, Wording::Set)?;
    unbuilt::no_trigger(pool, Trigger::PostConfirmation)?;
    let candidate = auth::candidate(ctx, pool, &username).await?;
    hourly(ctx, pool, &candidate.subject, caps::RESET_PASSWORD).await?;
    let user = match candidate.user.ok_or_else(not_found).and_then(|user| resettable(&user).map(|()| user)) {
        Ok(user) => user,
        Err(_) if client.hides_users() => {
            // As much work as for a user who exists (enumeration by timing, checklist 72).
            let nobody = sign_up::new_user(ctx, pool, Identity { sub: candidate.subject.clone(), username }, BTreeMap::new());
            passwords::prepare(ctx, pool, &nobody, &password).await?;
            is_reused(ctx, pool, &nobody, &password).await?;
            return Err(refuse_hidden(ctx, pool, &candidate.subject).await?);
        }
        Err(e) => return Err(e),
    };
    let answer = codes::answer(ctx, pool, &user, Purpose::Reset, &client.id, &code).await?;
    let prepared = passwords::prepare(ctx, pool, &user, &password).await?;
    let reused = is_reused(ctx, pool, &user, &password).await?;
    let (shared, sub, now) = (Arc::clone(pool), user.row.sub, ctx.now);
    let verdict = ctx
        .store()
        .write(async move |tx: &mut Tx| -> Result<Verdict> {
            let verdict = codes::take(tx, &answer).await?;
            if let Verdict::Matched { .. } = &verdict {
                // Only whoever has the code learns this: else it would be a way to guess the old password. The refusal
                // rolls back, and the code is not used up.
                if reused {
                    return Err(already_used());
                }
                let user = read(tx, &shared, &sub).await?;
                reset_in(tx, &shared, user, prepared.clone(), now).await?;
            }
            Ok(verdict)
        })
        .await?;
    match verdict.refusal() {
        None => Ok(()),
        Some(_) if client.hides_users() => Err(refuse_hidden(ctx, pool, &candidate.subject).await?),
        Some(refusal) => Err(refusal),
    }
}

/// The refusal where the client hides users. It follows from what was asked under this name alone, whether there is such
/// a user and such a code or not: users who could not be sent a code look like users who were (checklist 71).
async fn refuse_hidden(ctx: &Ctx, pool: &Pool, subject: &str) -> Result<Error> {
    let asked = asked_lately(ctx, pool, subject, caps::FORGOT_PASSWORD).await?;
    refuse_hidden_code(ctx, pool, subject, asked, caps::RESET_TRIES).await
}

async fn reset_in(tx: &mut Tx, pool: &Pool, mut user: User, prepared: Prepared, now: i64) -> Result<()> {
    resettable(&user)?;
    prepared.put_into(&mut user.row);
    user.row.status = UserStatusType::Confirmed.as_str().to_owned();
    user.row.temporary_expires_at = None;
    user.row.modified_at = now;
    let names = aliases::names_of(pool, &user)?;
    saved(save::update(tx, &user.row, &names).await?, |kind| {
        // AliasExistsException is none of this operation's errors.
        Error::invalid_parameter(attributes::alias_exists_at_confirmation(kind).message().to_owned())
    })?;
    end_everything(tx, pool, user.sub(), now).await?;
    Ok(())
}

/// Inside a write: ends sessions, sign-ins under way and codes of every kind.
async fn end_everything(tx: &mut Tx, pool: &Pool, sub: &str, now: i64) -> poolhouse_store::Result<()> {
    tokens::revoke::all_of_user(tx, &pool.id, sub, now, true).await?;
    authorization_codes::delete_of_user(tx, &pool.id, sub).await?;
    challenge_sessions::delete_of_user(tx, &pool.id, sub).await?;
    codes_table::delete_of_user(tx, &pool.id, sub).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::testing::row;

    fn user(status: UserStatusType, enabled: bool) -> User {
        let mut row = row("ann");
        row.status = status.as_str().to_owned();
        row.enabled = enabled;
        User { row, attributes: Default::default() }
    }

    #[test]
    fn who_may_reset_a_password() {
        use UserStatusType as S;
        for status in [S::Confirmed, S::ResetRequired, S::Unconfirmed] {
            assert!(resettable(&user(status, true)).is_ok(), "{}", status.as_str());
            assert_eq!(resettable(&user(status, false)).unwrap_err().message(), "User is disabled.");
        }
        for status in [S::ForceChangePassword, S::ExternalProvider] {
            let refusal = resettable(&user(status, true)).unwrap_err();
            assert_eq!(refusal.message(), "User password cannot be reset in the current state.");
        }
    }
}
