//! DeleteGroup: the group and its memberships; its users stay.
use poolhouse_store::tables::groups as table;
use poolhouse_wire::types::DeleteGroupRequest;

use super::not_found;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;

pub async fn run(ctx: &Ctx, input: DeleteGroupRequest) -> Result<()> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let pool_id = pool.id.clone();
    let deleted = ctx.store().write(async move |tx| table::delete(tx, &pool_id, &input.group_name).await).await?;
    if deleted { Ok(()) } else { Err(not_found()) }
}
