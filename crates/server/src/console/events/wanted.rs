//! Which events a list is about: the filters as they stand in its address. Part of `events`.

use poolhouse_engine::audit::{Event, Kind, Place};
use poolhouse_engine::oauth::params::Params;
use serde_json::json;

use crate::console::kit::json::{list as items, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Choice, Field, Form, Input};
use crate::console::kit::visit::Visit;

/// Value, label and length in milliseconds.
const PERIODS: [(&str, &str, i64); 4] = [
    ("1h", "The last hour", 3_600_000),
    ("1d", "The last 24 hours", 86_400_000),
    ("7d", "The last 7 days", 604_800_000),
    ("30d", "The last 30 days", 2_592_000_000),
];
/// Filters in the address, in the form's order.
const NAMES: [&str; 8] = ["pool", "user", "client", "action", "outcome", "period", "text", "id"];

/// What the address asks for.
pub(super) struct Wanted {
    /// By [`NAMES`].
    asked: [String; 8],
    /// The user's sub, where the pool has such a user.
    sub: Option<String>,
    /// Milliseconds since the epoch; 0 for all time.
    since: i64,
}

impl Wanted {
    pub async fn of(visit: &Visit) -> Self {
        let asked = NAMES.map(|name| visit.param(name).trim().to_owned());
        let mut wanted = Self { asked, sub: None, since: 0 };
        let length = PERIODS.iter().find(|(value, ..)| *value == wanted.get("period")).map(|(.., length)| *length);
        wanted.since = length.map_or(0, |length| visit.ctx.now.saturating_sub(length));
        let (pool, user) = (wanted.get("pool"), wanted.get("user"));
        if !pool.is_empty() && !user.is_empty() {
            wanted.sub = sub_of(visit, pool, user).await;
        }
        wanted
    }

    fn get(&self, name: &str) -> &str {
        let at = NAMES.iter().position(|known| *known == name);
        at.and_then(|at| self.asked.get(at)).map(String::as_str).unwrap_or_default()
    }

    pub fn takes(&self, event: &Event) -> bool {
        let user = |wanted: &str| has(wanted, &event.actor) || event.target.values().any(|value| has(wanted, value));
        let is = |name: &str, value: Option<&str>| self.get(name).is_empty() || value == Some(self.get(name));
        let outcome = match self.get("outcome") {
            "done" => event.result.as_deref() == Some("ok"),
            "refused" => event.result.as_deref().is_some_and(|result| result != "ok"),
            "alert" => event.kind == Kind::Alert,
            "begun" => event.kind == Kind::Intent,
            _ => true,
        };
        outcome
            && event.at >= self.since
            && is("pool", event.pool.as_deref())
            && is("client", event.client.as_deref())
            && is("id", Some(&event.request_id))
            && (self.get("user").is_empty() || user(self.get("user")) || self.sub.as_deref().is_some_and(user))
            && has(self.get("action"), &event.action)
            && says(event, self.get("text"))
    }

    /// Where older ones may be, of those that the period lets through.
    pub fn beyond(&self, next: Option<Place>) -> Option<Place> {
        next.filter(|place| place.at >= self.since)
    }

    pub fn nothing(&self) -> bool {
        self.asked.iter().all(String::is_empty)
    }

    /// The list with these filters, from a place on; `below` is empty or begins with `/`.
    pub fn address(&self, below: &str, place: Option<&Place>) -> String {
        let filters = NAMES.iter().zip(&self.asked).filter(|(_, value)| !value.is_empty());
        let mut query = filters.fold(Params::default(), |all, (name, value)| all.with(name, value));
        if let Some(place) = place {
            query = query.with("before", &place.text());
        }
        format!("{}{below}?{}", paths::EVENTS, query.query_without(&[]))
    }

    pub fn form(&self, pools: &[(String, String)]) -> Form {
        let pool = |(id, name): &(String, String)| Choice::new(id, &format!("{name} · {id}"), *id == self.get("pool"));
        let outcome = |value: &str, label: &str| Choice::new(value, label, value == self.get("outcome"));
        let all = Choice::new("", "All user pools", self.get("pool").is_empty());
        let outcomes = vec![
            outcome("", "Every outcome"),
            outcome("done", "Done"),
            outcome("refused", "Refused or broken off"),
            outcome("begun", "Announced"),
            outcome("alert", "Alerts"),
        ];
        let ever = Choice::new("", "All time", self.since == 0);
        let periods = PERIODS.iter().map(|(value, label, _)| Choice::new(value, label, *value == self.get("period")));
        let typed = |name: &str, label: &str| Field::text(name, label, self.get(name));
        let fields = vec![
            Field::one_of(Input::Select, "pool", "User pool", std::iter::once(all).chain(pools.iter().map(pool)).collect()),
            typed("user", "User, or who acted"),
            typed("client", "App client ID"),
            typed("action", "Operation or page"),
            Field::one_of(Input::Select, "outcome", "Outcome", outcomes),
            Field::one_of(Input::Select, "period", "Period", std::iter::once(ever).chain(periods).collect()),
            typed("text", "Text in it"),
            typed("id", "Request ID"),
        ];
        Form::asking("filter", paths::EVENTS, "Show events", fields)
    }
}

/// Whatever the case; nothing is in everything.
fn has(wanted: &str, text: &str) -> bool {
    wanted.is_empty() || text.to_lowercase().contains(&wanted.to_lowercase())
}

/// Whether one of the event's texts has this in it.
pub(super) fn says(event: &Event, wanted: &str) -> bool {
    let ip = event.ip.map(|ip| ip.to_string());
    let parts =
        [Some(&*event.action), event.result.as_deref(), Some(&*event.actor), event.pool.as_deref(), event.client.as_deref()];
    let parts = parts.into_iter().chain([ip.as_deref(), Some(&*event.request_id)]).flatten();
    wanted.is_empty() || parts.chain(event.target.values().map(String::as_str)).any(|part| has(wanted, part))
}

/// The sub of the user whom the pool knows by this name; who acts is in the trail by sub.
async fn sub_of(visit: &Visit, pool: &str, user: &str) -> Option<String> {
    let found = visit.call_aside("AdminGetUser", json!({ "UserPoolId": pool, "Username": user })).await.ok()?;
    let sub = items(&found, "UserAttributes").iter().find(|attribute| text(attribute, "Name") == "sub")?;
    Some(text(sub, "Value").to_owned())
}
