//! TagResource: adds tags or changes their values.
use poolhouse_wire::types::{TagResourceRequest, TagResourceResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::{self, rules};

pub async fn run(ctx: &Ctx, input: TagResourceRequest) -> Result<TagResourceResponse> {
    pools::modify(ctx, ctx.pool_of_arn(&input.resource_arn)?, |pool| {
        let mut document = pool.document.clone();
        let tags = document.user_pool_tags.get_or_insert_default();
        tags.extend(input.tags.clone());
        rules::check_tags(tags)?;
        Ok(document)
    })
    .await?;
    Ok(TagResourceResponse {})
}
