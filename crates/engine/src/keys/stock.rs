//! A small stock of signing keys made ahead of need, because making one takes up to 200 ms and a new pool needs two.
//!
//! The engine's context holds one; pool creation and rotation take from it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

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
    /// Keys that are being made for the next who ask.
    coming: Arc<Mutex<Vec<oneshot::Receiver<SigningKey>>>>,
    /// Whether what is taken is made up for: not before the first [`KeyStock::refill`], or a start would compete with it.
    refilled: Arc<AtomicBool>,
}

impl KeyStock {
    /// An empty stock of at most `capacity` keys, made on `work`. With capacity 0 every key is made when asked for.
    #[must_use]
    pub fn new(work: Work, capacity: usize) -> Self {
        Self { work, capacity, keys: Arc::default(), coming: Arc::default(), refilled: Arc::default() }
    }

    /// A key that nobody else has. At once from the stock, or made now if it is empty.
    ///
    /// # Errors
    /// [`StockError::Work`] if too many wait for keys already.
    pub async fn take(&self, purpose: KeyPurpose) -> Result<SigningKey, StockError> {
        let coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(coming) = coming
            && let Ok(key) = coming.await
        {
            return Ok(key.for_purpose(purpose));
        }
        let stock = self.clone();
        let key = match self.with(Vec::pop) {
            Some(key) => Ok(key),
            // By the time it is our turn a refill may have left one.
            None => match self.work.run(move || stock.with(Vec::pop).map_or_else(|| SigningKey::generate(purpose), Ok)).await {
                Ok(made) => made.map_err(StockError::Crypto),
                Err(error) => Err(StockError::Work(error)),
            },
        };
        if self.refilled.load(Ordering::Relaxed) {
            self.refill();
        }
        key.map(|key| key.for_purpose(purpose))
    }

    /// Starts making up to `count` keys side by side, for whoever will ask for that many in a moment. Inside the runtime.
    pub fn make_ahead(&self, count: usize) {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..count {
            let (made, key) = oneshot::channel();
            let begun = self.work.run_if_idle(move || {
                if let Ok(key) = SigningKey::generate(KeyPurpose::Access) {
                    // Nobody waits any more where the engine is gone.
                    let _ = made.send(key);
                }
            });
            if begun {
                coming.push(key);
            }
        }
    }

    /// Starts making the missing keys if the pool has nothing better to do, and stops when somebody waits for it. Call once at start, inside
    /// the runtime; `take` calls it afterwards.
    pub fn refill(&self) {
        self.refilled.store(true, Ordering::Relaxed);
        // One at a time: the other processors are for whoever waits for an answer.
        if self.count() >= self.capacity || self.work.load().0 > 0 {
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
            stock.refill();
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
    fn keys_made_ahead_are_there_for_whoever_asks_and_nothing_is_made_besides() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let work = Work::new(2, 8);
            let stock = KeyStock::new(work.clone(), 4);
            stock.make_ahead(2);
            let (first, second) = tokio::try_join!(stock.take(KeyPurpose::Id), stock.take(KeyPurpose::Access)).unwrap();
            assert_ne!(first.kid(), second.kid());
            assert!(stock.coming.lock().unwrap().is_empty());
            while work.load() != (0, 0) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(stock.count(), 0);
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
