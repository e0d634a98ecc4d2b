//! Editing a user's attributes: every one of the pool's schema, and whether an address is verified. One call writes what changed:
//! AdminUpdateUserAttributes, in which an empty value deletes, or AdminDeleteUserAttributes where that is all.

use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use poolhouse_engine::pools::{Pool, schema};
use poolhouse_engine::users::attributes;
use poolhouse_wire::types::{AttributeDataType, SchemaAttributeType};
use serde_json::{Value as Json, json};

use super::{attributes_of, crumbs, name_of, read, refused};
use crate::console::kit::changes::{self, Change};
use crate::console::kit::json::{number, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Field, Form, Input, View};
use crate::console::kit::visit::{Answer, Posted, Visit};

type Attributes = BTreeMap<String, String>;

const ADDRESSES: [&str; 2] = ["email", "phone_number"];

fn proof_of(address: &str) -> String {
    format!("{address}_verified")
}

/// Attributes that have a text field: all but the sub and the two proofs, addresses first, custom ones last.
fn editable(pool: &Pool) -> Vec<&SchemaAttributeType> {
    let name = |entry: &SchemaAttributeType| entry.name.clone().unwrap_or_default();
    let shown = |entry: &&SchemaAttributeType| {
        let name = name(entry);
        name != "sub" && !ADDRESSES.iter().any(|address| name == proof_of(address))
    };
    let mut all: Vec<&SchemaAttributeType> = schema::of(pool).iter().filter(shown).collect();
    all.sort_by_key(|entry| {
        let name = name(entry);
        (!ADDRESSES.contains(&name.as_str()), name.contains(':'), name)
    });
    all
}

/// The attributes as the form has them: "" for none, `true` or `false` for a proof. Spaces around what is there stay; around
/// what is new they are a slip.
fn typed(posted: &Posted, pool: &Pool, now: &Attributes) -> Attributes {
    let named = |name: &str| {
        // Browsers send lines as HTML ends them.
        let raw = posted.raw(&format!("attribute.{name}")).replace("\r\n", "\n");
        let same = now.get(name).is_some_and(|value| *value == raw);
        (name.to_owned(), if same { raw } else { raw.trim().to_owned() })
    };
    let texts = editable(pool).into_iter().filter_map(|entry| entry.name.as_deref()).filter(|name| schema::mutable(pool, name));
    let proofs = ADDRESSES.iter().map(|address| {
        let name = proof_of(address);
        let ticked = posted.ticked(&format!("attribute.{name}"));
        (name, ticked.to_string())
    });
    texts.map(named).chain(proofs).collect()
}

/// What saving would change. A new address takes its box along, so that the proof of the old one is not taken for its own.
fn changed(now: &Attributes, then: &Attributes) -> Vec<Change> {
    let was = |name: &str| now.get(name).map(String::as_str).unwrap_or_default();
    let will = |name: &str| then.get(name).map(String::as_str).unwrap_or_default();
    let proof = |name: &str| ADDRESSES.iter().find(|address| name == proof_of(address)).copied();
    let differs = |name: &str| match proof(name) {
        Some(address) if will(address).is_empty() => false,
        Some(address) => was(address) != will(address) || (was(name) == "true") != (will(name) == "true"),
        None => was(name) != will(name),
    };
    let change = |name: &String| Change::of_text(name, was(name), will(name));
    then.keys().filter(|name| differs(name)).map(change).collect()
}

/// The call that makes these changes.
fn call(pool: &Pool, user: &Json, changes: &[Change]) -> (&'static str, Json) {
    let username = text(user, "Username");
    if changes.iter().all(|change| change.after().is_empty()) {
        let names: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        let input = json!({ "UserPoolId": pool.id, "Username": username, "UserAttributeNames": names });
        return ("AdminDeleteUserAttributes", input);
    }
    let pairs: Vec<Json> = changes.iter().map(|change| json!({ "Name": change.path, "Value": change.after() })).collect();
    ("AdminUpdateUserAttributes", json!({ "UserPoolId": pool.id, "Username": username, "UserAttributes": pairs }))
}

fn fields(pool: &Pool, values: &Attributes) -> Vec<Field> {
    let mut fields = Vec::new();
    for entry in editable(pool) {
        let name = entry.name.as_deref().unwrap_or_default();
        let value = values.get(name).map(String::as_str).unwrap_or_default();
        let input = if value.contains('\n') { Input::Lines } else { Input::Text };
        let mut field = Field::new(input, &format!("attribute.{name}"), name, value).at_most(2048);
        if let Some(hint) = hint(pool, entry) {
            field = field.hinting(&hint);
        }
        // An administrator may have made the user without it.
        if !value.is_empty() && attributes::deletable(pool, name).is_err() {
            field = field.must();
        }
        fields.push(if schema::mutable(pool, name) { field } else { field.frozen() });
        if ADDRESSES.contains(&name) {
            let proof = proof_of(name);
            let ticked = values.get(&proof).is_some_and(|value| value == "true");
            fields.push(Field::check(&format!("attribute.{proof}"), &format!("{name} is verified"), ticked));
        }
    }
    fields
}

fn hint(pool: &Pool, entry: &SchemaAttributeType) -> Option<String> {
    let name = entry.name.as_deref().unwrap_or_default();
    if ADDRESSES.contains(&name) && pool.keeps_original(name) {
        return Some(
            "A new one that is not marked as verified is sent a code; the old one stays until the code comes back.".to_owned(),
        );
    }
    if ADDRESSES.contains(&name) && pool.auto_verifies(name) {
        return Some("A new one that is not marked as verified is sent a code.".to_owned());
    }
    match (entry.attribute_data_type, name) {
        (_, "birthdate") => Some("YYYY-MM-DD".to_owned()),
        (Some(AttributeDataType::Number), _) => Some("A number.".to_owned()),
        (Some(AttributeDataType::Boolean), _) => Some("true or false".to_owned()),
        (Some(AttributeDataType::DateTime), _) => Some("A date, or a date with a time.".to_owned()),
        _ => None,
    }
}

async fn page(visit: &mut Visit, pool: &Pool, user: &Json, values: &Attributes) -> (View, Form) {
    let username = text(user, "Username");
    let mut view = visit.view(Some(&pool.id), &format!("Edit attributes of {}", name_of(pool, user)), crumbs(pool, user)).await;
    view.lead = Some("What is left empty is deleted. What is not changed is not written.".to_owned());
    let mut fields = fields(pool, values);
    fields.push(Field::hidden(changes::VERSION, &number(user, "UserLastModifiedDate")));
    let form = Form::new("attributes", &paths::user(&pool.id, username, "/attributes"), "Save attributes", fields);
    (view, form.or_cancel(&paths::user(&pool.id, username, "")))
}

pub async fn get(visit: Visit, Path((id, username)): Path<(String, String)>) -> Answer {
    let (visit, pool) = visit.enter(&id).await?;
    let (mut visit, user) = read(visit, &pool, &username).await?;
    let now = attributes_of(&user);
    // Nothing is typed yet: the call that would write what is there.
    let same: Vec<Change> = now
        .iter()
        .filter(|(name, _)| schema::mutable(&pool, name) && name.as_str() != "sub")
        .map(|(name, value)| Change::of_text(name, value, value))
        .collect();
    if !same.is_empty() {
        let (operation, input) = call(&pool, &user, &same);
        visit.would_call(operation, &input);
    }
    let (mut view, form) = page(&mut visit, &pool, &user, &now).await;
    view.blocks.push(Block::Form(form));
    Ok(visit.show(view))
}

pub async fn post(Path((id, username)): Path<(String, String)>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let Posted { visit, form } = posted;
    let (visit, user) = read(visit, &pool, &username).await?;
    let mut posted = Posted { visit, form };
    let now = attributes_of(&user);
    let then = typed(&posted, &pool, &now);
    let version = number(&user, "UserLastModifiedDate");
    let shown: Attributes = now.clone().into_iter().chain(then.clone()).collect();
    let home = paths::user(&pool.id, text(&user, "Username"), "");
    let list = changed(&now, &then);
    if list.is_empty() {
        return Ok(posted.visit.go(&home, "Nothing was changed: the attributes were as they are."));
    }
    let (operation, input) = call(&pool, &user, &list);
    posted.visit.would_call(operation, &input);
    if changes::meanwhile(&posted, &version) {
        let mut visit = posted.visit;
        let (mut view, form) = page(&mut visit, &pool, &user, &shown).await;
        view.blocks.push(Block::Form(form.refused(Some(changes::MEANWHILE.to_owned()))));
        return Ok(visit.show_as(StatusCode::CONFLICT, view));
    }
    if changes::to_be_seen(&posted, &list) {
        return Ok(review(posted.visit, &pool, &user, &list, &then, &version).await);
    }
    match posted.visit.call_aside(operation, input).await {
        Ok(_) => Ok(posted.visit.go(&home, "The attributes were saved.")),
        Err(error) => {
            let (mut visit, said) = posted.visit.said(&error).await?;
            let (mut view, form) = page(&mut visit, &pool, &user, &shown).await;
            view.blocks.push(Block::Form(refused(form, &error, said)));
            Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
        }
    }
}

async fn review(
    visit: Visit,
    pool: &Pool,
    user: &Json,
    list: &[Change],
    then: &Attributes,
    version: &str,
) -> axum::response::Response {
    let title = format!("Save attributes of {}?", name_of(pool, user));
    let mut view = visit.view(Some(&pool.id), &title, crumbs(pool, user)).await;
    view.lead = Some("Nothing was saved yet.".to_owned());
    // A box that is not ticked is not sent.
    let unticked = |name: &str, value: &str| ADDRESSES.iter().any(|address| name == proof_of(address)) && value != "true";
    let kept = then.iter().filter(|(name, value)| !unticked(name, value));
    let mut fields: Vec<Field> = kept.map(|(name, value)| Field::hidden(&format!("attribute.{name}"), value)).collect();
    fields.push(Field::hidden(changes::VERSION, version));
    let here = paths::user(&pool.id, text(user, "Username"), "/attributes");
    view.blocks.push(changes::table(list));
    view.blocks.push(Block::Form(changes::confirming(&here, "Save attributes", fields)));
    visit.show(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Attributes {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn names(now: &[(&str, &str)], then: &[(&str, &str)]) -> Vec<String> {
        changed(&map(now), &map(then)).into_iter().map(|change| format!("{}={}", change.path, change.after())).collect()
    }

    #[test]
    fn only_what_differs_is_written() {
        let now = [("email", "a@b.c"), ("email_verified", "true"), ("name", "Ada")];
        assert!(names(&now, &[("email", "a@b.c"), ("email_verified", "true"), ("name", "Ada"), ("nickname", "")]).is_empty());
        assert_eq!(
            names(&now, &[("email", "a@b.c"), ("email_verified", "false"), ("name", "")]),
            ["email_verified=false", "name="]
        );
        assert!(
            names(&[("email", "a@b.c")], &[("email", "a@b.c"), ("email_verified", "false")]).is_empty(),
            "absent is unproven"
        );
    }

    #[test]
    fn sec_091_a_new_address_is_written_with_its_own_proof() {
        let now = [("email", "a@b.c"), ("email_verified", "true")];
        assert_eq!(names(&now, &[("email", "x@b.c"), ("email_verified", "true")]), ["email=x@b.c", "email_verified=true"]);
        assert_eq!(names(&now, &[("email", "x@b.c"), ("email_verified", "false")]), ["email=x@b.c", "email_verified=false"]);
        assert_eq!(names(&now, &[("email", ""), ("email_verified", "true")]), ["email="]);
    }
}
