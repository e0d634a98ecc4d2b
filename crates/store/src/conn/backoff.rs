//! When the next connection to PostgreSQL may be tried. Kept by `pool`, told of silence by `pg`.

use std::time::{Duration, Instant};

const FIRST_DELAY: Duration = Duration::from_millis(50);
const LAST_DELAY: Duration = Duration::from_secs(1);

/// When the next connection may be tried, and how long to pause after another failure.
#[derive(Default)]
pub(super) struct Backoff {
    until: Option<Instant>,
    delay: Duration,
}

impl Backoff {
    /// The server did not answer: whoever comes next is told at once instead of waiting as long again.
    pub(super) fn failed(&mut self) {
        self.delay = (self.delay * 2).clamp(FIRST_DELAY, LAST_DELAY);
        self.until = Some(Instant::now() + self.delay);
    }

    pub(super) fn is_pausing(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }
}
