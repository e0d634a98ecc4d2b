//! The one sign-in machine: start → challenge → answer. The API's InitiateAuth and RespondToAuthChallenge and the
//! sign-in pages call the same functions; they differ only in what they do with [`Step::SignedIn`].
use std::collections::BTreeMap;

use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{ChallengeNameType, UserStatusType};

use crate::clients::Client;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::Pool;
use crate::pools::unbuilt::{self, Trigger};
use crate::users::{self, User, aliases};

pub mod flow;
pub mod minted;
pub mod new_password;
pub mod password;
pub mod session;
pub mod srp;

/// Where a sign-in stands after a step.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one step lives for a moment, on its way out of a sign-in")]
pub enum Step {
    /// The client has to answer this.
    Challenge(Challenge),
    /// Every factor that was due has been given.
    SignedIn(SignedIn),
}

/// A question to the client.
#[derive(Debug)]
pub struct Challenge {
    pub name: ChallengeNameType,
    pub parameters: BTreeMap<String, String>,
    /// The handle of the state we keep; absent for PASSWORD_VERIFIER, where SECRET_BLOCK is the handle.
    pub session: Option<String>,
}

/// A finished sign-in.
#[derive(Debug)]
pub struct SignedIn {
    pub user: User,
    /// Seconds since the epoch.
    pub auth_time: i64,
}

/// Who is trying to sign in: the user if there is one, and the name that attempts are counted under either way.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub user: Option<User>,
    /// The sub, or a MAC of the name that leads nowhere: both are counted alike (user enumeration by lock-out, checklist 75).
    pub subject: String,
}

pub(crate) async fn candidate(ctx: &Ctx, pool: &Pool, username: &str) -> Result<Candidate> {
    let user = users::find(ctx, pool, username).await?;
    let subject = match &user {
        Some(user) => {
            ctx.concerns("Username", user.username());
            user.sub().to_owned()
        }
        // Passwords are typed into the wrong field: nothing of what was typed is in the trail.
        None => ctx.engine.keys.pseudonym("unknown user", &[pool.id.as_bytes(), aliases::sign_in_key(pool, username).as_bytes()]),
    };
    if user.is_none() {
        ctx.concerns("Unknown", &subject);
    }
    Ok(Candidate { user, subject })
}

/// Whether `username`, as it was sent with an answer, is this user: by user name or by alias.
async fn names(ctx: &Ctx, pool: &Pool, username: &str, user: &User) -> Result<bool> {
    if aliases::sign_in_key(pool, username) == aliases::sign_in_key(pool, user.username()) {
        return Ok(true);
    }
    Ok(users::find(ctx, pool, username).await?.is_some_and(|other| other.sub() == user.sub()))
}

/// What every first factor asks before it looks at the user: settings that nothing acts on yet must not be skipped.
fn refuse_unbuilt(pool: &Pool) -> Result<()> {
    unbuilt::no_required_mfa(pool)?;
    unbuilt::no_trigger(pool, Trigger::PreAuthentication)?;
    unbuilt::no_trigger(pool, Trigger::PostAuthentication)
}

/// Refuses a user that may not sign in now, however good the password.
fn may_sign_in(ctx: &Ctx, user: &User) -> Result<()> {
    if !user.enabled() {
        return Err(Error::not_authorized("User is disabled."));
    }
    match user.status()? {
        UserStatusType::Unconfirmed => Err(Error::new(ErrorCode::UserNotConfirmedException, "User is not confirmed.")),
        UserStatusType::ResetRequired => {
            Err(Error::new(ErrorCode::PasswordResetRequiredException, "Password reset required for the user"))
        }
        UserStatusType::ForceChangePassword if user.row.temporary_expires_at.is_some_and(|at| at <= ctx.now) => {
            Err(Error::not_authorized("Temporary password has expired and must be reset by an administrator."))
        }
        _ => Ok(()),
    }
}

/// Counts how a first factor or a first password of one's own ended.
fn counted(ctx: &Ctx, outcome: Result<Step>) -> Result<Step> {
    ctx.engine.metrics.sign_in(match &outcome {
        Ok(Step::SignedIn(_)) => "signed_in",
        Ok(Step::Challenge(_)) => "challenged",
        Err(error) if error.is(ErrorCode::InternalErrorException) || error.unavailable() => "failed",
        Err(_) => "refused",
    });
    outcome
}

/// `Incorrect username or password.`, the one answer to a wrong password and, where the client hides users, to an
/// unknown one.
pub fn incorrect() -> Error {
    Error::not_authorized("Incorrect username or password.")
}

/// What an unknown user is told.
fn unknown(client: &Client) -> Error {
    if client.hides_users() { incorrect() } else { users::does_not_exist() }
}

/// After the first factor: the next challenge that is due, or the end.
async fn after_first_factor(ctx: &Ctx, pool: &Pool, client: &Client, user: User) -> Result<Step> {
    if user.status()? == UserStatusType::ForceChangePassword {
        ctx.proven(user.sub());
        return new_password::ask(ctx, pool, client, &user).await.map(Step::Challenge);
    }
    ctx.signed_in(user.sub());
    Ok(Step::SignedIn(SignedIn { user, auth_time: ctx.now / 1000 }))
}
