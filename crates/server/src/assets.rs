//! Files that pages load. Called by the router.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, Uri};

use crate::render;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/assets/{name}", get(asset)).route("/favicon.ico", get(favicon))
}

async fn asset(uri: Uri) -> Response {
    render::asset(uri.path()).map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}

/// Browsers ask for it unasked; the pages name the real sign.
async fn favicon() -> Response {
    render::asset(render::SIGN_PATH.as_str()).map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}
