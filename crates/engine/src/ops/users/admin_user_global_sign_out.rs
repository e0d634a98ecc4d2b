//! AdminUserGlobalSignOut: every token of the user is revoked; browser sessions of the sign-in pages stay, as on AWS.
use poolhouse_wire::types::{AdminUserGlobalSignOutRequest, AdminUserGlobalSignOutResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::tokens::revoke;
use crate::{pools, users};

pub async fn run(ctx: &Ctx, input: AdminUserGlobalSignOutRequest) -> Result<AdminUserGlobalSignOutResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let user = users::require(ctx, &pool, &input.username).await?;
    let (pool_id, sub, now) = (pool.id.clone(), user.sub().to_owned(), ctx.now);
    ctx.store().write(async move |tx| revoke::all_of_user(tx, &pool_id, &sub, now, false).await).await?;
    Ok(AdminUserGlobalSignOutResponse {})
}
