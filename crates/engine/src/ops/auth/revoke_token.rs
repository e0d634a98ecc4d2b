//! RevokeToken: ends one session by its refresh token.
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{RevokeTokenRequest, RevokeTokenResponse};

use crate::clients::{self, secret_hash};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::tokens;

pub async fn run(ctx: &Ctx, input: RevokeTokenRequest) -> Result<RevokeTokenResponse> {
    let (pool, client) = clients::load(ctx, &input.client_id).await.map_err(unauthorized)?;
    secret_hash::check_secret(ctx, &client, input.client_secret.as_deref()).map_err(unauthorized)?;
    tokens::revoke::by_refresh_token(ctx, &pool, &client, &input.token).await?;
    Ok(RevokeTokenResponse {})
}

/// The one exception this operation has for a client that is unknown or does not prove itself.
fn unauthorized(error: Error) -> Error {
    match error.is(ErrorCode::NotAuthorizedException) || error.is(ErrorCode::ResourceNotFoundException) {
        true => Error::new(ErrorCode::UnauthorizedException, error.message().to_owned()),
        false => error,
    }
}
