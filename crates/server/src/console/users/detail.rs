//! One user: how it stands and why, what is known about it, its groups, and what can be done.

use axum::extract::Path;
use poolhouse_engine::pools::Pool;
use poolhouse_engine::users;
use serde_json::Value as Json;

use super::actions::Action;
use super::standing::{self, Known};
use super::{attributes_of, enabled, membership, name_of, read};
use crate::console::kit::json::{moment, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Card, Facts, Form, Named, State, Value, View};
use crate::console::kit::visit::{Answer, Stop, Visit};
use crate::pages::fields::Link;

pub async fn get(visit: Visit, Path((id, username)): Path<(String, String)>) -> Answer {
    let (visit, pool) = visit.enter(&id).await?;
    let (visit, user) = read(visit, &pool, &username).await?;
    let (visit, view) = page(visit, &pool, &user, None).await?;
    Ok(visit.show(view))
}

/// The page; `refusal` is the form to join a group as it came back.
pub async fn page(visit: Visit, pool: &Pool, user: &Json, refusal: Option<Form>) -> Result<(Visit, View), Stop> {
    // When a temporary password ends is told by no operation.
    let temporary_until = match users::require(&visit.ctx, pool, text(user, "Username")).await {
        Ok(found) => found.row.temporary_expires_at,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let status = text(user, "UserStatus");
    let standing = standing::of(Known { status, enabled: enabled(user), temporary_until, now: visit.ctx.now });
    let here = |rest: &str| paths::user(&pool.id, text(user, "Username"), rest);
    let crumbs = vec![Link::new("Users", &paths::pool(&pool.id, "/users"))];
    let mut view = visit.view(Some(&pool.id), &name_of(pool, user), crumbs).await;
    view.actions = vec![Link::new("Edit attributes", &here("/attributes"))];
    view.blocks.push(Block::Notice {
        state: standing.state,
        text: standing.text,
        link: standing.next.map(|(text, slug)| Link::new(text, &here(&format!("/{slug}")))),
    });
    view.blocks.push(identity(user, visit.ctx.now));
    view.blocks.push(attributes(user, &here("/attributes")));
    let (visit, groups) = membership::blocks(visit, pool, user, refusal).await?;
    view.blocks.extend(groups);
    view.blocks.push(Block::Cards { title: Some("Actions".to_owned()), cards: ways(&visit, pool, user) });
    view.blocks.push(Block::Code {
        title: "Raw AdminGetUser".to_owned(),
        hint: Some("What the operation answers, word for word.".to_owned()),
        text: serde_json::to_string_pretty(user).unwrap_or_default(),
    });
    Ok((visit, view))
}

fn identity(user: &Json, now: i64) -> Block {
    let attributes = attributes_of(user);
    let status = text(user, "UserStatus");
    let username = text(user, "Username");
    let sub = attributes.get("sub").map(String::as_str).unwrap_or_default();
    let mut facts = vec![Named::copy("Username", username)];
    if sub != username {
        facts.push(Named::copy("Sub", sub).noting("What tokens name as sub; it never changes."));
    }
    facts.extend([
        Named::new("Status", Value::state(standing::state(status), status)),
        Named::new(
            "Enabled",
            match enabled(user) {
                true => Value::state(State::Ok, "yes"),
                false => Value::state(State::Bad, "disabled"),
            },
        ),
        Named::new("Created", moment(user, "UserCreateDate", now)),
        Named::new("Changed", moment(user, "UserLastModifiedDate", now)),
    ]);
    let title = "User information".to_owned();
    Block::Facts(Facts { id: "user".to_owned(), title, hint: None, facts, links: Vec::new() })
}

fn attributes(user: &Json, edit: &str) -> Block {
    let attributes = attributes_of(user);
    let proof_of = |name: &str| matches!(name, "email" | "phone_number").then(|| attributes.get(&format!("{name}_verified")));
    let shown = attributes.iter().filter(|(name, _)| {
        let address = name.strip_suffix("_verified").is_some_and(|address| attributes.contains_key(address));
        name.as_str() != "sub" && !address
    });
    let facts = shown.map(|(name, value)| {
        let fact = Named::copy(name, value);
        match proof_of(name) {
            None => fact,
            Some(Some(proof)) if proof == "true" => fact.noting("Verified."),
            Some(_) => fact.noting("Not verified: no code for a forgotten password goes there."),
        }
    });
    Block::Facts(Facts {
        id: "attributes".to_owned(),
        title: "User attributes".to_owned(),
        hint: None,
        facts: facts.collect(),
        links: vec![Link::new("Edit attributes", edit)],
    })
}

fn ways(visit: &Visit, pool: &Pool, user: &Json) -> Vec<Card> {
    let card = |title: &str, text: &str, url: String| Card { title: title.to_owned(), text: text.to_owned(), url };
    let here = |rest: &str| paths::user(&pool.id, text(user, "Username"), rest);
    let mut cards = vec![card("Set password", "A permanent one, or one that is changed at the next sign-in.", here("/password"))];
    if text(user, "UserStatus") == "FORCE_CHANGE_PASSWORD" {
        cards.push(card("Resend invitation", "With a new temporary password.", here("/invitation")));
    }
    let fitting = Action::ALL.into_iter().filter(|action| action.fits(user));
    cards.extend(fitting.map(|action| card(action.title(), action.about(), here(&format!("/{}", action.slug())))));
    if visit.reach().inbox {
        let attributes = attributes_of(user);
        let addresses = ["email", "phone_number"].iter().filter_map(|name| attributes.get(*name));
        cards.extend(addresses.map(|address| {
            let url = format!("{}?address={}", paths::INBOX, paths::segment(address));
            card(&format!("Messages to {address}"), "Codes and invitations that were sent there.", url)
        }));
    }
    cards
}
