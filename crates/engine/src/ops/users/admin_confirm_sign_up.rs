//! AdminConfirmSignUp: confirms a user that signed up, without a code and without proving an address.
use poolhouse_wire::types::{AdminConfirmSignUpRequest, AdminConfirmSignUpResponse, UserStatusType};

use super::{With, alias_undeclared, change};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools;
use crate::pools::unbuilt::{Trigger, no_trigger};
use crate::users::codes::Purpose;

pub async fn run(ctx: &Ctx, input: AdminConfirmSignUpRequest) -> Result<AdminConfirmSignUpResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    no_trigger(&pool, Trigger::PostConfirmation)?;
    change(ctx, &pool, &input.username, |user| {
        if user.status()? != UserStatusType::Unconfirmed {
            return Err(Error::not_authorized(format!("User cannot be confirmed. Current status is {}", user.row.status)));
        }
        user.row.status = UserStatusType::Confirmed.as_str().to_owned();
        Ok(With { void: Some(Purpose::SignUp), ..With::default() })
    })
    .await
    .map_err(alias_undeclared)?;
    Ok(AdminConfirmSignUpResponse {})
}
