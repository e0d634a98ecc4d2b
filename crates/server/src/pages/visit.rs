//! A request as the sign-in pages see it: whose site, which authorization request, which visitor. Owns cookies, the
//! addresses of pages and the only two ways to send a browser on. Made by extraction in front of every handler.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use poolhouse_engine::ctx::{Ctx, Remote};
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::authorize::{self, Refusal, Request};
use poolhouse_engine::oauth::params::Params;
use poolhouse_engine::rates::quotas::Category;

use super::contexts::Page;
use super::fields::Link;
use super::paths;
use super::step::{self, Step};
use crate::reached::Reached;
use crate::refusal::{self, see};
use crate::state::AppState;
use crate::{cookies, csrf, shell};

pub use crate::shell::{Answer, Stop};

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

impl Visit {
    /// The authorization request in the address, checked anew at every step: nothing of it is remembered between pages.
    pub async fn request(&self) -> Result<Request, Stop> {
        authorize::check(&self.ctx, &self.reached.site, &self.params).await.map_err(|refused| self.refused(&refused).into())
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
    pub fn fail(&self, error: &Error) -> Stop {
        if error.retry_after_seconds().is_some() {
            // The form is a step back, and nothing of it is lost but what was typed.
            let back = self.knows_app().then(|| Link::new("Back to the sign-in page", &self.url(paths::LOGIN)));
            return refusal::later(&self.app, &self.reached, &self.ctx, error, back).into();
        }
        let client_id = self.params.get("client_id").ok().flatten();
        refusal::redirect(&self.app, &self.reached, &self.ctx, error, client_id).into()
    }

    /// An authorization request that did not pass: to the app where it is proven, else to our error page (checklist 2).
    fn refused(&self, refused: &Refusal) -> Response {
        match &refused.redirect {
            Some(url) => self.leave(url),
            None => refusal::redirect(&self.app, &self.reached, &self.ctx, &refused.error, refused.client_id.as_deref()),
        }
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
