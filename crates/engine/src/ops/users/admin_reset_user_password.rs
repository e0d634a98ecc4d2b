//! AdminResetUserPassword: the password is of no use until the user sets another with the code sent here.
use poolhouse_wire::types::{AdminResetUserPasswordRequest, AdminResetUserPasswordResponse, UserStatusType};

use super::{With, change, send_codes};
use crate::ctx::Ctx;
use crate::delivery::Medium;
use crate::error::{Error, Result};
use crate::pools;
use crate::pools::unbuilt::{Trigger, no_trigger};
use crate::users::codes::{self, Purpose};

pub async fn run(ctx: &Ctx, input: AdminResetUserPasswordRequest) -> Result<AdminResetUserPasswordResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    no_trigger(&pool, Trigger::CustomMessage)?;
    let mut media = codes::recovery_media(&pool);
    if media.is_empty() {
        // Only administrators help in this pool, and here one does.
        media = vec![Medium::Sms, Medium::Email];
    }
    let (_, with) = change(ctx, &pool, &input.username, |user| {
        if !user.enabled() {
            return Err(Error::not_authorized("User is disabled"));
        }
        if !matches!(user.status()?, UserStatusType::Confirmed | UserStatusType::ResetRequired) {
            return Err(Error::not_authorized("User password cannot be reset in the current state."));
        }
        let target = codes::recovery_target(user, &media).ok_or_else(codes::no_recovery_target)?;
        user.row.status = UserStatusType::ResetRequired.as_str().to_owned();
        let issued = codes::issue(ctx, &pool, user.sub(), Purpose::Reset, target, None, false);
        Ok(With { issued: vec![issued], sign_out: true, ..With::default() })
    })
    .await?;
    send_codes(ctx, &pool, "ForgotPassword", &with.issued).await?;
    Ok(AdminResetUserPasswordResponse {})
}
