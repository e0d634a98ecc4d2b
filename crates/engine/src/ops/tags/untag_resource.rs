//! UntagResource: removes tags; keys that the pool does not have are passed over.
use poolhouse_wire::types::{UntagResourceRequest, UntagResourceResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;

pub async fn run(ctx: &Ctx, input: UntagResourceRequest) -> Result<UntagResourceResponse> {
    pools::modify(ctx, ctx.pool_of_arn(&input.resource_arn)?, |pool| {
        let mut document = pool.document.clone();
        document.user_pool_tags.get_or_insert_default().retain(|key, _| !input.tag_keys.contains(key));
        Ok(document)
    })
    .await?;
    Ok(UntagResourceResponse {})
}
