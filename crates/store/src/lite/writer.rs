//! The writer thread: takes jobs from the queue, runs a group of them in one transaction, replies after its COMMIT.
//! Started by `Lite::open`; ends when the queue is closed or after an I/O failure.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rusqlite::wal::CheckpointMode;
use tokio::sync::{mpsc, oneshot};

use super::State;
use crate::conn::lite::{LONG_LOG, LiteConn};
use crate::conn::readers::Readers;
use crate::tx::{Tx, TxKind};
use crate::{Error, Result};

/// A group ends at this many jobs or at this age, whichever comes first.
const GROUP_JOBS: usize = 64;
const GROUP_TIME: Duration = Duration::from_millis(5);
const CHECKPOINT_FRAMES: i32 = LONG_LOG.cast_signed();

pub(super) enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// A write body with its caller's address, its types erased.
pub(super) trait Job: Send {
    /// Whether the caller has gone.
    fn is_closed(&self) -> bool;
    /// Polls the body once. True: keep its changes.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Answers with the body's result, or with the group's failure.
    fn reply(self: Box<Self>, group: Result<()>);
}

pub(super) struct Task<F, T, E> {
    body: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Task<F, T, E> {
    pub(super) fn new(body: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self { body, result: None, reply }
    }
}

impl<F, T, E> Job for Task<F, T, E>
where
    T: Send,
    E: From<Error> + Send,
    F: AsyncFn(&mut Tx) -> Result<T, E> + Send,
{
    fn is_closed(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx) -> bool {
        tx.failed = None;
        // A panic in one body must not end writing for all.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let mut future = pin!((self.body)(tx));
            future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        }));
        let mut result = match polled {
            Ok(Poll::Ready(result)) => result,
            Ok(Poll::Pending) => Err(Error::Yielded.into()),
            Err(_) => Err(Error::Db("a write body panicked".to_owned()).into()),
        };
        if result.is_ok()
            && let Some(error) = &tx.failed
        {
            result = Err(error.clone().into());
        }
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn reply(mut self: Box<Self>, group: Result<()>) {
        let result = match (self.result.take(), group) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(Error::Down.into()),
        };
        // The caller may have gone in the meantime; its write stands all the same.
        self.reply.send(result).ok();
    }
}

/// Starts the thread. `lock` keeps other processes out until the connection is closed; without it this process has joined
/// another one, which checkpoints.
pub(super) fn start(
    tx: Tx,
    lock: Option<File>,
    queue: mpsc::Receiver<Message>,
    state: Arc<State>,
    readers: Arc<Readers>,
) -> Result<()> {
    let writer = Writer { tx, queue, state, readers, checkpoints: lock.is_some() };
    std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            let done = writer.run();
            drop(lock);
            if let Some(done) = done {
                done.send(()).ok();
            }
        })
        .map_err(|error| Error::Config(format!("cannot start the writer thread: {error}")))?;
    Ok(())
}

struct Writer {
    tx: Tx,
    queue: mpsc::Receiver<Message>,
    state: Arc<State>,
    readers: Arc<Readers>,
    checkpoints: bool,
}

impl Writer {
    fn run(mut self) -> Option<oneshot::Sender<()>> {
        let mut end = None;
        while end.is_none() {
            match self.queue.blocking_recv() {
                None => break,
                Some(Message::Close(done)) => end = Some(done),
                Some(Message::Job(job)) => {
                    end = self.group(job);
                    if self.state.stopped.load(Ordering::Acquire) {
                        tracing::error!("writing has stopped after an I/O failure; restart when the disk is sound");
                        return end;
                    }
                    self.checkpoint(CheckpointMode::PASSIVE, CHECKPOINT_FRAMES);
                }
            }
        }
        self.state.closed.store(true, Ordering::Release);
        self.checkpoint(CheckpointMode::TRUNCATE, 0);
        end
    }

    /// One transaction: `first` and whatever else is waiting. Returns the closing message if it came in between.
    fn group(&mut self, first: Box<dyn Job>) -> Option<oneshot::Sender<()>> {
        if let Err(error) = self.control("BEGIN IMMEDIATE") {
            self.note(&error);
            return self.refuse(first, &error);
        }
        let started = Instant::now();
        let mut jobs = Vec::new();
        let mut end = None;
        let mut next = Some(first);
        let mut outcome = Ok(());
        while let Some(mut job) = next.take() {
            if !job.is_closed() {
                outcome = self.job(job.as_mut());
                jobs.push(job);
            }
            if outcome.is_err() || jobs.len() >= GROUP_JOBS || started.elapsed() >= GROUP_TIME {
                break;
            }
            match self.queue.try_recv() {
                Ok(Message::Job(job)) => next = Some(job),
                Ok(Message::Close(done)) => end = Some(done),
                Err(_) => {}
            }
        }
        let outcome = outcome.and_then(|()| self.commit());
        if let Err(error) = &outcome {
            self.note(error);
            if !self.autocommit() {
                self.control("ROLLBACK").ok();
            }
        }
        for job in jobs {
            job.reply(outcome.clone());
        }
        end
    }

    /// Fails a whole group without running it: without a transaction a body would autocommit statement by statement, and
    /// each job trying BEGIN for itself would wait for the same lock again.
    fn refuse(&mut self, first: Box<dyn Job>, error: &Error) -> Option<oneshot::Sender<()>> {
        // Counted before anyone is answered: who asks after an answer asks anew.
        let waiting = self.queue.len().min(GROUP_JOBS - 1);
        first.reply(Err(error.clone()));
        for _ in 0..waiting {
            match self.queue.try_recv() {
                Ok(Message::Job(job)) => job.reply(Err(error.clone())),
                Ok(Message::Close(done)) => return Some(done),
                Err(_) => break,
            }
        }
        None
    }

    /// One job in its savepoint. `Err` means that the whole group is lost.
    fn job(&mut self, job: &mut dyn Job) -> Result<()> {
        self.control("SAVEPOINT job")?;
        let keep = job.run(&mut self.tx);
        let failed = self.tx.failed.take();
        if self.autocommit() || failed == Some(Error::Stopped) {
            // Some I/O and memory errors roll back everything, the neighbours' changes too.
            return Err(failed.unwrap_or_else(|| Error::Db("the transaction was rolled back".to_owned())));
        }
        if !keep {
            self.control("ROLLBACK TO job")?;
        }
        self.control("RELEASE job")
    }

    fn commit(&mut self) -> Result<()> {
        let result = self.control("COMMIT");
        match &result {
            Ok(()) => {
                self.state.commits.fetch_add(1, Ordering::Relaxed);
            }
            // The frames may or may not have reached the disk.
            Err(Error::Stopped) => {
                self.note(&Error::Stopped);
                return Err(Error::Unknown);
            }
            Err(_) => {}
        }
        result
    }

    /// Moves WAL frames into the database once there are enough of them. Done here and not by SQLite's own hook, which
    /// hides a failed fsync.
    fn checkpoint(&mut self, mode: CheckpointMode, at_least: i32) {
        if !self.checkpoints {
            return;
        }
        let readers = Arc::clone(&self.readers);
        let Ok(conn) = self.conn() else { return };
        let waiting = conn.raw().wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::NOOP);
        let result = match waiting {
            Ok((frames, done)) if frames.saturating_sub(done) < at_least => return,
            Ok(_) => {
                // Nothing newer than what an idle one stays on can be copied, nor the log started anew.
                readers.let_go();
                conn.raw().wal_checkpoint_v2(Some(rusqlite::MAIN_DB), mode).map(drop)
            }
            Err(error) => Err(error),
        };
        match result.map_err(Error::from) {
            // Readers in the way: the next one will do.
            Ok(()) | Err(Error::Busy) => {}
            Err(error) => {
                tracing::error!(%error, "checkpoint failed");
                self.note(&error);
            }
        }
    }

    fn note(&self, error: &Error) {
        if *error == Error::Stopped {
            self.state.stopped.store(true, Ordering::Release);
        }
    }

    fn autocommit(&mut self) -> bool {
        self.conn().is_ok_and(|conn| conn.is_autocommit())
    }

    fn control(&mut self, sql: &'static str) -> Result<()> {
        self.conn()?.control(sql)
    }

    fn conn(&mut self) -> Result<&mut LiteConn> {
        match &mut self.tx.kind {
            TxKind::Lite(lite) => lite.conn(),
            TxKind::Pg(_) => Err(Error::Db("not a SQLite connection".to_owned())),
        }
    }
}
