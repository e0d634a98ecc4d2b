//! The model in memory, and how it is read from botocore's JSON. Used by `idl` (text) and `rust` (code).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub struct Model {
    pub shapes: BTreeMap<String, Shape>,
    pub operations: BTreeMap<String, Operation>,
}

#[derive(Clone)]
pub struct Shape {
    pub kind: Kind,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub pattern: Option<String>,
    pub sensitive: bool,
    /// An integer that is 0, not null, when it is absent (a patch: the model does not tell).
    pub primitive: bool,
}

#[derive(Clone)]
pub enum Kind {
    String,
    Enum(Vec<String>),
    Integer,
    Long,
    Boolean,
    Timestamp,
    Blob,
    Document,
    List(String),
    Map(String, String),
    Struct(Vec<Member>),
    /// HTTP status. The members are always `message`, so they are not kept.
    Error(u16),
}

#[derive(Clone)]
pub struct Member {
    pub name: String,
    pub shape: String,
    pub required: bool,
}

pub struct Operation {
    /// `public`, `token` or `iam`.
    pub auth: String,
    pub accepts_unsigned: bool,
    pub input: String,
    pub output: Option<String>,
    pub errors: Vec<String>,
}

impl Shape {
    pub fn plain(kind: Kind) -> Self {
        Self { kind, min: None, max: None, pattern: None, sensitive: false, primitive: false }
    }
}

/// Reads what `extract.py` prints; fails on any shape or trait it does not know, so that nothing is lost silently.
pub fn from_botocore(json: &Value) -> Result<Model, String> {
    let mut model = Model { shapes: BTreeMap::new(), operations: BTreeMap::new() };
    for (name, shape) in object(json, "shapes")? {
        model.shapes.insert(name.clone(), read_shape(shape).map_err(|e| format!("shape {name}: {e}"))?);
    }
    for (name, operation) in object(json, "operations")? {
        let read = read_operation(operation, &model).map_err(|e| format!("operation {name}: {e}"))?;
        model.operations.insert(name.clone(), read);
    }
    Ok(model)
}

fn read_shape(json: &Value) -> Result<Shape, String> {
    const KNOWN: [&str; 16] = [
        "type",
        "members",
        "required",
        "min",
        "max",
        "pattern",
        "enum",
        "sensitive",
        "member",
        "key",
        "value",
        "exception",
        "fault",
        "document",
        "box",
        "error",
    ];
    if let Some(unknown) = json.as_object().and_then(|o| o.keys().find(|k| !KNOWN.contains(&k.as_str()))) {
        return Err(format!("unknown trait {unknown}"));
    }
    let flag = |name: &str| json.get(name).and_then(Value::as_bool).unwrap_or(false);
    let kind = match text(json, "type")?.as_str() {
        "string" if json.get("enum").is_some() => Kind::Enum(strings(json, "enum")),
        "string" => Kind::String,
        "integer" => Kind::Integer,
        "long" => Kind::Long,
        "boolean" => Kind::Boolean,
        "timestamp" => Kind::Timestamp,
        "blob" => Kind::Blob,
        "structure" if flag("document") => Kind::Document,
        "structure" if flag("exception") => Kind::Error(if flag("fault") { 500 } else { 400 }),
        "structure" => Kind::Struct(members(json)?),
        "list" => Kind::List(target(json, "member")?),
        "map" => Kind::Map(target(json, "key")?, target(json, "value")?),
        other => return Err(format!("unknown type {other}")),
    };
    Ok(Shape {
        kind,
        min: json.get("min").and_then(Value::as_i64),
        max: json.get("max").and_then(Value::as_i64),
        pattern: json.get("pattern").and_then(Value::as_str).map(str::to_owned),
        sensitive: flag("sensitive"),
        primitive: false,
    })
}

fn members(json: &Value) -> Result<Vec<Member>, String> {
    let required: BTreeSet<String> = strings(json, "required").into_iter().collect();
    let list = json.get("members").and_then(Value::as_array).ok_or("members are missing")?;
    let read = |member: &Value| {
        let name = text(member, "name")?;
        Ok(Member { required: required.contains(&name), shape: text(member, "shape")?, name })
    };
    list.iter().map(read).collect()
}

fn read_operation(json: &Value, model: &Model) -> Result<Operation, String> {
    let input = target(json, "input")?;
    let unsigned = json.get("authtype").and_then(Value::as_str) == Some("none");
    let has_token = match model.shapes.get(&input).map(|s| &s.kind) {
        Some(Kind::Struct(members)) => members.iter().any(|m| m.name == "AccessToken"),
        _ => return Err(format!("input {input} is no structure")),
    };
    let auth = match (unsigned, has_token) {
        (true, true) => "token",
        (true, false) => "public",
        (false, _) => "iam",
    };
    let errors = json.get("errors").and_then(Value::as_array).ok_or("errors are missing")?;
    Ok(Operation {
        auth: auth.to_owned(),
        accepts_unsigned: unsigned,
        input,
        output: json.get("output").map(|o| text(o, "shape")).transpose()?,
        errors: errors.iter().map(|e| text(e, "shape")).collect::<Result<_, _>>()?,
    })
}

fn object<'a>(json: &'a Value, name: &str) -> Result<&'a serde_json::Map<String, Value>, String> {
    json.get(name).and_then(Value::as_object).ok_or_else(|| format!("{name} is missing"))
}

fn text(json: &Value, name: &str) -> Result<String, String> {
    json.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("{name} is missing"))
}

fn target(json: &Value, name: &str) -> Result<String, String> {
    json.get(name).ok_or_else(|| format!("{name} is missing")).and_then(|t| text(t, "shape"))
}

fn strings(json: &Value, name: &str) -> Vec<String> {
    let list = json.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
