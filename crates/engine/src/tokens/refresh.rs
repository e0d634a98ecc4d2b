//! Refreshing: the rules that REFRESH_TOKEN_AUTH, GetTokensFromRefreshToken and the OAuth grant share, rotation and the
//! detection of a stolen token with them (RFC 9700 §4.14; checklist 21, 22, 23).
use poolhouse_store::tables::refresh::{self as table, FamilyRow, TokenRow};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::UserStatusType;

use super::{FamilyDocument, Grant, TokenSet, hash, refresh_token, sign};
use crate::audit::Alert;
use crate::clients::Client;
use crate::ctx::Ctx;
use crate::error::{Error, OAuthCode, Result};
use crate::pools::Pool;
use crate::pools::unbuilt::{Trigger, no_trigger};
use crate::users::{self, User};

/// New tokens for a refresh token of this client. Where the client rotates, the answer has a new refresh token and the
/// old one dies, at once or after the grace period; using it later revokes the whole family. `wanted` narrows the scopes of
/// these tokens, not of the next ones (RFC 6749 §6).
pub async fn refresh(ctx: &Ctx, pool: &Pool, client: &Client, token: &str, wanted: Option<&[&str]>) -> Result<TokenSet> {
    no_trigger(pool, Trigger::PreTokenGeneration)?;
    let invalid = |why: &str| Error::not_authorized("Invalid Refresh Token").because(why);
    let mut reader = ctx.store().reader().await?;
    let found = table::get(&mut reader, &hash(token)).await?;
    drop(reader);
    let (row, family) = found.ok_or_else(|| invalid("no such refresh token"))?;
    // Bound to client and pool: a token stolen from one client is of no use to another.
    if family.client_id != client.id || family.pool_id != pool.id {
        return Err(invalid("the refresh token belongs to another client").differs(&client.id, &family.client_id));
    }
    ctx.concerns("Sub", &family.sub);
    if family.revoked_at.is_some() {
        return Err(Error::not_authorized("Refresh Token has been revoked"));
    }
    if family.expires_at <= ctx.now {
        return Err(Error::not_authorized("Refresh Token has expired"));
    }
    if row.replaced_at.is_some() && row.replaced_until.is_none_or(|until| until <= ctx.now) {
        return Err(reused(ctx, &family).await?);
    }
    let user = usable_user(ctx, pool, &family).await?;
    ctx.proven(user.sub());
    let document: FamilyDocument = serde_json::from_str(&family.document)
        .map_err(|e| Error::internal(format!("family {}: its document does not parse: {e}", family.origin_jti)))?;
    let grant = Grant {
        pool,
        client,
        user: &user,
        scopes: narrowed(document.scopes, wanted)?,
        auth_time: document.auth_time,
        door: document.door,
        nonce: document.nonce,
        resource: document.resource,
    };
    let tokens = sign(ctx, &grant, &family.origin_jti, document.event_id.as_deref()).await?;
    match client.rotation_grace_seconds() {
        None => Ok(tokens),
        Some(grace_seconds) => rotate(ctx, pool, row, family, tokens, grace_seconds).await,
    }
}

/// The granted scopes that are wanted; one that was never granted is refused, so that no refresh widens (checklist 18).
fn narrowed(granted: Vec<String>, wanted: Option<&[&str]>) -> Result<Vec<String>> {
    let Some(wanted) = wanted else { return Ok(granted) };
    if let Some(foreign) = wanted.iter().find(|scope| !granted.iter().any(|one| one == *scope)) {
        return Err(Error::oauth(OAuthCode::InvalidScope, "")
            .because(format!("the scope {foreign} was not granted when the user signed in"))
            .differs(*foreign, granted.join(" ")));
    }
    Ok(granted.into_iter().filter(|scope| wanted.contains(&scope.as_str())).collect())
}

/// Replaces the token in one guarded statement: of two that present it at the same moment one wins, and the other is a
/// retry where there is a grace period, else a reuse.
async fn rotate(
    ctx: &Ctx,
    pool: &Pool,
    old: TokenRow,
    family: FamilyRow,
    mut tokens: TokenSet,
    grace_seconds: i64,
) -> Result<TokenSet> {
    let (text, new) = refresh_token(ctx, pool, &family).await?;
    let (now, until) = (ctx.now, ctx.now + grace_seconds * 1000);
    let replaced = ctx
        .store()
        .write(async move |tx| {
            let replaced =
                table::rotate(tx, &old.hash, now, until).await?.is_some() || table::retry(tx, &old, now, until).await?;
            if !replaced {
                return Ok::<_, poolhouse_store::Error>(false);
            }
            table::insert_token(tx, &new).await?;
            Ok(true)
        })
        .await?;
    if !replaced {
        return Err(reused(ctx, &family).await?);
    }
    tokens.refresh_token = Some(text);
    Ok(tokens)
}

/// A token that was already replaced is presented again: somebody has a copy. The family dies, and this is committed
/// although the answer is a refusal.
async fn reused(ctx: &Ctx, family: &FamilyRow) -> Result<Error> {
    let (origin_jti, now) = (family.origin_jti.clone(), ctx.now);
    ctx.store().write(async move |tx| table::revoke_family(tx, &origin_jti, now).await).await?;
    ctx.alert(Alert::RefreshTokenReuse);
    Ok(Error::new(ErrorCode::RefreshTokenReuseException, "Refresh Token has been reused; the session was revoked"))
}

async fn usable_user(ctx: &Ctx, pool: &Pool, family: &FamilyRow) -> Result<User> {
    let user = users::by_sub(ctx, pool, &family.sub).await?.ok_or_else(users::does_not_exist)?;
    if !user.enabled() {
        return Err(Error::not_authorized("User is disabled."));
    }
    if user.status()? == UserStatusType::ResetRequired {
        return Err(Error::new(ErrorCode::PasswordResetRequiredException, "Password reset required for the user"));
    }
    Ok(user)
}

/// The user a refresh token was issued to, dead or alive; `None` for a token that leads nowhere.
pub async fn owner(ctx: &Ctx, pool: &Pool, token: &str) -> Result<Option<User>> {
    let mut reader = ctx.store().reader().await?;
    let found = table::get(&mut reader, &hash(token)).await?;
    drop(reader);
    match found {
        Some((_, family)) if family.pool_id == pool.id => users::by_sub(ctx, pool, &family.sub).await,
        _ => Ok(None),
    }
}
