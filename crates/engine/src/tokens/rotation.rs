//! Changing a pool's signing keys: published first, signing later, and kept for as long as a token may live (checklist 39).
//!
//! Who verifies tokens elsewhere keeps the JWKS for a while. So a new key is published at once and signs only when every
//! such copy has been fetched again; the old one leaves the JWKS when its last token has expired. Each step is one
//! transaction with the pool's version in it, which names every node's cached set: of several nodes one wins, a crash
//! leaves the state before or after, and no node signs with a key that another does not know (checklist 168).
//! Called by the `signing-key` commands and, for what falls due, by the server's background task.
use poolhouse_store::Tx;
use poolhouse_store::tables::pools as pools_table;
use poolhouse_store::tables::signing_keys::{self as table, SigningKeyRow};

use super::signing::{ACTIVE, NEXT, PURPOSES, RETIRED, make};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::rsa::KeyPurpose;
use crate::pools::{self, Pool};

const HOUR_MS: i64 = 3_600_000;
/// Milliseconds between publishing and signing, unless said otherwise. Copies of the JWKS that heed its max-age live an
/// hour; gateways that do not have been seen to keep theirs for two; a day leaves room for one that is fetched daily.
pub const WAIT_MS: i64 = 24 * HOUR_MS;
/// The least: the max-age of the JWKS.
pub const LEAST_WAIT_MS: i64 = HOUR_MS;
/// Milliseconds a key stays published after its last signature: the longest an access or ID token may live (API reference,
/// TokenValidityUnitsType: one day), and an hour for clocks that differ.
pub const KEPT_MS: i64 = 25 * HOUR_MS;
/// Pools handled in one run of the background step; the rest wait for the next minute.
const BATCH: i64 = 50;
/// Pools whose rotation is begun in one run: each needs two new keys, which are costly.
const BEGUN_BATCH: i64 = 5;

/// One key, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    pub kid: String,
    /// `id` or `access`.
    pub purpose: String,
    pub state: KeyState,
    pub created_at: i64,
}

/// What a key does, and until or from when; milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Signs, since.
    Active(i64),
    /// Published; signs from.
    Next(i64),
    /// Published; leaves the JWKS at.
    Retired(i64),
}

/// What became of a wish to rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// New keys are published and sign from this time.
    Published(i64),
    /// A rotation is under way already: its keys sign from this time.
    UnderWay(i64),
}

/// What became of a wish to revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// It did not sign any more, or not yet.
    Idle,
    /// It signed; the key that had been published as the next one does now.
    ByNext,
    /// It signed; a key nobody has seen before does now.
    ByUnseen,
    /// The pool has no such key.
    Unknown,
}

/// The pool's keys: what the JWKS shows, in its order.
pub async fn list(ctx: &Ctx, pool_id: &str) -> Result<Vec<KeyFacts>> {
    let pool = pools::load(ctx, pool_id).await?;
    let mut reader = ctx.store().reader().await?;
    let rows = table::of_pool(&mut reader, &pool.id).await?;
    rows.into_iter().map(facts).collect()
}

fn facts(row: SigningKeyRow) -> Result<KeyFacts> {
    let state = match row.state.as_str() {
        ACTIVE => KeyState::Active(row.activate_at),
        NEXT => KeyState::Next(row.activate_at),
        RETIRED => KeyState::Retired(row.retire_at.unwrap_or(row.created_at)),
        other => return Err(Error::internal(format!("signing key {}: unknown state {other}", row.kid))),
    };
    Ok(KeyFacts { kid: row.kid, purpose: row.purpose, state, created_at: row.created_at })
}

/// Publishes a new key for each purpose, to sign in `wait_ms`.
pub async fn begin(ctx: &Ctx, pool_id: &str, wait_ms: i64) -> Result<Begun> {
    let pool = pools::load(ctx, pool_id).await?;
    let activate_at = ctx.now + wait_ms;
    if let Some(at) = under_way(ctx, &pool).await? {
        return Ok(Begun::UnderWay(at));
    }
    let mut rows = Vec::with_capacity(PURPOSES.len());
    for purpose in PURPOSES {
        rows.push(make(ctx, &pool.id, &pool.key, purpose, NEXT, activate_at).await?);
    }
    let id = pool.id.clone();
    let inserted: poolhouse_store::Result<()> = ctx
        .store()
        .write(async move |tx| {
            for row in &rows {
                table::insert(tx, row).await?;
            }
            pools_table::raise_version(tx, &id).await.map(|_| ())
        })
        .await;
    match inserted {
        Ok(()) => Ok(Begun::Published(activate_at)),
        // Somebody else was first: the database has one next key for each purpose.
        Err(poolhouse_store::Error::Unique(_)) => Ok(Begun::UnderWay(under_way(ctx, &pool).await?.unwrap_or(activate_at))),
        Err(error) => Err(error.into()),
    }
}

async fn under_way(ctx: &Ctx, pool: &Pool) -> Result<Option<i64>> {
    let mut reader = ctx.store().reader().await?;
    let rows = table::of_pool(&mut reader, &pool.id).await?;
    Ok(rows.iter().filter(|row| row.state == NEXT).map(|row| row.activate_at).max())
}

/// Publishes new keys, or takes those that are published, and signs with them at once: for emergencies. Whoever has an older
/// JWKS refuses new tokens until it fetches again.
pub async fn now(ctx: &Ctx, pool_id: &str) -> Result<()> {
    let pool = pools::load(ctx, pool_id).await?;
    begin(ctx, pool_id, 0).await?;
    promote(ctx, &pool.id, i64::MAX).await.map(|_| ())
}

/// Makes the pool's next keys sign that are due by `due`; whether there was any. The old ones sign no more, and leave the
/// JWKS when the last token of theirs has expired.
async fn promote(ctx: &Ctx, pool_id: &str, due: i64) -> Result<bool> {
    let (pool_id, now) = (pool_id.to_owned(), ctx.now);
    Ok(ctx.store().write(async move |tx| promote_in(tx, &pool_id, due, now).await).await?)
}

async fn promote_in(tx: &mut Tx, pool_id: &str, due: i64, now: i64) -> poolhouse_store::Result<bool> {
    let rows = table::of_pool(tx, pool_id).await?;
    let mut any = false;
    for next in rows.iter().filter(|row| row.state == NEXT && row.activate_at <= due) {
        let active = rows.iter().find(|row| row.state == ACTIVE && row.purpose == next.purpose);
        if let Some(active) = active
            && !table::retire(tx, &active.kid, now + KEPT_MS).await?
        {
            // Another node was first, with both keys: nothing has been changed here yet.
            return if any { Err(poolhouse_store::Error::Retry) } else { Ok(false) };
        }
        if !table::promote(tx, &next.kid, now).await? {
            // Revoked in between. Without a successor the old key must go on signing.
            return Err(poolhouse_store::Error::Retry);
        }
        any = true;
    }
    if any {
        pools_table::raise_version(tx, pool_id).await?;
    }
    Ok(any)
}

/// Takes a key away at once: for one that somebody else has. It leaves the JWKS, and its tokens are refused here from the
/// next request on; elsewhere, as soon as the JWKS is fetched again. If it signs, another takes its place.
pub async fn revoke(ctx: &Ctx, pool_id: &str, kid: &str) -> Result<Revoked> {
    let pool = pools::load(ctx, pool_id).await?;
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, kid).await?.filter(|row| row.pool_id == pool.id);
    drop(reader);
    let Some(row) = row else { return Ok(Revoked::Unknown) };
    let purpose: KeyPurpose = row.purpose.parse()?;
    let unseen = match row.state == ACTIVE {
        true => Some(make(ctx, &pool.id, &pool.key, purpose, ACTIVE, ctx.now).await?),
        false => None,
    };
    let now = ctx.now;
    let revoking = ctx.store().write(async move |tx| {
        if !table::delete(tx, &row.kid, &row.state).await? {
            // It has begun or ceased to sign in between.
            return Err(poolhouse_store::Error::Retry);
        }
        let revoked = match &unseen {
            None => Revoked::Idle,
            Some(unseen) => replace(tx, &row, unseen, now).await?,
        };
        pools_table::raise_version(tx, &row.pool_id).await?;
        Ok(revoked)
    });
    let revoked: poolhouse_store::Result<Revoked> = revoking.await;
    Ok(revoked?)
}

async fn replace(tx: &mut Tx, gone: &SigningKeyRow, unseen: &SigningKeyRow, now: i64) -> poolhouse_store::Result<Revoked> {
    let rows = table::of_pool(tx, &gone.pool_id).await?;
    // Better than a key nobody has: some have seen this one published.
    if let Some(next) = rows.iter().find(|row| row.state == NEXT && row.purpose == gone.purpose) {
        return match table::promote(tx, &next.kid, now).await? {
            true => Ok(Revoked::ByNext),
            false => Err(poolhouse_store::Error::Retry),
        };
    }
    table::insert(tx, unseen).await?;
    Ok(Revoked::ByUnseen)
}

/// What falls due by itself, on any node: next keys whose time has come sign, retired ones leave, and where keys are to be
/// changed every so often (milliseconds), a rotation begins. Returns how many pools were touched.
///
/// # Errors
/// The first; other pools have been seen to none the less.
pub async fn step(ctx: &Ctx, rotate_every_ms: Option<i64>) -> Result<u64> {
    let mut reader = ctx.store().reader().await?;
    let due = table::due(&mut reader, ctx.now, BATCH).await?;
    let aged = match rotate_every_ms {
        Some(every) => table::aged(&mut reader, ctx.now - every, BEGUN_BATCH).await?,
        None => Vec::new(),
    };
    drop(reader);
    let (mut touched, mut first_error) = (0, None);
    for pool_id in due {
        match promote(ctx, &pool_id, ctx.now).await {
            Ok(any) => touched += u64::from(any),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    for pool_id in aged {
        match begin(ctx, &pool_id, WAIT_MS).await {
            Ok(begun) => touched += u64::from(matches!(begun, Begun::Published(_))),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    touched += forget(ctx).await?;
    first_error.map_or(Ok(touched), Err)
}

/// Retired keys whose time has come leave the JWKS, and every node's cached set.
async fn forget(ctx: &Ctx) -> Result<u64> {
    let now = ctx.now;
    let forgetting = ctx.store().write(async move |tx| {
        let mut pools = table::purge(tx, now, BATCH).await?;
        pools.sort_unstable();
        pools.dedup();
        for pool_id in &pools {
            pools_table::raise_version(tx, pool_id).await?;
        }
        Ok(pools.len() as u64)
    });
    let gone: poolhouse_store::Result<u64> = forgetting.await;
    Ok(gone?)
}
