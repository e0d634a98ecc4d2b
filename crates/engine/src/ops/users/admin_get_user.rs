//! AdminGetUser: the user as administrators see it.
use poolhouse_wire::Timestamp;
use poolhouse_wire::types::{AdminGetUserRequest, AdminGetUserResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::{pools, users};

pub async fn run(ctx: &Ctx, input: AdminGetUserRequest) -> Result<AdminGetUserResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let user = users::require(ctx, &pool, &input.username).await?;
    Ok(AdminGetUserResponse {
        user_attributes: Some(user.attribute_list()),
        user_create_date: Some(Timestamp(user.row.created_at)),
        user_last_modified_date: Some(Timestamp(user.row.modified_at)),
        enabled: Some(user.enabled()),
        user_status: Some(user.status()?),
        username: user.row.username.into(),
        ..Default::default()
    })
}
