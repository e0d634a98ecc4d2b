//! AdminListGroupsForUser: a page of the groups a user is in, by name.
use poolhouse_store::tables::groups as table;
use poolhouse_wire::types::{AdminListGroupsForUserRequest, AdminListGroupsForUserResponse};

use super::view;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::ops::pagination::{self, Place};
use crate::{pools, users};

pub async fn run(ctx: &Ctx, input: AdminListGroupsForUserRequest) -> Result<AdminListGroupsForUserResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let user = users::require(ctx, &pool, &input.username).await?;
    let place = Place { operation: "AdminListGroupsForUser", scope: &pool.id, filter: user.sub() };
    let limit = pagination::limit(input.limit);
    let after = pagination::cursor(ctx, place, input.next_token.as_deref())?;
    let mut reader = ctx.store().reader().await?;
    let mut rows = table::of_user_page(&mut reader, &pool.id, user.sub(), pagination::first(&after), limit + 1).await?;
    let next_token = pagination::next(ctx, place, &mut rows, limit, |row| vec![row.name.clone()])?;
    Ok(AdminListGroupsForUserResponse { groups: Some(rows.into_iter().map(view).collect()), next_token })
}
