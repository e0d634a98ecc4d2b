//! The page that Prometheus scrapes. In production it stands on a listener of its own and nowhere else; in development it
//! stands among the tools. Called by the router's `control` part and by `run`.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;
use poolhouse_engine::metrics::CONTENT_TYPE;

use crate::state::AppState;

/// `/metrics` and nothing else: for the listener of its own.
pub fn router(state: AppState) -> Router {
    Router::new().route("/metrics", get(page)).with_state(state)
}

/// The text of the moment.
pub async fn page(State(state): State<AppState>) -> Response {
    if let Some(bytes) = resident_bytes() {
        state.engine.metrics.resident(bytes);
    }
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], state.engine.metrics_text()).into_response()
}

/// Memory of this process in bytes, as Linux tells it.
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
