//! `GET /_poolhouse/`: every endpoint with a line and what to type, and the answer to paths that nobody has. Mounted by
//! `control`.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{any, get};
use http::{Method, StatusCode, Uri};
use serde_json::{Value, json};

use crate::nearest;
use crate::reached::plain;
use crate::replies;
use crate::state::AppState;

const PREFIX: &str = "/_poolhouse/";

/// One endpoint.
struct Endpoint {
    method: &'static str,
    /// With `{name}` where something is filled in.
    path: &'static str,
    what: &'static str,
    /// An example of the body, or of the query after `?`.
    example: &'static str,
}

const fn endpoint(method: &'static str, path: &'static str, example: &'static str, what: &'static str) -> Endpoint {
    Endpoint { method, path, what, example }
}

const ENDPOINTS: &[Endpoint] = &[
    endpoint("GET", "/_poolhouse/", "", "This list"),
    endpoint("GET", "/_poolhouse/health", "", "Whether the process lives"),
    endpoint("GET", "/_poolhouse/ready", "", "Whether the database answers and takes writes"),
    endpoint("GET", "/_poolhouse/metrics", "", "Metrics as Prometheus reads them"),
    endpoint("GET", "/_poolhouse/inbox", "", "Leads to the console's page of mail and SMS that would have been sent"),
    endpoint("GET", "/_poolhouse/messages", "address=ada@example.com&wait=10", "The same as JSON; waits for one"),
    endpoint("GET", "/_poolhouse/messages/latest", "address=ada@example.com&wait=10", "The newest one, with its code"),
    endpoint("GET", "/_poolhouse/clock", "", "The time, real and as the rules see it"),
    endpoint("POST", "/_poolhouse/clock", r#"{"shift_seconds": 3600}"#, "Shift, freeze or reset the clock"),
    endpoint("GET", "/_poolhouse/faults", "", "The faults that are set, and how often each still strikes"),
    endpoint(
        "POST",
        "/_poolhouse/faults",
        r#"{"operation": "InitiateAuth", "fault": "throttle", "times": 3}"#,
        "Throttle, fail or delay an operation, an OAuth endpoint or everything",
    ),
    endpoint("DELETE", "/_poolhouse/faults/{id}", "", "Remove a fault"),
    endpoint("DELETE", "/_poolhouse/faults", "", "Remove all faults"),
    endpoint("GET", "/_poolhouse/snapshots", "", "The named states that are kept"),
    endpoint("POST", "/_poolhouse/snapshots", r#"{"name": "before"}"#, "Keep the state of now under a name"),
    endpoint("POST", "/_poolhouse/snapshots/{name}/restore", "", "Go back to a state; ends the sessions that began since"),
    endpoint("DELETE", "/_poolhouse/snapshots/{name}", "", "Forget a state"),
    endpoint("POST", "/_poolhouse/reset", "", "Go back to the state after the start, clock and faults too"),
    endpoint(
        "POST",
        "/_poolhouse/tokens",
        r#"{"pool": "POOL_ID", "client": "CLIENT_ID", "username": "ada@example.com"}"#,
        "Access, ID and refresh tokens of a user, without a sign-in",
    ),
    endpoint(
        "GET",
        "/_poolhouse/events",
        "user=ada@example.com&type=InitiateAuth&wait=10",
        "What happened, from the audit trail; waits for something",
    ),
    endpoint("GET", "/_poolhouse/status", "", "This instance at a glance"),
];

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/_poolhouse", get(list)).route("/_poolhouse/", get(list)).route("/_poolhouse/{*rest}", any(unknown))
}

async fn list(State(state): State<AppState>) -> Response {
    let endpoints: Vec<Value> = ENDPOINTS.iter().map(|one| one.document(&state.engine.settings.public_url)).collect();
    replies::json(StatusCode::OK, &json!({ "endpoints": endpoints }))
}

impl Endpoint {
    fn document(&self, url: &str) -> Value {
        let Self { method, path, what, example } = self;
        let curl = match (*method, *example) {
            ("GET", "") => format!("curl '{url}{path}'"),
            ("GET", query) => format!("curl '{url}{path}?{query}'"),
            ("POST", body) => {
                let body = if body.is_empty() { "{}" } else { body };
                format!("curl -X POST -H 'Content-Type: application/json' -d '{body}' '{url}{path}'")
            }
            (method, _) => format!("curl -X {method} '{url}{path}'"),
        };
        json!({ "method": method, "path": path, "what": what, "curl": curl })
    }
}

async fn unknown(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    // What they all begin with is no likeness.
    let rest = |path: &'static str| path.trim_start_matches(PREFIX);
    let near =
        nearest::nearest(path.trim_start_matches(PREFIX).trim_end_matches('/'), ENDPOINTS.iter().map(|one| rest(one.path)));
    let hint = near
        .map_or_else(|| " GET /_poolhouse/ lists what there is.".to_owned(), |known| format!(" Did you mean {PREFIX}{known}?"));
    plain(StatusCode::NOT_FOUND, "not_found", &format!("Nothing answers {method} {path}.{hint}"))
}
