//! User pools: the list, the overview of one, and making and deleting one.

pub mod create;
mod delete;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use poolhouse_engine::tokens::issuer;
use serde_json::{Value as Json, json};

use crate::console::activity;
use crate::console::kit::json::{list as list_of, moment, number, text, texts};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Named, State, Table, Value};
use crate::console::kit::visit::{Answer, Visit};
use crate::pages::fields::Link;
use crate::state::AppState;

/// Pools of one page.
const POOLS_MAX: usize = 25;
/// App clients of a pool that are counted: ListUserPoolClients gives no more at a time.
const CLIENTS_MAX: usize = 60;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(paths::POOLS, get(list))
        .route(create::URL, get(create::get).post(create::post))
        .route("/console/pools/{pool}", get(overview))
        .route("/console/pools/{pool}/delete", get(delete::get).post(delete::post))
}

async fn list(mut visit: Visit) -> Answer {
    let mut input = json!({ "MaxResults": POOLS_MAX });
    let after = visit.param("after").to_owned();
    if let (false, Some(members)) = (after.is_empty(), input.as_object_mut()) {
        members.insert("NextToken".to_owned(), Json::from(after.as_str()));
    }
    let listed = match visit.call("ListUserPools", input).await {
        Ok(listed) => listed,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(None, "User pools", Vec::new()).await;
    view.lead = Some("A user pool is a directory of users with its own sign-in.".to_owned());
    view.actions = vec![Link::new("Quick create", paths::QUICK_CREATE), Link::new("Create user pool", create::URL)];
    let counted = counted(&visit, &listed, POOLS_MAX).await;
    if counted.is_empty() && after.is_empty() {
        view.blocks.push(Block::Empty {
            title: "No user pools yet".to_owned(),
            text: "A user pool is a directory of users with its own sign-in.".to_owned(),
            link: Some(Link::new("Quick create", paths::QUICK_CREATE)),
        });
    } else {
        let next = listed.get("NextToken").and_then(Json::as_str);
        view.blocks.push(table(&counted, visit.ctx.now, Some(&after), next));
    }
    Ok(visit.show(view))
}

/// A pool of a list, with how much is in it.
pub struct Counted {
    pub id: String,
    name: String,
    listed: Json,
    /// About so many.
    pub users: u64,
    /// Up to [`CLIENTS_MAX`]; behind them may be more.
    pub clients: usize,
    more_clients: bool,
    pub domain: Option<String>,
}

/// The first `most` pools of an answer of ListUserPools, counted. What cannot be counted now counts as nothing: a list is worth no
/// failure of the page, and its pool may just have gone.
pub async fn counted(visit: &Visit, listed: &Json, most: usize) -> Vec<Counted> {
    let mut all = Vec::new();
    for pool in list_of(listed, "UserPools").iter().take(most) {
        let id = text(pool, "Id");
        let described = visit.call_aside("DescribeUserPool", json!({ "UserPoolId": id })).await.unwrap_or_default();
        let described = described.get("UserPool").cloned().unwrap_or_default();
        let clients = json!({ "UserPoolId": id, "MaxResults": CLIENTS_MAX });
        let clients = visit.call_aside("ListUserPoolClients", clients).await.unwrap_or_default();
        let domain = [text(&described, "CustomDomain"), text(&described, "Domain")].into_iter().find(|name| !name.is_empty());
        all.push(Counted {
            id: id.to_owned(),
            name: text(pool, "Name").to_owned(),
            listed: pool.clone(),
            users: described.get("EstimatedNumberOfUsers").and_then(Json::as_u64).unwrap_or(0),
            clients: list_of(&clients, "UserPoolClients").len(),
            more_clients: clients.get("NextToken").is_some_and(Json::is_string),
            domain: domain.map(str::to_owned),
        });
    }
    all
}

/// A page of pools; `after` is the token it was asked with, `next` that of the page behind it.
pub fn table(pools: &[Counted], now: i64, after: Option<&str>, next: Option<&str>) -> Block {
    let row = |pool: &Counted| {
        let more = if pool.more_clients { " or more" } else { "" };
        vec![
            Value::link(&pool.name, &paths::pool(&pool.id, "")),
            Value::copy(&pool.id),
            Value::text(&pool.users.to_string()),
            Value::text(&format!("{}{more}", pool.clients)),
            pool.domain.as_deref().map_or_else(|| Value::none("none"), Value::text),
            moment(&pool.listed, "CreationDate", now),
        ]
    };
    Block::Table(Table {
        id: "pools".to_owned(),
        caption: "User pools".to_owned(),
        columns: ["Name", "User pool ID", "Users, about", "App clients", "Domain", "Created"].map(str::to_owned).to_vec(),
        rows: pools.iter().map(row).collect(),
        next: next.map(|token| format!("{}?after={}", paths::POOLS, paths::segment(token))),
        first: after.filter(|after| !after.is_empty()).map(|_| paths::POOLS.to_owned()),
    })
}

async fn overview(mut visit: Visit, Path(pool): Path<String>) -> Answer {
    let described = match visit.call("DescribeUserPool", json!({ "UserPoolId": pool })).await {
        Ok(described) => described,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let pool = described.get("UserPool").cloned().unwrap_or_default();
    let id = text(&pool, "Id");
    let mut view = visit.view(Some(id), text(&pool, "Name"), Vec::new()).await;
    let issuer = match poolhouse_engine::pools::find(&visit.ctx, id).await {
        Ok(found) => found.map(|pool| issuer(&visit.ctx, &pool)).unwrap_or_default(),
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    view.actions = vec![
        Link::new("Open app clients", &paths::pool(id, "/clients")),
        Link::new("Delete user pool", &paths::pool(id, "/delete")),
    ];
    let happened = match activity::chart(&visit, Some(id), &paths::pool(id, "")).await {
        Ok(happened) => happened,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    view.blocks.push(identity(&pool, id, &issuer, visit.ctx.now));
    view.blocks.push(happened);
    view.blocks.push(sign_in(&pool));
    Ok(visit.show(view))
}

fn identity(pool: &Json, id: &str, issuer: &str, now: i64) -> Block {
    let protected = text(pool, "DeletionProtection") == "ACTIVE";
    let domain = match (text(pool, "CustomDomain"), text(pool, "Domain")) {
        ("", "") => Value::none("none: there is no sign-in page yet"),
        ("", prefix) => Value::copy(prefix),
        (custom, _) => Value::copy(custom),
    };
    Block::Facts(Facts {
        id: "pool".to_owned(),
        title: "User pool information".to_owned(),
        hint: None,
        facts: vec![
            Named::copy("User pool ID", id),
            Named::copy("ARN", text(pool, "Arn")),
            Named::copy("Issuer", issuer).noting("What tokens of this pool name as iss."),
            Named::new(
                "Discovery document",
                Value::link("openid-configuration", &format!("/{id}/.well-known/openid-configuration")),
            ),
            Named::new("Token signing keys (JWKS)", Value::link("jwks.json", &format!("/{id}/.well-known/jwks.json"))),
            Named::new("Domain", domain),
            Named::new("Users, about", Value::text(&number(pool, "EstimatedNumberOfUsers"))),
            Named::new(
                "Deletion protection",
                match protected {
                    true => Value::state(State::Ok, "on"),
                    false => Value::state(State::Warn, "off"),
                },
            ),
            Named::new("Created", moment(pool, "CreationDate", now)),
            Named::new("Changed", moment(pool, "LastModifiedDate", now)),
        ],
        links: vec![
            Link::new("Open domain", &paths::pool(id, "/domain")),
            Link::new("Change deletion protection", &paths::pool(id, "/settings/protection")),
        ],
    })
}

fn sign_in(pool: &Json) -> Block {
    let only_admins = pool.pointer("/AdminCreateUserConfig/AllowAdminCreateUserOnly").and_then(Json::as_bool).unwrap_or(false);
    Block::Facts(Facts {
        id: "sign-in".to_owned(),
        title: "Sign-in".to_owned(),
        hint: None,
        facts: vec![
            Named::new("Users sign in with", Value::list(texts(pool, "UsernameAttributes"), "a username of their own")),
            Named::new("Aliases", Value::list(texts(pool, "AliasAttributes"), "none")),
            Named::new("Verified automatically", Value::list(texts(pool, "AutoVerifiedAttributes"), "nothing")),
            Named::text("Self sign-up", if only_admins { "off: administrators make users" } else { "on" }),
            Named::text("Multi-factor authentication", &text(pool, "MfaConfiguration").to_ascii_lowercase()),
        ],
        links: vec![Link::new("Change sign-in and sign-up settings", &paths::pool(text(pool, "Id"), "/settings"))],
    })
}
