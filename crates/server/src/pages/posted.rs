//! A form post as the sign-in pages take it: read, and proven to come from a page of ours. Made by extraction in front of
//! every handler of a post.

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use http::header;
use poolhouse_engine::oauth::params::Params;

use super::errors;
use super::visit::{Stop, Visit};
use crate::csrf;
use crate::state::AppState;

/// Largest form, bytes: a page full of attributes at their longest.
const FORM_MAX: usize = 96 * 1024;

/// A form sent by one of our own pages. Whoever takes this has the proof that it was (checklist 51).
pub struct Posted {
    pub visit: Visit,
    pub form: Params,
}

impl FromRequest<AppState> for Posted {
    type Rejection = Stop;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Stop> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, app).await?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(errors::not_a_form(&visit).into());
        }
        let Ok(body) = axum::body::to_bytes(body, FORM_MAX).await else {
            return Err(errors::too_large(&visit).into());
        };
        let Ok(text) = std::str::from_utf8(&body) else {
            return Err(errors::not_a_form(&visit).into());
        };
        let form = Params::parse(text).map_err(|e| visit.fail(&e))?;
        let token = form.get("_csrf").ok().flatten();
        if !csrf::accepts(&visit.ctx, &visit.reached, &parts.headers, token) {
            return Err(errors::forged(&visit, parts.uri.path()).into());
        }
        form.no_repeats().map_err(|e| visit.fail(&e))?;
        Ok(Self { visit, form })
    }
}
