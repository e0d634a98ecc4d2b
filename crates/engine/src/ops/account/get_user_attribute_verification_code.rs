//! GetUserAttributeVerificationCode: sends a code to prove an address.
use poolhouse_wire::types::{GetUserAttributeVerificationCodeRequest, GetUserAttributeVerificationCodeResponse};

use crate::account::profile;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::tokens;

pub async fn run(ctx: &Ctx, input: GetUserAttributeVerificationCodeRequest) -> Result<GetUserAttributeVerificationCodeResponse> {
    let session = tokens::access::for_api(ctx, &input.access_token).await?;
    let details = profile::send_code(ctx, session, &input.attribute_name).await?;
    Ok(GetUserAttributeVerificationCodeResponse { code_delivery_details: Some(details) })
}
