//! `/_poolhouse/events`: what happened, as JSON out of the audit trail. Mounted by `control`.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use http::{StatusCode, Uri};
use poolhouse_engine::audit::{Filter, Listed, Place};
use poolhouse_engine::ctx::{Ctx, Engine};
use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::oauth::params::Params;
use poolhouse_engine::{pools, users};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::refused;
use crate::operator::audit;
use crate::operator::commands::period_ms;
use crate::replies;
use crate::state::AppState;

/// Longest wait, seconds: less than the edge lets a request take.
const WAIT_MAX: u32 = 60;
const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 1000;
/// Between two looks while waiting.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A place later than now by this is of a time that the clock was set back from.
const AHEAD_MS: i64 = 60_000;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/_poolhouse/events", get(list))
}

async fn list(State(state): State<AppState>, Extension(ctx): Extension<Ctx>, uri: Uri) -> Response {
    let (filter, wait) = match asked(&ctx, &uri).await {
        Ok(asked) => asked,
        Err(error) => return refused(&error),
    };
    match find(&state.engine, &filter, wait).await {
        Ok((events, more)) => {
            let events: Vec<Value> = events.iter().map(document).collect();
            replies::json(StatusCode::OK, &json!({ "events": events, "more": more }))
        }
        Err(error) => refused(&error),
    }
}

/// An event with its id, which `after` takes.
fn document(listed: &Listed) -> Value {
    let mut document = audit::document(listed);
    if let Some(members) = document.as_object_mut() {
        members.insert("id".to_owned(), listed.place().text().into());
        members.remove("chain");
        members.remove("seq");
    }
    document
}

async fn asked(ctx: &Ctx, uri: &Uri) -> Result<(Filter, Duration)> {
    let params = Params::parse(uri.query().unwrap_or_default())?;
    params.only(&["pool", "user", "type", "since", "after", "limit", "wait"])?;
    let text = |name: &str| -> Result<Option<String>> { Ok(params.get(name)?.map(str::to_owned)) };
    let pool = text("pool")?;
    let user = match text("user")? {
        Some(user) => names(ctx, pool.as_deref(), user).await?,
        None => Vec::new(),
    };
    let after = text("after")?.map(|id| place(ctx, &id)).transpose()?;
    let since = text("since")?.map(|since| time_of(ctx, &since)).transpose()?.unwrap_or(0);
    let most = params.number("limit", LIMIT_MAX)?.unwrap_or(LIMIT).max(1);
    let wait = Duration::from_secs(params.number("wait", WAIT_MAX)?.unwrap_or(0).into());
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Ok((Filter { since, pool, alerts_only: false, user, what: text("type")?, after, most }, wait))
}

/// What a user is called in the trail: as asked, and where the pool is known, by sub and user name too.
async fn names(ctx: &Ctx, pool: Option<&str>, user: String) -> Result<Vec<String>> {
    let known = match pool.filter(|pool| !pool.contains('\0') && !user.contains('\0')) {
        Some(pool) => match pools::find(ctx, pool).await? {
            Some(pool) => users::find_by_name_or_sub(ctx, &pool, &user).await?,
            None => None,
        },
        None => None,
    };
    let mut names = vec![user];
    names.extend(known.into_iter().flat_map(|user| [user.sub().to_owned(), user.username().to_owned()]));
    Ok(names)
}

fn place(ctx: &Ctx, id: &str) -> Result<Place> {
    let place = Place::parse(id).ok_or_else(|| Error::invalid_parameter("after is not the id of an event."))?;
    // Everything from here on would be missed without a word.
    if place.at > ctx.now + AHEAD_MS {
        return Err(Error::invalid_parameter("The clock was set back behind this event. Ask anew, with since."));
    }
    Ok(place)
}

/// A time, or how long ago.
fn time_of(ctx: &Ctx, text: &str) -> Result<i64> {
    let ago = || period_ms(text).ok().map(|ms| ctx.now.saturating_sub(ms));
    let time = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    time.or_else(ago).ok_or_else(|| Error::invalid_parameter("since is no time as in 2026-01-01T00:00:00Z or 15m."))
}

/// What there is, or comes within the wait.
async fn find(engine: &Engine, filter: &Filter, wait: Duration) -> Result<(Vec<Listed>, bool)> {
    let until = Instant::now() + wait;
    loop {
        engine.audit.flush().await;
        let found = engine.audit.list(filter).await?;
        if !found.0.is_empty() || Instant::now() >= until {
            return Ok(found);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
