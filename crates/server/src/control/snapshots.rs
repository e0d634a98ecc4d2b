//! `/_poolhouse/snapshots` and `/_poolhouse/reset`: named states of the whole store, and the one right after the start.
//! Mounted by `control`.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use http::StatusCode;
use poolhouse_engine::ctx::{Ctx, Setting};
use poolhouse_engine::error::Error;
use poolhouse_engine::snapshots::{self, Restored, START, Snapshot};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{clock, read, refused, time};
use crate::replies;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/_poolhouse/snapshots", get(list).post(take))
        .route("/_poolhouse/snapshots/{name}", delete(remove))
        .route("/_poolhouse/snapshots/{name}/restore", post(restore))
        .route("/_poolhouse/reset", post(reset))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

/// What a call without members takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn document(snapshot: &Snapshot) -> Value {
    let Snapshot { name, bytes, taken_at } = snapshot;
    json!({ "name": name, "bytes": bytes, "taken_at": time(*taken_at) })
}

/// What went and what came, table by table: nothing ends silently.
fn told(name: &str, restored: &Restored) -> Value {
    let of = |table: &str, pick: fn(&snapshots::Change) -> u64| {
        restored.changes.iter().find(|change| change.table == table).map_or(0, pick)
    };
    let tables: Map<String, Value> = restored
        .changes
        .iter()
        .map(|c| (c.table.clone(), json!({ "gone": c.gone, "back": c.back, "changed": c.changed })))
        .collect();
    json!({
        "restored": name,
        "sessions_ended": restored.sessions_ended,
        "sessions_revived": restored.sessions_revived,
        "browser_sessions_ended": of("browser_sessions", |change| change.gone),
        "users_removed": of("users", |change| change.gone),
        "users_returned": of("users", |change| change.back),
        "users_changed": of("users", |change| change.changed),
        "tables": tables,
    })
}

async fn list(State(state): State<AppState>) -> Response {
    match snapshots::list(&state.engine).await {
        Ok(all) => {
            let all: Vec<Value> = all.iter().map(document).collect();
            replies::json(StatusCode::OK, &json!({ "snapshots": all }))
        }
        Err(error) => refused(&error),
    }
}

async fn take(Extension(ctx): Extension<Ctx>, request: Request) -> Response {
    let Named { name } = match read(request.into_body()).await {
        Ok(named) => named,
        Err(error) => return refused(&error),
    };
    match snapshots::take(&ctx, &name).await {
        Ok(taken) => replies::json(StatusCode::OK, &document(&taken)),
        Err(error) => refused(&error),
    }
}

async fn remove(Extension(ctx): Extension<Ctx>, Path(name): Path<String>) -> Response {
    match snapshots::remove(&ctx, &name).await {
        Ok(()) => replies::json(StatusCode::OK, &json!({ "deleted": name })),
        Err(error) => refused(&error),
    }
}

async fn restore(Extension(ctx): Extension<Ctx>, Path(name): Path<String>, request: Request) -> Response {
    if let Err(error) = read::<Nothing>(request.into_body()).await {
        return refused(&error);
    }
    match snapshots::restore(&ctx, &name).await {
        Ok(restored) => replies::json(StatusCode::OK, &told(&name, &restored)),
        Err(error) => refused(&error),
    }
}

/// Everything as it was right after the start: the store, the clock, no faults. The store first: where that is refused,
/// nothing was done.
async fn reset(State(state): State<AppState>, Extension(ctx): Extension<Ctx>, request: Request) -> Response {
    if let Err(error) = read::<Nothing>(request.into_body()).await {
        return refused(&error);
    }
    let restored = match snapshots::restore(&ctx, START).await {
        Ok(restored) => restored,
        Err(error) if error.is(poolhouse_wire::ErrorCode::ResourceNotFoundException) => {
            return refused(&Error::not_found("The state after the start was not kept; the log says why."));
        }
        Err(error) => return refused(&error),
    };
    let faults = state.faults.remove(None);
    let reading = match ctx.engine.clock.set(Setting::Reset) {
        Ok(reading) => reading,
        Err(error) => return refused(&error),
    };
    let mut document = told(START, &restored);
    if let Some(members) = document.as_object_mut() {
        members.insert("faults_removed".to_owned(), faults.into());
        members.insert("clock".to_owned(), clock::document(reading));
    }
    replies::json(StatusCode::OK, &document)
}
