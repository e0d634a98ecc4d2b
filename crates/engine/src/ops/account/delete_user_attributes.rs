//! DeleteUserAttributes: the user takes attributes away that nothing requires.
use poolhouse_wire::types::{DeleteUserAttributesRequest, DeleteUserAttributesResponse};

use crate::account::profile;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::tokens;

pub async fn run(ctx: &Ctx, input: DeleteUserAttributesRequest) -> Result<DeleteUserAttributesResponse> {
    let session = tokens::access::for_api(ctx, &input.access_token).await?;
    profile::delete(ctx, session, input.user_attribute_names).await?;
    Ok(DeleteUserAttributesResponse {})
}
