//! GlobalSignOut: every token of the user dies; the session cookie of the sign-in pages stays, as Cognito's does.
use poolhouse_store::Tx;
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{GlobalSignOutRequest, GlobalSignOutResponse};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::tokens;

pub async fn run(ctx: &Ctx, input: GlobalSignOutRequest) -> Result<GlobalSignOutResponse> {
    let session =
        tokens::access::for_api(ctx, &input.access_token).await.map_err(|e| match e.is(ErrorCode::UserNotFoundException) {
            // The one token operation without this exception: a deleted user's tokens are revoked like all others.
            true => Error::not_authorized("Access Token has been revoked"),
            false => e,
        })?;
    let (row, now) = (session.user.row, ctx.now);
    ctx.store().write(async move |tx: &mut Tx| tokens::revoke::all_of_user(tx, &row.pool_id, &row.sub, now, false).await).await?;
    Ok(GlobalSignOutResponse {})
}
