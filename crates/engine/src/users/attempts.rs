//! Counting what an attacker would repeat: failed passwords, which slow the next try down, and hourly caps on codes and
//! messages. Known and unknown names are counted alike (checklist 75). A lock-out stops password sign-ins only: sessions,
//! refresh and reset go on (checklist 78).
use std::time::Duration;

use poolhouse_store::Tx;
use poolhouse_store::tables::attempts::{self as table, Backoff};
use tokio::sync::OwnedMutexGuard;

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::Pool;

/// Five failures are free; the fifth locks for a second, each further one for twice as long, a quarter of an hour at
/// most; a quarter of an hour without failures forgets them (developer guide, "Lockout behavior").
const PASSWORD: Backoff = Backoff { free: 5, base_ms: 1000, cap_ms: 15 * 60 * 1000, reset_after_ms: 15 * 60 * 1000 };
const PASSWORD_KIND: &str = "password";
/// Failures of a day, whatever quiet lay between them. Cognito forgets after a quarter of an hour, which leaves a patient
/// attacker some 800 guesses a day; here the failures after the first twelve of a day each lock for a quarter of an hour.
/// Of any 24 hours two such windows see a part: 12 + 12 + 96 guesses, 120 at most (checklist 75).
const DAY_KIND: &str = "password_day";
const FAST_A_DAY: i64 = 12;
/// How long a try waits for the tries before it, for the same subject. A line of them must not outlive the patience of those who stand in it.
const PATIENCE: Duration = Duration::from_secs(5);
const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// One password try that has leave to be evaluated. It counts as failed until [`Attempt::succeeded`] says otherwise, so
/// that a try whose answer never comes was not free.
pub struct Attempt {
    pool_id: String,
    subject: String,
    /// Keeps other tries for the same subject waiting until this one is decided.
    _turn: OwnedMutexGuard<()>,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt").field("pool_id", &self.pool_id).finish_non_exhaustive()
    }
}

/// Asks for leave to evaluate one password for `subject`; refuses with `Password attempts exceeded` while locked, which
/// does not extend the lock. The reservation is one statement: of two hundred parallel guesses on any number of nodes,
/// five get through (checklist 76). In this process tries for one subject take turns, so that a user whose devices all
/// sign in at once with the right password is not locked out by their own reservations.
pub async fn begin(ctx: &Ctx, pool: &Pool, subject: &str) -> Result<Attempt> {
    begin_admitted(ctx, pool, subject, || Ok(())).await.map(|(attempt, ())| attempt)
}

/// As [`begin`], for a try that costs work. When its turn has come, and before it is counted, `admit` says whether the work
/// has room: one that is turned away was not evaluated, and a flood must not lock out whoever stands in it.
pub async fn begin_admitted<P>(ctx: &Ctx, pool: &Pool, subject: &str, admit: impl FnOnce() -> Result<P>) -> Result<(Attempt, P)> {
    let turn = ctx.engine.turns.of(&format!("{}/{subject}", pool.id)).lock_owned();
    let turn = tokio::time::timeout(PATIENCE, turn).await;
    let turn = turn.map_err(|_| Error::overloaded("too many tries for one user wait for each other"))?;
    let place = admit()?;
    let (pool_id, key, now) = (pool.id.clone(), subject.to_owned(), ctx.now);
    let leave = ctx.store().write(async move |tx| reserve(tx, &pool_id, &key, now).await).await?;
    if !leave {
        ctx.engine.metrics.lockout();
        return Err(Error::not_authorized("Password attempts exceeded"));
    }
    Ok((Attempt { pool_id: pool.id.clone(), subject: subject.to_owned(), _turn: turn }, place))
}

/// Inside a write: whether this guess has leave. The first statement decides and holds the row, so that the count of the
/// day, too, is taken by one guess at a time.
async fn reserve(tx: &mut Tx, pool_id: &str, subject: &str, now: i64) -> poolhouse_store::Result<bool> {
    if table::reserve(tx, pool_id, subject, PASSWORD_KIND, now, &PASSWORD).await?.is_none() {
        return Ok(false);
    }
    let today = table::reserve_in_window(tx, pool_id, subject, DAY_KIND, now, DAY_MS, i64::MAX).await?;
    if today.is_some_and(|count| count >= FAST_A_DAY) {
        table::lock(tx, pool_id, subject, PASSWORD_KIND, now.saturating_add(PASSWORD.cap_ms)).await?;
    }
    Ok(true)
}

/// Inside a write: an administrator unlocks, or the user is gone.
pub async fn forget(tx: &mut Tx, pool_id: &str, subject: &str) -> poolhouse_store::Result<()> {
    table::clear(tx, pool_id, subject, PASSWORD_KIND).await?;
    table::clear(tx, pool_id, subject, DAY_KIND).await?;
    Ok(())
}

/// Counts one more of `kind` in this day and says how many that makes.
pub async fn tally(ctx: &Ctx, pool: &Pool, subject: &str, kind: &'static str) -> Result<i64> {
    let (pool_id, subject, kind, now) = (pool.id.clone(), subject.to_owned(), kind.to_owned(), ctx.now);
    let count = ctx
        .store()
        .write(async move |tx| table::reserve_in_window(tx, &pool_id, &subject, &kind, now, DAY_MS, i64::MAX).await)
        .await?;
    Ok(count.unwrap_or(i64::MAX))
}

/// Begins the count of `kind` anew.
pub async fn clear(ctx: &Ctx, pool: &Pool, subject: &str, kind: &'static str) -> Result<()> {
    let (pool_id, subject, kind) = (pool.id.clone(), subject.to_owned(), kind.to_owned());
    ctx.store().write(async move |tx| table::clear(tx, &pool_id, &subject, &kind).await).await?;
    Ok(())
}

impl Attempt {
    /// The password was right: forgets this try and the failures before it. The failures of the day stay, or every
    /// sign-in of its owner would buy whoever guesses at an account a new start.
    pub async fn succeeded(self, ctx: &Ctx) -> Result<()> {
        let (pool_id, subject) = (self.pool_id.clone(), self.subject.clone());
        ctx.store()
            .write(async move |tx| {
                table::clear(tx, &pool_id, &subject, PASSWORD_KIND).await?;
                table::give_back(tx, &pool_id, &subject, DAY_KIND).await
            })
            .await?;
        Ok(())
    }
}

/// Takes one of `max` uses an hour of `kind` for this subject; refuses with `Attempt limit exceeded, …` when they are
/// spent. Cognito's caps: ForgotPassword and ConfirmForgotPassword 5 to 20, ResendConfirmationCode 5, ConfirmSignUp 15,
/// ChangePassword 5, GetUserAttributeVerificationCode 5, VerifyUserAttribute 15 (quotas).
pub async fn hourly(ctx: &Ctx, pool: &Pool, subject: &str, kind: &'static str, max: i64) -> Result<()> {
    // Owned: a borrow inside an async closure, even a static one, makes the future not `Send` for every lifetime.
    let (pool_id, subject, kind, now) = (pool.id.clone(), subject.to_owned(), kind.to_owned(), ctx.now);
    let used = ctx
        .store()
        .write(async move |tx| table::reserve_in_window(tx, &pool_id, &subject, &kind, now, HOUR_MS, max).await)
        .await?;
    used.map(|_| ()).ok_or_else(|| Error::limit_exceeded("Attempt limit exceeded, please try after some time."))
}
