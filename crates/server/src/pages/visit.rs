//! A request as the sign-in pages see it: whose site, which authorization request, which visitor. Owns cookies, the
//! addresses of pages and the only two ways to send a browser on. Made by extraction in front of every handler.

use axum::extract::{FromRequest, FromRequestParts, Request as HttpRequest};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use poolhouse_engine::ctx::{Ctx, Remote};
use poolhouse_engine::oauth::authorize::{self, Request};
use poolhouse_engine::oauth::params::Params;
use poolhouse_engine::rates::quotas::Category;

use super::contexts::Page;
use super::errors;
use super::step::{self, Step};
use crate::reached::Reached;
use crate::refusal::see;
use crate::state::AppState;
use crate::{cookies, csrf, shell};

/// Largest form, bytes: a page full of attributes at their longest.
const FORM_MAX: usize = 96 * 1024;

/// An answer given before the handler's end; `?` passes it on.
pub struct Stop(Box<Response>);

impl From<Response> for Stop {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        *self.0
    }
}

pub type Answer = Result<Response, Stop>;

/// A request to a page.
pub struct Visit {
    pub app: AppState,
    pub ctx: Ctx,
    pub reached: Reached,
    /// The query: the authorization request, and perhaps a step.
    pub params: Params,
    /// The visitor's form token (see [`csrf::token`]).
    pub token: String,
    token_cookie: HeaderValue,
    /// The session cookie as sent: not yet proven to be anything.
    pub session: Option<String>,
    /// The query as it came, without our own `step`.
    query: String,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Stop> {
        let extensions = &parts.extensions;
        let (Some(mut ctx), Some(reached)) = (extensions.get::<Ctx>().cloned(), extensions.get::<Reached>().cloned()) else {
            tracing::error!("a page was reached by no door");
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response().into());
        };
        ctx.remote = ctx.remote.map(|remote| Remote { browser: true, ..remote });
        let raw = parts.uri.query().unwrap_or_default();
        let session = cookies::get(&parts.headers, cookies::SESSION).map(str::to_owned);
        let (token, token_cookie) = csrf::token(&ctx, &reached, &parts.headers);
        let (app, query) = (app.clone(), without_step(raw));
        let mut visit = Self { app, ctx, reached, params: Params::default(), token, token_cookie, session, query };
        visit.params = Params::parse(raw).map_err(|e| visit.fail(&e))?;
        Ok(visit)
    }
}

/// A form sent by one of our own pages. Whoever takes this has the proof that it was (checklist 51).
pub struct Posted {
    pub visit: Visit,
    pub form: Params,
}

impl FromRequest<AppState> for Posted {
    type Rejection = Stop;

    async fn from_request(request: HttpRequest, app: &AppState) -> Result<Self, Stop> {
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

impl Visit {
    /// The authorization request in the address, checked anew at every step: nothing of it is remembered between pages.
    pub async fn request(&self) -> Result<Request, Stop> {
        authorize::check(&self.ctx, &self.reached.site, &self.params)
            .await
            .map_err(|refused| errors::refused(self, &refused).into())
    }

    /// As [`Visit::request`], for a form that counts as a request of this category.
    pub async fn admitted(&self, category: Category) -> Result<Request, Stop> {
        let request = self.request().await?;
        self.ctx.admit(category, &request.pool.id).map_err(|e| self.fail(&e))?;
        Ok(request)
    }

    /// What the page before left for this one.
    pub fn step(&self, request: &Request) -> Option<Step> {
        let text = self.params.get(step::PARAMETER).ok().flatten()?;
        Step::open(&self.ctx, request, &self.token, text)
    }

    /// The address of one of our pages, with the authorization request.
    pub fn url(&self, path: &str) -> String {
        let question = if self.query.is_empty() { "" } else { "?" };
        format!("{}{path}{question}{}", self.reached.base, self.query)
    }

    /// The address of a page without any query.
    pub fn bare_url(&self, path: &str) -> String {
        format!("{}{path}", self.reached.base)
    }

    /// As [`Visit::url`], for a page that needs to know of a step.
    pub fn url_with(&self, path: &str, request: &Request, step: &Step) -> Result<String, Stop> {
        let sealed = step.seal(&self.ctx, request, &self.token).map_err(|e| self.fail(&e))?;
        let url = self.url(path);
        let joint = if self.query.is_empty() { '?' } else { '&' };
        Ok(format!("{url}{joint}{}={sealed}", step::PARAMETER))
    }

    /// The address of this very step again, for the form on its page.
    pub fn here(&self, path: &str) -> String {
        let url = self.url(path);
        match self.params.get(step::PARAMETER) {
            Ok(Some(sealed)) if is_sealed(sealed) => {
                let joint = if self.query.is_empty() { '?' } else { '&' };
                format!("{url}{joint}{}={sealed}", step::PARAMETER)
            }
            _ => url,
        }
    }

    /// Whether the request names an app to go on with.
    pub fn knows_app(&self) -> bool {
        matches!(self.params.get("client_id"), Ok(Some(_)))
    }

    /// Draws a page.
    pub fn show<P: Page>(&self, page: &P) -> Response {
        self.show_as(StatusCode::OK, page)
    }

    pub fn show_as<P: Page>(&self, status: StatusCode, page: &P) -> Response {
        self.dressed(shell::draw(&self.app, status, page))
    }

    /// Sends the browser to one of our own pages.
    pub fn go(&self, path: &str) -> Response {
        self.dressed(see(&self.url(path)))
    }

    /// Sends the browser to one of our own pages, which needs to know of `step`.
    pub fn go_with(&self, path: &str, request: &Request, step: &Step) -> Answer {
        Ok(self.dressed(see(&self.url_with(path, request, step)?)))
    }

    /// Sends the browser to the app. `url` is always one that `authorize` has made from a registered address: nothing
    /// else leaves the site (open redirector, checklist 2).
    pub fn leave(&self, url: &str) -> Response {
        see(url)
    }

    /// The page for an error that no form can answer.
    pub fn fail(&self, error: &poolhouse_engine::error::Error) -> Stop {
        errors::error_page(self, error).into()
    }

    /// Gives the browser a new session cookie (checklist 53).
    pub fn with_session(&self, mut response: Response, value: &str) -> Response {
        response.headers_mut().append(header::SET_COOKIE, cookies::set(cookies::SESSION, value, self.reached.https));
        response
    }

    /// The form token goes out with whatever may lead to a form.
    fn dressed(&self, mut response: Response) -> Response {
        response.headers_mut().append(header::SET_COOKIE, self.token_cookie.clone());
        response
    }
}

fn without_step(query: &str) -> String {
    let ours = |pair: &&str| pair.split('=').next() != Some(step::PARAMETER);
    query.split('&').filter(ours).collect::<Vec<_>>().join("&")
}

/// Base64url, as we seal steps: nothing that could add to an address.
fn is_sealed(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_parameter_leaves_the_query_as_it_was() {
        assert_eq!(without_step("a=b%20c&step=x&d=+"), "a=b%20c&d=+");
        assert_eq!(without_step("step=x"), "");
        assert_eq!(without_step("steps=x&step"), "steps=x");
        assert_eq!(without_step(""), "");
    }
}
