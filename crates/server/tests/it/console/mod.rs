//! The console, through HTTP as a browser uses it; effects are checked by the API.

mod form;
mod groups;
mod user_actions;
mod user_edits;
mod users;
