//! A small reader of our own HTML for the tests: tags, attributes, nesting. Strict on purpose: what it cannot read we should not write.

pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub end: bool,
}

impl Tag {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

const VOID: [&str; 4] = ["meta", "link", "input", "br"];

/// Every tag in order. Panics on an unclosed, misnested or unquoted one.
pub fn read(html: &str) -> Vec<Tag> {
    let (mut tags, mut open, mut rest) = (Vec::new(), Vec::<String>::new(), html);
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, tail, self_closed) = read_tag(after);
        rest = tail;
        if tag.name == "!doctype" {
            continue;
        }
        if tag.end {
            assert_eq!(open.pop().as_deref(), Some(tag.name.as_str()), "misnested </{}>", tag.name);
        } else if !self_closed && !VOID.contains(&tag.name.as_str()) {
            open.push(tag.name.clone());
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "left open: {open:?}");
    tags
}

fn read_tag(text: &str) -> (Tag, &str, bool) {
    let end = text.starts_with('/');
    let text = text.strip_prefix('/').unwrap_or(text);
    let stop = text.find(|c: char| c.is_whitespace() || c == '>' || c == '/').expect("tag ends");
    let (name, mut rest) = text.split_at(stop);
    assert!(!name.is_empty(), "a bare < in the text: {:.40}", text);
    let mut attributes = Vec::<(String, String)>::new();
    loop {
        rest = rest.trim_start();
        if let Some(tail) = rest.strip_prefix("/>") {
            return (Tag { name: name.to_lowercase(), attributes, end }, tail, true);
        }
        if let Some(tail) = rest.strip_prefix('>') {
            return (Tag { name: name.to_lowercase(), attributes, end }, tail, false);
        }
        let stop = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '=').expect("attribute ends");
        let (key, tail) = rest.split_at(stop);
        assert!(!key.contains(['"', '\'', '<']), "broken attribute {key:?} in <{name}>");
        let mut value = "";
        rest = tail;
        if let Some(quoted) = tail.strip_prefix('=') {
            (value, rest) = quoted.strip_prefix('"').expect("quoted value").split_once('"').expect("value ends");
        }
        assert!(attributes.iter().all(|(k, _)| k != key), "{key} twice in <{name}>");
        attributes.push((key.to_lowercase(), value.to_owned()));
    }
}
