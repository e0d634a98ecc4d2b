//! InitiateAuth: a client starts to sign a user in, or refreshes.
use poolhouse_wire::types::{InitiateAuthRequest, InitiateAuthResponse};

use super::answer;
use crate::auth::flow::{self, Door};
use crate::clients;
use crate::ctx::Ctx;
use crate::error::Result;

pub async fn run(ctx: &Ctx, input: InitiateAuthRequest) -> Result<InitiateAuthResponse> {
    let (pool, client) = clients::load(ctx, &input.client_id).await?;
    let parameters = input.auth_parameters.unwrap_or_default();
    let answer = flow::initiate(ctx, &pool, &client, Door::Public, input.auth_flow, &parameters).await?;
    Ok(answer!(InitiateAuthResponse, answer))
}
