//! Passwords at rest: an Argon2id record always, an SRP verifier only while a client of the pool allows SRP (checklist
//! 176, 177). Called wherever a password is set or checked. Hashing runs on its bounded pool, never in a write.
use std::sync::Arc;

use poolhouse_store::Tx;
use poolhouse_store::tables::clients as clients_table;
use poolhouse_store::tables::users::{self as table, UserRow};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{ExplicitAuthFlowsType, UserPoolClientType};
use zeroize::Zeroizing;

use super::User;
use crate::clients;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keyring;
use crate::keys::CryptoFailure;
use crate::keys::seal;
use crate::keys::srp::Verifier;
use crate::pools::Pool;
use crate::work::Place;

const FIELD: &str = "srp_verifier/1";
/// Clients read at a time while looking for one that allows SRP.
const CLIENTS_PAGE: i64 = 100;

/// A password made ready to be stored.
#[derive(Clone)]
pub struct Prepared {
    hash: String,
    srp: Option<Vec<u8>>,
}

impl Prepared {
    /// Puts the password into a row; an older one is gone.
    pub fn put_into(self, row: &mut UserRow) {
        row.password_hash = Some(self.hash);
        row.srp_sealed = self.srp;
    }
}

/// Hashes a password that the policy has accepted, and makes the verifier where the pool needs one.
pub async fn prepare(ctx: &Ctx, pool: &Pool, user: &User, password: &str) -> Result<Prepared> {
    let hash = hash(ctx, password).await?;
    let srp = match srp_in_use(ctx, pool).await? {
        true => Some(verifier(ctx, pool, user, password).await?),
        false => None,
    };
    Ok(Prepared { hash, srp })
}

async fn hash(ctx: &Ctx, password: &str) -> Result<String> {
    let (engine, password) = (Arc::clone(&ctx.engine), Zeroizing::new(password.to_owned()));
    Ok(ctx.engine.work.passwords.run(move || engine.keys.passwords.hash(&password, &*engine.entropy)).await??)
}

/// The sealed verifier: bound to pool and user, so that a row copied over another's does not open.
async fn verifier(ctx: &Ctx, pool: &Pool, user: &User, password: &str) -> Result<Vec<u8>> {
    let (engine, password) = (Arc::clone(&ctx.engine), Zeroizing::new(password.to_owned()));
    let (pool_name, username) = (pool.srp_name().to_owned(), user.username().to_owned());
    let made = ctx.engine.work.srp.run(move || Verifier::new(&pool_name, &username, &password, &*engine.entropy)).await?;
    Ok(seal::seal(&pool.key, sealed_at(pool, user), made.to_bytes().expose(), ctx.entropy())?)
}

fn sealed_at<'a>(pool: &'a Pool, user: &'a User) -> seal::Place<'a> {
    seal::Place { pool: &pool.id, row: user.sub(), field: FIELD }
}

/// Whether the password is this user's. Unknown users and users without a password cost the same work and never match,
/// nor does an empty password (checklist 72, 87).
pub async fn verify(ctx: &Ctx, user: Option<&User>, password: &str) -> Result<bool> {
    verify_in(place(ctx)?, ctx, user, password).await
}

/// A place in line for [`verify_in`].
pub fn place(ctx: &Ctx) -> Result<Place> {
    Ok(ctx.engine.work.passwords.admit()?)
}

/// As [`verify`], for whoever had to know first that there is room.
pub async fn verify_in(place: Place, ctx: &Ctx, user: Option<&User>, password: &str) -> Result<bool> {
    let record = user.and_then(|u| u.row.password_hash.clone());
    let (engine, password) = (Arc::clone(&ctx.engine), Zeroizing::new(password.to_owned()));
    let right = place.run(move || engine.keys.passwords.verify(&password, record.as_deref())).await?;
    right.map_err(|e: CryptoFailure| Error::internal(format!("user {}: {e}", user.map_or("", User::sub))))
}

/// Whether the pool forbids passwords that were used before, and this one is in use. Older ones are not kept.
pub async fn is_reused(ctx: &Ctx, pool: &Pool, user: &User, password: &str) -> Result<bool> {
    if pool.password_policy().password_history_size.unwrap_or(0) == 0 {
        return Ok(false);
    }
    verify(ctx, Some(user), password).await
}

/// `Password has previously been used` (observed).
pub fn already_used() -> Error {
    Error::new(ErrorCode::PasswordHistoryPolicyViolationException, "Password has previously been used")
}

/// After a right plain password: hashes anew what was hashed with older parameters, and makes a verifier that is missing
/// since SRP was switched on. A user changed at the same moment keeps what the other change wrote.
pub async fn refresh_stored(ctx: &Ctx, pool: &Pool, user: &User, password: &str) -> Result<()> {
    let outdated = user.row.password_hash.as_deref().is_some_and(|record| ctx.engine.keys.passwords.needs_rehash(record));
    let missing = user.row.srp_sealed.is_none() && srp_in_use(ctx, pool).await?;
    if !outdated && !missing {
        return Ok(());
    }
    let new_hash = if outdated { Some(hash(ctx, password).await?) } else { None };
    let new_srp = if missing { Some(verifier(ctx, pool, user, password).await?) } else { None };
    let Some(old) = user.row.password_hash.clone() else { return Ok(()) };
    let (pool_id, sub) = (pool.id.clone(), user.sub().to_owned());
    ctx.store()
        .write(async move |tx| table::refresh_password(tx, &pool_id, &sub, &old, new_hash.as_deref(), new_srp.as_deref()).await)
        .await?;
    Ok(())
}

/// The verifier to answer SRP_A with. Who has none, or does not exist, gets an invented one that is the same at every
/// try and on every node, and that no password fits (RFC 5054 §2.5.1.3; checklist 73).
pub fn srp_verifier(pool: &Pool, user: Option<&User>, subject: &str) -> Result<Verifier> {
    if let Some((user, sealed)) = user.and_then(|u| u.row.srp_sealed.as_ref().map(|sealed| (u, sealed))) {
        let plain = keyring::open(&pool.key, sealed_at(pool, user), sealed)?;
        return Verifier::from_bytes(plain.expose()).map_err(|e| Error::internal(format!("user {}: {e}", user.sub())));
    }
    Ok(Verifier::fake(&pool.key.fake_identity_key()?, &pool.id, subject))
}

/// Whether verifiers are kept: some client allows a flow that may begin with SRP, or there is no client yet.
pub async fn srp_in_use(ctx: &Ctx, pool: &Pool) -> Result<bool> {
    let mut reader = ctx.store().reader().await?;
    let mut after = String::new();
    loop {
        let page = clients_table::list(&mut reader, &pool.id, &after, CLIENTS_PAGE).await?;
        let Some(last) = page.last() else { return Ok(after.is_empty()) };
        after.clone_from(&last.id);
        for row in page {
            let document: UserPoolClientType = serde_json::from_str(&row.document)
                .map_err(|e| Error::internal(format!("client {}: its document does not parse: {e}", row.id)))?;
            if may_use_srp(&document) {
                return Ok(true);
            }
        }
    }
}

/// Whether a client with these settings may start a sign-in with SRP_A: by itself, as a choice of USER_AUTH, or as the
/// first step of CUSTOM_AUTH.
pub fn may_use_srp(document: &UserPoolClientType) -> bool {
    use ExplicitAuthFlowsType as F;
    [F::AllowUserSrpAuth, F::AllowUserAuth, F::AllowCustomAuth].into_iter().any(|flow| clients::flow_allowed(document, flow))
}

/// Inside the write that took SRP away from the last client that allowed it: a stolen verifier can be guessed at
/// offline, so none is kept without need (checklist 177).
pub async fn drop_verifiers(tx: &mut Tx, pool_id: &str) -> poolhouse_store::Result<()> {
    table::drop_srp(tx, pool_id).await.map(|_| ())
}
