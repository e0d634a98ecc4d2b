//! A console page as a test reads it: its forms with what stands in them, filled in and sent as a browser does.

use crate::browser::{Browser, form, unescaped};
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
        let (action, shown) = form(&page.text, id).unwrap_or_else(|| panic!("no form {id}: {}", page.text));
        // Browsers end every line of every field so.
        let fields = shown.into_iter().map(|(name, value)| (name, value.replace('\n', "\r\n"))).collect();
        Self { action, fields }
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

/// The text of a page, without its tags.
pub fn words(page: &Reply) -> String {
    let text: String = page.text.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    unescaped(&text)
}
