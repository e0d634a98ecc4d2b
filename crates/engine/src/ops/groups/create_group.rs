//! CreateGroup.
use poolhouse_store::Error as StoreError;
use poolhouse_store::tables::groups::{self as table, GroupRow};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{CreateGroupRequest, CreateGroupResponse};

use super::view;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools;

pub async fn run(ctx: &Ctx, input: CreateGroupRequest) -> Result<CreateGroupResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let row = GroupRow {
        pool_id: pool.id.clone(),
        name: input.group_name,
        description: input.description,
        role_arn: input.role_arn,
        precedence: input.precedence.map(i64::from),
        created_at: ctx.now,
        modified_at: ctx.now,
    };
    let new = row.clone();
    match ctx.store().write(async move |tx| table::insert(tx, &new).await).await {
        Ok(()) => Ok(CreateGroupResponse { group: Some(view(row)) }),
        Err(StoreError::Unique(_)) => Err(Error::new(ErrorCode::GroupExistsException, "A group with the name already exists.")),
        Err(e) => Err(e.into()),
    }
}
