//! DeleteResourceServer. Clients keep the names of its scopes, which are granted no more.
use poolhouse_store::Tx;
use poolhouse_store::tables::resource_servers as table;
use poolhouse_wire::types::DeleteResourceServerRequest;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::{self, resource_servers};

pub async fn run(ctx: &Ctx, input: DeleteResourceServerRequest) -> Result<()> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let (pool_id, identifier) = (pool.id.clone(), input.identifier.clone());
    if !ctx.store().write(async move |tx: &mut Tx| table::delete(tx, &pool_id, &identifier).await).await? {
        return Err(resource_servers::does_not_exist(&input.identifier));
    }
    Ok(())
}
