//! The client credentials grant (RFC 6749 §4.4): a machine's token, custom scopes only, no refresh token.
use poolhouse_wire::types::OAuthFlowType;

use super::super::client::Authenticated;
use super::super::params::Params;
use super::super::scopes;
use crate::ctx::Ctx;
use crate::error::{Error, OAuthCode, Result};
use crate::tokens::{self, TokenSet};

pub async fn grant(ctx: &Ctx, caller: &Authenticated, params: &Params) -> Result<TokenSet> {
    let (pool, client) = (&caller.pool, &caller.client);
    if !client.has_secret() || !client.allows_oauth(OAuthFlowType::ClientCredentials) {
        return Err(Error::oauth(OAuthCode::UnauthorizedClient, "").because("the client may not use client_credentials"));
    }
    if params.get("aws_client_metadata")?.is_some() {
        tracing::debug!("aws_client_metadata has no reader: no pre-token-generation trigger runs");
    }
    let scopes = scopes::for_machine(ctx, pool, client, params.get("scope")?).await?;
    tokens::issue_machine(ctx, pool, client, &scopes).await
}
