//! GetTokensFromRefreshToken: refreshing with the plain client secret, and the only way to refresh under rotation.
use poolhouse_wire::types::{GetTokensFromRefreshTokenRequest, GetTokensFromRefreshTokenResponse};

use crate::auth::flow;
use crate::clients::{self, secret_hash};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::tokens;

pub async fn run(ctx: &Ctx, input: GetTokensFromRefreshTokenRequest) -> Result<GetTokensFromRefreshTokenResponse> {
    let (pool, client) = clients::load(ctx, &input.client_id).await?;
    secret_hash::check_secret(ctx, &client, input.client_secret.as_deref())?;
    if input.device_key.is_some() {
        return Err(Error::not_found("Device does not exist.").because("devices are not built in Poolhouse yet"));
    }
    let tokens = tokens::refresh::refresh(ctx, &pool, &client, &input.refresh_token, None).await?;
    Ok(GetTokensFromRefreshTokenResponse { authentication_result: Some(flow::result(tokens)) })
}
