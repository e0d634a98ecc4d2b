//! What a settings form is about to change: the changes by member, the page that shows them before more than one is written, and
//! the mark by which a change by somebody else meanwhile is noticed. Called by the pages whose forms edit what is there.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::view::{Block, Field, Form, Table, Value};
use super::visit::Posted;

/// The hidden field with the version that the form was filled from.
pub const VERSION: &str = "version";
/// The hidden field that says that the changes were looked at.
pub const SEEN: &str = "seen";

/// What is said over a form that somebody else was faster than.
pub const MEANWHILE: &str = "Somebody else made a change after this page was opened, and nothing was saved. \
     Save again to overwrite with what stands here, or open the page again to see what is there now.";

/// One member and its values; `None` where it is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub path: String,
    before: Option<Json>,
    after: Option<Json>,
}

impl Change {
    /// Of a text, "" for none.
    pub fn of_text(name: &str, before: &str, after: &str) -> Self {
        let set = |text: &str| (!text.is_empty()).then(|| Json::from(text));
        Self { path: name.to_owned(), before: set(before), after: set(after) }
    }

    /// The text that it will be, "" for none.
    pub fn after(&self) -> &str {
        self.after.as_ref().and_then(Json::as_str).unwrap_or_default()
    }

    fn row(&self) -> Vec<Value> {
        vec![Value::copy(&self.path), shown(self.before.as_ref()), shown(self.after.as_ref())]
    }
}

/// The members that two documents differ in, by path.
pub fn between(before: &Json, after: &Json) -> Vec<Change> {
    let mut all = Vec::new();
    compare("", Some(before), Some(after), &mut all);
    all
}

fn compare(path: &str, before: Option<&Json>, after: Option<&Json>, into: &mut Vec<Change>) {
    if before == after {
        return;
    }
    let structure = |side: Option<&Json>| side.is_none_or(Json::is_object);
    if !(structure(before) && structure(after)) {
        into.push(Change { path: path.to_owned(), before: before.cloned(), after: after.cloned() });
        return;
    }
    let names = |side: Option<&Json>| side.and_then(Json::as_object).into_iter().flat_map(Map::keys).cloned().collect();
    let mut all: BTreeSet<String> = names(before);
    all.extend(names(after) as BTreeSet<String>);
    for name in all {
        let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        compare(&inner, before.and_then(|side| side.get(&name)), after.and_then(|side| side.get(&name)), into);
    }
}

fn shown(value: Option<&Json>) -> Value {
    match value {
        None => Value::none("not set"),
        Some(Json::Bool(on)) => Value::text(if *on { "yes" } else { "no" }),
        Some(Json::String(text)) => Value::text(text),
        Some(Json::Array(items)) if items.iter().all(Json::is_string) => {
            Value::list(items.iter().filter_map(Json::as_str).map(str::to_owned).collect(), "none")
        }
        Some(other) => Value::text(&other.to_string()),
    }
}

/// Whether the object was changed since the form was drawn.
pub fn meanwhile(posted: &Posted, version: &str) -> bool {
    posted.text(VERSION) != version
}

/// Whether the changes are to be shown first: more than one, and not seen yet.
pub fn to_be_seen(posted: &Posted, changes: &[Change]) -> bool {
    changes.len() > 1 && !posted.ticked(SEEN)
}

/// The changes side by side.
pub fn table(changes: &[Change]) -> Block {
    Block::Table(Table {
        id: "changes".to_owned(),
        caption: "What changes".to_owned(),
        columns: ["Setting", "Now", "After saving"].map(str::to_owned).to_vec(),
        rows: changes.iter().map(Change::row).collect(),
        next: None,
        first: None,
    })
}

/// The form that writes changes that were looked at; `fields` carry what was typed.
pub fn confirming(action: &str, submit: &str, mut fields: Vec<Field>) -> Form {
    fields.push(Field::hidden(SEEN, "true"));
    Form::new("review", action, submit, fields).or_cancel(action)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named_by_path() {
        let before = json!({ "A": { "B": 1, "C": ["x"] }, "D": "same" });
        let after = json!({ "A": { "B": 2, "C": ["x"] }, "D": "same", "E": { "F": true } });
        let paths: Vec<String> = between(&before, &after).into_iter().map(|change| change.path).collect();
        assert_eq!(paths, ["A.B", "E.F"]);
        assert!(between(&after, &after).is_empty());
    }
}
