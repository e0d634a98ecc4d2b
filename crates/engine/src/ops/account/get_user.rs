//! GetUser: the user, as far as the client may read.
use poolhouse_wire::types::{GetUserRequest, GetUserResponse};

use crate::account::profile;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::tokens;

pub async fn run(ctx: &Ctx, input: GetUserRequest) -> Result<GetUserResponse> {
    let session = tokens::access::for_api(ctx, &input.access_token).await?;
    Ok(GetUserResponse {
        username: session.user.username().into(),
        user_attributes: profile::readable(&session),
        // No second factor can be enrolled yet.
        mfa_options: None,
        preferred_mfa_setting: None,
        user_mfa_setting_list: None,
    })
}
