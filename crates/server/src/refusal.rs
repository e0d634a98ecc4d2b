//! The error page, for every refusal that must not be redirected: an unknown client, an address that is not registered.
//! Like Cognito it redirects to `/error`; where the instance may tell, that page also shows the cause, the two strings
//! that differ, and the fix. Called by `oauth` and the page handlers.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, Uri, header};
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::error::{Code, Detail, Error, OAuthCode};
use poolhouse_engine::oauth::params::Params;
use poolhouse_wire::ErrorCode;

use crate::pages::contexts::{Comparison, ErrorDetail, ErrorPage, Fix};
use crate::pages::fields::{Fact, Link};
use crate::reached::Reached;
use crate::shell;
use crate::state::AppState;

/// Cognito's text (observed).
const PAGE_TEXT: &str = "An error was encountered with the requested page.";

/// The page for what may work a moment later: 429 where the caller asks too much, 503 where we cannot keep up
/// (checklist 116, 159). Not a redirect: `Retry-After` belongs to the address that was asked for.
pub fn later(state: &AppState, reached: &Reached, ctx: &Ctx, error: &Error, back: Option<Link>) -> Response {
    let cause = error.detail().map(|detail| detail.cause.as_str()).unwrap_or_default();
    let (request_id, code) = (ctx.request_id.as_str(), code_of(error));
    if error.unavailable() {
        tracing::error!(request_id, code, %cause, "a page could not be answered");
    } else {
        tracing::info!(request_id, code, %cause, "refused on a page");
    }
    let (status, title, message) = match error.unavailable() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "Something went wrong", "This cannot be done right now."),
        false => (StatusCode::TOO_MANY_REQUESTS, "Too many attempts", "There were too many attempts in a short time."),
    };
    let seconds = error.retry_after_seconds().unwrap_or(1);
    let page = ErrorPage {
        shell: shell::of_pool(state, reached.site.pool.as_deref(), None),
        title: title.to_owned(),
        message: message.to_owned(),
        next_step: Some(if seconds > 60 { "Try again in a few minutes." } else { "Try again in a moment." }.to_owned()),
        code: None,
        event_id: Some(ctx.request_id.clone()),
        back,
        detail: None,
    };
    let mut response = shell::draw(state, status, &page);
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}

/// Sends the browser to the error page of this site.
pub fn redirect(state: &AppState, reached: &Reached, ctx: &Ctx, error: &Error, client_id: Option<&str>) -> Response {
    if error.retry_after_seconds().is_some() {
        return later(state, reached, ctx, error, None);
    }
    let code = code_of(error);
    let cause = error.detail().map(|detail| detail.cause.as_str()).unwrap_or_default();
    if unavailable(error) {
        tracing::error!(request_id = %ctx.request_id, %cause, "a page could not be answered");
    } else {
        tracing::info!(request_id = %ctx.request_id, code, %cause, "refused on the error page");
    }
    let mut query = Params::default().with("error", code);
    if let Some(id) = client_id {
        query = query.with("client_id", id);
    }
    if state.causes.keep(&ctx.request_id, error.detail()) {
        query = query.with("event", &ctx.request_id);
    }
    see(&format!("{}/error?{}", reached.base, query.query_without(&[])))
}

/// A redirect. 302 as Cognito's: after a GET it stays a GET, after a POST every browser makes it one.
#[must_use]
pub fn see(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// `GET /error`.
pub async fn page(State(state): State<AppState>, Extension(ctx): Extension<Ctx>, uri: Uri) -> Response {
    let params = Params::parse(uri.query().unwrap_or_default()).unwrap_or_default();
    let text = |name: &str| params.get(name).ok().flatten();
    // Only words that we could have said ourselves: the page must not say what a link makes it say (content spoofing).
    let code = text("error").and_then(known);
    let detail = text("event").and_then(|id| state.causes.find(id));
    let (title, next_step) = advice(code);
    let page = ErrorPage {
        shell: shell::of_instance(&state),
        title: title.to_owned(),
        message: PAGE_TEXT.to_owned(),
        next_step: Some(next_step.to_owned()),
        code: code.map(str::to_owned),
        event_id: Some(text("event").filter(|_| detail.is_some()).unwrap_or(&ctx.request_id).to_owned()),
        back: None,
        detail: detail.map(|detail| told(detail, text("client_id"))),
    };
    let fault = matches!(code, Some("server_error" | "temporarily_unavailable"));
    shell::draw(&state, if fault { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BAD_REQUEST }, &page)
}

fn told(detail: Detail, client_id: Option<&str>) -> ErrorDetail {
    ErrorDetail {
        cause: detail.cause,
        comparison: detail.differs.map(|(got, expected)| Comparison::new("The app sent", &got, "Registered", &expected)),
        facts: client_id.map(|id| Fact::new("App client ID", id)).into_iter().collect(),
        fix: detail.fix.map(|text| Fix { text, command: None, link: None }),
    }
}

fn advice(code: Option<&str>) -> (&'static str, &'static str) {
    match code {
        Some("server_error" | "temporarily_unavailable") => ("Something went wrong", "Try again in a moment."),
        Some("redirect_mismatch") => (
            "This sign-in link does not work",
            "Go back to the app and try again. If it happens again, tell the people who run the app.",
        ),
        _ => ("This page cannot be shown", "Go back to the app and start again."),
    }
}

/// The `error` value of an error on a page.
#[must_use]
pub fn code_of(error: &Error) -> &'static str {
    match error.code() {
        Code::OAuth(code) => code.as_str(),
        Code::Aws(ErrorCode::TooManyRequestsException) => OAuthCode::TemporarilyUnavailable.as_str(),
        Code::Aws(ErrorCode::InternalErrorException) => OAuthCode::ServerError.as_str(),
        Code::Aws(_) => OAuthCode::InvalidRequest.as_str(),
    }
}

fn unavailable(error: &Error) -> bool {
    matches!(error.code(), Code::Aws(ErrorCode::InternalErrorException))
}

/// The same word, if it is one of ours.
fn known(code: &str) -> Option<&'static str> {
    use OAuthCode as C;
    let all = [
        C::InvalidRequest,
        C::InvalidClient,
        C::InvalidScope,
        C::UnauthorizedClient,
        C::UnsupportedResponseType,
        C::RedirectMismatch,
        C::LoginRequired,
        C::AccessDenied,
        C::ServerError,
        C::TemporarilyUnavailable,
    ];
    all.into_iter().map(C::as_str).find(|known| *known == code)
}
