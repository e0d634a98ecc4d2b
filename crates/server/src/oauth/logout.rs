//! `/logout`: ends the browser's session and sends it on. Which dialect, and where to, is decided by the engine; here are
//! the cookie, the question page and its form. Called by the router.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri, header};
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::error::{Error, OAuthCode, Result};
use poolhouse_engine::oauth::browser;
use poolhouse_engine::oauth::logout::{self, Next};
use poolhouse_engine::oauth::params::Params;

use crate::cookies;
use crate::csrf;
use crate::pages::contexts::{ConfirmSignOut, SignedOut};
use crate::reached::Reached;
use crate::refusal::{self, see};
use crate::shell;
use crate::state::AppState;

/// `GET /logout`.
pub(super) async fn ask(
    State(state): State<AppState>,
    Extension(reached): Extension<Reached>,
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let params = Params::parse(uri.query().unwrap_or_default());
    let next = match params {
        Ok(params) => logout::decide(&ctx, &reached.site, &params).await.map(|next| (next, params)),
        Err(error) => Err(error),
    };
    match next {
        Ok((Next::Ask, _)) => match browser::at(&ctx, &reached.site, cookies::get(&headers, cookies::SESSION)).await {
            Ok(Some(session)) => question(&state, &reached, &ctx, &headers, session.user.username()),
            Ok(None) => end(&state, &reached, &ctx, &headers, &Next::SignedOut).await,
            Err(error) => refusal::redirect(&state, &reached, &ctx, &error, None),
        },
        Ok((next, _)) => end(&state, &reached, &ctx, &headers, &next).await,
        Err(error) => refusal::redirect(&state, &reached, &ctx, &error, None),
    }
}

/// `POST /logout/confirm`: the user said yes on our own page.
pub(super) async fn confirmed(
    State(state): State<AppState>,
    Extension(reached): Extension<Reached>,
    Extension(ctx): Extension<Ctx>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let given = match super::form(request).await {
        Ok((_, params)) => params.get("_csrf").ok().flatten().map(str::to_owned),
        Err(_) => None,
    };
    if !csrf::accepts(&ctx, &reached, &headers, given.as_deref()) {
        let error = Error::oauth(OAuthCode::InvalidRequest, "").because("the form's token is missing or old");
        return refusal::redirect(&state, &reached, &ctx, &error, None);
    }
    end(&state, &reached, &ctx, &headers, &Next::SignedOut).await
}

/// A request that anybody could have made for the user: it asks instead of signing out (checklist 68).
fn question(state: &AppState, reached: &Reached, ctx: &Ctx, headers: &HeaderMap, username: &str) -> Response {
    let (csrf, cookie) = csrf::token(ctx, reached, headers);
    let page = ConfirmSignOut {
        shell: shell::of_pool(state, reached.site.pool.as_deref(), None),
        action: format!("{}/logout/confirm", reached.base),
        csrf,
        username: username.to_owned(),
        cancel_url: None,
    };
    let mut response = shell::draw(state, StatusCode::OK, &page);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

async fn end(state: &AppState, reached: &Reached, ctx: &Ctx, headers: &HeaderMap, next: &Next) -> Response {
    if let Some(cookie) = cookies::get(headers, cookies::SESSION)
        && let Err(error) = sign_out(ctx, reached, cookie).await
    {
        // Not signed out must not look like signed out.
        return refusal::redirect(state, reached, ctx, &error, None);
    }
    let mut response = match next {
        Next::Away(location) => see(location),
        Next::SignIn(query) => see(&format!("{}/login?{query}", reached.base)),
        Next::SignedOut | Next::Ask => {
            let shell = shell::of_pool(state, reached.site.pool.as_deref(), None);
            shell::draw(state, StatusCode::OK, &SignedOut { shell, sign_in_url: None })
        }
    };
    response.headers_mut().append(header::SET_COOKIE, cookies::clear(cookies::SESSION, reached.https));
    response
}

/// Ends the session of the cookie; one that is nobody's leaves no trace.
async fn sign_out(ctx: &Ctx, reached: &Reached, cookie: &str) -> Result<()> {
    let Some(session) = browser::at(ctx, &reached.site, Some(cookie)).await? else { return browser::end(ctx, cookie).await };
    ctx.concerns_pool(&session.user.row.pool_id);
    ctx.proven(session.user.sub());
    let entry = ctx.entry("/logout");
    let outcome = browser::end(ctx, cookie).await;
    entry.end(outcome.as_ref().err());
    outcome
}
