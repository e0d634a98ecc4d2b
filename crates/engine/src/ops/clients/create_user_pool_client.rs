//! CreateUserPoolClient.
use poolhouse_store::tables::clients as table;
use poolhouse_store::{Error as StoreError, Tx};
use poolhouse_wire::types::{ClientTypeType, CreateUserPoolClientRequest, CreateUserPoolClientResponse, UserPoolClientType};

use super::{custom_scopes, describe, row};
use crate::clients::rules::{self, Change, Facts};
use crate::clients::{Client, secrets};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::entropy;
use crate::pools;

/// Characters of a client id: 26 of 36, some 134 bits.
const ID_LENGTH: usize = 26;

pub async fn run(ctx: &Ctx, input: CreateUserPoolClientRequest) -> Result<CreateUserPoolClientResponse> {
    let id = entropy::lower_alphanumerics(ctx.entropy(), ID_LENGTH);
    Ok(CreateUserPoolClientResponse { user_pool_client: Some(create(ctx, id, input).await?) })
}

/// Makes the client under this id: for seeds, which fix their ids, as well as for the operation, which mints one.
pub async fn create(ctx: &Ctx, id: String, mut input: CreateUserPoolClientRequest) -> Result<UserPoolClientType> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let secret = match (input.generate_secret.unwrap_or(false), input.client_secret.take()) {
        (true, Some(_)) => return Err(Error::invalid_parameter("GenerateSecret cannot be true when ClientSecret is given.")),
        (true, None) => Some(secrets::generate(ctx)),
        (false, given) => given.map(|secret| secret.into_string()),
    };
    let mut document = rules::of_create(input);
    let custom_scopes = custom_scopes(ctx, &pool, &document).await?;
    let facts = Facts { pool: &pool, custom_scopes: &custom_scopes, has_secret: secret.is_some(), change: Change::Creating };
    rules::check(&document, &facts)?;
    rules::complete(&mut document);
    document.client_type = Some(ClientTypeType::Regular);

    let client = Client {
        id,
        pool_id: pool.id.clone(),
        document,
        secrets: Vec::new(),
        version: ctx.first_version(),
        created_at: ctx.now,
        modified_at: ctx.now,
    };
    let client_row = row(&client, &client.document, ctx.now)?;
    let secret_row = secret.as_deref().map(|value| secrets::row(ctx, &pool, &client.id, &[], value)).transpose()?;
    let written = ctx
        .store()
        .write(async move |tx: &mut Tx| {
            table::insert(tx, &client_row).await?;
            if let Some(secret_row) = &secret_row {
                table::insert_secret(tx, secret_row, secrets::SECRETS_MAX).await?;
            }
            Ok(())
        })
        .await;
    match written {
        Ok(()) => Ok(describe(&client, client.document.clone(), ctx.now, secret)),
        Err(StoreError::Reference) => Err(pools::does_not_exist(&pool.id)),
        Err(StoreError::Unique(_)) => Err(Error::invalid_parameter(format!("User pool client {} already exists.", client.id))),
        Err(e) => Err(e.into()),
    }
}
