//! The JSON Schema of a seed file, for editors: made of the table that files are checked with and of the model's shapes, so that
//! it cannot say anything else. `docs/poolhouse.schema.json` is a copy that a test compares. Called by the command line.

use std::collections::BTreeMap;

use poolhouse_wire::shape::{Kind, Member, Shape};
use serde_json::{Map, Value, json};

use super::form::{Field, Form, SEED};

/// The schema as text.
#[must_use]
pub fn text() -> String {
    let mut shapes = BTreeMap::new();
    let mut schema = form(&SEED, &mut shapes);
    let definitions: Map<String, Value> = shapes.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
        schema.insert("title".to_owned(), "Seed file of Poolhouse, version 1".into());
        schema.insert("definitions".to_owned(), Value::Object(definitions));
    }
    // Sorted whatever the map's own order is.
    format!("{:#}\n", sorted(schema))
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let ordered: BTreeMap<String, Value> = members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

type Shapes = BTreeMap<&'static str, Value>;

fn form(form: &Form, shapes: &mut Shapes) -> Value {
    match form {
        Form::Version => json!({ "const": 1 }),
        Form::Text | Form::Secret => json!({ "type": "string" }),
        Form::Flag => json!({ "type": "boolean" }),
        Form::OneOf(values) => json!({ "enum": values }),
        Form::Texts => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Form::List(of) => json!({ "type": "array", "items": self::form(of, shapes) }),
        Form::Fields(known) => fields(known, shapes),
        Form::Settings(settings) => {
            let members: Vec<&Member> = settings.members().collect();
            structure(&members, shapes)
        }
        // Refused: an editor shows it as an unknown key.
        Form::NotBuilt => Value::Bool(false),
    }
}

fn fields(fields: &[Field], shapes: &mut Shapes) -> Value {
    let mut properties = Map::new();
    for field in fields.iter().filter(|field| !matches!(field.form, Form::NotBuilt)) {
        let mut schema = form(&field.form, shapes);
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), field.about.into());
        }
        properties.insert(field.name.to_owned(), schema);
    }
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn structure(members: &[&Member], shapes: &mut Shapes) -> Value {
    let mut properties = Map::new();
    for member in members {
        properties.insert(member.name.to_owned(), named(member.shape, shapes));
    }
    let required: Vec<&str> = members.iter().filter(|member| member.required).map(|member| member.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A shape of the model, defined once.
fn named(shape: &'static Shape, shapes: &mut Shapes) -> Value {
    if !shapes.contains_key(shape.name) {
        // Before its parts, which may lead back to it.
        shapes.insert(shape.name, Value::Null);
        let schema = of_shape(shape, shapes);
        shapes.insert(shape.name, schema);
    }
    json!({ "$ref": format!("#/definitions/{}", shape.name) })
}

fn of_shape(shape: &'static Shape, shapes: &mut Shapes) -> Value {
    let (kind, bounds) = match &shape.kind {
        Kind::Struct(members) => return structure(&members.iter().collect::<Vec<_>>(), shapes),
        Kind::Document => return json!({}),
        Kind::Enum(values) => return json!({ "enum": values }),
        Kind::Boolean => return json!({ "type": "boolean" }),
        Kind::Timestamp => return json!({ "type": "number" }),
        Kind::Blob => return json!({ "type": "string" }),
        Kind::String(_) => (json!({ "type": "string" }), ("minLength", "maxLength")),
        Kind::Integer { .. } | Kind::Long => (json!({ "type": "integer" }), ("minimum", "maximum")),
        Kind::List(of) => (json!({ "type": "array", "items": named(of, shapes) }), ("minItems", "maxItems")),
        Kind::Map(_, of) => {
            (json!({ "type": "object", "additionalProperties": named(of, shapes) }), ("minProperties", "maxProperties"))
        }
    };
    let mut schema = kind;
    for (name, bound) in [(bounds.0, shape.limits.min), (bounds.1, shape.limits.max)] {
        if let (Some(schema), Some(bound)) = (schema.as_object_mut(), bound) {
            schema.insert(name.to_owned(), bound.into());
        }
    }
    schema
}
