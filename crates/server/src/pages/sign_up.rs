//! `/signup`, `/confirm`, `/resendcode` and the link in the mail, `/confirmUser`.

use std::collections::BTreeMap;

use axum::response::Response;
use http::Method;
use poolhouse_engine::account::sign_up::{self as rules, Confirmation, SignUp, SignedUp};
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::authorize::{self, Request};
use poolhouse_engine::oauth::params::Params;
use poolhouse_engine::pools::Pool;
use poolhouse_engine::rates::quotas::Category;

use super::fields::Link;
use super::step::{News, Sent, Step, Why};
use super::visit::{Answer, Posted, Stop, Visit};
use super::{contexts, errors, form, look, paths, sign_in};
use crate::shell;

/// What was typed into the sign-up form.
#[derive(Default)]
struct Typed<'a> {
    username: &'a str,
    attributes: BTreeMap<String, String>,
}

pub async fn get(visit: Visit) -> Answer {
    let request = visit.request().await?;
    open_to_all(&visit, &request.pool)?;
    Ok(page(&visit, &request, &Typed::default(), None))
}

pub async fn post(Posted { visit, form }: Posted) -> Answer {
    let request = visit.admitted(Category::UserCreation).await?;
    open_to_all(&visit, &request.pool)?;
    let names = look::sign_up_attributes(&request.pool);
    let typed = Typed { username: form::username(&form), attributes: form::attributes(&form, &names) };
    let password = form::text(&form, "password");
    if form::username_problem(typed.username).is_some() || typed.attributes.values().any(|v| form::attribute_problem(v).is_some())
    {
        return Ok(page(&visit, &request, &typed, Some("Some fields need another look.".to_owned())));
    }
    if let Some(problem) = form::password_problem(password) {
        return Ok(page(&visit, &request, &typed, Some(problem.to_owned())));
    }
    let wanted =
        SignUp { username: typed.username.to_owned(), password: Some(password.to_owned()), attributes: typed.attributes.clone() };
    let entry = visit.ctx.entry(paths::SIGN_UP);
    let outcome = rules::sign_up(&visit.ctx, &request.pool, &request.client, wanted).await;
    errors::taken(entry, &visit, &request, paths::SIGN_UP, outcome.as_ref().err());
    match outcome {
        Ok(SignedUp { confirmed: true, .. }) => sign_in::answer(&visit, &request, typed.username, password).await,
        Ok(signed_up) => {
            let sent = signed_up.delivery.as_ref().and_then(Sent::from_details);
            let username = typed.username.to_owned();
            visit.go_with(paths::CONFIRM, &request, &Step::Confirm { username, sent, why: Why::SignedUp })
        }
        Err(error) => {
            let said = errors::said(&visit, &error)?;
            Ok(page(&visit, &request, &typed, Some(said)))
        }
    }
}

/// Where only administrators make users there is no such page (checklist 94).
fn open_to_all(visit: &Visit, pool: &Pool) -> Result<(), Stop> {
    if !pool.admin_create_only() {
        return Ok(());
    }
    Err(visit.fail(
        &Error::not_authorized("SignUp is not permitted for this user pool")
            .because("AdminCreateUserConfig.AllowAdminCreateUserOnly is true"),
    ))
}

fn page(visit: &Visit, request: &Request, typed: &Typed<'_>, error: Option<String>) -> Response {
    let pool = &request.pool;
    let mut username = look::new_username(pool, typed.username);
    // A page nobody has typed into yet says nothing about empty fields.
    username.error = error.as_ref().and_then(|_| form::username_problem(typed.username)).map(str::to_owned);
    visit.show(&contexts::SignUp {
        shell: look::frame(visit, request),
        action: visit.url(paths::SIGN_UP),
        csrf: visit.token.clone(),
        username,
        attributes: look::fields(&look::sign_up_attributes(pool), &typed.attributes),
        rules: look::rules(pool),
        error,
        sign_in_url: visit.url(paths::LOGIN),
    })
}

/// What the confirmation page knows and says.
#[derive(Default)]
struct Confirming {
    username: String,
    known: bool,
    sent: Option<Sent>,
    error: Option<String>,
    notice: Option<&'static str>,
}

impl Confirming {
    /// From the page before; `typed` where there was none.
    fn from_step(step: Option<Step>, typed: &str) -> Self {
        let Some(Step::Confirm { username, sent, why }) = step else {
            return Self { username: typed.to_owned(), ..Self::default() };
        };
        let notice = match why {
            Why::SignedUp => None,
            Why::NotConfirmed => {
                Some("Your account is not confirmed yet. Enter the code that was sent to you, or ask for a new one.")
            }
            Why::SentAgain => Some("A new code is on its way. Codes sent before no longer work."),
        };
        Self { username, known: true, sent, error: None, notice }
    }
}

pub async fn confirm_get(visit: Visit) -> Answer {
    let request = visit.request().await?;
    let known = Confirming::from_step(visit.step(&request), "");
    Ok(confirm_page(&visit, &request, known))
}

/// Takes the code. Whoever has the code may confirm whatever user name they type, as on Cognito: it is the code that
/// proves something.
pub async fn confirm_post(Posted { visit, form }: Posted) -> Answer {
    let request = visit.admitted(Category::UserCreation).await?;
    let known = Confirming { notice: None, ..Confirming::from_step(visit.step(&request), form::username(&form)) };
    let (username, code) = (known.username.clone(), form::code(&form));
    let entry = visit.ctx.entry(paths::CONFIRM);
    let outcome = match (form::username_problem(&username), code) {
        (None, Some(code)) => {
            let confirmation = Confirmation { username: username.clone(), code: code.to_owned(), force_alias: false };
            rules::confirm(&visit.ctx, &request.pool, &request.client, confirmation).await
        }
        (Some(problem), _) => Err(Error::invalid_parameter(problem)),
        (None, None) => Err(poolhouse_engine::users::codes::mismatch()),
    };
    errors::taken(entry, &visit, &request, paths::CONFIRM, outcome.as_ref().err());
    match outcome {
        // Not signed in by the code alone: a password has been proven in this browser at most in another tab.
        Ok(()) => visit.go_with(paths::LOGIN, &request, &Step::SignIn { username, news: News::Confirmed }),
        Err(error) => {
            let error = Some(errors::said(&visit, &error)?);
            Ok(confirm_page(&visit, &request, Confirming { error, ..known }))
        }
    }
}

/// `/resendcode`: the confirmation page's second button.
pub async fn resend(Posted { visit, form }: Posted) -> Answer {
    let request = visit.admitted(Category::UserResourceRead).await?;
    let known = Confirming { notice: None, ..Confirming::from_step(visit.step(&request), form::username(&form)) };
    let username = known.username.clone();
    let entry = visit.ctx.entry(paths::RESEND);
    let outcome = match form::username_problem(&username) {
        None => rules::resend(&visit.ctx, &request.pool, &request.client, &username).await,
        Some(problem) => Err(Error::invalid_parameter(problem)),
    };
    errors::taken(entry, &visit, &request, paths::RESEND, outcome.as_ref().err());
    match outcome {
        Ok(details) => {
            let sent = Sent::from_details(&details);
            visit.go_with(paths::CONFIRM, &request, &Step::Confirm { username, sent, why: Why::SentAgain })
        }
        Err(error) => {
            let error = Some(errors::said(&visit, &error)?);
            Ok(confirm_page(&visit, &request, Confirming { error, ..known }))
        }
    }
}

/// Nobody is sent to `/resendcode` by a link; whoever types it is looking for the confirmation page.
pub async fn resend_get(visit: Visit) -> Answer {
    Ok(visit.go(paths::CONFIRM))
}

fn confirm_page(visit: &Visit, request: &Request, known: Confirming) -> Response {
    visit.show(&contexts::Confirm {
        shell: look::frame(visit, request),
        action: visit.here(paths::CONFIRM),
        resend_action: visit.here(paths::RESEND),
        csrf: visit.token.clone(),
        username: look::username(&request.pool, &known.username),
        username_known: known.known,
        delivery: known.sent.as_ref().map(Sent::shown),
        error: known.error,
        notice: known.notice.map(str::to_owned),
        sign_in_url: visit.url(paths::LOGIN),
    })
}

/// The link in a mail: `client_id`, `user_name` and `confirmation_code`, no authorization request. Opening it confirms, as
/// on Cognito. HEAD confirms nothing: mail scanners send it.
pub async fn link(method: Method, visit: Visit) -> Answer {
    let required = |name| visit.params.required(name).map_err(|e| visit.fail(&e));
    let (client_id, username, code) = (required("client_id")?, required("user_name")?, required("confirmation_code")?);
    let (pool, client) = visit.reached.site.client(&visit.ctx, client_id).await.map_err(|e| visit.fail(&e))?;
    visit.ctx.admit(Category::UserCreation, &pool.id).map_err(|e| visit.fail(&e))?;
    let said = match method == Method::HEAD {
        true => Ok(()),
        false => {
            let entry = visit.ctx.entry(paths::LINK);
            let outcome = rules::confirm_by_link(&visit.ctx, &pool, &client, username, code).await;
            entry.end(outcome.as_ref().err());
            outcome
        }
    };
    let frame = shell::of_pool(&visit.app, Some(&pool), Some(&client));
    if let Err(error) = said {
        let message = errors::said(&visit, &error)?;
        let page = contexts::ErrorPage {
            shell: frame,
            title: "This link does not work".to_owned(),
            message,
            next_step: Some("It may have been used already. Try to sign in; if your account is not confirmed, you can ask for a new message there.".to_owned()),
            code: None,
            event_id: Some(visit.ctx.request_id.clone()),
            back: sign_in_link(&visit, client_id).await,
            detail: None,
        };
        return Ok(visit.show_as(http::StatusCode::BAD_REQUEST, &page));
    }
    let link = sign_in_link(&visit, client_id).await;
    Ok(visit.show(&contexts::Done {
        shell: frame,
        title: "Account confirmed".to_owned(),
        message: "Your account is confirmed. You can sign in now.".to_owned(),
        link,
    }))
}

/// A way to sign in for whoever came without an authorization request: only a client with one callback address, or a
/// default one, has it.
async fn sign_in_link(visit: &Visit, client_id: &str) -> Option<Link> {
    let params = Params::default().with("client_id", client_id).with("response_type", "code");
    authorize::check(&visit.ctx, &visit.reached.site, &params).await.ok()?;
    Some(Link::new("Sign in", &format!("{}?{}", visit.bare_url(paths::LOGIN), params.query_without(&[]))))
}
