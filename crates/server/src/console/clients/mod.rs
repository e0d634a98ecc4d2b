//! App clients: the list, and one page for each part of one.

mod attributes;
mod authentication;
pub mod create;
mod delete;
mod detail;
pub mod login_pages;
pub mod quick_start;
mod secrets;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use poolhouse_engine::error::Error;
use serde_json::{Value as Json, json};

use crate::console::kit::destroy;
use crate::console::kit::edit::{self, Subject};
use crate::console::kit::json::{list, text, texts};
use crate::console::kit::members;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Table, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/console/pools/{pool}/clients", get(index))
        .route("/console/pools/{pool}/clients/new", get(create::get).post(create::post))
        .route("/console/pools/{pool}/clients/{client}", get(detail::get))
        .route("/console/pools/{pool}/clients/{client}/login-pages", get(login_pages::get).post(login_pages::post))
        .route("/console/pools/{pool}/clients/{client}/authentication", get(authentication_form).post(save_authentication))
        .route("/console/pools/{pool}/clients/{client}/attributes", get(attributes::get).post(attributes::post))
        .route("/console/pools/{pool}/clients/{client}/secrets", get(secrets::get))
        .route("/console/pools/{pool}/clients/{client}/secrets/reveal", post(secrets::reveal))
        .route("/console/pools/{pool}/clients/{client}/secrets/add", post(secrets::add))
        .route("/console/pools/{pool}/clients/{client}/secrets/delete", get(secrets::ask).post(secrets::delete))
        .route("/console/pools/{pool}/clients/{client}/delete", get(delete::get).post(delete::post))
        .route("/console/pools/{pool}/clients/{client}/postman/collection", get(quick_start::collection))
        .route("/console/pools/{pool}/clients/{client}/postman/environment", get(quick_start::environment))
}

/// Pool and client in an address.
type Ids = Path<(String, String)>;

async fn authentication_form(visit: Visit, Path((pool, client)): Ids) -> Answer {
    edit::show(visit, Subject::Client { pool, client }, authentication::Authentication).await
}

async fn save_authentication(Path((pool, client)): Ids, posted: Posted) -> Answer {
    edit::save(posted, Subject::Client { pool, client }, authentication::Authentication).await
}

/// All app clients of a pool, described.
///
/// # Errors
/// Those of the two operations.
pub async fn all(visit: &Visit, pool: &str) -> Result<Vec<Json>, Error> {
    let input = json!({ "UserPoolId": pool, "MaxResults": 60 });
    let listed = destroy::all(visit, "ListUserPoolClients", &input, "UserPoolClients").await?;
    described(visit, pool, &listed).await
}

async fn described(visit: &Visit, pool: &str, listed: &[Json]) -> Result<Vec<Json>, Error> {
    let mut clients = Vec::with_capacity(listed.len());
    for client in listed {
        clients.push(describe_aside(visit, pool, text(client, "ClientId")).await?);
    }
    Ok(clients)
}

pub async fn describe_aside(visit: &Visit, pool: &str, client: &str) -> Result<Json, Error> {
    let answer = visit.call_aside("DescribeUserPoolClient", ids(pool, client)).await?;
    Ok(answer.get("UserPoolClient").cloned().unwrap_or_default())
}

fn ids(pool: &str, client: &str) -> Json {
    json!({ "UserPoolId": pool, "ClientId": client })
}

pub fn above(pool: &str) -> Link {
    Link::new("App clients", &paths::pool(pool, "/clients"))
}

/// What kind of client this is, in a word.
fn kind(client: &Json) -> &'static str {
    let grants = texts(client, "AllowedOAuthFlows");
    match (client.get("ClientSecret").is_some(), grants.iter().any(|grant| grant == "client_credentials")) {
        (true, true) => "machine to machine",
        (true, false) => "confidential",
        (false, _) => "public",
    }
}

async fn index(mut visit: Visit, Path(pool): Path<String>) -> Answer {
    let after = visit.param("after").to_owned();
    let mut input = json!({ "UserPoolId": pool, "MaxResults": 25 });
    members::put(&mut input, "NextToken", (!after.is_empty()).then(|| json!(after)));
    let found = match visit.call("ListUserPoolClients", input).await {
        Ok(listed) => described(&visit, &pool, list(&listed, "UserPoolClients")).await.map(|clients| (listed, clients)),
        Err(error) => Err(error),
    };
    let (listed, clients) = match found {
        Ok(found) => found,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(Some(&pool), "App clients", Vec::new()).await;
    view.lead = Some("An app client lets one application ask for tokens.".to_owned());
    let new = Link::new("Create app client", &paths::pool(&pool, "/clients/new"));
    if clients.is_empty() && after.is_empty() {
        view.blocks.push(Block::Empty {
            title: "No app clients yet".to_owned(),
            text: "Nobody can sign in before there is one.".to_owned(),
            link: Some(new),
        });
        return Ok(visit.show(view));
    }
    view.actions.push(new);
    view.blocks.push(table(&pool, &clients, &listed, &after));
    Ok(visit.show(view))
}

fn table(pool: &str, clients: &[Json], listed: &Json, after: &str) -> Block {
    let row = |client: &Json| {
        let id = text(client, "ClientId");
        vec![
            Value::link(text(client, "ClientName"), &paths::client(pool, id, "")),
            Value::copy(id),
            Value::text(kind(client)),
            Value::list(texts(client, "AllowedOAuthFlows"), "none"),
        ]
    };
    let url = |rest: &str| paths::pool(pool, &format!("/clients{rest}"));
    let next = listed.get("NextToken").and_then(Json::as_str);
    Block::Table(Table {
        id: "clients".to_owned(),
        caption: "App clients".to_owned(),
        columns: ["Name", "Client ID", "Kind", "OAuth grants"].map(str::to_owned).to_vec(),
        rows: clients.iter().map(row).collect(),
        next: next.map(|token| url(&format!("?after={}", paths::segment(token)))),
        first: (!after.is_empty()).then(|| url("")),
    })
}
