//! Events: the audit trail, newest first, and one event with what it means. Reads the trail alone, and where the instance tells
//! causes, what is still remembered of them.

mod wanted;
pub mod words;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header;
use poolhouse_engine::audit::{Event, Kind, Listed, Place};
use poolhouse_engine::error::Error;
use serde_json::{Value as Json, json};

use self::wanted::{Wanted, says};
use crate::console::kit::json::{list as items, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Named, State, Table, Value};
use crate::console::kit::visit::{Answer, Visit};
use crate::operator::audit::document;
use crate::pages::fields::{Link, Moment};

pub const COLUMNS: [&str; 5] = ["Event", "Time", "Outcome", "Who", "About"];
/// Events on a page.
const SHOWN: usize = 50;
/// Events of one export; it says where the next one begins.
const EXPORTED: usize = 5000;
/// Rows of the trail that a search looks at.
pub const SEARCHED: usize = 2000;

/// NUL is no text to PostgreSQL; a chain's name is a UUID.
fn is_chain(chain: &str) -> bool {
    chain.len() == 36 && chain.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Where to go on; what is no place of ours is none.
fn place(before: &str) -> Option<Place> {
    Place::parse(before).filter(|place| is_chain(&place.chain))
}

async fn pools(visit: &Visit) -> Result<Vec<(String, String)>, Error> {
    let listed = visit.call_aside("ListUserPools", json!({ "MaxResults": 60 })).await?;
    let named = |pool: &Json| (text(pool, "Id").to_owned(), text(pool, "Name").to_owned());
    Ok(items(&listed, "UserPools").iter().map(named).collect())
}

pub async fn list(visit: Visit) -> Answer {
    let wanted = Wanted::of(&visit).await;
    let before = place(visit.param("before"));
    let found = visit.app.engine.audit.newest(|event| wanted.takes(event), before.clone(), SHOWN).await;
    let ((events, next), pools) = match (found, pools(&visit).await) {
        (Ok(found), Ok(pools)) => (found, pools),
        (Err(error), _) | (_, Err(error)) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(None, "Events", Vec::new()).await;
    view.lead = Some("Who did what, to whom, from where, and what came of it: the audit trail, newest first.".to_owned());
    view.actions = vec![Link::new("Export as JSON lines", &wanted.address("/export", None))];
    view.blocks.push(Block::Form(wanted.form(&pools)));
    if events.is_empty() && before.is_none() && wanted.nothing() {
        view.blocks.push(Block::Empty {
            title: "Nothing has happened yet".to_owned(),
            text: "Every sign-in and every change leaves an event here; what only reads leaves none.".to_owned(),
            link: Some(Link::new("Go to user pools", paths::POOLS)),
        });
        return Ok(visit.show(view));
    }
    let next = wanted.beyond(next).map(|place| wanted.address("", Some(&place)));
    let first = before.map(|_| wanted.address("", None));
    view.blocks.push(table("Events", &events, visit.ctx.now, next, first));
    Ok(visit.show(view))
}

/// The events of the same filters, one a line, newest first. Where there are more, the header `link` leads to them.
pub async fn export(visit: Visit) -> Answer {
    let wanted = Wanted::of(&visit).await;
    let before = place(visit.param("before"));
    let (events, next) = match visit.app.engine.audit.newest(|event| wanted.takes(event), before, EXPORTED).await {
        Ok(found) => found,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let lines: String = events.iter().map(|listed| format!("{}\n", document(listed))).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"events.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let mut reply: Response = (headers, lines).into_response();
    let more = wanted.beyond(next).map(|place| format!("<{}>; rel=\"next\"", wanted.address("/export", Some(&place))));
    if let Some(more) = more.and_then(|more| more.parse().ok()) {
        reply.headers_mut().insert(header::LINK, more);
    }
    Ok(reply)
}

/// Of the newest [`SEARCHED`] events those with this text, as lines of a list; at most one more than `most`.
///
/// # Errors
/// The trail's.
pub async fn search(visit: &Visit, words: &str, most: usize) -> Result<Vec<Vec<Value>>, Error> {
    let (events, _) = visit.app.engine.audit.newest_within(SEARCHED, |event| says(event, words), None, most + 1).await?;
    Ok(events.iter().map(|listed| row(listed, visit.ctx.now)).collect())
}

/// The newest events, for a page about something wider; none where nothing has happened.
///
/// # Errors
/// The trail's.
pub async fn latest(visit: &Visit, most: usize) -> Result<Option<Block>, Error> {
    let (events, _) = visit.app.engine.audit.newest(|_| true, None, most).await?;
    Ok((!events.is_empty()).then(|| table("Newest events", &events, visit.ctx.now, None, None)))
}

fn table(caption: &str, events: &[Listed], now: i64, next: Option<String>, first: Option<String>) -> Block {
    Block::Table(Table {
        id: "events".to_owned(),
        caption: caption.to_owned(),
        columns: COLUMNS.map(str::to_owned).to_vec(),
        rows: events.iter().map(|listed| row(listed, now)).collect(),
        next,
        first,
    })
}

fn address(listed: &Listed) -> String {
    format!("{}/{}/{}", paths::EVENTS, paths::segment(&listed.chain), listed.seq)
}

fn row(listed: &Listed, now: i64) -> Vec<Value> {
    let event = &listed.event;
    let (state, word) = outcome(event);
    let named = event.target.iter().map(|(name, value)| format!("{name}: {value}"));
    let about: Vec<String> = event.pool.iter().cloned().chain(named).collect();
    vec![
        Value::link(&event.action, &address(listed)),
        Value::Moment { at: Moment::of(event.at, now) },
        Value::state(state, word),
        Value::text(&event.actor),
        match about.is_empty() {
            true => Value::none("nothing more"),
            false => Value::text(&about.join(", ")),
        },
    ]
}

fn outcome(event: &Event) -> (State, &str) {
    match (event.kind, event.result.as_deref()) {
        (Kind::Alert, _) => (State::Bad, "alert"),
        (Kind::Intent, _) => (State::Info, "begins"),
        (Kind::Closed, _) => (State::Info, "closed"),
        (Kind::Outcome, Some("ok")) => (State::Ok, "done"),
        (Kind::Outcome, Some(result)) => (State::Warn, result),
        (Kind::Outcome, None) => (State::Info, "ended"),
    }
}

pub async fn one(visit: Visit, Path((chain, seq)): Path<(String, String)>) -> Answer {
    let seq = seq.parse::<i64>().ok().filter(|_| is_chain(&chain));
    let same = match seq {
        Some(seq) => visit.app.engine.audit.of_request(&chain, seq).await,
        None => Ok(Vec::new()),
    };
    let same = match same {
        Ok(same) => same,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let Some(listed) = same.iter().find(|listed| Some(listed.seq) == seq) else {
        return Ok(super::home::missing(visit).await);
    };
    let event = &listed.event;
    let mut view = visit.view(None, &event.action, vec![Link::new("Events", paths::EVENTS)]).await;
    let (state, _) = outcome(event);
    view.blocks.push(Block::Notice { state, text: words::sentence(event), link: None });
    if let Some(detail) = visit.app.causes.find(&event.request_id) {
        let mut facts = vec![Named::text("Cause", &detail.cause)];
        if let Some((got, expected)) = &detail.differs {
            facts.extend([Named::copy("What came", got), Named::copy("What was expected", expected)]);
        }
        facts.extend(detail.fix.as_deref().map(|fix| Named::text("What to do", fix)));
        let hint = Some("As only an operator is told; remembered for a short while.".to_owned());
        view.blocks.push(Block::Facts(Facts { id: "why".to_owned(), title: "Why".to_owned(), hint, facts, links: Vec::new() }));
    }
    view.blocks.push(known(listed, visit.ctx.now));
    if same.len() > 1 {
        let others = same.iter().filter(|other| other.seq != listed.seq);
        view.blocks.push(Block::Table(Table {
            id: "same".to_owned(),
            caption: "Other events of the same request".to_owned(),
            columns: COLUMNS.map(str::to_owned).to_vec(),
            rows: others.map(|other| row(other, visit.ctx.now)).collect(),
            next: None,
            first: None,
        }));
    }
    Ok(visit.show(view))
}

fn known(listed: &Listed, now: i64) -> Block {
    let event = &listed.event;
    let (state, word) = outcome(event);
    let mut facts = vec![
        Named::new("Time", Value::Moment { at: Moment::of(event.at, now) }),
        Named::new("Outcome", Value::state(state, word)),
        Named::text("Who", &event.actor),
    ];
    facts.extend(event.pool.as_deref().map(|pool| Named::new("User pool", Value::link(pool, &paths::pool(pool, "")))));
    facts.extend(event.client.as_deref().map(|client| Named::copy("App client ID", client)));
    facts.extend(event.target.iter().map(|(name, value)| Named::copy(name, value)));
    facts.extend(event.ip.map(|ip| Named::copy("From", &ip.to_string())));
    facts.push(
        Named::copy("Request ID", &event.request_id).noting("The server's log has more under it, and every answer carries it."),
    );
    facts.push(
        Named::copy("Place in the trail", &format!("{} {}", listed.chain, listed.seq))
            .noting("poolhouse audit verify proves that nobody changed the trail."),
    );
    Block::Facts(Facts {
        id: "known".to_owned(),
        title: "What the trail holds".to_owned(),
        hint: Some("Never a password, code, token or secret.".to_owned()),
        facts,
        links: Vec::new(),
    })
}
