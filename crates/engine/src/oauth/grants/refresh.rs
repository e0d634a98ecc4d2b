//! The refresh token grant (RFC 6749 §6): the rules stand in [`crate::tokens::refresh`], shared with the API.
use super::super::client::Authenticated;
use super::super::params::Params;
use super::super::scopes;
use super::as_invalid_grant;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::tokens::{self, TokenSet};

pub async fn grant(ctx: &Ctx, caller: &Authenticated, params: &Params) -> Result<TokenSet> {
    let token = params.required("refresh_token")?;
    // Cognito documents no scope here, yet clients written to RFC 6749 §6 send the granted ones again, or fewer.
    let wanted = params.get("scope")?.map(scopes::split).transpose()?.filter(|scopes| !scopes.is_empty());
    tokens::refresh::refresh(ctx, &caller.pool, &caller.client, token, wanted.as_deref()).await.map_err(as_invalid_grant)
}
