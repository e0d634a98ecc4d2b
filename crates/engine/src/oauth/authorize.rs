//! The authorization endpoint (RFC 6749 §4.1.1, OIDC Core §3.1.2, developer guide "Authorize endpoint"): an ordered
//! table of checks. Until client and redirect address are proven nothing redirects; afterwards every error does.
use std::sync::Arc;

use poolhouse_store::tables::authorization_codes::{self as table, AuthorizationCodeRow};
use poolhouse_wire::types::OAuthFlowType;
use serde::{Deserialize, Serialize};

use super::browser::Browser;
use super::params::{Params, invalid_request, with_fragment, with_query};
use super::scopes;
use super::site::Site;
use crate::clients::Client;
use crate::ctx::Ctx;
use crate::error::{Error, OAuthCode, Result};
use crate::keys::{entropy, secret};
use crate::pools::Pool;
use crate::tokens::{self, Door, Grant};
use crate::users::User;

/// Milliseconds an authorization code lives: Cognito's five minutes (checklist 9).
const CODE_LIFETIME_MS: i64 = 300_000;
/// Longest `state`, `nonce` and `login_hint`, bytes.
const ECHO_MAX: usize = 2048;

/// How the answer comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseType {
    Code,
    /// The implicit grant.
    Token,
}

/// A request that passed every check.
#[derive(Debug, Clone)]
pub struct Request {
    pub pool: Arc<Pool>,
    pub client: Arc<Client>,
    pub redirect_uri: String,
    pub response_type: ResponseType,
    pub scopes: Vec<String>,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub resource: Option<String>,
    pub login_hint: Option<String>,
    pub lang: Option<String>,
    /// Ask for a password even if the browser has a session.
    pub prompt_login: bool,
    /// Ask nothing at all.
    pub prompt_none: bool,
    /// Seconds since the sign-in, at most.
    pub max_age: Option<i64>,
    /// Whom the client believes to be signed in.
    pub hint: Option<Hint>,
    /// Whether the request named its redirect address, which the token request must then repeat.
    pub redirect_uri_given: bool,
}

/// Who an `id_token_hint` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// The `sub` of an ID token of ours.
    Sub(String),
    /// Not an ID token of this pool: it names nobody, so it is nobody's who is signed in.
    Unproved,
}

/// A request that did not pass.
#[derive(Debug)]
pub struct Refusal {
    pub error: Error,
    /// Where the error goes, complete with parameters; `None`: to our own error page, never off-site
    /// (open redirector, checklist 2).
    pub redirect: Option<String>,
    pub client_id: Option<String>,
}

impl Refusal {
    fn page(error: Error, client_id: Option<&str>) -> Self {
        Self { error, redirect: None, client_id: client_id.map(str::to_owned) }
    }
}

/// The part that is known once client and redirect address are proven: from here on errors may redirect.
struct Return<'a> {
    redirect_uri: &'a str,
    state: Option<&'a str>,
    fragment: bool,
    issuer: String,
}

/// Checks a request in the one order there is.
pub async fn check(ctx: &Ctx, site: &Site, params: &Params) -> Result<Request, Refusal> {
    let client_id = params.required("client_id").map_err(|e| Refusal::page(e, None))?;
    let page = |e: Error| Refusal::page(e, Some(client_id));
    let (pool, client) = site.client(ctx, client_id).await.map_err(page)?;
    let (redirect_uri, redirect_uri_given) = redirect_uri(&client, params.get("redirect_uri").map_err(page)?).map_err(page)?;
    let back = Return {
        redirect_uri: &redirect_uri,
        state: params.get_raw("state").ok().flatten().filter(|s| s.len() <= ECHO_MAX),
        fragment: params.get("response_type").ok().flatten() == Some("token"),
        issuer: tokens::issuer(ctx, &pool),
    };
    let refused = |error: Error| Refusal { redirect: Some(back.error(&error)), error, client_id: Some(client_id.to_owned()) };

    params.no_repeats().map_err(refused)?;
    request_objects(params).map_err(refused)?;
    let response_type = response_type(&client, params).map_err(refused)?;
    response_mode(params, response_type).map_err(refused)?;
    identity_provider(&client, params).map_err(refused)?;
    let requested = params.get("scope").map_err(refused)?;
    let scopes = scopes::for_user(ctx, &pool, &client, requested).await.map_err(refused)?;
    let code_challenge = code_challenge(params, response_type).map_err(refused)?;
    let (prompt_login, prompt_none) = prompt(params).map_err(refused)?;
    let max_age = params.number("max_age", u32::MAX).map_err(refused)?.map(i64::from);
    let resource = resource(params).map_err(refused)?;
    let hint = hint(ctx, &pool, params).await.map_err(refused)?;
    let echo = |name: &'static str| echoed(params, name);
    let (state, nonce) = (echo("state").map_err(refused)?, echo("nonce").map_err(refused)?);
    let login_hint = echo("login_hint").map_err(refused)?;
    let lang = params.get("lang").map_err(refused)?.map(str::to_owned);
    Ok(Request {
        redirect_uri: redirect_uri.clone(),
        pool,
        client,
        response_type,
        scopes,
        state,
        nonce,
        code_challenge,
        resource,
        login_hint,
        lang,
        prompt_login,
        prompt_none,
        max_age,
        hint,
        redirect_uri_given,
    })
}

/// RFC 6749 §3.1.2.3, RFC 9700 §4.1: byte for byte one of the registered addresses, no pattern of any kind. It may be
/// left out where the client has a default or just one.
pub(super) fn redirect_uri(client: &Client, given: Option<&str>) -> Result<(String, bool)> {
    let registered = || client.document.callback_urls.iter().flatten().map(|u| u.as_str());
    match given {
        Some(uri) if registered().any(|r| r == uri) => Ok((uri.to_owned(), true)),
        Some(uri) => {
            let nearest = registered().min_by_key(|r| difference(r, uri)).unwrap_or("(none registered)").to_owned();
            Err(Error::oauth(OAuthCode::RedirectMismatch, "An error was encountered with the requested page.")
                .because("redirect_uri is none of the client's CallbackURLs")
                .differs(uri, nearest)
                .fix("Register exactly this address with UpdateUserPoolClient --callback-urls, or send the registered one."))
        }
        None => {
            let mut all = registered();
            let only = all.next().filter(|_| all.next().is_none());
            match client.document.default_redirect_uri.as_deref().or(only) {
                Some(uri) => Ok((uri.to_owned(), false)),
                None => Err(invalid_request("redirect_uri is missing")
                    .because("the client has several callback addresses and no DefaultRedirectURI")),
            }
        }
    }
}

/// How unlike two addresses are, to show the one that was probably meant.
fn difference(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    a.len().max(b.len()) - same
}

/// OIDC Core §6.1, §6.2: request objects are not supported, and never fetched (SSRF, checklist 32).
fn request_objects(params: &Params) -> Result<()> {
    if params.get("request")?.is_some() {
        return Err(Error::oauth(OAuthCode::RequestNotSupported, ""));
    }
    if params.get("request_uri")?.is_some() {
        return Err(Error::oauth(OAuthCode::RequestUriNotSupported, ""));
    }
    Ok(())
}

/// `code` or `token`, and the client may use it (checklist 17, 19).
fn response_type(client: &Client, params: &Params) -> Result<ResponseType> {
    let (response_type, flow) = match params.required("response_type")? {
        "code" => (ResponseType::Code, OAuthFlowType::Code),
        "token" => (ResponseType::Token, OAuthFlowType::Implicit),
        other => return Err(invalid_request("response_type is not supported").differs(other, "code or token")),
    };
    if !client.allows_oauth(flow) {
        return Err(Error::oauth(OAuthCode::UnauthorizedClient, "")
            .because(format!("the client's AllowedOAuthFlows lack {}", flow.as_str()))
            .fix("Set --allowed-o-auth-flows and --allowed-o-auth-flows-user-pool-client with UpdateUserPoolClient."));
    }
    Ok(response_type)
}

/// OAuth 2.0 Multiple Response Types §2.1: the answer comes in the one way the response type has; another is refused, since
/// a client that asked for `form_post` would wait for a form that never comes.
fn response_mode(params: &Params, response_type: ResponseType) -> Result<()> {
    let own = match response_type {
        ResponseType::Code => "query",
        ResponseType::Token => "fragment",
    };
    match params.get("response_mode")? {
        Some(other) if other != own => Err(invalid_request("response_mode is not supported").differs(other, own)),
        _ => Ok(()),
    }
}

/// Only the pool's own users sign in here; federation is not built.
fn identity_provider(client: &Client, params: &Params) -> Result<()> {
    let named = params.get("identity_provider")?;
    if named.is_some_and(|name| name != "COGNITO") || params.get("idp_identifier")?.is_some() {
        return Err(invalid_request("The identity provider is not available")
            .because("sign-in with external providers is not built in Poolhouse yet"));
    }
    let local =
        client.document.supported_identity_providers.as_ref().is_none_or(|list| list.iter().any(|p| p.as_str() == "COGNITO"));
    if !local {
        return Err(Error::oauth(OAuthCode::UnauthorizedClient, "")
            .because("COGNITO is not among the client's SupportedIdentityProviders")
            .fix("Add it with UpdateUserPoolClient --supported-identity-providers COGNITO."));
    }
    Ok(())
}

/// RFC 7636 §4.3: challenge and method come together, and the method is S256 (downgrade, checklist 11, 12).
fn code_challenge(params: &Params, response_type: ResponseType) -> Result<Option<String>> {
    match (params.get_raw("code_challenge")?, params.get_raw("code_challenge_method")?) {
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) if response_type == ResponseType::Code => {
            let base64url = challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if challenge.len() != 43 || !base64url {
                return Err(invalid_request("code_challenge is not a base64url SHA-256"));
            }
            Ok(Some(challenge.to_owned()))
        }
        (Some(_), None) => Err(invalid_request("code_challenge_method is missing")),
        (_, Some("S256")) => Err(invalid_request("code_challenge is missing")),
        (_, Some(other)) => Err(invalid_request("code_challenge_method is not supported").differs(other, "S256")),
    }
}

/// OIDC Core §3.1.2.1: `none` stands alone; unknown values are refused.
fn prompt(params: &Params) -> Result<(bool, bool)> {
    let words: Vec<&str> = params.get("prompt")?.map(|p| p.split(' ').collect()).unwrap_or_default();
    if let Some(unknown) = words.iter().find(|w| !matches!(**w, "none" | "login" | "select_account" | "consent")) {
        return Err(invalid_request("prompt is not supported").differs(*unknown, "none, login, select_account or consent"));
    }
    let none = words.contains(&"none");
    if none && words.len() > 1 {
        return Err(invalid_request("prompt=none cannot be combined"));
    }
    Ok((words.contains(&"login"), none))
}

/// OIDC Core §3.1.2.1, `id_token_hint`. Any client's token of this pool will do; it may have expired.
async fn hint(ctx: &Ctx, pool: &Pool, params: &Params) -> Result<Option<Hint>> {
    let Some(text) = params.get("id_token_hint")? else { return Ok(None) };
    let claims = tokens::id_hint::claims(ctx, pool, text).await?;
    Ok(Some(claims.map_or(Hint::Unproved, |claims| Hint::Sub(claims.sub))))
}

/// RFC 8707 §2: an absolute URI without a fragment.
fn resource(params: &Params) -> Result<Option<String>> {
    let Some(uri) = params.get("resource")? else { return Ok(None) };
    let scheme = uri.split_once("://").map(|(scheme, _)| scheme);
    let allowed = match scheme {
        Some("http") => {
            uri.strip_prefix("http://localhost").is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
        }
        Some(s) => {
            s.starts_with(|c: char| c.is_ascii_alphabetic())
                && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        }
        None => false,
    };
    if !allowed || uri.contains('#') || uri.len() > ECHO_MAX {
        return Err(invalid_request("resource is not an absolute URL"));
    }
    Ok(Some(uri.to_owned()))
}

fn echoed(params: &Params, name: &'static str) -> Result<Option<String>> {
    match params.get(name)? {
        Some(value) if value.len() > ECHO_MAX => Err(invalid_request(format!("{name} is too long"))),
        value => Ok(value.map(str::to_owned)),
    }
}

impl Return<'_> {
    /// The redirect of an error: description before error, as Cognito writes it, then state and `iss` (RFC 9207).
    fn error(&self, error: &Error) -> String {
        let crate::error::Code::OAuth(code) = error.code() else {
            return self.join(&[("error", "server_error")]);
        };
        let mut pairs = vec![("error", code.as_str())];
        if !error.message().is_empty() {
            pairs.insert(0, ("error_description", error.message()));
        }
        self.join(&pairs)
    }

    fn join(&self, pairs: &[(&str, &str)]) -> String {
        let mut pairs = pairs.to_vec();
        pairs.extend(self.state.map(|state| ("state", state)));
        pairs.push(("iss", &self.issuer));
        if self.fragment { with_fragment(self.redirect_uri, &pairs) } else { with_query(self.redirect_uri, &pairs) }
    }
}

impl Request {
    fn back(&self, ctx: &Ctx) -> Return<'_> {
        Return {
            redirect_uri: &self.redirect_uri,
            state: self.state.as_deref(),
            fragment: self.response_type == ResponseType::Token,
            issuer: tokens::issuer(ctx, &self.pool),
        }
    }

    /// The redirect that tells the client of an error.
    pub fn error_redirect(&self, ctx: &Ctx, error: &Error) -> String {
        self.back(ctx).error(error)
    }

    /// Whether this browser session answers the request without asking (OIDC Core §3.1.2.1: `prompt`, `max_age`, of which 0
    /// is as good as `prompt=login`, and `id_token_hint`).
    pub fn satisfied_by(&self, ctx: &Ctx, browser: &Browser) -> bool {
        let recent = |age: i64| age > 0 && ctx.now / 1000 - browser.auth_time <= age;
        let expected = match &self.hint {
            None => true,
            Some(Hint::Sub(sub)) => sub == browser.user.sub(),
            Some(Hint::Unproved) => false,
        };
        !self.prompt_login && self.max_age.is_none_or(recent) && expected
    }
}

/// What a code stands for; kept with its hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodeDocument {
    pub redirect_uri: String,
    pub redirect_uri_given: bool,
    pub scopes: Vec<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub resource: Option<String>,
    pub auth_time: i64,
}

/// Finishes a request for a signed-in user: a code, or the tokens of the implicit grant. Returns the redirect.
/// `login_required` for another user than the request is about.
pub async fn complete(ctx: &Ctx, request: &Request, user: &User, auth_time: i64) -> Result<String> {
    ctx.proven(user.sub());
    let entry = ctx.entry("/oauth2/authorize");
    let outcome = hand_out(ctx, request, user, auth_time).await;
    entry.end(outcome.as_ref().err());
    outcome
}

async fn hand_out(ctx: &Ctx, request: &Request, user: &User, auth_time: i64) -> Result<String> {
    // The client asked about one user and must not be told of another (OIDC Core §3.1.2.1, id_token_hint; checklist 29).
    if matches!(&request.hint, Some(Hint::Sub(sub)) if sub != user.sub()) {
        return Err(Error::oauth(OAuthCode::LoginRequired, "").because("another user signed in than id_token_hint names"));
    }
    match request.response_type {
        ResponseType::Code => {
            let code = issue_code(ctx, request, user, auth_time).await?;
            Ok(request.back(ctx).join(&[("code", &code)]))
        }
        ResponseType::Token => {
            let grant = Grant {
                pool: &request.pool,
                client: &request.client,
                user,
                scopes: request.scopes.clone(),
                auth_time,
                door: Door::Domain,
                nonce: request.nonce.clone(),
                resource: request.resource.clone(),
            };
            let tokens = tokens::issue_implicit(ctx, &grant).await?;
            let expires_in = tokens.expires_in.to_string();
            let mut pairs =
                vec![("access_token", tokens.access_token.as_str()), ("token_type", "bearer"), ("expires_in", &expires_in)];
            if let Some(id_token) = &tokens.id_token {
                pairs.insert(0, ("id_token", id_token));
            }
            Ok(request.back(ctx).join(&pairs))
        }
    }
}

/// A code: 128 random bits in the form of a UUID; the store sees only its hash (checklist 10).
async fn issue_code(ctx: &Ctx, request: &Request, user: &User, auth_time: i64) -> Result<String> {
    let code = entropy::hex_groups(ctx.entropy());
    let document = CodeDocument {
        redirect_uri: request.redirect_uri.clone(),
        redirect_uri_given: request.redirect_uri_given,
        scopes: request.scopes.clone(),
        nonce: request.nonce.clone(),
        code_challenge: request.code_challenge.clone(),
        resource: request.resource.clone(),
        auth_time,
    };
    let row = AuthorizationCodeRow {
        hash: code_hash(&code),
        pool_id: request.pool.id.clone(),
        client_id: request.client.id.clone(),
        sub: user.sub().to_owned(),
        document: serde_json::to_string(&document).map_err(|e| Error::internal(e.to_string()))?,
        // Named now, so that a second use of the code can revoke what the first one got (RFC 6749 §4.1.2).
        origin_jti: entropy::ordered_uuid(ctx.entropy(), ctx.now),
        created_at: ctx.now,
        expires_at: ctx.now + CODE_LIFETIME_MS,
        redeemed_at: None,
    };
    ctx.store().write(async move |tx| table::insert(tx, &row).await).await?;
    Ok(code)
}

/// The hash a code is kept under.
pub(super) fn code_hash(code: &str) -> Vec<u8> {
    secret::hash32("authorization_code", code.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_203_an_address_is_registered_byte_for_byte_or_not_at_all() {
        let registered = ["https://app.example.com/callback", "http://localhost:3000/cb?x=1", "myapp://back"];
        let mut client = crate::clients::testing::client(&[]);
        client.document.callback_urls = Some(registered.iter().map(|url| (*url).to_owned()).collect());
        let corpus =
            [registered[0], registered[1], registered[2], "https://app.example.com/callback/../evil", "https://evil.example"];
        poolhouse_store::testkit::fuzz::text(&corpus, |given| {
            let accepted = redirect_uri(&client, Some(given)).ok();
            assert_eq!(accepted, registered.contains(&given).then(|| (given.to_owned(), true)));
        });
    }
}
