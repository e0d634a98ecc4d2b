//! Phase 2: who calls. Public and token operations carry their own proof in the body; all others are signed (SigV4).
//! Whose signatures count is a setting ([`Callers`]), not a mode. Called by the dispatcher only.

use http::request::Parts;
use poolhouse_engine::access_keys::{self, AccessKey};
use poolhouse_engine::ctx::{Caller, Ctx};
use poolhouse_wire::{ErrorCode, Operation};

use super::reply::Refused;
use crate::config::Callers;
use crate::reached::Reached;
use crate::sigv4::{self, RequestParts, SigError};
use crate::state::AppState;

/// Proves the caller and writes it and its region into the context. The key is returned where its policy counts.
pub(super) async fn caller(
    state: &AppState,
    reached: &Reached,
    ctx: &mut Ctx,
    operation: &'static Operation,
    parts: &Parts,
    body: &[u8],
) -> Result<Option<AccessKey>, Refused> {
    if operation.accepts_unsigned {
        // A signature here proves nothing that the operation asks for, and is not looked at.
        return Ok(None);
    }
    let request = RequestParts::of(parts, &reached.authority, reached.host_region.as_deref(), body);
    match state.front.callers {
        Callers::AnyKey => any_key(ctx, operation, &request).map(|()| None),
        Callers::AccessKeys => proved(ctx, operation, &request).await.map(Some),
    }
}

/// Any key, unproved; but a call without any is refused here as everywhere, so that what works here works there.
fn any_key(ctx: &mut Ctx, operation: &'static Operation, request: &RequestParts<'_>) -> Result<(), Refused> {
    let authorization = request.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let scope = authorization.ok_or_else(SigError::missing).and_then(|text| {
        sigv4::scope_of(text).ok_or_else(|| sigv4::parse(request, ctx.real_now()).err().unwrap_or_else(SigError::missing))
    });
    let scope = scope.map_err(|error| not_let_in(ctx, operation, None, error))?;
    ctx.region = Some(scope.region);
    ctx.caller = Caller::AccessKey { id: scope.access_key_id };
    Ok(())
}

/// A key of the store, proved by its secret (checklist 105, 106).
async fn proved(ctx: &mut Ctx, operation: &'static Operation, request: &RequestParts<'_>) -> Result<AccessKey, Refused> {
    let signed = sigv4::parse(request, ctx.real_now()).map_err(|error| not_let_in(ctx, operation, None, error))?;
    let refused = |error| not_let_in(ctx, operation, Some(signed.access_key_id()), error);
    let found = access_keys::find(ctx, signed.access_key_id()).await?;
    let (key, secret) = found.ok_or_else(SigError::unknown_key).map_err(refused)?;
    let verified = signed.check(request, secret.expose()).map_err(refused)?;
    ctx.region = Some(verified.region);
    ctx.caller = Caller::AccessKey { id: verified.access_key_id };
    if let Err(error) = access_keys::note_use(ctx, &key).await {
        // Only a note for the operator: a store that cannot take it will say so to the operation itself.
        tracing::warn!(key = %key.id, cause = ?error.detail().map(|d| d.cause.as_str()), "last use of an access key not noted");
    }
    Ok(key)
}

/// A signature that does not count: an event, and AWS's sentence. `claimed` is the key it names.
fn not_let_in(ctx: &Ctx, operation: &'static Operation, claimed: Option<&str>, error: SigError) -> Refused {
    let code = error.code.parse().unwrap_or(ErrorCode::InternalErrorException);
    access_keys::not_let_in(ctx, operation.name, claimed, code);
    Refused::error(code, error.message)
}
