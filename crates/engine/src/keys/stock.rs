//! A small stock of signing keys made ahead of need, because making one takes up to 200 ms and a new pool needs two.
//!
//! The engine's context holds one; pool creation and rotation take from it.

use std::sync::{Arc, Mutex, PoisonError};

use super::CryptoFailure;
use super::rsa::{KeyPurpose, SigningKey};
use crate::work::{Work, WorkError};

/// Why no key came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockError {
    Work(WorkError),
    Crypto(CryptoFailure),
}

impl std::fmt::Display for StockError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Work(error) => error.fmt(f),
            Self::Crypto(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StockError {}

/// Keys in store, refilled in the background whenever one is taken.
#[derive(Debug, Clone)]
pub struct KeyStock {
    work: Work,
    capacity: usize,
    keys: Arc<Mutex<Vec<SigningKey>>>,
}

impl KeyStock {
    /// An empty stock of at most `capacity` keys, made on `work`. With capacity 0 every key is made when asked for.
    #[must_use]
    pub fn new(work: Work, capacity: usize) -> Self {
        Self { work, capacity, keys: Arc::new(Mutex::new(Vec::new())) }
    }

    /// A key that nobody else has. At once from the stock, or made now if it is empty.
    ///
    /// # Errors
    /// [`StockError::Work`] if too many wait for keys already.
    pub async fn take(&self, purpose: KeyPurpose) -> Result<SigningKey, StockError> {
        let stock = self.clone();
        let key = match self.with(Vec::pop) {
            Some(key) => Ok(key),
            // By the time it is our turn a refill may have left one.
            None => match self.work.run(move || stock.with(Vec::pop).map_or_else(|| SigningKey::generate(purpose), Ok)).await {
                Ok(made) => made.map_err(StockError::Crypto),
                Err(error) => Err(StockError::Work(error)),
            },
        };
        self.refill();
        key.map(|key| key.for_purpose(purpose))
    }

    /// Starts making the missing keys if the pool has nothing better to do, and stops when somebody waits for it. Call once at start, inside
    /// the runtime; `take` calls it afterwards.
    pub fn refill(&self) {
        if self.count() >= self.capacity {
            return;
        }
        let stock = self.clone();
        self.work.run_if_idle(move || {
            while stock.count() < stock.capacity {
                let Ok(key) = SigningKey::generate(KeyPurpose::Access) else {
                    return;
                };
                let full = stock.with(|keys| {
                    // Several refills may run on a pool of several threads: the bound holds whoever comes last.
                    if keys.len() < stock.capacity {
                        keys.push(key);
                    }
                    keys.len() >= stock.capacity
                });
                if full || stock.work.has_line() {
                    return;
                }
            }
        });
    }

    /// How many keys are ready.
    #[must_use]
    pub fn count(&self) -> usize {
        self.with(|keys| keys.len())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<SigningKey>) -> T) -> T {
        // A panic elsewhere cannot leave a vector of keys half changed.
        act(&mut self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn taken_keys_are_distinct_and_the_stock_refills_to_its_bound() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let stock = KeyStock::new(Work::new(1, 8), 2);
            let first = stock.take(KeyPurpose::Id).await.unwrap();
            assert_eq!(first.public().purpose(), KeyPurpose::Id);
            while stock.count() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let second = stock.take(KeyPurpose::Id).await.unwrap();
            let third = stock.take(KeyPurpose::Access).await.unwrap();
            assert_eq!((second.public().purpose(), third.public().purpose()), (KeyPurpose::Id, KeyPurpose::Access));
            let kids = std::collections::HashSet::from([first.kid(), second.kid(), third.kid()]);
            assert_eq!(kids.len(), 3);
            while stock.count() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(stock.count(), 2);
        });
    }

    #[test]
    fn without_capacity_keys_are_made_on_demand_and_not_kept() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stock = KeyStock::new(Work::new(1, 1), 0);
            stock.take(KeyPurpose::Id).await.unwrap();
            assert_eq!(stock.count(), 0);
        });
    }
}
