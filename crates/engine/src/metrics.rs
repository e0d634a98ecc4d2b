//! Counters for whoever watches an instance, in Prometheus' text form. Every floor counts here; the server shows the text.
//!
//! A label is a word of this program (`&'static str`), by its type: no user, client, address or pool can become one, so
//! that neither the number of series nor what they tell can be driven by callers (checklist 199).
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Labels<const N: usize> = [(&'static str, &'static str); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Gauges<const N: usize> = Family<Labels<N>, Gauge>;

/// More than clocks drift, or are slewed, between two looks.
const CLOCK_STEP_MS: i64 = 2_000;
/// The media type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted. One an engine.
pub struct Metrics {
    registry: Registry,
    requests: Counters<2>,
    sign_ins: Counters<1>,
    alerts: Counters<1>,
    rate_limited: Counters<1>,
    turned_away: Counters<1>,
    lockouts: Counter,
    panics: Counter,
    clock_steps: Counter,
    audit_lost: Counter,
    audit_failures: Counter,
    audit_queue: Gauge,
    store_writes: Gauge,
    resident_bytes: Gauge,
    work: Gauges<2>,
    clocks: Mutex<Option<(i64, i64)>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("poolhouse");
        macro_rules! counted {
            ($name:literal, $help:literal) => {{
                let metric = Default::default();
                registry.register($name, $help, Clone::clone(&metric));
                metric
            }};
        }
        // In the order of the text.
        Self {
            requests: counted!("requests", "Requests answered, by door and class of status"),
            sign_ins: counted!("sign_ins", "First factors checked, by outcome"),
            alerts: counted!("alerts", "Alerts, by kind"),
            rate_limited: counted!("rate_limited", "Calls refused by a rate, by class"),
            turned_away: counted!("turned_away", "Requests refused because a line was full, by line"),
            lockouts: counted!("lockouts", "Passwords not looked at because the account was locked"),
            panics: counted!("panics", "Requests that ended in a panic"),
            clock_steps: counted!("clock_steps", "Times the clock of the machine was set"),
            audit_lost: counted!("audit_lost", "Audit events that were not kept"),
            audit_failures: counted!("audit_write_failures", "Writes of the audit trail that the store refused"),
            audit_queue: counted!("audit_queue", "Audit events that wait to be written"),
            store_writes: counted!("store_writes", "Writes queued (SQLite) or pooled connections in use (PostgreSQL)"),
            resident_bytes: counted!("resident_bytes", "Memory of the process"),
            work: counted!("work", "Jobs of the bounded pools now, by pool and state"),
            clocks: Mutex::new(None),
            registry,
        }
    }
}

impl Metrics {
    /// A request was answered: by which door, with a status of which class (`2xx`).
    pub fn request(&self, door: &'static str, status: &'static str) {
        self.requests.get_or_create(&[("door", door), ("status", status)]).inc();
    }

    /// A password or proof was checked, or not even that.
    pub fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub fn alert(&self, kind: &'static str) {
        self.alerts.get_or_create(&[("alert", kind)]).inc();
    }

    /// So many calls of this class were turned away since the start, because there were too many of them.
    pub(crate) fn rate_limited(&self, class: &'static str, total: u64) {
        let counter = self.rate_limited.get_or_create(&[("class", class)]);
        counter.inc_by(total.saturating_sub(counter.get()));
    }

    /// A request, or a connection, was refused because there was no place left in this line.
    pub fn turned_away(&self, line: &'static str) {
        self.turned_away.get_or_create(&[("line", line)]).inc();
    }

    /// As [`Metrics::turned_away`], for a line that counts by itself: so many since the start.
    pub(crate) fn turned_away_by(&self, line: &'static str, total: u64) {
        let counter = self.turned_away.get_or_create(&[("line", line)]);
        counter.inc_by(total.saturating_sub(counter.get()));
    }

    pub fn lockout(&self) {
        self.lockouts.inc();
    }

    pub fn panic(&self) {
        self.panics.inc();
    }

    /// Where the wall clock stands, and one that nobody can set, milliseconds; by how much the first one jumped since the
    /// last call, if it did.
    pub(crate) fn clock_step(&self, wall: i64, monotonic: i64) -> Option<i64> {
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        let (last_wall, last_monotonic) = clocks.replace((wall, monotonic))?;
        let step = (wall - last_wall) - (monotonic - last_monotonic);
        if step.abs() <= CLOCK_STEP_MS {
            return None;
        }
        self.clock_steps.inc();
        Some(step)
    }

    pub(crate) fn audit_lost(&self, events: usize) {
        self.audit_lost.inc_by(u64::try_from(events).unwrap_or(u64::MAX));
    }

    pub(crate) fn audit_failure(&self) {
        self.audit_failures.inc();
    }

    /// Memory of the process, as whoever shows the text knows it.
    pub fn resident(&self, bytes: u64) {
        self.resident_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// What is in hand, just before the text is made.
    pub(crate) fn in_hand(&self, audit_queue: usize, store_writes: usize) {
        self.audit_queue.set(i64::try_from(audit_queue).unwrap_or(i64::MAX));
        self.store_writes.set(i64::try_from(store_writes).unwrap_or(i64::MAX));
    }

    /// As [`Metrics::in_hand`], for a pool of `engine::work`: jobs at work and in line.
    pub(crate) fn work(&self, pool: &'static str, (running, waiting): (usize, usize)) {
        for (state, value) in [("running", running), ("waiting", waiting)] {
            let gauge = self.work.get_or_create(&[("pool", pool), ("state", state)]);
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
    }

    /// The text as Prometheus scrapes it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing into a string fails for no reason but a metric's own code, and ours have none.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}
