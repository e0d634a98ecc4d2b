//! A request body that ends: bounded in bytes and in time. Called by the connection for every request with a body.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use bytes::Bytes;
use http_body_util::Limited;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// Fails with `http_body_util::LengthLimitError` beyond the size, which axum's extractors answer with 413, and with
/// [`TooSlow`] beyond the time.
pub(super) struct BoundedBody {
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
    pub(super) fn new(inner: Incoming, bytes: usize, time: Duration) -> Self {
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
