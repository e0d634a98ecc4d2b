//! Forms of a page by their id, filled in and sent as a browser does.

use crate::browser::{Browser, attribute};
use crate::harness::Reply;

/// The form of this id, with its tags.
pub fn form<'a>(page: &'a Reply, id: &str) -> &'a str {
    let mark = format!(" id=\"{id}\"");
    let all = page.text.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next());
    let mut found = all.filter(|form| form.split('>').next().is_some_and(|tag| tag.contains(&mark)));
    found.next().unwrap_or_else(|| panic!("no form {id}: {}", page.text))
}

/// What a browser sends where nothing is changed: hidden and text fields, chosen choices.
pub fn fields(form: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for tag in form.split('<').skip(1) {
        let whole = format!("<{tag}");
        let value = |name: &str| attribute(&whole, "<", name).unwrap_or_default();
        let name = value("name");
        if tag.starts_with("input ") && !name.is_empty() {
            let (kind, checked) = (value("type"), tag.contains(" checked"));
            if checked || !matches!(kind.as_str(), "radio" | "checkbox") {
                fields.push((name, value("value")));
            }
        }
    }
    fields
}

/// Sends the form of this id with these fields in place of the page's own.
pub async fn submit(browser: &mut Browser<'_>, page: &Reply, id: &str, changed: &[(&str, &str)]) -> Reply {
    let form = form(page, id);
    let action = attribute(&format!("<form{form}"), "<form", "action").unwrap();
    let mut all = fields(form);
    all.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    all.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(&action, &all).await
}

/// As [`submit`], and on to the page that it leads to.
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
    attribute(before.get(before.rfind("<a").unwrap()..).map(|tag| format!("{tag}>")).unwrap().as_str(), "<a", "href").unwrap()
}
