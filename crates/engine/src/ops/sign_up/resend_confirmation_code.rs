//! ResendConfirmationCode: another code for somebody who has not confirmed yet.
use poolhouse_wire::types::{ResendConfirmationCodeRequest, ResendConfirmationCodeResponse};

use crate::account::sign_up;
use crate::clients::{self, secret_hash};
use crate::ctx::Ctx;
use crate::error::Result;

pub async fn run(ctx: &Ctx, input: ResendConfirmationCodeRequest) -> Result<ResendConfirmationCodeResponse> {
    let (pool, client) = clients::load(ctx, &input.client_id).await?;
    secret_hash::check(ctx, &client, &input.username, input.secret_hash.as_deref())?;
    let details = sign_up::resend(ctx, &pool, &client, &input.username).await?;
    Ok(ResendConfirmationCodeResponse { code_delivery_details: Some(details) })
}
