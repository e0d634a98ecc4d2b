//! Reading what operations answer, for pages: absent members read as nothing. Called by the pages.

use serde_json::Value as Json;

use super::view::Value;
use crate::pages::fields::Moment;

/// A text; empty where there is none.
pub fn text<'a>(from: &'a Json, name: &str) -> &'a str {
    from.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// A list of texts; empty where there is none.
pub fn texts(from: &Json, name: &str) -> Vec<String> {
    list(from, name).iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

/// A list; empty where there is none.
pub fn list<'a>(from: &'a Json, name: &str) -> &'a [Json] {
    from.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Sets a member of an object.
pub fn put(into: &mut Json, name: &str, value: impl Into<Json>) {
    if let Some(members) = into.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

/// A number in digits; empty where there is none.
pub fn number(from: &Json, name: &str) -> String {
    from.get(name).filter(|value| value.is_number()).map(Json::to_string).unwrap_or_default()
}

/// A time of the AWS wire, in seconds since the epoch; `now` is in milliseconds.
pub fn moment(from: &Json, name: &str, now: i64) -> Value {
    match from.get(name).and_then(Json::as_f64) {
        Some(seconds) => {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit for 285 million years")]
            let at = (seconds * 1000.0) as i64;
            Value::Moment { at: Moment::of(at, now) }
        }
        None => Value::none("never"),
    }
}
