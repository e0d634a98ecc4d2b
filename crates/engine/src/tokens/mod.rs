//! Tokens: issuing, refreshing, revoking and recognising them. Called by the sign-in operations and the OAuth grants;
//! asks the store what is revoked each time an access token is presented here (checklist 26).
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poolhouse_store::tables::refresh::{FamilyRow, TokenRow};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clients::Client;
use crate::ctx::{Ctx, IssuerMode};
use crate::error::{Error, Result};
use crate::groups;
use crate::keys::rsa::KeyPurpose;
use crate::keys::{entropy, jwe, jwt, secret};
use crate::pools::Pool;
use crate::pools::unbuilt::{self, Trigger};
use crate::users::User;

pub mod access;
pub mod claims;
pub mod id_hint;
pub mod refresh;
pub mod revoke;
pub mod rotation;
pub mod signing;

/// The scope that lets an access token call the user operations of the API.
pub const ADMIN_SCOPE: &str = "aws.cognito.signin.user.admin";

/// By which door the tokens leave: it decides `version`, `event_id` and `at_hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// InitiateAuth and its kin.
    Api,
    /// The OAuth endpoints of a domain.
    Domain,
}

/// What a sign-in is granted.
#[derive(Debug, Clone)]
pub struct Grant<'a> {
    pub pool: &'a Pool,
    pub client: &'a Client,
    pub user: &'a User,
    pub scopes: Vec<String>,
    /// Seconds since the epoch of the interactive sign-in.
    pub auth_time: i64,
    pub door: Door,
    pub nonce: Option<String>,
    /// Resource indicator (RFC 8707): becomes the access token's `aud`.
    pub resource: Option<String>,
}

/// The tokens of one answer. Debug shows none of them.
#[derive(Clone)]
pub struct TokenSet {
    pub access_token: String,
    /// Only where the grant has `openid`, or came by the API.
    pub id_token: Option<String>,
    /// A new one at sign-in, and at refresh where rotation is on.
    pub refresh_token: Option<String>,
    /// Seconds the access token lives.
    pub expires_in: i64,
}

impl std::fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSet").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// What a refresh token stands for, kept with its family.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FamilyDocument {
    pub scopes: Vec<String>,
    pub auth_time: i64,
    pub door: Door,
    pub nonce: Option<String>,
    pub resource: Option<String>,
    pub event_id: Option<String>,
}

/// Tokens signed and ready, and the rows that must be written before anybody sees them.
#[derive(Debug)]
pub struct Prepared {
    pub tokens: TokenSet,
    pub family: FamilyRow,
    /// None for the implicit grant, which never has a refresh token (RFC 6749 §4.2.2).
    pub refresh: Option<TokenRow>,
}

impl Prepared {
    /// Writes family and refresh token inside the caller's write.
    pub async fn store(&self, tx: &mut poolhouse_store::Tx) -> poolhouse_store::Result<()> {
        poolhouse_store::tables::refresh::insert_family(tx, &self.family).await?;
        if let Some(token) = &self.refresh {
            poolhouse_store::tables::refresh::insert_token(tx, token).await?;
        }
        Ok(())
    }
}

/// Signs the tokens of a new sign-in under the name `origin_jti`. Nothing is valid for refreshing until
/// [`Prepared::store`] has been committed. The implicit grant has no refresh token.
pub async fn prepare(ctx: &Ctx, grant: &Grant<'_>, origin_jti: String, refreshable: bool) -> Result<Prepared> {
    unbuilt::no_trigger(grant.pool, Trigger::PreTokenGeneration)?;
    let document = FamilyDocument {
        scopes: grant.scopes.clone(),
        auth_time: grant.auth_time,
        door: grant.door,
        nonce: grant.nonce.clone(),
        resource: grant.resource.clone(),
        event_id: (grant.door == Door::Api).then(|| entropy::uuid(ctx.entropy())),
    };
    let mut tokens = sign(ctx, grant, &origin_jti, document.event_id.as_deref()).await?;
    let lives_ms = match refreshable {
        true => grant.client.refresh_token_seconds(),
        // Kept as long as the tokens live, so that they can be revoked.
        false => grant.client.access_token_seconds().max(grant.client.id_token_seconds()),
    } * 1000;
    let family = FamilyRow {
        origin_jti: origin_jti.clone(),
        pool_id: grant.pool.id.clone(),
        client_id: grant.client.id.clone(),
        sub: grant.user.sub().to_owned(),
        document: serde_json::to_string(&document).map_err(|e| Error::internal(e.to_string()))?,
        issued_at: ctx.now,
        expires_at: ctx.now + lives_ms,
        revoked_at: None,
    };
    let refresh = if refreshable {
        let (text, row) = refresh_token(ctx, grant.pool, &family).await?;
        tokens.refresh_token = Some(text);
        Some(row)
    } else {
        None
    };
    Ok(Prepared { tokens, family, refresh })
}

/// Issues tokens for a sign-in by the API: prepared, written, answered.
pub async fn issue(ctx: &Ctx, grant: &Grant<'_>) -> Result<TokenSet> {
    store(ctx, prepare(ctx, grant, entropy::ordered_uuid(ctx.entropy(), ctx.now), true).await?).await
}

/// Issues tokens without a refresh token: the implicit grant.
pub async fn issue_implicit(ctx: &Ctx, grant: &Grant<'_>) -> Result<TokenSet> {
    store(ctx, prepare(ctx, grant, entropy::ordered_uuid(ctx.entropy(), ctx.now), false).await?).await
}

async fn store(ctx: &Ctx, prepared: Prepared) -> Result<TokenSet> {
    let prepared = Arc::new(prepared);
    let rows = Arc::clone(&prepared);
    ctx.store().write(async move |tx| rows.store(tx).await).await?;
    Ok(prepared.tokens.clone())
}

/// The access token of a machine. Nothing is stored: it has no refresh token and cannot be revoked, as on AWS.
pub async fn issue_machine(ctx: &Ctx, pool: &Pool, client: &Client, scopes: &[String]) -> Result<TokenSet> {
    unbuilt::no_trigger(pool, Trigger::PreTokenGeneration)?;
    let jti = entropy::uuid(ctx.entropy());
    let claims = claims::machine(client, scopes, &issuer(ctx, pool), ctx.now / 1000, &jti);
    let keys = signing::keys(ctx, pool).await?;
    let _turn = ctx.engine.work.signing.turn().await?;
    Ok(TokenSet {
        access_token: jwt::encode(keys.active(KeyPurpose::Access), &claims)?,
        id_token: None,
        refresh_token: None,
        expires_in: client.access_token_seconds(),
    })
}

/// Signs access and ID token for a grant; the refresh token is the caller's business.
async fn sign(ctx: &Ctx, grant: &Grant<'_>, origin_jti: &str, event_id: Option<&str>) -> Result<TokenSet> {
    let memberships = groups::of_user(ctx, grant.pool, grant.user.sub()).await?;
    let issuer = issuer(ctx, grant.pool);
    let shared = claims::Shared {
        issuer: &issuer,
        origin_jti: grant.client.revocable().then_some(origin_jti),
        event_id,
        issued_at: ctx.now / 1000,
        memberships: &memberships,
    };
    let access = claims::access(grant, &shared, &entropy::uuid(ctx.entropy()));
    let keys = signing::keys(ctx, grant.pool).await?;
    // One turn for both: a request that has the first is not turned away from the second.
    let _turn = ctx.engine.work.signing.turn().await?;
    let access_token = jwt::encode(keys.active(KeyPurpose::Access), &access)?;
    let wants_id = grant.door == Door::Api || grant.scopes.iter().any(|s| s == "openid");
    let id_token = if wants_id {
        let at_hash = (grant.door == Door::Domain).then(|| left_half_hash(&access_token));
        let id = claims::id(grant, &shared, &entropy::uuid(ctx.entropy()), at_hash.as_deref());
        Some(jwt::encode(keys.active(KeyPurpose::Id), &id)?)
    } else {
        None
    };
    Ok(TokenSet { access_token, id_token, refresh_token: None, expires_in: grant.client.access_token_seconds() })
}

/// Milliseconds that the clocks of two nodes may differ by (checklist 50).
const CLOCK_SKEW_MS: i64 = 60_000;

/// Whether a token says it was issued (seconds) later than another node's clock can explain: what the future has signed
/// outlives a sign-out of the present, which ends tokens by their time.
fn from_the_future(ctx: &Ctx, issued_at: i64) -> bool {
    issued_at.saturating_mul(1000) > ctx.now + CLOCK_SKEW_MS
}

/// `at_hash`, `c_hash`: the left half of SHA-256, base64url (OIDC Core §3.1.3.6).
pub fn left_half_hash(token: &str) -> String {
    let hash = digest::digest(&digest::SHA256, token.as_bytes());
    let (left, _) = hash.as_ref().split_at(16);
    URL_SAFE_NO_PAD.encode(left)
}

/// A new refresh token of a family: its text, and the row that holds only its hash (checklist 179).
async fn refresh_token(ctx: &Ctx, pool: &Pool, family: &FamilyRow) -> Result<(String, TokenRow)> {
    let keys = signing::keys(ctx, pool).await?;
    // The text is a genuine JWE, but nobody decrypts it: what it grants stands in the database under its hash.
    let claims = json!({ "jti": entropy::uuid(ctx.entropy()) });
    let text = jwe::encode(keys.active(KeyPurpose::Access).public(), &claims, ctx.entropy())?;
    let row = TokenRow {
        hash: hash(&text),
        origin_jti: family.origin_jti.clone(),
        created_at: ctx.now,
        // A rotated token lives for what remains of the first one's life (developer guide, refresh token rotation).
        expires_at: family.expires_at,
        replaced_at: None,
        replaced_until: None,
    };
    Ok((text, row))
}

/// The hash a refresh token is kept under.
pub fn hash(refresh_token: &str) -> Vec<u8> {
    secret::hash32("refresh_token", refresh_token.as_bytes()).to_vec()
}

/// The issuer of a pool: the same string in `iss`, in discovery and before the JWKS path.
pub fn issuer(ctx: &Ctx, pool: &Pool) -> String {
    use poolhouse_wire::types::IssuerType;
    let updated = pool.document.issuer_configuration.as_ref().is_some_and(|c| c.r#type == Some(IssuerType::Updated));
    match (ctx.engine.settings.issuer, updated) {
        (IssuerMode::Local, _) => format!("{}/{}", ctx.engine.settings.public_url, pool.id),
        (IssuerMode::Aws, false) => format!("https://cognito-idp.{}.amazonaws.com/{}", pool.region, pool.id),
        (IssuerMode::Aws, true) | (IssuerMode::AwsUpdated, _) => {
            format!("https://issuer-cognito-idp.{}.amazonaws.com/{}", pool.region, pool.id)
        }
    }
}
