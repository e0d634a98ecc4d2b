//! Documents that clients read before they start: OpenID Connect Discovery 1.0, RFC 8414 and the JWKS, under every
//! issuer's path. Called by the router for our own host, the API's and the issuer's.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderValue, StatusCode, header};
use poolhouse_engine::ctx::{Ctx, region_of_pool};
use poolhouse_engine::error::Result;
use poolhouse_engine::oauth::discovery;
use poolhouse_engine::pools::{self, Pool};

use crate::reached::{Reached, plain};
use crate::replies;
use crate::state::AppState;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Keys are published long before they sign, so an hour does no harm.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=3600");

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/{pool}/.well-known/openid-configuration", get(document).options(replies::preflight))
        .route("/{pool}/.well-known/jwks.json", get(jwks).options(replies::preflight))
        // RFC 8414 §3.1 puts the well-known part first, most libraries last.
        .route("/{pool}/.well-known/oauth-authorization-server", get(document).options(replies::preflight))
        .route("/.well-known/oauth-authorization-server/{pool}", get(document).options(replies::preflight))
}

async fn document(Path(pool): Path<String>, reached: Extension<Reached>, Extension(ctx): Extension<Ctx>) -> Response {
    let found = match find(&ctx, &reached, &pool).await {
        Ok(Some(pool)) => discovery::document(&ctx, &pool).await.map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    answer(found)
}

async fn jwks(Path(pool): Path<String>, reached: Extension<Reached>, Extension(ctx): Extension<Ctx>) -> Response {
    let found = match find(&ctx, &reached, &pool).await {
        Ok(Some(pool)) => discovery::jwks(&ctx, &pool).await.map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    answer(found)
}

/// The pool, if it lives in the region whose host was asked.
async fn find(ctx: &Ctx, reached: &Reached, id: &str) -> Result<Option<Arc<Pool>>> {
    if reached.host_region.as_deref().is_some_and(|region| region != region_of_pool(id)) {
        return Ok(None);
    }
    pools::find(ctx, id).await
}

fn answer(found: Result<Option<Bytes>>) -> Response {
    match found {
        Ok(Some(document)) => {
            replies::cors(([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, CACHED)], document).into_response())
        }
        Ok(None) => replies::cors(plain(StatusCode::NOT_FOUND, "not_found", "No user pool of this id lives at this address.")),
        Err(error) => {
            tracing::error!(cause = ?error.detail().map(|d| d.cause.as_str()), "a well-known document could not be made");
            replies::cors(replies::error(&error))
        }
    }
}
