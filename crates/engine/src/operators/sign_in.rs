//! Name, password and one-time code, judged together: no answer tells which of them was wrong, or who exists.
use std::sync::Arc;

use poolhouse_store::Tx;
use poolhouse_store::tables::operator_sessions;
use poolhouse_store::tables::operators::{self as table, OperatorRow};
use zeroize::Zeroizing;

use super::sessions::{self, Session};
use super::{Operator, from_row};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::totp;
use crate::rates::guesses::Keys;
use crate::work::Place;

/// Characters. Shorter ones fall to a list of common passwords.
pub const PASSWORD_MIN: usize = 12;
pub const PASSWORD_MAX: usize = 256;
pub const NAME_MAX: usize = 64;

/// Wrong tries in a row until the operator is locked, and for how long; every further one locks again. Short, so that
/// locking somebody out takes more than a handful of requests, and long enough that no code is guessed.
const TRIES: i64 = 5;
const LOCK_MS: i64 = 60_000;

/// Signs in; `Ok(None)` for anything that is wrong. A try is counted before it is judged (`TRIES`), each code counts once.
///
/// # Errors
/// Too many wrong tries from this address; no time for another password.
pub async fn sign_in(ctx: &Ctx, name: &str, password: &str, code: &str) -> Result<Option<(Operator, Session)>> {
    look(ctx)?;
    let entry = ctx.entry("OperatorSignIn");
    let judged = judge(ctx, name, password, code).await;
    match &judged {
        Ok(Some(_)) => entry.end(None),
        Ok(None) => {
            wrong(ctx);
            entry.end_as("refused");
        }
        Err(error) => entry.end(Some(error)),
    }
    judged
}

fn keys(ctx: &Ctx) -> Keys {
    Keys { address: ctx.remote.map(|remote| remote.address), ..Keys::default() }
}

/// Whether anything may be tried from this address.
pub(super) fn look(ctx: &Ctx) -> Result<()> {
    let guesses = ctx.engine.rates.guesses.as_ref();
    match guesses.map(|guesses| guesses.look(&keys(ctx), ctx.real_now())) {
        Some(Err((_, empty))) => Err(Error::too_fast(empty.wait_ms).because("too many wrong tries from this address")),
        _ => Ok(()),
    }
}

/// Counts a wrong try from this address.
pub(super) fn wrong(ctx: &Ctx) {
    if let Some(guesses) = ctx.engine.rates.guesses.as_ref() {
        guesses.wrong(&keys(ctx), ctx.real_now());
    }
}

async fn judge(ctx: &Ctx, name: &str, password: &str, code: &str) -> Result<Option<(Operator, Session)>> {
    // Before the write that counts: a flood is turned away without one.
    let place = ctx.engine.work.passwords.admit()?;
    let mut reader = ctx.store().reader().await?;
    let row = table::by_name(&mut reader, name).await?;
    drop(reader);
    let step = proven(ctx, place, row.as_ref(), password, code).await?;
    let (Some(row), Some(step)) = (row, step) else { return Ok(None) };
    let operator = from_row(&row)?;
    let (session, known) = sessions::fresh(ctx, &operator.id);
    let rehashed = match ctx.engine.keys.passwords.needs_rehash(&row.password) {
        true => Some(hash(ctx, password).await?),
        false => None,
    };
    let (now, old) = (ctx.now, row);
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        // A code that was looked at over a shoulder, or sent twice, has been taken (replay).
        if !table::take_step(tx, &old.id, step, now).await? {
            return Ok(false);
        }
        if let Some(new) = &rehashed {
            table::refresh_password(tx, &old.id, &old.password, new).await?;
        }
        operator_sessions::insert(tx, &known).await?;
        Ok(true)
    };
    Ok(ctx.store().write(body).await?.then_some((operator, session)))
}

/// The time step of the code, where password and code are right: whoever goes on has to take it in the same transaction. Counts the try
/// before it is judged, and costs the same whoever it is about.
pub(super) async fn proven(
    ctx: &Ctx,
    place: Place,
    row: Option<&OperatorRow>,
    password: &str,
    code: &str,
) -> Result<Option<i64>> {
    let allowed = match row {
        Some(row) => {
            // A name that exists is no secret typed into the wrong field.
            ctx.concerns("Operator", &row.name);
            let (id, now) = (row.id.clone(), ctx.now);
            ctx.store().write(async move |tx| table::try_once(tx, &id, now, TRIES, LOCK_MS).await).await?
        }
        None => false,
    };
    // Unknown and locked operators cost the same work (checklist 72).
    let (engine, record) = (Arc::clone(&ctx.engine), row.map(|row| row.password.clone()));
    let typed = Zeroizing::new(password.to_owned());
    let right = place.run(move || engine.keys.passwords.verify(&typed, record.as_deref())).await??;
    Ok(row.filter(|_| allowed && right).and_then(|row| totp::matched(&key_of(ctx, &row.totp_seed), code, ctx.now)))
}

/// The key of an operator's codes: not in the database, where only its seed is.
pub(super) fn key_of(ctx: &Ctx, seed: &[u8]) -> [u8; totp::KEY_BYTES] {
    let mac = ctx.engine.keys.mac("operator-totp", &[seed]);
    mac.first_chunk().copied().unwrap_or_default()
}

pub(super) async fn hash(ctx: &Ctx, password: &str) -> Result<String> {
    let (engine, password) = (Arc::clone(&ctx.engine), Zeroizing::new(password.to_owned()));
    Ok(ctx.engine.work.passwords.run(move || engine.keys.passwords.hash(&password, &*engine.entropy)).await??)
}

pub(super) fn check_name(name: &str) -> Result<&str> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._@+-".contains(c);
    match !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(good) {
        true => Ok(name),
        false => {
            Err(Error::invalid_parameter(format!("The name is not 1 to {NAME_MAX} letters, digits and the marks . _ @ + -")))
        }
    }
}

pub(super) fn check_password(password: &str) -> Result<()> {
    match (PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count()) {
        true => Ok(()),
        false => {
            Err(Error::invalid_parameter(format!("The password does not have {PASSWORD_MIN} to {PASSWORD_MAX} characters.")))
        }
    }
}
