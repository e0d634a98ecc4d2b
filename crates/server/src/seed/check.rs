//! An object of the file held against the model's limits and patterns, in Cognito's words, each violation at the line it is
//! about. Called by `seed::read` with the input that would make the object.

use poolhouse_wire::{decode, operation};

use super::problem::{At, Problem};
use super::yaml::{Node, Value};

/// Between the count and the list of violations.
const DETECTED: &str = " detected: ";
/// Before the path of a violation.
const AT: &str = " at '";

/// An object of the file, and which of its own members stands for which of the input.
pub struct Constraints<'a> {
    pub node: &'a Node,
    pub own: &'a [(&'a str, &'a str)],
}

impl Constraints<'_> {
    pub fn problems(&self, name: &'static str, input: &serde_json::Value) -> Vec<Problem> {
        let Some(operation) = operation(name) else { return vec![Problem::new(self.node.at, format!("{name} is not known"))] };
        let message = match decode(operation, input.to_string().as_bytes()) {
            Ok(_) => return Vec::new(),
            Err(rejection) => rejection.message,
        };
        // Kinds were compared before: what remains are numbers that no Integer holds, and NUL in a text.
        let message = message.unwrap_or_else(|| "a number is too large, or a text has a NUL in it".to_owned());
        let list = message.split_once(DETECTED).map_or(message.as_str(), |(_, list)| list);
        violations(list).into_iter().map(|text| Problem::new(self.place(&text), text)).collect()
    }

    /// Where the path in a violation leads, as far as the file has it.
    fn place(&self, violation: &str) -> At {
        let path = violation.split_once(AT).and_then(|(_, rest)| rest.split_once('\'')).map_or("", |(path, _)| path);
        let mut steps = path.split('.');
        let first = steps.next().unwrap_or_default();
        let own = self.own.iter().find(|(member, _)| *member == first).and_then(|(_, name)| self.node.get(name));
        let mut node = match own.or_else(|| step(self.node.get("settings")?, first)) {
            Some(node) => node,
            None => return self.node.at,
        };
        for name in steps {
            node = step(node, name).unwrap_or(node);
        }
        node.at
    }
}

/// A list of violations in its parts.
fn violations(list: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in list.split("; ") {
        match parts.last_mut() {
            // A value that is quoted may have the separator in it.
            Some(last) if !part.starts_with("Value") => last.push_str(&format!("; {part}")),
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

/// The member of a structure, whose first letter paths write small, or an item of a list, which they count from 1.
fn step<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let same = |known: &str| {
        let mut letters = known.chars();
        letters.next().is_some_and(|first| name.starts_with(first.to_ascii_lowercase()))
            && name.get(1..) == Some(letters.as_str())
    };
    let at = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match (&node.value, at) {
        (Value::List(items), Some(at)) => items.get(at),
        (Value::Map(entries), Some(at)) => entries.get(at).map(|entry| &entry.node),
        (Value::Map(entries), None) => entries.iter().find(|entry| same(&entry.name)).map(|entry| &entry.node),
        _ => None,
    }
}
