//! Operations on app clients and their secrets.
use std::collections::BTreeSet;

use poolhouse_store::Tx;
use poolhouse_store::tables::clients as table;
use poolhouse_wire::types::{Sensitive, Timestamp, UserPoolClientType};

use crate::clients::{Client, rules};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::Pool;
use crate::undo::Copying;
use crate::users::passwords;

pub mod add_user_pool_client_secret;
pub mod create_user_pool_client;
pub mod delete_user_pool_client;
pub mod delete_user_pool_client_secret;
pub mod describe_user_pool_client;
pub mod list_user_pool_client_secrets;
pub mod list_user_pool_clients;
pub mod update_user_pool_client;

/// Clients read at once where all of a pool's are wanted.
const BATCH: i64 = 200;

/// The row of a client with this document.
fn row(client: &Client, document: &UserPoolClientType, now: i64) -> Result<table::ClientRow> {
    Ok(table::ClientRow {
        id: client.id.clone(),
        pool_id: client.pool_id.clone(),
        name: document.client_name.clone().unwrap_or_default(),
        document: serde_json::to_string(document)
            .map_err(|e| Error::internal(format!("client {}: its document does not serialise: {e}", client.id)))?,
        version: client.version,
        created_at: client.created_at,
        modified_at: now,
    })
}

/// The client as administrators see it. `secret` is for Create, Describe and Update alone (checklist 109).
fn describe(client: &Client, document: UserPoolClientType, modified_at: i64, secret: Option<String>) -> UserPoolClientType {
    UserPoolClientType {
        user_pool_id: Some(client.pool_id.clone()),
        client_id: Some(client.id.clone().into()),
        client_secret: secret.map(Sensitive::from),
        creation_date: Some(Timestamp(client.created_at)),
        last_modified_date: Some(Timestamp(modified_at)),
        ..document
    }
}

/// `User pool client … does not exist.` (observed).
fn does_not_exist(client_id: &str) -> Error {
    Error::not_found(format!("User pool client {client_id} does not exist."))
}

/// Custom scopes are looked up only where a client names one.
async fn custom_scopes(ctx: &Ctx, pool: &Pool, document: &UserPoolClientType) -> Result<BTreeSet<String>> {
    let named = document.allowed_oauth_scopes.iter().flatten().any(|s| !rules::BUILT_IN_SCOPES.contains(&s.as_str()));
    if named { crate::pools::resource_servers::scopes(ctx, pool).await } else { Ok(BTreeSet::new()) }
}

/// Deletes what was kept for SRP in a pool where no client verifies by it any more (checklist 177). Call inside the
/// write that may have taken SRP from the last such client: look and deletion are one transaction, so that a client made
/// meanwhile counts. A pool without any client keeps its verifiers, since its first one may use them.
async fn drop_unused_verifiers(tx: &mut Tx, pool_id: &str, copying: Option<&Copying>) -> poolhouse_store::Result<()> {
    let mut after = String::new();
    loop {
        let rows = table::list(tx, pool_id, &after, BATCH).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        // A document that does not parse keeps what its client might need; the rule that reads it reports it.
        if rows.iter().any(|row| serde_json::from_str(&row.document).map_or(true, |d| passwords::may_use_srp(&d))) {
            return Ok(());
        }
    }
    if after.is_empty() {
        return Ok(());
    }
    if let Some(copying) = copying {
        copying.copy_verifiers(tx).await?;
    }
    passwords::drop_verifiers(tx, pool_id).await
}
