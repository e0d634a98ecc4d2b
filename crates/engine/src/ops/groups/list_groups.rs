//! ListGroups: a page of the pool's groups, by name.
use poolhouse_store::tables::groups as table;
use poolhouse_wire::types::{ListGroupsRequest, ListGroupsResponse};

use super::view;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::ops::pagination::{self, Place};
use crate::pools;

pub async fn run(ctx: &Ctx, input: ListGroupsRequest) -> Result<ListGroupsResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let place = Place { operation: "ListGroups", scope: &pool.id, filter: "" };
    let limit = pagination::limit(input.limit);
    let after = pagination::cursor(ctx, place, input.next_token.as_deref())?;
    let mut reader = ctx.store().reader().await?;
    let mut rows = table::list(&mut reader, &pool.id, pagination::first(&after), limit + 1).await?;
    let next_token = pagination::next(ctx, place, &mut rows, limit, |row| vec![row.name.clone()])?;
    Ok(ListGroupsResponse { groups: Some(rows.into_iter().map(view).collect()), next_token })
}
