//! What the pages beside sign-in may say: the front page of a development instance, the inbox, and "nothing here". Same rules as
//! [`super::contexts`].

use serde::Serialize;

use super::fields::{Command, Fact, Link, Moment, Shell};

/// `/` of a development instance: what this is, and what to do first.
#[derive(Clone, Serialize)]
pub struct Home {
    pub shell: Shell,
    pub version: String,
    pub demo: Option<Demo>,
    /// Where everything is served. The label says what is there.
    pub addresses: Vec<Fact>,
    pub commands: Vec<Command>,
    /// Console, documentation, health.
    pub links: Vec<Link>,
}

/// The pool that a first start makes.
#[derive(Clone, Serialize)]
pub struct Demo {
    pub sign_in_url: String,
    /// Ids and the demo user's credentials.
    pub facts: Vec<Fact>,
}

/// Any address that nothing answers.
#[derive(Clone, Serialize)]
pub struct NotFound {
    pub shell: Shell,
    /// Method and path as asked, `GET /oauth2/authorise`.
    pub asked: String,
    /// Development only: "Did you mean …", and where to look.
    pub links: Vec<Link>,
}

/// Outgoing mail and text messages, newest first.
#[derive(Clone, Serialize)]
pub struct Inbox {
    pub shell: Shell,
    /// GET; field `to`.
    pub action: String,
    /// The address that the list is filtered by; empty for all.
    pub filter: String,
    pub messages: Vec<MessageLine>,
    /// All messages that match, not only those on this page.
    pub total: u64,
    pub older_url: Option<String>,
    /// The same list as JSON, for tests.
    pub json_url: String,
}

/// One message in the list.
#[derive(Clone, Serialize)]
pub struct MessageLine {
    pub url: String,
    pub to: String,
    /// Empty for text messages: the first words stand in.
    pub subject: String,
    pub medium: Medium,
    pub code: Option<String>,
    /// The first link in the message.
    pub link: Option<String>,
    pub at: Moment,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    Email,
    Sms,
}

/// One message, whole.
#[derive(Clone, Serialize)]
pub struct Message {
    pub shell: Shell,
    pub line: MessageLine,
    pub from: String,
    /// Plain text. The HTML part is never put into this page: it is someone else's markup.
    pub body: String,
    /// Where the HTML part is shown by itself, sandboxed.
    pub html_url: Option<String>,
    /// Pool, client, what caused it.
    pub facts: Vec<Fact>,
    pub inbox_url: String,
}
