//! AddUserPoolClientSecret: a second secret beside the first, so that deployments can change over without a gap.
use poolhouse_store::tables::clients as table;
use poolhouse_store::{Error as StoreError, Tx};
use poolhouse_wire::types::{
    AddUserPoolClientSecretRequest, AddUserPoolClientSecretResponse, ClientSecretDescriptorType, Sensitive, Timestamp,
};

use super::row;
use crate::clients::{self, secrets};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools;

pub async fn run(ctx: &Ctx, input: AddUserPoolClientSecretRequest) -> Result<AddUserPoolClientSecretResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let client = clients::load_in(ctx, &pool, &input.client_id).await?;
    if !client.has_secret() {
        // Ours. A public client stays public: a secret would turn away every copy of its app.
        return Err(Error::invalid_parameter("A secret can be added only to an app client that has a client secret."));
    }
    let generated = input.client_secret.is_none();
    let value = input.client_secret.map_or_else(|| secrets::generate(ctx), Sensitive::into_string);
    let secret_row = secrets::row(ctx, &pool, &client.id, &client.secrets, &value)?;
    let descriptor = ClientSecretDescriptorType {
        client_secret_id: Some(secret_row.id.clone()),
        // The caller knows a value of their own; only one that we made must be told, this once.
        client_secret_value: generated.then(|| value.into()),
        client_secret_create_date: Some(Timestamp(secret_row.created_at)),
    };
    let client_row = row(&client, &client.document, ctx.now)?;
    let written = ctx
        .store()
        .write(async move |tx: &mut Tx| {
            if !table::insert_secret(tx, &secret_row, secrets::SECRETS_MAX).await? {
                return Ok(false);
            }
            // The client's version names its cached copy, secrets included. A false is an error, so that the secret is
            // taken back: nobody would ever see it used.
            if !table::update(tx, &client_row).await? {
                return Err(StoreError::Retry);
            }
            Ok(true)
        })
        .await;
    match written {
        Ok(true) => Ok(AddUserPoolClientSecretResponse { client_secret_descriptor: Some(descriptor) }),
        // Ours.
        Ok(false) => Err(Error::limit_exceeded(format!("An app client can have at most {} secrets.", secrets::SECRETS_MAX))),
        Err(StoreError::Retry | StoreError::Unique(_)) => Err(pools::busy(&pool.id)),
        Err(e) => Err(e.into()),
    }
}
