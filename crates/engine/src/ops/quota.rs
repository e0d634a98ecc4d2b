//! The quota of a call: its operation's category and its pool. Called by the dispatcher before an operation runs.
use poolhouse_wire::Operation;
use serde_json::Value;

use crate::clients;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::rates::quotas::Category;
use crate::tokens;

/// Refuses a call over its quota. Calls that name no pool, or none there is, share the quota of no pool.
pub async fn admit(ctx: &Ctx, operation: &Operation, input: &Value) -> Result<()> {
    let Some(category) = Category::of(operation.name).filter(|_| ctx.engine.rates.quotas.is_some()) else { return Ok(()) };
    let pool_id = pool_of(ctx, input).await?.unwrap_or_default();
    let answers = matches!(operation.name, "RespondToAuthChallenge" | "AdminRespondToAuthChallenge");
    let new_password = input.get("ChallengeName").and_then(Value::as_str) == Some("NEW_PASSWORD_REQUIRED");
    let category = if answers && new_password { Category::UserAccountRecovery } else { category };
    ctx.engine.rates.ask(category, &pool_id, |quotas| match answers && !new_password {
        true => quotas.take_challenge(&pool_id, ctx.real_now()),
        false => quotas.take_for(category, operation.name, &pool_id, ctx.real_now()),
    })
}

/// The pool that a call asks something of, if there is one; of a token what it says of itself, unproved.
pub async fn pool_of(ctx: &Ctx, input: &Value) -> Result<Option<String>> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    if let Some(id) = text("UserPoolId") {
        return Ok(Some(id.to_owned()));
    }
    if let Some(arn) = text("ResourceArn") {
        return Ok(ctx.pool_of_arn(arn).ok().map(str::to_owned));
    }
    if let Some(id) = text("ClientId") {
        return clients::pool_of(ctx, id).await;
    }
    match text("AccessToken") {
        Some(token) => tokens::access::pool_claimed(ctx, token).await,
        None => Ok(None),
    }
}
