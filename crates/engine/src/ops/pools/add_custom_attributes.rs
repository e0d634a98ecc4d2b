//! AddCustomAttributes: attributes are added for good; none can be changed or taken away.
use poolhouse_wire::types::{AddCustomAttributesRequest, AddCustomAttributesResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::{self, schema};

pub async fn run(ctx: &Ctx, input: AddCustomAttributesRequest) -> Result<AddCustomAttributesResponse> {
    pools::modify(ctx, &input.user_pool_id, |pool| {
        let mut document = pool.document.clone();
        schema::add_custom(document.schema_attributes.get_or_insert_default(), input.custom_attributes.clone())?;
        Ok(document)
    })
    .await?;
    Ok(AddCustomAttributesResponse {})
}
