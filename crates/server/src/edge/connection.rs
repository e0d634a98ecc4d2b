//! One connection's life: handshake, HTTP/1.1 or HTTP/2 requests one after another or side by side, and its end.
//! Called by `Edge::serve`, one task each.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use futures_util::FutureExt as _;
use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::body::{self, Waiting};
use super::{Handler, Limits, Peer};

/// How long a connection that was asked to close may still take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

pub(super) struct Connection {
    pub(super) handler: Handler,
    pub(super) limits: Arc<Limits>,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) address: SocketAddr,
    /// Places for its requests; `None` for a connection too many, which is told so and closed.
    pub(super) places: Option<Places>,
}

/// Where the requests of a connection stand.
#[derive(Clone)]
pub(super) struct Places {
    /// Bodies on their way.
    pub(super) waiting: Waiting,
    /// Requests in hand.
    pub(super) requests: Arc<Semaphore>,
}

impl Connection {
    pub(super) async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = tls else {
            let peer = Peer { address: self.address, tls: false, server_name: None };
            return self.talk(stream, peer).await;
        };
        match timeout(self.limits.header, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                let server_name = stream.get_ref().1.server_name().map(Arc::from);
                let peer = Peer { address: self.address, tls: true, server_name };
                self.talk(stream, peer).await;
            }
            Ok(Err(error)) => tracing::debug!(peer = %self.address, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %self.address, "TLS handshake took too long"),
        }
    }

    async fn talk<Io: AsyncRead + AsyncWrite + Unpin + Send + 'static>(mut self, io: Io, peer: Peer) {
        let activity = Activity::new();
        let streams = Streams::default();
        // Also when this task is aborted: no stream outlives its connection.
        let _end = EndOfStreams(streams.clone());
        let builder = builder(&self.limits, streams.clone());
        let service = service_fn(|request: Request<Incoming>| {
            let in_hand = Activity::begin(&activity);
            let (handler, peer, limits) = (self.handler.clone(), peer.clone(), Arc::clone(&self.limits));
            let places = self.places.clone();
            async move {
                let response = match places {
                    Some(places) => answer(handler, request, peer, limits, places).await,
                    None => {
                        handler.turned_away("connections");
                        busy(true)
                    }
                };
                drop(in_hand);
                Ok::<_, Infallible>(response)
            }
        });
        let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
        let mut closing: Option<Instant> = None;
        loop {
            let now = Instant::now();
            let deadline = closing.unwrap_or_else(|| activity.deadline(now, &self.limits));
            tokio::select! {
                result = connection.as_mut() => {
                    if let Err(error) = result {
                        tracing::debug!(peer = %peer.address, %error, "connection ended");
                    }
                    return;
                }
                _ = self.stopping.wait_for(|stop| *stop), if closing.is_none() => {
                    connection.as_mut().graceful_shutdown();
                    // The edge as a whole keeps the time of the drain.
                    closing = Some(now + self.limits.drain);
                }
                () = sleep_until(deadline) => {
                    if closing.is_some() {
                        return;
                    }
                    if activity.deadline(Instant::now(), &self.limits) <= Instant::now() {
                        connection.as_mut().graceful_shutdown();
                        closing = Some(Instant::now() + GOODBYE);
                    }
                }
            }
        }
    }
}

fn builder(limits: &Limits, streams: Streams) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        // Slowloris: a head that trickles in holds a connection no longer than this.
        .header_read_timeout(limits.header)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        // Rapid reset (CVE-2023-44487): streams opened and cancelled faster than they are served end the connection.
        .max_pending_accept_reset_streams(32)
        // MadeYouReset (CVE-2025-8671): the same through streams that we had to reset ourselves.
        .max_local_error_reset_streams(64)
        .max_header_list_size(32 * 1024)
        .max_send_buf_size(256 * 1024);
    builder
}

/// One request through the limits and to the handler.
async fn answer(handler: Handler, request: Request<Incoming>, peer: Peer, limits: Arc<Limits>, places: Places) -> Response<Body> {
    if let Some(refusal) = refuse(&request, &limits) {
        return refusal;
    }
    let (head, body) = request.into_parts();
    // Slow bodies (R-U-Dead-Yet): a request that is not all there takes no place from those that are.
    let Some(body) = body::read(body, limits.body_bytes, limits.body, &places.waiting).await else {
        handler.turned_away("bodies");
        return busy(false);
    };
    if let Some(refusal) = handler.refuse(&head) {
        return refusal;
    }
    let Ok(_place) = places.requests.try_acquire_owned() else {
        handler.turned_away("requests");
        return busy(false);
    };
    let mut request = Request::from_parts(head, body);
    request.extensions_mut().insert(peer);
    // A panic costs its own request and not the others of the same connection.
    let served = AssertUnwindSafe(handler.answer(request)).catch_unwind();
    match timeout(limits.request, served).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("a request handler panicked");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal error.")
        }
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "The request took too long."),
    }
}

fn refuse(request: &Request<Incoming>, limits: &Limits) -> Option<Response<Body>> {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limits.body_bytes as u64) {
        return Some(plain(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large."));
    }
    // Bodies are taken as they are: a compressed one could unfold to any size.
    let coded = headers.get_all(header::CONTENT_ENCODING).iter().any(|coding| coding.as_bytes() != b"identity");
    coded.then(|| plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Compressed request bodies are not accepted."))
}

/// There is no place for the request; with `last`, none for the connection either.
fn busy(last: bool) -> Response<Body> {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "Too many requests at once.");
    response.headers_mut().insert(header::RETRY_AFTER, http::HeaderValue::from_static("1"));
    if last {
        response.headers_mut().insert(header::CONNECTION, http::HeaderValue::from_static("close"));
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The tasks of a connection's HTTP/2 streams.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(stream);
    }
}

/// Aborts the streams when the connection's task goes, whichever way it goes.
struct EndOfStreams(Streams);

impl Drop for EndOfStreams {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

/// How many requests a connection has in hand, and since when it has none.
struct Activity(Mutex<State>);

struct State {
    in_hand: usize,
    served: bool,
    since: Instant,
}

impl Activity {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { in_hand: 0, served: false, since: Instant::now() })))
    }

    fn begin(this: &Arc<Self>) -> InHand {
        let mut state = this.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_hand += 1;
        state.served = true;
        InHand(Arc::clone(this))
    }

    /// When the connection counts as idle if nothing more happens. PING frames and half heads do not count as activity:
    /// otherwise a client could hold a connection for ever at no cost.
    fn deadline(&self, now: Instant, limits: &Limits) -> Instant {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (state.in_hand, state.served) {
            (0, false) => state.since + limits.header,
            (0, true) => state.since + limits.idle,
            _ => now + limits.idle,
        }
    }
}

/// Lives as long as a request is being answered; also when the client resets it.
struct InHand(Arc<Activity>);

impl Drop for InHand {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_hand = state.in_hand.saturating_sub(1);
        state.since = Instant::now();
    }
}
