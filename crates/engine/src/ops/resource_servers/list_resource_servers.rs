//! ListResourceServers.
use poolhouse_store::tables::resource_servers as table;
use poolhouse_wire::types::{ListResourceServersRequest, ListResourceServersResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::ops::pagination::{self, Place};
use crate::pools::{self, resource_servers};

pub async fn run(ctx: &Ctx, input: ListResourceServersRequest) -> Result<ListResourceServersResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let place = Place { operation: "ListResourceServers", scope: &pool.id, filter: "" };
    let limit = pagination::limit(input.max_results);
    let cursor = pagination::cursor(ctx, place, input.next_token.as_deref())?;
    let after = cursor.iter().flatten().next().map_or("", String::as_str);
    let mut reader = ctx.store().reader().await?;
    let mut rows = table::list(&mut reader, &pool.id, after, limit + 1).await?;
    drop(reader);
    let next_token = pagination::next(ctx, place, &mut rows, limit, |row| vec![row.identifier.clone()])?;
    let resource_servers = rows.into_iter().map(resource_servers::describe).collect::<Result<_>>()?;
    Ok(ListResourceServersResponse { resource_servers, next_token })
}
