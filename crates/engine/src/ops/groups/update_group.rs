//! UpdateGroup: what is not given stays as it is.
use poolhouse_store::tables::groups as table;
use poolhouse_wire::types::{UpdateGroupRequest, UpdateGroupResponse};

use super::{not_found, view};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;

pub async fn run(ctx: &Ctx, input: UpdateGroupRequest) -> Result<UpdateGroupResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let (pool_id, now) = (pool.id.clone(), ctx.now);
    let updated = ctx
        .store()
        .write(async move |tx| {
            let Some(mut row) = table::get(tx, &pool_id, &input.group_name).await? else { return Ok(None) };
            row.description = input.description.clone().or(row.description);
            row.role_arn = input.role_arn.clone().or(row.role_arn);
            row.precedence = input.precedence.map(i64::from).or(row.precedence);
            row.modified_at = now;
            Ok::<_, poolhouse_store::Error>(table::update(tx, &row).await?.then_some(row))
        })
        .await?;
    Ok(UpdateGroupResponse { group: Some(view(updated.ok_or_else(not_found)?)) })
}
