//! Tokens without a sign-in, for tests against development instances: through the same issuing as every other token, for a
//! user who might sign in now. Called by the control API.
use poolhouse_wire::types::TimeUnitsType;

use super::may_sign_in;
use crate::clients::{self, Client};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools;
use crate::tokens::{self, ADMIN_SCOPE, Door, Grant, TokenSet};
use crate::users;

/// Longest life of access and ID tokens, seconds (API reference, TokenValidityUnitsType); the shortest is one second here,
/// so that a test can wait for the end.
pub const LIFE_SECONDS_MAX: i64 = 86_400;

/// What is to be minted.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub pool: String,
    pub client: String,
    pub username: String,
    /// As from the OAuth endpoints with these scopes; `None`: as from InitiateAuth.
    pub scopes: Option<Vec<String>>,
    /// Seconds that access and ID token live, in place of the client's setting.
    pub life_seconds: Option<i64>,
}

/// Issues access, ID and refresh tokens of the user.
///
/// # Errors
/// ResourceNotFoundException, UserNotFoundException; what a sign-in of this user is refused with; InvalidParameterException
/// for a scope that the client may not ask for, or a life out of range.
pub async fn issue(ctx: &Ctx, wanted: &Wanted) -> Result<TokenSet> {
    let pool = pools::load(ctx, &wanted.pool).await?;
    let client = clients::load_in(ctx, &pool, &wanted.client).await?;
    let user = users::require(ctx, &pool, &wanted.username).await?;
    ctx.concerns("Username", user.username());
    may_sign_in(ctx, &user)?;
    if let Some(scopes) = &wanted.scopes {
        allowed(&client, scopes)?;
    }
    let shortened = wanted.life_seconds.map(|seconds| living(&client, seconds)).transpose()?;
    let grant = Grant {
        pool: &pool,
        client: shortened.as_ref().unwrap_or(&client),
        user: &user,
        scopes: wanted.scopes.clone().unwrap_or_else(|| vec![ADMIN_SCOPE.to_owned()]),
        auth_time: ctx.now / 1000,
        door: if wanted.scopes.is_some() { Door::Domain } else { Door::Api },
        nonce: None,
        resource: None,
    };
    ctx.change("MintTokens", tokens::issue(ctx, &grant)).await
}

fn allowed(client: &Client, scopes: &[String]) -> Result<()> {
    let known: Vec<&str> = client.document.allowed_oauth_scopes.iter().flatten().map(String::as_str).collect();
    match scopes.iter().find(|scope| !known.contains(&scope.as_str())) {
        None => Ok(()),
        Some(scope) => Err(Error::invalid_parameter(format!(
            "The client may not ask for the scope {scope:?}; its AllowedOAuthScopes: {}.",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        ))),
    }
}

/// The client, but that its access and ID tokens live so long.
fn living(client: &Client, seconds: i64) -> Result<Client> {
    let life = i32::try_from(seconds).ok().filter(|life| (1..=LIFE_SECONDS_MAX).contains(&i64::from(*life)));
    let Some(life) = life else {
        return Err(Error::invalid_parameter(format!("ttl_seconds is from 1 to {LIFE_SECONDS_MAX}.")));
    };
    let mut document = client.document.clone();
    (document.access_token_validity, document.id_token_validity) = (Some(life), Some(life));
    let units = document.token_validity_units.get_or_insert_default();
    (units.access_token, units.id_token) = (Some(TimeUnitsType::Seconds), Some(TimeUnitsType::Seconds));
    Ok(Client {
        id: client.id.clone(),
        pool_id: client.pool_id.clone(),
        document,
        // Nothing is proved with them here.
        secrets: Vec::new(),
        version: client.version,
        created_at: client.created_at,
        modified_at: client.modified_at,
    })
}
