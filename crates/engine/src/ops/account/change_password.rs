//! ChangePassword: a new password for somebody who knows the old one.
use poolhouse_wire::types::{ChangePasswordRequest, ChangePasswordResponse};

use crate::account::password;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::tokens;

pub async fn run(ctx: &Ctx, input: ChangePasswordRequest) -> Result<ChangePasswordResponse> {
    let session = tokens::access::for_api(ctx, &input.access_token).await?;
    password::change(ctx, session, input.previous_password.as_deref(), &input.proposed_password).await?;
    Ok(ChangePasswordResponse {})
}
