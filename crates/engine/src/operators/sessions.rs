//! Browsers that are signed in to the console, and when that ends.
use poolhouse_store::tables::operator_sessions::{self as table, OperatorSessionRow};
use poolhouse_store::tables::operators;

use super::{Operator, from_row};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::keys::entropy;
use crate::keys::secret::hash32;

const DOMAIN: &str = "operator-session";
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
