//! RespondToAuthChallenge: a client answers what InitiateAuth asked.
use poolhouse_wire::types::{RespondToAuthChallengeRequest, RespondToAuthChallengeResponse};

use super::answer;
use crate::auth::flow;
use crate::clients;
use crate::ctx::Ctx;
use crate::error::Result;

pub async fn run(ctx: &Ctx, input: RespondToAuthChallengeRequest) -> Result<RespondToAuthChallengeResponse> {
    let (pool, client) = clients::load(ctx, &input.client_id).await?;
    let responses = input.challenge_responses.unwrap_or_default();
    let answer = flow::respond(ctx, &pool, &client, input.challenge_name, input.session.as_deref(), &responses).await?;
    Ok(answer!(RespondToAuthChallengeResponse, answer))
}
