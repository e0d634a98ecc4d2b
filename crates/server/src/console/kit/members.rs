//! Forms whose fields are members of an operation's input, named by their path (`Policies.PasswordPolicy.MinimumLength`):
//! fields are filled from a document, what was posted goes back into it with the model's types,
//! and a refusal is said at the field it names. Called by every page that makes or changes something.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use poolhouse_wire::{Kind, Shape, operation};
use serde_json::{Map, Value as Json};

use super::view::{Choice, Field, Input};
use super::visit::Posted;

/// The value at a path; `None` where a member on the way is absent.
pub fn at<'a>(object: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(object, |object, name| object.get(name))
}

/// A text, a number or a boolean as it is typed; empty where there is none.
pub fn text_at(object: &Json, path: &str) -> String {
    match at(object, path) {
        Some(Json::String(text)) => text.clone(),
        Some(value @ (Json::Number(_) | Json::Bool(_))) => value.to_string(),
        _ => String::new(),
    }
}

/// The texts of a list; empty where there is none.
pub fn texts_at(object: &Json, path: &str) -> Vec<String> {
    let items = at(object, path).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

/// Sets the member at a path, or takes it away, with the structures that were there for it alone.
pub fn put(object: &mut Json, path: &str, value: Option<Json>) {
    let Some(members) = object.as_object_mut() else { return };
    match (path.split_once('.'), value) {
        (None, Some(value)) => {
            members.insert(path.to_owned(), value);
        }
        (None, None) => {
            members.remove(path);
        }
        (Some((_, _)), None) if at(&Json::Object(members.clone()), path).is_none() => {}
        (Some((name, rest)), value) => {
            let inner = members.entry(name).or_insert_with(|| Json::Object(Map::new()));
            put(inner, rest, value);
            if inner.as_object().is_some_and(Map::is_empty) {
                members.remove(name);
            }
        }
    }
}

/// One line of text.
pub fn text(object: &Json, path: &str, label: &str) -> Field {
    Field::text(path, label, &text_at(object, path))
}

pub fn number(object: &Json, path: &str, label: &str) -> Field {
    Field::new(Input::Number, path, label, &text_at(object, path))
}

/// A boolean.
pub fn check(object: &Json, path: &str, label: &str) -> Field {
    Field::check(path, label, at(object, path).and_then(Json::as_bool).unwrap_or_default())
}

/// A text of several lines, a list with one item a line, or a map with one `name = value` a line.
pub fn lines(object: &Json, path: &str, label: &str) -> Field {
    let value = match at(object, path) {
        Some(Json::Array(_)) => texts_at(object, path).join("\n"),
        Some(Json::Object(map)) => {
            let line = |(name, value): (&String, &Json)| format!("{name} = {}", value.as_str().unwrap_or_default());
            map.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        _ => text_at(object, path),
    };
    Field::new(Input::Lines, path, label, &value)
}

/// One of several values, each with its label and perhaps a line about it; `(value, label, hint)`. What is set and is not
/// among them stands beside them, so that saving does not take it away.
pub fn one_of(input: Input, object: &Json, path: &str, label: &str, choices: &[(&str, &str, &str)]) -> Field {
    Field::one_of(input, path, label, offered(choices, &[text_at(object, path)]))
}

/// Any of several values; as [`one_of`].
pub fn any_of(object: &Json, path: &str, label: &str, choices: &[(&str, &str, &str)]) -> Field {
    Field::one_of(Input::Checks, path, label, offered(choices, &texts_at(object, path)))
}

fn offered(choices: &[(&str, &str, &str)], chosen: &[String]) -> Vec<Choice> {
    let known = choices.iter().map(|(value, label, hint)| {
        let choice = Choice::new(value, label, chosen.iter().any(|one| one == value));
        if hint.is_empty() { choice } else { choice.hinting(hint) }
    });
    let is_known = |value: &str| choices.iter().any(|(one, ..)| *one == value);
    let others = chosen.iter().filter(|value| !is_known(value)).map(|value| match value.as_str() {
        "" => Choice::new("", "Not set", true),
        value => Choice::new(value, value, true),
    });
    known.chain(others).collect()
}

/// Writes what was posted for these fields into `object`, the input of `operation`. Fields that are fixed, and those whose
/// name is no path of the input, are left to the page.
pub fn take(object: &mut Json, operation_name: &str, fields: &[Field], form: &Posted) {
    let Some(input) = operation(operation_name) else { return };
    for field in fields.iter().filter(|field| !field.fixed) {
        if let Some(shape) = shape_at(input.shape, &field.name) {
            let value = typed(shape, field, form, at(object, &field.name));
            put(object, &field.name, value);
        }
    }
}

/// The shape of a member of an operation's input, by its path.
pub fn shape_at(shape: &'static Shape, path: &str) -> Option<&'static Shape> {
    path.split('.').try_fold(shape, |shape, name| match &shape.kind {
        Kind::Struct(members) => members.iter().find(|member| member.name == name).map(|member| member.shape),
        _ => None,
    })
}

/// What a field says, as the model types it; `None` for nothing. What means the same as `before` is `before`: saving a form
/// that nobody touched changes nothing.
fn typed(shape: &Shape, field: &Field, form: &Posted, before: Option<&Json>) -> Option<Json> {
    let text = form.text(&field.name).replace("\r\n", "\n");
    match (&shape.kind, field.input) {
        (Kind::Boolean, Input::Check) => match (!text.is_empty(), before) {
            (false, None) => None,
            (ticked, _) => Some(Json::Bool(ticked)),
        },
        (Kind::Boolean, _) => (!text.is_empty()).then(|| Json::Bool(text == "true")),
        // What is no number goes as it was typed, for the operation to refuse.
        (Kind::Integer { .. } | Kind::Long, _) => {
            (!text.is_empty()).then(|| text.parse::<i64>().map_or_else(|_| Json::from(text), Json::from))
        }
        (Kind::List(_), input) => {
            let boxes = matches!(input, Input::Checks | Input::Column);
            let items = if boxes { in_order(form.all(&field.name), before) } else { form.lines(&field.name) };
            if items.is_empty() && before.is_none() { None } else { Some(Json::from(items)) }
        }
        (Kind::Map(..), _) => {
            let pair = |line: String| {
                let (name, value) = line.split_once('=').unwrap_or((&line, ""));
                (name.trim().to_owned(), Json::from(value.trim()))
            };
            let map: Map<String, Json> = form.lines(&field.name).into_iter().map(pair).collect();
            if map.is_empty() && before.is_none() { None } else { Some(Json::Object(map)) }
        }
        _ => match before.and_then(Json::as_str) {
            Some(before) if before.replace("\r\n", "\n").trim() == text => Some(Json::from(before)),
            _ => (!text.is_empty()).then(|| Json::from(text)),
        },
    }
}

/// Boxes come in the page's order; those that were ticked before keep theirs.
fn in_order(ticked: Vec<String>, before: Option<&Json>) -> Vec<String> {
    let before: Vec<&str> = before.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let kept = before.iter().filter(|old| ticked.iter().any(|new| new == *old)).map(|old| (*old).to_owned());
    let new = ticked.iter().filter(|new| !before.contains(&new.as_str())).cloned();
    kept.chain(new).collect()
}

/// What `operation` takes of a document that was described: all it can set. Sent back whole, nothing is reset by omission.
pub fn writable(operation_name: &str, described: &Json) -> Json {
    let Some(Kind::Struct(members)) = operation(operation_name).map(|operation| &operation.shape.kind) else {
        return Json::Object(Map::new());
    };
    let kept = members.iter().filter_map(|member| Some((member.name.to_owned(), described.get(member.name)?.clone())));
    Json::Object(kept.collect())
}

/// A short name of a document's content: the same as long as it is not changed.
pub fn digest(document: &Json) -> String {
    let mut hasher = DefaultHasher::new();
    document.to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Says a refusal at the fields it speaks of: those that the model's sentence names (`… at 'callbackURLs.1.member' …`), and
/// those with a line that it quotes.
pub fn blame(fields: &mut [Field], said: &str) {
    let lower = said.to_ascii_lowercase();
    for field in fields {
        let name = field.name.to_ascii_lowercase();
        let named = lower.contains(&format!("at '{name}'")) || lower.contains(&format!("at '{name}."));
        let quoted = field.input == Input::Lines
            && field.value.lines().map(str::trim).any(|line| line.len() > 3 && said.split(' ').any(|word| word == line));
        if named || quoted {
            field.error = Some(said.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_set_and_taken_away_by_path() {
        let mut object = json!({ "A": { "B": 1 } });
        put(&mut object, "A.C.D", Some(json!("x")));
        assert_eq!(object, json!({ "A": { "B": 1, "C": { "D": "x" } } }));
        put(&mut object, "A.C.D", None);
        put(&mut object, "X.Y", None);
        assert_eq!(object, json!({ "A": { "B": 1 } }));
        assert_eq!((text_at(&object, "A.B"), at(&object, "A.B.C")), ("1".to_owned(), None));
    }

    #[test]
    fn a_refusal_is_said_at_the_field_it_names() {
        let mut fields = vec![
            Field::new(Input::Lines, "CallbackURLs", "", "https://a.example\nhttp://b.example"),
            Field::text("ClientName", "", ""),
            Field::text("Name", "", ""),
        ];
        blame(&mut fields, "1 validation error detected: Value '' at 'clientName' failed to satisfy constraint: …");
        let wrong = |fields: &[Field]| fields.iter().map(|field| field.error.is_some()).collect::<Vec<_>>();
        assert_eq!(wrong(&fields), [false, true, false]);
        blame(&mut fields, "http://b.example cannot use the HTTP protocol.");
        assert_eq!(wrong(&fields), [true, true, false]);
    }

    #[test]
    fn all_that_can_be_set_is_sent_back() {
        let described =
            json!({ "UserPoolId": "p", "ClientId": "c", "ClientSecret": "s", "CreationDate": 1.0, "CallbackURLs": [] });
        let sent = writable("UpdateUserPoolClient", &described);
        assert_eq!(sent, json!({ "UserPoolId": "p", "ClientId": "c", "CallbackURLs": [] }));
    }
}
