//! From a request body to a value the generated input type accepts: strict JSON, then types, then constraints.
//! Called by the server's dispatcher for every operation; the texts are those of the AWS JSON 1.1 front end (observed).

use serde_json::{Map, Value};

use crate::constraint;
use crate::generated::errors::ErrorCode;
use crate::operation::Operation;
use crate::scalar::Blob;
use crate::shape::{Kind, Shape};
use crate::strict;

const LIST_NOT_EXPECTED: &str = "Start of list found where not expected";
const MAP_NOT_EXPECTED: &str = "Start of structure or map found where not expected.";

/// Why a request was refused before its operation ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// `SerializationException` for syntax and types, `InvalidParameterException` for constraints.
    pub code: ErrorCode,
    /// Absent where the front end sends `__type` alone.
    pub message: Option<String>,
}

impl Rejection {
    fn serialization(message: Option<&str>) -> Self {
        Self { code: ErrorCode::SerializationException, message: message.map(str::to_owned) }
    }
}

/// Reads and validates the body of a request for `operation`.
///
/// The value holds exactly the members the model knows, none of them null; `serde_json::from_value` into the
/// operation's input type succeeds. A type error hides every constraint error; of constraint errors all are reported,
/// in the model's order, and never with a sensitive value.
pub fn decode(operation: &Operation, body: &[u8]) -> Result<Value, Rejection> {
    let value = strict::parse(body).map_err(|_| Rejection::serialization(None))?;
    let value = match value {
        Value::Object(_) => coerce(operation.shape, value)?,
        Value::Array(_) => return Err(Rejection::serialization(Some(LIST_NOT_EXPECTED))),
        _ => return Err(Rejection::serialization(None)),
    };
    match constraint::check(operation.shape, &value) {
        Some(message) => Err(Rejection { code: ErrorCode::InvalidParameterException, message: Some(message) }),
        None => Ok(value),
    }
}

/// Checks the JSON type and brings the value into the form the generated type reads. `value` is not null, except as
/// a list item.
fn coerce(shape: &Shape, value: Value) -> Result<Value, Rejection> {
    match &shape.kind {
        Kind::Document => Ok(value),
        Kind::Struct(members) => {
            let mut given = object(value)?;
            let mut known = Map::new();
            for member in *members {
                match given.remove(member.name) {
                    None | Some(Value::Null) => {
                        if matches!(member.shape.kind, Kind::Integer { primitive: true }) {
                            known.insert(member.name.to_owned(), Value::from(0));
                        }
                    }
                    Some(inner) => {
                        known.insert(member.name.to_owned(), coerce(member.shape, inner)?);
                    }
                }
            }
            Ok(Value::Object(known))
        }
        Kind::Map(_, of) => {
            // A null value is dropped as a null member is (uncertain: not observed on a map).
            let given = object(value)?.into_iter().filter(|(_, inner)| !inner.is_null());
            let read = given.map(|(key, inner)| Ok((key, coerce(of, inner)?)));
            Ok(Value::Object(read.collect::<Result<_, _>>()?))
        }
        Kind::List(of) => match value {
            // A null item stays, for the constraints to report.
            Value::Array(items) => {
                let read = items.into_iter().map(|item| if item.is_null() { Ok(item) } else { coerce(of, item) });
                Ok(Value::Array(read.collect::<Result<_, _>>()?))
            }
            _ => Err(Rejection::serialization(Some("Expected list or null"))),
        },
        _ => scalar(shape, value),
    }
}

fn object(value: Value) -> Result<Map<String, Value>, Rejection> {
    match value {
        Value::Object(map) => Ok(map),
        Value::Array(_) => Err(Rejection::serialization(Some(LIST_NOT_EXPECTED))),
        _ => Err(Rejection::serialization(Some("Expected null"))),
    }
}

fn scalar(shape: &Shape, value: Value) -> Result<Value, Rejection> {
    match (&shape.kind, &value) {
        (_, Value::Array(_)) => Err(Rejection::serialization(Some(LIST_NOT_EXPECTED))),
        (_, Value::Object(_)) => Err(Rejection::serialization(Some(MAP_NOT_EXPECTED))),
        (Kind::String(_) | Kind::Enum(_), Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => Ok(value),
        (Kind::Timestamp, Value::Number(_)) => Ok(value),
        (Kind::Blob, Value::String(text)) if Blob::from_base64(text).is_some() => Ok(value),
        (Kind::Integer { .. }, Value::Number(number)) => integer(number, i32::MIN.into(), i32::MAX.into()),
        (Kind::Long, Value::Number(number)) => integer(number, i64::MIN, i64::MAX),
        (Kind::Blob, Value::String(_)) => Err(Rejection::serialization(None)),
        (kind, _) => {
            let found = match value {
                Value::String(_) => "STRING_VALUE",
                Value::Bool(true) => "TRUE_VALUE",
                Value::Bool(false) => "FALSE_VALUE",
                _ => "NUMBER_VALUE",
            };
            let wanted = match kind {
                Kind::Integer { .. } => "an Integer",
                // The names below are uncertain: only String and Integer were observed.
                Kind::Long => "a Long",
                Kind::Boolean => "a Boolean",
                Kind::Timestamp => "a Timestamp",
                _ => "a String",
            };
            Err(Rejection::serialization(Some(&format!("{found} can not be converted to {wanted}"))))
        }
    }
}

/// A number with decimals is truncated (observed); one that does not fit is refused (uncertain: message not observed).
fn integer(number: &serde_json::Number, min: i64, max: i64) -> Result<Value, Rejection> {
    // Converting a double to an integer saturates, and the bounds of i64 itself cannot be told from beyond them.
    let beyond = |value: f64| value >= i64::MAX as f64 || value < i64::MIN as f64;
    let whole = match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => Some(whole),
        (None, Some(value)) if !beyond(value) => Some(value.trunc() as i64),
        _ => None,
    };
    match whole {
        Some(whole) if (min..=max).contains(&whole) => Ok(whole.into()),
        _ => Err(Rejection::serialization(None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{TypedOperation, operation};
    use crate::ops;

    /// A value with every member and the right types; its constraints are not met.
    fn sample(shape: &Shape) -> Value {
        match &shape.kind {
            Kind::String(_) => "x".into(),
            Kind::Enum(values) => values.last().copied().into(),
            Kind::Integer { .. } | Kind::Long => 7.9.into(),
            Kind::Boolean => true.into(),
            Kind::Timestamp => 1726788459.464.into(),
            Kind::Blob => "AAEC".into(),
            Kind::Document => serde_json::json!({ "any": [null, 1] }),
            Kind::List(of) => vec![sample(of)].into(),
            Kind::Map(key, of) => {
                let key = sample(key).as_str().unwrap().to_owned();
                Value::Object([(key, sample(of))].into_iter().collect())
            }
            Kind::Struct(members) => {
                let pairs = members.iter().map(|m| (m.name.to_owned(), sample(m.shape)));
                Value::Object(pairs.collect())
            }
        }
    }

    /// Returns what was lost or changed between the constraint table and the generated type.
    fn disagreement<T: TypedOperation>() -> Option<String>
    where
        T::Input: serde::Serialize,
    {
        let row = operation(T::NAME).unwrap();
        let value = coerce(row.shape, sample(row.shape)).unwrap();
        match serde_json::from_value::<T::Input>(value.clone()) {
            Ok(input) if serde_json::to_value(&input).unwrap() == value => None,
            Ok(_) => Some(format!("{}: does not round-trip", T::NAME)),
            Err(error) => Some(format!("{}: {error}", T::NAME)),
        }
    }

    #[test]
    fn what_coerce_lets_through_every_input_type_accepts() {
        macro_rules! disagreements {
            ($($name:ident),*) => { vec![$(disagreement::<ops::$name>()),*] };
        }
        let all = crate::generated::operations::every_operation!(disagreements);
        assert_eq!(all.len(), 141);
        let found: Vec<String> = all.into_iter().flatten().collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}
