//! Taking turns: one lock for each thing that only one request at a time may try, such as a user's password. Holds nothing
//! that must outlive the process; what must be counted across processes is counted in the store.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// One lock for each subject that somebody waits for or holds.
#[derive(Default)]
pub struct Turns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

/// Entries after which those nobody holds are dropped.
const SWEEP_AT: usize = 1024;

impl Turns {
    /// The lock of a subject: the same one for everybody who asks while somebody holds it.
    pub fn of(&self, subject: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = map.get(subject).and_then(Weak::upgrade) {
            return held;
        }
        if map.len() >= SWEEP_AT && map.len().is_power_of_two() {
            map.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        map.insert(subject.to_owned(), Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_has_one_lock_while_it_is_held_and_none_after() {
        let turns = Turns::default();
        let one = turns.of("a");
        assert!(Arc::ptr_eq(&one, &turns.of("a")));
        assert!(!Arc::ptr_eq(&one, &turns.of("b")));
        for n in 0..SWEEP_AT * 4 {
            turns.of(&n.to_string());
        }
        assert!(turns.0.lock().unwrap().len() <= SWEEP_AT * 2);
        assert!(Arc::ptr_eq(&one, &turns.of("a")));
    }
}
