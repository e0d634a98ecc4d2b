//! Counting refused signatures by who sends them, in memory and bounded: a burst is worth an alert. Called by the
//! request's context.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// So many in a minute are a burst.
const BURST: u32 = 10;
const WINDOW_MS: i64 = 60_000;
/// Senders remembered; past that, those whose minute is over are forgotten, and if all are fresh, everybody is. A flood
/// from so many senders at once is under the threshold of each anyway.
const SENDERS_MAX: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Bursts(Mutex<HashMap<String, (i64, u32)>>);

impl Bursts {
    /// Counts one of this sender; true when it completes a burst, once for each.
    pub(crate) fn count(&self, sender: &str, now: i64) -> bool {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if senders.len() >= SENDERS_MAX && !senders.contains_key(sender) {
            senders.retain(|_, (since, _)| *since + WINDOW_MS > now);
            if senders.len() >= SENDERS_MAX {
                senders.clear();
            }
        }
        let (since, count) = senders.entry(sender.to_owned()).or_insert((now, 0));
        if *since + WINDOW_MS <= now {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count == BURST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_told_once_a_window_and_senders_are_bounded() {
        let bursts = Bursts::default();
        let told: Vec<i64> = (0..25).filter(|n| bursts.count("a", *n)).collect();
        assert_eq!(told, [9]);
        let told: Vec<i64> = (0..25).filter(|n| bursts.count("a", WINDOW_MS + n)).collect();
        assert_eq!(told, [9], "a new window, and nine of the old one do not count");
        for n in 0..3 * SENDERS_MAX {
            bursts.count(&n.to_string(), 0);
            assert!(bursts.0.lock().unwrap().len() <= SENDERS_MAX);
        }
    }
}
