//! `/_poolhouse/status`: this instance at a glance. Mounted by `control`; the console's health page reads the same [`Status`].

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

pub const STATUS: &str = "/_poolhouse/status";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(STATUS, get(status))
}

/// How this instance is at the moment.
pub struct Status {
    pub version: &'static str,
    /// `sqlite` or `postgresql`.
    pub store: &'static str,
    /// Whether requests can be answered, or why not.
    pub ready: std::result::Result<(), String>,
    /// What is in the store, where it answers.
    pub kept: Result<Kept>,
}

/// What is in the store.
pub struct Kept {
    pub pools: usize,
    /// Messages in the inbox, if that is where they go.
    pub messages: Option<u64>,
    /// Names of snapshots, the oldest first.
    pub snapshots: Vec<String>,
}

impl Status {
    pub async fn of(state: &AppState, ctx: &Ctx) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            store: if state.engine.store.is_shared() { "postgresql" } else { "sqlite" },
            ready: state.engine.ready().await,
            kept: Kept::read(state, ctx).await,
        }
    }
}

impl Kept {
    async fn read(state: &AppState, ctx: &Ctx) -> Result<Self> {
        let engine = &state.engine;
        let snapshots = if engine.store.is_shared() { Vec::new() } else { snapshots::list(engine).await? };
        Ok(Self {
            pools: pools::ids(ctx).await?.len(),
            messages: match &engine.inbox {
                Some(inbox) => Some(inbox.count(&Default::default()).await?),
                None => None,
            },
            snapshots: snapshots.into_iter().map(|one| one.name).collect(),
        })
    }
}

async fn status(State(state): State<AppState>, Extension(ctx): Extension<Ctx>) -> Response {
    match document(&state, &ctx).await {
        Ok(document) => replies::json(StatusCode::OK, &document),
        Err(error) => refused(&error),
    }
}

async fn document(state: &AppState, ctx: &Ctx) -> Result<Value> {
    let Status { version, store, ready, kept } = Status::of(state, ctx).await;
    let kept = kept?;
    let settings = &state.engine.settings;
    Ok(json!({
        "version": version,
        "public_url": settings.public_url,
        "region": settings.region,
        "store": store,
        "ready": ready.is_ok(),
        "pools": kept.pools,
        "messages": kept.messages,
        "clock": clock::document(state.engine.clock.read()),
        "faults": state.faults.list().iter().map(faults::document).collect::<Vec<_>>(),
        "snapshots": kept.snapshots,
    }))
}
