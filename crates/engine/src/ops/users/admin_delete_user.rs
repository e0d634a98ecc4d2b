//! AdminDeleteUser: the user and everything that could still act for it are gone (checklist 100).
use poolhouse_wire::types::AdminDeleteUserRequest;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::users::save;
use crate::{pools, users};

pub async fn run(ctx: &Ctx, input: AdminDeleteUserRequest) -> Result<()> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let user = users::require(ctx, &pool, &input.username).await?;
    let (pool_id, sub, now) = (pool.id.clone(), user.sub().to_owned(), ctx.now);
    let deleted = ctx.store().write(async move |tx| save::delete(tx, &pool_id, &sub, now).await).await?;
    if deleted { Ok(()) } else { Err(users::does_not_exist()) }
}
