//! An app client's secrets: two at most, so that deployments can change over. None is in any page before it is asked for by a
//! post of its own, and asking leaves a trace.

use axum::extract::Path;
use axum::response::Response;
use poolhouse_engine::error::Error;
use serde_json::{Value as Json, json};

use super::{Ids, above, describe_aside, ids};
use crate::console::kit::destroy::{Loss, counted};
use crate::console::kit::json::{list, moment, text};
use crate::console::kit::members::put;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Field, Form, Named, State, Table, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

/// What the audit trail calls it.
const REVEAL: &str = "RevealClientSecret";
/// Secrets one client may have.
const MOST: usize = 2;

struct Known {
    name: String,
    /// Oldest first, without values.
    secrets: Vec<Json>,
}

async fn known(visit: &mut Visit, pool: &str, client: &str) -> Result<Known, Error> {
    let answer = visit.call("ListUserPoolClientSecrets", ids(pool, client)).await?;
    let described = describe_aside(visit, pool, client).await?;
    Ok(Known { name: text(&described, "ClientName").to_owned(), secrets: list(&answer, "ClientSecrets").to_vec() })
}

fn url(pool: &str, client: &str, rest: &str) -> String {
    paths::client(pool, client, &format!("/secrets{rest}"))
}

fn crumbs(pool: &str, client: &str, name: &str) -> Vec<Link> {
    vec![above(pool), Link::new(name, &paths::client(pool, client, ""))]
}

pub async fn get(visit: Visit, Path((pool, client)): Ids) -> Answer {
    page(visit, &pool, &client, None, None).await
}

/// The page; `shown` is a secret that was asked for, `refused` why it was not.
async fn page(mut visit: Visit, pool: &str, client: &str, shown: Option<Block>, refused: Option<String>) -> Answer {
    let known = match known(&mut visit, pool, client).await {
        Ok(known) => known,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(Some(pool), "Client secrets", crumbs(pool, client, &known.name)).await;
    view.lead = Some("With two secrets, deployments change over one after the other: either of them is accepted.".to_owned());
    let status = if refused.is_some() { http::StatusCode::BAD_REQUEST } else { http::StatusCode::OK };
    if let Some(text) = refused {
        view.blocks.push(Block::Notice { state: State::Bad, text, link: None });
    }
    view.blocks.extend(shown);
    if known.secrets.is_empty() {
        view.blocks.push(Block::Empty {
            title: "A public app client".to_owned(),
            text: "It has no client secret and cannot get one: make another app client for an app with a server.".to_owned(),
            link: Some(Link::new("Create app client", &paths::pool(pool, "/clients/new"))),
        });
        return Ok(visit.show_as(status, view));
    }
    view.blocks.push(table(pool, client, &known.secrets, visit.ctx.now));
    let reveal = Form::new("reveal", &url(pool, client, "/reveal"), "Reveal client secret", Vec::new());
    let about = "Shows the older secret, the one that DescribeUserPoolClient gives. Who asked is in the audit trail.";
    view.blocks.push(Block::Form(reveal.titled("Reveal").hinting(about)));
    if known.secrets.len() < MOST {
        let add = Form::new("add", &url(pool, client, "/add"), "Add client secret", Vec::new());
        let about = "The new secret is shown once, by the answer to this. The old one stays good until it is deleted.";
        view.blocks.push(Block::Form(add.titled("Add a second secret").hinting(about)));
        visit.would_call("AddUserPoolClientSecret", &ids(pool, client));
    }
    Ok(visit.show_as(status, view))
}

fn table(pool: &str, client: &str, secrets: &[Json], now: i64) -> Block {
    let row = |secret: &Json| {
        let id = text(secret, "ClientSecretId");
        let delete = url(pool, client, &format!("/delete?id={}", paths::segment(id)));
        vec![
            Value::copy(id),
            Value::text("••••••••"),
            moment(secret, "ClientSecretCreateDate", now),
            if secrets.len() > 1 { Value::link("Delete client secret", &delete) } else { Value::none("the last one stays") },
        ]
    };
    Block::Table(Table {
        id: "secrets".to_owned(),
        caption: "Client secrets".to_owned(),
        columns: ["Secret ID", "Value", "Created", "Delete"].map(str::to_owned).to_vec(),
        rows: secrets.iter().map(row).collect(),
        next: None,
        first: None,
    })
}

fn value(title: &str, label: &str, secret: &str) -> Block {
    Block::Facts(Facts {
        id: "secret".to_owned(),
        title: title.to_owned(),
        hint: Some("Keep it where your app's other secrets are. It is on this page only until you leave it.".to_owned()),
        facts: vec![Named::copy(label, secret)],
        links: Vec::new(),
    })
}

pub async fn reveal(Path((pool, client)): Ids, posted: Posted) -> Answer {
    let visit = posted.visit;
    visit.ctx.concerns_client(&pool, &client);
    match visit.ctx.change(REVEAL, describe_aside(&visit, &pool, &client)).await {
        Ok(described) => match text(&described, "ClientSecret") {
            "" => page(visit, &pool, &client, None, Some("This app client has no secret.".to_owned())).await,
            secret => page(visit, &pool, &client, Some(value("Client secret", "Client secret", secret)), None).await,
        },
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

/// Answers with the page itself: a redirect would have to carry the secret.
pub async fn add(Path((pool, client)): Ids, posted: Posted) -> Answer {
    let mut visit = posted.visit;
    match visit.call("AddUserPoolClientSecret", ids(&pool, &client)).await {
        Ok(answer) => {
            let added = answer.get("ClientSecretDescriptor").cloned().unwrap_or_default();
            let secret = value("The new client secret", text(&added, "ClientSecretId"), text(&added, "ClientSecretValue"));
            page(visit, &pool, &client, Some(secret), None).await
        }
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            page(visit, &pool, &client, None, Some(said)).await
        }
    }
}

fn deletion(pool: &str, client: &str, id: &str) -> Json {
    let mut input = ids(pool, client);
    put(&mut input, "ClientSecretId", Some(json!(id)));
    input
}

pub async fn ask(visit: Visit, Path((pool, client)): Ids) -> Answer {
    let id = visit.param("id").to_owned();
    asking(visit, &pool, &client, &id, None).await
}

async fn asking(mut visit: Visit, pool: &str, client: &str, id: &str, refused: Option<String>) -> Answer {
    let known = match known(&mut visit, pool, client).await {
        Ok(known) => known,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let Some(secret) = known.secrets.iter().find(|secret| text(secret, "ClientSecretId") == id) else {
        let error = Error::not_found(format!("Client secret {id} does not exist."));
        return Err(visit.failed(&error).await.into());
    };
    visit.would_call("DeleteUserPoolClientSecret", &deletion(pool, client, id));
    let mut crumbs = crumbs(pool, client, &known.name);
    crumbs.push(Link::new("Client secrets", &url(pool, client, "")));
    let loss = Loss {
        pool: pool.to_owned(),
        crumbs,
        submit: "Delete client secret",
        url: url(pool, client, "/delete"),
        back: url(pool, client, ""),
        typed: None,
        undo: None,
        lost: vec![
            Named::copy("Secret ID", id),
            Named::new("Created", moment(secret, "ClientSecretCreateDate", visit.ctx.now))
                .noting("Deployments that still use it are turned away at once."),
        ],
        stays: format!(
            "The other one of {}, the tokens that were issued, and all settings.",
            counted(known.secrets.len(), "secret")
        ),
        warning: None,
        possible: true,
        hidden: vec![Field::hidden("id", id)],
        after: None,
    };
    let response: Response = loss.show(visit, refused).await;
    Ok(response)
}

pub async fn delete(Path((pool, client)): Ids, posted: Posted) -> Answer {
    let id = posted.text("id").to_owned();
    let mut visit = posted.visit;
    match visit.call("DeleteUserPoolClientSecret", deletion(&pool, &client, &id)).await {
        Ok(_) => Ok(visit.go(&url(&pool, &client, ""), "The client secret was deleted.")),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            asking(visit, &pool, &client, &id, Some(said)).await
        }
    }
}
