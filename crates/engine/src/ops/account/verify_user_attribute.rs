//! VerifyUserAttribute: the code that proves an address came back.
use poolhouse_wire::types::{VerifyUserAttributeRequest, VerifyUserAttributeResponse};

use crate::account::profile;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::tokens;

pub async fn run(ctx: &Ctx, input: VerifyUserAttributeRequest) -> Result<VerifyUserAttributeResponse> {
    let session = tokens::access::for_api(ctx, &input.access_token).await?;
    profile::verify(ctx, session, &input.attribute_name, &input.code).await?;
    Ok(VerifyUserAttributeResponse {})
}
