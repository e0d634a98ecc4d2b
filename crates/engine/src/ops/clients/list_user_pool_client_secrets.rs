//! ListUserPoolClientSecrets: ids and dates, never values. There are two at most, so there are no pages.
use poolhouse_wire::types::{
    ClientSecretDescriptorType, ListUserPoolClientSecretsRequest, ListUserPoolClientSecretsResponse, Timestamp,
};

use crate::clients;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;

pub async fn run(ctx: &Ctx, input: ListUserPoolClientSecretsRequest) -> Result<ListUserPoolClientSecretsResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let client = clients::load_in(ctx, &pool, &input.client_id).await?;
    let descriptor = |secret: &clients::ClientSecret| ClientSecretDescriptorType {
        client_secret_id: Some(secret.id.clone()),
        client_secret_value: None,
        client_secret_create_date: Some(Timestamp(secret.created_at)),
    };
    Ok(ListUserPoolClientSecretsResponse {
        client_secrets: Some(client.secrets.iter().map(descriptor).collect()),
        next_token: None,
    })
}
