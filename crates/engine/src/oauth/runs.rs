//! A test run of a flow, kept between two pages of the console: sealed under its pool's key, because it holds a user's tokens, and
//! gone an hour after its last step. Any node opens it. Called by the console's flow runner.
use std::sync::Arc;

use poolhouse_store::tables::challenge_sessions::{self as table, ChallengeSessionRow};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keyring;
use crate::keys::seal::{self, Place};
use crate::keys::{entropy, secret};
use crate::pools::{self, Pool};

/// Milliseconds a run is kept after its last step.
const LIFETIME_MS: i64 = 60 * 60 * 1000;
/// What tells a run from a challenge; no challenge of Cognito's is called so.
const CHALLENGE: &str = "POOLHOUSE_FLOW_RUN";

/// A run as it was left.
#[derive(Debug)]
pub struct Open<R> {
    pub pool: Arc<Pool>,
    pub client_id: String,
    pub run: R,
}

/// The handle of a new run: 128 random bits.
pub fn id(ctx: &Ctx) -> String {
    entropy::alphanumerics(ctx.entropy(), 22)
}

/// Keeps the run under its handle, in place of what was kept there.
pub async fn put<R: Serialize>(ctx: &Ctx, pool: &Pool, client_id: &str, id: &str, run: &R) -> Result<()> {
    let plain = serde_json::to_vec(run).map_err(|e| Error::internal(e.to_string()))?;
    let place = Place { pool: &pool.id, row: client_id, field: CHALLENGE };
    let row = ChallengeSessionRow {
        hash: hash(id),
        pool_id: pool.id.clone(),
        client_id: client_id.to_owned(),
        sub: None,
        challenge: CHALLENGE.to_owned(),
        sealed: seal::seal(&pool.key, place, &plain, ctx.entropy())?,
        created_at: ctx.now,
        expires_at: ctx.now + LIFETIME_MS,
    };
    let writing = ctx.store().write(async move |tx| {
        table::take(tx, &row.hash, 0).await?;
        table::insert(tx, &row).await
    });
    let written: poolhouse_store::Result<()> = writing.await;
    Ok(written?)
}

/// The run of this handle; `None` where there is none, or none any more.
pub async fn get<R: DeserializeOwned>(ctx: &Ctx, id: &str) -> Result<Option<Open<R>>> {
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, &hash(id), ctx.now).await?;
    drop(reader);
    let Some(row) = row.filter(|row| row.challenge == CHALLENGE) else { return Ok(None) };
    let Some(pool) = pools::find(ctx, &row.pool_id).await? else { return Ok(None) };
    let place = Place { pool: &pool.id, row: &row.client_id, field: CHALLENGE };
    let plain = keyring::open(&pool.key, place, &row.sealed)?;
    let run = serde_json::from_slice(plain.expose()).map_err(|e| Error::internal(format!("a flow run does not parse: {e}")))?;
    Ok(Some(Open { pool, client_id: row.client_id, run }))
}

fn hash(id: &str) -> Vec<u8> {
    secret::hash32("flow_run", id.as_bytes()).to_vec()
}
