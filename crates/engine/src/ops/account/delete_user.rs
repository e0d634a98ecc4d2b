//! DeleteUser: the user deletes themselves, and everything that could still act for them goes too (checklist 100).
use poolhouse_store::Tx;
use poolhouse_wire::types::DeleteUserRequest;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::tokens;
use crate::users::save;

pub async fn run(ctx: &Ctx, input: DeleteUserRequest) -> Result<()> {
    let session = tokens::access::for_api(ctx, &input.access_token).await?;
    let (row, now) = (session.user.row, ctx.now);
    // Deleted twice at the same moment: gone is gone.
    ctx.store().write(async move |tx: &mut Tx| save::delete(tx, &row.pool_id, &row.sub, now).await).await?;
    Ok(())
}
