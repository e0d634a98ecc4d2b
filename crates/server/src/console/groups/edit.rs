//! Making, changing and deleting a group.

use axum::extract::Path;
use http::StatusCode;
use poolhouse_engine::error::Error;
use poolhouse_engine::pools::Pool;
use poolhouse_engine::undo::Kind;
use serde_json::{Value as Json, json};

use super::super::users::refused;
use super::{crumbs, items_after, read};
use crate::console::kit::changes::{self, Change};
use crate::console::kit::destroy::{self, What, was_promised};
use crate::console::kit::json::{list as items, number, put, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Field, Form, Input, Named, View};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

/// Pages of members that are counted before "more than" is said, and members on one.
const COUNTED_PAGES: usize = 50;
const COUNTED: u32 = 60;

/// A group as its form has it.
#[derive(Default)]
struct Draft {
    name: String,
    description: String,
    /// Digits, if anything.
    precedence: String,
    role: String,
}

impl Draft {
    fn read(posted: &Posted, name: &str) -> Self {
        let typed = |field: &str| posted.text(field).to_owned();
        Self {
            name: name.to_owned(),
            description: typed("description").replace("\r\n", "\n"),
            precedence: typed("precedence"),
            role: typed("roleArn"),
        }
    }

    fn of(group: &Json) -> Self {
        Self {
            name: text(group, "GroupName").to_owned(),
            description: text(group, "Description").to_owned(),
            precedence: number(group, "Precedence"),
            role: text(group, "RoleArn").to_owned(),
        }
    }

    /// The whole object. `before` is the group that is changed: what it has may be emptied only where the operation can.
    fn input(&self, pool: &Pool, before: Option<&Self>) -> Result<Json, (&'static str, &'static str)> {
        const STAYS: &str = "Once set it can be changed and not taken away, here as on AWS.";
        let mut input = json!({ "UserPoolId": pool.id, "GroupName": self.name });
        let had_description = before.is_some_and(|before| !before.description.is_empty());
        if !self.description.is_empty() || had_description {
            put(&mut input, "Description", self.description.as_str());
        }
        match self.precedence.parse::<i32>() {
            Ok(precedence) => put(&mut input, "Precedence", precedence),
            Err(_) if !self.precedence.is_empty() => return Err(("precedence", "Precedence is a whole number, from 0 up.")),
            Err(_) if before.is_some_and(|before| !before.precedence.is_empty()) => return Err(("precedence", STAYS)),
            Err(_) => {}
        }
        match self.role.as_str() {
            "" if before.is_some_and(|before| !before.role.is_empty()) => return Err(("roleArn", STAYS)),
            "" => {}
            role => put(&mut input, "RoleArn", role),
        }
        Ok(input)
    }

    fn changed(&self, before: &Self) -> Vec<Change> {
        let members = [
            ("Description", &before.description, &self.description),
            ("Precedence", &before.precedence, &self.precedence),
            ("RoleArn", &before.role, &self.role),
        ];
        let differing = members.into_iter().filter(|(_, from, to)| from != to);
        differing.map(|(name, from, to)| Change::of_text(name, from, to)).collect()
    }

    fn fields(&self, is_new: bool) -> Vec<Field> {
        let name = Field::text("groupName", "Name", &self.name).must().at_most(128);
        vec![
            if is_new { name.hinting("What tokens carry in cognito:groups. No spaces.") } else { name.frozen() },
            Field::new(Input::Lines, "description", "Description", &self.description).at_most(2048),
            Field::new(Input::Number, "precedence", "Precedence", &self.precedence)
                .hinting("From 0 up. Of a user's groups, the one with the lowest gives the token cognito:preferred_role."),
            Field::text("roleArn", "IAM role ARN", &self.role)
                .at_most(2048)
                .hinting("As in arn:aws:iam::123456789012:role/reader."),
        ]
    }

    fn hidden(&self) -> Vec<Field> {
        vec![
            Field::hidden("description", &self.description),
            Field::hidden("precedence", &self.precedence),
            Field::hidden("roleArn", &self.role),
        ]
    }
}

/// A form that is refused before anything is called.
fn wrong(form: Form, (field, why): (&str, &str)) -> Form {
    let mut form = form.refused(Some(why.to_owned()));
    if let Some(field) = form.fields.iter_mut().find(|one| one.name == field) {
        field.error = Some(why.to_owned());
    }
    form
}

async fn new_page(visit: &mut Visit, pool: &Pool, draft: &Draft) -> (View, Form) {
    let named =
        Draft { name: if draft.name.is_empty() { "new-group".to_owned() } else { draft.name.clone() }, ..Draft::of(&Json::Null) };
    let printed = draft.input(pool, None).or_else(|_| named.input(pool, None));
    let mut printed = printed.unwrap_or_default();
    put(&mut printed, "GroupName", named.name.as_str());
    visit.would_call("CreateGroup", &printed);
    let groups = paths::pool(&pool.id, "/groups");
    let mut view = visit.view(Some(&pool.id), "Create group", crumbs(pool)).await;
    view.lead = Some("A group names users who may do the same; tokens carry it as cognito:groups.".to_owned());
    let form = Form::new("new", &paths::pool(&pool.id, "/groups/new"), "Create group", draft.fields(true));
    (view, form.or_cancel(&groups))
}

pub async fn new(visit: Visit, Path(id): Path<String>) -> Answer {
    let (mut visit, pool) = visit.enter(&id).await?;
    let (mut view, form) = new_page(&mut visit, &pool, &Draft::default()).await;
    view.blocks.push(Block::Form(form));
    Ok(visit.show(view))
}

pub async fn create(Path(id): Path<String>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let draft = Draft::read(&posted, posted.text("groupName"));
    let mut visit = posted.visit;
    let input = match draft.input(&pool, None) {
        Ok(input) => input,
        Err(why) => {
            let (mut view, form) = new_page(&mut visit, &pool, &draft).await;
            view.blocks.push(Block::Form(wrong(form, why)));
            return Ok(visit.show_as(StatusCode::BAD_REQUEST, view));
        }
    };
    match visit.call_aside("CreateGroup", input).await {
        Ok(_) => Ok(visit.go(&paths::group(&pool.id, &draft.name, ""), &format!("Group {} was created.", draft.name))),
        Err(error) => {
            let (mut visit, said) = visit.said(&error).await?;
            let (mut view, form) = new_page(&mut visit, &pool, &draft).await;
            view.blocks.push(Block::Form(refused(form, &error, said)));
            Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
        }
    }
}

async fn edit_page(visit: &mut Visit, pool: &Pool, group: &Json, draft: &Draft) -> (View, Form) {
    let printed = draft.input(pool, Some(&Draft::of(group))).unwrap_or_default();
    if !printed.is_null() {
        visit.would_call("UpdateGroup", &printed);
    }
    let here = |rest: &str| paths::group(&pool.id, &draft.name, rest);
    let mut above = crumbs(pool);
    above.push(Link::new(&draft.name, &here("")));
    let view = visit.view(Some(&pool.id), &format!("Edit group {}", draft.name), above).await;
    let mut fields = draft.fields(false);
    fields.push(Field::hidden(changes::VERSION, &number(group, "LastModifiedDate")));
    (view, Form::new("edit", &here("/edit"), "Save group", fields).or_cancel(&here("")))
}

pub async fn ask(visit: Visit, Path((id, name)): Path<(String, String)>) -> Answer {
    let (visit, pool) = visit.enter(&id).await?;
    let (mut visit, group) = read(visit, &pool, &name).await?;
    let (mut view, form) = edit_page(&mut visit, &pool, &group, &Draft::of(&group)).await;
    view.blocks.push(Block::Form(form));
    Ok(visit.show(view))
}

pub async fn save(Path((id, name)): Path<(String, String)>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let Posted { visit, form } = posted;
    let (visit, group) = read(visit, &pool, &name).await?;
    let posted = Posted { visit, form };
    let (before, draft) = (Draft::of(&group), Draft::read(&posted, &name));
    let here = |rest: &str| paths::group(&pool.id, &name, rest);
    let list = draft.changed(&before);
    if list.is_empty() {
        return Ok(posted.visit.go(&here(""), "Nothing was changed: the group was as it is."));
    }
    let input = match draft.input(&pool, Some(&before)) {
        Ok(input) => input,
        Err(why) => return Ok(back(posted.visit, &pool, &group, &draft, StatusCode::BAD_REQUEST, |form| wrong(form, why)).await),
    };
    let version = number(&group, "LastModifiedDate");
    if changes::meanwhile(&posted, &version) {
        let said = |form: Form| form.refused(Some(changes::MEANWHILE.to_owned()));
        return Ok(back(posted.visit, &pool, &group, &draft, StatusCode::CONFLICT, said).await);
    }
    if changes::to_be_seen(&posted, &list) {
        let mut visit = posted.visit;
        let (mut view, _) = edit_page(&mut visit, &pool, &group, &draft).await;
        view.title = format!("Save group {name}?");
        view.lead = Some("Nothing was saved yet.".to_owned());
        let mut fields = draft.hidden();
        fields.push(Field::hidden(changes::VERSION, &version));
        view.blocks.push(changes::table(&list));
        view.blocks.push(Block::Form(changes::confirming(&here("/edit"), "Save group", fields)));
        return Ok(visit.show(view));
    }
    match posted.visit.call_aside("UpdateGroup", input).await {
        Ok(_) => Ok(posted.visit.go(&here(""), &format!("Group {name} was saved."))),
        Err(error) => {
            let (visit, said) = posted.visit.said(&error).await?;
            Ok(back(visit, &pool, &group, &draft, StatusCode::BAD_REQUEST, |form| refused(form, &error, said)).await)
        }
    }
}

/// The edit form again, with what was typed and why.
async fn back(
    mut visit: Visit,
    pool: &Pool,
    group: &Json,
    draft: &Draft,
    status: StatusCode,
    say: impl FnOnce(Form) -> Form,
) -> axum::response::Response {
    let (mut view, form) = edit_page(&mut visit, pool, group, draft).await;
    view.blocks.push(Block::Form(say(form)));
    visit.show_as(status, view)
}

/// Members, and whether there are more than were counted.
async fn count(visit: &Visit, pool: &Pool, name: &str) -> Result<(usize, bool), Error> {
    let mut input = json!({ "UserPoolId": pool.id, "GroupName": name, "Limit": COUNTED });
    let mut members = 0;
    for _ in 0..COUNTED_PAGES {
        let page = visit.call_aside("ListUsersInGroup", input.clone()).await?;
        members += items(&page, "Users").len();
        match items_after(&page) {
            Some(token) => put(&mut input, "NextToken", token),
            None => return Ok((members, false)),
        }
    }
    Ok((members, true))
}

pub async fn ask_delete(visit: Visit, Path((id, name)): Path<(String, String)>) -> Answer {
    let (visit, pool) = visit.enter(&id).await?;
    let (mut visit, _) = read(visit, &pool, &name).await?;
    let members = match count(&visit, &pool, &name).await {
        Ok((count, more)) => format!("{}{count}", if more { "more than " } else { "" }),
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let input = json!({ "UserPoolId": pool.id, "GroupName": name });
    visit.would_call("DeleteGroup", &input);
    let (undo, promised) = match destroy::promise(&visit, &What { kind: Kind::Group, pool: &pool.id, target: &name }).await {
        Ok(undo) => undo,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let here = |rest: &str| paths::group(&pool.id, &name, rest);
    let mut above = crumbs(&pool);
    above.push(Link::new(&name, &here("")));
    let mut view = visit.view(Some(&pool.id), &format!("Delete group {name}"), above).await;
    view.blocks.push(Block::Facts(Facts {
        id: "lost".to_owned(),
        title: "What is lost".to_owned(),
        hint: None,
        facts: vec![
            Named::text("Memberships", &members),
            Named::text("What stays", "every user who is in it"),
            Named::text("Tokens", "name the group until they are next issued or refreshed"),
            Named::text("Undo", &undo),
        ],
        links: Vec::new(),
    }));
    let form = Form::new("delete", &here("/delete"), "Delete group", vec![promised]).destroying().or_cancel(&here(""));
    view.blocks.push(Block::Form(form));
    Ok(visit.show(view))
}

pub async fn delete(Path((id, name)): Path<(String, String)>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let promised = was_promised(&posted);
    let mut visit = posted.visit;
    let what = What { kind: Kind::Group, pool: &pool.id, target: &name };
    let calls = [("DeleteGroup", json!({ "UserPoolId": pool.id, "GroupName": name }))];
    match destroy::perform(&mut visit, &what, promised, &calls).await {
        Ok(()) => {
            let said = format!("Group {name} was deleted. Its members stay.");
            Ok(visit.go_undoable(&paths::pool(&pool.id, "/groups"), &said))
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}
