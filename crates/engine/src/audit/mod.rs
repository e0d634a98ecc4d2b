//! The audit trail: who did what, to whom, from where, with what result. Rows are only ever added, each with a MAC over
//! itself and the row before under a key that is not in the database: whoever can write the database can neither change a
//! row nor take one out of the middle without [`Audit::verify`] naming the place. Events come from the request's context;
//! one task a process writes them ([`writer`]); the operator reads them by [`trail`].
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use poolhouse_store::Db;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::keys::entropy::Entropy;
use crate::keys::secret::Secret32;
use crate::metrics::Metrics;

mod bursts;
mod trail;
mod writer;

pub(crate) use bursts::Bursts;
pub use trail::{Broken, Filter, Listed, Place, Verified};
use writer::{Message, Writer};

/// Events that may wait to be written: some megabytes, and at a thousand a second the store may be away for seconds.
const QUEUE: usize = 8192;
/// Longest text of one member, characters: none of ours is longer, and nobody else's may fill the trail.
const TEXT_MAX: usize = 256;

/// What an event tells about its action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is about to be done, and is allowed. On disk before the first effect.
    Intent,
    /// It was done or refused.
    Outcome,
    /// Somebody should look.
    Alert,
    /// The process ended its chain in good order.
    Closed,
}

impl Kind {
    /// The word in the trail.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Alert => "alert",
            Self::Closed => "closed",
        }
    }
}

/// What somebody should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// A refresh token was used after it had been replaced: somebody has a copy.
    RefreshTokenReuse,
    /// An authorization code was redeemed twice.
    CodeReplay,
    /// Many signatures that do not verify, from one address or for one key.
    SignatureFailures,
    AccessKeyCreated,
    AccessKeyDeleted,
}

impl Alert {
    /// The word in the trail, the log and the metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RefreshTokenReuse => "refresh_token_reuse",
            Self::CodeReplay => "code_replay",
            Self::SignatureFailures => "signature_failures",
            Self::AccessKeyCreated => "access_key_created",
            Self::AccessKeyDeleted => "access_key_deleted",
        }
    }

    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::RefreshTokenReuse => "a refresh token was used again after rotation; its session is revoked",
            Self::CodeReplay => "an authorization code was used twice; its tokens are revoked",
            Self::SignatureFailures => "many signatures failed within a minute",
            Self::AccessKeyCreated => "an access key is being made",
            Self::AccessKeyDeleted => "an access key is being deleted",
        }
    }
}

/// One line of the trail. Never a password, code, token or secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Milliseconds since the epoch; the row has it.
    #[serde(skip)]
    pub at: i64,
    pub kind: Kind,
    /// An operation's name, or the path of an endpoint or page; of an alert its word.
    pub action: Cow<'static, str>,
    /// `ok`, the error's code, `abandoned` (the caller went away) or `panicked`; of an outcome only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Cow<'static, str>>,
    /// Who: `access key ID`, `operator NAME`, `operator` (the command line, `dev`), `user SUB` or `anonymous`.
    pub actor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Whom or what it was done to, by member of the request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub target: BTreeMap<Cow<'static, str>, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Whether a user was let in by it: the last factor was given. Of an outcome only; not of a refresh, nor of a browser that is
    /// signed in already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed_in: bool,
    pub request_id: String,
}

/// A text as it may stand in an event.
pub(crate) fn bounded(text: &str) -> String {
    // Most are short, and none is looked at by the character.
    let end = (text.len() > TEXT_MAX).then(|| text.char_indices().nth(TEXT_MAX)).flatten().map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default().to_owned()
}

/// The way into the trail, and out of it.
pub struct Audit {
    queue: mpsc::Sender<Message>,
    task: Mutex<Option<JoinHandle<()>>>,
    store: Db,
    key: Secret32,
    metrics: Arc<Metrics>,
    pub(crate) bursts: Bursts,
}

impl Audit {
    /// Starts the writer. `key` is [`crate::keyring::Keys::audit`].
    #[expect(clippy::disallowed_methods, reason = "the one writer of this process's chain; `close` awaits its end")]
    pub(crate) fn start(store: Db, key: Secret32, entropy: Arc<dyn Entropy>, metrics: Arc<Metrics>) -> Self {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let writer = Writer::new(store.clone(), key.clone(), entropy, Arc::clone(&metrics), receiver);
        let task = Mutex::new(Some(tokio::spawn(writer.run())));
        Self { queue, task, store, key, metrics, bursts: Bursts::default() }
    }

    /// Keeps an event: on disk within a fraction of a second, and at the latest when the engine is closed. Does not wait;
    /// an event that cannot be kept is counted and stands in the log as an error.
    pub fn record(&self, event: Event) {
        if let Err(mpsc::error::TrySendError::Full(lost) | mpsc::error::TrySendError::Closed(lost)) =
            self.queue.try_send(Message::Event(event))
        {
            self.metrics.audit_lost(1);
            tracing::error!(event = ?lost, "an audit event is lost: the queue is full or closed");
        }
    }

    /// Keeps an event and returns once it is on disk. An error means that it may not be: what it announces must not be
    /// done then (checklist 198).
    pub async fn record_durably(&self, event: Event) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let refused = || Error::internal("the audit trail cannot be written");
        self.queue.try_send(Message::Durable(event, reply)).map_err(|_| refused())?;
        answer.await.map_err(|_| refused())?.map_err(|error| {
            let cause = format!("the audit trail cannot be written: {error}");
            Error::from(error).because(cause)
        })
    }

    /// Waits until everything recorded so far is on disk, or was refused.
    pub async fn flush(&self) {
        let (reply, answer) = oneshot::channel();
        if self.queue.send(Message::Flush(reply)).await.is_ok() {
            // The writer has gone: there is nothing to wait for.
            answer.await.ok();
        }
    }

    /// Writes what waits and the chain's closing row, and ends the writer. `now` is the time of that row.
    pub(crate) async fn close(&self, now: i64) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return };
        if self.queue.send(Message::Close(now)).await.is_err() || task.await.is_err() {
            tracing::error!("the audit writer had ended before");
        }
    }

    /// Events that wait to be written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity().saturating_sub(self.queue.capacity())
    }
}

#[cfg(test)]
mod tests;
