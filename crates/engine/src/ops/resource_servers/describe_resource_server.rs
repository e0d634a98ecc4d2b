//! DescribeResourceServer.
use poolhouse_store::tables::resource_servers as table;
use poolhouse_wire::types::{DescribeResourceServerRequest, DescribeResourceServerResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::{self, resource_servers};

pub async fn run(ctx: &Ctx, input: DescribeResourceServerRequest) -> Result<DescribeResourceServerResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, &pool.id, &input.identifier).await?;
    let row = row.ok_or_else(|| resource_servers::does_not_exist(&input.identifier))?;
    Ok(DescribeResourceServerResponse { resource_server: resource_servers::describe(row)? })
}
