//! `/_poolhouse/tokens`: tokens of a user without a sign-in. Mounted by `control`.

use axum::extract::Request;
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use http::StatusCode;
use poolhouse_engine::auth::minted::{self, Wanted};
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::error::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{read, refused};
use crate::replies;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/_poolhouse/tokens", post(mint))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    pool: String,
    client: String,
    username: String,
    scopes: Option<Vec<String>>,
    ttl_seconds: Option<i64>,
    claims: Option<Map<String, Value>>,
}

impl Asked {
    fn wanted(self) -> Result<Wanted> {
        let Self { pool, client, username, scopes, ttl_seconds, claims } = self;
        if claims.is_some_and(|claims| !claims.is_empty()) {
            return Err(Error::invalid_parameter(
                "claims: Poolhouse signs no claims of a caller's own; they come from the user's attributes and groups. Set those first.",
            ));
        }
        // No name of ours has it, and it is no text to PostgreSQL.
        if [&pool, &client, &username].into_iter().any(|text| text.contains('\0')) {
            return Err(Error::invalid_parameter("A name has no NUL."));
        }
        Ok(Wanted { pool, client, username, scopes, life_seconds: ttl_seconds })
    }
}

async fn mint(Extension(ctx): Extension<Ctx>, request: Request) -> Response {
    let wanted = match read::<Asked>(request.into_body()).await.and_then(Asked::wanted) {
        Ok(wanted) => wanted,
        Err(error) => return refused(&error),
    };
    match minted::issue(&ctx, &wanted).await {
        Ok(tokens) => replies::json(
            StatusCode::OK,
            &json!({
                "access_token": tokens.access_token,
                "id_token": tokens.id_token,
                "refresh_token": tokens.refresh_token,
                "expires_in": tokens.expires_in,
                "token_type": "Bearer",
            }),
        ),
        Err(error) => refused(&error),
    }
}
