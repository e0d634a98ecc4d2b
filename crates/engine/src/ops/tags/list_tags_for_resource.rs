//! ListTagsForResource.
use poolhouse_wire::types::{ListTagsForResourceRequest, ListTagsForResourceResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;

pub async fn run(ctx: &Ctx, input: ListTagsForResourceRequest) -> Result<ListTagsForResourceResponse> {
    let pool = pools::load(ctx, ctx.pool_of_arn(&input.resource_arn)?).await?;
    Ok(ListTagsForResourceResponse { tags: Some(pool.document.user_pool_tags.clone().unwrap_or_default()) })
}
