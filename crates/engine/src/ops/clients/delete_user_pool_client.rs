//! DeleteUserPoolClient: the client and its secrets; the refresh tokens it was given are revoked, so that a client made
//! again under the same id does not inherit them.
use poolhouse_store::tables::{clients as table, refresh};
use poolhouse_store::{Error as StoreError, Tx};
use poolhouse_wire::types::DeleteUserPoolClientRequest;

use super::{does_not_exist, drop_unused_verifiers};
use crate::clients;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools;
use crate::undo::{Copying, Kind};
use crate::users::passwords;

pub async fn run(ctx: &Ctx, input: DeleteUserPoolClientRequest) -> Result<()> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let client = clients::load_in(ctx, &pool, &input.client_id).await?;
    let (pool_id, client_id) = (pool.id.clone(), client.id.clone());
    let may_drop = passwords::may_use_srp(&client.document);
    let now = ctx.now;
    let name = client.document.client_name.as_deref().unwrap_or(&client.id);
    let copying = Copying::of(ctx, Kind::Client, &pool_id, &client_id, name);
    let deleted = ctx
        .store()
        .write(async move |tx: &mut Tx| {
            copying.copy(tx).await?;
            let deleted = table::delete(tx, &pool_id, &client_id).await?;
            copying.unless(tx, deleted).await?;
            if deleted {
                refresh::revoke_by_client(tx, &client_id, now).await?;
            }
            if deleted && may_drop {
                drop_unused_verifiers(tx, &pool_id, Some(&copying)).await?;
            }
            Ok::<_, StoreError>(deleted)
        })
        .await?;
    if deleted { Ok(()) } else { Err(does_not_exist(&client.id)) }
}
