//! `/forgotPassword` and `/confirmforgotPassword`: a code by mail or text message, and with it a new password.

use axum::response::Response;
use poolhouse_engine::account::recovery::{self as rules, Reset};
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::authorize::Request;
use poolhouse_engine::rates::quotas::Category;
use poolhouse_engine::users::codes;

use super::step::{News, Sent, Step};
use super::visit::{Answer, Posted, Visit};
use super::{contexts, errors, form, look, paths};

pub async fn get(visit: Visit) -> Answer {
    let request = visit.request().await?;
    Ok(match visit.step(&request) {
        Some(Step::Forgot { username }) => {
            let why = "You have to choose a new password before you can sign in.".to_owned();
            forgot_page(&visit, &request, &username, Some(why))
        }
        _ => forgot_page(&visit, &request, request.login_hint.as_deref().unwrap_or_default(), None),
    })
}

/// Sends the code, on the first page and by "Send a new code" on the second.
pub async fn post(Posted { visit, form }: Posted) -> Answer {
    let request = visit.admitted(Category::UserAccountRecovery).await?;
    // On the second page the name is shown, not asked: the step knows it.
    let step = visit.step(&request);
    let again = matches!(step, Some(Step::Reset { .. }));
    let username = match step {
        Some(Step::Reset { username, .. }) => username,
        _ => form::username(&form).to_owned(),
    };
    let entry = visit.ctx.entry(paths::FORGOT);
    let outcome = match form::username_problem(&username) {
        None => rules::forgot(&visit.ctx, &request.pool, &request.client, &username).await,
        Some(problem) => Err(Error::invalid_parameter(problem)),
    };
    errors::taken(entry, &visit, &request, paths::FORGOT, outcome.as_ref().err());
    match outcome {
        Ok(details) => {
            let sent = Sent::from_details(&details);
            visit.go_with(paths::RESET, &request, &Step::Reset { username, sent, again })
        }
        Err(error) => {
            let said = errors::said(&visit, &error)?;
            Ok(forgot_page(&visit, &request, &username, Some(said)))
        }
    }
}

fn forgot_page(visit: &Visit, request: &Request, username: &str, error: Option<String>) -> Response {
    visit.show(&contexts::Forgot {
        shell: look::frame(visit, request),
        action: visit.url(paths::FORGOT),
        csrf: visit.token.clone(),
        username: look::username(&request.pool, username),
        error,
        sign_in_url: visit.url(paths::LOGIN),
    })
}

/// What the second page knows: whose password, and where the code went.
struct Resetting {
    username: String,
    sent: Option<Sent>,
    again: bool,
}

impl Resetting {
    /// From the page before; `typed` where its step has ended: the code proves whose password it is, not the step.
    fn from_step(step: Option<Step>, typed: &str) -> Option<Self> {
        match step {
            Some(Step::Reset { username, sent, again }) => Some(Self { username, sent, again }),
            _ if form::username_problem(typed).is_none() => Some(Self { username: typed.to_owned(), sent: None, again: false }),
            _ => None,
        }
    }
}

pub async fn reset_get(visit: Visit) -> Answer {
    let request = visit.request().await?;
    let Some(known) = Resetting::from_step(visit.step(&request), "") else { return Ok(visit.go(paths::FORGOT)) };
    let notice = known.again.then_some("A new code is on its way. Codes sent before no longer work.");
    Ok(reset_page(&visit, &request, &known, None, notice))
}

pub async fn reset_post(Posted { visit, form }: Posted) -> Answer {
    let request = visit.admitted(Category::UserAccountRecovery).await?;
    let Some(known) = Resetting::from_step(visit.step(&request), form::username(&form)) else {
        return Ok(visit.go(paths::FORGOT));
    };
    let again = |said: &str| reset_page(&visit, &request, &known, Some(said.to_owned()), None);
    let password = match form::new_password(&form, "password", "confirmPassword") {
        Ok(password) => password.to_owned(),
        Err(problem) => return Ok(again(problem)),
    };
    let Some(code) = form::code(&form) else { return Ok(again(codes::mismatch().message())) };
    let wanted = Reset { username: known.username.clone(), code: code.to_owned(), password };
    let entry = visit.ctx.entry(paths::RESET);
    let outcome = rules::reset(&visit.ctx, &request.pool, &request.client, wanted).await;
    errors::taken(entry, &visit, &request, paths::RESET, outcome.as_ref().err());
    match outcome {
        Ok(()) => visit.go_with(paths::LOGIN, &request, &Step::SignIn { username: known.username, news: News::PasswordChanged }),
        Err(error) => Ok(again(&errors::said(&visit, &error)?)),
    }
}

fn reset_page(visit: &Visit, request: &Request, known: &Resetting, error: Option<String>, notice: Option<&str>) -> Response {
    visit.show(&contexts::Reset {
        shell: look::frame(visit, request),
        action: visit.here(paths::RESET),
        resend_action: visit.here(paths::FORGOT),
        csrf: visit.token.clone(),
        username: look::username(&request.pool, &known.username),
        delivery: known.sent.as_ref().map(Sent::shown),
        rules: look::rules(&request.pool),
        error,
        notice: notice.map(str::to_owned),
        sign_in_url: visit.url(paths::LOGIN),
    })
}
