//! `/_poolhouse/faults`: setting, listing and removing what [`crate::faults`] does. Mounted by `control`.

use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{delete, get};
use axum::{Extension, Router};
use http::StatusCode;
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::error::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{read, refused};
use crate::faults::{self, DELAY_MS_MAX, Effect, Fault};
use crate::replies;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/_poolhouse/faults", get(list).post(add).delete(clear)).route("/_poolhouse/faults/{id}", delete(remove))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    operation: String,
    fault: Word,
    error: Option<String>,
    delay_ms: Option<u64>,
    times: Option<u32>,
    pool: Option<String>,
    client: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Word {
    Throttle,
    Error,
    Delay,
}

impl Asked {
    fn fault(self) -> Result<Fault> {
        let operation = faults::operation(&self.operation)?;
        let effect = match (self.fault, &self.error) {
            (Word::Throttle, None) => Effect::Throttle,
            (Word::Delay, None) => Effect::Delay,
            (Word::Error, name) => {
                Effect::Error(faults::error_of(&operation, name.as_deref().unwrap_or("InternalErrorException"))?)
            }
            _ => return Err(Error::invalid_parameter("error goes with \"fault\": \"error\" alone.")),
        };
        let delay_ms = self.delay_ms.unwrap_or_default();
        if delay_ms > DELAY_MS_MAX || (effect == Effect::Delay && delay_ms == 0) {
            return Err(Error::invalid_parameter(format!("delay_ms is from 1 to {DELAY_MS_MAX}.")));
        }
        if self.times == Some(0) {
            return Err(Error::invalid_parameter("times is at least 1; without it the fault stays until it is removed."));
        }
        let delay = Duration::from_millis(delay_ms);
        Ok(Fault { id: 0, operation, effect, delay, left: self.times, pool: self.pool, client: self.client })
    }
}

/// A fault as every answer has it.
pub(super) fn document(fault: &Fault) -> Value {
    let (word, error) = match fault.effect {
        Effect::Throttle => ("throttle", None),
        Effect::Error(code) => ("error", Some(code.as_str())),
        Effect::Delay => ("delay", None),
    };
    json!({
        "id": fault.id,
        "operation": fault.operation,
        "fault": word,
        "error": error,
        "delay_ms": u64::try_from(fault.delay.as_millis()).unwrap_or(u64::MAX),
        "times_left": fault.left,
        "pool": fault.pool,
        "client": fault.client,
    })
}

async fn list(State(state): State<AppState>) -> Response {
    let faults: Vec<Value> = state.faults.list().iter().map(document).collect();
    replies::json(StatusCode::OK, &json!({ "faults": faults }))
}

async fn add(State(state): State<AppState>, Extension(ctx): Extension<Ctx>, request: Request) -> Response {
    let fault = match read::<Asked>(request.into_body()).await.and_then(Asked::fault) {
        Ok(fault) => fault,
        Err(error) => return refused(&error),
    };
    ctx.concerns("Operation", &fault.operation);
    match ctx.change("SetFault", async { state.faults.add(fault) }).await {
        Ok(fault) => replies::json(StatusCode::OK, &document(&fault)),
        Err(error) => refused(&error),
    }
}

async fn clear(State(state): State<AppState>, Extension(ctx): Extension<Ctx>) -> Response {
    match ctx.change("RemoveFaults", async { Ok(state.faults.remove(None)) }).await {
        Ok(removed) => replies::json(StatusCode::OK, &json!({ "removed": removed })),
        Err(error) => refused(&error),
    }
}

async fn remove(State(state): State<AppState>, Extension(ctx): Extension<Ctx>, Path(id): Path<String>) -> Response {
    let missing = || Error::not_found("There is no fault of this id. GET /_poolhouse/faults lists them.");
    let Ok(number) = id.parse::<u64>() else { return refused(&missing()) };
    ctx.concerns("Fault", &id);
    let work = async { if state.faults.remove(Some(number)) == 0 { Err(missing()) } else { Ok(()) } };
    match ctx.change("RemoveFault", work).await {
        Ok(()) => replies::json(StatusCode::OK, &json!({ "removed": 1 })),
        Err(error) => refused(&error),
    }
}
