//! AdminAddUserToGroup: adding twice is no error.
use poolhouse_store::Error as StoreError;
use poolhouse_store::tables::groups as table;
use poolhouse_wire::types::AdminAddUserToGroupRequest;

use super::not_found;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::{pools, users};

pub async fn run(ctx: &Ctx, input: AdminAddUserToGroupRequest) -> Result<()> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let user = users::require(ctx, &pool, &input.username).await?;
    let (pool_id, sub, now) = (pool.id.clone(), user.sub().to_owned(), ctx.now);
    let added = ctx.store().write(async move |tx| table::add_member(tx, &pool_id, &input.group_name, &sub, now).await).await;
    match added {
        Ok(_) => Ok(()),
        // The user was there a moment ago, so that it is the group that is missing.
        Err(StoreError::Reference) => Err(not_found()),
        Err(e) => Err(e.into()),
    }
}
