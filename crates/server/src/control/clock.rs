//! `/_poolhouse/clock`: the time of day as the rules see it. What measures how long something takes goes by the real clock
//! wherever the hands stand, and so do certificates. Mounted by `control`.

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use poolhouse_engine::ctx::{Ctx, Reading, Setting};
use poolhouse_engine::error::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{read, refused, time};
use crate::replies;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/_poolhouse/clock", get(show).post(set))
}

/// One of the members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    shift_seconds: Option<i64>,
    freeze_at: Option<String>,
    freeze: Option<bool>,
    reset: Option<bool>,
}

impl Asked {
    fn setting(&self) -> Result<Setting> {
        let usage = || {
            Error::invalid_parameter(
                "Say one of {\"shift_seconds\": 3600}, {\"freeze_at\": \"2026-01-01T00:00:00Z\"}, {\"freeze\": true}, \
                 {\"freeze\": false}, {\"reset\": true}.",
            )
        };
        match (self.shift_seconds, &self.freeze_at, self.freeze, self.reset) {
            (Some(seconds), None, None, None) => Ok(Setting::Shift(seconds.saturating_mul(1000))),
            (None, Some(at), None, None) => at.parse::<jiff::Timestamp>().map_or_else(
                |_| Err(Error::invalid_parameter("freeze_at is no time as in 2026-01-01T00:00:00Z.")),
                |at| Ok(Setting::FreezeAt(at.as_millisecond())),
            ),
            (None, None, Some(true), None) => Ok(Setting::Freeze),
            (None, None, Some(false), None) => Ok(Setting::Go),
            (None, None, None, Some(true)) => Ok(Setting::Reset),
            _ => Err(usage()),
        }
    }
}

async fn show(State(state): State<AppState>) -> Response {
    replies::json(StatusCode::OK, &document(state.engine.clock.read()))
}

async fn set(Extension(ctx): Extension<Ctx>, request: Request) -> Response {
    let asked = match read::<Asked>(request.into_body()).await.and_then(|asked| asked.setting()) {
        Ok(asked) => asked,
        Err(error) => return refused(&error),
    };
    ctx.concerns("Clock", &format!("{asked:?}"));
    match ctx.change("SetClock", async { ctx.engine.clock.set(asked) }).await {
        Ok(reading) => replies::json(StatusCode::OK, &document(reading)),
        Err(error) => refused(&error),
    }
}

/// What the clock says, as every answer about it has it.
pub(super) fn document(reading: Reading) -> Value {
    let Reading { now, real, frozen } = reading;
    json!({
        "now": time(now),
        "now_ms": now,
        "real": time(real),
        "real_ms": real,
        "shift_seconds": (now - real) / 1000,
        "frozen": frozen,
    })
}
