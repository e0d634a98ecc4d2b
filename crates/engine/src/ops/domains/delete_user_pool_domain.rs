//! DeleteUserPoolDomain.
use poolhouse_store::Tx;
use poolhouse_store::tables::domains as table;
use poolhouse_wire::types::{DeleteUserPoolDomainRequest, DeleteUserPoolDomainResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::{self, domains};
use crate::undo::{Copying, Kind};

pub async fn run(ctx: &Ctx, input: DeleteUserPoolDomainRequest) -> Result<DeleteUserPoolDomainResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let (_, row) = domains::load(ctx, &pool, &input.domain).await?;
    let copying = Copying::of(ctx, Kind::Domain, &row.pool_id, &row.domain, &row.domain);
    let delete = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        copying.copy(tx).await?;
        let deleted = table::delete(tx, &row.pool_id, &row.region, &row.domain).await?;
        copying.unless(tx, deleted).await?;
        Ok(deleted)
    };
    if !ctx.store().write(delete).await? {
        return Err(domains::does_not_exist());
    }
    Ok(DeleteUserPoolDomainResponse {})
}
