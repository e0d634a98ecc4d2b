//! DeleteUserPoolClientSecret: ends a rotation. The last secret stays: without one the client would be public.
use poolhouse_store::tables::clients as table;
use poolhouse_store::{Error as StoreError, Tx};
use poolhouse_wire::types::{DeleteUserPoolClientSecretRequest, DeleteUserPoolClientSecretResponse};

use super::row;
use crate::clients;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools;

pub async fn run(ctx: &Ctx, input: DeleteUserPoolClientSecretRequest) -> Result<DeleteUserPoolClientSecretResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let client = clients::load_in(ctx, &pool, &input.client_id).await?;
    if !client.secrets.iter().any(|secret| secret.id == input.client_secret_id) {
        // Ours.
        return Err(Error::not_found(format!("Client secret {} does not exist.", input.client_secret_id)));
    }
    let client_row = row(&client, &client.document, ctx.now)?;
    let written = ctx
        .store()
        .write(async move |tx: &mut Tx| {
            let deleted = table::delete_secret(tx, &client_row.id, &input.client_secret_id).await?;
            // The client's version names its cached copy: a deleted secret must not be accepted from one.
            if deleted && !table::update(tx, &client_row).await? {
                return Err(StoreError::Retry);
            }
            Ok(deleted)
        })
        .await;
    match written {
        Ok(true) => Ok(DeleteUserPoolClientSecretResponse {}),
        // Ours.
        Ok(false) => Err(Error::invalid_parameter("The last remaining secret of an app client cannot be deleted.")),
        Err(StoreError::Retry) => Err(pools::busy(&pool.id)),
        Err(e) => Err(e.into()),
    }
}
