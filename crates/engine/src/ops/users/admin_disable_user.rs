//! AdminDisableUser: the user cannot sign in and every session ends. Disabling twice is no error.
use poolhouse_wire::types::{AdminDisableUserRequest, AdminDisableUserResponse};

use super::{With, change};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;

pub async fn run(ctx: &Ctx, input: AdminDisableUserRequest) -> Result<AdminDisableUserResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    change(ctx, &pool, &input.username, |user| {
        user.row.enabled = false;
        Ok(With { sign_out: true, ..With::default() })
    })
    .await?;
    Ok(AdminDisableUserResponse {})
}
