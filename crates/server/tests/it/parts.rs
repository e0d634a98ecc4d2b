//! What a test holds in its hands of a running instance: the clock, and the messages that left the house. Used through the harness.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use poolhouse_engine::ctx::Clock;
use poolhouse_engine::delivery::{Delivery, DeliveryFailed, Message};

/// A clock that moves only when told.
pub struct StoppedClock(AtomicI64);

impl Clock for StoppedClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl StoppedClock {
    pub fn at(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    pub fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

/// Messages that left the house.
#[derive(Default)]
pub struct Post(pub Mutex<Vec<Message>>);

#[async_trait::async_trait]
impl Delivery for Post {
    async fn deliver(&self, _: String, _: i64, message: Message) -> Result<(), DeliveryFailed> {
        self.0.lock().unwrap().push(message);
        Ok(())
    }
}
