//! Groups of a pool: the list, and one group with its members. Making, changing and deleting one is in [`edit`].

mod edit;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::StatusCode;
use poolhouse_engine::pools::{Pool, SignInKind};
use serde_json::{Value as Json, json};

use super::users::{columns, name_of, refused, row};
use crate::console::kit::json::{list as items, moment, number, put, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Field, Form, Named, Table, Value, View};
use crate::console::kit::visit::{Answer, Posted, Stop, Visit};
use crate::pages::fields::Link;
use crate::state::AppState;

/// Groups, or members, on a page.
const PAGE: u32 = 25;

pub fn routes() -> Router<AppState> {
    const GROUPS: &str = "/console/pools/{pool}/groups";
    let below = |rest: &str| format!("{GROUPS}/{{group}}{rest}");
    Router::new()
        .route(GROUPS, get(list))
        .route(&format!("{GROUPS}/new"), get(edit::new).post(edit::create))
        .route(&below(""), get(detail).post(add))
        .route(&below("/edit"), get(edit::ask).post(edit::save))
        .route(&below("/delete"), get(edit::ask_delete).post(edit::delete))
}

fn crumbs(pool: &Pool) -> Vec<Link> {
    vec![Link::new("Groups", &paths::pool(&pool.id, "/groups"))]
}

/// Reads a group for the page about it; 404 where there is none.
async fn read(visit: Visit, pool: &Pool, name: &str) -> Result<(Visit, Json), Stop> {
    let (visit, answer) = visit.must("GetGroup", json!({ "UserPoolId": pool.id, "GroupName": name })).await?;
    Ok((visit, answer.get("Group").cloned().unwrap_or_default()))
}

/// A text, or the word for none.
fn or_none(text: &str) -> Value {
    if text.is_empty() { Value::none("none") } else { Value::text(text) }
}

pub async fn list(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, pool) = visit.enter(&id).await?;
    let after = visit.param("after").to_owned();
    let mut input = json!({ "UserPoolId": pool.id, "Limit": PAGE });
    if !after.is_empty() {
        put(&mut input, "NextToken", after.as_str());
    }
    let (visit, listed) = visit.must("ListGroups", input).await?;
    let mut view = visit.view(Some(&pool.id), "Groups", Vec::new()).await;
    let (here, new) = (paths::pool(&pool.id, "/groups"), paths::pool(&pool.id, "/groups/new"));
    let groups = items(&listed, "Groups");
    if groups.is_empty() && after.is_empty() {
        view.blocks.push(Block::Empty {
            title: "No groups yet".to_owned(),
            text: "A group names users who may do the same; tokens carry it as cognito:groups.".to_owned(),
            link: Some(Link::new("Create group", &new)),
        });
        return Ok(visit.show(view));
    }
    view.lead = Some("A group names users who may do the same; tokens carry it as cognito:groups.".to_owned());
    view.actions = vec![Link::new("Create group", &new)];
    let row = |group: &Json| {
        let name = text(group, "GroupName");
        vec![
            Value::link(name, &paths::group(&pool.id, name, "")),
            or_none(text(group, "Description")),
            or_none(&number(group, "Precedence")),
            or_none(text(group, "RoleArn")),
            moment(group, "CreationDate", visit.ctx.now),
        ]
    };
    view.blocks.push(Block::Table(Table {
        id: "groups".to_owned(),
        caption: "Groups".to_owned(),
        columns: ["Group", "Description", "Precedence", "Role ARN", "Created"].map(str::to_owned).to_vec(),
        rows: groups.iter().map(row).collect(),
        next: items_after(&listed).map(|token| format!("{here}?after={}", paths::segment(token))),
        first: (!after.is_empty()).then(|| here.clone()),
    }));
    Ok(visit.show(view))
}

/// The token of the next page.
fn items_after(listed: &Json) -> Option<&str> {
    listed.get("NextToken").and_then(Json::as_str)
}

pub async fn detail(visit: Visit, Path((id, name)): Path<(String, String)>) -> Answer {
    let (visit, pool) = visit.enter(&id).await?;
    let (visit, group) = read(visit, &pool, &name).await?;
    let (visit, view) = page(visit, &pool, &group, None).await?;
    Ok(visit.show(view))
}

/// Adds the member that the form names.
pub async fn add(Path((id, name)): Path<(String, String)>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let username = posted.text("username").to_owned();
    let (visit, group) = read(posted.visit, &pool, &name).await?;
    match visit.call_aside("AdminAddUserToGroup", membership(&pool, &name, &username)).await {
        Ok(_) => Ok(visit.go(&paths::group(&pool.id, &name, ""), &format!("{username} was added to {name}."))),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            let form = refused(join(&pool, &name, &username), &error, said);
            let (visit, view) = page(visit, &pool, &group, Some(form)).await?;
            Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
        }
    }
}

fn membership(pool: &Pool, group: &str, username: &str) -> Json {
    json!({ "UserPoolId": pool.id, "Username": username, "GroupName": group })
}

fn join(pool: &Pool, group: &str, username: &str) -> Form {
    let label = match pool.sign_in_kind() {
        SignInKind::Username => "Username",
        SignInKind::Attributes { email: false, .. } => "Phone number or sub",
        SignInKind::Attributes { .. } => "Email or sub",
    };
    let field = Field::text("username", label, username).must().at_most(128);
    Form::new("join", &paths::group(&pool.id, group, ""), "Add member", vec![field]).titled("Add a member")
}

/// Somebody to add, for the printed call: a user who is not listed as a member, if there is one.
async fn stranger(visit: &Visit, pool: &Pool, listed: &Json) -> String {
    let users = visit.call_aside("ListUsers", json!({ "UserPoolId": pool.id, "Limit": 60 })).await.unwrap_or_default();
    let members: Vec<&str> = items(listed, "Users").iter().map(|user| text(user, "Username")).collect();
    let mut names = items(&users, "Users").iter().map(|user| text(user, "Username"));
    names.find(|name| !members.contains(name)).unwrap_or("ada@example.com").to_owned()
}

/// The page; `refusal` is the form to add a member as it came back.
async fn page(visit: Visit, pool: &Pool, group: &Json, refusal: Option<Form>) -> Result<(Visit, View), Stop> {
    let name = text(group, "GroupName");
    let after = visit.param("after").to_owned();
    let mut input = json!({ "UserPoolId": pool.id, "GroupName": name, "Limit": PAGE });
    if !after.is_empty() {
        put(&mut input, "NextToken", after.as_str());
    }
    let (mut visit, listed) = visit.must("ListUsersInGroup", input).await?;
    let someone = stranger(&visit, pool, &listed).await;
    visit.would_call("AdminAddUserToGroup", &membership(pool, name, &someone));
    let here = |rest: &str| paths::group(&pool.id, name, rest);
    let mut view = visit.view(Some(&pool.id), name, crumbs(pool)).await;
    view.actions = vec![Link::new("Edit group", &here("/edit")), Link::new("Delete group", &here("/delete"))];
    view.blocks.push(facts(group, visit.ctx.now));
    view.blocks.push(members(pool, name, &listed, &after, visit.ctx.now));
    view.blocks.push(Block::Form(refusal.unwrap_or_else(|| join(pool, name, ""))));
    Ok((visit, view))
}

fn facts(group: &Json, now: i64) -> Block {
    Block::Facts(Facts {
        id: "group".to_owned(),
        title: "Group information".to_owned(),
        hint: None,
        facts: vec![
            Named::copy("Name", text(group, "GroupName")),
            Named::new("Description", or_none(text(group, "Description"))),
            Named::new("Precedence", or_none(&number(group, "Precedence")))
                .noting("Of a user's groups, the one with the lowest number gives the token cognito:preferred_role."),
            Named::new("Role ARN", or_none(text(group, "RoleArn"))),
            Named::new("Created", moment(group, "CreationDate", now)),
            Named::new("Changed", moment(group, "LastModifiedDate", now)),
        ],
        links: Vec::new(),
    })
}

fn members(pool: &Pool, group: &str, listed: &Json, after: &str, now: i64) -> Block {
    let here = paths::group(&pool.id, group, "");
    let users = items(listed, "Users");
    if users.is_empty() && after.is_empty() {
        return Block::Prose { title: Some("Members".to_owned()), text: "Nobody is in this group.".to_owned() };
    }
    let removable = |user: &Json| {
        let mut cells = row(pool, user, now);
        let rest = format!("/groups/{}/remove?from=group", paths::segment(group));
        let url = paths::user(&pool.id, text(user, "Username"), &rest);
        cells.push(Value::link(&format!("Remove {}", name_of(pool, user)), &url));
        cells
    };
    let mut columns = columns(pool);
    columns.push("Membership".to_owned());
    Block::Table(Table {
        id: "members".to_owned(),
        caption: "Members".to_owned(),
        columns,
        rows: users.iter().map(removable).collect(),
        next: items_after(listed).map(|token| format!("{here}?after={}", paths::segment(token))),
        first: (!after.is_empty()).then(|| here.clone()),
    })
}
