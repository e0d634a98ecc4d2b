//! The inbox of a development instance: what would have been sent, newest first, each message with its code and link on top. Where
//! messages leave the instance there is none, and these pages are not there. Tests read the same as JSON (`control::inbox`).

mod one;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::delivery::inbox::{Filter, Inbox, Kept, PAGE};
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::params::Params;

use super::home;
use super::kit::destroy::counted;
use super::kit::paths;
use super::kit::view::{Block, Choice, Facts, Field, Form, Input, Named, Table, Value};
use super::kit::visit::{Answer, Posted, Stop, Visit};
use crate::pages::fields::{Link, Moment};
use crate::state::AppState;

/// Words of a message that stand for its subject, characters.
const FIRST_WORDS: usize = 80;
/// Of [`row`].
pub const COLUMNS: [&str; 5] = ["Message", "To", "Code or link", "Sent for", "Sent"];
/// More than any id has.
const ID_BYTES_MAX: usize = 64;
/// What a message is sent for, as the store and as people say it.
const KINDS: [(&str, &str); 6] = [
    ("SignUp", "Sign-up"),
    ("ResendCode", "Sign-up code, again"),
    ("ForgotPassword", "Forgotten or reset password"),
    ("AdminCreateUser", "Invitation"),
    ("UpdateUserAttribute", "New address"),
    ("VerifyUserAttribute", "Address to verify"),
];

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(paths::INBOX, get(list))
        .route("/console/inbox/delete", get(ask).post(clear))
        .route("/console/inbox/{id}", get(one::get))
        .route("/console/inbox/{id}/html", get(one::html))
        .route("/console/inbox/{id}/delete", get(one::ask).post(one::delete))
}

/// The address of the list with this filter, from a message on.
pub fn address_of(filter: &Filter) -> String {
    let Filter { address, kind, text, before, after: _ } = filter;
    let members = [("address", address), ("kind", kind), ("text", text), ("before", before)];
    let set = members.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let query = set.fold(Params::default(), |all, (name, value)| all.with(name, value)).query_without(&[]);
    if query.is_empty() { paths::INBOX.to_owned() } else { format!("{}?{query}", paths::INBOX) }
}

/// The page of a message, or one below it.
pub fn url(id: &str, rest: &str) -> String {
    format!("{}/{}{rest}", paths::INBOX, paths::segment(id))
}

/// The newest messages that fit; none where there is no inbox.
///
/// # Errors
/// The store's.
pub async fn newest(visit: &Visit, filter: &Filter) -> Result<Vec<Kept>, Error> {
    match &visit.app.engine.inbox {
        Some(inbox) => inbox.list(filter).await,
        None => Ok(Vec::new()),
    }
}

/// The inbox of the visit; a page that says no where there is none.
async fn enter(visit: Visit) -> Result<(Visit, Arc<Inbox>), Stop> {
    match visit.app.engine.inbox.clone() {
        Some(inbox) => Ok((visit, inbox)),
        None => Err(home::missing(visit).await.into()),
    }
}

/// What the address asks for; what cannot be in the store asks for nothing.
fn wanted(visit: &Visit) -> Filter {
    let param = |name: &str| Some(visit.param(name).trim().to_owned()).filter(|value| !value.is_empty() && !value.contains('\0'));
    let id = |id: &String| id.len() <= ID_BYTES_MAX && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    Filter {
        address: param("address"),
        kind: param("kind"),
        text: param("text"),
        before: param("before").filter(id),
        after: None,
    }
}

async fn list(visit: Visit) -> Answer {
    let (visit, inbox) = enter(visit).await?;
    let filter = wanted(&visit);
    let found = async { Ok::<_, Error>((inbox.list(&filter).await?, inbox.count(&Filter::default()).await?)) };
    let (messages, total) = match found.await {
        Ok(found) => found,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(None, "Inbox", Vec::new()).await;
    let filtered = filter.address.is_some() || filter.kind.is_some() || filter.text.is_some();
    view.lead = Some("Mail and text messages that would have been sent: nothing leaves this instance.".to_owned());
    if total == 0 {
        view.blocks.push(Block::Empty {
            title: "No messages yet".to_owned(),
            text: "Codes, invitations and links that users would get land here. Sign up on a sign-in page, or create a user."
                .to_owned(),
            link: Some(Link::new("Go to user pools", paths::POOLS)),
        });
        view.blocks.push(for_tests(&visit, filter.address.as_deref(), None));
        return Ok(visit.show(view));
    }
    view.actions = vec![
        Link::new("Refresh messages", &address_of(&Filter { before: None, ..filter.clone() })),
        Link::new("Delete all messages", "/console/inbox/delete"),
    ];
    view.blocks.push(Block::Form(form(&filter)));
    let full = i64::try_from(messages.len()).is_ok_and(|count| count >= PAGE);
    let next = messages.last().filter(|_| full).map(|last| Filter { before: Some(last.id.clone()), ..filter.clone() });
    let total = usize::try_from(total).unwrap_or(usize::MAX);
    view.blocks.push(Block::Table(Table {
        id: "messages".to_owned(),
        caption: if filtered { format!("Messages that match, of {total}") } else { counted(total, "message") },
        columns: COLUMNS.map(str::to_owned).to_vec(),
        rows: messages.iter().map(|message| row(&visit.ctx, message)).collect(),
        next: next.as_ref().map(address_of),
        first: filter.before.is_some().then(|| address_of(&Filter { before: None, ..filter.clone() })),
    }));
    view.blocks.push(for_tests(&visit, filter.address.as_deref(), None));
    Ok(visit.show(view))
}

fn form(filter: &Filter) -> Form {
    let of = |value: &Option<String>| value.clone().unwrap_or_default();
    let kind = of(&filter.kind);
    let all = Choice::new("", "Everything", kind.is_empty());
    let kinds = std::iter::once(all).chain(KINDS.map(|(value, label)| Choice::new(value, label, value == kind))).collect();
    let fields = vec![
        Field::text("address", "Email address or phone number", &of(&filter.address)),
        Field::one_of(Input::Select, "kind", "Sent for", kinds),
        Field::text("text", "Text in it", &of(&filter.text)),
    ];
    Form::asking("filter", paths::INBOX, "Show messages", fields)
}

/// A message as a line of a list.
pub fn row(ctx: &Ctx, message: &Kept) -> Vec<Value> {
    vec![
        Value::link(&title(message), &url(&message.id, "")),
        Value::text(&message.address),
        match (&message.link, &message.code) {
            (Some(link), _) => Value::link("Open the link", link),
            (None, Some(code)) => Value::copy(code),
            (None, None) => Value::none("none"),
        },
        Value::text(kind(&message.kind)),
        Value::Moment { at: Moment::of(message.created_at, ctx.now) },
    ]
}

/// The subject; of a text message its first words.
fn title(message: &Kept) -> String {
    let subject = message.subject.clone().filter(|subject| !subject.trim().is_empty());
    subject.unwrap_or_else(|| message.body.chars().take(FIRST_WORDS).collect())
}

fn kind(name: &str) -> &str {
    KINDS.iter().find(|(known, _)| *known == name).map_or(name, |(_, words)| words)
}

/// How tests read what is seen here.
fn for_tests(visit: &Visit, address: Option<&str>, after: Option<&str>) -> Block {
    let url = &visit.app.engine.settings.public_url;
    let query = |rest: &[(&str, &str)]| {
        let params = Params::default().with("address", address.unwrap_or("ada@example.com"));
        rest.iter().fold(params, |all, (name, value)| all.with(name, value)).query_without(&[])
    };
    let latest = query(&[]);
    let wait = match after {
        Some(id) => query(&[("wait", "30"), ("after", id)]),
        None => query(&[("wait", "30")]),
    };
    let text = format!(
        "# The latest to an address\ncurl '{url}/_poolhouse/messages/latest?{latest}'\n\n\
         # Wait up to 30 seconds for one{}\ncurl '{url}/_poolhouse/messages/latest?{wait}'\n",
        if after.is_some() { " after this" } else { "" }
    );
    Block::Code { title: "For tests".to_owned(), hint: Some("The same as JSON, with code and link.".to_owned()), text }
}

async fn ask(visit: Visit) -> Answer {
    let (visit, inbox) = enter(visit).await?;
    let count = match inbox.count(&Filter::default()).await {
        Ok(count) => usize::try_from(count).unwrap_or(usize::MAX),
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(None, "Delete all messages", vec![Link::new("Inbox", paths::INBOX)]).await;
    view.blocks.push(Block::Facts(Facts {
        id: "lost".to_owned(),
        title: "What is lost".to_owned(),
        hint: Some("There is no undo.".to_owned()),
        facts: vec![Named::text("In the inbox", &counted(count, "message"))],
        links: Vec::new(),
    }));
    let text = "Codes that were sent are valid as long as before; the audit trail says what they were asked for.".to_owned();
    view.blocks.push(Block::Prose { title: Some("What stays".to_owned()), text });
    let form = Form::new("delete", "/console/inbox/delete", "Delete all messages", Vec::new());
    view.blocks.push(Block::Form(form.destroying().or_cancel(paths::INBOX)));
    Ok(visit.show(view))
}

async fn clear(posted: Posted) -> Answer {
    let (visit, inbox) = enter(posted.visit).await?;
    match visit.ctx.change("DeleteMessages", inbox.clear()).await {
        Ok(count) => {
            let said = format!("{} deleted.", counted(usize::try_from(count).unwrap_or(usize::MAX), "message"));
            Ok(visit.go(paths::INBOX, &said))
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_stand_in_the_address() {
        assert_eq!(address_of(&Filter::default()), "/console/inbox");
        let filter = Filter { address: Some("a+b@example.com".to_owned()), text: Some("x&y".to_owned()), ..Filter::default() };
        assert_eq!(address_of(&filter), "/console/inbox?address=a%2Bb%40example.com&text=x%26y");
    }
}
