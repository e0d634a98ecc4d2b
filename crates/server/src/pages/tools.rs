//! What the pages beside sign-in may say: the front page of a development instance, and "nothing here". Same rules as
//! [`super::contexts`].

use serde::Serialize;

use super::fields::{Command, Fact, Link, Shell};

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

/// Where a test run's sign-in comes back to: leads on to the console.
#[derive(Clone, Serialize)]
pub struct Landing {
    pub shell: Shell,
    pub title: String,
    pub lead: String,
    /// Absent where there is nothing to lead on with.
    pub url: Option<String>,
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
