//! The pages before the gate: signing in, and the page of a one-time link; and signing out. Mounted where operators sign in.

use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode, header};
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::runs;
use poolhouse_engine::operators::{self, Enrolment, Offer, PASSWORD_MIN, Session};

use super::gate::Seat;
use super::kit::view::{Block, Facts, Field, Form, Input, Named, State, Value};
use super::kit::visit::{Answer, Posted, Visit};
use super::kit::{authenticator, paths};
use crate::cookies;
use crate::pages::fields::Moment;
use crate::reached::Reached;
use crate::refusal::see;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    let welcome = format!("{}/{{token}}", paths::WELCOME);
    Router::new()
        .route(paths::SIGN_IN, get(ask).post(sign_in))
        .route(&welcome, get(welcome_page).post(enrol))
        .layer(Extension(Seat::Door))
}

/// Behind the gate.
pub fn inside() -> Router<AppState> {
    Router::new().route(paths::SIGN_OUT, post(sign_out))
}

async fn ask(visit: Visit) -> Answer {
    Ok(sign_in_page(visit, "", None).await)
}

/// One that must be filled in.
pub(super) fn field(input: Input, name: &str, label: &str, value: &str, autocomplete: &'static str) -> Field {
    Field { autocomplete, ..Field::new(input, name, label, value).must() }
}

async fn sign_in_page(visit: Visit, name: &str, error: Option<(StatusCode, String)>) -> Response {
    let mut view = visit.view(None, "Sign in to the console", Vec::new()).await;
    let because = match visit.param("because") {
        "idle" => Some("You were signed out because nothing happened for a while."),
        "over" => Some("You were signed out because a session lasts only so long."),
        _ => None,
    };
    if let Some(text) = because.filter(|_| error.is_none()) {
        view.blocks.push(Block::Notice { state: State::Info, text: text.to_owned(), link: None });
    }
    let fields = vec![
        field(Input::Text, "name", "Operator name", name, "username"),
        field(Input::Password, "password", "Password", "", "current-password"),
        field(Input::Text, "code", "Code of your authenticator app", "", "one-time-code"),
    ];
    let status = error.as_ref().map_or(StatusCode::OK, |(status, _)| *status);
    let form = Form::new("sign-in", paths::SIGN_IN, "Sign in", fields).refused(error.map(|(_, said)| said));
    view.blocks.push(Block::Form(form));
    view.blocks.push(Block::Prose {
        title: Some("Lost access?".to_owned()),
        text: "Whoever runs the server makes a new way in with: poolhouse operator link --config FILE".to_owned(),
    });
    visit.show_as(status, view)
}

async fn sign_in(Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let (name, code) = (posted.text("name").to_owned(), posted.text("code").to_owned());
    let tried = operators::sign_in(&posted.visit.ctx, &name, posted.raw("password"), &code).await;
    match tried {
        Ok(Some((_, session))) => Ok(inside_with(&session, &reached)),
        // One sentence for every reason: it must not tell who exists, or which part was right.
        Ok(None) => {
            let said = "Name, password and code do not fit together, the code was used already, or there were too many tries. \
                        After five wrong ones wait a minute.";
            Ok(sign_in_page(posted.visit, &name, Some((StatusCode::BAD_REQUEST, said.to_owned()))).await)
        }
        Err(error) => {
            let (visit, said) = posted.visit.said(&error).await?;
            Ok(sign_in_page(visit, &name, Some((StatusCode::TOO_MANY_REQUESTS, said))).await)
        }
    }
}

/// Into the console, with a new session: one that the browser had before is never promoted (session fixation).
fn inside_with(session: &Session, reached: &Reached) -> Response {
    seated_anew(see(paths::HOME), session, reached.https)
}

async fn sign_out(Extension(reached): Extension<Reached>, headers: HeaderMap, posted: Posted) -> Answer {
    let name = cookies::operator(reached.https);
    if let Some(id) = cookies::get(&headers, name)
        && let Err(error) = leave(&posted.visit, id).await
    {
        return Err(posted.visit.failed(&error).await.into());
    }
    let mut response = see(paths::SIGN_IN);
    response.headers_mut().append(header::SET_COOKIE, cookies::clear(name, reached.https));
    Ok(response)
}

/// The browser has this session from now on.
pub(super) fn seated_anew(mut response: Response, session: &Session, https: bool) -> Response {
    let cookie = cookies::set_strict(cookies::operator(https), &session.id, https);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// Ends the session, and what only it could open: tokens in test runs.
async fn leave(visit: &Visit, id: &str) -> Result<(), Error> {
    if let Some(owner) = &visit.owner {
        runs::forget(&visit.ctx, owner).await?;
    }
    operators::leave(&visit.ctx, id).await
}

async fn welcome_page(visit: Visit, Path(token): Path<String>) -> Answer {
    welcome(visit, &token, "", None).await
}

async fn welcome(visit: Visit, token: &str, name: &str, refused: Option<String>) -> Answer {
    let offered = match operators::offer(&visit.ctx, token).await {
        Ok(offered) => offered,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    match offered {
        Some(offer) => Ok(form(visit, token, name, &offer, refused).await),
        None => Ok(spent(visit).await),
    }
}

async fn form(visit: Visit, token: &str, name: &str, offer: &Offer, refused: Option<String>) -> Response {
    let mut view = visit.view(None, "Become an operator", Vec::new()).await;
    view.lead = Some(format!("This link makes one operator with the role {}.", offer.role.as_str()));
    let mut facts = authenticator::facts(&offer.key, None);
    facts.push(Named::new("The link is good until", Value::Moment { at: Moment::of(offer.expires_at, visit.ctx.now) }));
    view.blocks.push(Block::Facts(Facts {
        id: "app".to_owned(),
        title: "Add this key to an authenticator app".to_owned(),
        hint: Some("The app then shows a code of six digits that changes every 30 seconds.".to_owned()),
        facts,
        links: Vec::new(),
    }));
    let fields = vec![
        field(Input::Text, "name", "Operator name", name, "username").hinting("Stands in the events beside what you do."),
        field(Input::Password, "password", "Password", "", "new-password")
            .hinting(&format!("At least {PASSWORD_MIN} characters.")),
        field(Input::Text, "code", "Code that the app shows now", "", "one-time-code"),
    ];
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let url = format!("{}/{}", paths::WELCOME, paths::segment(token));
    view.blocks.push(Block::Form(Form::new("enrol", &url, "Become an operator", fields).refused(refused)));
    visit.show_as(status, view)
}

async fn spent(visit: Visit) -> Response {
    let mut view = visit.view(None, "This link is not good any more", Vec::new()).await;
    let text = "It was used, is older than an hour, or was replaced by a newer one. \
                Make another with: poolhouse operator link --config FILE";
    view.blocks.push(Block::Notice { state: State::Bad, text: text.to_owned(), link: None });
    visit.show_as(StatusCode::NOT_FOUND, view)
}

async fn enrol(Path(token): Path<String>, Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let (name, code) = (posted.text("name").to_owned(), posted.text("code").to_owned());
    let typed = Enrolment { name: &name, password: posted.raw("password"), code: &code };
    let enrolled = operators::enrol(&posted.visit.ctx, &token, &typed).await;
    match enrolled {
        Ok(Some((_, session))) => Ok(inside_with(&session, &reached)),
        Ok(None) => Ok(spent(posted.visit).await),
        Err(error) => {
            let (visit, said) = posted.visit.said(&error).await?;
            welcome(visit, &token, &name, Some(said)).await
        }
    }
}
