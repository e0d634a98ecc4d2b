//! Pages of destruction: what is lost and what stays, the name to type, Cancel first. Called by the pages that delete.

use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::error::Error;
use poolhouse_engine::undo::{self, Kind, Outlook};
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
    /// What an undo would put back; `None` where there is none.
    pub undo: Option<(Kind, String)>,
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
        let undo = match &self.undo {
            Some((kind, target)) => promise(&visit, &What { kind: *kind, pool: &self.pool, target }).await,
            None => Ok(("There is no undo.".to_owned(), Field::hidden(PROMISED, "none"))),
        };
        let (sentence, promised) = match undo {
            Ok(undo) => undo,
            Err(failure) => return visit.failed(&failure).await,
        };
        let mut view = visit.view(Some(&self.pool), self.submit, self.crumbs).await;
        if let Some((state, text, link)) = self.warning {
            view.blocks.push(Block::Notice { state, text, link });
        }
        view.blocks.push(Block::Facts(Facts {
            id: "lost".to_owned(),
            title: "What is lost".to_owned(),
            hint: Some(sentence),
            facts: self.lost,
            links: Vec::new(),
        }));
        view.blocks.extend(self.after);
        view.blocks.push(Block::Prose { title: Some("What stays".to_owned()), text: self.stays });
        if self.possible {
            let mut fields = self.hidden;
            fields.push(promised);
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

    /// Deletes what the page was about, by these operations ([`perform`]).
    ///
    /// # Errors
    /// As [`perform`].
    pub async fn perform(&self, visit: &mut Visit, promised: bool, calls: &[(&'static str, Json)]) -> Result<(), Error> {
        let Some((kind, target)) = &self.undo else { return Err(Error::internal("this has no undo")) };
        perform(visit, &What { kind: *kind, pool: &self.pool, target }, promised, calls).await
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

/// What would be put back by an undo: its kind, and how statements know it in its pool.
pub struct What<'a> {
    pub kind: Kind,
    pub pool: &'a str,
    pub target: &'a str,
}

/// The field that says whether the page promised an undo.
const PROMISED: &str = "undo";

/// Whether it could be undone, in a sentence, and the field that holds the page to it.
///
/// # Errors
/// The store's.
pub async fn promise(visit: &Visit, what: &What<'_>) -> Result<(String, Field), Error> {
    let outlook = undo::outlook(&visit.ctx, what.kind, what.pool, what.target).await?;
    let promised = matches!(outlook, Outlook::Days(_));
    Ok((sentence(what.kind, outlook), Field::hidden(PROMISED, if promised { "promised" } else { "none" })))
}

fn sentence(kind: Kind, outlook: Outlook) -> String {
    let sessions = match kind {
        Kind::Pool => " Its users stay signed in then.",
        Kind::User => " Sessions stay ended.",
        Kind::Client => " Refresh tokens stay revoked.",
        _ => "",
    };
    match outlook {
        Outlook::Days(days) => format!("You can undo this for {}.{sessions}", counted(usize::try_from(days).unwrap_or(0), "day")),
        Outlook::Off => "There is no undo: this instance keeps nothing that was deleted.".to_owned(),
        Outlook::TooLarge { rows, .. } if rows > undo::ROWS_MAX => {
            format!("There is no undo: this is more than {} rows.", undo::ROWS_MAX)
        }
        Outlook::TooLarge { bytes, .. } => {
            let (bytes, most) = (bytes / 1_048_576, undo::BYTES_MAX / 1_048_576);
            format!("There is no undo: about {bytes} MB are more than the {most} MB that are kept.")
        }
    }
}

/// The one way in which pages delete: what goes is kept, or the page has said that it is not.
///
/// # Errors
/// An operation's own, or that there is no undo where the page promised one; nothing was deleted then.
pub async fn perform(visit: &mut Visit, what: &What<'_>, promised: bool, calls: &[(&'static str, Json)]) -> Result<(), Error> {
    match undo::outlook(&visit.ctx, what.kind, what.pool, what.target).await? {
        Outlook::Days(_) => {}
        outlook if promised => {
            let why = sentence(what.kind, outlook);
            return Err(Error::invalid_parameter(format!(
                "Nothing was deleted. {why} Open the page again to delete all the same."
            )));
        }
        _ => visit.ctx.keep_deleted(false),
    }
    for (operation, input) in calls {
        visit.call(operation, input.clone()).await?;
    }
    Ok(())
}

/// Whether the page that was sent had promised an undo.
pub fn was_promised(posted: &Posted) -> bool {
    posted.text(PROMISED) == "promised"
}
