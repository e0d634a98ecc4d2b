//! Load: closed loops (so many clients, each asks again when it has its answer) for what an operation costs, and open loops (so many
//! requests a second, whatever the server does) for what waiting is like. Every latency is kept, so percentiles are exact; in an open loop
//! it counts from the moment the request was due, so a server that stalls cannot hide it (no coordinated omission).

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::future::{LocalBoxFuture, join_all};
use tokio::sync::Notify;

use crate::load::http::Connection;

/// Why a step did not succeed.
#[derive(Debug)]
pub enum Failed {
    /// What had been prepared is used up: the client is done.
    Exhausted,
    /// The server refused or was not there; the text is counted, so it must not vary with every request.
    Refused(String),
}

impl From<String> for Failed {
    fn from(text: String) -> Self {
        Self::Refused(text)
    }
}

/// What one virtual client does again and again. A step may be several requests.
pub trait Script {
    fn step<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<(), Failed>>;
}

/// What happened in one run.
#[derive(Debug, Default)]
pub struct Tally {
    /// Of the steps that succeeded, microseconds, in no order.
    pub latencies_us: Vec<u32>,
    /// Of the steps that failed, by what was said.
    pub failures: BTreeMap<String, u64>,
    /// Of those, microseconds, in no order.
    pub failures_us: Vec<u32>,
    /// Steps that were begun while load was offered: what the server really was asked, where connections are short.
    pub sent: u64,
    pub wall: Duration,
}

impl Tally {
    pub fn steps(&self) -> u64 {
        self.latencies_us.len().try_into().unwrap_or(u64::MAX)
    }

    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    pub fn per_second(&self) -> f64 {
        as_f64(self.steps()) / self.wall.as_secs_f64().max(1e-9)
    }

    /// The exact latency in milliseconds that `share` of the steps did not exceed (nearest rank).
    pub fn percentile_ms(&mut self, share: f64) -> f64 {
        percentile_ms(&mut self.latencies_us, share)
    }

    /// As [`Tally::percentile_ms`], of the steps that failed.
    pub fn failed_percentile_ms(&mut self, share: f64) -> f64 {
        percentile_ms(&mut self.failures_us, share)
    }

    fn note(&mut self, outcome: Result<(), Failed>, since: Instant) -> bool {
        let us = u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX);
        match outcome {
            Ok(()) => self.latencies_us.push(us),
            Err(Failed::Refused(text)) => {
                *self.failures.entry(text).or_default() += 1;
                self.failures_us.push(us);
            }
            Err(Failed::Exhausted) => return false,
        }
        true
    }
}

fn percentile_ms(all_us: &mut [u32], share: f64) -> f64 {
    all_us.sort_unstable();
    let count = all_us.len();
    let rank = (share * as_f64(count as u64)).ceil().max(1.0);
    let at = (0..count).find(|at| as_f64((*at as u64) + 1) >= rank).unwrap_or(count.saturating_sub(1));
    all_us.get(at).map_or(0.0, |us| f64::from(*us) / 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark stay far below 2^52")]
pub fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Each script on a connection of its own, to the servers in turn, again and again for `time` or until it is exhausted; steps under way are finished.
pub async fn closed(addresses: &[SocketAddr], scripts: Vec<Box<dyn Script>>, time: Duration) -> Tally {
    let tally = RefCell::new(Tally::default());
    let began = Instant::now();
    let clients = scripts.into_iter().zip(addresses.iter().cycle()).map(async |(mut script, address)| {
        let mut connection = Connection::to(*address);
        while began.elapsed() < time {
            let since = Instant::now();
            let outcome = script.step(&mut connection).await;
            let pause = matches!(outcome, Err(Failed::Refused(_)));
            if !tally.borrow_mut().note(outcome, since) {
                break;
            }
            if pause {
                // A refusal costs nothing; without a breath the driver would only hammer.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    join_all(clients).await;
    let mut tally = tally.into_inner();
    tally.wall = began.elapsed();
    tally
}

/// What an open loop offers.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    pub per_second: f64,
    pub time: Duration,
    /// How long a client waits for its turn and its answer before it gives up.
    pub patience: Duration,
}

/// Requests fall due evenly, whatever the server does; each takes the next free script, which has a connection of its own.
pub async fn open(addresses: &[SocketAddr], scripts: Vec<Box<dyn Script>>, offer: Offer) -> Tally {
    let tally = RefCell::new(Tally::default());
    let due: Rc<RefCell<VecDeque<Instant>>> = Rc::default();
    let (arrived, ended) = (Notify::new(), Cell::new(false));
    let began = Instant::now();
    let arrivals = async {
        let mut offered = 0u64;
        while began.elapsed() < offer.time {
            let want = began.elapsed().as_secs_f64() * offer.per_second;
            while as_f64(offered) < want {
                due.borrow_mut().push_back(began + Duration::from_secs_f64(as_f64(offered) / offer.per_second));
                offered += 1;
                arrived.notify_one();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        ended.set(true);
        arrived.notify_waiters();
    };
    let clients = join_all(scripts.into_iter().zip(addresses.iter().cycle()).map(async |(mut script, address)| {
        let mut connection = Connection::to(*address);
        loop {
            let next = due.borrow_mut().pop_front();
            let Some(since) = next else {
                if ended.get() {
                    return;
                }
                arrived.notified().await;
                continue;
            };
            let left = offer.patience.saturating_sub(since.elapsed());
            if left.is_zero() {
                tally.borrow_mut().note(Err(Failed::Refused("not sent: all connections were busy".to_owned())), since);
                continue;
            }
            tally.borrow_mut().sent += u64::from(!ended.get());
            let outcome = match tokio::time::timeout(left, script.step(&mut connection)).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    // As a client that hangs up.
                    connection = Connection::to(*address);
                    Err(Failed::Refused("no answer in time".to_owned()))
                }
            };
            tally.borrow_mut().note(outcome, since);
        }
    }));
    futures_util::join!(arrivals, clients);
    let mut tally = tally.into_inner();
    tally.wall = began.elapsed();
    tally
}
