//! Resource servers and their scopes: list, create, change, delete.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use poolhouse_engine::error::Error;
use poolhouse_engine::undo::Kind;
use serde_json::{Value as Json, json};

use super::clients;
use crate::console::kit::destroy::{self, Loss, What, counted, was_promised};
use crate::console::kit::json::{list, text, texts};
use crate::console::kit::members::blame;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Field, Form, Input, Named, State, Table, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    // An identifier may be any word, "new" too: it stands below one of its own.
    Router::new()
        .route("/console/pools/{pool}/resource-servers", get(index))
        .route("/console/pools/{pool}/resource-servers/new", get(new).post(create))
        .route("/console/pools/{pool}/resource-servers/of/{identifier}", get(edit).post(save))
        .route("/console/pools/{pool}/resource-servers/of/{identifier}/delete", get(ask).post(delete))
}

fn url(pool: &str, rest: &str) -> String {
    paths::pool(pool, &format!("/resource-servers{rest}"))
}

fn of(pool: &str, identifier: &str, rest: &str) -> String {
    url(pool, &format!("/of/{}{rest}", paths::segment(identifier)))
}

/// Every scope of a resource server as tokens spell it.
pub fn scopes_of(server: &Json) -> Vec<String> {
    let name = |scope: &Json| format!("{}/{}", text(server, "Identifier"), text(scope, "ScopeName"));
    list(server, "Scopes").iter().map(name).collect()
}

async fn index(mut visit: Visit, Path(pool): Path<String>) -> Answer {
    let after = visit.param("after").to_owned();
    let mut input = json!({ "UserPoolId": pool, "MaxResults": 25 });
    crate::console::kit::members::put(&mut input, "NextToken", (!after.is_empty()).then(|| json!(after)));
    let listed = match visit.call("ListResourceServers", input).await {
        Ok(listed) => listed,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let servers = list(&listed, "ResourceServers");
    let mut view = visit.view(Some(&pool), "Resource servers", Vec::new()).await;
    view.lead = Some("A resource server is an API with its own scopes, which app clients may ask for.".to_owned());
    let new = Link::new("Create resource server", &url(&pool, "/new"));
    if servers.is_empty() && after.is_empty() {
        view.blocks.push(Block::Empty {
            title: "No resource servers yet".to_owned(),
            text: "With one, access tokens can say what an app may do at your API.".to_owned(),
            link: Some(new),
        });
        return Ok(visit.show(view));
    }
    view.actions.push(new);
    let row = |server: &Json| {
        let identifier = text(server, "Identifier");
        vec![
            Value::link(text(server, "Name"), &of(&pool, identifier, "")),
            Value::copy(identifier),
            Value::list(scopes_of(server), "none"),
        ]
    };
    view.blocks.push(Block::Table(Table {
        id: "resource-servers".to_owned(),
        caption: "Resource servers".to_owned(),
        columns: ["Name", "Identifier", "Scopes"].map(str::to_owned).to_vec(),
        rows: servers.iter().map(row).collect(),
        next: listed
            .get("NextToken")
            .and_then(Json::as_str)
            .map(|token| url(&pool, &format!("?after={}", paths::segment(token)))),
        first: (!after.is_empty()).then(|| url(&pool, "")),
    }));
    Ok(visit.show(view))
}

/// The fields; the identifier cannot change once there is one.
pub fn fields(server: &Json, made: bool) -> Vec<Field> {
    let identifier = Field::text("Identifier", "Identifier", text(server, "Identifier")).must().at_most(256);
    let identifier = match made {
        true => identifier.frozen(),
        false => {
            identifier.hinting("What its scopes begin with: a word, or the address of the API. Fixed on AWS once it is made.")
        }
    };
    let line = |scope: &Json| format!("{}: {}", text(scope, "ScopeName"), text(scope, "ScopeDescription"));
    let scopes = list(server, "Scopes").iter().map(line).collect::<Vec<_>>().join("\n");
    vec![
        Field::text("Name", "Name", text(server, "Name"))
            .must()
            .at_most(256)
            .hinting("For people: letters, digits, spaces and + = , . @ -"),
        identifier,
        Field::new(Input::Lines, "Scopes", "Scopes", &scopes)
            .hinting("One a line, as name: description. For example read: Read orders. At most 100; a name has no slash."),
    ]
}

/// `name: description` a line; a name alone describes itself.
pub fn scopes(posted: &Posted) -> Vec<Json> {
    let scope = |line: String| {
        let (name, description) = line.split_once(':').unwrap_or((&line, ""));
        let (name, description) = (name.trim(), description.trim());
        json!({ "ScopeName": name, "ScopeDescription": if description.is_empty() { name } else { description } })
    };
    posted.lines("Scopes").into_iter().map(scope).collect()
}

fn input(pool: &str, identifier: &str, posted: &Posted) -> Json {
    json!({ "UserPoolId": pool, "Identifier": identifier, "Name": posted.text("Name"), "Scopes": scopes(posted) })
}

async fn new(mut visit: Visit, Path(pool): Path<String>) -> Answer {
    if let Err(error) = visit.call_aside("DescribeUserPool", json!({ "UserPoolId": pool })).await {
        return Err(visit.failed(&error).await.into());
    }
    let scope = json!({ "ScopeName": "read", "ScopeDescription": "Read orders" });
    let example = json!({ "UserPoolId": pool, "Identifier": "orders", "Name": "Orders API", "Scopes": [scope] });
    visit.would_call("CreateResourceServer", &example);
    Ok(making(visit, &pool, &json!({}), None).await)
}

async fn making(visit: Visit, pool: &str, server: &Json, refused: Option<String>) -> Response {
    let mut view = visit.view(Some(pool), "Create resource server", vec![above(pool)]).await;
    view.lead = Some("Tokens will name its scopes as identifier/scope.".to_owned());
    let form =
        Form::new("create", &url(pool, "/new"), "Create resource server", blamed(fields(server, false), refused.as_deref()));
    let status = status(&refused);
    view.blocks.push(Block::Form(form.or_cancel(&url(pool, "")).refused(refused)));
    visit.show_as(status, view)
}

fn above(pool: &str) -> Link {
    Link::new("Resource servers", &url(pool, ""))
}

fn blamed(mut fields: Vec<Field>, refused: Option<&str>) -> Vec<Field> {
    if let Some(said) = refused {
        blame(&mut fields, said);
    }
    fields
}

fn status(refused: &Option<String>) -> StatusCode {
    if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }
}

async fn create(Path(pool): Path<String>, posted: Posted) -> Answer {
    let input = input(&pool, posted.text("Identifier"), &posted);
    let mut visit = posted.visit;
    match visit.call("CreateResourceServer", input.clone()).await {
        Ok(_) => Ok(visit.go(&url(&pool, ""), &format!("Resource server {} was created.", text(&input, "Name")))),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            Ok(making(visit, &pool, &input, Some(said)).await)
        }
    }
}

async fn describe(visit: &mut Visit, pool: &str, identifier: &str) -> Result<Json, Error> {
    let input = json!({ "UserPoolId": pool, "Identifier": identifier });
    let answer = visit.call("DescribeResourceServer", input).await?;
    Ok(answer.get("ResourceServer").cloned().unwrap_or_default())
}

async fn edit(mut visit: Visit, Path((pool, identifier)): Path<(String, String)>) -> Answer {
    match describe(&mut visit, &pool, &identifier).await {
        Ok(server) => {
            visit.would_call("UpdateResourceServer", &server);
            let version = version(&server);
            Ok(changing(visit, &pool, &server, &version, None).await)
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

async fn changing(visit: Visit, pool: &str, server: &Json, version: &str, refused: Option<String>) -> Response {
    let identifier = text(server, "Identifier");
    let mut view = visit.view(Some(pool), text(server, "Name"), vec![above(pool)]).await;
    view.lead = Some(format!("Its scopes begin with {identifier}/ in tokens."));
    view.actions.push(Link::new("Delete resource server", &of(pool, identifier, "/delete")));
    let mut all = blamed(fields(server, true), refused.as_deref());
    all.push(Field::hidden("version", version));
    let form = Form::new("edit", &of(pool, identifier, ""), "Save resource server", all).or_cancel(&url(pool, ""));
    let status = status(&refused);
    view.blocks.push(Block::Form(form.refused(refused)));
    visit.show_as(status, view)
}

/// A resource server has no date of its last change: its settings are its version.
fn version(server: &Json) -> String {
    let of = json!([text(server, "Name"), list(server, "Scopes")]);
    crate::console::kit::members::digest(&of)
}

async fn save(Path((pool, identifier)): Path<(String, String)>, posted: Posted) -> Answer {
    let mut posted = posted;
    let now = match describe(&mut posted.visit, &pool, &identifier).await {
        Ok(now) => now,
        Err(error) => return Err(posted.visit.failed(&error).await.into()),
    };
    let input = input(&pool, &identifier, &posted);
    let (before, after) = (scopes_of(&now), scopes_of(&input));
    let lost: Vec<String> = before.into_iter().filter(|scope| !after.contains(scope)).collect();
    let stale = posted.text("version") != version(&now);
    if (stale || !lost.is_empty()) && !posted.ticked("confirmed") {
        return warn(posted, &pool, &input, &now, &lost, stale).await;
    }
    let mut visit = posted.visit;
    match visit.call("UpdateResourceServer", input.clone()).await {
        Ok(_) => Ok(visit.go(&of(&pool, &identifier, ""), &format!("Resource server {} was saved.", text(&input, "Name")))),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            Ok(changing(visit, &pool, &input, &version(&now), Some(said)).await)
        }
    }
}

/// Before saving takes scopes away, or overwrites what somebody else saved.
async fn warn(posted: Posted, pool: &str, input: &Json, now: &Json, lost: &[String], stale: bool) -> Answer {
    let identifier = text(input, "Identifier");
    let using = match using(&posted.visit, pool, lost).await {
        Ok(using) => using,
        Err(error) => return Err(posted.visit.failed(&error).await.into()),
    };
    let mut visit = posted.visit;
    let title = if stale { "Changed meanwhile" } else { "Review the changes" };
    let mut view =
        visit.view(Some(pool), title, vec![above(pool), Link::new(text(now, "Name"), &of(pool, identifier, ""))]).await;
    if stale {
        let text = "This resource server was changed after you opened the form. Nothing of yours is saved yet.".to_owned();
        let link = Some(Link::new("Reload the form", &of(pool, identifier, "")));
        view.blocks.push(Block::Notice { state: State::Warn, text, link });
    }
    if !lost.is_empty() {
        let text = format!("Saving takes away {}. Tokens will not carry it any more.", lost.join(", "));
        view.blocks.push(Block::Notice { state: State::Warn, text, link: None });
        view.blocks.push(clients_with(pool, &using));
    }
    let fields = vec![
        Field::hidden("Name", posted.form.get("Name").ok().flatten().unwrap_or_default()),
        Field::hidden("Scopes", posted.form.get("Scopes").ok().flatten().unwrap_or_default()),
        Field::hidden("version", &version(now)),
        Field::hidden("confirmed", "yes"),
    ];
    let form = Form::new("edit", &of(pool, identifier, ""), "Save resource server", fields);
    view.blocks.push(Block::Form(form.destroying().or_cancel(&of(pool, identifier, ""))));
    visit.would_call("UpdateResourceServer", input);
    let status = if stale { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(visit.show_as(status, view))
}

/// The app clients that may ask for one of these scopes.
async fn using(visit: &Visit, pool: &str, scopes: &[String]) -> Result<Vec<Json>, Error> {
    let mut all = clients::all(visit, pool).await?;
    all.retain(|client| texts(client, "AllowedOAuthScopes").iter().any(|scope| scopes.contains(scope)));
    Ok(all)
}

fn clients_with(pool: &str, clients: &[Json]) -> Block {
    if clients.is_empty() {
        return Block::Prose { title: None, text: "No app client uses its scopes.".to_owned() };
    }
    let row = |client: &Json| {
        let id = text(client, "ClientId");
        vec![
            Value::link(text(client, "ClientName"), &paths::client(pool, id, "")),
            Value::copy(id),
            Value::list(texts(client, "AllowedOAuthScopes"), "none"),
        ]
    };
    Block::Table(Table {
        id: "clients".to_owned(),
        caption: "App clients that use its scopes".to_owned(),
        columns: ["Name", "Client ID", "Scopes it may ask for"].map(str::to_owned).to_vec(),
        rows: clients.iter().map(row).collect(),
        next: None,
        first: None,
    })
}

async fn ask(mut visit: Visit, Path((pool, identifier)): Path<(String, String)>) -> Answer {
    let (pool, identifier) = (pool.as_str(), identifier.as_str());
    let found = match describe(&mut visit, pool, identifier).await {
        Ok(server) => using(&visit, pool, &scopes_of(&server)).await.map(|using| (server, using)),
        Err(error) => Err(error),
    };
    let (server, using) = match found {
        Ok(found) => found,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    visit.would_call("DeleteResourceServer", &json!({ "UserPoolId": pool, "Identifier": identifier }));
    let scopes = scopes_of(&server);
    let loss = Loss {
        pool: pool.to_owned(),
        crumbs: vec![above(pool), Link::new(text(&server, "Name"), &of(pool, identifier, ""))],
        submit: "Delete resource server",
        url: of(pool, identifier, "/delete"),
        back: of(pool, identifier, ""),
        typed: None,
        undo: Some((Kind::ResourceServer, identifier.to_owned())),
        lost: vec![
            Named::text("Scopes", &counted(scopes.len(), "scope")).noting("No new token carries them."),
            Named::new("They are", Value::list(scopes, "none")),
            Named::text("App clients that use them", &counted(using.len(), "app client"))
                .noting("Their list keeps the names, which nobody grants."),
        ],
        stays: "The app clients themselves, and tokens that were issued before, until they expire.".to_owned(),
        warning: None,
        possible: true,
        hidden: Vec::new(),
        after: (!using.is_empty()).then(|| clients_with(pool, &using)),
    };
    Ok(loss.show(visit, None).await)
}

async fn delete(Path((pool, identifier)): Path<(String, String)>, posted: Posted) -> Answer {
    let promised = was_promised(&posted);
    let mut visit = posted.visit;
    let what = What { kind: Kind::ResourceServer, pool: &pool, target: &identifier };
    let calls = [("DeleteResourceServer", json!({ "UserPoolId": pool, "Identifier": identifier }))];
    match destroy::perform(&mut visit, &what, promised, &calls).await {
        Ok(()) => Ok(visit.go_undoable(&url(&pool, ""), &format!("Resource server {identifier} was deleted."))),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}
