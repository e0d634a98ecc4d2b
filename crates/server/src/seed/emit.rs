//! Writing YAML: block style, two spaces, quotes where a reader of any version could otherwise see something else than the text.
//! The same tree is always the same bytes. Called by `seed::export`.

use serde_json::Value;

use super::yaml;

/// What is written; maps keep their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    Flag(bool),
    Number(i64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A document of an operation, its members in alphabetical order. What is empty is not kept.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(flag) => Some(Self::Flag(*flag)),
            Value::Number(number) => Some(number.as_i64().map_or_else(|| Self::text(number.to_string()), Self::Number)),
            Value::String(text) => Some(Self::text(text)),
            Value::Array(items) => {
                Some(items.iter().filter_map(Self::of).collect()).filter(|list: &Vec<_>| !list.is_empty()).map(Self::List)
            }
            Value::Object(members) => {
                let mut list: Vec<(String, Self)> =
                    members.iter().filter_map(|(name, value)| Some((name.clone(), Self::of(value)?))).collect();
                list.sort_by(|one, other| one.0.cmp(&other.0));
                (!list.is_empty()).then_some(Self::Map(list))
            }
        }
    }

    fn is_block(&self) -> bool {
        match self {
            Self::List(items) => !items.is_empty(),
            Self::Map(members) => !members.is_empty(),
            _ => false,
        }
    }
}

/// The document.
pub fn document(tree: &Tree) -> String {
    let mut out = String::new();
    block(tree, 0, false, &mut out);
    out
}

/// `inline`: the first line goes on where a `- ` has begun it.
fn block(tree: &Tree, indent: usize, inline: bool, out: &mut String) {
    let margin = " ".repeat(indent);
    let mut first = inline;
    let mut line = |out: &mut String| {
        if !std::mem::take(&mut first) {
            out.push_str(&margin);
        }
    };
    match tree {
        Tree::Map(members) => {
            for (name, value) in members {
                line(out);
                out.push_str(&format!("{}:", scalar(name)));
                // Items stand at the margin of their list's name, as most people write them.
                let deeper = if matches!(value, Tree::List(_)) { indent } else { indent + 2 };
                after(value, deeper, out);
            }
        }
        Tree::List(items) => {
            for item in items {
                line(out);
                out.push('-');
                match item.is_block() {
                    true => {
                        out.push(' ');
                        block(item, indent + 2, true, out);
                    }
                    false => after(item, indent + 2, out),
                }
            }
        }
        other => after(other, indent, out),
    }
}

fn after(value: &Tree, indent: usize, out: &mut String) {
    match value {
        Tree::Flag(flag) => out.push_str(&format!(" {flag}\n")),
        Tree::Number(number) => out.push_str(&format!(" {number}\n")),
        Tree::Text(text) => out.push_str(&format!(" {}\n", scalar(text))),
        Tree::List(items) if items.is_empty() => out.push_str(" []\n"),
        Tree::Map(members) if members.is_empty() => out.push_str(" {}\n"),
        deeper => {
            out.push('\n');
            block(deeper, indent, false, out);
        }
    }
}

/// A text as it is, or in quotes.
fn scalar(text: &str) -> String {
    // Words that older readers take for something else.
    const WORDS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_./@+-".contains(c) || c == ' ' || c == ':' || c == '*';
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(harmless)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains("  ")
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && yaml::is_text(text);
    if plain {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}') =>
            {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_back() {
        let texts = [
            "plain",
            "with space",
            "a: b",
            "- x",
            "#",
            "yes",
            "null",
            "1.5",
            "007",
            "+49",
            "",
            " ",
            "\u{1f511}\n\t\u{85}\u{feff}\"\\",
            "*a",
            "a *b",
            "https://x.example/*?a=1&b",
            "2026-01-01",
            "!x",
            "a #b",
            "é",
            "a:",
        ];
        let value = json!({ "texts": texts, "deep": [{ "b": [[1, 2], { "c": true }], "a": "x" }], "empty": {}, "also": [] });
        let text = document(&Tree::of(&value).unwrap());
        let read = yaml::parse(&text).unwrap().json();
        assert_eq!(read["texts"], json!(texts), "{text}");
        assert_eq!(read["deep"], value["deep"], "{text}");
        assert!(read.get("empty").is_none() && read.get("also").is_none());
    }
}
