//! Revoking: one session by its refresh token (RFC 7009), or all sessions of a user. What is revoked here is refused on
//! every node at the next call, because nobody caches it (checklist 23).
use poolhouse_store::tables::{authorization_codes, browser_sessions, refresh as table, sessions, users as users_table};
use poolhouse_wire::ErrorCode;

use super::hash;
use crate::clients::Client;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::jwe;
use crate::pools::Pool;

/// Revokes the session of a refresh token. Unknown, expired and already revoked tokens succeed (RFC 7009 §2.2).
pub async fn by_refresh_token(ctx: &Ctx, pool: &Pool, client: &Client, token: &str) -> Result<()> {
    if !client.revocable() {
        return Err(Error::new(ErrorCode::UnsupportedOperationException, "Token revocation is not enabled for this client"));
    }
    // Three parts are a signed token: an access or ID token (RFC 7009 §2.2.1).
    if token.split('.').count() == 3 && !jwe::looks_like_refresh_token(token) {
        return Err(Error::new(ErrorCode::UnsupportedTokenTypeException, "Unsupported token type"));
    }
    let mut reader = ctx.store().reader().await?;
    let found = table::get(&mut reader, &hash(token)).await?;
    drop(reader);
    let Some((_, family)) = found else { return Ok(()) };
    if family.client_id != client.id || family.pool_id != pool.id {
        return Err(Error::new(ErrorCode::UnauthorizedException, "The token was issued to another client"));
    }
    ctx.concerns("Sub", &family.sub);
    let now = ctx.now;
    ctx.store().write(async move |tx| table::revoke_family(tx, &family.origin_jti, now).await).await?;
    Ok(())
}

/// Users whose sessions one write ends.
const PAGE: i64 = 500;

/// Ends every session of every user of a pool, browsers' too, and voids codes that were not used yet; how many users there
/// are. Page by page, so that sign-ins never wait behind a long write; it may be run again.
pub async fn all_of_pool(ctx: &Ctx, pool_id: &str) -> Result<u64> {
    let (mut after, mut users) = (String::new(), 0);
    loop {
        let (pool_id, now) = (pool_id.to_owned(), ctx.now);
        let ended = ctx.store().write(async move |tx| sessions::end_page(tx, &pool_id, &after, PAGE, now).await).await?;
        let Some((last, count)) = ended else { return Ok(users) };
        (after, users) = (last, users + count);
    }
}

/// Inside a write: ends every session of a user. Refresh tokens and access tokens die; browser sessions too where
/// `browsers` says so (disable, delete and a reset password; Cognito's GlobalSignOut leaves them).
pub async fn all_of_user(
    tx: &mut poolhouse_store::Tx,
    pool_id: &str,
    sub: &str,
    now: i64,
    browsers: bool,
) -> poolhouse_store::Result<()> {
    table::revoke_by_user(tx, pool_id, sub, now).await?;
    users_table::set_signed_out(tx, pool_id, sub, now).await?;
    // A code on its way would become tokens after the sign-out.
    authorization_codes::delete_of_user(tx, pool_id, sub).await?;
    if browsers {
        browser_sessions::delete_of_user(tx, pool_id, sub).await?;
    }
    Ok(())
}
