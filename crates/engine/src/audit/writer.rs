//! The one task that owns the head of this process's chain: takes events from the queue, makes them rows, and writes many
//! of them in one transaction. Started by [`super::Audit`].
use std::sync::Arc;
use std::time::Duration;

use poolhouse_store::Db;
use poolhouse_store::tables::audit::{self as table, AuditRow};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Event, Kind, QUEUE};
use crate::keys::entropy::{self, Entropy};
use crate::keys::secret::{Secret32, mac32};
use crate::metrics::Metrics;

/// How long an event may wait for company.
const LINGER: Duration = Duration::from_millis(200);
/// Between two tries while the store refuses.
const RETRY: Duration = Duration::from_secs(1);
/// Rows of one transaction.
const BATCH: usize = 256;
/// A clock that is set back further than this begins a new chain; within it, `at` stands still until the clock is there again.
const STEP_BACK_MS: i64 = 60_000;

type StoreResult = Result<(), poolhouse_store::Error>;

#[derive(Debug)]
pub(super) enum Message {
    Event(Event),
    Durable(Event, oneshot::Sender<StoreResult>),
    Flush(oneshot::Sender<()>),
    /// The end, at this time.
    Close(i64),
}

/// Where the chain stands.
#[derive(Clone)]
struct Head {
    chain: String,
    seq: i64,
    at: i64,
    mac: Vec<u8>,
}

pub(super) struct Writer {
    store: Db,
    key: Secret32,
    entropy: Arc<dyn Entropy>,
    metrics: Arc<Metrics>,
    queue: mpsc::Receiver<Message>,
    head: Head,
    /// Whether the store refused the last write.
    refused: bool,
    /// The end was asked for while the store refused, for this time.
    close_at: Option<i64>,
    /// Not on disk yet, in the order they came.
    events: Vec<Event>,
    durable: Vec<oneshot::Sender<StoreResult>>,
    flushes: Vec<oneshot::Sender<()>>,
}

/// What is covered: the place, the time, the text, and the row before.
pub(super) fn mac(key: &Secret32, row: &AuditRow) -> [u8; 32] {
    let (seq, at) = (row.seq.to_be_bytes(), row.at.to_be_bytes());
    mac32(key, &[row.chain.as_bytes(), &seq, &at, row.event.as_bytes(), &row.previous])
}

impl Writer {
    pub(super) fn new(
        store: Db,
        key: Secret32,
        entropy: Arc<dyn Entropy>,
        metrics: Arc<Metrics>,
        queue: mpsc::Receiver<Message>,
    ) -> Self {
        let head = Head::new(&*entropy);
        Self {
            store,
            key,
            entropy,
            metrics,
            queue,
            head,
            refused: false,
            close_at: None,
            events: Vec::new(),
            durable: Vec::new(),
            flushes: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) {
        let mut end = None;
        while end.is_none() {
            end = self.gather().await;
            if let Some(Some(now)) = end {
                self.events.extend(self.closing(now));
            }
            while !self.events.is_empty() {
                if !self.write().await {
                    break;
                }
            }
            self.durable.clear();
            for flush in self.flushes.drain(..) {
                // Whoever asked may have gone.
                flush.send(()).ok();
            }
        }
        if !self.events.is_empty() {
            self.metrics.audit_lost(self.events.len());
            tracing::error!(events = self.events.len(), "audit events are lost: the store refused them to the end");
        }
    }

    /// Takes what is there and what comes within a moment; a durable event is not kept waiting. `Some` at the end, with
    /// the time to close the chain at, unless the engine was just dropped.
    async fn gather(&mut self) -> Option<Option<i64>> {
        if self.close_at.is_some() {
            return Some(self.close_at);
        }
        let first = match self.events.is_empty() {
            true => self.queue.recv().await,
            // The store refused what is here.
            false => match timeout(RETRY, self.queue.recv()).await {
                Err(_) => return None,
                Ok(first) => first,
            },
        };
        let deadline = Instant::now() + if self.refused { RETRY } else { LINGER };
        let mut next = first;
        loop {
            let Some(message) = next else { return Some(None) };
            if let Some(now) = self.take(message) {
                return Some(Some(now));
            }
            if self.events.len() >= QUEUE {
                self.drop_newest();
                return None;
            }
            if self.events.len() >= BATCH && !self.refused {
                return None;
            }
            let hurry = !self.durable.is_empty() || !self.flushes.is_empty();
            next = match hurry {
                true => match self.queue.try_recv() {
                    Ok(message) => Some(message),
                    Err(mpsc::error::TryRecvError::Empty) => return None,
                    Err(mpsc::error::TryRecvError::Disconnected) => None,
                },
                false => match timeout_at(deadline, self.queue.recv()).await {
                    Ok(message) => message,
                    Err(_) => return None,
                },
            };
        }
    }

    /// Takes a message in; the time of the end, where it is that.
    fn take(&mut self, message: Message) -> Option<i64> {
        match message {
            Message::Event(event) => self.events.push(event),
            Message::Durable(event, reply) => {
                self.events.push(event);
                self.durable.push(reply);
            }
            Message::Flush(reply) => self.flushes.push(reply),
            Message::Close(now) => return Some(now),
        }
        None
    }

    /// Bounded while the store is away. A change whose announcement is among what goes must not begin.
    fn drop_newest(&mut self) {
        self.answer(&Err(poolhouse_store::Error::Busy));
        let lost = self.events.split_off(QUEUE - BATCH);
        self.metrics.audit_lost(lost.len());
        tracing::error!(events = lost.len(), first = ?lost.first(), "audit events are lost: the store has been away for too long");
    }

    /// Says that nothing follows, where there is something to follow.
    fn closing(&self, now: i64) -> Option<Event> {
        (self.head.seq > 0 || !self.events.is_empty()).then(|| Event {
            at: now,
            kind: Kind::Closed,
            action: "close".into(),
            result: None,
            actor: "operator".to_owned(),
            pool: None,
            client: None,
            target: std::collections::BTreeMap::new(),
            ip: None,
            signed_in: false,
            request_id: String::new(),
        })
    }

    /// Writes the oldest events in one transaction and answers whoever waits once all are written; false when the store
    /// refuses. The chain is begun anew then: nobody knows whether those rows are on disk, and a row of the same place must
    /// not be written twice. An event may stand in two chains after that; none is missing.
    async fn write(&mut self) -> bool {
        let (rows, head) = self.rows();
        let taken = rows.len();
        let rows = Arc::new(rows);
        let written = self.store.write(async move |tx| table::insert(tx, &rows).await).await;
        self.refused = written.is_err();
        match written {
            Ok(()) => {
                self.head = head;
                self.events.drain(..taken);
                if self.events.is_empty() {
                    self.answer(&Ok(()));
                }
                true
            }
            Err(error) => {
                self.metrics.audit_failure();
                tracing::error!(%error, events = self.events.len(), "the audit trail cannot be written; trying again");
                self.head = Head::new(&*self.entropy);
                self.take_waiting();
                self.answer(&Err(error));
                false
            }
        }
    }

    /// Takes what has come while the store refused: whoever waits has waited as long as the store takes to give up, and is
    /// not kept waiting for a second time.
    fn take_waiting(&mut self) {
        while let Ok(message) = self.queue.try_recv() {
            if let Some(now) = self.take(message) {
                self.close_at = Some(now);
            }
        }
        if self.events.len() >= QUEUE {
            self.drop_newest();
        }
    }

    fn answer(&mut self, result: &StoreResult) {
        for reply in self.durable.drain(..) {
            reply.send(result.clone()).ok();
        }
    }

    /// The next rows, and where the chain stands after them.
    fn rows(&self) -> (Vec<AuditRow>, Head) {
        let mut head = self.head.clone();
        let mut rows = Vec::with_capacity(self.events.len().min(BATCH));
        for event in self.events.iter().take(BATCH) {
            if event.at < head.at - STEP_BACK_MS {
                head = Head::new(&*self.entropy);
            }
            let mut row = AuditRow {
                chain: head.chain.clone(),
                seq: head.seq + 1,
                at: event.at.max(head.at),
                event: serde_json::to_string(event).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}")),
                previous: head.mac.clone(),
                mac: Vec::new(),
            };
            row.mac = mac(&self.key, &row).to_vec();
            (head.seq, head.at) = (row.seq, row.at);
            head.mac.clone_from(&row.mac);
            rows.push(row);
        }
        (rows, head)
    }
}

impl Head {
    fn new(entropy: &dyn Entropy) -> Self {
        Self { chain: entropy::uuid(entropy), seq: 0, at: i64::MIN / 2, mac: Vec::new() }
    }
}
