//! Events: the audit trail, newest first, and one event with what it means. Reads the trail alone, and where the instance tells
//! causes, what is still remembered of them.

pub mod words;

use axum::extract::Path;
use poolhouse_engine::audit::{Event, Kind, Listed, Place};
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::params::Params;
use serde_json::{Value as Json, json};

use crate::console::kit::json::{list as items, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Facts, Field, Form, Input, Named, State, Table, Value};
use crate::console::kit::visit::{Answer, Visit};
use crate::pages::fields::{Link, Moment};

const COLUMNS: [&str; 5] = ["Event", "Time", "Outcome", "Who", "About"];
/// Events on a page.
const SHOWN: usize = 50;

/// What the address asks for.
struct Wanted {
    pool: String,
    user: String,
    action: String,
    outcome: String,
    /// The user's sub, where the pool has such a user.
    sub: Option<String>,
}

impl Wanted {
    async fn of(visit: &Visit) -> Self {
        let param = |name: &str| visit.param(name).trim().to_owned();
        let (pool, user) = (param("pool"), param("user"));
        let sub = match (pool.is_empty(), user.is_empty()) {
            (false, false) => sub_of(visit, &pool, &user).await,
            _ => None,
        };
        Self { pool, user, action: param("action"), outcome: param("outcome"), sub }
    }

    fn takes(&self, event: &Event) -> bool {
        let has = |wanted: &str, text: &str| text.to_lowercase().contains(&wanted.to_lowercase());
        let user = |wanted: &str| has(wanted, &event.actor) || event.target.values().any(|value| has(wanted, value));
        let outcome = match self.outcome.as_str() {
            "done" => event.result.as_deref() == Some("ok"),
            "refused" => event.result.as_deref().is_some_and(|result| result != "ok"),
            "alert" => event.kind == Kind::Alert,
            "begun" => event.kind == Kind::Intent,
            _ => true,
        };
        outcome
            && (self.pool.is_empty() || event.pool.as_deref() == Some(&self.pool))
            && (self.user.is_empty() || user(&self.user) || self.sub.as_deref().is_some_and(user))
            && (self.action.is_empty() || has(&self.action, &event.action))
    }

    fn nothing(&self) -> bool {
        [&self.pool, &self.user, &self.action, &self.outcome].into_iter().all(|filter| filter.is_empty())
    }

    /// The list with these filters, from a place on.
    fn address(&self, place: Option<&Place>) -> String {
        let filters = [("pool", &self.pool), ("user", &self.user), ("action", &self.action), ("outcome", &self.outcome)];
        let filters = filters.into_iter().filter(|(_, value)| !value.is_empty());
        let mut query = filters.fold(Params::default(), |all, (name, value)| all.with(name, value));
        if let Some(Place { at, chain, seq }) = place {
            query = query.with("before", &format!("{at}.{seq}.{chain}"));
        }
        format!("{}?{}", paths::EVENTS, query.query_without(&[]))
    }

    fn form(&self, pools: &[(String, String)]) -> Form {
        let pool = |(id, name): &(String, String)| Choice::new(id, &format!("{name} · {id}"), *id == self.pool);
        let outcome = |value: &str, label: &str| Choice::new(value, label, value == self.outcome);
        let all = Choice::new("", "All user pools", self.pool.is_empty());
        let outcomes = vec![
            outcome("", "Every outcome"),
            outcome("done", "Done"),
            outcome("refused", "Refused or broken off"),
            outcome("begun", "Announced"),
            outcome("alert", "Alerts"),
        ];
        let fields = vec![
            Field::one_of(Input::Select, "pool", "User pool", std::iter::once(all).chain(pools.iter().map(pool)).collect()),
            Field::text("user", "User, or who acted", &self.user),
            Field::text("action", "Operation or page", &self.action),
            Field::one_of(Input::Select, "outcome", "Outcome", outcomes),
        ];
        Form::asking("filter", paths::EVENTS, "Show events", fields)
    }
}

/// The sub of the user whom the pool knows by this name; who acts is in the trail by sub.
async fn sub_of(visit: &Visit, pool: &str, user: &str) -> Option<String> {
    let found = visit.call_aside("AdminGetUser", json!({ "UserPoolId": pool, "Username": user })).await.ok()?;
    let sub = items(&found, "UserAttributes").iter().find(|attribute| text(attribute, "Name") == "sub")?;
    Some(text(sub, "Value").to_owned())
}

/// Where to go on; what is no place of ours is none.
fn place(before: &str) -> Option<Place> {
    let mut parts = before.splitn(3, '.');
    let (at, seq, chain) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    is_chain(chain).then(|| Place { at, chain: chain.to_owned(), seq })
}

/// NUL is no text to PostgreSQL; a chain's name is a UUID.
fn is_chain(chain: &str) -> bool {
    chain.len() == 36 && chain.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
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
    view.blocks.push(Block::Form(wanted.form(&pools)));
    if events.is_empty() && before.is_none() && wanted.nothing() {
        view.blocks.push(Block::Empty {
            title: "Nothing has happened yet".to_owned(),
            text: "Every sign-in and every change leaves an event here; what only reads leaves none.".to_owned(),
            link: Some(Link::new("Go to user pools", paths::POOLS)),
        });
        return Ok(visit.show(view));
    }
    let (next, first) = (next.map(|place| wanted.address(Some(&place))), before.map(|_| wanted.address(None)));
    view.blocks.push(table("Events", &events, visit.ctx.now, next, first));
    Ok(visit.show(view))
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
