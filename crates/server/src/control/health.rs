//! What machines watch: whether the process lives, and whether it can work. On every instance. Mounted by `control`.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::json;

use crate::replies;
use crate::state::AppState;

pub const HEALTH: &str = "/_poolhouse/health";
pub const READY: &str = "/_poolhouse/ready";

/// Whether this path is one of those that machines watch.
pub fn is_health(path: &str) -> bool {
    path == HEALTH || path == READY
}

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(HEALTH, get(health)).route(READY, get(ready))
}

/// The process lives. Asks nobody: a store that is away must not get the process killed (checklist 200).
async fn health() -> Response {
    replies::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Requests can be answered: the store reads and takes writes.
async fn ready(State(state): State<AppState>) -> Response {
    match state.engine.ready().await {
        Ok(()) => replies::json(StatusCode::OK, &json!({ "status": "ready" })),
        Err(cause) => {
            tracing::warn!(%cause, "not ready");
            replies::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "unavailable" }))
        }
    }
}
