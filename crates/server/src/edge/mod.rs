//! The sockets: binding, accepting, TLS, limits on what one connection may cost, and an orderly end.
//!
//! Owns every timeout and size below HTTP routing. Takes a [`Handler`] and knows nothing of what it serves. Called by
//! `run`, and by integration tests on port 0.
//!
//! A connection is closed when it has no request in hand for [`Limits::idle`], or sends no first request within
//! [`Limits::header`]. A response that streams for longer than that would be cut: nothing here streams.

mod bind;
mod body;
mod connection;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::request::Parts;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

pub use bind::{BindError, Owner};
pub use body::TooSlow;

use body::Waiting;
use connection::Places;

/// Connections that wait to be accepted, at most (and at most `net.core.somaxconn`).
const WAITING: i32 = 1024;

/// Connections beyond the limit that are told so at a time.
const BEYOND: usize = 128;

/// What one client may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections open at once; [`BEYOND`] further ones are told 503, and the rest waits in the kernel's queue.
    pub connections: usize,
    /// Requests in hand at once, over all connections; then 503. What each holds adds up: of HTTP/2 streams alone there could be a hundred
    /// times as many as connections. A request is in hand when all of it has been read; as many more may wait for the rest of their bodies,
    /// beside one on each connection.
    pub requests: usize,
    /// From accepting to the end of the TLS handshake, and from there to the end of the first request's head.
    pub header: Duration,
    /// A connection without a request in hand.
    pub idle: Duration,
    /// From the head of a request to the last byte of its body.
    pub body: Duration,
    /// From the last byte of a request to the head of its response; then 503.
    pub request: Duration,
    /// Largest request body in bytes; then 413.
    pub body_bytes: usize,
    /// How long requests in hand may take after the signal to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            // More than stand in all lines of `engine::work` together: what waits for no line always finds a place.
            requests: cores() * 1280,
            header: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body: Duration::from_secs(15),
            request: Duration::from_secs(65),
            body_bytes: 128 * 1024,
            drain: Duration::from_secs(30),
        }
    }
}

/// One address to listen on.
#[derive(Debug, Clone)]
pub struct Listen {
    /// Port 0 takes any free port.
    pub address: SocketAddr,
    /// With a TLS configuration the listener speaks HTTPS only, without one HTTP only.
    pub tls: Option<Arc<ServerConfig>>,
}

/// An address in use, with the port that was really taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    pub address: SocketAddr,
    pub tls: bool,
}

/// The far end of the connection that carried a request; a request extension on every request.
#[derive(Debug, Clone)]
pub struct Peer {
    pub address: SocketAddr,
    pub tls: bool,
    /// The name asked for in the TLS handshake (SNI).
    pub server_name: Option<Arc<str>>,
}

type Refuse = dyn Fn(&Parts) -> Option<Response> + Send + Sync;

/// What stands behind the sockets: a request in, a response out.
#[derive(Clone)]
pub struct Handler {
    answer: Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>,
    refuse: Arc<Refuse>,
    turned_away: Arc<dyn Fn(&'static str) + Send + Sync>,
}

impl Handler {
    pub fn new<F: Future<Output = Response> + Send + 'static>(answer: impl Fn(Request) -> F + Send + Sync + 'static) -> Self {
        Self {
            answer: Arc::new(move |request| Box::pin(answer(request))),
            refuse: Arc::new(|_| None),
            turned_away: Arc::new(|_| {}),
        }
    }

    /// With a refusal for what there is no time for, by its head: it costs neither a place nor anything that is done for a request.
    #[must_use]
    pub fn refusing(self, refuse: impl Fn(&Parts) -> Option<Response> + Send + Sync + 'static) -> Self {
        Self { refuse: Arc::new(refuse), ..self }
    }

    /// With somebody who is told of what the edge refuses because there is no place: `connections`, `bodies` or `requests`.
    #[must_use]
    pub fn telling(self, turned_away: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        Self { turned_away: Arc::new(turned_away), ..self }
    }

    /// Answers one request.
    pub fn answer(&self, request: Request) -> BoxFuture<'static, Response> {
        (self.answer)(request)
    }

    fn refuse(&self, head: &Parts) -> Option<Response> {
        (self.refuse)(head)
    }

    fn turned_away(&self, place: &'static str) {
        (self.turned_away)(place);
    }
}

impl From<Router> for Handler {
    fn from(router: Router) -> Self {
        Self::new(move |request| router.clone().oneshot(request).map(|Ok(response)| response))
    }
}

/// Bound sockets that do not accept yet.
pub struct Edge {
    sockets: Vec<(std::net::TcpListener, Option<TlsAcceptor>)>,
    bound: Vec<Bound>,
    limits: Limits,
}

impl Edge {
    /// Binds every address, or none. Needs no runtime: the sandbox closes between this and the first thread.
    ///
    /// # Errors
    /// [`BindError`] names the address and, where the system tells, the process that holds it.
    pub fn bind(listen: Vec<Listen>, limits: Limits) -> Result<Self, BindError> {
        let mut sockets = Vec::with_capacity(listen.len());
        let mut bound = Vec::with_capacity(listen.len());
        for one in listen {
            let (socket, address) = listen_on(one.address).map_err(|error| BindError::new(one.address, &error))?;
            bound.push(Bound { address, tls: one.tls.is_some() });
            sockets.push((socket, one.tls.map(TlsAcceptor::from)));
        }
        Ok(Self { sockets, bound, limits })
    }

    /// The addresses in the order given to [`Edge::bind`].
    #[must_use]
    pub fn bound(&self) -> &[Bound] {
        &self.bound
    }

    /// Serves until `shutdown` completes; then accepts nothing more, lets requests in hand finish for at most
    /// [`Limits::drain`], and returns with every connection closed.
    ///
    /// # Errors
    /// When a socket cannot be handed to the runtime; nothing has been accepted then.
    pub async fn serve(self, handler: impl Into<Handler>, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let handler = handler.into();
        let Self { sockets, limits, .. } = self;
        let sockets = sockets.into_iter().map(|(socket, tls)| Ok((TcpListener::from_std(socket)?, tls)));
        let sockets = sockets.collect::<io::Result<Vec<_>>>()?;
        let limits = Arc::new(limits);
        let room = Room::new(&limits);
        let (stop, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut turn = 0;
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = accept(&sockets, &room, turn) => accepted,
            };
            turn += 1;
            let Some((place, stream, address, tls)) = accepted else {
                // Out of file descriptors, most likely: let some connections end instead of spinning.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let task = connection::Connection {
                handler: handler.clone(),
                limits: Arc::clone(&limits),
                stopping: stopping.clone(),
                address,
                places: (!place.beyond).then(|| room.places()),
            };
            connections.spawn(async move {
                task.run(stream, tls).await;
                drop(place);
            });
        }
        drop(sockets);
        let _ = stop.send(true);
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(limits.drain, all).await.is_err() {
            tracing::warn!(open = connections.len(), "connections cut after the drain time");
            connections.shutdown().await;
        }
        Ok(())
    }
}

fn listen_on(address: SocketAddr) -> io::Result<(std::net::TcpListener, SocketAddr)> {
    let socket = std::net::TcpListener::bind(address)?;
    // The standard library lets 128 connections wait, too few for a burst.
    rustix::net::listen(&socket, WAITING)?;
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Places for connections and for the requests on them.
struct Room {
    connections: Arc<Semaphore>,
    beyond: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    requests: Arc<Semaphore>,
}

/// A connection's place, until it is dropped.
struct Place {
    _held: OwnedSemaphorePermit,
    beyond: bool,
}

impl Room {
    fn new(limits: &Limits) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            connections: places(limits.connections),
            beyond: places(BEYOND),
            bodies: places(limits.requests),
            requests: places(limits.requests),
        }
    }

    /// Those of a new connection.
    fn places(&self) -> Places {
        let waiting = Waiting { own: Arc::new(Semaphore::new(1)), shared: Arc::clone(&self.bodies) };
        Places { waiting, requests: Arc::clone(&self.requests) }
    }
}

type Accepted = (Place, TcpStream, SocketAddr, Option<TlsAcceptor>);

/// The next connection of any socket, once there is room for one. Starts at socket `turn`, so that a busy socket cannot
/// starve another.
async fn accept(sockets: &[(TcpListener, Option<TlsAcceptor>)], room: &Room, turn: usize) -> Option<Accepted> {
    let beyond = Arc::clone(&room.beyond).acquire_owned().await.ok()?;
    let (result, tls) = poll_fn(|cx| {
        for (socket, tls) in sockets.iter().cycle().skip(turn % sockets.len().max(1)).take(sockets.len()) {
            if let Poll::Ready(result) = socket.poll_accept(cx) {
                return Poll::Ready((result, tls.clone()));
            }
        }
        Poll::Pending
    })
    .await;
    match result {
        Ok((stream, address)) => {
            let place = match Arc::clone(&room.connections).try_acquire_owned() {
                Ok(held) => Place { _held: held, beyond: false },
                Err(_) => Place { _held: beyond, beyond: true },
            };
            Some((place, stream, address, tls))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            None
        }
    }
}

/// Completes on SIGTERM, SIGINT or SIGHUP.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
