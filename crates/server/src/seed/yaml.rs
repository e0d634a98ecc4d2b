//! From the text of a seed file to a tree whose every value knows its line and column, within bounds. Plain values follow
//! YAML 1.2's core schema; a key that is given twice, a tag, a second document are refused. Called by `seed::read`.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::problem::{At, Problem};

/// Bytes of a file.
const SIZE_MAX: usize = 32 << 20;
/// Values of a tree, aliases counted as what they stand for: a few hundred bytes of aliases of aliases would otherwise be
/// gigabytes of tree ("billion laughs").
const VALUES_MAX: usize = 1_000_000;
/// Nesting; the format needs 9.
const DEPTH_MAX: usize = 32;

/// A value and where it begins.
#[derive(Debug, Clone)]
pub struct Node {
    pub at: At,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Flag(bool),
    Number(i64),
    /// A plain number that is no whole one of 64 bits.
    Decimal,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub at: At,
    pub name: String,
    pub node: Node,
}

impl Node {
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.name == name).map(|entry| &entry.node)
    }

    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As operations take it; null members are left out, as the API leaves them out.
    pub fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null | Value::Decimal => serde_json::Value::Null,
            Value::Flag(flag) => (*flag).into(),
            Value::Number(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Node::json).collect(),
            Value::Map(entries) => {
                let given = entries.iter().filter(|entry| !matches!(entry.node.value, Value::Null));
                serde_json::Value::Object(given.map(|entry| (entry.name.clone(), entry.node.json())).collect())
            }
        }
    }

    fn size(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Node::size).sum(),
            Value::Map(entries) => entries.iter().map(|entry| entry.node.size()).sum(),
            _ => 0,
        }
    }

    fn depth(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Node::depth).max().unwrap_or(0),
            Value::Map(entries) => entries.iter().map(|entry| entry.node.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }
}

/// Reads one document.
///
/// # Errors
/// The first thing that is not YAML, or not within the bounds.
pub fn parse(text: &str) -> Result<Node, Problem> {
    let start = At { line: 1, column: 1 };
    if text.len() > SIZE_MAX {
        return Err(Problem::new(start, format!("the file is larger than {} MiB", SIZE_MAX >> 20)));
    }
    let mut building = Building::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| broken(&error))?;
        building.take(event, span)?;
    }
    building.root.ok_or_else(|| Problem::new(start, "the file is empty"))
}

fn broken(error: &ScanError) -> Problem {
    Problem::new(at(*error.marker()), format!("this is not YAML: {}", error.info()))
}

fn at(marker: saphyr_parser::Marker) -> At {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    At { line: number(marker.line()), column: number(marker.col()).saturating_add(1) }
}

/// A list or map that is not complete, and the anchor it has.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<(At, String)>,
    /// The keys of a map so far.
    names: BTreeSet<String>,
}

#[derive(Default)]
struct Building {
    open: Vec<Open>,
    anchored: BTreeMap<usize, Node>,
    values: usize,
    root: Option<Node>,
}

impl Building {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let here = at(span.start);
        match event {
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                Err(Problem::new(here, "tags (a word that begins with !) have no meaning here"))
            }
            Event::DocumentStart(_) if self.root.is_some() => Err(Problem::new(here, "a seed file is one document")),
            Event::Scalar(text, style, anchor, None) => self.scalar(here, &text, style, anchor),
            Event::SequenceStart(anchor, None) => self.begin(here, Value::List(Vec::new()), anchor),
            Event::MappingStart(anchor, None) => self.begin(here, Value::Map(Vec::new()), anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(here, anchor),
            _ => Ok(()),
        }
    }

    fn count(&mut self, here: At, values: usize) -> Result<(), Problem> {
        self.values = self.values.saturating_add(values);
        match self.values > VALUES_MAX {
            true => Err(Problem::new(here, format!("more than {VALUES_MAX} values"))),
            false => Ok(()),
        }
    }

    fn scalar(&mut self, here: At, text: &str, style: ScalarStyle, anchor: usize) -> Result<(), Problem> {
        if let Some(Open { node: Node { value: Value::Map(_), .. }, key: key @ None, names, .. }) = self.open.last_mut() {
            if !names.insert(text.to_owned()) {
                return Err(Problem::new(here, format!("the key {text:?} is here a second time")));
            }
            *key = Some((here, text.to_owned()));
            return Ok(());
        }
        let value = if style == ScalarStyle::Plain { plain(text) } else { Value::Text(text.to_owned()) };
        self.count(here, 1)?;
        self.place(Node { at: here, value }, anchor)
    }

    fn begin(&mut self, here: At, value: Value, anchor: usize) -> Result<(), Problem> {
        self.no_key(here)?;
        if self.open.len() >= DEPTH_MAX {
            return Err(Problem::new(here, "nested too deeply"));
        }
        self.count(here, 1)?;
        self.open.push(Open { node: Node { at: here, value }, anchor, key: None, names: BTreeSet::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        match self.open.pop() {
            Some(Open { node, anchor, .. }) => self.place(node, anchor),
            None => Ok(()),
        }
    }

    fn alias(&mut self, here: At, anchor: usize) -> Result<(), Problem> {
        self.no_key(here)?;
        let found = self.anchored.get(&anchor).map(|node| (node.size(), node.depth()));
        let (size, depth) = found.ok_or_else(|| Problem::new(here, "this alias stands inside what it names"))?;
        // Before the copy is made.
        self.count(here, size)?;
        if self.open.len() + depth > DEPTH_MAX {
            return Err(Problem::new(here, "nested too deeply"));
        }
        let copy = self.anchored.get(&anchor).cloned();
        // What is wrong in it is wrong where it is used; it is shown where it is written.
        copy.map_or(Ok(()), |node| self.place(node, 0))
    }

    /// Where a key is expected, only a plain or quoted word will do.
    fn no_key(&self, here: At) -> Result<(), Problem> {
        match self.open.last() {
            Some(Open { node: Node { value: Value::Map(_), .. }, key: None, .. }) => Err(Problem::new(here, "a key is a word")),
            _ => Ok(()),
        }
    }

    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        if anchor > 0 {
            self.anchored.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(open) => match (&mut open.node.value, open.key.take()) {
                (Value::List(items), _) => items.push(node),
                (Value::Map(entries), Some((at, name))) => entries.push(Entry { at, name, node }),
                _ => return Err(Problem::new(node.at, "a key is a word")),
            },
        }
        Ok(())
    }
}

/// Whether these characters without quotes are a text.
pub fn is_text(text: &str) -> bool {
    matches!(plain(text), Value::Text(_))
}

/// What a value without quotes means (YAML 1.2.2 §10.3.2).
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Flag(true),
        "false" | "False" | "FALSE" => return Value::Flag(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_or(Value::Decimal, Value::Number);
    }
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if begins && digits.chars().all(number) && text.parse::<f64>().is_ok() {
        return Value::Decimal;
    }
    Value::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (u32, u32, String) {
        let Problem { at, text } = parse(text).unwrap_err();
        (at.line, at.column, text)
    }

    #[test]
    fn values_know_their_place_and_their_kind() {
        let root = parse("a: [1, 'x', true, ~, 1.5]\nb:\n  c: +49\n  d: 2026-01-01\n").unwrap();
        let list = root.get("a").unwrap().items();
        assert!(matches!(list[0].value, Value::Number(1)) && matches!(list[3].value, Value::Null));
        assert!(matches!(list[2].value, Value::Flag(true)) && matches!(list[4].value, Value::Decimal));
        assert_eq!(list[1].text(), Some("x"));
        let inner = root.get("b").unwrap();
        assert!(matches!(inner.get("c").unwrap().value, Value::Number(49)));
        assert_eq!(inner.get("d").unwrap().text(), Some("2026-01-01"));
        assert_eq!(inner.get("d").unwrap().at, At { line: 4, column: 6 });
    }

    #[test]
    fn what_means_two_things_is_refused_where_it_stands() {
        assert_eq!(refused("a: 1\nb: 2\na: 3\n"), (3, 1, "the key \"a\" is here a second time".to_owned()));
        assert_eq!(refused("a: !secret x\n").2, "tags (a word that begins with !) have no meaning here");
        assert_eq!(refused("a: 1\n---\nb: 2\n").2, "a seed file is one document");
        assert_eq!(refused("[a]: 1\n").2, "a key is a word");
        assert!(refused("a: [1\n").2.starts_with("this is not YAML"));
        assert_eq!(refused("").2, "the file is empty");
    }

    #[test]
    fn sec_203_a_small_file_is_no_large_tree() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let uses = vec![format!("*a{}", n - 1); 10].join(", ");
            laughs.push_str(&format!("a{n}: &a{n} [{uses}]\n"));
        }
        assert_eq!(refused(&laughs).2, "more than 1000000 values");
        assert_eq!(refused(&"[".repeat(40)).2, "nested too deeply");
        assert_eq!(refused("a: &a [*a]\n").2, "this alias stands inside what it names");
        let same = parse("a: &a {x: 1}\nb: *a\n").unwrap();
        assert!(matches!(same.get("b").unwrap().get("x").unwrap().value, Value::Number(1)));
    }
}
