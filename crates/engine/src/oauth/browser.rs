//! The browser's session with a pool: the `cognito` cookie. It lives an hour from the interactive sign-in and is never
//! extended (developer guide, managed login); only its hash is stored (checklist 53).
use poolhouse_store::tables::browser_sessions::{self as table, BrowserSessionRow};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::keys::{entropy, secret};
use crate::oauth::site::Site;
use crate::pools::{self, Pool};
use crate::users::{self, User};

/// Milliseconds a browser session lives.
pub const LIFETIME_MS: i64 = 3_600_000;

/// A live session of a browser.
#[derive(Debug)]
pub struct Browser {
    pub user: User,
    /// Seconds since the epoch of the interactive sign-in.
    pub auth_time: i64,
}

/// The session of a cookie; anything that is not one of ours, or belongs to another pool, is nobody (checklist 54).
pub async fn find(ctx: &Ctx, pool: &Pool, cookie: Option<&str>) -> Result<Option<Browser>> {
    let Some(cookie) = cookie.filter(|c| c.len() <= 128) else { return Ok(None) };
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, &pool.id, &hash(cookie), ctx.now).await?;
    drop(reader);
    let Some(row) = row else { return Ok(None) };
    let user = users::by_sub(ctx, pool, &row.sub).await?.filter(User::enabled);
    Ok(user.map(|user| Browser { user, auth_time: row.auth_time }))
}

/// The session of a cookie where the site may be any pool's: on our own address only the session knows its pool.
pub async fn at(ctx: &Ctx, site: &Site, cookie: Option<&str>) -> Result<Option<Browser>> {
    let Some(cookie) = cookie else { return Ok(None) };
    if let Some(pool) = &site.pool {
        return find(ctx, pool, Some(cookie)).await;
    }
    let mut reader = ctx.store().reader().await?;
    let row = table::find(&mut reader, &hash(cookie), ctx.now).await?;
    drop(reader);
    let Some(row) = row else { return Ok(None) };
    match pools::find(ctx, &row.pool_id).await? {
        Some(pool) => find(ctx, &pool, Some(cookie)).await,
        None => Ok(None),
    }
}

/// A new session after an interactive sign-in, always under a new id (session fixation, checklist 52). Returns the
/// cookie's value.
pub async fn start(ctx: &Ctx, pool: &Pool, user: &User, auth_time: i64) -> Result<String> {
    let cookie = entropy::token(ctx.entropy());
    let row = BrowserSessionRow {
        hash: hash(&cookie),
        pool_id: pool.id.clone(),
        sub: user.sub().to_owned(),
        auth_time,
        created_at: ctx.now,
        expires_at: ctx.now + LIFETIME_MS,
    };
    ctx.store().write(async move |tx| table::insert(tx, &row).await).await?;
    Ok(cookie)
}

/// Ends the session of a cookie.
pub async fn end(ctx: &Ctx, cookie: &str) -> Result<()> {
    let hash = hash(cookie);
    ctx.store().write(async move |tx| table::end(tx, &hash).await).await?;
    Ok(())
}

fn hash(cookie: &str) -> Vec<u8> {
    secret::hash32("browser_session", cookie.as_bytes()).to_vec()
}
