//! A console page as a test reads it: its forms with what stands in them, filled in and sent as a browser does.

use crate::browser::{Browser, attribute};
use crate::harness::Reply;

/// One form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    /// What would be sent now.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The form of this id; panics with the page where there is none.
    pub fn of(page: &Reply, id: &str) -> Self {
        let start = page.text.find(&format!("id=\"{id}\" action=")).unwrap_or_else(|| panic!("no form {id}: {}", page.text));
        let start = page.text[..start].rfind("<form").unwrap();
        let html = &page.text[start..];
        let html = &html[..html.find("</form>").unwrap()];
        Self { action: attribute(html, "<form", "action").map(|text| unescaped(&text)).unwrap(), fields: fields(html) }
    }

    /// What stands in a field.
    pub fn value(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Takes out what stands in a field and writes these.
    #[must_use]
    pub fn with(mut self, name: &str, values: &[&str]) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.extend(values.iter().map(|value| (name.to_owned(), (*value).to_owned())));
        self
    }

    pub async fn send(&self, browser: &mut Browser<'_>) -> Reply {
        let fields: Vec<(&str, &str)> = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post(&self.action, &fields).await
    }
}

pub fn unescaped(text: &str) -> String {
    text.replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Every field that a browser would send.
fn fields(html: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for tag in html.split('<').skip(1) {
        let (head, rest) = tag.split_once('>').unwrap_or((tag, ""));
        let tag = format!("<{head}>");
        let get = |name: &str| attribute(&tag, "<", name).map(|text| unescaped(&text));
        let has = |word: &str| head.split(' ').any(|part| part == word);
        match head.split([' ', '\n']).next().unwrap() {
            "input" => {
                let ticked = has("checked") || !matches!(get("type").as_deref(), Some("checkbox" | "radio"));
                if ticked && !has("disabled") {
                    all.push((get("name").unwrap(), get("value").unwrap_or_default()));
                }
            }
            "select" => all.push((get("name").unwrap(), String::new())),
            "option" if has("selected") => all.last_mut().unwrap().1 = get("value").unwrap(),
            "textarea" => {
                all.push((get("name").unwrap(), unescaped(rest.strip_prefix('\n').unwrap_or(rest)).replace('\n', "\r\n")))
            }
            _ => {}
        }
    }
    all
}

/// The text of a page, without its tags.
pub fn words(page: &Reply) -> String {
    let text: String = page.text.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    unescaped(&text)
}
