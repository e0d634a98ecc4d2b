//! AdminUpdateUserAttributes: sets any attribute of the schema, `*_verified` included. A new address that nobody vouches
//! for is sent a code where the pool verifies by itself.
use poolhouse_wire::types::{AdminUpdateUserAttributesRequest, AdminUpdateUserAttributesResponse};

use super::{With, change, send_codes};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;
use crate::pools::unbuilt::{Trigger, no_trigger};
use crate::users::{attributes, changes, codes};

pub async fn run(ctx: &Ctx, input: AdminUpdateUserAttributesRequest) -> Result<AdminUpdateUserAttributesResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let new = attributes::parse(Some(input.user_attributes))?;
    let (_, with) = change(ctx, &pool, &input.username, |user| {
        attributes::check_change(&pool, user, &new)?;
        let applied = changes::apply(&pool, user, new.clone());
        if !applied.verify.is_empty() {
            no_trigger(&pool, Trigger::CustomMessage)?;
        }
        let issued =
            applied.verify.into_iter().map(|v| codes::issue(ctx, &pool, user.sub(), v.purpose, v.target, None, v.pending));
        Ok(With { issued: issued.collect(), lost: applied.lost, ..With::default() })
    })
    .await?;
    send_codes(ctx, &pool, "UpdateUserAttribute", &with.issued).await?;
    Ok(AdminUpdateUserAttributesResponse {})
}
