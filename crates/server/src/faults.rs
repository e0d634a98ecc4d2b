//! Faults on order, on development instances: an operation or an OAuth endpoint that throttles, fails or takes its time, so
//! that clients show what they do then. Held by [`AppState`](crate::state::AppState); set by the control API alone, asked by
//! the API and by the OAuth endpoints where they ask for quotas.

use std::str::FromStr as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use poolhouse_engine::error::{Code, Error, OAuthCode, Result};
use poolhouse_engine::ops;
use poolhouse_wire::ErrorCode;

use crate::nearest;

/// Faults set at a time: a bound, not a policy.
const FAULTS_MAX: usize = 100;
/// Longest delay, milliseconds: less than the edge lets a request take.
pub const DELAY_MS_MAX: u64 = 60_000;
/// What any operation or endpoint.
const ANY: &str = "*";
/// What a throttled caller is told to wait, milliseconds.
const WAIT_MS: i64 = 1000;

/// The OAuth endpoints and the errors of their own that each has.
const ENDPOINTS: [(&str, &[OAuthCode]); 4] = {
    use OAuthCode as C;
    [
        (
            "oauth2/authorize",
            &[
                C::InvalidRequest,
                C::UnauthorizedClient,
                C::AccessDenied,
                C::InvalidScope,
                C::ServerError,
                C::TemporarilyUnavailable,
            ],
        ),
        (
            "oauth2/token",
            &[
                C::InvalidRequest,
                C::InvalidClient,
                C::InvalidGrant,
                C::InvalidScope,
                C::UnauthorizedClient,
                C::UnsupportedGrantType,
            ],
        ),
        ("oauth2/userInfo", &[C::InvalidRequest, C::InvalidToken, C::InsufficientScope]),
        ("oauth2/revoke", &[C::InvalidRequest, C::InvalidClient, C::UnsupportedTokenType]),
    ]
};
/// Errors that everything may answer with.
const COMMON: [ErrorCode; 2] = [ErrorCode::InternalErrorException, ErrorCode::TooManyRequestsException];

/// What a fault does. Its delay comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Throttle,
    Error(Code),
    Delay,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From 1, in the order they were set; given by [`Faults::add`].
    pub id: u64,
    /// An operation, an OAuth endpoint without its first slash, or `*`.
    pub operation: String,
    pub effect: Effect,
    pub delay: Duration,
    /// How often it still strikes; `None` until it is removed.
    pub left: Option<u32>,
    /// Only calls that concern this pool, or come through this client.
    pub pool: Option<String>,
    pub client: Option<String>,
}

/// A call that a fault may strike.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub operation: &'a str,
    pub pool: Option<&'a str>,
    pub client: Option<&'a str>,
}

/// The faults of one process.
#[derive(Default)]
pub struct Faults {
    set: Mutex<Set>,
    count: AtomicUsize,
}

#[derive(Default)]
struct Set {
    faults: Vec<Fault>,
    last_id: u64,
}

impl Faults {
    /// Whether there are none: then nobody need find out what a call is about.
    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// Every fault, in the order they were set.
    pub fn list(&self) -> Vec<Fault> {
        self.lock().faults.clone()
    }

    /// Sets one and gives it its id.
    ///
    /// # Errors
    /// There are too many.
    pub fn add(&self, fault: Fault) -> Result<Fault> {
        let mut set = self.lock();
        if set.faults.len() >= FAULTS_MAX {
            return Err(Error::limit_exceeded(format!("There are {FAULTS_MAX} faults; remove some first.")));
        }
        set.last_id += 1;
        let fault = Fault { id: set.last_id, ..fault };
        set.faults.push(fault.clone());
        self.count.store(set.faults.len(), Ordering::Release);
        Ok(fault)
    }

    /// Removes the fault of this id, or all; how many went.
    pub fn remove(&self, id: Option<u64>) -> usize {
        let mut set = self.lock();
        let before = set.faults.len();
        set.faults.retain(|fault| id.is_some_and(|id| fault.id != id));
        self.count.store(set.faults.len(), Ordering::Release);
        before - set.faults.len()
    }

    /// Lets the faults that fit this call strike, each counted: their delays add up, and the first that refuses ends it. The
    /// real clock measures the delay, wherever the hands of the other one stand.
    ///
    /// # Errors
    /// The fault's; of one that throttles just what a quota says.
    pub async fn strike(&self, call: Call<'_>) -> Result<()> {
        let (delay, error) = self.due(call);
        if !delay.is_zero() {
            tokio::time::sleep(delay.min(Duration::from_millis(DELAY_MS_MAX))).await;
        }
        error.map_or(Ok(()), Err)
    }

    fn due(&self, call: Call<'_>) -> (Duration, Option<Error>) {
        let (mut delay, mut error) = (Duration::ZERO, None);
        let mut set = self.lock();
        for fault in set.faults.iter_mut().filter(|fault| fault.fits(call)) {
            if let Some(left) = &mut fault.left {
                *left = left.saturating_sub(1);
            }
            delay += fault.delay;
            error = fault.error();
            if error.is_some() {
                break;
            }
        }
        set.faults.retain(|fault| fault.left != Some(0));
        self.count.store(set.faults.len(), Ordering::Release);
        (delay, error)
    }

    fn lock(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn fits(&self, call: Call<'_>) -> bool {
        let same = |wanted: &Option<String>, is: Option<&str>| wanted.is_none() || wanted.as_deref() == is;
        (self.operation == ANY || self.operation == call.operation)
            && same(&self.pool, call.pool)
            && same(&self.client, call.client)
    }

    fn error(&self) -> Option<Error> {
        let because = || format!("fault {} of the control API", self.id);
        match self.effect {
            Effect::Throttle => Some(Error::too_fast(WAIT_MS).because(because())),
            Effect::Error(Code::Aws(ErrorCode::InternalErrorException)) => Some(Error::internal(because())),
            Effect::Error(Code::Aws(code)) => Some(Error::new(code, "A fault that was set for a test.").because(because())),
            Effect::Error(Code::OAuth(code)) => Some(Error::oauth(code, "").because(because())),
            Effect::Delay => None,
        }
    }
}

/// The operation or endpoint of this name, as faults write it.
///
/// # Errors
/// There is none, or it is not built: with the names that are near.
pub fn operation(name: &str) -> Result<String> {
    let name = name.trim_start_matches('/');
    let endpoints = || ENDPOINTS.iter().map(|(endpoint, _)| *endpoint);
    if name == ANY || endpoints().any(|endpoint| endpoint == name) || ops::handler(name).is_some() {
        return Ok(name.to_owned());
    }
    if poolhouse_wire::operation(name).is_some() {
        return Err(Error::invalid_parameter(format!("{name} is not built in Poolhouse yet: it fails without a fault.")));
    }
    let near = nearest::some(name, ops::built().iter().copied().chain(endpoints()), 3);
    let hint = match near.is_empty() {
        true => format!("Name an operation of the API, {}, or \"*\".", endpoints().collect::<Vec<_>>().join(", ")),
        false => format!("Did you mean {}?", near.join(", ")),
    };
    Err(Error::invalid_parameter(format!("There is no operation {name:?}. {hint}")))
}

/// The error of this name, if the operation or endpoint may answer with it: nothing that a client could not meet.
///
/// # Errors
/// It may not; the sentence lists those it may.
pub fn error_of(operation: &str, name: &str) -> Result<Code> {
    let own = poolhouse_wire::operation(operation).map_or(&[][..], |operation| operation.errors);
    let of_endpoint = ENDPOINTS.iter().find(|(endpoint, _)| *endpoint == operation).map_or(&[][..], |(_, codes)| *codes);
    let aws = ErrorCode::from_str(name).ok().filter(|code| own.contains(code) || COMMON.contains(code)).map(Code::Aws);
    let oauth = of_endpoint.iter().find(|code| code.as_str() == name).map(|code| Code::OAuth(*code));
    aws.or(oauth).ok_or_else(|| {
        let mut all: Vec<&str> = own.iter().chain(&COMMON).map(|code| code.as_str()).collect();
        all.extend(of_endpoint.iter().map(|code| code.as_str()));
        all.sort_unstable();
        all.dedup();
        Error::invalid_parameter(format!("{operation} never answers {name:?}. It may answer: {}.", all.join(", ")))
    })
}
