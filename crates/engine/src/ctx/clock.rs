//! The time of day: the machine's clock or a test's ([`Clock`]), put right by the database's ([`SharedClock`]), and on a
//! development instance the hands by which somebody may set it ([`Hands`]). Read once a request by [`super::Engine::ctx`].
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use poolhouse_store::Db;

use crate::error::{Error, Result};

/// A change of the clock that the operator is told of.
const TOLD_FROM_MS: i64 = 1000;
/// The times that the hands may show, milliseconds since the epoch: the years 2000 to 2999. Tokens and certificates have
/// formats that know no others.
const SHOWN: std::ops::Range<i64> = 946_684_800_000..32_503_680_000_000;

/// The time of day, injected so that tests can stop and move it.
pub trait Clock: Send + Sync {
    /// Milliseconds since the epoch.
    fn now(&self) -> i64;

    /// What sets it, where anything may. They move what [`SharedClock::now`] says, never this clock itself.
    fn hands(&self) -> Option<&Hands> {
        None
    }
}

/// The clock of the machine.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one lawful reading of the ambient clock")]
    fn now(&self) -> i64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock with hands: that of a development instance.
pub struct MovableClock {
    own: Arc<dyn Clock>,
    hands: Hands,
}

impl MovableClock {
    pub fn new(own: Arc<dyn Clock>) -> Self {
        Self { own, hands: Hands::default() }
    }
}

impl Clock for MovableClock {
    fn now(&self) -> i64 {
        self.own.now()
    }

    fn hands(&self) -> Option<&Hands> {
        Some(&self.hands)
    }
}

/// Where the hands stand. Kept in the memory of the process: a restart puts them back.
#[derive(Debug, Default)]
pub struct Hands(Mutex<Place>);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Place {
    shift_ms: i64,
    /// The time they stand still at; the shift does not count then.
    frozen_at: Option<i64>,
}

impl Place {
    fn show(self, real: i64) -> i64 {
        self.frozen_at.unwrap_or_else(|| real.saturating_add(self.shift_ms))
    }
}

impl Hands {
    fn place(&self) -> Place {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the hands are to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Further by so many milliseconds, or back; frozen or not, as they were.
    Shift(i64),
    /// To stand still at this time, milliseconds since the epoch.
    FreezeAt(i64),
    /// To stand still where they are.
    Freeze,
    /// To go on from where they stand.
    Go,
    /// To show the real time again.
    Reset,
}

/// What a clock says. Milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub now: i64,
    pub real: i64,
    pub frozen: bool,
}

/// The one time of all nodes: each node's own clock, put right by the database's. Machines whose clocks disagree would
/// otherwise cut a grace period short or stretch it, and date a sign-out before the tokens that it ends.
pub struct SharedClock {
    own: Arc<dyn Clock>,
    /// Milliseconds by which the database's clock is ahead.
    ahead: AtomicI64,
}

impl SharedClock {
    pub(crate) fn new(own: Arc<dyn Clock>) -> Self {
        Self { own, ahead: AtomicI64::new(0) }
    }

    /// Milliseconds since the epoch, as the rules see it.
    pub fn now(&self) -> i64 {
        let real = self.real();
        self.own.hands().map_or(real, |hands| hands.place().show(real))
    }

    /// Milliseconds since the epoch, wherever the hands stand.
    pub fn real(&self) -> i64 {
        self.own.now().saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Both at one moment.
    pub fn read(&self) -> Reading {
        let (real, place) = (self.real(), self.own.hands().map(Hands::place).unwrap_or_default());
        Reading { now: place.show(real), real, frozen: place.frozen_at.is_some() }
    }

    /// Sets the hands.
    ///
    /// # Errors
    /// The clock has none, or the time is out of range; it goes on as it was.
    pub fn set(&self, to: Setting) -> Result<Reading> {
        let Some(hands) = self.own.hands() else { return Err(Error::invalid_parameter("This clock cannot be set.")) };
        let real = self.real();
        let mut place = hands.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = place.show(real);
        let next = match to {
            Setting::Shift(by) => match place.frozen_at {
                Some(at) => Place { frozen_at: Some(at.saturating_add(by)), ..*place },
                None => Place { shift_ms: place.shift_ms.saturating_add(by), frozen_at: None },
            },
            Setting::FreezeAt(at) => Place { frozen_at: Some(at), ..*place },
            Setting::Freeze => Place { frozen_at: Some(now), ..*place },
            Setting::Go => Place { shift_ms: now.saturating_sub(real), frozen_at: None },
            Setting::Reset => Place::default(),
        };
        if next != Place::default() && !SHOWN.contains(&next.show(real)) {
            return Err(Error::invalid_parameter("The clock shows the years 2000 to 2999 only."));
        }
        *place = next;
        Ok(Reading { now: next.show(real), real, frozen: next.frozen_at.is_some() })
    }

    /// Follows the database from here on. Within the time it takes to ask nothing is known better than before, so that
    /// clocks that agree are left alone.
    pub(super) async fn set_by(&self, store: &Db) -> poolhouse_store::Result<()> {
        let asked = self.own.now();
        let Some(there) = store.now().await? else { return Ok(()) };
        let answered = self.own.now();
        let ahead = there - (asked + (answered - asked) / 2);
        let change = ahead - self.ahead.load(Ordering::Relaxed);
        if change.abs() > answered - asked {
            self.ahead.store(ahead, Ordering::Relaxed);
            if change.abs() >= TOLD_FROM_MS {
                tracing::warn!(
                    milliseconds = ahead,
                    "this machine's clock is off by this much from the database's, which is followed"
                );
            }
        }
        Ok(())
    }
}
