//! DeleteResourceServer. Clients keep the names of its scopes, which are granted no more.
use poolhouse_store::Tx;
use poolhouse_store::tables::resource_servers as table;
use poolhouse_wire::types::DeleteResourceServerRequest;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::{self, resource_servers};
use crate::undo::{Copying, Kind};

pub async fn run(ctx: &Ctx, input: DeleteResourceServerRequest) -> Result<()> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let (pool_id, identifier) = (pool.id.clone(), input.identifier.clone());
    let copying = Copying::of(ctx, Kind::ResourceServer, &pool_id, &identifier, &identifier);
    let delete = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        copying.copy(tx).await?;
        let deleted = table::delete(tx, &pool_id, &identifier).await?;
        copying.unless(tx, deleted).await?;
        Ok(deleted)
    };
    if !ctx.store().write(delete).await? {
        return Err(resource_servers::does_not_exist(&input.identifier));
    }
    Ok(())
}
