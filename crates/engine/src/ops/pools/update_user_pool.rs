//! UpdateUserPool: replaces every setting that can change; what is left out goes back to its default.
use poolhouse_store::tables::{clients, domains};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{
    ExplicitAuthFlowsType, UpdateUserPoolRequest, UpdateUserPoolResponse, UserPoolClientType, UserPoolTierType,
};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::domains::Document;
use crate::pools::{self, Pool, defaults, rules};

/// Clients read at once.
const BATCH: i64 = 200;

pub async fn run(ctx: &Ctx, input: UpdateUserPoolRequest) -> Result<UpdateUserPoolResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let mut document = defaults::of_update(input, &pool.document);
    rules::check(&document)?;
    defaults::complete(&mut document);
    if document.user_pool_tier == Some(UserPoolTierType::Lite) {
        check_downgrade(ctx, &pool).await?;
    }
    if !pools::save(ctx, &pool, &document).await? {
        // Ours: two whole documents cannot both be what the pool is set to.
        return Err(Error::new(
            ErrorCode::ConcurrentModificationException,
            "The user pool was changed by another request. Try again.",
        ));
    }
    Ok(UpdateUserPoolResponse {})
}

/// The smallest plan has neither managed login nor choice-based sign-in: a pool with either cannot change to it (API
/// reference, TierChangeNotAllowedException). Words ours.
async fn check_downgrade(ctx: &Ctx, pool: &Pool) -> Result<()> {
    let refuse = |what: String| {
        let text = format!("The feature plan cannot be changed to LITE: {what} needs a higher one.");
        Err(Error::new(ErrorCode::TierChangeNotAllowedException, text))
    };
    let mut reader = ctx.store().reader().await?;
    for row in domains::of_pool(&mut reader, &pool.id).await? {
        if Document::of(&row)?.managed_login_version != 1 {
            return refuse(format!("managed login on domain {}", row.domain));
        }
    }
    let mut after = String::new();
    loop {
        let rows = clients::list(&mut reader, &pool.id, &after, BATCH).await?;
        for row in &rows {
            let client: UserPoolClientType = serde_json::from_str(&row.document)
                .map_err(|e| Error::internal(format!("client {}: its document does not parse: {e}", row.id)))?;
            if client.explicit_auth_flows.iter().flatten().any(|flow| *flow == ExplicitAuthFlowsType::AllowUserAuth) {
                return refuse(format!("ALLOW_USER_AUTH of app client {}", row.id));
            }
        }
        match rows.into_iter().last() {
            Some(last) => after = last.id,
            None => return Ok(()),
        }
    }
}
