//! The interpreter of the constraint table: every violation of a request, in Cognito's words. Used by `decode`.
//!
//! Forms observed on cognito-idp: a scalar's own message; `schema.1.member.name` inside a list of structures; one
//! `Member must satisfy constraint: […]` for a whole list of scalars, naming every constraint of the item. The forms
//! for maps (`Map keys …`, `Map value …`) were observed on other AWS services of this stack.

use serde_json::{Map, Value};

use crate::shape::{Kind, Limits, Shape};

const NOT_NULL: &str = "Member must not be null";
/// Violations reported at most. A body of a megabyte can hold 300,000 empty structures; a sentence for each would let
/// a small request cause a reply thirty times its size.
const MAX_VIOLATIONS: usize = 100;

/// The message of `InvalidParameterException`, if the value violates anything. `value` has passed the type check.
pub fn check(shape: &Shape, value: &Value) -> Option<String> {
    let mut report = Report { violations: Vec::new() };
    report.members(shape, value, "", false);
    let count = report.violations.len();
    let plural = if count == 1 { "error" } else { "errors" };
    (count > 0).then(|| format!("{count} validation {plural} detected: {}", report.violations.join("; ")))
}

struct Report {
    violations: Vec<String>,
}

impl Report {
    fn add(&mut self, shown: &Shown<'_>, path: &str, constraint: &str) {
        if self.violations.len() < MAX_VIOLATIONS {
            let value = shown.text();
            self.violations.push(format!("Value{value} at '{path}' failed to satisfy constraint: {constraint}"));
        }
    }

    /// The members of a structure, in the model's order. `secret`: something around the structure is sensitive.
    fn members(&mut self, shape: &Shape, value: &Value, path: &str, secret: bool) {
        let Kind::Struct(members) = &shape.kind else {
            return;
        };
        for member in *members {
            let mut name = member.name.to_owned();
            // Only the first letter is lowered: `callbackURLs`, and so `uICustomization`.
            if let Some(first) = name.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            let path = if path.is_empty() { name } else { format!("{path}.{name}") };
            match value.get(member.name) {
                Some(inner) => self.value(member.shape, inner, &path, secret),
                None if member.required => {
                    let secret = secret || member.shape.sensitive;
                    self.add(&Shown { shape: member.shape, value: &Value::Null, secret }, &path, NOT_NULL);
                }
                None => {}
            }
        }
    }

    fn value(&mut self, shape: &Shape, value: &Value, path: &str, secret: bool) {
        let secret = secret || shape.sensitive;
        let shown = Shown { shape, value, secret };
        if value.is_null() {
            // Only a list item can be null here.
            self.add(&shown, path, NOT_NULL);
            return;
        }
        for constraint in violated(shape, value) {
            self.add(&shown, path, &constraint);
        }
        match (&shape.kind, value) {
            (Kind::Struct(_), _) => self.members(shape, value, path, secret),
            (Kind::List(of), Value::Array(items)) => self.items(of, items, &shown, path),
            (Kind::Map(key, of), Value::Object(map)) => self.entries((key, of), map, &shown, path),
            _ => {}
        }
    }

    fn items(&mut self, of: &Shape, items: &[Value], list: &Shown<'_>, path: &str) {
        if of.is_scalar() {
            if items.iter().any(|item| item.is_null() || !violated(of, item).is_empty()) {
                let constraint = format!("Member must satisfy constraint: [{}]", all(of));
                self.add(list, path, &constraint);
            }
            return;
        }
        for (i, item) in items.iter().enumerate() {
            if self.violations.len() >= MAX_VIOLATIONS {
                return;
            }
            self.value(of, item, &format!("{path}.{}.member", i + 1), list.secret);
        }
    }

    fn entries(&mut self, (key, of): (&Shape, &Shape), map: &Map<String, Value>, shown: &Shown<'_>, path: &str) {
        let bad_key = |k: &String| !violated(key, &Value::from(k.as_str())).is_empty();
        if map.keys().any(bad_key) {
            let constraint = format!("Map keys must satisfy constraint: [{}]", all(key));
            self.add(shown, path, &constraint);
        }
        if !of.is_scalar() {
            for (k, v) in map {
                // The path through a map is uncertain: not observed.
                self.value(of, v, &format!("{path}.{k}.member"), shown.secret);
            }
        } else if map.values().any(|v| !violated(of, v).is_empty()) {
            let constraint = format!("Map value must satisfy constraint: [{}]", all(of));
            self.add(shown, path, &constraint);
        }
    }
}

/// The constraints that the value itself (not its parts) violates: pattern or enum first, then length or value.
fn violated(shape: &Shape, value: &Value) -> Vec<String> {
    let Limits { min, max } = shape.limits;
    let mut out = Vec::new();
    match (&shape.kind, value) {
        (Kind::String(Some(pattern)), Value::String(text)) if !pattern.matches(text) => out.push(matches(pattern.text)),
        (Kind::Enum(values), Value::String(text)) if !values.contains(&text.as_str()) => out.push(one_of(values)),
        _ => {}
    }
    let Some(size) = size(shape, value) else {
        return out;
    };
    out.extend(max.filter(|max| size > *max).map(|max| at_most(shape, max)));
    out.extend(min.filter(|min| size < *min).map(|min| at_least(shape, min)));
    out
}

/// What the limits bound: UTF-16 units of a string (as the service, which is written in Java, counts), decoded bytes
/// of a blob, items of a container, or the number itself.
fn size(shape: &Shape, value: &Value) -> Option<i64> {
    let count = match (&shape.kind, value) {
        (Kind::Integer { .. } | Kind::Long, Value::Number(number)) => return number.as_i64(),
        // A token of a thousand characters comes with every call of its user.
        (Kind::String(_), Value::String(text)) if text.is_ascii() => text.len(),
        (Kind::String(_), Value::String(text)) => text.encode_utf16().count(),
        (Kind::Blob, Value::String(text)) => crate::scalar::Blob::from_base64(text)?.0.len(),
        (Kind::List(_), Value::Array(items)) => items.len(),
        (Kind::Map(..), Value::Object(map)) => map.len(),
        _ => return None,
    };
    i64::try_from(count).ok()
}

/// Every constraint of an item, violated or not, as the messages for lists and maps name them.
fn all(shape: &Shape) -> String {
    let mut out = Vec::new();
    out.extend(shape.limits.max.map(|max| at_most(shape, max)));
    out.extend(shape.limits.min.map(|min| at_least(shape, min)));
    match &shape.kind {
        Kind::String(Some(pattern)) => out.push(matches(pattern.text)),
        Kind::Enum(values) => out.push(one_of(values)),
        _ => {}
    }
    if out.is_empty() {
        // Only a null item can violate an item without constraints.
        out.push(NOT_NULL.to_owned());
    }
    out.join(", ")
}

fn matches(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn one_of(values: &[&str]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}

fn at_most(shape: &Shape, max: i64) -> String {
    format!("Member must have {} less than or equal to {max}", shape.measure())
}

fn at_least(shape: &Shape, min: i64) -> String {
    format!("Member must have {} greater than or equal to {min}", shape.measure())
}

impl Shape {
    fn measure(&self) -> &'static str {
        if matches!(self.kind, Kind::Integer { .. } | Kind::Long) { "value" } else { "length" }
    }

    fn is_scalar(&self) -> bool {
        !matches!(self.kind, Kind::Struct(_) | Kind::List(_) | Kind::Map(..))
    }

    /// Whether a value of this shape may be quoted: nothing in it is sensitive, and it is flat enough to print.
    fn is_quotable(&self) -> bool {
        !self.sensitive
            && match &self.kind {
                Kind::List(of) => of.is_scalar() && of.is_quotable(),
                Kind::Map(key, of) => key.is_quotable() && of.is_scalar() && of.is_quotable(),
                Kind::Struct(_) | Kind::Document | Kind::Blob => false,
                _ => true,
            }
    }
}

/// A value as messages quote it.
struct Shown<'a> {
    shape: &'a Shape,
    value: &'a Value,
    secret: bool,
}

impl Shown<'_> {
    /// ` 'text'`, ` null`, or nothing at all: a password or token must not travel back into replies and logs.
    fn text(&self) -> String {
        match self.value {
            _ if self.secret => String::new(),
            Value::Null => " null".to_owned(),
            _ if !self.shape.is_quotable() => String::new(),
            value => format!(" '{}'", java_text(value)),
        }
    }
}

/// Java's `toString`: `[a, b]`, `{k=v}`.
fn java_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(java_text).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pairs: Vec<_> = map.iter().map(|(k, v)| format!("{k}={}", java_text(v))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}
