//! DescribeUserPoolDomain. A domain that does not exist is described by nothing, and so is another region's.
use poolhouse_store::tables::domains as table;
use poolhouse_wire::types::{DescribeUserPoolDomainRequest, DescribeUserPoolDomainResponse, DomainDescriptionType};

use crate::ctx::{Caller, Ctx, region_of_pool};
use crate::error::Result;
use crate::pools::domains;

pub async fn run(ctx: &Ctx, input: DescribeUserPoolDomainRequest) -> Result<DescribeUserPoolDomainResponse> {
    let mut reader = ctx.store().reader().await?;
    let row = match table::get(&mut reader, ctx.region(), &input.domain).await? {
        Some(row) => Some(row),
        None => table::get(&mut reader, "", &input.domain).await?,
    };
    drop(reader);
    // As everywhere: a signed call sees pools of its own region only.
    let visible = |pool_id: &str| match ctx.region.as_deref() {
        Some(region) if ctx.caller != Caller::Operator => region == region_of_pool(pool_id),
        _ => true,
    };
    let description = match row {
        Some(row) if visible(&row.pool_id) => domains::describe(ctx, row)?,
        _ => DomainDescriptionType::default(),
    };
    Ok(DescribeUserPoolDomainResponse { domain_description: Some(description) })
}
