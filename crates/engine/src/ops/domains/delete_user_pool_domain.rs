//! DeleteUserPoolDomain.
use poolhouse_store::Tx;
use poolhouse_store::tables::domains as table;
use poolhouse_wire::types::{DeleteUserPoolDomainRequest, DeleteUserPoolDomainResponse};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::{self, domains};

pub async fn run(ctx: &Ctx, input: DeleteUserPoolDomainRequest) -> Result<DeleteUserPoolDomainResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let (_, row) = domains::load(ctx, &pool, &input.domain).await?;
    if !ctx.store().write(async move |tx: &mut Tx| table::delete(tx, &row.pool_id, &row.region, &row.domain).await).await? {
        return Err(domains::does_not_exist());
    }
    Ok(DeleteUserPoolDomainResponse {})
}
