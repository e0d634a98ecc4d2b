//! A test run of a flow, kept between two pages of the console: sealed under its pool's key, because it holds a user's tokens, bound to
//! the browser session that began it, and gone an hour after its last step. Any node opens it. Called by the console's flow runner.
use std::sync::Arc;

use poolhouse_store::Tx;
use poolhouse_store::tables::flow_runs::{self as table, FlowRunRow};
use poolhouse_wire::ErrorCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keyring;
use crate::keys::seal::{self, Place};
use crate::keys::{self, entropy, secret};
use crate::pools::{self, Pool};

/// Milliseconds a run is kept after its last step.
const LIFETIME_MS: i64 = 60 * 60 * 1000;
/// Milliseconds a run is kept after its beginning, whatever is done with it.
const LONGEST_MS: i64 = 12 * LIFETIME_MS;
/// Runs of one owner; the oldest makes room for a new one.
const OF_OWNER: i64 = 10;
/// Runs of all owners together: they hold tokens, and nobody goes through so many at once.
const IN_ALL: i64 = 500;
const FIELD: &str = "flow_run";

/// Whose runs they are: a browser's session, as its hash alone. Nobody else opens them, whatever address they know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(Vec<u8>);

impl Owner {
    /// The owner by the secret of the session's cookie.
    #[must_use]
    pub fn of(session: &str) -> Self {
        Self(secret::hash32("flow_run_owner", session.as_bytes()).to_vec())
    }

    /// The key of a run. Over both, so that a handle alone, read off a screen or out of a history, opens nothing.
    fn hash(&self, id: &str) -> Vec<u8> {
        let both = [self.0.as_slice(), id.as_bytes()].concat();
        secret::hash32("flow_run", &both).to_vec()
    }
}

/// A run as it was left.
#[derive(Debug)]
pub struct Open<R> {
    pub id: String,
    pub pool: Arc<Pool>,
    pub client_id: String,
    pub run: R,
}

/// What is sealed: the handle too, since the row has its hash alone.
#[derive(Serialize)]
struct Kept<'a, R> {
    id: &'a str,
    run: &'a R,
}

#[derive(Deserialize)]
struct Found<R> {
    id: String,
    run: R,
}

/// The handle of a new run: 128 random bits.
pub fn id(ctx: &Ctx) -> String {
    entropy::alphanumerics(ctx.entropy(), 22)
}

/// Keeps a new run; the owner's oldest ones make room for it.
///
/// # Errors
/// `LimitExceededException` where all owners together have as many as are kept.
pub async fn begin<R: Serialize>(ctx: &Ctx, owner: &Owner, open: &Open<R>) -> Result<()> {
    let hash = owner.hash(&open.id);
    let row = FlowRunRow {
        sealed: sealed(ctx, open, &hash)?,
        hash,
        owner: owner.0.clone(),
        pool_id: open.pool.id.clone(),
        client_id: open.client_id.clone(),
        created_at: ctx.now,
        expires_at: ctx.now.saturating_add(LIFETIME_MS),
    };
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        table::keep_newest(tx, &row.owner, OF_OWNER - 1).await?;
        if table::count(tx, row.created_at).await? >= IN_ALL {
            return Ok(false);
        }
        table::insert(tx, &row).await?;
        Ok(true)
    };
    match ctx.store().write(body).await? {
        true => Ok(()),
        false => Err(Error::new(
            ErrorCode::LimitExceededException,
            format!(
                "{IN_ALL} test runs are open on this server, and no more are kept. A run ends an hour after its last step, or when its \
                 operator signs out: try again then."
            ),
        )),
    }
}

/// Keeps the run as it is now; false where it has ended meanwhile.
pub async fn keep<R: Serialize>(ctx: &Ctx, owner: &Owner, open: &Open<R>) -> Result<bool> {
    let hash = owner.hash(&open.id);
    let sealed = sealed(ctx, open, &hash)?;
    let (now, expires_at) = (ctx.now, ctx.now.saturating_add(LIFETIME_MS));
    let body = async move |tx: &mut Tx| table::update(tx, &hash, &sealed, now, expires_at, LONGEST_MS).await;
    Ok(ctx.store().write(body).await?)
}

/// The owner's run of this handle; `None` where there is none, none any more, or it is somebody else's.
pub async fn get<R: DeserializeOwned>(ctx: &Ctx, owner: &Owner, id: &str) -> Result<Option<Open<R>>> {
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, &owner.hash(id), ctx.now).await?;
    drop(reader);
    match row {
        Some(row) => opened(ctx, row).await,
        None => Ok(None),
    }
}

/// Every run of the owner, the newest first.
pub async fn all<R: DeserializeOwned>(ctx: &Ctx, owner: &Owner) -> Result<Vec<Open<R>>> {
    let mut reader = ctx.store().reader().await?;
    let rows = table::of_owner(&mut reader, &owner.0, ctx.now, OF_OWNER).await?;
    drop(reader);
    let mut all = Vec::new();
    for row in rows {
        all.extend(opened(ctx, row).await?);
    }
    Ok(all)
}

/// Ends every run of an owner whose session ends.
pub async fn forget(ctx: &Ctx, owner: &Owner) -> Result<()> {
    let owner = owner.clone();
    ctx.store().write(async move |tx| table::delete_of_owner(tx, &owner.0).await).await?;
    Ok(())
}

/// Sealed for this row alone: one that is copied over another's does not open.
fn place<'a>(pool: &'a Pool, row: &'a str) -> Place<'a> {
    Place { pool: &pool.id, row, field: FIELD }
}

fn sealed<R: Serialize>(ctx: &Ctx, open: &Open<R>, hash: &[u8]) -> Result<Vec<u8>> {
    let plain = serde_json::to_vec(&Kept { id: &open.id, run: &open.run }).map_err(|e| Error::internal(e.to_string()))?;
    Ok(seal::seal(&open.pool.key, place(&open.pool, &keys::hex(hash)), &plain, ctx.entropy())?)
}

async fn opened<R: DeserializeOwned>(ctx: &Ctx, row: FlowRunRow) -> Result<Option<Open<R>>> {
    let Some(pool) = pools::find(ctx, &row.pool_id).await? else { return Ok(None) };
    let plain = keyring::open(&pool.key, place(&pool, &keys::hex(&row.hash)), &row.sealed)?;
    let found: Found<R> =
        serde_json::from_slice(plain.expose()).map_err(|e| Error::internal(format!("a flow run does not parse: {e}")))?;
    Ok(Some(Open { id: found.id, pool, client_id: row.client_id, run: found.run }))
}
