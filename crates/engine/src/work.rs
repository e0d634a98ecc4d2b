//! Bounded pools for work that burns a processor: password hashing, SRP powers, signatures, key generation.
//!
//! The engine's context holds one [`WorkPools`]; everything that takes more than some hundred microseconds of processor time goes through
//! it. A pool has a number of places at work and a number of places in line; whoever comes to a full line is turned away at once instead of
//! waiting until the client has given up. That keeps a flood of sign-ins from stopping everything else.
//!
//! Long jobs are [run](Work::run) on threads of their own. Short ones take a [turn](Work::turn) and are done where the request is: waking
//! another thread and being woken by it costs a quarter of a signature.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Why work handed to a pool gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkError {
    /// The line is full: the caller answers TooManyRequests.
    Overloaded,
    /// The work panicked, or the runtime is shutting down.
    Broken,
}

impl fmt::Display for WorkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overloaded => "too much work is waiting",
            Self::Broken => "the work could not be finished",
        })
    }
}

impl std::error::Error for WorkError {}

/// Turns a processor has out at a time where there is a crowd: so many sign between two looks at the sockets. With 64 two and a half times as
/// many signed while as many clients as there is room for asked again at once, and health took four to ten times as long to answer.
const TURNS: usize = 8;
/// One turn in so many finds out whether there is a crowd. Doing so costs a twentieth of a signature.
const LOOK_EVERY: u64 = 16;
/// There is one when whoever steps aside is called back no sooner.
const CROWDED: Duration = Duration::from_millis(10);

/// One bounded pool. Clones share its places.
#[derive(Debug, Clone)]
pub struct Work {
    threads: usize,
    queue: usize,
    /// One permit for each job at work or in line.
    admitted: Arc<Semaphore>,
    /// One permit for each job at work.
    running: Arc<Semaphore>,
    seen: Arc<Seen>,
}

/// What a pool remembers of those who came.
#[derive(Debug, Default)]
struct Seen {
    turns: AtomicU64,
    crowded: AtomicBool,
    refused: AtomicU64,
}

impl Work {
    /// `threads` jobs at a time (at least one), `queue` more in line.
    #[must_use]
    pub fn new(threads: usize, queue: usize) -> Self {
        let threads = threads.clamp(1, Semaphore::MAX_PERMITS / 2);
        let queue = queue.min(Semaphore::MAX_PERMITS / 2);
        let places = |count| Arc::new(Semaphore::new(count));
        Self { threads, queue, admitted: places(threads + queue), running: places(threads), seen: Arc::default() }
    }

    /// For [turns](Work::turn) on so many processors, `queue` more in line.
    #[must_use]
    pub fn on_the_spot(processors: usize, queue: usize) -> Self {
        Self::new(processors.max(1).saturating_mul(TURNS), queue)
    }

    /// Jobs at work and jobs in line, for whoever watches.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        let running = self.threads - self.running.available_permits().min(self.threads);
        let places = self.threads + self.queue;
        let admitted = places - self.admitted.available_permits().min(places);
        (running, admitted.saturating_sub(running))
    }

    /// How many were turned away since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.seen.refused.load(Ordering::Relaxed)
    }

    /// Whether anyone stands in line. For background work that gives way; by the time it is read it may have changed.
    #[must_use]
    pub fn has_line(&self) -> bool {
        self.load().1 > 0
    }

    /// Runs `job` off the async threads, first come first served. Must be called inside a Tokio runtime. A caller that goes away while in
    /// line frees its place; a job that has begun is finished.
    ///
    /// # Errors
    /// [`WorkError::Overloaded`] at once when the line is full; [`WorkError::Broken`] if the job panicked.
    pub async fn run<T, F>(&self, job: F) -> Result<T, WorkError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.admit()?.run(job).await
    }

    /// A place in line, to be [used](Place::run) or dropped: for whoever has something to do first that must not be done for nothing.
    ///
    /// # Errors
    /// [`WorkError::Overloaded`] at once when the line is full.
    pub fn admit(&self) -> Result<Place, WorkError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| self.refuse())?;
        Ok(Place { admitted, running: Arc::clone(&self.running) })
    }

    fn refuse(&self) -> WorkError {
        self.seen.refused.fetch_add(1, Ordering::Relaxed);
        WorkError::Overloaded
    }

    /// Whether a place in line is free at this moment: asked where a request comes in, so that turning it away costs next to nothing.
    ///
    /// # Errors
    /// [`WorkError::Overloaded`].
    pub fn has_room(&self) -> Result<(), WorkError> {
        if self.admitted.available_permits() == 0 { Err(self.refuse()) } else { Ok(()) }
    }

    /// A place at work, first come first served, for a job of well under a millisecond that is done on the spot: nothing may be awaited
    /// while the turn is held. A caller that goes away while in line frees its place.
    ///
    /// In a crowd, what has come in meanwhile is read before the work is done. Otherwise the line would be where nobody can count it, in
    /// sockets that no thread comes to read, and nobody would be turned away however long it grew.
    ///
    /// # Errors
    /// [`WorkError::Overloaded`] at once when the line is full.
    pub async fn turn(&self) -> Result<Turn, WorkError> {
        let turn = self.admit()?.turn().await?;
        let crowded = &self.seen.crowded;
        if crowded.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
            if !self.has_line() {
                crowded.store(false, Ordering::Relaxed);
            }
        } else if self.seen.turns.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EVERY) {
            let aside = Instant::now();
            tokio::task::yield_now().await;
            if aside.elapsed() >= CROWDED {
                crowded.store(true, Ordering::Relaxed);
            }
        }
        Ok(turn)
    }

    /// Starts `job` in the background if a worker is idle, else does nothing: for stocking up ahead of need. True if it was started.
    pub fn run_if_idle<F>(&self, job: F) -> bool
    where
        F: FnOnce() + Send + 'static,
    {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return false;
        };
        let Ok(running) = Arc::clone(&self.running).try_acquire_owned() else {
            return false;
        };
        drop(start(Turn { _admitted: admitted, _running: running }, job));
        true
    }
}

/// A place in a pool's line.
#[derive(Debug)]
pub struct Place {
    admitted: OwnedSemaphorePermit,
    running: Arc<Semaphore>,
}

impl Place {
    /// As [`Work::run`], of which this is the second half.
    ///
    /// # Errors
    /// [`WorkError::Broken`] if the job panicked.
    pub async fn run<T, F>(self, job: F) -> Result<T, WorkError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        start(self.turn().await?, job).await.map_err(|_| WorkError::Broken)
    }

    async fn turn(self) -> Result<Turn, WorkError> {
        let running = self.running.acquire_owned().await.map_err(|_| WorkError::Broken)?;
        Ok(Turn { _admitted: self.admitted, _running: running })
    }
}

/// A place at work, until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn {
    _admitted: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

/// The turn travels with the job, so that a job whose caller has gone still counts while it burns a processor.
#[expect(clippy::disallowed_methods, reason = "the one bounded way to the blocking threads: its turn is held by the job")]
fn start<T, F>(turn: Turn, job: F) -> tokio::task::JoinHandle<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    tokio::task::spawn_blocking(move || {
        let _held = turn;
        job()
    })
}

/// The pools of one process. Apart, so that a flood of password checks leaves token signing alone.
#[derive(Debug, Clone)]
pub struct WorkPools {
    /// Argon2id: 15–40 ms and 19 MiB each.
    pub passwords: Work,
    /// SRP: 2 to 3 ms each.
    pub srp: Work,
    /// RS256: 0.2 ms each, done on the spot.
    pub signing: Work,
    /// RSA key generation: 20–200 ms each; two at once, since a pool needs two.
    pub key_generation: Work,
    /// Copying and putting back whole databases, one after the other: milliseconds, with gigabytes seconds.
    pub snapshots: Work,
}

impl WorkPools {
    /// Sizes for a machine with `cores` processors. The lines hold one to two seconds of work, that of signing a fifth of one: almost every
    /// answer waits in it, and whoever asks on many connections at once keeps as many of them waiting.
    #[must_use]
    pub fn for_cores(cores: usize) -> Self {
        let cores = cores.max(1);
        Self {
            passwords: Work::new(cores, cores * 64),
            srp: Work::new(cores, cores * 512),
            signing: Work::on_the_spot(cores, cores * 512),
            key_generation: Work::new(cores.min(2), 32),
            snapshots: Work::new(1, 8),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    }

    #[test]
    fn sec_097_a_full_line_turns_away_at_once_and_drains() {
        runtime().block_on(async {
            let work = Work::new(2, 3);
            let (release, gate) = mpsc::channel::<()>();
            let gate = Arc::new(std::sync::Mutex::new(gate));
            let mut inside = tokio::task::JoinSet::new();
            for number in 0..5 {
                let (work, gate) = (work.clone(), Arc::clone(&gate));
                inside.spawn(async move {
                    work.run(move || {
                        let _ = gate.lock().unwrap().recv();
                        number
                    })
                    .await
                });
            }
            while work.admitted.available_permits() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert!(work.has_line());
            let began = Instant::now();
            for _ in 0..500 {
                assert_eq!(work.run(|| ()).await, Err(WorkError::Overloaded));
            }
            assert!(!work.run_if_idle(|| ()));
            assert!(began.elapsed() < Duration::from_millis(50));
            for _ in 0..5 {
                release.send(()).unwrap();
            }
            let mut done: Vec<i32> = inside.join_all().await.into_iter().map(Result::unwrap).collect();
            done.sort_unstable();
            assert_eq!(done, [0, 1, 2, 3, 4]);
            assert!(!work.has_line());
            assert_eq!(work.run(|| 9).await, Ok(9));
        });
    }

    #[test]
    fn a_full_line_turns_turns_away() {
        runtime().block_on(async {
            let work = Work::new(1, 0);
            let turn = work.turn().await.unwrap();
            assert!(matches!(work.turn().await, Err(WorkError::Overloaded)));
            assert_eq!(work.run(|| ()).await, Err(WorkError::Overloaded));
            drop(turn);
            assert!(work.turn().await.is_ok());
        });
    }

    /// So many who come at once for a turn on one thread, where each burns so long; how many were turned away.
    fn come_at_once(work: &Work, count: usize, burns: Duration) -> usize {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..count {
                let work = work.clone();
                all.spawn(async move {
                    let turn = work.turn().await;
                    std::thread::sleep(burns);
                    turn.is_ok()
                });
            }
            all.join_all().await.into_iter().filter(|served| !served).count()
        })
    }

    #[test]
    fn sec_172_a_crowd_fills_the_line_although_one_thread_serves_it() {
        let work = Work::on_the_spot(1, 4);
        // The first one looks, and is called back when the others have burnt their time: the line was where nobody saw it.
        assert_eq!(come_at_once(&work, 40, Duration::from_millis(1)), 0);
        assert!(work.seen.crowded.load(Ordering::Relaxed));
        assert_eq!(come_at_once(&work, TURNS + 40, Duration::ZERO), 40 - 4);
        assert_eq!(work.refused(), 40 - 4);
        // The last ones had no line behind them.
        assert!(!work.seen.crowded.load(Ordering::Relaxed));
    }

    #[test]
    fn no_more_than_its_threads_run_together() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        runtime().block_on(async {
            let (work, now, most) = (Work::new(2, 100), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..20 {
                let (work, now, most) = (work.clone(), Arc::clone(&now), Arc::clone(&most));
                all.spawn(async move {
                    work.run(move || {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(2));
                        now.fetch_sub(1, Ordering::SeqCst);
                    })
                    .await
                });
            }
            assert!(all.join_all().await.iter().all(Result::is_ok));
            assert_eq!(most.load(Ordering::SeqCst), 2);
        });
    }

    #[test]
    fn a_panicking_job_frees_its_place() {
        runtime().block_on(async {
            let work = Work::new(1, 0);
            assert_eq!(work.run(|| panic!("on purpose")).await, Err::<(), _>(WorkError::Broken));
            assert_eq!(work.run(|| 1).await, Ok(1));
        });
    }

    #[test]
    fn an_abandoned_job_keeps_its_place_until_it_ends() {
        runtime().block_on(async {
            let work = Work::new(1, 0);
            let (release, gate) = mpsc::channel::<()>();
            {
                let abandoned = work.run(move || gate.recv());
                let _ = tokio::time::timeout(Duration::from_millis(20), abandoned).await;
            }
            assert_eq!(work.run(|| ()).await, Err(WorkError::Overloaded));
            release.send(()).unwrap();
            while work.running.available_permits() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(work.run(|| 1).await, Ok(1));
        });
    }

    #[test]
    fn idle_work_runs_in_the_background() {
        runtime().block_on(async {
            let work = Work::new(1, 0);
            let (said, heard) = mpsc::channel();
            assert!(work.run_if_idle(move || said.send(5).unwrap()));
            assert_eq!(heard.recv_timeout(Duration::from_secs(5)), Ok(5));
        });
    }
}
