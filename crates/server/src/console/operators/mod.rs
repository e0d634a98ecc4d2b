//! Who may use the console of `serve`: the operators, the one-time links that make more of them, and what an owner does about either. The
//! gate lets owners alone in ([`super::gate`]), and the engine asks again at the moment of each change. Mounted where operators sign in.

mod one;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use poolhouse_engine::error::Error;
use poolhouse_engine::operators::{self, Listed, OpenLink, Role};

use super::gate;
use super::kit::paths;
use super::kit::view::{Block, Choice, Facts, Field, Form, Input, Named, State, Table, Value};
use super::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::{Link, Moment};
use crate::state::AppState;

const ROLE: &str = "role";
const COMMANDS: &str = "poolhouse operator link --config FILE --role ROLE
poolhouse operator list --config FILE
poolhouse operator remove --config FILE NAME";

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(paths::OPERATORS, get(list).post(invite))
        .route("/console/operators/links/{handle}", get(ask_to_void).post(void))
        .route("/console/operators/{id}", get(one::get))
        .route("/console/operators/{id}/role", post(one::set_role))
        .route("/console/operators/{id}/sessions", post(one::end_sessions))
        .route("/console/operators/{id}/remove", get(one::ask).post(one::remove))
}

async fn list(visit: Visit) -> Answer {
    page(visit, None, None).await
}

/// Everything that the page lists.
struct Known {
    all: Vec<(Listed, i64)>,
    links: Vec<OpenLink>,
}

async fn known(visit: &Visit) -> Result<Known, Error> {
    let counts = operators::counts(&visit.ctx, gate::times(&visit.app)).await?;
    let all = operators::list(&visit.ctx).await?;
    let all = all.into_iter().map(|one| (counts.get(&one.id).copied().unwrap_or_default(), one)).map(|(open, one)| (one, open));
    Ok(Known { all: all.collect(), links: operators::open_links(&visit.ctx).await? })
}

/// The page; `shown` is a link that was just made, `refused` why none was.
async fn page(visit: Visit, shown: Option<Block>, refused: Option<String>) -> Answer {
    let known = match known(&visit).await {
        Ok(known) => known,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let now = visit.ctx.now;
    let mut view = visit.view(None, "Operators", Vec::new()).await;
    view.lead = Some("Who may use this console. Every change here is in the events.".to_owned());
    view.blocks.extend(shown);
    if known.all.iter().any(|(one, _)| one.role.is_none()) {
        let text =
            "An operator\u{2019}s role is no word that this server knows: the operator gets no page until the role is set again.";
        view.blocks.push(Block::Notice { state: State::Warn, text: text.to_owned(), link: None });
    }
    view.blocks.push(table(&known.all, now));
    view.blocks.push(links(&known.links, now));
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let fields = vec![Field::one_of(Input::Radio, ROLE, "Role", roles(Some(Role::ReadOnly))).must()];
    let form = Form::new("invite", paths::OPERATORS, "Make one-time link", fields).titled("Invite an operator");
    let about =
        "The link is shown once, by the answer to this. Whoever opens it within an hour becomes an operator with this role.";
    view.blocks.push(Block::Form(form.hinting(about).refused(refused)));
    view.blocks.push(Block::Code {
        title: "On the command line".to_owned(),
        hint: Some("On the machine of the server, also where all access is lost.".to_owned()),
        text: COMMANDS.to_owned(),
    });
    Ok(visit.show_as(status, view))
}

/// The roles to choose from, the one that may least first.
fn roles(chosen: Option<Role>) -> Vec<Choice> {
    let choice = |role: &Role| Choice::new(role.as_str(), role.as_str(), chosen == Some(*role)).hinting(may(*role));
    Role::ALL.iter().rev().map(choice).collect()
}

fn may(role: Role) -> &'static str {
    match role {
        Role::Owner => "Everything, operators too.",
        Role::Admin => "Changes everything but operators, sees client secrets, tests flows.",
        Role::ReadOnly => "Looks; changes nothing and sees no secret.",
    }
}

fn moment(at: i64, now: i64) -> Value {
    Value::Moment { at: Moment::of(at, now) }
}

fn role_of(one: &Listed) -> Value {
    match one.role {
        Some(role) => Value::text(role.as_str()),
        None => Value::state(State::Bad, &format!("{} is no role", one.role_word)),
    }
}

fn standing(one: &Listed, now: i64) -> Value {
    let locked = one.locked_until > now;
    if locked { Value::state(State::Warn, "locked after wrong tries") } else { Value::state(State::Ok, "may sign in") }
}

fn table(all: &[(Listed, i64)], now: i64) -> Block {
    let row = |(one, open): &(Listed, i64)| {
        vec![
            Value::link(&one.name, &paths::operator(&one.id, "")),
            role_of(one),
            moment(one.created_at, now),
            one.last_used_at.map_or_else(|| Value::none("never"), |at| moment(at, now)),
            standing(one, now),
            Value::text(&open.to_string()),
        ]
    };
    Block::Table(Table {
        id: "operators".to_owned(),
        caption: "Operators".to_owned(),
        columns: ["Name", "Role", "Created", "Last used", "Sign-in", "Open sessions"].map(str::to_owned).to_vec(),
        rows: all.iter().map(row).collect(),
        next: None,
        first: None,
    })
}

fn links(all: &[OpenLink], now: i64) -> Block {
    if all.is_empty() {
        return Block::Prose { title: Some("Open one-time links".to_owned()), text: "There is none.".to_owned() };
    }
    let row = |link: &OpenLink| {
        vec![
            link.role.map_or_else(|| Value::state(State::Bad, "no role"), |role| Value::text(role.as_str())),
            moment(link.created_at, now),
            moment(link.expires_at, now),
            Value::link("Void", &void_url(&link.handle)),
        ]
    };
    Block::Table(Table {
        id: "links".to_owned(),
        caption: "Open one-time links".to_owned(),
        columns: ["Role", "Made", "Expires", "Void"].map(str::to_owned).to_vec(),
        rows: all.iter().map(row).collect(),
        next: None,
        first: None,
    })
}

fn void_url(handle: &str) -> String {
    format!("{}/links/{}", paths::OPERATORS, paths::segment(handle))
}

/// The role of a form, or the sentence to say.
fn chosen(posted: &Posted) -> Result<Role, String> {
    Role::parse(posted.text(ROLE)).ok_or_else(|| "Choose one of the roles.".to_owned())
}

/// Answers with the page itself: a redirect would have to carry the link, and an address stays in histories and logs.
async fn invite(posted: Posted) -> Answer {
    let role = match chosen(&posted) {
        Ok(role) => role,
        Err(said) => return page(posted.visit, None, Some(said)).await,
    };
    let visit = posted.visit;
    match operators::link(&visit.ctx, role).await {
        Ok(link) => {
            let url = format!("{}{}/{}", visit.origin, paths::WELCOME, link.token);
            let shown = Block::Facts(Facts {
                id: "link".to_owned(),
                title: "The one-time link".to_owned(),
                hint: Some(
                    "Give it to one person, by a way that nobody else reads. It is on this page only until you leave it."
                        .to_owned(),
                ),
                facts: vec![
                    Named::copy("Link", &url),
                    Named::text("Makes an operator with the role", role.as_str()),
                    Named::new("Good once, until", moment(link.expires_at, visit.ctx.now)),
                ],
                links: Vec::new(),
            });
            page(visit, Some(shown), None).await
        }
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            page(visit, None, Some(said)).await
        }
    }
}

async fn ask_to_void(visit: Visit, Path(handle): Path<String>) -> Answer {
    let links = match operators::open_links(&visit.ctx).await {
        Ok(links) => links,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let Some(link) = links.into_iter().find(|link| link.handle == handle) else {
        return Err(visit.failed(&Error::not_found("This link is not open any more.")).await.into());
    };
    Ok(asking(visit, &link).await)
}

async fn asking(visit: Visit, link: &OpenLink) -> Response {
    let now = visit.ctx.now;
    let mut view = visit.view(None, "Void one-time link", vec![above()]).await;
    let role = link.role.map_or("no role", Role::as_str);
    let made = moment(link.created_at, now);
    view.blocks.push(Block::Facts(Facts {
        id: "lost".to_owned(),
        title: "What is lost".to_owned(),
        hint: Some("Whoever has the link cannot become an operator by it any more.".to_owned()),
        facts: vec![
            Named::text("Role", role),
            if link.first { Named::new("Made by the start of the server", made) } else { Named::new("Made", made) },
            Named::new("Expires", moment(link.expires_at, now)),
        ],
        links: Vec::new(),
    }));
    let form = Form::new("void", &void_url(&link.handle), "Void one-time link", Vec::new());
    view.blocks.push(Block::Form(form.destroying().or_cancel(paths::OPERATORS)));
    visit.show(view)
}

async fn void(Path(handle): Path<String>, posted: Posted) -> Answer {
    let visit = posted.visit;
    match operators::void_link(&visit.ctx, &handle).await {
        Ok(true) => Ok(visit.go(paths::OPERATORS, "The one-time link is void.")),
        // Said with care: it may have been used a moment ago, and then somebody has become an operator.
        Ok(false) => {
            let error =
                Error::not_found("This link is not open any more: it was used, has expired or was voided. See who is listed.");
            Err(visit.failed(&error).await.into())
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

fn above() -> Link {
    Link::new("Operators", paths::OPERATORS)
}
