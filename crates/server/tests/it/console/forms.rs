//! What tests of pages share: sending a form and going where it leads, following a link by its text.

use crate::browser::{Browser, attribute};
use crate::harness::Reply;

/// Sends the form of this id and goes on to the page that it leads to, which must be one.
pub async fn send(browser: &mut Browser<'_>, page: &Reply, id: &str, changed: &[(&str, &str)]) -> Reply {
    let reply = browser.fill(page, id, changed).await;
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
