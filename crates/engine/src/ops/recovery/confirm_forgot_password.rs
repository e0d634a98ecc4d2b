//! ConfirmForgotPassword: the reset code came back, with a new password.
use poolhouse_wire::types::{ConfirmForgotPasswordRequest, ConfirmForgotPasswordResponse};

use crate::account::recovery::{self, Reset};
use crate::clients::{self, secret_hash};
use crate::ctx::Ctx;
use crate::error::Result;

pub async fn run(ctx: &Ctx, input: ConfirmForgotPasswordRequest) -> Result<ConfirmForgotPasswordResponse> {
    let (pool, client) = clients::load(ctx, &input.client_id).await?;
    secret_hash::check(ctx, &client, &input.username, input.secret_hash.as_deref())?;
    let reset =
        Reset { username: input.username.into_string(), code: input.confirmation_code, password: input.password.into_string() };
    recovery::reset(ctx, &pool, &client, reset).await?;
    Ok(ConfirmForgotPasswordResponse {})
}
