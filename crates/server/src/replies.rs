//! OAuth answers as bytes: token documents, errors of RFC 6749 §5.2, RFC 7009 and RFC 6750 in Cognito's statuses, CORS
//! where Cognito has it. Called by the endpoints.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use poolhouse_engine::ctx::{Ctx, Entry};
use poolhouse_engine::error::{Code, Error, OAuthCode};
use poolhouse_engine::oauth::params::Params;
use poolhouse_engine::tokens::TokenSet;
use poolhouse_wire::ErrorCode;
use serde::Serialize;

use crate::reached::Reached;
use crate::refusal::code_of;

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");

/// The token document, its members in Cognito's order.
#[derive(Serialize)]
struct TokenDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    expires_in: i64,
    token_type: &'static str,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    error_description: &'a str,
}

pub fn json<T: Serialize>(status: StatusCode, document: &T) -> Response {
    match serde_json::to_vec(document) {
        Ok(body) => (status, [(header::CONTENT_TYPE, JSON)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub fn tokens(tokens: &TokenSet) -> Response {
    let document = TokenDocument {
        id_token: tokens.id_token.as_deref(),
        access_token: &tokens.access_token,
        refresh_token: tokens.refresh_token.as_deref(),
        expires_in: tokens.expires_in,
        token_type: "Bearer",
    };
    json(StatusCode::OK, &document)
}

/// 200 without a body.
pub fn empty() -> Response {
    StatusCode::OK.into_response()
}

/// An error of the token endpoint: 400 whatever it is (developer guide), unless the fault is ours.
pub fn error(error: &Error) -> Response {
    with_status(error, StatusCode::BAD_REQUEST)
}

/// An error of the revocation endpoint: 401 for a client that did not prove itself (developer guide).
pub fn revoke_error(error: &Error) -> Response {
    let unproved = error.code() == Code::OAuth(OAuthCode::InvalidClient);
    with_status(error, if unproved { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST })
}

fn with_status(error: &Error, status: StatusCode) -> Response {
    let ours = matches!(error.code(), Code::Aws(ErrorCode::InternalErrorException));
    let status = match error.code() {
        // The store is away: try again, nothing was handed out (checklist 158).
        _ if error.unavailable() => StatusCode::SERVICE_UNAVAILABLE,
        Code::Aws(ErrorCode::TooManyRequestsException) => StatusCode::TOO_MANY_REQUESTS,
        _ if ours => StatusCode::INTERNAL_SERVER_ERROR,
        _ => status,
    };
    let description = if ours { "" } else { error.message() };
    let mut response = json(status, &ErrorDocument { error: code_of(error), error_description: description });
    if let Some(seconds) = error.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// There is no room in the line for signatures: the bytes of [`error`] for it, made once and for all.
pub fn no_room() -> Response {
    let body = r#"{"error":"temporarily_unavailable","error_description":"Too many requests"}"#;
    let headers = [
        (header::CONTENT_TYPE, JSON),
        (header::RETRY_AFTER, HeaderValue::from_static("1")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().extend(headers);
    cors(response)
}

/// userInfo without a readable token. A token in the address is refused by name: it must not work once by chance.
pub fn user_info_unread(token_in_query: bool) -> Response {
    if token_in_query {
        return challenge(StatusCode::UNAUTHORIZED, "invalid_token", "Access token must be sent in the Authorization header");
    }
    challenge(StatusCode::BAD_REQUEST, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint")
}

/// userInfo's refusal of a token, in the `WWW-Authenticate` form that Cognito documents (no scheme word).
pub fn user_info_error(error: &Error) -> Response {
    match error.code() {
        Code::OAuth(code) => challenge(StatusCode::UNAUTHORIZED, code.as_str(), error.message()),
        Code::Aws(_) => with_status(error, StatusCode::BAD_REQUEST),
    }
}

fn challenge(status: StatusCode, code: &str, description: &str) -> Response {
    let mut response = json(status, &ErrorDocument { error: code, error_description: description });
    if let Ok(value) = HeaderValue::from_str(&format!("error=\"{code}\", error_description=\"{description}\"")) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

/// Any origin may read, none with credentials (checklist 63).
pub fn cors(mut response: Response) -> Response {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// The preflight of the endpoints that other origins may call.
pub async fn preflight(headers: HeaderMap) -> Response {
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let mut response = cors(empty());
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, GET, OPTIONS"));
    let allowed = asked.unwrap_or_else(|| HeaderValue::from_static("authorization, content-type"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    response
}

/// Begins what a request to this endpoint leaves in the audit trail.
pub fn entry<'a>(ctx: &'a Ctx, endpoint: &'static str, params: &Params) -> Entry<'a> {
    let grant = params.get("grant_type").ok().flatten();
    // Only words that are ours: whatever else stands there may be anything.
    if let Some(grant) = grant.filter(|g| ["authorization_code", "refresh_token", "client_credentials"].contains(g)) {
        ctx.concerns("grant_type", grant);
    }
    ctx.entry(endpoint)
}

/// One log line a request; never a secret.
pub fn line(ctx: &Ctx, reached: &Reached, endpoint: &'static str, params: &Params, refused: Option<&Error>) {
    let text = |name: &str| params.get(name).ok().flatten().unwrap_or("-").chars().take(128).collect::<String>();
    let (client, grant) = (text("client_id"), text("grant_type"));
    let pool = reached.site.pool.as_ref().map_or("-", |pool| pool.id.as_str());
    let (request_id, ip, result) = (ctx.request_id.as_str(), reached.client_ip, refused.map_or("ok", code_of));
    tracing::info!(target: "poolhouse::calls", request_id, %ip, endpoint, ?client, ?grant, pool, result, "call");
    if let Some(error) = refused {
        log(ctx, endpoint, error);
    }
}

/// The private half of an error.
pub fn log(ctx: &Ctx, endpoint: &'static str, error: &Error) {
    let cause = error.detail().map(|detail| detail.cause.as_str()).unwrap_or_default();
    let request_id = ctx.request_id.as_str();
    match error.code() {
        Code::Aws(ErrorCode::InternalErrorException) => tracing::error!(request_id, endpoint, %cause, "internal error"),
        _ => tracing::debug!(request_id, endpoint, code = code_of(error), %cause, "refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bytes(response: Response) -> Vec<u8> {
        axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn no_room_is_what_the_endpoint_would_say() {
        let (quick, slow) = (no_room(), cors(error(&Error::overloaded("the line is full"))));
        assert_eq!(quick.status(), slow.status());
        for (name, value) in slow.headers() {
            assert_eq!(quick.headers().get(name), Some(value), "{name}");
        }
        assert_eq!(String::from_utf8(bytes(quick).await), String::from_utf8(bytes(slow).await));
    }
}
