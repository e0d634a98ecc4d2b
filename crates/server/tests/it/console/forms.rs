//! A console page as a test reads it: its forms with what stands in them, filled in and sent as a browser does; its links, its words.

use crate::browser::{Browser, attribute, unescaped};
use crate::harness::Reply;

/// Sends the form of this id; what is `typed` replaces what stands in fields of those names.
pub async fn submit(browser: &mut Browser<'_>, page: &Reply, id: &str, typed: &[(&str, &str)]) -> Reply {
    let mut form = Form::of(page, id);
    form.fields.retain(|(name, _)| !typed.iter().any(|(given, _)| given == name));
    form.fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    form.send(browser).await
}

/// Sends the form of this id and goes on to the page that it leads to, which must be one.
pub async fn send(browser: &mut Browser<'_>, page: &Reply, id: &str, changed: &[(&str, &str)]) -> Reply {
    let reply = submit(browser, page, id, changed).await;
    assert!(reply.status.is_redirection(), "{id}: {reply:?}");
    let page = browser.follow(reply).await;
    assert!(page.status.is_success(), "{id}: {page:?}");
    page
}

/// The address of a link by its text.
pub fn link(page: &Reply, text: &str) -> String {
    let end = format!(">{text}</a>");
    let before = page.text.split(&end).next().filter(|before| before.len() < page.text.len());
    let before = before.unwrap_or_else(|| panic!("no link {text}: {}", page.text));
    let tag = before.get(before.rfind("<a").unwrap()..).unwrap();
    attribute(&format!("{tag}>"), "<a", "href").unwrap()
}

/// Every one of these words is on the page.
pub fn has(page: &Reply, words: &[&str]) {
    for word in words {
        assert!(page.text.contains(word), "{word:?} is not on the page: {}", page.text);
    }
}

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
        Self { action: attribute(html, "<form", "action").unwrap(), fields: fields(html) }
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

/// Every field that a browser would send.
fn fields(html: &str) -> Vec<(String, String)> {
    let (mut all, mut chosen): (Vec<(String, String)>, bool) = (Vec::new(), true);
    for tag in html.split('<').skip(1) {
        let (head, rest) = tag.split_once('>').unwrap_or((tag, ""));
        let tag = format!("<{head}>");
        let get = |name: &str| attribute(&tag, "<", name);
        let has = |word: &str| head.split(' ').any(|part| part == word);
        match head.split([' ', '\n']).next().unwrap() {
            "input" => {
                let ticked = has("checked") || !matches!(get("type").as_deref(), Some("checkbox" | "radio"));
                if ticked && !has("disabled") {
                    all.push((get("name").unwrap(), get("value").unwrap_or_default()));
                }
            }
            "select" => {
                chosen = false;
                all.push((get("name").unwrap(), String::new()));
            }
            // The first one counts where none is selected.
            "option" if has("selected") || !chosen => {
                chosen = true;
                all.last_mut().unwrap().1 = get("value").unwrap();
            }
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

/// What the page says as text, tags and entities undone.
pub fn spoken(page: &Reply) -> String {
    let main = page.text.split_once("<main").map_or(page.text.as_str(), |(_, main)| main);
    let mut words = String::new();
    let mut inside = true;
    for character in main.chars() {
        match character {
            '<' => {
                inside = true;
                words.push(' ');
            }
            '>' if inside => inside = false,
            _ if inside => {}
            other => words.push(other),
        }
    }
    let words = words.replace("&quot;", "\"").replace("&#39;", "'").replace("&#x27;", "'").replace("&#x2f;", "/");
    let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
