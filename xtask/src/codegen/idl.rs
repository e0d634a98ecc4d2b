//! The IDL: facts only, one line a shape or operation, a pattern last because it may hold anything.
//! `print` and `parse` are each other's inverse; `patch` applies `model/patches.idl`. Used by `codegen`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::{Kind, Member, Model, Operation, Shape};

const HEADER: &str = "\
# The cognito-idp API as facts: names, types, limits, patterns, enums, sensitivity, authorisation, errors.
# Made by `cargo xtask codegen` from botocore; do not edit (corrections: patches.idl).
#   KIND NAME [TARGET…|VALUE…|MEMBER[!]:SHAPE…] [MIN..MAX] [sensitive] [/PATTERN/]     ! = required
#   op NAME public|token|iam INPUT OUTPUT|- ERROR…
#   error NAME STATUS
";

pub fn print(model: &Model) -> String {
    let mut out = HEADER.to_owned();
    for (name, shape) in &model.shapes {
        out.push_str(&line(name, shape));
        out.push('\n');
    }
    for (name, op) in &model.operations {
        let output = op.output.as_deref().unwrap_or("-");
        let _ = writeln!(out, "op {name} {} {} {output} {}", op.auth, op.input, op.errors.join(" "));
    }
    out
}

fn line(name: &str, shape: &Shape) -> String {
    let mut out = match &shape.kind {
        Kind::String => format!("string {name}"),
        Kind::Enum(values) => format!("enum {name} {}", values.join(" ")),
        Kind::Integer => format!("integer {name}"),
        Kind::Long => format!("long {name}"),
        Kind::Boolean => format!("boolean {name}"),
        Kind::Timestamp => format!("timestamp {name}"),
        Kind::Blob => format!("blob {name}"),
        Kind::Document => format!("document {name}"),
        Kind::List(item) => format!("list {name} {item}"),
        Kind::Map(key, value) => format!("map {name} {key} {value}"),
        Kind::Error(status) => format!("error {name} {status}"),
        Kind::Struct(members) => {
            let mut out = format!("struct {name}");
            for m in members {
                let _ = write!(out, " {}{}:{}", m.name, if m.required { "!" } else { "" }, m.shape);
            }
            out
        }
    };
    if shape.min.is_some() || shape.max.is_some() {
        let show = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        let _ = write!(out, " {}..{}", show(shape.min), show(shape.max));
    }
    if shape.sensitive {
        out.push_str(" sensitive");
    }
    if let Some(pattern) = &shape.pattern {
        let _ = write!(out, " /{pattern}/");
    }
    out
}

pub fn parse(text: &str) -> Result<Model, String> {
    let mut model = Model { shapes: BTreeMap::new(), operations: BTreeMap::new() };
    for line in facts(text) {
        let read = match line.strip_prefix("op ") {
            Some(rest) => parse_operation(rest).map(|(name, op)| model.operations.insert(name, op).is_some()),
            None => parse_shape(line).map(|(name, shape)| model.shapes.insert(name, shape).is_some()),
        };
        if read? {
            return Err(format!("named twice: {line}"));
        }
    }
    Ok(model)
}

/// Applies corrections: `pattern SHAPE /…/`, `primitive SHAPE`, `unsigned OPERATION`, `error NAME STATUS`.
/// A patch that changes nothing is stale and fails.
pub fn patch(model: &mut Model, text: &str) -> Result<(), String> {
    for line in facts(text) {
        let (verb, rest) = line.split_once(' ').ok_or_else(|| format!("patch: {line}"))?;
        let unknown = || format!("patch names nothing in the model: {line}");
        let changed = match verb {
            "pattern" => {
                let (name, pattern) = rest.split_once(' ').ok_or_else(unknown)?;
                let shape = model.shapes.get_mut(name).ok_or_else(unknown)?;
                let pattern = pattern.strip_prefix('/').and_then(|p| p.strip_suffix('/')).ok_or_else(unknown)?;
                shape.pattern.replace(pattern.to_owned()).as_deref() != Some(pattern)
            }
            "primitive" => {
                let shape = model.shapes.get_mut(rest).ok_or_else(unknown)?;
                !std::mem::replace(&mut shape.primitive, true)
            }
            "unsigned" => {
                let op = model.operations.get_mut(rest).ok_or_else(unknown)?;
                !std::mem::replace(&mut op.accepts_unsigned, true)
            }
            "error" => {
                let (name, shape) = parse_shape(line)?;
                model.shapes.insert(name, shape).is_none()
            }
            _ => return Err(format!("unknown patch: {line}")),
        };
        if !changed {
            return Err(format!("stale patch, the model says so already: {line}"));
        }
    }
    Ok(())
}

fn facts(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn parse_operation(rest: &str) -> Result<(String, Operation), String> {
    let mut words = rest.split(' ').map(str::to_owned);
    let mut next = || words.next().ok_or_else(|| format!("op line too short: {rest}"));
    let (name, auth, input, output) = (next()?, next()?, next()?, next()?);
    let output = (output != "-").then_some(output);
    let accepts_unsigned = auth != "iam";
    Ok((name, Operation { auth, accepts_unsigned, input, output, errors: words.collect() }))
}

fn parse_shape(line: &str) -> Result<(String, Shape), String> {
    let bad = || format!("not a shape: {line}");
    let (head, pattern) = match line.split_once(" /") {
        Some((head, pattern)) => (head, Some(pattern.strip_suffix('/').ok_or_else(bad)?.to_owned())),
        None => (line, None),
    };
    let mut words: Vec<&str> = head.split(' ').collect();
    let sensitive = words.last() == Some(&"sensitive");
    if sensitive {
        words.pop();
    }
    let limits = words.last().and_then(|w| w.split_once("..")).map(|(a, b)| (a.parse().ok(), b.parse().ok()));
    if limits.is_some() {
        words.pop();
    }
    let (min, max) = limits.unwrap_or((None, None));
    let mut words = words.into_iter().map(str::to_owned);
    let (word, name) = (words.next().ok_or_else(bad)?, words.next().ok_or_else(bad)?);
    let mut next = || words.next().ok_or_else(bad);
    let kind = match word.as_str() {
        "string" => Kind::String,
        "integer" => Kind::Integer,
        "long" => Kind::Long,
        "boolean" => Kind::Boolean,
        "timestamp" => Kind::Timestamp,
        "blob" => Kind::Blob,
        "document" => Kind::Document,
        "list" => Kind::List(next()?),
        "map" => Kind::Map(next()?, next()?),
        "error" => Kind::Error(next()?.parse().map_err(|_| bad())?),
        "enum" => Kind::Enum(words.collect()),
        "struct" => Kind::Struct(words.map(|w| parse_member(&w)).collect::<Option<_>>().ok_or_else(bad)?),
        _ => return Err(bad()),
    };
    Ok((name, Shape { min, max, pattern, sensitive, ..Shape::plain(kind) }))
}

fn parse_member(word: &str) -> Option<Member> {
    let (name, shape) = word.split_once(':')?;
    let required = name.ends_with('!');
    Some(Member { name: name.trim_end_matches('!').to_owned(), shape: shape.to_owned(), required })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &str = include_str!("../../../model/cognito-idp.idl");

    #[test]
    fn print_and_parse_are_inverse() {
        assert_eq!(print(&parse(COMMITTED).unwrap()), COMMITTED);
    }

    #[test]
    fn bad_lines_are_refused() {
        for bad in ["strung X", "string", "list L", "struct S Member", "string S /open", "op X iam"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse("string S\nstring S").is_err());
    }

    #[test]
    fn stale_and_unknown_patches_are_refused() {
        let refused = |text: &str| patch(&mut parse(COMMITTED).unwrap(), text).unwrap_err();
        assert!(refused("primitive NoSuchShape").contains("names nothing"));
        assert!(refused("unsigned SignUp").contains("stale"));
        assert!(refused("error ForbiddenException 400").contains("stale"));
        assert!(refused("pattern ClientIdType /[\\w+]+/").contains("stale"));
        assert!(refused("rename A B").contains("unknown"));
    }
}
