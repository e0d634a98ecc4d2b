//! What operators see and change of themselves, whatever their role: who they are here, where they are signed in, the password, and the
//! key of their codes. Mounted where operators sign in.

mod key;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use poolhouse_engine::error::{Code, Error};
use poolhouse_engine::oauth::runs;
use poolhouse_engine::operators::{self, NewPassword, Operator, PASSWORD_MIN, Proof, Seen, Session};
use poolhouse_wire::ErrorCode;

use super::door::{field, seated_anew};
use super::gate::{self, Seat};
use super::kit::destroy::counted;
use super::kit::paths;
use super::kit::view::{Block, Facts, Field, Form, Input, Named, State, Table, Value};
use super::kit::visit::{Answer, Posted, Stop, Visit};
use crate::cookies;
use crate::pages::fields::Moment;
use crate::state::AppState;

const SESSIONS: &str = "/console/account/sessions";
const PASSWORD: &str = "/console/account/password";
const KEY: &str = "/console/account/key";
const NEW_KEY: &str = "/console/account/key/renew";

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(paths::ACCOUNT, get(show))
        .route(SESSIONS, post(end_others))
        .route(PASSWORD, post(change_password))
        .route(KEY, post(key::show))
        .route(NEW_KEY, post(key::renew))
}

/// Who asks; the gate lets nobody else here.
fn me(visit: &Visit) -> Result<Operator, Stop> {
    match visit.seat() {
        Seat::Operator(me) => Ok(me.clone()),
        Seat::Open | Seat::Door => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response().into()),
    }
}

/// The id of the browser's own session, which the gate has looked up.
fn session_id<'a>(visit: &Visit, headers: &'a HeaderMap) -> &'a str {
    cookies::get(headers, cookies::operator(visit.https)).unwrap_or_default()
}

async fn show(headers: HeaderMap, visit: Visit) -> Answer {
    page(visit, &headers, None).await
}

/// The page; `refused` is why the password was not changed.
async fn page(visit: Visit, headers: &HeaderMap, refused: Option<(StatusCode, String)>) -> Answer {
    let me = me(&visit)?;
    let times = gate::times(&visit.app);
    let seen = match operators::seen(&visit.ctx, &me, session_id(&visit, headers), times).await {
        Ok(seen) => seen,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let now = visit.ctx.now;
    let mut view = visit.view(None, "Your account", Vec::new()).await;
    view.blocks.push(Block::Facts(Facts {
        id: "you".to_owned(),
        title: "You".to_owned(),
        hint: None,
        facts: vec![
            Named::text("Name", &me.name),
            Named::text("Role", me.role.as_str()).noting("An owner can change it."),
            Named::new("Created", Value::Moment { at: Moment::of(me.created_at, now) }),
        ],
        links: Vec::new(),
    }));
    view.blocks.push(table(&seen, now));
    if seen.len() > 1 {
        let form = Form::new("sessions", SESSIONS, "End the other sessions", Vec::new()).titled("End the other sessions");
        view.blocks.push(Block::Form(form.hinting("This browser stays signed in.").beside()));
    }
    let status = refused.as_ref().map_or(StatusCode::OK, |(status, _)| *status);
    view.blocks.push(Block::Form(password_form(refused.map(|(_, said)| said))));
    let form = Form::new("key", KEY, "Show a new key", Vec::new()).titled("Renew the key of your codes").beside();
    view.blocks.push(Block::Form(form.hinting("For another phone or app, or because somebody may have seen the key.")));
    Ok(visit.show_as(status, view))
}

fn table(seen: &[Seen], now: i64) -> Block {
    let row = |one: &Seen| {
        let this = if one.this { Value::state(State::Ok, "this browser") } else { Value::text("another browser") };
        let at = |at: i64| Value::Moment { at: Moment::of(at, now) };
        vec![this, at(one.began_at), at(one.seen_at)]
    };
    Block::Table(Table {
        id: "seen".to_owned(),
        caption: "Where you are signed in".to_owned(),
        columns: ["Browser", "Signed in", "Last used"].map(str::to_owned).to_vec(),
        rows: seen.iter().map(row).collect(),
        next: None,
        first: None,
    })
}

/// The two fields in which somebody proves to be still the one who signed in; `code` is the second one's label.
fn proof_fields(code: &str) -> Vec<Field> {
    vec![
        field(Input::Password, "password", "Your password", "", "current-password"),
        field(Input::Text, "code", code, "", "one-time-code").hinting("Each code is taken once."),
    ]
}

fn password_form(refused: Option<String>) -> Form {
    let mut fields = proof_fields("Code of your authenticator app");
    fields.push(
        field(Input::Password, "new", "New password", "", "new-password")
            .hinting(&format!("At least {PASSWORD_MIN} characters.")),
    );
    let form = Form::new("password", PASSWORD, "Change password", fields).titled("Change your password");
    form.hinting("Ends your sessions in every other browser.").refused(refused)
}

async fn end_others(headers: HeaderMap, posted: Posted) -> Answer {
    let visit = posted.visit;
    let me = me(&visit)?;
    match operators::end_others(&visit.ctx, &me, session_id(&visit, &headers)).await {
        Ok(ended) => {
            let count = counted(usize::try_from(ended).unwrap_or_default(), "other session");
            Ok(visit.go(paths::ACCOUNT, &format!("{count} ended.")))
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

async fn change_password(headers: HeaderMap, posted: Posted) -> Answer {
    let me = me(&posted.visit)?;
    let code = posted.text("code").to_owned();
    let proof = Proof { password: posted.raw("password"), code: &code };
    let typed = NewPassword { proof, password: posted.raw("new") };
    match operators::change_password(&posted.visit.ctx, &me, &typed).await {
        Ok(session) => Ok(renewed(posted.visit, &session, "Your password is changed. Every other session of yours ended.").await),
        Err(error) => {
            let (visit, refused) = refused(posted.visit, &error).await?;
            page(visit, &headers, Some(refused)).await
        }
    }
}

/// What to say above the form, and the answer's status.
async fn refused(visit: Visit, error: &Error) -> Result<(Visit, (StatusCode, String)), Stop> {
    let status = match error.code() {
        Code::Aws(ErrorCode::TooManyRequestsException) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    };
    let (visit, said) = visit.said(error).await?;
    Ok((visit, (status, said)))
}

/// Back to the page, with the session that came in place of all others; tokens of test runs go with the old one.
async fn renewed(visit: Visit, session: &Session, said: &str) -> Response {
    // Nothing opens them any more, and in an hour they are gone: no reason to say that what was done was not.
    if let Some(owner) = &visit.owner
        && let Err(error) = runs::forget(&visit.ctx, owner).await
    {
        tracing::warn!(cause = ?error.detail().map(|detail| detail.cause.as_str()), "test runs of an ended session");
    }
    let https = visit.https;
    seated_anew(visit.go(paths::ACCOUNT, said), session, https)
}
