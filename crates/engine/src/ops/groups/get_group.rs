//! GetGroup.
use poolhouse_store::tables::groups as table;
use poolhouse_wire::types::{GetGroupRequest, GetGroupResponse};

use super::{not_found, view};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;

pub async fn run(ctx: &Ctx, input: GetGroupRequest) -> Result<GetGroupResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, &pool.id, &input.group_name).await?.ok_or_else(not_found)?;
    Ok(GetGroupResponse { group: Some(view(row)) })
}
