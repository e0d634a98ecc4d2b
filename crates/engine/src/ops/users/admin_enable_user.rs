//! AdminEnableUser: the user may sign in again. Enabling twice is no error; sessions that ended stay ended.
use poolhouse_wire::types::{AdminEnableUserRequest, AdminEnableUserResponse};

use super::{With, change};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;

pub async fn run(ctx: &Ctx, input: AdminEnableUserRequest) -> Result<AdminEnableUserResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    change(ctx, &pool, &input.username, |user| {
        user.row.enabled = true;
        Ok(With::default())
    })
    .await?;
    Ok(AdminEnableUserResponse {})
}
