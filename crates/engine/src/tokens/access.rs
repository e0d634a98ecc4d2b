//! Recognising an access token that is presented to us: signature, time, purpose, and then what no token can tell,
//! whether it was revoked and whether its user may still act (checklist 25, 26, 36, 37).
use std::sync::Arc;

use poolhouse_store::tables::sessions::{self, StandingRow};
use poolhouse_store::tables::users as users_table;
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::UserStatusType;
use serde::Deserialize;

use super::signing;
use super::{ADMIN_SCOPE, from_the_future, issuer};
use crate::clients::{self, Client};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::jwt;
use crate::keys::rsa::KeyPurpose;
use crate::pools::{self, Pool};
use crate::users::{self, User};

/// What an accepted access token stands for.
#[derive(Debug, Clone)]
pub struct Session {
    pub pool: Arc<Pool>,
    pub client: Arc<Client>,
    pub user: User,
    pub scopes: Vec<String>,
    pub origin_jti: Option<String>,
    pub auth_time: i64,
    /// Whether the token came from the OAuth endpoints of a domain.
    pub from_domain: bool,
}

/// What an unverified token says of itself: enough to find the keys that may have signed it.
#[derive(Debug, Deserialize)]
struct Claimed {
    iss: String,
    #[serde(default)]
    token_use: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    sub: String,
    origin_jti: Option<String>,
}

impl Claimed {
    /// What a token says and the database can be asked for; NUL is no text to PostgreSQL.
    fn read(token: &str) -> Option<Self> {
        let claimed: Self = jwt::unverified(token).ok()?;
        let texts = [&claimed.iss, &claimed.client_id, &claimed.sub, claimed.origin_jti.as_ref().unwrap_or(&claimed.iss)];
        let plain = !texts.into_iter().any(|text| text.contains('\0'));
        plain.then_some(claimed)
    }

    fn pool_id(&self) -> &str {
        pool_of_issuer(&self.iss)
    }
}

/// What the database has on a token, looked up by what the unverified token says; nothing of it counts until the signature has
/// been checked, which proves that the token said so.
struct Known {
    pool: Arc<Pool>,
    standing: StandingRow,
    user: Option<User>,
}

async fn look_up(ctx: &Ctx, claimed: &Claimed) -> Result<Option<Known>> {
    let mut reader = ctx.store().reader().await?;
    let origin_jti = claimed.origin_jti.as_deref().unwrap_or_default();
    let standing = sessions::standing(&mut reader, claimed.pool_id(), &claimed.client_id, origin_jti).await?;
    let Some(standing) = standing else { return Ok(None) };
    let user = users_table::get(&mut reader, claimed.pool_id(), &claimed.sub).await?.map(User::from_row).transpose()?;
    drop(reader);
    let pool = match ctx.engine.cache.get(claimed.pool_id(), standing.pool_version) {
        Some(pool) => Some(pool),
        None => pools::find(ctx, claimed.pool_id()).await?,
    };
    Ok(pool.map(|pool| Known { pool, standing, user }))
}

/// The claims we look at. Everything else in a token of ours is for others.
#[derive(Debug, Deserialize)]
struct Payload {
    iss: String,
    exp: i64,
    #[serde(default)]
    iat: i64,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    auth_time: i64,
    origin_jti: Option<String>,
    version: Option<i64>,
}

/// The session of an access token for the user operations of the API, which need
/// `aws.cognito.signin.user.admin` (checklist 104).
pub async fn for_api(ctx: &Ctx, token: &str) -> Result<Session> {
    let session = authenticate(ctx, token).await?;
    if !session.scopes.iter().any(|s| s == ADMIN_SCOPE) {
        return Err(Error::not_authorized("Access Token does not have required scopes"));
    }
    ctx.begin_as(session.user.sub()).await?;
    Ok(session)
}

/// The session of an access token, whatever its scopes.
pub async fn authenticate(ctx: &Ctx, token: &str) -> Result<Session> {
    let invalid = || Error::not_authorized("Invalid Access Token");
    // The issuer only says where to look for keys; it is believed after the signature has been checked.
    let claimed = Claimed::read(token).ok_or_else(invalid)?;
    let Known { pool, standing, user } =
        look_up(ctx, &claimed).await?.ok_or_else(|| invalid().because("the token's issuer is no pool of ours"))?;
    ctx.concerns_pool(&pool.id);
    if claimed.token_use != "access" {
        return Err(invalid().because("the token is not an access token").differs(claimed.token_use, "access"));
    }
    let payload: Payload = verify(ctx, &pool, token).await?;
    let expected = issuer(ctx, &pool);
    if payload.iss != expected {
        return Err(invalid().because("the token names another issuer").differs(payload.iss, expected));
    }
    if from_the_future(ctx, payload.iat) {
        return Err(invalid().because("the token was issued in the future: the clocks of two nodes differ by over a minute"));
    }
    if payload.exp * 1000 <= ctx.now {
        return Err(Error::not_authorized("Access Token has expired"));
    }
    let client = clients::of_version(ctx, &pool, &payload.client_id, standing.client_version).await;
    let client = client.map_err(|_| invalid().because("the token's client is gone"))?;
    let user = user.ok_or_else(users::does_not_exist)?;
    usable(&user)?;
    not_revoked(&payload, &standing, &user)?;
    Ok(Session {
        scopes: payload.scope.split(' ').map(str::to_owned).collect(),
        origin_jti: payload.origin_jti,
        auth_time: payload.auth_time,
        from_domain: payload.version == Some(2),
        pool,
        client,
        user,
    })
}

/// The pool that a token says it is of, if there is such a pool. Unproved: only to know whose quota it asks for.
pub async fn pool_claimed(ctx: &Ctx, token: &str) -> Result<Option<String>> {
    let Some(claimed) = Claimed::read(token) else { return Ok(None) };
    let pool = pools::find(ctx, claimed.pool_id()).await?;
    Ok(pool.map(|pool| pool.id.clone()))
}

fn pool_of_issuer(issuer: &str) -> &str {
    issuer.rsplit('/').next().unwrap_or_default()
}

async fn verify(ctx: &Ctx, pool: &Pool, token: &str) -> Result<Payload> {
    let keys = signing::keys(ctx, pool).await?;
    jwt::verify(token, &keys.public, KeyPurpose::Access, &ctx.engine.verified).map_err(|e| {
        ctx.signature_failed(None);
        Error::not_authorized("Could not verify signature for Access Token").because(e.to_string())
    })
}

fn usable(user: &User) -> Result<()> {
    if !user.enabled() {
        return Err(Error::not_authorized("User is disabled."));
    }
    match user.status()? {
        UserStatusType::ResetRequired => {
            Err(Error::new(ErrorCode::PasswordResetRequiredException, "Password reset required for the user"))
        }
        UserStatusType::Unconfirmed => Err(Error::new(ErrorCode::UserNotConfirmedException, "User is not confirmed.")),
        _ => Ok(()),
    }
}

/// A token with `origin_jti` lives as long as its family; one without (revocation off) until the user signs out
/// everywhere.
fn not_revoked(payload: &Payload, standing: &StandingRow, user: &User) -> Result<()> {
    let revoked = match payload.origin_jti {
        Some(_) => standing.family.is_none() || standing.revoked_at.is_some(),
        None => payload.iat * 1000 <= user.row.signed_out_at,
    };
    if revoked {
        return Err(Error::not_authorized("Access Token has been revoked"));
    }
    Ok(())
}
