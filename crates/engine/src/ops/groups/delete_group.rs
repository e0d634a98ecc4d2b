//! DeleteGroup: the group and its memberships; its users stay.
use poolhouse_store::Tx;
use poolhouse_store::tables::groups as table;
use poolhouse_wire::types::DeleteGroupRequest;

use super::not_found;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;
use crate::undo::{Copying, Kind};

pub async fn run(ctx: &Ctx, input: DeleteGroupRequest) -> Result<()> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let pool_id = pool.id.clone();
    let copying = Copying::of(ctx, Kind::Group, &pool_id, &input.group_name, &input.group_name);
    let delete = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        copying.copy(tx).await?;
        let deleted = table::delete(tx, &pool_id, &input.group_name).await?;
        copying.unless(tx, deleted).await?;
        Ok(deleted)
    };
    let deleted = ctx.store().write(delete).await?;
    if deleted { Ok(()) } else { Err(not_found()) }
}
