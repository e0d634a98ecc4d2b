//! AWS JSON 1.1 as texts: header names and values, reply bodies, error bodies. Used by the server, which adds HTTP.

use serde::Serialize;
use serde_json::json;

use crate::generated::errors::ErrorCode;
use crate::operation::{Operation, operation};

/// Of requests and replies.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// Request header that names the operation.
pub const TARGET: &str = "x-amz-target";
/// What stands before the operation's name in [`TARGET`].
pub const TARGET_PREFIX: &str = "AWSCognitoIdentityProviderService.";
/// Reply header: a UUID, one a request.
pub const REQUEST_ID: &str = "x-amzn-requestid";
/// Reply header on errors; its value is [`error_type`].
pub const ERROR_TYPE: &str = "x-amzn-errortype";
/// Reply header on errors; its value is [`error_message`].
pub const ERROR_MESSAGE: &str = "x-amzn-errormessage";
/// Value of `Access-Control-Expose-Headers`.
pub const EXPOSED_HEADERS: &str = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";
/// Body of the 404 for a request that is no AWS JSON 1.1 at all.
pub const NOT_JSON_BODY: &str = "<UnknownOperationException/>";

/// The operation that a [`TARGET`] header names; prefix and case must be exact (observed).
#[must_use]
pub fn target(header: &str) -> Option<&'static Operation> {
    operation(header.strip_prefix(TARGET_PREFIX)?)
}

/// Whether a `Content-Type` header names AWS JSON 1.1, with or without parameters.
#[must_use]
pub fn is_content_type(header: &str) -> bool {
    let media = header.split(';').next().unwrap_or(header);
    media.trim().eq_ignore_ascii_case(CONTENT_TYPE)
}

/// Body of a success: empty where the model has no output shape, else a JSON object (`{}` when it has no members).
pub fn reply_body<T: Serialize>(operation: &Operation, output: &T) -> Result<Vec<u8>, serde_json::Error> {
    match operation.output {
        Some(_) => serde_json::to_vec(output),
        None => Ok(Vec::new()),
    }
}

/// Body of an error: `{"__type":"…","message":"…"}`, without `message` where the front end sends none.
#[must_use]
pub fn error_body(code: ErrorCode, message: Option<&str>) -> Vec<u8> {
    let body = match message {
        Some(message) => json!({ "__type": code.as_str(), "message": message }),
        None => json!({ "__type": code.as_str() }),
    };
    body.to_string().into_bytes()
}

/// Value of [`ERROR_TYPE`]: the code and a colon.
#[must_use]
pub fn error_type(code: ErrorCode) -> String {
    format!("{code}:")
}

/// Value of [`ERROR_MESSAGE`]: the message with everything but printable ASCII replaced by `?`. Messages quote what the
/// caller sent; a line break in it would let the caller write further headers.
#[must_use]
pub fn error_message(message: &str) -> String {
    let printable = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
    message.chars().map(printable).collect()
}
