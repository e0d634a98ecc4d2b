//! The OAuth 2.0 and OpenID Connect endpoints of a pool's domain, and of our own address where the client or the token
//! names the pool. Parses, calls the engine, renders; decides nothing. Called by the router.
//!
//! `/oauth/authorize` and `/oauth/token` are aliases of `/oauth2/…`: tutorials print them.

mod logout;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::request::Parts;
use http::{HeaderMap, Method, Uri, header};
use poolhouse_engine::clients;
use poolhouse_engine::ctx::{Ctx, Engine};
use poolhouse_engine::error::{Error, OAuthCode, Result};
use poolhouse_engine::oauth::params::Params;
use poolhouse_engine::oauth::{authorize, browser, client, revoke, token, userinfo};

use crate::cookies;
use crate::faults::Call;
use crate::missing;
use crate::reached::Reached;
use crate::refusal::{self, see};
use crate::replies;
use crate::state::AppState;

/// Largest form, bytes.
const FORM_MAX: usize = 64 * 1024;

pub fn routes() -> Router<AppState> {
    Router::new()
        // HEAD would otherwise run the GET handler and hand out a code that nobody sees.
        .route("/oauth2/authorize", get(authorize).head(missing::method_not_allowed))
        .route("/oauth/authorize", get(authorize_alias))
        .route("/oauth2/token", post(token).options(replies::preflight))
        .route("/oauth/token", post(token).options(replies::preflight))
        .route("/oauth2/userInfo", get(user_info).post(user_info).options(replies::preflight))
        .route("/oauth2/revoke", post(revoke).options(replies::preflight))
        .route("/logout", get(logout::ask).head(missing::method_not_allowed))
        .route("/logout/confirm", post(logout::confirmed))
        .route("/error", get(refusal::page))
}

/// `GET /oauth2/authorize`: a code at once where the browser has a session, else the sign-in page with the same query.
async fn authorize(
    State(state): State<AppState>,
    Extension(reached): Extension<Reached>,
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let params = match Params::parse(query) {
        Ok(params) => params,
        Err(error) => return refusal::redirect(&state, &reached, &ctx, &error, None),
    };
    let request = match authorize::check(&ctx, &reached.site, &params).await {
        Ok(request) => request,
        Err(refused) => match refused.redirect {
            Some(location) => return see(&location),
            None => return refusal::redirect(&state, &reached, &ctx, &refused.error, refused.client_id.as_deref()),
        },
    };
    let call = Call { operation: "oauth2/authorize", pool: Some(&request.pool.id), client: Some(&request.client.id) };
    if let Err(error) = state.faults.strike(call).await {
        replies::log(&ctx, "authorize", &error);
        return see(&request.error_redirect(&ctx, &error));
    }
    match settle(&ctx, &request, &headers).await {
        Ok(Some(location)) => see(&location),
        Ok(None) if request.prompt_none => see(&request.error_redirect(&ctx, &Error::oauth(OAuthCode::LoginRequired, ""))),
        Ok(None) => see(&format!("{}/login?{query}", reached.base)),
        Err(error) => {
            replies::log(&ctx, "authorize", &error);
            see(&request.error_redirect(&ctx, &error))
        }
    }
}

/// Finishes a request for the browser's session, if it has one that will do.
async fn settle(ctx: &Ctx, request: &authorize::Request, headers: &HeaderMap) -> Result<Option<String>> {
    match browser::find(ctx, &request.pool, cookies::get(headers, cookies::SESSION)).await? {
        Some(session) if request.satisfied_by(ctx, &session) => {
            authorize::complete(ctx, request, &session.user, session.auth_time).await.map(Some)
        }
        _ => Ok(None),
    }
}

async fn authorize_alias(Extension(reached): Extension<Reached>, uri: Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    see(&format!("{}/oauth2/authorize{query}", reached.base))
}

/// The refusal of a request for tokens, under whatever path, while the line of those who wait for a signature is full. Comes before every
/// look at the request: no line in the log, no entry in the audit trail, none of the headers that a document needs.
pub fn refuse(engine: &Engine, head: &Parts) -> Option<Response> {
    let path = head.uri.path();
    let asks = head.method == Method::POST && (path.ends_with("/oauth2/token") || path.ends_with("/oauth/token"));
    (asks && !token::has_room(engine)).then(replies::no_room)
}

/// `POST /oauth2/token`.
async fn token(
    State(state): State<AppState>,
    Extension(reached): Extension<Reached>,
    Extension(ctx): Extension<Ctx>,
    request: Request,
) -> Response {
    let (authorization, params) = match form(request).await {
        Ok(read) => read,
        Err(error) => return replies::cors(replies::error(&error)),
    };
    answer_token(&state, &ctx, &reached, authorization.as_deref(), &params).await.0
}

/// What the token endpoint answers to these parameters, and its error where it refuses.
pub async fn answer_token(
    state: &AppState,
    ctx: &Ctx,
    reached: &Reached,
    authorization: Option<&str>,
    params: &Params,
) -> (Response, Option<Error>) {
    let entry = replies::entry(ctx, "/oauth2/token", params);
    let client = client::named(authorization, params);
    let work = token::exchange(ctx, &reached.site, authorization, params);
    let outcome = unless_struck(state, reached, ctx, "oauth2/token", client, work).await;
    entry.end(outcome.as_ref().err());
    replies::line(ctx, reached, "token", params, outcome.as_ref().err());
    match outcome {
        Ok(tokens) => (replies::cors(replies::tokens(&tokens)), None),
        Err(error) => (replies::cors(replies::error(&error)), Some(error)),
    }
}

/// `POST /oauth2/revoke`.
async fn revoke(
    State(state): State<AppState>,
    Extension(reached): Extension<Reached>,
    Extension(ctx): Extension<Ctx>,
    request: Request,
) -> Response {
    let (authorization, params) = match form(request).await {
        Ok(read) => read,
        Err(error) => return replies::cors(replies::error(&error)),
    };
    answer_revoke(&state, &ctx, &reached, authorization.as_deref(), &params).await.0
}

/// As [`answer_token`], of the revocation endpoint.
pub async fn answer_revoke(
    state: &AppState,
    ctx: &Ctx,
    reached: &Reached,
    authorization: Option<&str>,
    params: &Params,
) -> (Response, Option<Error>) {
    let entry = replies::entry(ctx, "/oauth2/revoke", params);
    let client = client::named(authorization, params);
    let work = revoke::revoke(ctx, &reached.site, authorization, params);
    let outcome = unless_struck(state, reached, ctx, "oauth2/revoke", client, work).await;
    entry.end(outcome.as_ref().err());
    replies::line(ctx, reached, "revoke", params, outcome.as_ref().err());
    match outcome {
        Ok(()) => (replies::cors(replies::empty()), None),
        Err(error) => (replies::cors(replies::revoke_error(&error)), Some(error)),
    }
}

/// `GET|POST /oauth2/userInfo`. The token comes in the header alone: addresses end up in logs (checklist 34).
async fn user_info(
    State(state): State<AppState>,
    Extension(reached): Extension<Reached>,
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let bearer = single(&headers).ok().flatten().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned()).filter(|token| !token.is_empty())
    });
    let Some(bearer) = bearer else {
        let in_query = uri.query().is_some_and(|query| query.contains("access_token="));
        return replies::cors(replies::user_info_unread(in_query));
    };
    answer_user_info(&state, &ctx, &reached, &bearer).await.0
}

/// As [`answer_token`], of the userInfo endpoint.
pub async fn answer_user_info(state: &AppState, ctx: &Ctx, reached: &Reached, bearer: &str) -> (Response, Option<Error>) {
    let work = userinfo::claims(ctx, &reached.site, bearer);
    let outcome = unless_struck(state, reached, ctx, "oauth2/userInfo", None, work).await;
    match outcome {
        Ok(claims) => (replies::cors(replies::json(http::StatusCode::OK, &claims)), None),
        Err(error) => {
            replies::log(ctx, "userInfo", &error);
            (replies::cors(replies::user_info_error(&error)), Some(error))
        }
    }
}

/// Does the work, unless a fault on order strikes first; of our own address the client tells the pool.
async fn unless_struck<T>(
    state: &AppState,
    reached: &Reached,
    ctx: &Ctx,
    operation: &'static str,
    client: Option<String>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    if !state.faults.is_empty() {
        let pool = match (&reached.site.pool, &client) {
            (Some(pool), _) => Some(pool.id.clone()),
            (None, Some(client)) => clients::pool_of(ctx, client).await?,
            (None, None) => None,
        };
        state.faults.strike(Call { operation, pool: pool.as_deref(), client: client.as_deref() }).await?;
    }
    work.await
}

/// The `Authorization` header; two of them are two answers to "who".
fn single(headers: &HeaderMap) -> Result<Option<String>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let text = first.to_str().ok().filter(|_| values.next().is_none());
    text.map(|text| Some(text.to_owned())).ok_or_else(|| invalid_request("Authorization is not one plain header"))
}

/// Header and parameters of a form post. Parameters count in the body alone (RFC 6749 §3.2): secrets in an address would
/// end up in logs.
async fn form(request: Request) -> Result<(Option<String>, Params)> {
    let authorization = single(request.headers())?;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid_request("").because(format!("Content-Type is {media:?}, not application/x-www-form-urlencoded")));
    }
    let body: Bytes = axum::body::to_bytes(request.into_body(), FORM_MAX)
        .await
        .map_err(|_| invalid_request("").because("the body did not arrive whole"))?;
    let text = std::str::from_utf8(&body).map_err(|_| invalid_request("").because("the body is not UTF-8"))?;
    Ok((authorization, Params::parse(text)?))
}

fn invalid_request(text: &'static str) -> Error {
    Error::oauth(OAuthCode::InvalidRequest, text)
}
