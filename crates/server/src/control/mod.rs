//! `/_poolhouse/`: health for every instance; for development the inbox and the control API, by which tests move the clock,
//! make faults, go back to a snapshot. What is closed is not mounted, and answers like any path that does not exist
//! (checklist 193). Called by the router, on our own host only. One file a family; [`ENDPOINTS`] lists them all.

mod clock;
mod events;
mod faults;
mod health;
mod inbox;
mod index;
mod snapshots;
pub mod status;
mod tokens;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, Method, StatusCode, header};
use poolhouse_engine::ctx::{Caller, Ctx};
use poolhouse_engine::error::{Code, Error, Result};
use poolhouse_wire::ErrorCode;
use serde::de::DeserializeOwned;

use crate::csrf;
use crate::metrics;
use crate::reached::{Reached, plain};
use crate::state::AppState;

pub use health::{HEALTH, READY, is_health};

/// The metrics among the tools, where those are open.
pub const METRICS: &str = "/_poolhouse/metrics";
/// Largest body, bytes.
const BODY_MAX: usize = 64 * 1024;

pub fn routes(open: bool) -> Router<AppState> {
    let health = health::routes();
    if !open {
        return health;
    }
    let control = Router::new()
        .merge(clock::routes())
        .merge(faults::routes())
        .merge(snapshots::routes())
        .merge(tokens::routes())
        .merge(events::routes())
        .merge(status::routes())
        .route_layer(middleware::from_fn(guard));
    let metrics = Router::new().route(METRICS, get(metrics::page));
    health.merge(metrics).merge(inbox::routes()).merge(control).merge(index::routes())
}

/// Before everything that changes something. There is nobody to sign in here: whoever reaches the port may ask. A web page
/// of somebody else's in a browser on this machine reaches it too, and must not (cross-site request forgery, checklist 193):
/// browsers say where a request comes from, and send no JSON to another site without asking first, which nothing here
/// answers. A name that somebody else points at this address (DNS rebinding) does not get as far as this.
async fn guard(Extension(reached): Extension<Reached>, mut request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    if !csrf::comes_from_us(request.headers(), &reached.authority, reached.https) {
        return plain(
            StatusCode::FORBIDDEN,
            "cross_site",
            "Another site's page sent this. The control API takes requests from no other site.",
        );
    }
    if request.method() == Method::POST && !is_json(request.headers()) {
        return plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "Send Content-Type: application/json; the body may be empty.",
        );
    }
    if let Some(ctx) = request.extensions_mut().get_mut::<Ctx>() {
        ctx.caller = Caller::Operator;
    }
    next.run(request).await
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// The body as what it should be; an empty one counts as `{}`. Members that nobody knows are refused by name.
async fn read<T: DeserializeOwned>(body: Body) -> Result<T> {
    let bytes = axum::body::to_bytes(body, BODY_MAX).await;
    let bytes =
        bytes.map_err(|_| Error::invalid_parameter(format!("The body did not arrive whole, or has over {BODY_MAX} bytes.")))?;
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|error| Error::invalid_parameter(format!("The body does not fit: {error}.")))
}

/// What was refused, and why: whoever asks runs this instance.
fn refused(error: &Error) -> Response {
    use ErrorCode as C;
    let status = match error.code() {
        _ if error.unavailable() => StatusCode::SERVICE_UNAVAILABLE,
        Code::Aws(C::ResourceNotFoundException | C::UserNotFoundException) => StatusCode::NOT_FOUND,
        Code::Aws(C::InternalErrorException) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let cause = error.detail().map_or(error.message(), |detail| detail.cause.as_str());
    if status.is_server_error() {
        tracing::error!(%cause, "the control API failed");
    }
    plain(status, error.code().as_str(), if status.is_server_error() { cause } else { error.message() })
}

/// A time as people and machines read it.
fn time(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
