//! AdminDeleteUserAttributes: takes attributes away. A deleted address takes its proof with it.
use std::collections::BTreeMap;

use poolhouse_wire::types::{AdminDeleteUserAttributesRequest, AdminDeleteUserAttributesResponse};

use super::{With, change};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;
use crate::users::{attributes, changes};

pub async fn run(ctx: &Ctx, input: AdminDeleteUserAttributesRequest) -> Result<AdminDeleteUserAttributesResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    // To delete is to set to nothing.
    let emptied: BTreeMap<String, String> = input.user_attribute_names.into_iter().map(|name| (name, String::new())).collect();
    change(ctx, &pool, &input.username, |user| {
        attributes::check_change(&pool, user, &emptied)?;
        let applied = changes::apply(&pool, user, emptied.clone());
        Ok(With { lost: applied.lost, ..With::default() })
    })
    .await?;
    Ok(AdminDeleteUserAttributesResponse {})
}
