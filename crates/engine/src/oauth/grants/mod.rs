//! The grants: each fills in its own part of the token request and cannot skip a shared step.
use crate::error::{Code, Error, OAuthCode};
use poolhouse_wire::ErrorCode;

pub mod client_credentials;
pub mod code;
pub mod refresh;

/// Refusals of the token rules in the words of this endpoint: whatever is wrong with a token or its user is
/// `invalid_grant` (RFC 6749 §5.2); faults stay faults.
fn as_invalid_grant(error: Error) -> Error {
    match error.code() {
        Code::Aws(ErrorCode::InternalErrorException | ErrorCode::TooManyRequestsException) | Code::OAuth(_) => error,
        Code::Aws(code) => {
            let why = error.detail().map_or_else(|| error.message().to_owned(), |d| d.cause.clone());
            Error::oauth(OAuthCode::InvalidGrant, "").because(format!("{}: {why}", code.as_str()))
        }
    }
}
