//! DescribeUserPoolClient, with the client's secret.
use poolhouse_wire::types::{DescribeUserPoolClientRequest, DescribeUserPoolClientResponse};

use super::describe;
use crate::clients;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;

pub async fn run(ctx: &Ctx, input: DescribeUserPoolClientRequest) -> Result<DescribeUserPoolClientResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let client = clients::load_in(ctx, &pool, &input.client_id).await?;
    let described = describe(&client, client.document.clone(), client.modified_at, client.described_secret());
    Ok(DescribeUserPoolClientResponse { user_pool_client: Some(described) })
}
