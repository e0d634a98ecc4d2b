//! `POST /`: the AWS JSON 1.1 door. The dispatcher owns what every operation shares, in this order: target →
//! authenticate → size and JSON → validate → rate class, faults on order → run → is the error one the model declares → render and log.
//! An operation cannot skip a phase, and none has a phase of its own. Called by the router for our own host and the AWS
//! names of the API.

mod authenticate;
mod reply;

use std::panic::AssertUnwindSafe;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use futures_util::FutureExt as _;
use http::HeaderMap;
use http::request::Parts;
use poolhouse_engine::access_keys::{self, AccessKey};
use poolhouse_engine::ctx::{Caller, Ctx};
use poolhouse_engine::error::Error;
use poolhouse_engine::ops::{self, Class};
use poolhouse_wire::{ErrorCode, Operation, json};
use serde_json::Value;

use crate::edge::TooSlow;
use crate::faults::Call;
use crate::reached::Reached;
use crate::state::AppState;
use reply::Refused;
pub use reply::not_json;

/// Largest body, bytes (checklist 115). The edge refuses the same; this one holds whatever stands before it.
const BODY_MAX: usize = 128 * 1024;

/// Where the operations that are built are listed.
const COVERAGE: &str = "docs/COMPATIBILITY.md";

pub fn routes() -> Router<AppState> {
    Router::new().route("/", post(call).options(preflight))
}

/// A preflight (developer-visible behaviour of AWS JSON endpoints: any origin, any header, no credentials; checklist 63).
async fn preflight(Extension(ctx): Extension<Ctx>, headers: HeaderMap) -> Response {
    reply::preflight(&ctx.request_id, headers.get(http::header::ACCESS_CONTROL_REQUEST_HEADERS))
}

/// Answers one call.
async fn call(
    State(state): State<AppState>,
    Extension(reached): Extension<Reached>,
    Extension(mut ctx): Extension<Ctx>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut line = Line::default();
    let outcome = match whole(body).await {
        Ok(body) => phases(&state, &reached, &mut ctx, &parts, &body, &mut line).await,
        Err(refused) => Err(refused),
    };
    line.write(&ctx, &reached, outcome.as_ref().err());
    match outcome {
        Ok(body) => reply::success(&ctx.request_id, body),
        Err(refused) => reply::refusal(&ctx.request_id, &refused),
    }
}

async fn whole(body: axum::body::Body) -> Result<Bytes, Refused> {
    axum::body::to_bytes(body, BODY_MAX).await.map_err(|error| {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(cause) = source {
            if cause.is::<TooSlow>() {
                return Refused::TooSlow;
            }
            if cause.is::<http_body_util::LengthLimitError>() {
                return Refused::TooLarge;
            }
            source = cause.source();
        }
        Refused::bare(ErrorCode::SerializationException)
    })
}

/// The phases of one call, in order. Answers the body of a success.
async fn phases(
    state: &AppState,
    reached: &Reached,
    ctx: &mut Ctx,
    parts: &Parts,
    body: &[u8],
    line: &mut Line,
) -> Result<Vec<u8>, Refused> {
    let operation = target(&parts.headers)?;
    line.operation = Some(operation.name);

    let key = authenticate::caller(state, reached, ctx, operation, parts, body).await?;
    if let Some(key) = key.as_ref().filter(|key| !key.policy.allows_operation(operation.name)) {
        // Before the body is read: this key may not call the operation on any pool.
        return Err(denied(ctx, key, operation, None));
    }

    let Some(handler) = ops::handler(operation.name) else {
        let text = format!("{} is not built in Poolhouse yet. What is built is listed in {COVERAGE}.", operation.name);
        return Err(Refused::error(ErrorCode::NotImplementedException, text));
    };

    let input = poolhouse_wire::decode(operation, body);
    let pool = pool_named(ctx, input.as_ref().ok());
    line.pool.clone_from(&pool);
    if let Some(key) = &key
        && !key.policy.allows(operation.name, pool.as_deref())
    {
        // Before validation: whoever may not call it learns nothing about what it would have said.
        return Err(denied(ctx, key, operation, pool.as_deref()));
    }
    let input = input.inspect_err(|rejection| {
        // An administrator's change that was not even tried is told; what anybody may send is not.
        if !operation.accepts_unsigned && ops::class(operation.name) == Some(Class::Change) {
            ctx.entry(operation.name).end_as(rejection.code.as_str());
        }
    })?;

    ops::quota::admit(ctx, operation, &input).await?;
    if !state.faults.is_empty() {
        let pool = ops::quota::pool_of(ctx, &input).await?;
        let client = input.get("ClientId").and_then(Value::as_str);
        state.faults.strike(Call { operation: operation.name, pool: pool.as_deref(), client }).await?;
    }

    let outcome = AssertUnwindSafe(ops::perform(ctx, operation, handler, input)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| {
        ctx.engine.metrics.panic();
        Err(Error::internal("the operation panicked"))
    });
    let output = outcome.map_err(|error| declared(operation, error))?;
    json::reply_body(operation, &output).map_err(|e| Error::internal(format!("the reply does not serialise: {e}")).into())
}

/// Phase 1. The operation is taken from one header, exactly (checklist 111); what is no AWS JSON 1.1 is turned away.
fn target(headers: &HeaderMap) -> Result<&'static Operation, Refused> {
    let one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let first = values.next().and_then(|value| value.to_str().ok());
        first.filter(|_| values.next().is_none())
    };
    if !one("content-type").is_some_and(json::is_content_type) {
        return Err(Refused::NotJson);
    }
    one(json::TARGET).and_then(json::target).ok_or(Refused::bare(ErrorCode::UnknownOperationException))
}

/// No policy lets the key call the operation: an event, and AWS's sentence.
fn denied(ctx: &Ctx, key: &AccessKey, operation: &'static Operation, pool: Option<&str>) -> Refused {
    if let Some(pool) = pool {
        ctx.concerns_pool(pool);
    }
    let error = access_keys::denied(ctx, key, operation.name, pool);
    ctx.entry(operation.name).end(Some(&error));
    error.into()
}

/// The pool that a call names.
fn pool_named(ctx: &Ctx, input: Option<&Value>) -> Option<String> {
    let text = |name: &str| input?.get(name)?.as_str();
    let by_arn = || ctx.pool_of_arn(text("ResourceArn")?).ok();
    text("UserPoolId").or_else(by_arn).map(str::to_owned)
}

/// An error that the model does not declare for the operation is a mistake of ours: clients cannot know it. It is
/// logged and leaves as an internal error.
fn declared(operation: &Operation, error: Error) -> Error {
    let code = error.aws_code();
    let always = [ErrorCode::InternalErrorException, ErrorCode::TooManyRequestsException, ErrorCode::NotImplementedException];
    if operation.errors.contains(&code) || always.contains(&code) {
        return error;
    }
    let text = format!("{} answered {code}, which the model does not declare for it: {}", operation.name, error.message());
    Error::internal(text)
}

/// What one log line tells about a call. Never a secret: no input, no output, no message that quotes one.
#[derive(Default)]
struct Line {
    operation: Option<&'static str>,
    pool: Option<String>,
}

impl Line {
    fn write(&self, ctx: &Ctx, reached: &Reached, refused: Option<&Refused>) {
        let caller = match &ctx.caller {
            Caller::Anonymous => "anonymous",
            Caller::AccessKey { id } => id,
            Caller::Operator => "operator",
        };
        let (operation, pool) = (self.operation.unwrap_or("-"), self.pool.as_deref().unwrap_or("-"));
        let result = refused.map_or("ok", Refused::name);
        let (request_id, ip) = (ctx.request_id.as_str(), reached.client_ip);
        tracing::info!(target: "poolhouse::calls", request_id, %ip, caller, operation, pool, result, "call");
        if let Some(Refused::Error { code, cause: Some(cause), .. }) = refused {
            match code {
                ErrorCode::InternalErrorException => tracing::error!(request_id, operation, %cause, "internal error"),
                _ => tracing::debug!(request_id, operation, %code, %cause, "refused"),
            }
        }
    }
}
