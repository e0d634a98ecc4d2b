//! What a settings form is about to change: the page that shows it before more than one member is written, and the mark by which
//! a change by somebody else meanwhile is noticed. Called by the pages whose forms edit what is there.

use super::view::{Block, Field, Form, Table, Value};
use super::visit::Posted;

/// The hidden field with the version that the form was filled from.
pub const VERSION: &str = "version";
/// The hidden field that says that the changes were looked at.
pub const SEEN: &str = "seen";

/// What is said over a form that somebody else was faster than.
pub const MEANWHILE: &str = "Somebody else made a change after this page was opened, and nothing was saved. \
     Save again to overwrite with what stands here, or open the page again to see what is there now.";

/// One member and its values, "" for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub name: String,
    pub from: String,
    pub to: String,
}

/// Whether the object was changed since the form was drawn.
pub fn meanwhile(posted: &Posted, version: &str) -> bool {
    posted.text(VERSION) != version
}

/// Whether the changes are to be shown first: more than one, and not seen yet.
pub fn to_be_seen(posted: &Posted, changes: &[Change]) -> bool {
    changes.len() > 1 && !posted.ticked(SEEN)
}

/// The changes side by side, and the form that writes them; `fields` carry what was typed.
pub fn review(changes: &[Change], action: &str, submit: &str, mut fields: Vec<Field>) -> Vec<Block> {
    let value = |text: &str| if text.is_empty() { Value::none("none") } else { Value::text(text) };
    let row = |change: &Change| vec![Value::copy(&change.name), value(&change.from), value(&change.to)];
    fields.push(Field::hidden(SEEN, "true"));
    vec![
        Block::Table(Table {
            id: "changes".to_owned(),
            caption: "What changes".to_owned(),
            columns: ["Member", "Now", "Then"].map(str::to_owned).to_vec(),
            rows: changes.iter().map(row).collect(),
            next: None,
            first: None,
        }),
        Block::Form(Form::new("review", action, submit, fields).or_cancel(action)),
    ]
}
