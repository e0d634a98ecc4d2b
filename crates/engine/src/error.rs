//! The one error of the engine: a code, a public text, a private detail. Every rule returns it; three renderers
//! (AWS JSON, OAuth, page) in the server turn it into bytes as their last step.
use std::borrow::Cow;

use poolhouse_wire::ErrorCode;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the vocabulary of the door it leaves by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// An exception of the cognito-idp model.
    Aws(ErrorCode),
    /// An error of RFC 6749 / OpenID Connect Core.
    OAuth(OAuthCode),
}

impl Code {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws(code) => code.as_str(),
            Self::OAuth(code) => code.as_str(),
        }
    }
}

/// Error codes of the OAuth endpoints (RFC 6749 §4.1.2.1, §5.2; RFC 7009 §2.2.1; RFC 6750 §3.1; OIDC Core §3.1.2.6),
/// and `redirect_mismatch`, which Cognito's error page shows (observed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthCode {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    InvalidToken,
    InsufficientScope,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    UnsupportedTokenType,
    RequestNotSupported,
    RequestUriNotSupported,
    RedirectMismatch,
    LoginRequired,
    AccessDenied,
    ServerError,
    TemporarilyUnavailable,
}

impl OAuthCode {
    /// Every one.
    pub const ALL: [Self; 17] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::InvalidScope,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::UnsupportedResponseType,
        Self::UnsupportedTokenType,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::RedirectMismatch,
        Self::LoginRequired,
        Self::AccessDenied,
        Self::ServerError,
        Self::TemporarilyUnavailable,
    ];

    /// The `error` value on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RedirectMismatch => "redirect_mismatch",
            Self::LoginRequired => "login_required",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

/// An error with two texts: `message` may be shown to anybody, `detail` only to the operator (log; error page in dev).
/// There is no `Display` on purpose: the private half cannot leak by accident.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Code,
    message: Cow<'static, str>,
    detail: Option<Detail>,
    unavailable: bool,
    wait_ms: i64,
}

/// The private half: what an operator needs to mend the cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail {
    /// What happened, in one sentence.
    pub cause: String,
    /// Two strings that should have been equal: what came, and what was expected.
    pub differs: Option<(String, String)>,
    /// What to do, where it is known: prose or a command.
    pub fix: Option<String>,
}

impl Error {
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Code::Aws(code), message.into())
    }

    /// An error of the OAuth endpoints; an empty description is not sent.
    pub fn oauth(code: OAuthCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Code::OAuth(code), description.into())
    }

    fn of(code: Code, message: Cow<'static, str>) -> Self {
        Self(Box::new(Inner { code, message, detail: None, unavailable: false, wait_ms: 0 }))
    }

    /// More requests than a limit allows; after `wait_ms` milliseconds one more may pass.
    pub fn too_fast(wait_ms: i64) -> Self {
        let mut error = Self::new(ErrorCode::TooManyRequestsException, "Rate exceeded");
        error.0.wait_ms = wait_ms;
        error
    }

    /// A queue of ours is full: nothing was done, and whoever asked is not to blame (checklist 159, 172).
    pub fn overloaded(cause: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorCode::TooManyRequestsException, "Too many requests").because(cause);
        error.0.unavailable = true;
        error
    }

    /// Adds the sentence that only the operator sees.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.0.detail.get_or_insert_with(Detail::default).cause = cause.into();
        self
    }

    /// Adds the two strings that should have been equal.
    #[must_use]
    pub fn differs(mut self, got: impl Into<String>, expected: impl Into<String>) -> Self {
        self.0.detail.get_or_insert_with(Detail::default).differs = Some((got.into(), expected.into()));
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.0.detail.get_or_insert_with(Detail::default).fix = Some(fix.into());
        self
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The AWS exception; errors of the OAuth vocabulary are internal errors at the AWS door.
    pub fn aws_code(&self) -> ErrorCode {
        match self.0.code {
            Code::Aws(code) => code,
            Code::OAuth(_) => ErrorCode::InternalErrorException,
        }
    }

    pub fn is(&self, code: ErrorCode) -> bool {
        self.0.code == Code::Aws(code)
    }

    /// The public text.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The private half, for logs and for the error page in dev.
    pub fn detail(&self) -> Option<&Detail> {
        self.0.detail.as_ref()
    }

    /// Whether trying again later may help: the store is away or too busy (checklist 158).
    pub fn unavailable(&self) -> bool {
        self.0.unavailable
    }

    /// Seconds after which trying again may help; `None` where it is no matter of time.
    pub fn retry_after_seconds(&self) -> Option<i64> {
        let later = self.0.unavailable || self.is(ErrorCode::TooManyRequestsException);
        later.then(|| (self.0.wait_ms.saturating_add(999) / 1000).max(1))
    }

    pub fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidParameterException, message)
    }

    pub fn not_authorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::NotAuthorizedException, message)
    }

    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::ResourceNotFoundException, message)
    }

    pub fn limit_exceeded(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::LimitExceededException, message)
    }

    /// A fault of ours: the public text says nothing, the cause goes to the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(ErrorCode::InternalErrorException, "Internal error").because(cause)
    }
}

impl From<poolhouse_store::Error> for Error {
    fn from(e: poolhouse_store::Error) -> Self {
        use poolhouse_store::Error as Store;
        let away = matches!(e, Store::Busy | Store::Down | Store::Retry | Store::Unknown | Store::Stopped | Store::Full);
        let mut error = match e {
            // Full queues answer at once: the caller may try again, nothing was written.
            Store::Busy => Self::overloaded("the store's queue is full"),
            // Two changed the same thing at the same moment; nothing was written for this one.
            Store::Retry => Self::overloaded("the write met another one too often"),
            other => Self::internal(format!("store: {other}")),
        };
        error.0.unavailable = away;
        error
    }
}
