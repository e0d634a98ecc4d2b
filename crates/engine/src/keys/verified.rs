//! Signatures that were checked once and held, so that a token shown again costs a hash instead of RSA. Asked and told by
//! [`super::jwt`] alone, one a process. It says that a key signed these bytes and nothing else: everything that can change
//! about a token is for its caller to check each time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

use super::rsa::PublicKey;

/// Marks are kept in small sets of their own, each under its own lock for the time it takes to compare a few: 8,192 marks in all.
const SETS: usize = 2048;
const MARKS_OF_A_SET: usize = 4;

/// A key and a token signed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark([u8; 32]);

impl Mark {
    /// The whole token counts, the signature as it was sent included: whoever changes one character shows another token. And the
    /// key counts, not its name: what one key signed says nothing of a key that took its place.
    pub(super) fn of(key: &PublicKey, token: &str) -> Self {
        let mut context = Context::new(&SHA256);
        // Always 32 bytes, so that nothing can be moved between the two.
        context.update(key.fingerprint());
        context.update(token.as_bytes());
        let mut mark = [0; 32];
        mark.copy_from_slice(context.finish().as_ref());
        Self(mark)
    }
}

type Set = [Option<Mark>; MARKS_OF_A_SET];

/// The signatures that held, as many as there is room for. A signature that is not here any more is checked again.
pub struct Verified(Box<[Mutex<Set>]>);

impl Default for Verified {
    fn default() -> Self {
        Self((0..SETS).map(|_| Mutex::default()).collect())
    }
}

impl Verified {
    /// Whether this was [kept](Self::keep).
    pub(super) fn holds(&self, mark: Mark) -> bool {
        self.set(mark).is_some_and(|set| set.contains(&Some(mark)))
    }

    /// Only after the signature was checked by the key itself. Nobody fills this with tokens that are not ours, and whoever has
    /// many good ones can only make us check others again: the oldest of a set makes room.
    pub(super) fn keep(&self, mark: Mark) {
        if let Some(mut set) = self.set(mark) {
            set.rotate_right(1);
            if let Some(newest) = set.first_mut() {
                *newest = Some(mark);
            }
        }
    }

    fn set(&self, mark: Mark) -> Option<MutexGuard<'_, Set>> {
        let [high, low, ..] = mark.0;
        let number = usize::from(u16::from_be_bytes([high, low])) % SETS;
        self.0.get(number).map(|set| set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rsa::tests::{ACCESS, ID};
    use super::*;

    #[test]
    fn sec_036_a_mark_is_of_one_key_and_one_token() {
        let verified = Verified::default();
        let mark = Mark::of(ACCESS.public(), "a.b.c");
        assert!(!verified.holds(mark));
        verified.keep(mark);
        assert!(verified.holds(mark));
        for other in [Mark::of(ID.public(), "a.b.c"), Mark::of(ACCESS.public(), "a.b.d"), Mark::of(ACCESS.public(), "a.b.c.")] {
            assert!(!verified.holds(other));
        }
    }

    #[test]
    fn the_oldest_of_a_set_makes_room() {
        let verified = Verified::default();
        let mark = |last| {
            let mut mark = [0; 32];
            mark[31] = last;
            Mark(mark)
        };
        for last in 0..=4 {
            verified.keep(mark(last));
        }
        assert!(!verified.holds(mark(0)));
        assert!((1..=4).all(|last| verified.holds(mark(last))));
    }
}
