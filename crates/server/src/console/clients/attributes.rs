//! Which attributes an app client may read and write: one settings form, a table.

use axum::extract::Path;
use poolhouse_engine::error::Error;
use serde_json::{Value as Json, json};

use super::Ids;
use crate::console::kit::edit::{self, Settings, Subject};
use crate::console::kit::json::{list, text};
use crate::console::kit::members::{any_of, at, put, texts_at};
use crate::console::kit::view::{Block, Field, State};
use crate::console::kit::visit::{Answer, Posted, Visit};

const READ: &str = "ReadAttributes";
const WRITE: &str = "WriteAttributes";

/// The attributes of a pool, as permissions know them.
pub struct Attributes {
    readable: Vec<String>,
    writable: Vec<String>,
    /// Written by an app that does not say.
    standard: Vec<String>,
    required: Vec<String>,
    /// Set once: at sign-up or by an administrator.
    fixed: Vec<String>,
}

impl Attributes {
    async fn of(visit: &Visit, pool: &str) -> Result<Self, Error> {
        let answer = visit.call_aside("DescribeUserPool", json!({ "UserPoolId": pool })).await?;
        let schema = answer.get("UserPool").map(|pool| list(pool, "SchemaAttributes")).unwrap_or_default();
        let names = |keep: &dyn Fn(&Json) -> bool| -> Vec<String> {
            schema.iter().filter(|one| keep(one)).map(|one| text(one, "Name").to_owned()).collect()
        };
        // Who the user is and what was proven is nobody's to write through an app.
        let ours = |name: &str| matches!(name, "sub" | "email_verified" | "phone_number_verified" | "identities");
        let developers = |name: &str| name.starts_with("dev:");
        Ok(Self {
            readable: names(&|one| text(one, "Name") != "sub" && !developers(text(one, "Name"))),
            writable: names(&|one| !ours(text(one, "Name")) && !developers(text(one, "Name"))),
            standard: names(&|one| !ours(text(one, "Name")) && !text(one, "Name").contains(':')),
            required: names(&|one| text(one, "Name") != "sub" && one.get("Required").and_then(Json::as_bool) == Some(true)),
            fixed: names(&|one| text(one, "Name") != "sub" && one.get("Mutable").and_then(Json::as_bool) == Some(false)),
        })
    }

    /// What is to be known of an attribute before its boxes are changed.
    fn note(&self, name: &str) -> &'static str {
        let is_in = |list: &[String]| list.iter().any(|one| one == name);
        match (is_in(&self.required), is_in(&self.fixed)) {
            (true, true) => "Required at sign-up; cannot be changed once it is set",
            (true, false) => "Required at sign-up",
            (false, true) => "Cannot be changed once it is set",
            (false, false) => "",
        }
    }

    /// Read or written where the client has no list.
    fn unlisted(&self, path: &str) -> &[String] {
        if path == READ { &self.readable } else { &self.standard }
    }

    /// The list in force.
    fn listed(&self, client: &Json, path: &str) -> Vec<String> {
        if at(client, path).is_some() { texts_at(client, path) } else { self.unlisted(path).to_vec() }
    }
}

pub async fn get(visit: Visit, Path((pool, client)): Ids) -> Answer {
    match Attributes::of(&visit, &pool).await {
        Ok(settings) => edit::show(visit, Subject::Client { pool, client }, settings).await,
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

pub async fn post(Path((pool, client)): Ids, posted: Posted) -> Answer {
    match Attributes::of(&posted.visit, &pool).await {
        Ok(settings) => edit::save(posted, Subject::Client { pool, client }, settings).await,
        Err(error) => Err(posted.visit.failed(&error).await.into()),
    }
}

impl Settings for Attributes {
    fn title(&self) -> &'static str {
        "Attribute permissions"
    }

    fn lead(&self) -> &'static str {
        "What this app may read of its users, and what users may change through it."
    }

    fn submit(&self) -> &'static str {
        "Save attribute permissions"
    }

    fn rest(&self) -> &'static str {
        "/attributes"
    }

    fn notices(&self, client: &Json) -> Vec<Block> {
        let mut all = Vec::new();
        if at(client, READ).is_none() || at(client, WRITE).is_none() {
            let text =
                "Where nothing is set, an app reads every attribute and writes every standard one, as ticked here.".to_owned();
            all.push(Block::Notice { state: State::Info, text, link: None });
        }
        let written = self.listed(client, WRITE);
        let missing: Vec<&str> = self.required.iter().filter(|name| !written.contains(name)).map(String::as_str).collect();
        if !missing.is_empty() {
            let text =
                format!("Users cannot sign up through this app, which may not write what is required: {}.", missing.join(", "));
            all.push(Block::Notice { state: State::Warn, text, link: None });
        }
        all
    }

    fn fields(&self, client: &Json) -> Vec<Field> {
        let field = |path: &str, label: &str, names: &[String]| {
            let chosen = json!({ path: self.listed(client, path) });
            let choices: Vec<(&str, &str, &str)> =
                names.iter().map(|name| (name.as_str(), name.as_str(), self.note(name))).collect();
            any_of(&chosen, path, label, &choices).column("Attribute")
        };
        // What is written and cannot be read has its row too.
        let mut rows = self.readable.clone();
        rows.extend(self.listed(client, WRITE).into_iter().filter(|name| !self.readable.contains(name)));
        vec![
            field(READ, "May read", &rows).hinting("In ID tokens, userInfo and GetUser. sub can always be read."),
            field(WRITE, "May write", &self.writable).hinting("At sign-up and by the users themselves."),
        ]
    }

    /// What was not set and is as it would be is left unset; what was emptied is told apart from it.
    fn settle(&self, before: &Json, client: &mut Json, form: &Posted) {
        for path in [READ, WRITE] {
            let ticked = form.all(path);
            let all = self.unlisted(path);
            let unlisted = ticked.len() == all.len() && all.iter().all(|name| ticked.contains(name));
            if at(before, path).is_none() && unlisted {
                put(client, path, None);
            } else if ticked.is_empty() {
                put(client, path, Some(json!([])));
            }
        }
    }

    fn objection(&self, client: &Json) -> Option<(&'static str, String)> {
        let empty = |path: &&str| at(client, path).and_then(Json::as_array).is_some_and(Vec::is_empty);
        let path = [READ, WRITE].into_iter().find(empty)?;
        Some((path, "Tick at least one attribute: to Cognito an empty list means the default, not nothing.".to_owned()))
    }
}
