//! Recognising an ID token that is shown as a hint of who is meant (OIDC Core §3.1.2.1, RP-Initiated Logout §2). It may have
//! expired; everything else must hold (checklist 31). Called by the authorization and the sign-out endpoint.
use serde::Deserialize;

use super::{from_the_future, issuer, signing};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::keys::jwt;
use crate::keys::rsa::KeyPurpose;
use crate::pools::Pool;

/// The claims a hint is read for.
#[derive(Debug, Deserialize)]
pub struct Hint {
    pub sub: String,
    /// The client it was issued to.
    pub aud: String,
    iss: String,
    token_use: String,
    #[serde(default)]
    iat: i64,
}

/// The claims of an ID token that this pool signed; `None` for anything else.
pub async fn claims(ctx: &Ctx, pool: &Pool, hint: &str) -> Result<Option<Hint>> {
    let keys = signing::keys(ctx, pool).await?;
    let Ok(claims) = jwt::verify::<Hint>(hint, &keys.public, KeyPurpose::Id, &ctx.engine.verified) else { return Ok(None) };
    let ours = claims.token_use == "id" && claims.iss == issuer(ctx, pool) && !from_the_future(ctx, claims.iat);
    Ok(ours.then_some(claims))
}
