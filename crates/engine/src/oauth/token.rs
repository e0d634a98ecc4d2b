//! The token endpoint (RFC 6749 §3.2, developer guide "Token endpoint"). It owns what every grant shares, in this order:
//! parse once, authenticate the client, choose the grant; a grant fills in only its own part.
use super::client::authenticate;
use super::grants;
use super::params::Params;
use super::site::Site;
use crate::ctx::{Ctx, Engine};
use crate::error::{Error, OAuthCode, Result};
use crate::rates::quotas::{Category, Quotas};
use crate::tokens::TokenSet;

/// Whether a request would get its turn to sign, with which every grant ends. Asked before anything else is done for it, so that a flood of
/// them costs little more than the reading.
pub fn has_room(engine: &Engine) -> bool {
    engine.work.signing.has_room().is_ok()
}

/// Answers a token request.
pub async fn exchange(ctx: &Ctx, site: &Site, authorization: Option<&str>, params: &Params) -> Result<TokenSet> {
    params.no_repeats()?;
    let grant_type = params.required("grant_type")?;
    let caller = authenticate(ctx, site, authorization, params).await?;
    admit(ctx, &caller.pool.id, grant_type)?;
    match grant_type {
        "authorization_code" => grants::code::grant(ctx, &caller, params).await,
        "refresh_token" => grants::refresh::grant(ctx, &caller, params).await,
        "client_credentials" => grants::client_credentials::grant(ctx, &caller, params).await,
        other => Err(Error::oauth(OAuthCode::UnsupportedGrantType, "").because(format!("no grant {other}"))),
    }
}

/// The quota of a grant. Asked after the client has proved itself, so that strangers cannot use it up.
fn admit(ctx: &Ctx, pool_id: &str, grant_type: &str) -> Result<()> {
    match grant_type {
        "authorization_code" => {
            let take = |quotas: &Quotas| quotas.take_redemption(pool_id, ctx.real_now());
            ctx.engine.rates.ask(Category::UserAuthentication, pool_id, take)
        }
        "refresh_token" => ctx.admit(Category::UserAuthentication, pool_id),
        "client_credentials" => ctx.admit(Category::ClientAuthentication, pool_id),
        _ => Ok(()),
    }
}
