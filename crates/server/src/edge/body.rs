//! A request body that ends: bounded in bytes and in time, and read before the request takes a place. Called by the connection for every
//! request.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::Body as Whole;
use bytes::Bytes;
use futures_util::{future, poll};
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::{Instant, Sleep, sleep_until};

/// Where bodies that are still on their way wait.
#[derive(Clone)]
pub(super) struct Waiting {
    /// One of each connection: HTTP/1.1 has no more, so slow bodies of others keep nobody out who speaks it.
    pub(super) own: Arc<Semaphore>,
    /// The others, of all HTTP/2 connections together.
    pub(super) shared: Arc<Semaphore>,
}

impl Waiting {
    fn place(&self) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        Arc::clone(&self.own).try_acquire_owned().or_else(|_| Arc::clone(&self.shared).try_acquire_owned())
    }
}

/// The whole body, or one that fails as this one failed; `None` where it is not all there and has no place to wait.
pub(super) async fn read(body: Incoming, bytes: usize, time: Duration, waiting: &Waiting) -> Option<Whole> {
    if body.is_end_stream() {
        return Some(Whole::empty());
    }
    let mut collected = pin!(BoundedBody::new(body, bytes, time).collect());
    let collected = match poll!(collected.as_mut()) {
        Poll::Ready(collected) => collected,
        Poll::Pending => {
            let _place = waiting.place().ok()?;
            collected.await
        }
    };
    Some(match collected {
        Ok(collected) => Whole::from(collected.to_bytes()),
        // Each handler has its own form for what is wrong with a body.
        Err(error) => Whole::new(StreamBody::new(futures_util::stream::once(future::ready(Err::<Frame<Bytes>, _>(error))))),
    })
}

/// Fails with `http_body_util::LengthLimitError` beyond the size, which axum's extractors answer with 413, and with
/// [`TooSlow`] beyond the time.
struct BoundedBody {
    inner: Limited<Incoming>,
    deadline: Instant,
    /// Made only when the body is not there yet: most requests arrive whole.
    timer: Option<Pin<Box<Sleep>>>,
}

/// The body did not end in time.
#[derive(Debug, thiserror::Error)]
#[error("the request body did not arrive in time")]
pub struct TooSlow;

impl BoundedBody {
    fn new(inner: Incoming, bytes: usize, time: Duration) -> Self {
        Self { inner: Limited::new(inner, bytes), deadline: Instant::now() + time, timer: None }
    }
}

impl Body for BoundedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            // A trickle is always ready: the clock is looked at on every frame, not only while waiting.
            if frame.is_some() && Instant::now() >= this.deadline {
                return Poll::Ready(Some(Err(TooSlow.into())));
            }
            return Poll::Ready(frame);
        }
        let deadline = this.deadline;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
