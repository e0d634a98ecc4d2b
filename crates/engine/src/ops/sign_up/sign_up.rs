//! SignUp: a person makes their own account.
use poolhouse_wire::types::{SignUpRequest, SignUpResponse};

use crate::account::sign_up::{self, SignUp};
use crate::clients::{self, secret_hash};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::users::attributes;

pub async fn run(ctx: &Ctx, input: SignUpRequest) -> Result<SignUpResponse> {
    let (pool, client) = clients::load(ctx, &input.client_id).await?;
    secret_hash::check(ctx, &client, &input.username, input.secret_hash.as_deref())?;
    let request = SignUp {
        username: input.username.into_string(),
        password: input.password.map(|p| p.into_string()),
        attributes: attributes::parse(input.user_attributes)?,
    };
    let signed_up = sign_up::sign_up(ctx, &pool, &client, request).await?;
    Ok(SignUpResponse {
        user_confirmed: signed_up.confirmed,
        code_delivery_details: signed_up.delivery,
        user_sub: signed_up.sub,
        session: None,
    })
}
