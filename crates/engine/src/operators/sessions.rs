//! Browsers that are signed in to the console, and when that ends.
use std::collections::BTreeMap;

use poolhouse_store::tables::operator_sessions::{self as table, OperatorSessionRow};
use poolhouse_store::tables::operators;

use super::{Operator, from_row};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::keys::entropy;
use crate::keys::secret::hash32;

const DOMAIN: &str = "operator-session";
/// Sessions that are listed.
const LISTED_MAX: i64 = 100;
/// Milliseconds between two notes of a session's use.
const NOTE_EVERY_MS: i64 = 20_000;

/// A new session; its id is told this once, in a cookie.
pub struct Session {
    pub id: String,
}

/// How long a session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Without a request, milliseconds.
    pub idle_ms: i64,
    /// In all, milliseconds.
    pub most_ms: i64,
}

impl Times {
    /// Sessions are open that began after the first and were used after the second of these.
    fn since(self, now: i64) -> (i64, i64) {
        (now.saturating_sub(self.most_ms), now.saturating_sub(self.idle_ms))
    }
}

/// One open session, as its operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Milliseconds since the epoch.
    pub began_at: i64,
    /// Milliseconds since the epoch, to some seconds.
    pub seen_at: i64,
    /// Whether it is the one of the id that was given.
    pub this: bool,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// There is no such session, or it was ended.
    Unknown,
    /// Nothing was asked for too long.
    Idle,
    /// It has lasted as long as one may.
    Over,
}

pub(super) fn fresh(ctx: &Ctx, operator_id: &str) -> (Session, OperatorSessionRow) {
    let id = entropy::token(ctx.entropy());
    let (hash, operator_id) = (hash32(DOMAIN, id.as_bytes()).to_vec(), operator_id.to_owned());
    (Session { id }, OperatorSessionRow { hash, operator_id, created_at: ctx.now, seen_at: ctx.now })
}

/// Whose session this is; ends it where its time is over. The role is read each time, so that a demotion counts at once.
pub async fn enter(ctx: &Ctx, id: &str, times: Times) -> Result<Result<Operator, Left>> {
    let hash = hash32(DOMAIN, id.as_bytes());
    let mut reader = ctx.store().reader().await?;
    let Some(session) = table::get(&mut reader, &hash).await? else { return Ok(Err(Left::Unknown)) };
    let operator = operators::get(&mut reader, &session.operator_id).await?;
    drop(reader);
    let over = if session.created_at.saturating_add(times.most_ms) <= ctx.now {
        Some(Left::Over)
    } else if session.seen_at.saturating_add(times.idle_ms) <= ctx.now {
        Some(Left::Idle)
    } else {
        None
    };
    let (Some(row), None) = (operator, over) else {
        ctx.store().write(async move |tx| table::end(tx, &hash).await).await?;
        return Ok(Err(over.unwrap_or(Left::Unknown)));
    };
    if session.seen_at.saturating_add(NOTE_EVERY_MS.min(times.idle_ms / 4)) <= ctx.now {
        let (now, every, id) = (ctx.now, NOTE_EVERY_MS.min(times.idle_ms / 4), row.id.clone());
        let body = async move |tx: &mut poolhouse_store::Tx| {
            table::touch(tx, &hash, now, every).await?;
            operators::touch(tx, &id, now, 60_000).await
        };
        ctx.store().write(body).await?;
    }
    Ok(Ok(from_row(&row)?))
}

/// Ends a session.
pub async fn leave(ctx: &Ctx, id: &str) -> Result<()> {
    let hash = hash32(DOMAIN, id.as_bytes());
    let entry = ctx.entry("OperatorSignOut");
    let ended = ctx.store().write(async move |tx| table::end(tx, &hash).await).await.map_err(crate::error::Error::from);
    entry.end(ended.as_ref().err());
    ended.map(|_| ())
}

/// An operator's open sessions, the last used first; `id` is that of whoever asks.
pub async fn seen(ctx: &Ctx, operator: &Operator, id: &str, times: Times) -> Result<Vec<Seen>> {
    let (hash, (began, used)) = (hash32(DOMAIN, id.as_bytes()), times.since(ctx.now));
    let mut reader = ctx.store().reader().await?;
    let rows = table::open_of(&mut reader, &operator.id, began, used, LISTED_MAX).await?;
    let seen = |row: &OperatorSessionRow| Seen { began_at: row.created_at, seen_at: row.seen_at, this: row.hash == hash };
    Ok(rows.iter().map(seen).collect())
}

/// How many open sessions each operator has, by id; none where there are none.
pub async fn counts(ctx: &Ctx, times: Times) -> Result<BTreeMap<String, i64>> {
    let (began, used) = times.since(ctx.now);
    let mut reader = ctx.store().reader().await?;
    Ok(table::count_open(&mut reader, began, used).await?.into_iter().collect())
}

/// Ends an operator's sessions but that of `id`; how many that were.
pub async fn end_others(ctx: &Ctx, operator: &Operator, id: &str) -> Result<u64> {
    ctx.concerns("Operator", &operator.name);
    let (hash, operator_id) = (hash32(DOMAIN, id.as_bytes()), operator.id.clone());
    let body = async move |tx: &mut poolhouse_store::Tx| table::end_others(tx, &operator_id, &hash).await;
    ctx.change("EndOperatorSessions", async { Ok(ctx.store().write(body).await?) }).await
}
