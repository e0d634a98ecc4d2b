//! Which scopes a request gets. A token only ever holds scopes that the client is allowed and the request asked for
//! (checklist 18).
use std::sync::Arc;

use poolhouse_store::tables::resource_servers as table;
use serde::Deserialize;

use crate::clients::Client;
use crate::ctx::Ctx;
use crate::error::{Error, OAuthCode, Result};
use crate::pools::Pool;
use crate::tokens::ADMIN_SCOPE;

/// OpenID Connect's own scopes and Cognito's: everything else belongs to a resource server.
const SYSTEM: [&str; 5] = ["openid", "email", "phone", "profile", ADMIN_SCOPE];

/// Resource servers looked through: Cognito allows a pool 25, raisable to 300.
const SERVERS_MAX: i64 = 300;

/// Longest scope text, bytes: a longer one is refused before it is split (CPU exhaustion by a 50,000-character scope, checklist 115).
const TEXT_MAX: usize = 4096;

pub fn is_custom(scope: &str) -> bool {
    !SYSTEM.contains(&scope)
}

fn invalid_scope(why: impl Into<String>) -> Error {
    Error::oauth(OAuthCode::InvalidScope, "").because(why)
}

fn allowed(client: &Client) -> Vec<&str> {
    client.document.allowed_oauth_scopes.iter().flatten().map(|s| s.as_ref()).collect()
}

/// For a sign-in: no `scope` means everything the client allows (developer guide, authorize endpoint). `email`, `phone` and
/// `profile` only together with `openid`. Custom scopes whose resource server has lost them are left out.
pub async fn for_user(ctx: &Ctx, pool: &Pool, client: &Client, requested: Option<&str>) -> Result<Vec<String>> {
    let allowed = allowed(client);
    let wanted: Vec<&str> = match requested {
        None => allowed.clone(),
        Some(text) => split(text)?,
    };
    if let Some(foreign) = wanted.iter().find(|scope| !allowed.contains(scope)) {
        return Err(invalid_scope(format!("the client does not allow the scope {foreign}"))
            .differs(*foreign, allowed.join(" "))
            .fix("Add the scope to AllowedOAuthScopes with UpdateUserPoolClient."));
    }
    let needs_openid = |scope: &&str| matches!(*scope, "email" | "phone" | "profile");
    if requested.is_some() && wanted.iter().any(needs_openid) && !wanted.contains(&"openid") {
        return Err(invalid_scope("email, phone and profile need openid beside them"));
    }
    let live = live_custom_scopes(ctx, pool, &wanted).await?;
    Ok(wanted.into_iter().filter(|s| !is_custom(s) || live.0.iter().any(|l| l == s)).map(str::to_owned).collect())
}

/// For a machine: custom scopes only, all of the client's where none are asked for; one that cannot be had fails the
/// request as a whole. A scope that no resource server has is `invalid_scope`, one the client may not use `invalid_grant`
/// (developer guide, token endpoint).
pub async fn for_machine(ctx: &Ctx, pool: &Pool, client: &Client, requested: Option<&str>) -> Result<Vec<String>> {
    let allowed = allowed(client);
    let wanted: Vec<&str> = match requested {
        None => allowed.iter().copied().filter(|s| is_custom(s)).collect(),
        Some(text) => split(text)?,
    };
    let live = live_custom_scopes(ctx, pool, &wanted).await?;
    for scope in &wanted {
        if !is_custom(scope) || (requested.is_some() && !live.0.iter().any(|l| l == scope)) {
            return Err(invalid_scope(format!("{scope} is no scope of a resource server of this pool")));
        }
        if !allowed.contains(scope) {
            return Err(Error::oauth(OAuthCode::InvalidGrant, "").because(format!("the client does not allow the scope {scope}")));
        }
    }
    Ok(wanted.into_iter().filter(|s| live.0.iter().any(|l| l == s)).map(str::to_owned).collect())
}

/// Splits on spaces (RFC 6749 §3.3) and drops repeats. Spaces alone name no scope: that is malformed, not "none".
pub(super) fn split(text: &str) -> Result<Vec<&str>> {
    if text.len() > TEXT_MAX {
        return Err(invalid_scope("the scope parameter is too long"));
    }
    let mut scopes: Vec<&str> = Vec::new();
    for scope in text.split(' ').filter(|s| !s.is_empty()) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if scopes.is_empty() {
        return Err(invalid_scope("the scope parameter names no scope"));
    }
    Ok(scopes)
}

#[derive(Deserialize)]
struct Scope {
    #[serde(rename = "ScopeName")]
    name: String,
}

/// The custom scopes of a pool's resource servers.
#[derive(Default)]
struct CustomScopes(Vec<String>);

/// The custom scopes that resource servers still have; none where `scopes` asks for none.
async fn live_custom_scopes(ctx: &Ctx, pool: &Pool, scopes: &[&str]) -> Result<Arc<CustomScopes>> {
    if !scopes.iter().any(|s| is_custom(s)) {
        return Ok(Arc::default());
    }
    let cache = &ctx.engine.cache;
    let before = ctx.store().stamp();
    if let Some(live) = cache.current(&pool.id, before) {
        return Ok(live);
    }
    let mut live = Vec::new();
    let mut reader = ctx.store().reader().await?;
    let servers = table::list(&mut reader, &pool.id, "", SERVERS_MAX).await?;
    drop(reader);
    for server in servers {
        let names: Vec<Scope> = serde_json::from_str(&server.scopes)
            .map_err(|e| Error::internal(format!("resource server {}: its scopes do not parse: {e}", server.identifier)))?;
        live.extend(names.into_iter().map(|scope| format!("{}/{}", server.identifier, scope.name)));
    }
    Ok(cache.put_current(&pool.id, before, CustomScopes(live)))
}
