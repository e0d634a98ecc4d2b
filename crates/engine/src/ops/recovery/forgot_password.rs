//! ForgotPassword: sends a reset code.
use poolhouse_wire::types::{ForgotPasswordRequest, ForgotPasswordResponse};

use crate::account::recovery;
use crate::clients::{self, secret_hash};
use crate::ctx::Ctx;
use crate::error::Result;

pub async fn run(ctx: &Ctx, input: ForgotPasswordRequest) -> Result<ForgotPasswordResponse> {
    let (pool, client) = clients::load(ctx, &input.client_id).await?;
    secret_hash::check(ctx, &client, &input.username, input.secret_hash.as_deref())?;
    let details = recovery::forgot(ctx, &pool, &client, &input.username).await?;
    Ok(ForgotPasswordResponse { code_delivery_details: Some(details) })
}
