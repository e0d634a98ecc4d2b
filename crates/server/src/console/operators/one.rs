//! One operator: the role, the sessions, and removal.

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::error::Error;
use poolhouse_engine::operators::{self, Listed, Need, Role};

use super::{ROLE, above, chosen, may, moment, role_of, roles, standing};
use crate::console::gate::{self, Seat};
use crate::console::kit::destroy::counted;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Field, Form, Input, Named, Value};
use crate::console::kit::visit::{Answer, Posted, Stop, Visit};
use crate::pages::fields::Link;
use crate::refusal::see;

/// The field in which the name is typed.
const TYPED: &str = "confirm";

/// The operator of this id.
///
/// # Errors
/// The page that there is none.
async fn load(visit: Visit, id: &str) -> Result<(Visit, Listed), Stop> {
    match operators::get(&visit.ctx, id).await {
        Ok(Some(one)) => Ok((visit, one)),
        Ok(None) => Err(visit.failed(&Error::not_found("There is no such operator any more.")).await.into()),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

fn is_me(visit: &Visit, one: &Listed) -> bool {
    matches!(visit.seat(), Seat::Operator(me) if me.id == one.id)
}

pub async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, one) = load(visit, &id).await?;
    page(visit, &one, None).await
}

async fn page(visit: Visit, one: &Listed, refused: Option<String>) -> Answer {
    let open = match operators::counts(&visit.ctx, gate::times(&visit.app)).await {
        Ok(counts) => counts.get(&one.id).copied().unwrap_or_default(),
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let now = visit.ctx.now;
    let mut view = visit.view(None, &one.name, vec![above()]).await;
    let role = Named::new("Role", role_of(one)).noting(one.role.map_or("Lets nobody in.", may));
    let name = Named::text("Name", &one.name);
    view.blocks.push(Block::Facts(Facts {
        id: "operator".to_owned(),
        title: "Operator".to_owned(),
        hint: None,
        facts: vec![
            if is_me(&visit, one) { name.noting("This is you.") } else { name },
            role,
            Named::new("Created", moment(one.created_at, now)),
            Named::new("Last used", one.last_used_at.map_or_else(|| Value::none("never"), |at| moment(at, now))),
            Named::new("Sign-in", standing(one, now)),
            Named::text("Open sessions", &open.to_string()),
        ],
        links: vec![Link::new("Remove operator", &paths::operator(&one.id, "/remove"))],
    }));
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let fields = vec![Field::one_of(Input::Radio, ROLE, "Role", roles(one.role)).must()];
    let form = Form::new("role", &paths::operator(&one.id, "/role"), "Change role", fields).titled("Change the role");
    let about =
        "It counts from the next request on. Who is no owner any more takes every open one-time link along, whoever made it.";
    view.blocks.push(Block::Form(form.hinting(about).refused(refused)));
    let form =
        Form::new("sessions", &paths::operator(&one.id, "/sessions"), "End sessions", Vec::new()).titled("End the sessions");
    view.blocks.push(Block::Form(form.hinting("Every browser has to sign in again.").beside()));
    Ok(visit.show_as(status, view))
}

pub async fn set_role(Path(id): Path<String>, posted: Posted) -> Answer {
    let role = chosen(&posted);
    let (visit, one) = load(posted.visit, &id).await?;
    let role = match role {
        Ok(role) => role,
        Err(said) => return page(visit, &one, Some(said)).await,
    };
    match operators::set_role(&visit.ctx, &one, role).await {
        Ok(()) => {
            // Who is no owner any more has no way back to this page.
            let stays = !is_me(&visit, &one) || role.may(Need::Operators);
            let url = if stays { paths::operator(&one.id, "") } else { paths::HOME.to_owned() };
            Ok(visit.go(&url, &changed(&one, role)))
        }
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            page(visit, &one, Some(said)).await
        }
    }
}

fn changed(one: &Listed, role: Role) -> String {
    let lost = one.role == Some(Role::Owner) && role != Role::Owner;
    let links = if lost { " One-time links that were still open are void." } else { "" };
    format!("{} has the role {} now.{links}", one.name, role.as_str())
}

pub async fn end_sessions(Path(id): Path<String>, posted: Posted) -> Answer {
    let (visit, one) = load(posted.visit, &id).await?;
    match operators::end_sessions(&visit.ctx, &one).await {
        // One's own are among them: the gate leads to the door.
        Ok(_) if is_me(&visit, &one) => Ok(see(paths::HOME)),
        Ok(ended) => {
            let count = counted(usize::try_from(ended).unwrap_or_default(), "session");
            Ok(visit.go(&paths::operator(&one.id, ""), &format!("{count} of {} ended.", one.name)))
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

pub async fn ask(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, one) = load(visit, &id).await?;
    Ok(asking(visit, &one, None).await)
}

async fn asking(visit: Visit, one: &Listed, refused: Option<String>) -> Response {
    let (name, url) = (&one.name, paths::operator(&one.id, ""));
    let mut view = visit.view(None, "Remove operator", vec![above(), Link::new(name, &url)]).await;
    let sessions = if is_me(&visit, one) { "This is you: you are signed out at once." } else { "They end at once." };
    view.blocks.push(Block::Facts(Facts {
        id: "lost".to_owned(),
        title: "What is lost".to_owned(),
        hint: Some("There is no undo. A new one-time link makes a new operator, of the same name too.".to_owned()),
        facts: vec![
            Named::text("Operator", name),
            Named::new("Role", role_of(one)),
            Named::text("Sessions", "all").noting(sessions),
            Named::text("Open one-time links", "all").noting("Whoever made them: they could lead the same person back."),
        ],
        links: Vec::new(),
    }));
    let stays = "Everything else, and what the operator did: it is in the events under this name.".to_owned();
    view.blocks.push(Block::Prose { title: Some("What stays".to_owned()), text: stays });
    let field = Field::text(TYPED, &format!("Type {name} to confirm"), "").must();
    let form = Form::new("remove", &paths::operator(&one.id, "/remove"), "Remove operator", vec![field]).destroying();
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    view.blocks.push(Block::Form(form.or_cancel(&url).refused(refused)));
    visit.show_as(status, view)
}

pub async fn remove(Path(id): Path<String>, posted: Posted) -> Answer {
    let typed = posted.text(TYPED).to_owned();
    let (visit, one) = load(posted.visit, &id).await?;
    if typed != one.name {
        let said = format!("Type {} exactly as it is written here. Nobody was removed.", one.name);
        return Ok(asking(visit, &one, Some(said)).await);
    }
    match operators::remove(&visit.ctx, &one).await {
        Ok(()) if is_me(&visit, &one) => Ok(see(paths::HOME)),
        Ok(()) => {
            let said = format!("{} is removed and signed out. One-time links that were still open are void.", one.name);
            Ok(visit.go(paths::OPERATORS, &said))
        }
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            Ok(asking(visit, &one, Some(said)).await)
        }
    }
}
