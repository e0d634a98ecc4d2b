//! UpdateUserPoolClient: replaces every setting; what is left out goes back to its default. Secrets stay.
use poolhouse_store::tables::clients as table;
use poolhouse_store::{Error as StoreError, Tx};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{UpdateUserPoolClientRequest, UpdateUserPoolClientResponse};

use super::{custom_scopes, describe, drop_unused_verifiers, row};
use crate::clients;
use crate::clients::rules::{self, Change, Facts};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools;
use crate::users::passwords;

pub async fn run(ctx: &Ctx, input: UpdateUserPoolClientRequest) -> Result<UpdateUserPoolClientResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let client = clients::load_in(ctx, &pool, &input.client_id).await?;
    let mut document = rules::of_update(input, &client.document);
    let custom_scopes = custom_scopes(ctx, &pool, &document).await?;
    let facts = Facts { pool: &pool, custom_scopes: &custom_scopes, has_secret: client.has_secret(), change: Change::Updating };
    rules::check(&document, &facts)?;
    rules::complete(&mut document);

    let changed = row(&client, &document, ctx.now)?;
    let may_drop = passwords::may_use_srp(&client.document) && !passwords::may_use_srp(&document);
    let written = ctx
        .store()
        .write(async move |tx: &mut Tx| {
            let written = table::update(tx, &changed).await?;
            if written && may_drop {
                drop_unused_verifiers(tx, &changed.pool_id, None).await?;
            }
            Ok::<_, StoreError>(written)
        })
        .await?;
    if !written {
        // Ours: two whole sets of settings cannot both be what the client is set to.
        return Err(Error::new(
            ErrorCode::ConcurrentModificationException,
            "The user pool client was changed by another request. Try again.",
        ));
    }
    let described = describe(&client, document, ctx.now, client.described_secret());
    Ok(UpdateUserPoolClientResponse { user_pool_client: Some(described) })
}
