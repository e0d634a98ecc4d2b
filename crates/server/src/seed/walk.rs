//! A file held against the table of the format: every key known, every value of its kind, all that is wrong with its line
//! and column and, for a key, the nearest that would be right. Limits and patterns are the model's and checked by
//! [`super::check`], in Cognito's words. Called by `seed::read`.

use poolhouse_wire::shape::{Kind, Member, Shape};

use super::form::{Field, Form};
use super::problem::{At, Problem};
use super::yaml::{Node, Value};

/// Everything that is wrong.
pub fn problems(root: &Node, form: &Form) -> Vec<Problem> {
    let mut walk = Walk { problems: Vec::new() };
    walk.form(root, form, "the file");
    walk.problems
}

struct Walk {
    problems: Vec<Problem>,
}

impl Walk {
    fn say(&mut self, at: At, text: String) {
        self.problems.push(Problem::new(at, text));
    }

    /// Whether the value is of the kind that is wanted.
    fn wanted(&mut self, node: &Node, name: &str, kind: &str, right: bool) -> bool {
        if right {
            return true;
        }
        let (found, quotes) = match &node.value {
            Value::Null => ("nothing", false),
            Value::Flag(_) => ("true or false", true),
            Value::Number(_) => ("a number", true),
            Value::Decimal => ("a number with decimals or of too many digits", true),
            Value::Text(_) => ("a text", false),
            Value::List(_) => ("a list", false),
            Value::Map(_) => ("a mapping", false),
        };
        let hint = if quotes && kind == "a text" { ": put it in quotes" } else { "" };
        self.say(node.at, format!("{name} is {kind}, and here is {found}{hint}"));
        false
    }

    fn form(&mut self, node: &Node, form: &Form, name: &str) {
        match form {
            Form::Version => match &node.value {
                Value::Number(1) => {}
                Value::Number(other) => {
                    self.say(node.at, format!("version {other} of the format is not known here; this Poolhouse reads 1"));
                }
                _ => drop(self.wanted(node, name, "the number 1", false)),
            },
            Form::Text | Form::Secret => drop(self.wanted(node, name, "a text", node.text().is_some())),
            Form::Flag => drop(self.wanted(node, name, "true or false", matches!(node.value, Value::Flag(_)))),
            Form::OneOf(values) => match node.text() {
                Some(text) if !values.contains(&text) => {
                    self.say(node.at, format!("{name} is one of {}, and here is {text:?}", values.join(", ")));
                }
                Some(_) => {}
                None => drop(self.wanted(node, name, "a text", false)),
            },
            Form::Texts => {
                if self.wanted(node, name, "a mapping", matches!(node.value, Value::Map(_))) {
                    for entry in node.entries() {
                        self.wanted(&entry.node, &entry.name, "a text", entry.node.text().is_some());
                    }
                }
            }
            Form::List(of) => {
                if self.wanted(node, name, "a list", matches!(node.value, Value::List(_))) {
                    let each = format!("each of {name}");
                    node.items().iter().for_each(|item| self.form(item, of, &each));
                }
            }
            Form::Fields(fields) => self.fields(node, fields, name),
            Form::Settings(settings) => {
                let members: Vec<&Member> = settings.members().collect();
                self.members(node, &members, name);
            }
            Form::NotBuilt => self.say(node.at, format!("{name}: not built yet")),
        }
    }

    fn fields(&mut self, node: &Node, fields: &[Field], name: &str) {
        if !self.wanted(node, name, "a mapping", matches!(node.value, Value::Map(_))) {
            return;
        }
        for entry in node.entries() {
            match fields.iter().find(|field| field.name == entry.name) {
                Some(Field { form: Form::NotBuilt, .. }) => self.say(entry.at, format!("{}: not built yet", entry.name)),
                Some(field) => self.form(&entry.node, &field.form, field.name),
                None => {
                    let built = fields.iter().filter(|field| !matches!(field.form, Form::NotBuilt));
                    self.unknown(entry.at, &entry.name, built.map(|field| field.name));
                }
            }
        }
        for field in fields.iter().filter(|field| field.required && node.get(field.name).is_none()) {
            self.say(node.at, format!("{} is missing", field.name));
        }
    }

    fn unknown<'n>(&mut self, at: At, name: &str, known: impl Iterator<Item = &'n str>) {
        let text = match nearest(name, known) {
            Some(near) => format!("unknown key {name:?}; did you mean {near:?}?"),
            None => format!("unknown key {name:?}"),
        };
        self.say(at, text);
    }

    fn members(&mut self, node: &Node, members: &[&Member], name: &str) {
        if !self.wanted(node, name, "a mapping", matches!(node.value, Value::Map(_))) {
            return;
        }
        for entry in node.entries() {
            match members.iter().find(|member| member.name == entry.name) {
                Some(member) => self.shape(&entry.node, member.shape, member.name),
                None => self.unknown(entry.at, &entry.name, members.iter().map(|member| member.name)),
            }
        }
    }

    fn shape(&mut self, node: &Node, shape: &Shape, name: &str) {
        match (&shape.kind, &node.value) {
            // As JSON's null: not given.
            (_, Value::Null) | (Kind::Document, _) => {}
            (Kind::Struct(members), _) => self.members(node, &members.iter().collect::<Vec<_>>(), name),
            (Kind::List(of), Value::List(items)) => {
                let each = format!("each of {name}");
                items.iter().for_each(|item| self.shape(item, of, &each));
            }
            (Kind::Map(_, of), Value::Map(entries)) => {
                entries.iter().for_each(|entry| self.shape(&entry.node, of, &entry.name));
            }
            (Kind::List(_), _) => drop(self.wanted(node, name, "a list", false)),
            (Kind::Map(..), _) => drop(self.wanted(node, name, "a mapping", false)),
            (Kind::Boolean, value) => drop(self.wanted(node, name, "true or false", matches!(value, Value::Flag(_)))),
            (Kind::Integer { .. } | Kind::Long | Kind::Timestamp, value) => {
                self.wanted(node, name, "a whole number", matches!(value, Value::Number(_)));
            }
            (Kind::String(_) | Kind::Enum(_) | Kind::Blob, value) => {
                self.wanted(node, name, "a text", matches!(value, Value::Text(_)));
            }
        }
    }
}

/// The known name that was most likely meant: the same but for case, or a few letters away.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower = name.to_lowercase();
    let near = known.map(|candidate| (distance(&lower, &candidate.to_lowercase()), candidate));
    let (letters, candidate) = near.min()?;
    (letters <= 1 + candidate.len() / 4).then_some(candidate)
}

/// Letters to change, add or take away (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    // A key may be as long as the file; no name of ours is.
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(80).collect(), other.chars().collect());
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let (above, left, corner) = (row.get(j + 1), next.get(j), row.get(j));
            let change = corner.map(|n| n + usize::from(a != b));
            let step = above.into_iter().chain(left).min().map(|n| n + 1);
            next.extend(change.into_iter().chain(step).min());
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::{form, yaml};
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let root = yaml::parse(text).unwrap();
        let line = |Problem { at, text }| format!("{}:{}: {text}", at.line, at.column);
        problems(&root, &form::SEED).into_iter().map(line).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_its_place() {
        let text = "version: 1\nregion: eu-west-1\npools:\n- name: a\n  setings: {}\n  settings:\n    PoolTags: {a: b}\n    policies: {}\n    \
                    MfaConfiguration: on\n    Policies: {PasswordPolicy: {MinimumLength: '8'}}\n  users:\n  - {totp_secret: X, password: 12345678}\n";
        assert_eq!(
            told(text),
            [
                "5:3: unknown key \"setings\"; did you mean \"settings\"?",
                "7:5: unknown key \"PoolTags\"; did you mean \"UserPoolTags\"?",
                "8:5: unknown key \"policies\"; did you mean \"Policies\"?",
                "10:48: MinimumLength is a whole number, and here is a text",
                "12:6: totp_secret: not built yet",
                "12:32: password is a text, and here is a number: put it in quotes",
            ]
        );
        assert_eq!(
            told("version: 2\nregion: x\npools: []\n"),
            ["1:10: version 2 of the format is not known here; this Poolhouse reads 1"]
        );
        assert_eq!(told("version: 1\npools: {}\n"), ["2:8: pools is a list, and here is a mapping", "1:1: region is missing"]);
    }
}
