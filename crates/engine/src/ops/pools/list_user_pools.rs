//! ListUserPools: the pools of the call's region.
use poolhouse_store::tables::pools as table;
use poolhouse_wire::types::Timestamp;
use poolhouse_wire::types::{ListUserPoolsRequest, ListUserPoolsResponse, UserPoolDescriptionType, UserPoolType};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::ops::pagination::{self, Place};

pub async fn run(ctx: &Ctx, input: ListUserPoolsRequest) -> Result<ListUserPoolsResponse> {
    let place = Place { operation: "ListUserPools", scope: ctx.region(), filter: "" };
    let limit = pagination::limit(Some(input.max_results));
    let cursor = pagination::cursor(ctx, place, input.next_token.as_deref())?;
    let after = cursor.iter().flatten().next().map_or("", String::as_str);
    let mut reader = ctx.store().reader().await?;
    let mut rows = table::list(&mut reader, ctx.region(), after, limit + 1).await?;
    drop(reader);
    let next_token = pagination::next(ctx, place, &mut rows, limit, |row| vec![row.id.clone()])?;
    let user_pools = rows.into_iter().map(summary).collect::<Result<_>>()?;
    Ok(ListUserPoolsResponse { user_pools: Some(user_pools), next_token })
}

fn summary(row: table::PoolRow) -> Result<UserPoolDescriptionType> {
    let document: UserPoolType = serde_json::from_str(&row.document)
        .map_err(|e| Error::internal(format!("pool {}: its document does not parse: {e}", row.id)))?;
    Ok(UserPoolDescriptionType {
        id: Some(row.id),
        name: Some(row.name),
        lambda_config: document.lambda_config,
        status: None,
        last_modified_date: Some(Timestamp(row.modified_at)),
        creation_date: Some(Timestamp(row.created_at)),
        replica_regions: None,
    })
}
