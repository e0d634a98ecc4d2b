//! ListUserPoolClients.
use poolhouse_store::tables::clients::{self as table, ClientRow};
use poolhouse_wire::types::{ClientTypeType, ListUserPoolClientsRequest, ListUserPoolClientsResponse, UserPoolClientDescription};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::ops::pagination::{self, Place};
use crate::pools;

pub async fn run(ctx: &Ctx, input: ListUserPoolClientsRequest) -> Result<ListUserPoolClientsResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    // No client registers itself yet, so a list of those is empty and any other list is whole.
    if input.client_type == Some(ClientTypeType::Dcr) {
        return Ok(ListUserPoolClientsResponse { user_pool_clients: Some(Vec::new()), next_token: None });
    }
    let filter = input.client_type.map_or("", ClientTypeType::as_str);
    let place = Place { operation: "ListUserPoolClients", scope: &pool.id, filter };
    let limit = pagination::limit(input.max_results);
    let cursor = pagination::cursor(ctx, place, input.next_token.as_deref())?;
    let after = cursor.iter().flatten().next().map_or("", String::as_str);
    let mut reader = ctx.store().reader().await?;
    let mut rows = table::list(&mut reader, &pool.id, after, limit + 1).await?;
    drop(reader);
    let next_token = pagination::next(ctx, place, &mut rows, limit, |row| vec![row.id.clone()])?;
    let summary = |row: ClientRow| UserPoolClientDescription {
        client_id: Some(row.id.into()),
        user_pool_id: Some(row.pool_id),
        client_name: Some(row.name),
    };
    Ok(ListUserPoolClientsResponse { user_pool_clients: Some(rows.into_iter().map(summary).collect()), next_token })
}
