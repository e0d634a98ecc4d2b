//! AdminRemoveUserFromGroup: removing a user that is not in the group is no error.
use poolhouse_store::tables::groups as table;
use poolhouse_wire::types::AdminRemoveUserFromGroupRequest;

use super::not_found;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::{pools, users};

pub async fn run(ctx: &Ctx, input: AdminRemoveUserFromGroupRequest) -> Result<()> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let user = users::require(ctx, &pool, &input.username).await?;
    let (pool_id, sub) = (pool.id.clone(), user.sub().to_owned());
    let exists = ctx
        .store()
        .write(async move |tx| {
            if table::get(tx, &pool_id, &input.group_name).await?.is_none() {
                return Ok(false);
            }
            table::remove_member(tx, &pool_id, &input.group_name, &sub).await?;
            Ok::<_, poolhouse_store::Error>(true)
        })
        .await?;
    if exists { Ok(()) } else { Err(not_found()) }
}
