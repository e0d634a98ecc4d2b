//! The HTML part of a mail, shown by itself. Called by the pages that show messages.

use axum::response::{IntoResponse, Response};
use http::header;

/// An administrator's HTML, and in it values of users, would act as the operator if it ran in the console's origin (stored
/// cross-site scripting). The sandbox gives it an origin of its own, without scripts and forms; nothing is fetched, so that a
/// picture tells nobody that the mail was looked at; and no page may frame it.
const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The body as a document of its own.
pub fn html(body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, body).into_response()
}
