//! The inbox of a development instance, as pages and as JSON for tests. Mounted by `control`.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{StatusCode, Uri, header};
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::delivery::inbox::{Filter, Inbox, Kept, PAGE};
use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::oauth::params::{Params, invalid_request};
use serde_json::json;

use crate::pages::fields::{Fact, Moment};
use crate::pages::tools;
use crate::reached::plain;
use crate::replies;
use crate::shell;
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

async fn inbox(State(state): State<AppState>, Extension(ctx): Extension<Ctx>, uri: Uri) -> Response {
    let Some(inbox) = &state.engine.inbox else { return no_inbox() };
    let filter = match Asked::read(&uri) {
        Ok(asked) => asked.filter,
        Err(error) => return refused(&error),
    };
    match page(inbox, &filter).await {
        Ok((messages, total)) => {
            let page = list_page(&state, &ctx, filter, &messages, total);
            shell::draw(&state, StatusCode::OK, &page)
        }
        Err(error) => replies::error(&error),
    }
}

async fn page(inbox: &Inbox, filter: &Filter) -> Result<(Vec<Kept>, u64)> {
    Ok((inbox.list(filter).await?, inbox.count(filter).await?))
}

fn list_page(state: &AppState, ctx: &Ctx, filter: Filter, messages: &[Kept], total: u64) -> tools::Inbox {
    let address = filter.address.unwrap_or_default();
    let query = |name: &str, value: &str| Params::default().with(name, value).query_without(&[]);
    let to = if address.is_empty() { String::new() } else { format!("&{}", query("to", &address)) };
    let full = i64::try_from(messages.len()).is_ok_and(|count| count >= PAGE);
    let older = messages.last().filter(|_| full).map(|last| format!("/_poolhouse/inbox?{}{to}", query("before", &last.id)));
    let json = if address.is_empty() { String::new() } else { format!("?{}", query("address", &address)) };
    tools::Inbox {
        shell: shell::of_instance(state),
        action: "/_poolhouse/inbox".to_owned(),
        filter: address,
        messages: messages.iter().map(|message| line(ctx, message)).collect(),
        total,
        older_url: older,
        json_url: format!("/_poolhouse/messages{json}"),
    }
}

async fn one(State(state): State<AppState>, Extension(ctx): Extension<Ctx>, Path(id): Path<String>) -> Response {
    let Some(inbox) = &state.engine.inbox else { return no_inbox() };
    match inbox.get(&id).await {
        Ok(Some(message)) => {
            let facts = [("User pool", message.pool_id.as_str()), ("Cause", message.kind.as_str())];
            let page = tools::Message {
                shell: shell::of_instance(&state),
                line: line(&ctx, &message),
                from: "Poolhouse".to_owned(),
                body: message.body,
                html_url: None,
                facts: facts.into_iter().map(|(label, value)| Fact::new(label, value)).collect(),
                inbox_url: "/_poolhouse/inbox".to_owned(),
            };
            shell::draw(&state, StatusCode::OK, &page)
        }
        Ok(None) => (StatusCode::SEE_OTHER, [(header::LOCATION, "/_poolhouse/inbox")]).into_response(),
        Err(error) => replies::error(&error),
    }
}

fn line(ctx: &Ctx, message: &Kept) -> tools::MessageLine {
    let first_words = || message.body.chars().take(80).collect::<String>();
    tools::MessageLine {
        url: format!("/_poolhouse/inbox/{}", message.id),
        to: message.address.clone(),
        subject: message.subject.clone().unwrap_or_else(first_words),
        medium: if message.medium == "SMS" { tools::Medium::Sms } else { tools::Medium::Email },
        code: message.code.clone(),
        link: message.link.clone(),
        at: Moment::of(message.created_at, ctx.now),
    }
}
