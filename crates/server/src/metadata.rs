//! Documents that clients read before they start: OpenID Connect Discovery 1.0, RFC 8414 and the JWKS, under every
//! issuer's path. Called by the router for our own host, the API's and the issuer's.

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderValue, Method, StatusCode, header};
use poolhouse_engine::ctx::{Ctx, region_of_pool};
use poolhouse_engine::error::Result;
use poolhouse_engine::oauth::discovery;
use poolhouse_engine::pools;

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

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Document,
    Keys,
}

async fn document(Path(pool): Path<String>, reached: Extension<Reached>, Extension(ctx): Extension<Ctx>) -> Response {
    answer(found(&ctx, reached.host_region.as_deref(), Asked::Document, &pool).await)
}

async fn jwks(Path(pool): Path<String>, reached: Extension<Reached>, Extension(ctx): Extension<Ctx>) -> Response {
    answer(found(&ctx, reached.host_region.as_deref(), Asked::Keys, &pool).await)
}

/// The answer to a request for a pool's document or keys as nearly every client asks, without the way through a router, which
/// costs as much as all the rest. `None` for everything else, and for every other spelling: the router knows them all.
pub async fn quick(ctx: &Ctx, host_region: Option<&str>, method: &Method, path: &str) -> Option<Response> {
    let (asked, pool) = plainly(path).filter(|_| method == Method::GET)?;
    Some(answer(found(ctx, host_region, asked, pool).await))
}

/// What a path asks for, of which pool, where nothing in it has to be decoded.
fn plainly(path: &str) -> Option<(Asked, &str)> {
    let keys = || path.strip_suffix("/.well-known/jwks.json").map(|rest| (Asked::Keys, rest));
    let document = || path.strip_suffix("/.well-known/openid-configuration").map(|rest| (Asked::Document, rest));
    let (asked, rest) = keys().or_else(document)?;
    let pool = rest.strip_prefix('/')?;
    let plain = !pool.is_empty() && pool.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    plain.then_some((asked, pool))
}

/// What is asked of a pool, if it lives in the region whose host was asked.
async fn found(ctx: &Ctx, host_region: Option<&str>, asked: Asked, id: &str) -> Result<Option<Bytes>> {
    if host_region.is_some_and(|region| region != region_of_pool(id)) {
        return Ok(None);
    }
    let Some(pool) = pools::find(ctx, id).await? else { return Ok(None) };
    match asked {
        Asked::Document => discovery::document(ctx, &pool).await.map(Some),
        Asked::Keys => discovery::jwks(ctx, &pool).await.map(Some),
    }
}

fn answer(found: Result<Option<Bytes>>) -> Response {
    match found {
        Ok(Some(document)) => {
            let mut response = Response::new(Body::from(document));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, JSON);
            headers.insert(header::CACHE_CONTROL, CACHED);
            replies::cors(response)
        }
        Ok(None) => replies::cors(plain(StatusCode::NOT_FOUND, "not_found", "No user pool of this id lives at this address.")),
        Err(error) => {
            tracing::error!(cause = ?error.detail().map(|d| d.cause.as_str()), "a well-known document could not be made");
            replies::cors(replies::error(&error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, plainly};

    #[test]
    fn only_the_plainest_paths_pass_the_router_by() {
        assert_eq!(plainly("/eu-central-1_x/.well-known/jwks.json"), Some((Asked::Keys, "eu-central-1_x")));
        assert_eq!(plainly("/a_b/.well-known/openid-configuration"), Some((Asked::Document, "a_b")));
        let others = [
            "/.well-known/jwks.json",
            "//.well-known/jwks.json",
            "/a/b/.well-known/jwks.json",
            "/a%5Fb/.well-known/jwks.json",
            "/../.well-known/jwks.json",
            "/a_b/.well-known/jwks.json/",
            "/a_b/.well-known/oauth-authorization-server",
            "a_b/.well-known/jwks.json",
        ];
        for other in others {
            assert_eq!(plainly(other), None, "{other}");
        }
    }
}
