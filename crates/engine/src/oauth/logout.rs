//! Signing out at `/logout`, in both dialects: Cognito's (`client_id` with `logout_uri`, or with `redirect_uri` to sign in
//! again) and OIDC RP-Initiated Logout 1.0 (`id_token_hint`, `post_logout_redirect_uri`). Tokens are not revoked, as on
//! AWS; the browser session ends.
use std::sync::Arc;

use serde::Deserialize;

use super::authorize;
use super::params::{Params, invalid_request, with_query};
use super::site::Site;
use crate::clients::{self, Client};
use crate::ctx::Ctx;
use crate::error::{Error, OAuthCode, Result};
use crate::keys::jwt;
use crate::pools::{self, Pool};
use crate::tokens::id_hint;

/// What the browser is shown after its session has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A registered sign-out address.
    Away(String),
    /// The sign-in page, for these parameters.
    SignIn(String),
    /// Our own "you are signed out".
    SignedOut,
    /// Our own question: nothing proves that the user wants this.
    Ask,
}

/// Decides; the caller ends the session unless the answer is [`Next::Ask`].
pub async fn decide(ctx: &Ctx, site: &Site, params: &Params) -> Result<Next> {
    params.no_repeats()?;
    if params.get("id_token_hint")?.is_some() || params.get("post_logout_redirect_uri")?.is_some() {
        return oidc(ctx, site, params).await;
    }
    let Some(client_id) = params.get("client_id")? else {
        return match params.get("logout_uri")?.or(params.get("redirect_uri")?) {
            Some(_) => Err(invalid_request("client_id is missing")),
            None => Ok(Next::Ask),
        };
    };
    let (_, client) = site.client(ctx, client_id).await?;
    if let Some(uri) = params.get("logout_uri")? {
        registered(&client, uri, "logout_uri")?;
        return Ok(Next::Away(uri.to_owned()));
    }
    let Some(uri) = params.get("redirect_uri")? else {
        return Err(invalid_request("Required String parameter 'redirect_uri' is not present"));
    };
    // Before the session ends: a request that leads nowhere must not sign anybody out.
    authorize::redirect_uri(&client, Some(uri))?;
    params.required("response_type")?;
    // The sign-in page checks the rest of these like any authorization request.
    Ok(Next::SignIn(params.query_without(&[])))
}

async fn oidc(ctx: &Ctx, site: &Site, params: &Params) -> Result<Next> {
    let target = params.get("post_logout_redirect_uri")?;
    // No hint, or one that is not ours: the request may be forged, so the user is asked (OIDC RP-Initiated Logout §2, §6).
    let Some(hint) = params.get("id_token_hint")? else { return Ok(Next::Ask) };
    let Some((_, client)) = hinted(ctx, site, hint, params.get("client_id")?).await? else { return Ok(Next::Ask) };
    let Some(uri) = target else { return Ok(Next::SignedOut) };
    registered(&client, uri, "post_logout_redirect_uri")?;
    let state: Vec<(&str, &str)> = params.get("state")?.map(|s| ("state", s)).into_iter().collect();
    Ok(Next::Away(with_query(uri, &state)))
}

/// Byte for byte one of the client's sign-out addresses (open redirector, checklist 3).
fn registered(client: &Client, uri: &str, parameter: &str) -> Result<()> {
    let known = || client.document.logout_urls.iter().flatten().map(|u| u.as_str());
    if known().any(|k| k == uri) {
        return Ok(());
    }
    Err(Error::oauth(OAuthCode::RedirectMismatch, "An error was encountered with the requested page.")
        .because(format!("{parameter} is none of the client's LogoutURLs"))
        .differs(uri, known().next().unwrap_or("(none registered)"))
        .fix("Register exactly this address with UpdateUserPoolClient --logout-urls."))
}

/// Where an unverified hint says it comes from: it only tells whose keys to check it with.
#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

/// The client of an ID token of ours; it may have expired. `None` for anything else (checklist 31).
async fn hinted(ctx: &Ctx, site: &Site, hint: &str, client_id: Option<&str>) -> Result<Option<(Arc<Pool>, Arc<Client>)>> {
    let Ok(claimed) = jwt::unverified::<Claimed>(hint) else { return Ok(None) };
    let pool_id = claimed.iss.rsplit('/').next().unwrap_or_default();
    let Some(pool) = pools::find(ctx, pool_id).await? else { return Ok(None) };
    if site.pool.as_ref().is_some_and(|p| p.id != pool.id) {
        return Ok(None);
    }
    let hint = id_hint::claims(ctx, &pool, hint).await?.filter(|hint| client_id.is_none_or(|id| id == hint.aud));
    let Some(hint) = hint else { return Ok(None) };
    match clients::load_in(ctx, &pool, &hint.aud).await {
        Ok(client) => Ok(Some((pool, client))),
        Err(e) if e.is(poolhouse_wire::ErrorCode::ResourceNotFoundException) => Ok(None),
        Err(e) => Err(e),
    }
}
