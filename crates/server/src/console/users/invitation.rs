//! Inviting a user again: a new temporary password in a new message (AdminCreateUser, RESEND).

use axum::extract::Path;
use http::StatusCode;
use poolhouse_engine::error::Error;
use poolhouse_engine::pools::Pool;
use serde_json::{Value as Json, json};

use super::{attributes_of, crumbs, name_of, read, refused};
use crate::console::kit::json::{put, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, State, View};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

/// The message names the user as the call does; so the call says what the user signs in with.
fn input(pool: &Pool, user: &Json, by: &[String]) -> Json {
    let mut input = json!({ "UserPoolId": pool.id, "Username": name_of(pool, user), "MessageAction": "RESEND" });
    if !by.is_empty() {
        put(&mut input, "DesiredDeliveryMediums", by.to_vec());
    }
    input
}

/// Where the user can be reached, by email first.
fn reachable(user: &Json) -> Vec<(&'static str, String)> {
    let attributes = attributes_of(user);
    let ways = [("EMAIL", "email"), ("SMS", "phone_number")];
    ways.iter().filter_map(|(by, name)| Some((*by, attributes.get(*name)?.clone()))).collect()
}

async fn page(visit: &mut Visit, pool: &Pool, user: &Json, by: &[String]) -> (View, Form) {
    let username = text(user, "Username");
    visit.would_call("AdminCreateUser", &input(pool, user, by));
    let name = name_of(pool, user);
    let mut view = visit.view(Some(&pool.id), &format!("Resend invitation of {name}"), crumbs(pool, user)).await;
    view.lead = Some(format!(
        "A new temporary password is made and sent; the one before is of no use any more. It lives {} days.",
        pool.temporary_password_days()
    ));
    let choice = |(value, address): &(&str, String)| {
        let label = if *value == "EMAIL" { "Email" } else { "Text message" };
        Choice::new(value, &format!("{label} to {address}"), by.iter().any(|chosen| chosen == value))
    };
    let choices = reachable(user).iter().map(choice).collect();
    let fields = vec![Field::one_of(Input::Checks, "invite", "Send by", choices)];
    let form = Form::new("invitation", &paths::user(&pool.id, username, "/invitation"), "Resend invitation", fields);
    (view, form.or_cancel(&paths::user(&pool.id, username, "")))
}

pub async fn get(visit: Visit, Path((id, username)): Path<(String, String)>) -> Answer {
    let (visit, pool) = visit.enter(&id).await?;
    let (mut visit, user) = read(visit, &pool, &username).await?;
    let by: Vec<String> = reachable(&user).first().map(|(by, _)| (*by).to_owned()).into_iter().collect();
    let (mut view, form) = page(&mut visit, &pool, &user, &by).await;
    view.blocks.push(match by.is_empty() {
        false => Block::Form(form),
        true => Block::Notice {
            state: State::Warn,
            text: "The user has neither an email address nor a phone number to send it to.".to_owned(),
            link: Some(Link::new("Edit attributes", &paths::user(&pool.id, text(&user, "Username"), "/attributes"))),
        },
    });
    Ok(visit.show(view))
}

pub async fn post(Path((id, username)): Path<(String, String)>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let by = posted.all("invite");
    let (visit, user) = read(posted.visit, &pool, &username).await?;
    let sent = match by.is_empty() {
        // The operation would make another password and send it wherever it can, or nowhere.
        true => Err(Error::invalid_parameter("Choose where the invitation goes.")),
        false => visit.call_aside("AdminCreateUser", input(&pool, &user, &by)).await,
    };
    match sent {
        Ok(_) => Ok(visit.go(&paths::user(&pool.id, text(&user, "Username"), ""), "A new invitation was sent.")),
        Err(error) => {
            let (mut visit, said) = visit.said(&error).await?;
            let (mut view, form) = page(&mut visit, &pool, &user, &by).await;
            view.blocks.push(Block::Form(refused(form, &error, said)));
            Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
        }
    }
}
