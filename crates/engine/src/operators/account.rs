//! What operators change about themselves: the password, and the key of the codes. Each asks for the password and a code again, since
//! whoever holds a session that was stolen or left open must not make it last; and each ends every session and begins one anew, so that
//! a copied cookie dies with the others.
use poolhouse_store::Tx;
use poolhouse_store::tables::operator_sessions;
use poolhouse_store::tables::operators::{self as table, OperatorRow};
use poolhouse_wire::ErrorCode;

use super::Operator;
use super::links::SEED_BYTES;
use super::sessions::{self, Session};
use super::sign_in::{check_password, hash, key_of, look, proven, wrong};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::secret::hash32;
use crate::keys::totp;

const DOMAIN: &str = "operator-totp-renewal";

/// What is typed to prove that it is still the operator.
pub struct Proof<'a> {
    pub password: &'a str,
    /// A code of the key that is in force.
    pub code: &'a str,
}

pub struct NewPassword<'a> {
    pub proof: Proof<'a>,
    pub password: &'a str,
}

pub struct NewKey<'a> {
    pub proof: Proof<'a>,
    /// What [`new_key`] was asked with.
    pub nonce: &'a str,
    /// A code of the new key, to prove that the app has it.
    pub code: &'a str,
}

/// Gives oneself another password.
///
/// # Errors
/// What is wrong with what was typed; too many wrong tries from this address.
pub async fn change_password(ctx: &Ctx, operator: &Operator, typed: &NewPassword<'_>) -> Result<Session> {
    check_password(typed.password)?;
    if typed.password == typed.proof.password {
        return Err(Error::invalid_parameter("The new password is the one you have."));
    }
    let work = async |row: OperatorRow, step: i64| {
        let new = hash(ctx, typed.password).await?;
        let (session, known) = sessions::fresh(ctx, &row.id);
        let now = ctx.now;
        let body = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
            let taken = table::take_step(tx, &row.id, step, now).await?;
            if !taken || !table::refresh_password(tx, &row.id, &row.password, &new).await? {
                return Ok(false);
            }
            operator_sessions::end_all(tx, &row.id).await?;
            operator_sessions::insert(tx, &known).await?;
            Ok(true)
        };
        Ok(ctx.store().write(body).await?.then_some(session))
    };
    again(ctx, operator, "ChangeOperatorPassword", &typed.proof, work).await
}

/// The key that [`renew_key`] would put in force, in Base32. It follows from what the page sends again, so that nothing is kept meanwhile,
/// and from the key of today, so that what was shown once is not put in force twice.
///
/// # Errors
/// The operator is gone.
pub async fn new_key(ctx: &Ctx, operator: &Operator, nonce: &str) -> Result<String> {
    Ok(totp::base32(&key_of(ctx, &seed(&load(ctx, operator).await?, nonce))))
}

/// Hashed with the row's own, whoever sends the nonce: nobody can choose a key that somebody else has.
fn seed(row: &OperatorRow, nonce: &str) -> [u8; SEED_BYTES] {
    hash32(DOMAIN, &[row.totp_seed.as_slice(), row.id.as_bytes(), nonce.as_bytes()].concat())
}

/// Puts the key of [`new_key`] in force.
///
/// # Errors
/// As [`change_password`].
pub async fn renew_key(ctx: &Ctx, operator: &Operator, typed: &NewKey<'_>) -> Result<Session> {
    let new = seed(&load(ctx, operator).await?, typed.nonce);
    let Some(new_step) = totp::matched(&key_of(ctx, &new), typed.code, ctx.now) else {
        return Err(Error::invalid_parameter("The code of the new key is not one of this moment. Is the app's clock right?"));
    };
    let work = async |row: OperatorRow, step: i64| {
        let (session, known) = sessions::fresh(ctx, &row.id);
        let now = ctx.now;
        let body = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
            let taken = table::take_step(tx, &row.id, step, now).await?;
            if !taken || !table::renew_totp(tx, &row.id, &row.totp_seed, &new, new_step).await? {
                return Ok(false);
            }
            operator_sessions::end_all(tx, &row.id).await?;
            operator_sessions::insert(tx, &known).await?;
            Ok(true)
        };
        Ok(ctx.store().write(body).await?.then_some(session))
    };
    again(ctx, operator, "RenewOperatorKey", &typed.proof, work).await
}

async fn load(ctx: &Ctx, operator: &Operator) -> Result<OperatorRow> {
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, &operator.id).await?;
    row.ok_or_else(|| Error::not_found(format!("There is no operator {} any more.", operator.name)))
}

/// Does `work` once password and code are right; it is given the row as it was and the code's step, and says `None` where the code was
/// taken or the row changed meanwhile. Wrong tries count as those at the door do, together with them.
async fn again<W>(ctx: &Ctx, operator: &Operator, action: &'static str, proof: &Proof<'_>, work: W) -> Result<Session>
where
    W: AsyncFnOnce(OperatorRow, i64) -> Result<Option<Session>>,
{
    look(ctx)?;
    let entry = ctx.entry(action);
    let done = async {
        let place = ctx.engine.work.passwords.admit()?;
        let row = load(ctx, operator).await?;
        let step = proven(ctx, place, Some(&row), proof.password, proof.code).await?;
        let Some(step) = step else { return Ok(None) };
        // What nobody has proven to be theirs is not worth a write to disk.
        ctx.intend(action).await?;
        work(row, step).await
    };
    let outcome = match done.await {
        Ok(Some(session)) => Ok(session),
        Ok(None) => {
            wrong(ctx);
            Err(Error::new(
                ErrorCode::NotAuthorizedException,
                "Password and code do not fit together, the code was used already, or there were too many tries. After five wrong \
                 ones wait a minute.",
            ))
        }
        Err(error) => Err(error),
    };
    entry.end(outcome.as_ref().err());
    outcome
}
