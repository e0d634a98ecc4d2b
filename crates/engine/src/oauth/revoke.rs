//! The revocation endpoint (RFC 7009, developer guide "Revoke endpoint"): the rules of [`crate::tokens::revoke`] in the
//! words of this endpoint.
use poolhouse_wire::ErrorCode;

use super::client;
use super::params::Params;
use super::site::Site;
use crate::ctx::Ctx;
use crate::error::{Error, OAuthCode, Result};
use crate::rates::quotas::Category;
use crate::tokens;

/// Revokes a refresh token and what came of it. Tokens that are unknown here succeed.
pub async fn revoke(ctx: &Ctx, site: &Site, authorization: Option<&str>, params: &Params) -> Result<()> {
    params.no_repeats()?;
    let text = params.required("token")?;
    let caller = client::authenticate(ctx, site, authorization, params).await?;
    ctx.admit(Category::UserToken, &caller.pool.id)?;
    tokens::revoke::by_refresh_token(ctx, &caller.pool, &caller.client, text).await.map_err(|e| {
        let code = match e.aws_code() {
            ErrorCode::UnsupportedOperationException => OAuthCode::InvalidRequest,
            ErrorCode::UnsupportedTokenTypeException => OAuthCode::UnsupportedTokenType,
            // RFC 7009 §2.1: a token of another client is refused, and the client told.
            ErrorCode::UnauthorizedException => OAuthCode::InvalidGrant,
            _ => return e,
        };
        let because = e.message().to_owned();
        Error::oauth(code, "").because(because)
    })
}
