//! Pages of destruction: what is lost and what stays, the name to type, Cancel first. Called by the pages that delete.

use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::error::Error;
use serde_json::{Value as Json, json};

use super::json::list;
use super::view::{Block, Facts, Field, Form, Named, State};
use super::visit::{Posted, Visit};
use crate::pages::fields::Link;

/// The field in which the name is typed.
const TYPED: &str = "confirm";
/// Pages read where something is counted.
const PAGES_MAX: usize = 50;

/// One thing that is about to be deleted.
pub struct Loss {
    pub pool: String,
    pub crumbs: Vec<Link>,
    /// The page's title and the button: `Delete user pool`.
    pub submit: &'static str,
    /// The form's address, and where Cancel leads.
    pub url: String,
    pub back: String,
    /// To be typed, where it is a pool, a domain or an app client.
    pub typed: Option<String>,
    /// What is gone afterwards, with counts.
    pub lost: Vec<Named>,
    /// What is not.
    pub stays: String,
    /// Told apart from the facts: what people overlook.
    pub warning: Option<(State, String, Option<Link>)>,
    /// Whether it may be done at all; if not, the warning says why and there is no form.
    pub possible: bool,
    /// What else the form must send.
    pub hidden: Vec<Field>,
    /// What is listed below the facts.
    pub after: Option<Block>,
}

impl Loss {
    /// Whether the name was typed.
    pub fn confirmed_by(&self, posted: &Posted) -> bool {
        self.typed.as_deref().is_none_or(|name| posted.text(TYPED) == name.trim())
    }

    /// The page; with `error`, the one that comes back.
    pub async fn show(self, visit: Visit, error: Option<String>) -> Response {
        let mut view = visit.view(Some(&self.pool), self.submit, self.crumbs).await;
        if let Some((state, text, link)) = self.warning {
            view.blocks.push(Block::Notice { state, text, link });
        }
        view.blocks.push(Block::Facts(Facts {
            id: "lost".to_owned(),
            title: "What is lost".to_owned(),
            hint: Some("There is no undo.".to_owned()),
            facts: self.lost,
            links: Vec::new(),
        }));
        view.blocks.extend(self.after);
        view.blocks.push(Block::Prose { title: Some("What stays".to_owned()), text: self.stays });
        if self.possible {
            let mut fields = self.hidden;
            if let Some(name) = &self.typed {
                let field = Field::text(TYPED, &format!("Type {name} to confirm"), "").must();
                fields.push(field.wrong(error.clone()));
            }
            let form = Form::new("delete", &self.url, self.submit, fields).destroying();
            view.blocks.push(Block::Form(form.or_cancel(&self.back).refused(error.clone())));
        } else {
            view.actions.push(Link::new("Go back", &self.back));
        }
        let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        visit.show_as(status, view)
    }

    /// The page again, because the name was not typed.
    pub async fn mistyped(self, visit: Visit) -> Response {
        let name = self.typed.clone().unwrap_or_default();
        self.show(visit, Some(format!("Type {name} exactly as it is written here. Nothing was deleted."))).await
    }
}

/// All items that a list operation gives, page by page, up to a bound far above what anybody has.
///
/// # Errors
/// The operation's own.
pub async fn all(visit: &Visit, operation: &'static str, input: &Json, member: &str) -> Result<Vec<Json>, Error> {
    let mut items = Vec::new();
    let mut input = input.clone();
    for _ in 0..PAGES_MAX {
        let page = visit.call_aside(operation, input.clone()).await?;
        items.extend_from_slice(list(&page, member));
        let Some(next) = page.get("NextToken").and_then(Json::as_str) else { break };
        super::members::put(&mut input, "NextToken", Some(json!(next)));
    }
    Ok(items)
}

/// `1 app client`, `3 app clients`.
pub fn counted(count: usize, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}
