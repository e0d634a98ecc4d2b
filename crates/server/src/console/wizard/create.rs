//! All that was told, and making it: by the operations, in order. What is refused midway stops there; what was made before it is
//! said, stays, and is not made again when the rest is.

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::error::{Code, Error};
use poolhouse_wire::ErrorCode;
use serde_json::Value as Json;

use super::drafts::{Draft, Making};
use super::parts::{self, Part};
use super::steps::Step;
use super::{ended, forms, progress, try_out, url, way_out};
use crate::console::kit::json::{list, text, texts};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Form, Named, State, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::console::resource_servers::scopes_of;
use crate::pages::fields::Link;

pub async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    match visit.app.drafts.get(&id, visit.ctx.now) {
        Some(draft) => Ok(page(visit, &id, &draft).await),
        None => Ok(ended(visit).await),
    }
}

pub async fn post(Path(id): Path<String>, posted: Posted) -> Answer {
    let visit = posted.visit;
    let (app, now) = (visit.app.clone(), visit.ctx.now);
    let Some(mut making) = app.drafts.make(&id, now) else { return Ok(ended(visit).await) };
    // A page that was never opened has its defaults, but a password has none.
    let untold = Step::of(making.draft.goal).find(|step| match parts::check(&visit.ctx, &making.draft, *step) {
        Err(_) => step_is_wanted(&making.draft, *step),
        Ok(()) => false,
    });
    if let Some(step) = untold {
        return Ok(visit.go(&url(&id, step), "This page is to be filled in before anything can be created."));
    }
    let refused = make(&visit, &mut making).await;
    let draft = making.draft.clone();
    drop(making);
    if refused {
        return Ok(page(visit, &id, &draft).await);
    }
    app.drafts.drop(&id, now);
    let (pool, client) = (draft.made.of(Part::Pool).unwrap_or_default(), draft.made.of(Part::Client).unwrap_or_default());
    let next = match draft.made.of(Part::User) {
        Some(user) if draft.made.of(Part::Password).is_none() => try_out::confirm_url(pool, client, user),
        user => try_out::test_url(pool, client, user),
    };
    Ok(visit.go(&next, &format!("User pool {} was created, with all that belongs to it.", text(&draft.pool, "PoolName"))))
}

fn step_is_wanted(draft: &Draft, step: Step) -> bool {
    Part::ALL.into_iter().any(|part| {
        let here = part.step() == step || (part == Part::Client && step == Step::SignIn);
        here && part.wanted(draft) && draft.made.of(part).is_none()
    })
}

/// Makes what is not there yet; whether something was refused.
async fn make(visit: &Visit, making: &mut Making<'_>) -> bool {
    making.draft.refused = None;
    for part in Part::ALL {
        let draft = &making.draft;
        if !part.wanted(draft) || draft.made.of(part).is_some() {
            continue;
        }
        let pool = draft.made.of(Part::Pool).unwrap_or_default().to_owned();
        let input = part.input(draft, &pool, &draft.user.password);
        // Aside: the input may hold a password.
        match visit.call_aside(part.operation(), input.clone()).await {
            Ok(answer) => {
                making.draft.made.note(part, &parts::id_of(part, &input, &answer));
                making.keep();
            }
            Err(error) => {
                making.draft.refused = Some((part, why(visit, &error)));
                making.keep();
                return true;
            }
        }
    }
    false
}

/// A fault of ours is no reason to forget what was made before it: it is said here too, with its event.
fn why(visit: &Visit, error: &Error) -> String {
    match error.code() {
        Code::Aws(ErrorCode::InternalErrorException) => {
            let cause = error.detail().map(|detail| detail.cause.as_str());
            tracing::error!(request_id = %visit.ctx.request_id, ?cause, "a set-up was made in part");
            format!("the server failed (event {})", visit.ctx.request_id)
        }
        _ => error.message().to_owned(),
    }
}

async fn page(mut visit: Visit, id: &str, draft: &Draft) -> Response {
    let mut view = visit.view(None, Step::Create.title(draft.goal), vec![Link::new("Quick create", paths::QUICK_CREATE)]).await;
    view.lead = Some("Everything that will be made. Nothing is fixed before you create it.".to_owned());
    view.blocks.push(progress(draft, id, Step::Create));
    let status = match &draft.refused {
        Some((part, why)) => {
            view.lead =
                Some("Something was refused on the way. What was made before it stays, and is not made again.".to_owned());
            view.blocks.push(refusal(id, draft, *part, why));
            StatusCode::BAD_REQUEST
        }
        None => StatusCode::OK,
    };
    for step in Step::of(draft.goal) {
        view.blocks.extend(told(id, draft, step));
    }
    let submit = if draft.made.is_empty() { "Create all of it" } else { "Create the rest" };
    view.blocks.push(Block::Form(Form::new("create", &url(id, Step::Create), submit, Vec::new())));
    view.blocks.push(way_out(id));
    let pool = draft.made.of(Part::Pool).map_or_else(|| parts::example_pool(&visit.ctx), str::to_owned);
    for part in Part::ALL.into_iter().filter(|part| part.wanted(draft) && draft.made.of(*part).is_none()) {
        visit.would_call(part.operation(), &part.input(draft, &pool, forms::EXAMPLE_PASSWORD));
    }
    visit.show_as(status, view)
}

fn refusal(id: &str, draft: &Draft, part: Part, why: &str) -> Block {
    let made: Vec<String> = Part::ALL
        .into_iter()
        .filter_map(|part| draft.made.of(part).map(|id| format!("{} {id}", super::steps::lower(part.label()))))
        .collect();
    let made = if made.is_empty() { "Nothing was made.".to_owned() } else { format!("Made before it: {}.", made.join(", ")) };
    Block::Notice {
        state: State::Bad,
        text: format!("{} was refused: {}. {made}", part.label(), why.trim_end_matches('.')),
        link: Some(Link::new(&format!("Change {}", super::steps::lower(part.step().title(draft.goal))), &url(id, part.step()))),
    }
}

/// One step as it was told.
fn told(id: &str, draft: &Draft, step: Step) -> Option<Block> {
    let title = step.title(draft.goal);
    let mut facts = match step {
        _ if draft.skipped.contains(&step) => vec![Named::new(title, Value::none("skipped"))],
        Step::Pool => pool(draft),
        Step::Domain => vec![Named::text("Prefix", text(&draft.domain, "Domain"))],
        Step::Server => vec![
            Named::text("Name", text(&draft.server, "Name")),
            Named::text("Identifier", text(&draft.server, "Identifier")),
            Named::new("Scopes", Value::list(scopes_of(&draft.server), "none")),
        ],
        Step::Client => client(draft),
        Step::SignIn => sign_in(draft),
        Step::User => user(draft),
        _ => return None,
    };
    let part = Part::ALL.into_iter().find(|part| part.step() == step || (*part == Part::Client && step == Step::SignIn));
    let made = part.and_then(|part| draft.made.of(part));
    let links = match made {
        Some(made) => {
            facts.insert(0, Named::new("Made", Value::copy(made)));
            Vec::new()
        }
        None => vec![Link::new(&format!("Change {}", super::steps::lower(title)), &url(id, step))],
    };
    Some(Block::Facts(Facts { id: step.path().to_owned(), title: title.to_owned(), hint: None, facts, links }))
}

fn pool(draft: &Draft) -> Vec<Named> {
    let pool = &draft.pool;
    let required = list(pool, "Schema").iter().map(|one| text(one, "Name").to_owned()).collect();
    let only_admins = pool.pointer("/AdminCreateUserConfig/AllowAdminCreateUserOnly").and_then(Json::as_bool).unwrap_or(false);
    vec![
        Named::text("Name", text(pool, "PoolName")),
        Named::new("Users sign in with", Value::list(texts(pool, "UsernameAttributes"), "a username of their own"))
            .noting("Fixed on AWS."),
        Named::new("Required attributes", Value::list(required, "none")).noting("Fixed on AWS."),
        Named::text("Self sign-up", if only_admins { "off: administrators make users" } else { "on" }),
    ]
}

fn client(draft: &Draft) -> Vec<Named> {
    let client = &draft.client;
    let secret = client.get("GenerateSecret").and_then(Json::as_bool).unwrap_or(false);
    vec![
        Named::text("Name", text(client, "ClientName")),
        Named::text("Client secret", if secret { "one is generated" } else { "none: a public client" }).noting("Fixed on AWS."),
    ]
}

fn sign_in(draft: &Draft) -> Vec<Named> {
    let client = Part::Client.input(draft, "", "");
    let mut facts = Vec::new();
    if draft.goal.has_users() {
        facts.push(Named::new("Callback URLs", Value::list(texts(&client, "CallbackURLs"), "none")));
        facts.push(Named::new("Sign-out URLs", Value::list(texts(&client, "LogoutURLs"), "none")));
    }
    facts.push(Named::new("Grant types", Value::list(texts(&client, "AllowedOAuthFlows"), "none")));
    facts.push(Named::new("Scopes", Value::list(texts(&client, "AllowedOAuthScopes"), "none")));
    facts
}

fn user(draft: &Draft) -> Vec<Named> {
    let user = &draft.user;
    let password = match (user.password.is_empty(), user.permanent) {
        (true, _) => Value::state(State::Warn, "to be typed"),
        (false, true) => Value::text("permanent, as typed"),
        (false, false) => Value::text("temporary, as typed"),
    };
    vec![
        Named::text("Signs in as", &user.name),
        Named::new("Password", password),
        Named::text("Address", if user.verified { "marked as verified" } else { "not verified" }),
        Named::text("Invitation", if user.invite { "sent" } else { "not sent" }),
    ]
}
