//! Steps towards something, each done or not: what a checklist shows. Filled by the pages that know the state.

use serde::Serialize;

use crate::pages::fields::Link;

#[derive(Clone, Serialize)]
pub struct Checklist {
    /// The heading's id, unique on the page.
    pub id: String,
    pub title: String,
    pub done: usize,
    pub tasks: Vec<Task>,
    /// The form that hides it.
    pub hide_url: &'static str,
}

#[derive(Clone, Serialize)]
pub struct Task {
    pub done: bool,
    pub text: String,
    /// What it is good for.
    pub hint: String,
    /// Where it is done; none where it is done already or cannot begin yet.
    pub link: Option<Link>,
}
