//! Phase 8: replies as AWS JSON 1.1 writes them, with CORS on every one, errors included. Called by the dispatcher.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use poolhouse_engine::error::Error;
use poolhouse_wire::{ErrorCode, Rejection, json};

/// Why a call was not answered.
#[derive(Debug)]
pub(super) enum Refused {
    /// No AWS JSON 1.1 at all: the front end answers in XML (observed).
    NotJson,
    TooLarge,
    TooSlow,
    Error {
        code: ErrorCode,
        /// Absent where the front end sends `__type` alone.
        message: Option<String>,
        /// For the log only.
        cause: Option<String>,
    },
}

impl Refused {
    pub(super) fn bare(code: ErrorCode) -> Self {
        Self::Error { code, message: None, cause: None }
    }

    pub(super) fn error(code: ErrorCode, message: String) -> Self {
        Self::Error { code, message: Some(message), cause: None }
    }

    /// For the log.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::NotJson => "not JSON 1.1",
            Self::TooLarge => "too large",
            Self::TooSlow => "too slow",
            Self::Error { code, .. } => code.as_str(),
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let cause = error.detail().map(|detail| match &detail.differs {
            Some((got, expected)) => format!("{} (got {got:?}, expected {expected:?})", detail.cause),
            None => detail.cause.clone(),
        });
        Self::Error { code: error.aws_code(), message: Some(error.message().to_owned()), cause }
    }
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self::Error { code: rejection.code, message: rejection.message, cause: None }
    }
}

pub(super) fn success(request_id: &str, body: Vec<u8>) -> Response {
    respond(StatusCode::OK, json::CONTENT_TYPE, body, request_id)
}

pub(super) fn refusal(request_id: &str, refused: &Refused) -> Response {
    let text = |status, text: &str| respond(status, "text/plain; charset=utf-8", text.into(), request_id);
    let (code, message) = match refused {
        Refused::NotJson => return not_json(request_id),
        Refused::TooLarge => return text(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large."),
        Refused::TooSlow => return text(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time."),
        Refused::Error { code, message, .. } => (*code, message.as_deref()),
    };
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = respond(status, json::CONTENT_TYPE, json::error_body(code, message), request_id);
    put(&mut response, json::ERROR_TYPE, &json::error_type(code));
    if let Some(message) = message {
        put(&mut response, json::ERROR_MESSAGE, &json::error_message(message));
    }
    response
}

/// 404 for what speaks another language, as XML (observed).
pub fn not_json(request_id: &str) -> Response {
    respond(StatusCode::NOT_FOUND, "application/xml", json::NOT_JSON_BODY.into(), request_id)
}

/// How long a browser may remember a preflight, seconds (observed).
const PREFLIGHT_SECONDS: &str = "172800";

pub(super) fn preflight(request_id: &str, asked: Option<&HeaderValue>) -> Response {
    let mut response = respond(StatusCode::OK, json::CONTENT_TYPE, Vec::new(), request_id);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_SECONDS));
    if let Some(asked) = asked {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    response
}

fn respond(status: StatusCode, kind: &'static str, body: Vec<u8>, request_id: &str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(json::EXPOSED_HEADERS));
    put(&mut response, json::REQUEST_ID, request_id);
    response
}

fn put(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
