//! A token bucket for each key, in the memory of this process: the generic cell rate algorithm, one number a key. Keys
//! are kept as keyed hashes, so that a bucket costs the same whatever a caller writes into a name. Asked by the two kinds
//! of limits.
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

const SHARDS: usize = 16;
/// Buckets kept at most, all shards together.
pub(super) const KEYS_MAX: usize = 100_000;
const KEYS_PER_SHARD: usize = KEYS_MAX / SHARDS;
/// The one bucket of all newcomers while a shard has no room for their own.
const CROWD: u64 = u64::MAX;
/// Between two searches of a full shard for buckets that may go, microseconds.
const SWEEP_EVERY_US: i64 = 100_000;
/// A clock that reads this much less than before was set back. More than any request lasts: requests read the clock when
/// they begin and may ask later than others that began after them.
const SET_BACK_MS: i64 = 5 * 60 * 1000;

/// So many in so long; as many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub per_ms: i64,
}

impl Rate {
    pub fn per_second(count: u32) -> Self {
        Self { count, per_ms: 1000 }
    }

    pub fn per_minute(count: u32) -> Self {
        Self { count, per_ms: 60_000 }
    }

    fn span_us(self) -> i64 {
        self.per_ms * 1000
    }

    fn interval_us(self) -> i64 {
        (self.span_us() / i64::from(self.count.max(1))).max(1)
    }
}

/// Nothing is left in a bucket: milliseconds until there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Empty {
    pub wait_ms: i64,
}

/// Buckets of one rate.
pub struct Buckets {
    rate: Rate,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// A part of the keys.
#[derive(Default)]
struct Shard {
    /// When each bucket will be full again, in the time of `now_us`.
    full_at: HashMap<u64, i64>,
    /// A time that never runs backwards: else a clock set back by a day would close every bucket for a day.
    now_us: i64,
    /// What the clock said, at its latest.
    clock_ms: i64,
    swept_at: i64,
}

impl Buckets {
    pub fn new(rate: Rate) -> Self {
        Self { rate, hasher: RandomState::new(), shards: Default::default() }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// [`Empty`]: nothing was taken.
    pub fn take(&self, key: impl Hash, now: i64) -> Result<(), Empty> {
        self.with(key, now, |bucket| {
            bucket.has_one()?;
            bucket.pay();
            Ok(())
        })
    }

    /// Whether there is a token, without taking it.
    ///
    /// # Errors
    /// [`Empty`].
    pub fn look(&self, key: impl Hash, now: i64) -> Result<(), Empty> {
        self.with(key, now, |bucket| bucket.has_one())
    }

    /// Takes one token whether there is one or not: a debt is paid off before the bucket opens again, so that the rate
    /// holds in the long run however many were let in at once.
    pub fn charge(&self, key: impl Hash, now: i64) {
        self.with(key, now, |bucket| bucket.pay());
    }

    fn with<T>(&self, key: impl Hash, now: i64, act: impl FnOnce(&mut Bucket<'_>) -> T) -> T {
        let key = self.hasher.hash_one(key);
        let [.., last] = key.to_be_bytes();
        let mut shard = self.shard(last).lock().unwrap_or_else(PoisonError::into_inner);
        let now_us = shard.tick(now);
        let key = shard.room_for(key);
        let full_at = shard.full_at.get(&key).copied().unwrap_or(now_us).max(now_us);
        let mut bucket = Bucket { rate: self.rate, now_us, full_at, shard: &mut shard, key };
        act(&mut bucket)
    }

    fn shard(&self, byte: u8) -> &Mutex<Shard> {
        let [first, ..] = &self.shards;
        self.shards.get(usize::from(byte) % SHARDS).unwrap_or(first)
    }
}

/// One bucket, while its shard is locked.
struct Bucket<'a> {
    rate: Rate,
    now_us: i64,
    full_at: i64,
    shard: &'a mut Shard,
    key: u64,
}

impl Bucket<'_> {
    fn has_one(&self) -> Result<(), Empty> {
        let over_us = self.full_at.saturating_add(self.rate.interval_us()) - self.now_us - self.rate.span_us();
        if over_us <= 0 { Ok(()) } else { Err(Empty { wait_ms: (over_us + 999) / 1000 }) }
    }

    fn pay(&mut self) {
        self.full_at = self.full_at.saturating_add(self.rate.interval_us());
        self.shard.full_at.insert(self.key, self.full_at);
    }
}

impl Shard {
    /// Moves the shard's own time on by what the clock has moved on.
    fn tick(&mut self, clock_ms: i64) -> i64 {
        if clock_ms >= self.clock_ms {
            self.now_us = self.now_us.saturating_add((clock_ms - self.clock_ms).saturating_mul(1000));
            self.clock_ms = clock_ms;
        } else if self.clock_ms - clock_ms > SET_BACK_MS {
            self.clock_ms = clock_ms;
        }
        self.now_us
    }

    /// The key itself, or the crowd's while there is no room. Only full buckets make room, since nothing is lost with
    /// them: whoever could push his own out by filling the table with others would go free.
    fn room_for(&mut self, key: u64) -> u64 {
        if self.full_at.len() < KEYS_PER_SHARD || self.full_at.contains_key(&key) {
            return key;
        }
        if self.now_us - self.swept_at >= SWEEP_EVERY_US {
            let now_us = self.now_us;
            self.full_at.retain(|_, full_at| *full_at > now_us);
            self.swept_at = now_us;
        }
        if self.full_at.len() < KEYS_PER_SHARD { key } else { CROWD }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_795_413_600_000;

    fn taken(buckets: &Buckets, key: &str, now: i64, tries: usize) -> usize {
        (0..tries).filter(|_| buckets.take(key, now).is_ok()).count()
    }

    fn kept(buckets: &Buckets) -> usize {
        buckets.shards.iter().map(|shard| shard.lock().unwrap().full_at.len()).sum()
    }

    #[test]
    fn a_bucket_empties_and_fills_with_the_clock() {
        for rate in [1, 7, 120, 150, 1000] {
            let buckets = Buckets::new(Rate::per_second(rate));
            let all = rate as usize;
            assert_eq!(taken(&buckets, "a", START, all * 2), all);
            assert_eq!(taken(&buckets, "b", START, all * 2), all, "another key has its own");
            assert_eq!(taken(&buckets, "a", START + 500, all), all / 2);
            assert_eq!(taken(&buckets, "a", START + 60_000, all * 2), all, "a pause saves up one burst and no more");
        }
    }

    #[test]
    fn an_empty_bucket_says_when_to_come_back() {
        let buckets = Buckets::new(Rate::per_minute(30));
        assert_eq!(taken(&buckets, "a", START, 30), 30);
        let Err(Empty { wait_ms }) = buckets.take("a", START) else { panic!("open") };
        assert!(buckets.look("a", START + wait_ms - 1).is_err());
        assert!(buckets.look("a", START + wait_ms).is_ok());
    }

    #[test]
    fn a_debt_is_paid_before_the_bucket_opens() {
        let buckets = Buckets::new(Rate::per_minute(30));
        for _ in 0..90 {
            buckets.charge("a", START);
        }
        assert!(buckets.look("a", START + 120_000).is_err());
        assert!(buckets.look("a", START + 122_000).is_ok());
    }

    #[test]
    fn sec_077_148_no_flood_of_keys_grows_or_sets_one_free() {
        let buckets = Buckets::new(Rate::per_minute(30));
        assert_eq!(taken(&buckets, "guesser", START, 40), 30);
        for number in 0..KEYS_MAX * 2 {
            buckets.charge(number, START + 1000);
        }
        assert!(kept(&buckets) <= KEYS_MAX + SHARDS);
        assert!(buckets.take("guesser", START + 1000).is_err());
        // Newcomers share one bucket, and it is empty too.
        assert_eq!(taken(&buckets, "newcomer", START + 1000, 5), 0);
        // Full buckets go, and there is room again.
        let later = START + 86_400_000 * 365;
        assert_eq!(taken(&buckets, "newcomer", later, 40), 30);
        for number in 0..KEYS_MAX {
            let _ = buckets.take(number, later);
        }
        assert!(kept(&buckets) <= KEYS_MAX + SHARDS);
    }

    #[test]
    fn sec_162_a_clock_set_back_closes_nothing_and_slow_requests_fill_nothing() {
        let buckets = Buckets::new(Rate::per_minute(30));
        assert_eq!(taken(&buckets, "a", START, 40), 30);
        let day = 86_400_000;
        assert!(buckets.take("a", START - day).is_err());
        assert_eq!(taken(&buckets, "a", START - day + 60_000, 40), 30);
        // Requests that began earlier ask later: no time passes twice.
        let buckets = Buckets::new(Rate::per_minute(30));
        assert_eq!(taken(&buckets, "a", START + 1000, 40), 30);
        for _ in 0..100 {
            assert!(buckets.take("a", START).is_err());
            assert!(buckets.take("a", START + 1000).is_err());
        }
    }
}
