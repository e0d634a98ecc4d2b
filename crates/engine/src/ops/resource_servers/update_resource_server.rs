//! UpdateResourceServer: replaces name and scopes; scopes that are left out are removed.
use poolhouse_store::Tx;
use poolhouse_store::tables::resource_servers as table;
use poolhouse_wire::types::{UpdateResourceServerRequest, UpdateResourceServerResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::{self, resource_servers};

pub async fn run(ctx: &Ctx, input: UpdateResourceServerRequest) -> Result<UpdateResourceServerResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let scopes = input.scopes.unwrap_or_default();
    let row = resource_servers::row(ctx, &pool, input.identifier, input.name, &scopes)?;
    let changed = row.clone();
    if !ctx.store().write(async move |tx: &mut Tx| table::update(tx, &changed).await).await? {
        return Err(resource_servers::does_not_exist(&row.identifier));
    }
    Ok(UpdateResourceServerResponse { resource_server: resource_servers::describe(row)? })
}
