//! A user's groups: adding to one from the user's page, and taking out of one from there or from the group's.

use axum::extract::Path;
use http::StatusCode;
use poolhouse_engine::pools::Pool;
use serde_json::{Value as Json, json};

use super::{crumbs, detail, name_of, read, refused};
use crate::console::kit::json::{list, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, Table, Value, View};
use crate::console::kit::visit::{Answer, Posted, Stop, Visit};
use crate::pages::fields::Link;

/// Groups on a page, and in the list to choose from; the operations give no more at a time.
const PAGE: u32 = 60;

fn input(pool: &Pool, user: &Json, group: &str) -> Json {
    json!({ "UserPoolId": pool.id, "Username": text(user, "Username"), "GroupName": group })
}

/// The groups of a user, and the form to add it to one. `refusal` is the form as it came back.
pub async fn blocks(visit: Visit, pool: &Pool, user: &Json, refusal: Option<Form>) -> Result<(Visit, Vec<Block>), Stop> {
    let username = text(user, "Username");
    let asked = json!({ "UserPoolId": pool.id, "Username": username, "Limit": PAGE });
    let (visit, groups) = visit.must("AdminListGroupsForUser", asked).await?;
    let member_of = list(&groups, "Groups");
    let mut blocks = vec![match member_of.is_empty() {
        true => Block::Prose { title: Some("Groups".to_owned()), text: "The user is in no group.".to_owned() },
        false => table(pool, username, member_of, groups.get("NextToken").is_some()),
    }];
    let (visit, last) = match refusal {
        Some(form) => (visit, Block::Form(form)),
        None => offer(visit, pool, user, member_of).await?,
    };
    blocks.push(last);
    Ok((visit, blocks))
}

fn table(pool: &Pool, username: &str, groups: &[Json], more: bool) -> Block {
    let row = |group: &Json| {
        let name = text(group, "GroupName");
        let remove = paths::user(&pool.id, username, &format!("/groups/{}/remove", paths::segment(name)));
        let description = match text(group, "Description") {
            "" => Value::none("none"),
            description => Value::text(description),
        };
        vec![
            Value::link(name, &paths::group(&pool.id, name, "")),
            description,
            Value::link(&format!("Remove from {name}"), &remove),
        ]
    };
    Block::Table(Table {
        id: "groups".to_owned(),
        caption: if more { format!("Groups: the first {PAGE}") } else { "Groups".to_owned() },
        columns: ["Group", "Description", "Membership"].map(str::to_owned).to_vec(),
        rows: groups.iter().map(row).collect(),
        next: None,
        first: None,
    })
}

/// The form to add the user to a group, or the way to the first group.
async fn offer(mut visit: Visit, pool: &Pool, user: &Json, member_of: &[Json]) -> Result<(Visit, Block), Stop> {
    let all = match visit.call_aside("ListGroups", json!({ "UserPoolId": pool.id, "Limit": PAGE })).await {
        Ok(all) => all,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let names = |groups: &[Json]| groups.iter().map(|group| text(group, "GroupName").to_owned()).collect::<Vec<_>>();
    let (all_names, in_them) = (names(list(&all, "Groups")), names(member_of));
    let left: Vec<&String> = all_names.iter().filter(|name| !in_them.contains(name)).collect();
    let block = match left.first() {
        // More than a list can offer.
        _ if all.get("NextToken").is_some() => {
            Block::Form(form(pool, user, Field::text("groupName", "Group", "").must().at_most(128)))
        }
        Some(first) => {
            visit.would_call("AdminAddUserToGroup", &input(pool, user, first));
            let choices = left.iter().map(|name| Choice::new(name, name, false)).collect();
            Block::Form(form(pool, user, Field::one_of(Input::Select, "groupName", "Group", choices).must()))
        }
        None if all_names.is_empty() => Block::Empty {
            title: "The pool has no groups yet".to_owned(),
            text: "A group names users who may do the same; tokens carry it as cognito:groups.".to_owned(),
            link: Some(Link::new("Create group", &paths::pool(&pool.id, "/groups/new"))),
        },
        None => Block::Prose { title: None, text: "The user is in every group of the pool.".to_owned() },
    };
    Ok((visit, block))
}

fn form(pool: &Pool, user: &Json, field: Field) -> Form {
    let here = paths::user(&pool.id, text(user, "Username"), "");
    Form::new("join", &here, "Add to group", vec![field])
        .titled("Add to a group")
        .hinting("Tokens show it when they are next issued or refreshed.")
}

pub async fn add(Path((id, username)): Path<(String, String)>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let group = posted.text("groupName").to_owned();
    let (visit, user) = read(posted.visit, &pool, &username).await?;
    match visit.call_aside("AdminAddUserToGroup", input(&pool, &user, &group)).await {
        Ok(_) => {
            let said = format!("{} was added to {group}.", name_of(&pool, &user));
            Ok(visit.go(&paths::user(&pool.id, text(&user, "Username"), ""), &said))
        }
        Err(error) => {
            let (mut visit, said) = visit.said(&error).await?;
            visit.would_call("AdminAddUserToGroup", &input(&pool, &user, &group));
            let field = Field::text("groupName", "Group", &group).must().at_most(128);
            let form = refused(form(&pool, &user, field), &error, said);
            let (visit, view) = detail::page(visit, &pool, &user, Some(form)).await?;
            Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
        }
    }
}

/// Where a membership's page leads back to: the group's page if it said so, else the user's. Not an address from outside:
/// a link could lead elsewhere with it (open redirect).
fn back(pool: &Pool, user: &Json, group: &str, from: &str) -> String {
    match from {
        "group" => paths::group(&pool.id, group, ""),
        _ => paths::user(&pool.id, text(user, "Username"), ""),
    }
}

async fn page(visit: &mut Visit, pool: &Pool, user: &Json, group: &str, from: &str) -> (View, Form) {
    visit.would_call("AdminRemoveUserFromGroup", &input(pool, user, group));
    let name = name_of(pool, user);
    let mut view = visit.view(Some(&pool.id), &format!("Remove {name} from {group}"), crumbs(pool, user)).await;
    view.lead = Some("The user and the group stay. Tokens show it when they are next issued or refreshed.".to_owned());
    let here = paths::user(&pool.id, text(user, "Username"), &format!("/groups/{}/remove", paths::segment(group)));
    let form = Form::new("remove", &here, "Remove from group", vec![Field::hidden("from", from)]);
    (view, form.destroying().or_cancel(&back(pool, user, group, from)))
}

/// `?from=group`, or from the user's page.
pub async fn ask(visit: Visit, Path((id, username, group)): Path<(String, String, String)>) -> Answer {
    let (visit, pool) = visit.enter(&id).await?;
    let (visit, user) = read(visit, &pool, &username).await?;
    let (mut visit, _) = visit.must("GetGroup", json!({ "UserPoolId": pool.id, "GroupName": group })).await?;
    let from = visit.param("from").to_owned();
    let (mut view, form) = page(&mut visit, &pool, &user, &group, &from).await;
    view.blocks.push(Block::Form(form));
    Ok(visit.show(view))
}

pub async fn remove(Path((id, username, group)): Path<(String, String, String)>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let from = posted.text("from").to_owned();
    let (visit, user) = read(posted.visit, &pool, &username).await?;
    match visit.call_aside("AdminRemoveUserFromGroup", input(&pool, &user, &group)).await {
        Ok(_) => {
            let said = format!("{} was removed from {group}.", name_of(&pool, &user));
            Ok(visit.go(&back(&pool, &user, &group, &from), &said))
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}
