//! The memory Argon2 works in, kept from one hash to the next: having the kernel map and clear 19 MiB anew costs a twentieth of a hash.
//! Used by [`super::password`] only.
//!
//! As many are kept as hashes ran at once; the pool of workers bounds that. When a thread that hashed ends (the runtime ends those
//! that had nothing to do for two seconds), what nobody is using goes back to the system.
//!
//! Nothing is wiped in between: a hash overwrites all of what the one before it wrote, and what stands there is derived from a MAC under the
//! pepper, by which alone no password can be guessed. Memory given back is cleared by the kernel before anybody else gets it.

use std::cell::OnceCell;
use std::sync::{Mutex, PoisonError};

use argon2::Block;

/// Memory nobody is using.
struct Spare(Mutex<Vec<Vec<Block>>>);

static SPARE: Spare = Spare(Mutex::new(Vec::new()));

thread_local! {
    static THREAD: OnceCell<Thread> = const { OnceCell::new() };
}

/// Lives as long as a thread that has hashed.
struct Thread(&'static Spare);

impl Drop for Thread {
    fn drop(&mut self) {
        drop(std::mem::take(&mut *self.0.lock()));
    }
}

impl Spare {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&'static self, wanted: usize) -> Scratch {
        // The thread's end is noticed by those only that have asked for it before.
        THREAD.with(|thread| {
            thread.get_or_init(|| Thread(self));
        });
        let spare = self.lock().pop();
        let mut memory = spare.unwrap_or_default();
        if memory.len() < wanted {
            // Not by growing it, which would copy what is of no use.
            memory = vec![Block::new(); wanted];
        }
        Scratch { memory, wanted, home: self }
    }
}

/// Memory for one hash, for as long as it takes.
pub(super) struct Scratch {
    memory: Vec<Block>,
    wanted: usize,
    home: &'static Spare,
}

impl Scratch {
    /// `wanted` blocks of a kibibyte with anything in them.
    pub(super) fn take(wanted: usize) -> Self {
        SPARE.take(wanted)
    }

    pub(super) fn blocks(&mut self) -> &mut [Block] {
        self.memory.get_mut(..self.wanted).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.home.lock().push(std::mem::take(&mut self.memory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_while_its_thread_lives_and_no_longer() {
        // Apart from what the tests beside this one use.
        static OWN: Spare = Spare(Mutex::new(Vec::new()));
        let spare = || OWN.lock().iter().map(Vec::len).sum::<usize>();
        let worker = std::thread::spawn(move || {
            drop(OWN.take(16));
            assert_eq!(spare(), 16);
            let mut again = OWN.take(8);
            assert_eq!(again.blocks().len(), 8);
            let mut more = OWN.take(32);
            assert_eq!(more.blocks().len(), 32);
            drop((again, more));
            // As much as was in use at once.
            assert_eq!(spare(), 16 + 32);
        });
        worker.join().unwrap();
        assert_eq!(spare(), 0);
    }
}
