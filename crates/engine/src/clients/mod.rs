//! App clients: what each may do, its secrets, its token lifetimes. Called by every floor above.
use std::sync::Arc;

use poolhouse_store::Stamp;
use poolhouse_store::tables::clients as table;
use poolhouse_wire::types::{
    ExplicitAuthFlowsType, FeatureType, OAuthFlowType, PreventUserExistenceErrorTypes, UserPoolClientType,
};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keyring;
use crate::keys::seal::Place;
use crate::keys::secret::SecretBytes;
use crate::pools::{self, Pool};

pub mod guessing;
pub mod lifetimes;
pub mod permissions;
pub mod rules;
pub mod secret_hash;
pub mod secrets;
pub mod urls;

/// One app client as the rules see it.
#[derive(Debug)]
pub struct Client {
    pub id: String,
    pub pool_id: String,
    /// Everything DescribeUserPoolClient shows, except the secret.
    pub document: UserPoolClientType,
    /// Active secrets, oldest first; empty for a public client. Either of two is accepted (rotation).
    pub secrets: Vec<ClientSecret>,
    pub version: i64,
    pub created_at: i64,
    pub modified_at: i64,
}

/// One active secret of a client.
#[derive(Debug)]
pub struct ClientSecret {
    pub id: String,
    pub value: SecretBytes,
    pub created_at: i64,
}

/// The client and its pool, for a call that names only the client (SignUp, InitiateAuth, the OAuth endpoints).
pub async fn load(ctx: &Ctx, client_id: &str) -> Result<(Arc<Pool>, Arc<Client>)> {
    let missing = || does_not_exist(client_id);
    // From an address or a form; NUL is no text to PostgreSQL and would be an internal error there.
    if client_id.contains('\0') {
        return Err(missing());
    }
    let cache = &ctx.engine.cache;
    let before = ctx.store().stamp();
    let current = cache.current(client_id, before);
    let current = current.and_then(|client: Arc<Client>| Some((cache.current(&client.pool_id, before)?, client)));
    let (pool, client) = match current {
        Some(known) => known,
        None => load_asking(ctx, client_id, before).await?.ok_or_else(missing)?,
    };
    ctx.concerns_client(&pool.id, &client.id);
    Ok((pool, client))
}

/// Both, asking for their versions; `before` is the state of the database before.
async fn load_asking(ctx: &Ctx, client_id: &str, before: Option<Stamp>) -> Result<Option<(Arc<Pool>, Arc<Client>)>> {
    let cache = &ctx.engine.cache;
    let mut reader = ctx.store().reader().await?;
    let Some((version, pool_version)) = table::versions(&mut reader, client_id).await? else { return Ok(None) };
    drop(reader);
    let known = cache.get(client_id, version);
    let known = known.and_then(|client: Arc<Client>| Some((cache.get::<Pool>(&client.pool_id, pool_version)?, client)));
    let Some((pool, client)) = known else { return read(ctx, client_id).await };
    cache.stands::<Client>(client_id, version, before);
    cache.stands::<Pool>(&pool.id, pool_version, before);
    Ok(Some((pool, client)))
}

async fn read(ctx: &Ctx, client_id: &str) -> Result<Option<(Arc<Pool>, Arc<Client>)>> {
    let mut reader = ctx.store().reader().await?;
    let Some(row) = table::get(&mut reader, client_id).await? else { return Ok(None) };
    drop(reader);
    let Some(pool) = pools::find(ctx, &row.pool_id).await? else { return Ok(None) };
    let client = parse(ctx, &pool, row).await?;
    Ok(Some((pool, client)))
}

/// The pool of a client, if there is such a client.
pub async fn pool_of(ctx: &Ctx, client_id: &str) -> Result<Option<String>> {
    if client_id.contains('\0') {
        return Ok(None);
    }
    let mut reader = ctx.store().reader().await?;
    table::pool_of(&mut reader, client_id).await.map_err(Error::from)
}

/// A client of this pool; a client of another pool does not exist here (tenant isolation, checklist 108).
pub async fn load_in(ctx: &Ctx, pool: &Pool, client_id: &str) -> Result<Arc<Client>> {
    let missing = || does_not_exist(client_id);
    if client_id.contains('\0') {
        return Err(missing());
    }
    let cache = &ctx.engine.cache;
    let before = ctx.store().stamp();
    if let Some(client) = cache.current::<Client>(client_id, before) {
        return in_pool(ctx, pool, client);
    }
    let mut reader = ctx.store().reader().await?;
    let version = table::version(&mut reader, client_id).await?;
    drop(reader);
    let client = of_version(ctx, pool, client_id, version).await?;
    cache.stands::<Client>(client_id, client.version, before);
    Ok(client)
}

/// As [`load_in`], for a caller who has just asked the database for the client's version.
pub async fn of_version(ctx: &Ctx, pool: &Pool, client_id: &str, version: Option<i64>) -> Result<Arc<Client>> {
    let missing = || does_not_exist(client_id);
    let client = match ctx.engine.cache.get(client_id, version.ok_or_else(missing)?) {
        Some(client) => client,
        None => {
            let mut reader = ctx.store().reader().await?;
            let row = table::get(&mut reader, client_id).await?.filter(|row| row.pool_id == pool.id);
            drop(reader);
            parse(ctx, pool, row.ok_or_else(missing)?).await?
        }
    };
    in_pool(ctx, pool, client)
}

fn in_pool(ctx: &Ctx, pool: &Pool, client: Arc<Client>) -> Result<Arc<Client>> {
    if client.pool_id != pool.id {
        return Err(does_not_exist(&client.id));
    }
    ctx.concerns_client(&pool.id, &client.id);
    Ok(client)
}

fn does_not_exist(client_id: &str) -> Error {
    Error::not_found(format!("User pool client {client_id} does not exist."))
}

async fn parse(ctx: &Ctx, pool: &Pool, row: table::ClientRow) -> Result<Arc<Client>> {
    if let Some(client) = ctx.engine.cache.get(&row.id, row.version) {
        return Ok(client);
    }
    let mut reader = ctx.store().reader().await?;
    let mut secrets = Vec::new();
    for secret in table::list_secrets(&mut reader, &row.id).await? {
        let place = Place { pool: &pool.id, row: &row.id, field: &secret_field(&secret.id) };
        secrets.push(ClientSecret {
            value: keyring::open(&pool.key, place, &secret.sealed)?,
            id: secret.id,
            created_at: secret.created_at,
        });
    }
    let document = serde_json::from_str(&row.document)
        .map_err(|e| Error::internal(format!("client {}: its document does not parse: {e}", row.id)))?;
    let client = Client {
        id: row.id.clone(),
        pool_id: row.pool_id,
        document,
        secrets,
        version: row.version,
        created_at: row.created_at,
        modified_at: row.modified_at,
    };
    // Adding or deleting a secret raises the client's version, so a cached copy never outlives one.
    Ok(ctx.engine.cache.put(&row.id, row.version, client))
}

/// Where a client secret is sealed: bound to its own id, so that two rows cannot be swapped.
pub fn secret_field(secret_id: &str) -> String {
    format!("client_secret/{secret_id}")
}

impl Client {
    pub fn has_secret(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Whether this secret is one of the active ones. Compares with all of them in constant time.
    pub fn accepts_secret(&self, given: &str) -> bool {
        self.secrets.iter().fold(false, |ok, secret| ok | secret.value.matches(given.as_bytes()))
    }

    /// Whether this sign-in flow is switched on.
    pub fn allows(&self, flow: ExplicitAuthFlowsType) -> bool {
        flow_allowed(&self.document, flow)
    }

    /// Whether the OAuth grant is switched on for this client.
    pub fn allows_oauth(&self, flow: OAuthFlowType) -> bool {
        self.document.allowed_oauth_flows_user_pool_client.unwrap_or(false)
            && self.document.allowed_oauth_flows.iter().flatten().any(|f| *f == flow)
    }

    /// PreventUserExistenceErrors ENABLED: replies must not tell whether a user exists.
    pub fn hides_users(&self) -> bool {
        self.document.prevent_user_existence_errors == Some(PreventUserExistenceErrorTypes::Enabled)
    }

    pub fn revocable(&self) -> bool {
        self.document.enable_token_revocation.unwrap_or(true)
    }

    /// Seconds an access token lives: default 60 minutes, default unit hours.
    pub fn access_token_seconds(&self) -> i64 {
        lifetimes::Lifetimes::of(&self.document).access
    }

    /// Seconds an ID token lives: default 60 minutes, default unit hours.
    pub fn id_token_seconds(&self) -> i64 {
        lifetimes::Lifetimes::of(&self.document).id
    }

    /// Seconds a refresh token lives: default (and 0) 30 days, default unit days.
    pub fn refresh_token_seconds(&self) -> i64 {
        lifetimes::Lifetimes::of(&self.document).refresh
    }

    /// Minutes a challenge session lives: 3 to 15, default 3.
    pub fn auth_session_minutes(&self) -> i64 {
        i64::from(self.document.auth_session_validity.unwrap_or(3))
    }

    /// `Some(grace seconds)` where refresh token rotation is on.
    pub fn rotation_grace_seconds(&self) -> Option<i64> {
        let rotation = self.document.refresh_token_rotation.as_ref()?;
        (rotation.feature == FeatureType::Enabled).then(|| i64::from(rotation.retry_grace_period_seconds.unwrap_or(0)))
    }
}

/// Whether a client with these settings may use the flow. Unset means refresh, SRP and custom; the legacy names imply SRP
/// and refresh (API reference, ExplicitAuthFlows).
pub fn flow_allowed(document: &UserPoolClientType, flow: ExplicitAuthFlowsType) -> bool {
    use ExplicitAuthFlowsType as F;
    // A rotated token goes through GetTokensFromRefreshToken alone: this flow would hand out tokens without rotating,
    // and a stolen token would never be noticed (developer guide, refresh token rotation).
    let rotates = document.refresh_token_rotation.as_ref().is_some_and(|r| r.feature == FeatureType::Enabled);
    if flow == F::AllowRefreshTokenAuth && rotates {
        return false;
    }
    let Some(flows) = document.explicit_auth_flows.as_deref().filter(|f| !f.is_empty()) else {
        return matches!(flow, F::AllowRefreshTokenAuth | F::AllowUserSrpAuth | F::AllowCustomAuth);
    };
    let legacy = |old: F| flows.contains(&old);
    flows.contains(&flow)
        || match flow {
            F::AllowUserPasswordAuth => legacy(F::UserPasswordAuth),
            F::AllowAdminUserPasswordAuth => legacy(F::AdminNoSrpAuth),
            F::AllowCustomAuth => legacy(F::CustomAuthFlowOnly),
            F::AllowUserSrpAuth | F::AllowRefreshTokenAuth => {
                legacy(F::UserPasswordAuth) || legacy(F::AdminNoSrpAuth) || legacy(F::CustomAuthFlowOnly)
            }
            _ => false,
        }
}

/// Clients for unit tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A client with these secrets and no settings; not in any store.
    pub fn client(secrets: &[&str]) -> Client {
        use crate::keys::secret::SecretBytes;
        let secret = |s: &&str| ClientSecret { id: (*s).to_owned(), value: SecretBytes::from(*s), created_at: 0 };
        Client {
            id: "c".to_owned(),
            pool_id: "p".to_owned(),
            document: Default::default(),
            secrets: secrets.iter().map(secret).collect(),
            version: 1,
            created_at: 0,
            modified_at: 0,
        }
    }
}
