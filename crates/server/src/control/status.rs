//! `/_poolhouse/status`: this instance at a glance. Mounted by `control`.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::error::Result;
use poolhouse_engine::{pools, snapshots};
use serde_json::{Value, json};

use super::{clock, faults, refused};
use crate::replies;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/_poolhouse/status", get(status))
}

async fn status(State(state): State<AppState>, Extension(ctx): Extension<Ctx>) -> Response {
    match document(&state, &ctx).await {
        Ok(document) => replies::json(StatusCode::OK, &document),
        Err(error) => refused(&error),
    }
}

async fn document(state: &AppState, ctx: &Ctx) -> Result<Value> {
    let engine = &state.engine;
    let shared = engine.store.is_shared();
    let snapshots = if shared { Vec::new() } else { snapshots::list(engine).await? };
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "public_url": engine.settings.public_url,
        "region": engine.settings.region,
        "store": if shared { "postgresql" } else { "sqlite" },
        "ready": engine.ready().await.is_ok(),
        "pools": pools::ids(ctx).await?.len(),
        "messages": match &engine.inbox {
            Some(inbox) => Some(inbox.count(&Default::default()).await?),
            None => None,
        },
        "clock": clock::document(engine.clock.read()),
        "faults": state.faults.list().iter().map(faults::document).collect::<Vec<_>>(),
        "snapshots": snapshots.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
    }))
}
