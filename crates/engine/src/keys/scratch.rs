//! The memory Argon2 works in, kept from one hash to the next while hashes overlap: having the kernel map and clear 19 MiB anew costs a
//! twentieth of a hash. Used by [`super::password`] only.
//!
//! As many are kept as hashes run at once; the pool of workers bounds that. When the last one ends, all of it is given back: a server at
//! rest needs none, and who hashes one password now and then does not miss it.
//!
//! Nothing is wiped in between: a hash overwrites all of what the one before it wrote, and what stands there is derived from a MAC under the
//! pepper, by which alone no password can be guessed. Memory given back is cleared by the kernel before anybody else gets it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::Block;

struct Shelf(Mutex<Kept>);

struct Kept {
    /// What nobody is using.
    spare: Vec<Vec<Block>>,
    /// Hashes that run.
    in_use: usize,
}

static SHELF: Shelf = Shelf::new();

impl Shelf {
    const fn new() -> Self {
        Self(Mutex::new(Kept { spare: Vec::new(), in_use: 0 }))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&'static self, wanted: usize) -> Scratch {
        let mut kept = self.lock();
        kept.in_use += 1;
        let mut memory = kept.spare.pop().unwrap_or_default();
        drop(kept);
        if memory.len() < wanted {
            // Not by growing it, which would copy what is of no use.
            memory = vec![Block::new(); wanted];
        }
        Scratch { memory, wanted, shelf: self }
    }
}

/// Memory for one hash, for as long as it takes.
pub(super) struct Scratch {
    memory: Vec<Block>,
    wanted: usize,
    shelf: &'static Shelf,
}

impl Scratch {
    /// `wanted` blocks of a kibibyte with anything in them.
    pub(super) fn take(wanted: usize) -> Self {
        SHELF.take(wanted)
    }

    pub(super) fn blocks(&mut self) -> &mut [Block] {
        self.memory.get_mut(..self.wanted).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        let mut kept = self.shelf.lock();
        kept.in_use = kept.in_use.saturating_sub(1);
        kept.spare.push(memory);
        let unwanted = if kept.in_use == 0 { std::mem::take(&mut kept.spare) } else { Vec::new() };
        // Not under the lock: giving memory back is a system call for each.
        drop(kept);
        drop(unwanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_while_hashes_overlap_and_no_longer() {
        // Apart from what the tests beside this one use.
        static OWN: Shelf = Shelf::new();
        let spare = || OWN.lock().spare.iter().map(Vec::len).collect::<Vec<_>>();
        let mut first = OWN.take(16);
        assert_eq!(first.blocks().len(), 16);
        let second = OWN.take(32);
        drop(second);
        assert_eq!(spare(), [32]);
        let mut third = OWN.take(8);
        assert_eq!((third.blocks().len(), spare().len()), (8, 0), "the larger one serves the smaller wish");
        drop(first);
        assert_eq!(spare(), [16]);
        drop(third);
        assert!(spare().is_empty());
    }
}
