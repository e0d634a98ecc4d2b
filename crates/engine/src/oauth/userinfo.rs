//! The userInfo endpoint (OIDC Core §5.3, developer guide "UserInfo endpoint"). All values are strings, as Cognito's.
use serde_json::{Map, Value};

use crate::ctx::Ctx;
use crate::error::{Error, OAuthCode, Result};
use crate::tokens::{self, access};
use poolhouse_wire::ErrorCode;

use super::site::Site;

/// The claims about the user of an access token that came from this domain and has `openid`.
pub async fn claims(ctx: &Ctx, site: &Site, token: &str) -> Result<Value> {
    let invalid = || {
        Error::oauth(
            OAuthCode::InvalidToken,
            "Access token is expired, disabled, or deleted, or the user has globally signed out.",
        )
    };
    let session = access::authenticate(ctx, token).await.map_err(|e| {
        if matches!(e.aws_code(), ErrorCode::InternalErrorException | ErrorCode::TooManyRequestsException) {
            return e;
        }
        invalid().because(e.detail().map_or_else(|| e.message().to_owned(), |d| d.cause.clone()))
    })?;
    if site.pool.as_ref().is_some_and(|pool| pool.id != session.pool.id) {
        return Err(invalid().because("the token is of another pool"));
    }
    if !session.from_domain || !session.scopes.iter().any(|s| s == "openid") {
        return Err(Error::oauth(OAuthCode::InvalidToken, "Access token does not contain openid scope"));
    }
    let grant = tokens::Grant {
        pool: &session.pool,
        client: &session.client,
        user: &session.user,
        scopes: session.scopes.clone(),
        auth_time: session.auth_time,
        door: tokens::Door::Domain,
        nonce: None,
        resource: None,
    };
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), session.user.sub().into());
    for (name, _) in tokens::claims::attributes(&grant) {
        if let Some(value) = session.user.attribute(&name) {
            claims.insert(name, value.into());
        }
    }
    claims.insert("username".to_owned(), session.user.username().into());
    Ok(Value::Object(claims))
}
