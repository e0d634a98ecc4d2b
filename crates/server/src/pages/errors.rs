//! What pages say when something does not work: the sentence above a form, the page instead of a form, and the refusals
//! of posts that did not come from a form of ours. Called by the handlers and by extraction.

use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::ctx::Entry;
use poolhouse_engine::error::{Code, Error, OAuthCode};
use poolhouse_engine::oauth::authorize::{Refusal, Request};
use poolhouse_wire::ErrorCode;

use super::contexts::ErrorPage;
use super::fields::Link;
use super::paths;
use super::visit::{Stop, Visit};
use crate::refusal;
use crate::replies;
use crate::shell;

/// An authorization request that did not pass: to the app where it is proven, else to our error page (checklist 2).
pub fn refused(visit: &Visit, refused: &Refusal) -> Response {
    match &refused.redirect {
        Some(url) => visit.leave(url),
        None => refusal::redirect(&visit.app, &visit.reached, &visit.ctx, &refused.error, refused.client_id.as_deref()),
    }
}

/// The error page, for what no form can answer.
pub fn error_page(visit: &Visit, error: &Error) -> Response {
    if error.retry_after_seconds().is_some() {
        // The form is a step back, and nothing of it is lost but what was typed.
        let back = visit.knows_app().then(|| Link::new("Back to the sign-in page", &visit.url(paths::LOGIN)));
        return refusal::later(&visit.app, &visit.reached, &visit.ctx, error, back);
    }
    let client_id = visit.params.get("client_id").ok().flatten();
    refusal::redirect(&visit.app, &visit.reached, &visit.ctx, error, client_id)
}

/// The sentence to say above the form. Faults of ours, and what only time mends, are no sentence but a page.
pub fn said(visit: &Visit, error: &Error) -> Result<String, Stop> {
    match error.code() {
        Code::Aws(ErrorCode::InternalErrorException | ErrorCode::TooManyRequestsException) | Code::OAuth(_) => {
            Err(visit.fail(error))
        }
        Code::Aws(_) => Ok(error.message().to_owned()),
    }
}

/// Ends the audit entry of a form that was taken, and writes its log line; who it was about is nobody's business but the engine's (checklist 186).
pub fn taken(entry: Entry<'_>, visit: &Visit, request: &Request, page: &'static str, refused: Option<&Error>) {
    entry.end(refused);
    let (request_id, ip) = (visit.ctx.request_id.as_str(), visit.reached.client_ip);
    let (pool, client) = (request.pool.id.as_str(), request.client.id.as_str());
    let result = refused.map_or("ok", |error| error.code().as_str());
    tracing::info!(target: "poolhouse::calls", request_id, %ip, page, pool, client, result, "form");
    if let Some(error) = refused {
        replies::log(&visit.ctx, page, error);
    }
}

pub fn login_required() -> Error {
    Error::oauth(OAuthCode::LoginRequired, "")
}

/// A post without the token of our form, or from elsewhere (checklist 51). Nothing has been done; `path` is offered anew
/// if it is one of our pages, since an old page in an honest browser ends here too.
pub fn forged(visit: &Visit, path: &str) -> Response {
    let page = paths::ALL.into_iter().find(|known| path.eq_ignore_ascii_case(known)).unwrap_or(paths::LOGIN);
    let page = if page == paths::RESEND { paths::CONFIRM } else { page };
    let back = visit.knows_app().then(|| Link::new("Open the page again", &visit.here(page)));
    let page = ErrorPage {
        back,
        ..plain(
            visit,
            "This form is no longer valid",
            "Nothing was changed. The page may be old, cookies may be switched off, or the form may have been sent by another site.",
        )
    };
    visit.show_as(StatusCode::FORBIDDEN, &page)
}

/// A body that no form of ours makes.
pub fn not_a_form(visit: &Visit) -> Response {
    let page = plain(visit, "This request cannot be read", "It is not a form of this page.");
    visit.show_as(StatusCode::BAD_REQUEST, &page)
}

pub fn too_large(visit: &Visit) -> Response {
    let page = plain(visit, "This request cannot be read", "It is too large, or did not arrive whole.");
    visit.show_as(StatusCode::PAYLOAD_TOO_LARGE, &page)
}

fn plain(visit: &Visit, title: &str, message: &str) -> ErrorPage {
    ErrorPage {
        shell: shell::of_pool(&visit.app, visit.reached.site.pool.as_deref(), None),
        title: title.to_owned(),
        message: message.to_owned(),
        next_step: None,
        code: None,
        event_id: Some(visit.ctx.request_id.clone()),
        back: None,
        detail: None,
    }
}
