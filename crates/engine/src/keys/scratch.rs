//! The memory Argon2 works in, kept from one hash to the next: having the kernel map and clear 19 MiB anew costs a twentieth of a hash.
//! Used by [`super::password`] only.
//!
//! As many are kept as hashes ran at once; the pool of workers bounds that. When a thread that hashed ends (the runtime ends those
//! that had nothing to do for two seconds), what nobody is using goes back to the system.
//!
//! Nothing is wiped in between: a hash overwrites all of what the one before it wrote, and what stands there is derived from a MAC under the
//! pepper, by which alone no password can be guessed. Memory given back is cleared by the kernel before anybody else gets it.

use std::sync::{Mutex, PoisonError};

use argon2::Block;

static SPARE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

thread_local! {
    static THREAD: Thread = const { Thread };
}

/// Lives as long as a thread that has hashed.
struct Thread;

impl Drop for Thread {
    fn drop(&mut self) {
        drop(std::mem::take(&mut *SPARE.lock().unwrap_or_else(PoisonError::into_inner)));
    }
}

/// Memory for one hash, for as long as it takes.
pub(super) struct Scratch {
    memory: Vec<Block>,
    wanted: usize,
}

impl Scratch {
    /// `wanted` blocks of a kibibyte with anything in them.
    pub(super) fn take(wanted: usize) -> Self {
        // The thread's end is noticed by those only that have asked for it before.
        THREAD.with(|_| ());
        let spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = spare.unwrap_or_default();
        if memory.len() < wanted {
            // Not by growing it, which would copy what is of no use.
            memory = vec![Block::new(); wanted];
        }
        Self { memory, wanted }
    }

    pub(super) fn blocks(&mut self) -> &mut [Block] {
        self.memory.get_mut(..self.wanted).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        SPARE.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.memory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spare() -> usize {
        SPARE.lock().unwrap().iter().map(Vec::len).sum()
    }

    #[test]
    fn memory_is_kept_while_its_thread_lives_and_no_longer() {
        let worker = std::thread::spawn(|| {
            drop(Scratch::take(16));
            assert!(spare() >= 16);
            let mut again = Scratch::take(8);
            assert_eq!(again.blocks().len(), 8);
            let mut more = Scratch::take(32);
            assert_eq!(more.blocks().len(), 32);
            drop((again, more));
            // As much as was in use at once.
            assert_eq!(spare(), 16 + 32);
        });
        worker.join().unwrap();
        assert_eq!(spare(), 0);
    }
}
