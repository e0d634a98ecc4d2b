//! One app client: its ids, its parts, and what to paste into an app.

use axum::extract::Path;
use poolhouse_engine::error::Error;
use serde_json::Value as Json;

use super::{Ids, above, ids, kind, quick_start};
use crate::console::kit::json::{moment, number, text, texts};
use crate::console::kit::members::text_at;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Named, State, Value};
use crate::console::kit::visit::{Answer, Visit};
use crate::pages::fields::Link;

pub async fn get(mut visit: Visit, Path((pool, client)): Ids) -> Answer {
    let found = match visit.call("DescribeUserPoolClient", ids(&pool, &client)).await {
        Ok(answer) => {
            let described = answer.get("UserPoolClient").cloned().unwrap_or_default();
            quick_start::Start::of(&visit, &pool, &described).await.map(|start| (described, start))
        }
        Err(error) => Err(error),
    };
    let (described, start): (Json, quick_start::Start) = match found {
        Ok(found) => found,
        Err(error) => return Err(failed(visit, error).await),
    };
    let mut view = visit.view(Some(&pool), text(&described, "ClientName"), vec![above(&pool)]).await;
    view.lead = Some(format!("App client, {}.", kind(&described)));
    if let Some(url) = &start.sign_in_page {
        view.actions.push(Link::new("Open sign-in page", url));
    }
    view.actions.push(Link::new("Delete app client", &paths::client(&pool, &client, "/delete")));
    view.blocks.push(identity(&pool, &described, visit.ctx.now));
    view.blocks.push(login_pages(&pool, &described, &start));
    view.blocks.push(authentication(&pool, &described));
    view.blocks.push(attributes(&pool, &described));
    view.blocks.extend(start.blocks());
    Ok(visit.show(view))
}

async fn failed(visit: Visit, error: Error) -> crate::console::kit::visit::Stop {
    visit.failed(&error).await.into()
}

fn identity(pool: &str, client: &Json, now: i64) -> Block {
    let id = text(client, "ClientId");
    let secret = match client.get("ClientSecret").is_some() {
        true => Value::text("••••••••"),
        false => Value::none("none: this is a public client"),
    };
    let mut links = Vec::new();
    if client.get("ClientSecret").is_some() {
        links.push(Link::new("Open client secrets", &paths::client(pool, id, "/secrets")));
    }
    Block::Facts(Facts {
        id: "client".to_owned(),
        title: "App client information".to_owned(),
        hint: None,
        facts: vec![
            Named::copy("Client ID", id),
            Named::copy("User pool ID", pool),
            Named::new("Client secret", secret),
            Named::new("Created", moment(client, "CreationDate", now)),
            Named::new("Changed", moment(client, "LastModifiedDate", now)),
        ],
        links,
    })
}

fn login_pages(pool: &str, client: &Json, start: &quick_start::Start) -> Block {
    let id = text(client, "ClientId");
    let on = text_at(client, "AllowedOAuthFlowsUserPoolClient") == "true";
    let state = match (on, start.has_domain) {
        (true, true) => Value::state(State::Ok, "on"),
        (true, false) => Value::state(State::Warn, "on, but the pool has no domain"),
        (false, _) => Value::state(State::Info, "off"),
    };
    let mut links = vec![Link::new("Change login pages", &paths::client(pool, id, "/login-pages"))];
    if !start.has_domain {
        links.push(Link::new("Create domain", &paths::pool(pool, "/domain")));
    }
    Block::Facts(Facts {
        id: "login-pages".to_owned(),
        title: "Login pages".to_owned(),
        hint: None,
        facts: vec![
            Named::new("Login pages and OAuth endpoints", state),
            Named::new("Callback URLs", Value::list(texts(client, "CallbackURLs"), "none")),
            Named::new("Sign-out URLs", Value::list(texts(client, "LogoutURLs"), "none")),
            Named::new("Grant types", Value::list(texts(client, "AllowedOAuthFlows"), "none")),
            Named::new("Scopes", Value::list(texts(client, "AllowedOAuthScopes"), "none")),
            Named::new("Identity providers", Value::list(texts(client, "SupportedIdentityProviders"), "none")),
        ],
        links,
    })
}

/// `60 minutes`, in the client's own unit.
fn lifetime(client: &Json, kind: &str, unset: &str, usual: &str) -> Value {
    let number = number(client, &format!("{kind}Validity"));
    let unit = text_at(client, &format!("TokenValidityUnits.{kind}"));
    match (number.as_str(), unit.as_str()) {
        ("", _) => Value::text(unset),
        (number, "") => Value::text(&format!("{number} {usual}")),
        (number, unit) => Value::text(&format!("{number} {unit}")),
    }
}

fn authentication(pool: &str, client: &Json) -> Block {
    let rotation = match text_at(client, "RefreshTokenRotation.Feature").as_str() {
        "ENABLED" => "on",
        _ => "off",
    };
    let hides = text(client, "PreventUserExistenceErrors") == "ENABLED";
    Block::Facts(Facts {
        id: "authentication".to_owned(),
        title: "Authentication flows and tokens".to_owned(),
        hint: None,
        facts: vec![
            Named::new("Flows", Value::list(texts(client, "ExplicitAuthFlows"), "SRP, custom and refresh: nothing is set")),
            Named::new("Access token", lifetime(client, "AccessToken", "60 minutes", "hours")),
            Named::new("ID token", lifetime(client, "IdToken", "60 minutes", "hours")),
            Named::new("Refresh token", lifetime(client, "RefreshToken", "30 days", "days")),
            Named::text("Refresh token rotation", rotation),
            Named::new(
                "Users that do not exist",
                match hides {
                    true => Value::state(State::Ok, "hidden"),
                    false => Value::state(State::Warn, "told apart"),
                },
            ),
        ],
        links: vec![Link::new(
            "Change authentication flows and tokens",
            &paths::client(pool, text(client, "ClientId"), "/authentication"),
        )],
    })
}

fn attributes(pool: &str, client: &Json) -> Block {
    Block::Facts(Facts {
        id: "attributes".to_owned(),
        title: "Attribute permissions".to_owned(),
        hint: None,
        facts: vec![
            Named::new("May read", Value::list(texts(client, "ReadAttributes"), "every attribute: nothing is set")),
            Named::new("May write", Value::list(texts(client, "WriteAttributes"), "every standard attribute: nothing is set")),
        ],
        links: vec![Link::new("Change attribute permissions", &paths::client(pool, text(client, "ClientId"), "/attributes"))],
    })
}
