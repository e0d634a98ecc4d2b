//! `/login`, and how every interactive sign-in ends: a new browser session and the way back to the app.

use axum::response::Response;
use poolhouse_engine::auth::{self, SignedIn, Step as SignIn};
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::authorize::{self, Request};
use poolhouse_engine::oauth::browser;
use poolhouse_engine::rates::quotas::Category;
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::ChallengeNameType;

use super::step::{News, Step, Why};
use super::visit::{Answer, Posted, Visit};
use super::{contexts, errors, form, look, paths};

/// What the page says beside its fields.
#[derive(Default)]
struct Said {
    error: Option<String>,
    notice: Option<&'static str>,
}

/// The page; straight on to the app where the browser's session already answers the request.
pub async fn get(visit: Visit) -> Answer {
    let request = visit.request().await?;
    let step = visit.step(&request);
    // Whoever has just confirmed an account or chosen a password wants to use it, not to go on as somebody else who is
    // signed in in this browser.
    let news = matches!(step, Some(Step::SignIn { .. })) && !request.prompt_none;
    if !news && let Some(answer) = without_asking(&visit, &request).await? {
        return Ok(answer);
    }
    let hint = request.login_hint.as_deref().unwrap_or_default();
    Ok(match step {
        Some(Step::SignIn { username, news }) => {
            let notice = Some(match news {
                News::Confirmed => "Your account is confirmed. You can sign in now.",
                News::PasswordChanged => "Your password is changed. Sign in with the new one.",
                News::Again => "That took too long. Sign in again.",
            });
            let name = if username.is_empty() { hint } else { &username };
            page(&visit, &request, name, Said { notice, ..Said::default() })
        }
        _ => page(&visit, &request, hint, Said::default()),
    })
}

/// What needs no page: a session that satisfies the request, or `prompt=none` without one (OIDC Core §3.1.2.1). `None`
/// where the user has to be asked. The authorization endpoint asks the same.
pub async fn without_asking(visit: &Visit, request: &Request) -> Result<Option<Response>, super::visit::Stop> {
    let ctx = &visit.ctx;
    let found = browser::find(ctx, &request.pool, visit.session.as_deref()).await.map_err(|e| visit.fail(&e))?;
    if let Some(session) = found.filter(|session| request.satisfied_by(ctx, session)) {
        return match authorize::complete(ctx, request, &session.user, session.auth_time).await {
            Ok(url) => Ok(Some(visit.leave(&url))),
            Err(error) => Err(cannot_complete(visit, request, &error)),
        };
    }
    if request.prompt_none {
        return Ok(Some(visit.leave(&request.error_redirect(ctx, &errors::login_required()))));
    }
    Ok(None)
}

/// User name and password.
pub async fn post(Posted { visit, form }: Posted) -> Answer {
    let request = visit.admitted(Category::UserAuthentication).await?;
    let (username, password) = (form::username(&form), form::text(&form, "password"));
    if form::username_problem(username).is_some() || form::password_problem(password).is_some() {
        // Nobody has such a name or password; it is not worth an attempt.
        return Ok(again(&visit, &request, username, auth::incorrect().message()));
    }
    answer(&visit, &request, username, password).await
}

/// Signs in with a password: the rest of the page, and the end of a sign-up that needs no confirmation.
pub async fn answer(visit: &Visit, request: &Request, username: &str, password: &str) -> Answer {
    let entry = visit.ctx.entry(paths::LOGIN);
    let outcome = auth::password::sign_in(&visit.ctx, &request.pool, &request.client, username, password).await;
    errors::taken(entry, visit, request, paths::LOGIN, outcome.as_ref().err());
    match outcome {
        Ok(SignIn::SignedIn(signed_in)) => finish(visit, request, signed_in).await,
        Ok(SignIn::Challenge(challenge)) => match (challenge.name, challenge.session) {
            (ChallengeNameType::NewPasswordRequired, Some(session)) => {
                visit.go_with(paths::NEW_PASSWORD, request, &Step::NewPassword { session })
            }
            (name, _) => Err(visit.fail(&Error::internal(format!("no page asks the challenge {}", name.as_str())))),
        },
        Err(error) => refused(visit, request, username, &error),
    }
}

fn refused(visit: &Visit, request: &Request, username: &str, error: &Error) -> Answer {
    let username = username.to_owned();
    if error.is(ErrorCode::UserNotConfirmedException) {
        return visit.go_with(paths::CONFIRM, request, &Step::Confirm { username, sent: None, why: Why::NotConfirmed });
    }
    if error.is(ErrorCode::PasswordResetRequiredException) {
        return visit.go_with(paths::FORGOT, request, &Step::Forgot { username });
    }
    let said = errors::said(visit, error)?;
    Ok(again(visit, request, &username, &said))
}

/// The page again. 200, where Cognito redirects to itself: every client seen follows either, and this keeps the name.
fn again(visit: &Visit, request: &Request, username: &str, error: &str) -> Response {
    page(visit, request, username, Said { error: Some(error.to_owned()), ..Said::default() })
}

fn page(visit: &Visit, request: &Request, username: &str, said: Said) -> Response {
    visit.show(&contexts::SignIn {
        shell: look::frame(visit, request),
        action: visit.url(paths::LOGIN),
        csrf: visit.token.clone(),
        username: look::username(&request.pool, username),
        error: said.error,
        notice: said.notice.map(str::to_owned),
        forgot_url: look::may_reset(&request.pool).then(|| visit.url(paths::FORGOT)),
        sign_up_url: (!request.pool.admin_create_only()).then(|| visit.url(paths::SIGN_UP)),
    })
}

/// Every factor has been given. The session is always a new one, whatever cookie came along, and the one before is over
/// (session fixation, checklist 52).
pub async fn finish(visit: &Visit, request: &Request, signed_in: SignedIn) -> Answer {
    let ctx = &visit.ctx;
    let SignedIn { user, auth_time } = signed_in;
    let url = authorize::complete(ctx, request, &user, auth_time).await.map_err(|e| cannot_complete(visit, request, &e))?;
    if let Some(old) = &visit.session {
        browser::end(ctx, old).await.map_err(|e| visit.fail(&e))?;
    }
    let cookie = browser::start(ctx, &request.pool, &user, auth_time).await.map_err(|e| visit.fail(&e))?;
    Ok(visit.with_session(visit.leave(&url), &cookie))
}

/// What the app is told where its request cannot be finished for a signed-in user; faults of ours are our page's.
fn cannot_complete(visit: &Visit, request: &Request, error: &Error) -> super::visit::Stop {
    match error.code() {
        poolhouse_engine::error::Code::OAuth(_) => visit.leave(&request.error_redirect(&visit.ctx, error)).into(),
        poolhouse_engine::error::Code::Aws(_) => visit.fail(error),
    }
}
