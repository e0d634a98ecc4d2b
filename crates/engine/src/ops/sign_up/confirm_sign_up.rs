//! ConfirmSignUp: the code came back. `Session`, for signing in without a password right after, is not answered.
use poolhouse_wire::types::{ConfirmSignUpRequest, ConfirmSignUpResponse};

use crate::account::sign_up::{self, Confirmation};
use crate::clients::{self, secret_hash};
use crate::ctx::Ctx;
use crate::error::Result;

pub async fn run(ctx: &Ctx, input: ConfirmSignUpRequest) -> Result<ConfirmSignUpResponse> {
    let (pool, client) = clients::load(ctx, &input.client_id).await?;
    secret_hash::check(ctx, &client, &input.username, input.secret_hash.as_deref())?;
    let confirmation = Confirmation {
        username: input.username.into_string(),
        code: input.confirmation_code,
        force_alias: input.force_alias_creation.unwrap_or(false),
    };
    sign_up::confirm(ctx, &pool, &client, confirmation).await?;
    Ok(ConfirmSignUpResponse::default())
}
