//! UpdateUserAttributes: the user changes what the client may write.
use poolhouse_wire::types::{UpdateUserAttributesRequest, UpdateUserAttributesResponse};

use crate::account::profile;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::tokens;
use crate::users::attributes;

pub async fn run(ctx: &Ctx, input: UpdateUserAttributesRequest) -> Result<UpdateUserAttributesResponse> {
    let session = tokens::access::for_api(ctx, &input.access_token).await?;
    let new = attributes::parse(Some(input.user_attributes))?;
    let details = profile::change(ctx, session, new).await?;
    Ok(UpdateUserAttributesResponse { code_delivery_details_list: Some(details) })
}
