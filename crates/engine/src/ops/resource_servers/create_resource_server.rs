//! CreateResourceServer.
use poolhouse_store::tables::resource_servers as table;
use poolhouse_store::{Error as StoreError, Tx};
use poolhouse_wire::types::{CreateResourceServerRequest, CreateResourceServerResponse};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::{self, resource_servers};

pub async fn run(ctx: &Ctx, input: CreateResourceServerRequest) -> Result<CreateResourceServerResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let scopes = input.scopes.unwrap_or_default();
    let row = resource_servers::row(ctx, &pool, input.identifier, input.name, &scopes)?;
    let written = {
        let row = row.clone();
        ctx.store().write(async move |tx: &mut Tx| table::insert(tx, &row).await).await
    };
    match written {
        Ok(()) => Ok(CreateResourceServerResponse { resource_server: resource_servers::describe(row)? }),
        Err(StoreError::Unique(_)) => {
            Err(Error::invalid_parameter(format!("{} already exists in user pool {}.", row.identifier, pool.id)))
        }
        Err(StoreError::Reference) => Err(pools::does_not_exist(&pool.id)),
        Err(e) => Err(e.into()),
    }
}
