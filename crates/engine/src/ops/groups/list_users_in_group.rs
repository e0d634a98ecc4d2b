//! ListUsersInGroup: a page of the users in a group.
use poolhouse_store::tables::groups as table;
use poolhouse_wire::types::{ListUsersInGroupRequest, ListUsersInGroupResponse, UserType};

use super::not_found;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::ops::pagination::{self, Place};
use crate::pools;
use crate::users::User;

pub async fn run(ctx: &Ctx, input: ListUsersInGroupRequest) -> Result<ListUsersInGroupResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let place = Place { operation: "ListUsersInGroup", scope: &pool.id, filter: &input.group_name };
    let limit = pagination::limit(input.limit);
    let after = pagination::cursor(ctx, place, input.next_token.as_deref())?;
    let mut reader = ctx.store().reader().await?;
    table::get(&mut reader, &pool.id, &input.group_name).await?.ok_or_else(not_found)?;
    let mut rows = table::members(&mut reader, &pool.id, &input.group_name, pagination::first(&after), limit + 1).await?;
    let next_token = pagination::next(ctx, place, &mut rows, limit, |row| vec![row.sub.clone()])?;
    let users: Vec<UserType> = rows.into_iter().map(|row| User::from_row(row)?.view()).collect::<Result<_>>()?;
    Ok(ListUsersInGroupResponse { users: Some(users), next_token })
}
