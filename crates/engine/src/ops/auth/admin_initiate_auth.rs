//! AdminInitiateAuth: a server signs a user in.
use poolhouse_wire::types::{AdminInitiateAuthRequest, AdminInitiateAuthResponse};

use super::answer;
use crate::auth::flow::{self, Door};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::{clients, pools};

pub async fn run(ctx: &Ctx, input: AdminInitiateAuthRequest) -> Result<AdminInitiateAuthResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let client = clients::load_in(ctx, &pool, &input.client_id).await?;
    let parameters = input.auth_parameters.unwrap_or_default();
    let answer = flow::initiate(ctx, &pool, &client, Door::Admin, input.auth_flow, &parameters).await?;
    Ok(answer!(AdminInitiateAuthResponse, answer))
}
