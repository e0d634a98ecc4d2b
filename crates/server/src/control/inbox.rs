//! The inbox of a development instance as JSON for tests, and the addresses under which its pages are known. Mounted by `control`.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::{StatusCode, Uri};
use poolhouse_engine::delivery::inbox::Filter;
use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::oauth::params::{Params, invalid_request};
use serde_json::json;

use crate::console;
use crate::reached::plain;
use crate::refusal::see;
use crate::replies;
use crate::state::AppState;

/// Longest wait for a message, seconds: less than the edge lets a request take.
const WAIT_MAX: u32 = 60;
/// More than any id has.
const ID_BYTES_MAX: usize = 64;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/_poolhouse/messages", get(messages))
        .route("/_poolhouse/messages/latest", get(latest))
        .route("/_poolhouse/inbox", get(inbox))
        .route("/_poolhouse/inbox/{id}", get(one))
}

/// `?address=A&wait=SECONDS&after=ID&before=ID`, all optional. Without `after`, any message there is ends the wait.
struct Asked {
    filter: Filter,
    wait: Duration,
}

impl Asked {
    /// The parameters with their types; what is none is refused by name (checklist 150). `to` is the page's name for `address`.
    fn read(uri: &Uri) -> Result<Self> {
        let params = Params::parse(uri.query().unwrap_or_default())?;
        params.only(&["address", "to", "wait", "after", "before"])?;
        let address = match params.get("address")? {
            Some(address) => Some(address),
            None => params.get("to")?,
        };
        if address.is_some_and(|address| address.contains('\0')) {
            return Err(invalid_request("address is not an address"));
        }
        let wait = params.number("wait", WAIT_MAX)?.unwrap_or(0);
        Ok(Self {
            filter: Filter {
                address: address.map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()),
                before: id(&params, "before")?,
                after: id(&params, "after")?,
                ..Filter::default()
            },
            wait: Duration::from_secs(wait.into()),
        })
    }
}

/// The id of a message: digits, a dash and a UUID.
fn id(params: &Params, name: &'static str) -> Result<Option<String>> {
    let Some(id) = params.get(name)? else { return Ok(None) };
    if id.len() > ID_BYTES_MAX || !id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        return Err(invalid_request(format!("{name} is not the id of a message")));
    }
    Ok(Some(id.to_owned()))
}

fn refused(error: &Error) -> Response {
    plain(StatusCode::BAD_REQUEST, "invalid_request", error.message())
}

async fn messages(State(state): State<AppState>, uri: Uri) -> Response {
    let Some(inbox) = &state.engine.inbox else { return no_inbox() };
    let Asked { filter, wait } = match Asked::read(&uri) {
        Ok(asked) => asked,
        Err(error) => return refused(&error),
    };
    match inbox.wait(&filter, wait).await {
        Ok(messages) => replies::json(StatusCode::OK, &json!({ "messages": messages })),
        Err(error) => replies::error(&error),
    }
}

async fn latest(State(state): State<AppState>, uri: Uri) -> Response {
    let Some(inbox) = &state.engine.inbox else { return no_inbox() };
    let Asked { filter, wait } = match Asked::read(&uri) {
        Ok(asked) => asked,
        Err(error) => return refused(&error),
    };
    match inbox.wait(&filter, wait).await {
        Ok(messages) => match messages.first() {
            Some(message) => replies::json(StatusCode::OK, message),
            None => plain(StatusCode::NOT_FOUND, "not_found", "No such message has come."),
        },
        Err(error) => replies::error(&error),
    }
}

fn no_inbox() -> Response {
    plain(StatusCode::NOT_FOUND, "not_found", "Messages leave this instance; it keeps no inbox.")
}

/// The pages are the console's.
async fn inbox(State(state): State<AppState>, uri: Uri) -> Response {
    if state.engine.inbox.is_none() {
        return no_inbox();
    }
    match Asked::read(&uri) {
        Ok(asked) => see(&console::inbox::address_of(&asked.filter)),
        Err(error) => refused(&error),
    }
}

async fn one(State(state): State<AppState>, Path(id): Path<String>) -> Response {
    if state.engine.inbox.is_none() { no_inbox() } else { see(&console::inbox::url(&id, "")) }
}
