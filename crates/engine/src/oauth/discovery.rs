//! What clients read before they start: OpenID Connect Discovery 1.0 and RFC 8414 metadata, and the JWKS. Cognito's
//! members, and beside them what makes PKCE, logout and `iss` discoverable.
use std::sync::Arc;

use bytes::Bytes;
use poolhouse_store::Stamp;
use poolhouse_store::tables::domains;
use serde_json::{Value, json};

use crate::ctx::{Ctx, IssuerMode};
use crate::error::Result;
use crate::pools::Pool;
use crate::tokens::{self, signing};

/// Where a pool's OAuth endpoints are: in the local mode our own address, which any client reaches; under the AWS names
/// the custom domain, else the prefix domain, else the issuer's host as Cognito shows it (observed).
pub async fn endpoints_base(ctx: &Ctx, pool: &Pool) -> Result<String> {
    if ctx.engine.settings.issuer == IssuerMode::Local {
        return Ok(ctx.engine.settings.public_url.clone());
    }
    let mut reader = ctx.store().reader().await?;
    let rows = domains::of_pool(&mut reader, &pool.id).await?;
    let domain = rows.iter().find(|d| d.kind == "custom").or_else(|| rows.first());
    Ok(match domain {
        Some(row) if row.kind == "custom" => format!("https://{}", row.domain),
        Some(row) => format!("https://{}.auth.{}.amazoncognito.com", row.domain, pool.region),
        None => ctx.engine.settings.public_url.clone(),
    })
}

/// The text of a pool's document.
struct Document {
    pool_version: i64,
    /// Domains come and go without a new version of their pool.
    base: String,
    text: Bytes,
}

/// `/.well-known/openid-configuration`, and the same document for RFC 8414: JSON.
pub async fn document(ctx: &Ctx, pool: &Pool) -> Result<Bytes> {
    let cache = &ctx.engine.cache;
    let before = ctx.store().stamp();
    if let Some(document) = cache.current::<Document>(&pool.id, before).filter(|kept| kept.pool_version == pool.version) {
        return Ok(document.text.clone());
    }
    Box::pin(make(ctx, pool, before)).await
}

async fn make(ctx: &Ctx, pool: &Pool, before: Option<Stamp>) -> Result<Bytes> {
    let cache = &ctx.engine.cache;
    let base = endpoints_base(ctx, pool).await?;
    let kept = cache.get::<Document>(&pool.id, 0).filter(|kept| kept.pool_version == pool.version && kept.base == base);
    let document = kept.unwrap_or_else(|| {
        let text = metadata(&base, &tokens::issuer(ctx, pool)).to_string().into();
        Arc::new(Document { pool_version: pool.version, base, text })
    });
    Ok(cache.put_current::<Document>(&pool.id, before, document).text.clone())
}

fn metadata(base: &str, issuer: &str) -> Value {
    json!({
        "authorization_endpoint": format!("{base}/oauth2/authorize"),
        "authorization_response_iss_parameter_supported": true,
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "token_use", "cognito:username", "cognito:groups",
            "email", "email_verified", "phone_number", "phone_number_verified", "name", "given_name", "family_name", "middle_name",
            "nickname", "preferred_username", "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale",
            "address", "updated_at"
        ],
        "code_challenge_methods_supported": ["S256"],
        "end_session_endpoint": format!("{base}/logout"),
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token", "client_credentials"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "prompt_values_supported": ["none", "login", "select_account", "consent"],
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "response_modes_supported": ["query", "fragment"],
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": format!("{base}/oauth2/revoke"),
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": format!("{base}/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "userinfo_endpoint": format!("{base}/oauth2/userInfo"),
    })
}

/// `/.well-known/jwks.json` (RFC 7517 §5): JSON.
pub async fn jwks(ctx: &Ctx, pool: &Pool) -> Result<Bytes> {
    Ok(signing::keys(ctx, pool).await?.jwks.clone())
}
