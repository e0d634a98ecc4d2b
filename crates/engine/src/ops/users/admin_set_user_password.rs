//! AdminSetUserPassword: a password for good (the user is confirmed by it), or a temporary one.
use poolhouse_wire::types::{AdminSetUserPasswordRequest, AdminSetUserPasswordResponse, UserStatusType};

use super::{With, alias_undeclared, change};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::password_policy::{self, Wording};
use crate::users::codes::Purpose;
use crate::users::passwords;
use crate::{pools, users};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub async fn run(ctx: &Ctx, input: AdminSetUserPasswordRequest) -> Result<AdminSetUserPasswordResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let user = users::require(ctx, &pool, &input.username).await?;
    password_policy::check(&pool.password_policy(), &input.password, Wording::Set)?;
    if passwords::is_reused(ctx, &pool, &user, &input.password).await? {
        return Err(passwords::already_used());
    }
    let prepared = passwords::prepare(ctx, &pool, &user, &input.password).await?;
    let permanent = input.permanent.unwrap_or(false);
    let expires_at = ctx.now + pool.temporary_password_days() * DAY_MS;
    change(ctx, &pool, &input.username, |current| {
        // The name may meanwhile lead to another user; this password was made for one.
        if current.sub() != user.sub() {
            return Err(users::does_not_exist());
        }
        prepared.clone().put_into(&mut current.row);
        let status = if permanent { UserStatusType::Confirmed } else { UserStatusType::ForceChangePassword };
        current.row.status = status.as_str().to_owned();
        current.row.temporary_expires_at = (!permanent).then_some(expires_at);
        // A reset code that was on its way would undo what the administrator did (checklist 88).
        Ok(With { void: Some(Purpose::Reset), new_password: true, ..With::default() })
    })
    .await
    .map_err(alias_undeclared)?;
    Ok(AdminSetUserPasswordResponse {})
}
