//! AdminRespondToAuthChallenge: a server answers what AdminInitiateAuth asked.
use poolhouse_wire::types::{AdminRespondToAuthChallengeRequest, AdminRespondToAuthChallengeResponse};

use super::answer;
use crate::auth::flow;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::{clients, pools};

pub async fn run(ctx: &Ctx, input: AdminRespondToAuthChallengeRequest) -> Result<AdminRespondToAuthChallengeResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let client = clients::load_in(ctx, &pool, &input.client_id).await?;
    let responses = input.challenge_responses.unwrap_or_default();
    let answer = flow::respond(ctx, &pool, &client, input.challenge_name, input.session.as_deref(), &responses).await?;
    Ok(answer!(AdminRespondToAuthChallengeResponse, answer))
}
