//! Limits and endings of connections, spoken in raw bytes so that nothing in between is polite for us.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::routing::{get, post};
use poolhouse::edge::{BindError, Edge, Handler, Limits, Listen};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Short times, so that waiting for them is a test and not a pause.
fn limits() -> Limits {
    Limits {
        connections: 8,
        requests: 64,
        header: Duration::from_millis(300),
        idle: Duration::from_millis(600),
        body: Duration::from_millis(400),
        request: Duration::from_millis(1500),
        body_bytes: 1024,
        drain: Duration::from_secs(3),
    }
}

struct Server {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<std::io::Result<()>>,
}

async fn start(limits: Limits) -> Server {
    let router = Router::new()
        .route("/", get(|| async { "here" }))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_millis(900)).await;
                "late"
            }),
        )
        .route("/never", get(|| async { tokio::time::sleep(Duration::from_secs(60)).await }))
        .route("/held", get(held))
        .route("/panic", get(panics))
        .route("/count", post(|body: Bytes| async move { body.len().to_string() }));
    start_with(limits, router.into()).await
}

#[expect(clippy::disallowed_methods, reason = "every test awaits the end of its server")]
async fn start_with(limits: Limits, handler: Handler) -> Server {
    let listen = Listen { address: "127.0.0.1:0".parse().unwrap(), tls: None };
    let edge = Edge::bind(vec![listen], limits).unwrap();
    let address = edge.bound()[0].address;
    let (stop, stopped) = oneshot::channel();
    let done = tokio::spawn(edge.serve(handler, async move {
        let _ = stopped.await;
    }));
    Server { address, stop, done }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the far end closes; the answer and how long it took.
    async fn exchange(&self, bytes: &[u8]) -> (Vec<u8>, Duration) {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        rest(&mut stream).await
    }

    async fn end(self) {
        let _ = self.stop.send(());
        self.done.await.unwrap().unwrap();
    }
}

async fn rest(stream: &mut TcpStream) -> (Vec<u8>, Duration) {
    let since = Instant::now();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
    let _ = read.await.expect("the connection must be closed");
    (answer, since.elapsed())
}

fn status(answer: &[u8]) -> &str {
    std::str::from_utf8(answer).unwrap().lines().next().unwrap_or("")
}

#[tokio::test]
async fn sec_145_a_silent_or_trickling_head_is_cut() {
    let server = start(limits()).await;
    let (answer, time) = server.exchange(b"").await;
    assert!(answer.is_empty() && time < Duration::from_secs(7), "{time:?}");
    let (answer, time) = server.exchange(b"GET / HTTP/1.1\r\nHost: a").await;
    assert!(!status(&answer).contains("200") && time < Duration::from_secs(7), "{time:?}");
    let mut stream = server.connect().await;
    let since = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    while stream.write_all(b"X-Y: z\r\n").await.is_ok() {
        assert!(since.elapsed() < Duration::from_secs(8), "the trickle goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.end().await;
}

#[tokio::test]
async fn sec_145_an_idle_connection_is_cut_and_a_busy_one_is_not() {
    let server = start(limits()).await;
    let (answer, time) = server.exchange(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(status(&answer), "HTTP/1.1 200 OK");
    assert!(time < Duration::from_secs(7), "{time:?}");
    // Longer than idle, with a request in hand.
    let (answer, _) = server.exchange(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with(b"late"));
    server.end().await;
}

#[tokio::test]
async fn sec_145_a_trickling_body_and_an_endless_handler_are_cut() {
    let server = start(limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n").await.unwrap();
    for _ in 0..12 {
        let _ = stream.write_all(b"x").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (answer, _) = rest(&mut stream).await;
    assert!(status(&answer).contains("400"), "{}", status(&answer));
    let (answer, _) = server.exchange(b"GET /never HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(status(&answer).contains("503"));
    server.end().await;
}

#[tokio::test]
async fn sec_146_large_and_compressed_bodies_are_refused() {
    let server = start(limits()).await;
    let head = "POST /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let fits = format!("{head}Content-Length: 1024\r\n\r\n{}", "x".repeat(1024));
    assert!(server.exchange(fits.as_bytes()).await.0.ends_with(b"1024"));
    let announced = format!("{head}Content-Length: 1025\r\n\r\n");
    assert!(status(&server.exchange(announced.as_bytes()).await.0).contains("413"));
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n401\r\n{}\r\n0\r\n\r\n", "x".repeat(1025));
    assert!(status(&server.exchange(chunked.as_bytes()).await.0).contains("413"));
    let gzip = format!("{head}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx");
    assert!(status(&server.exchange(gzip.as_bytes()).await.0).contains("415"));
    server.end().await;
}

#[tokio::test]
async fn sec_145_connections_are_capped_and_the_next_one_is_told() {
    let server = start(Limits { connections: 2, ..limits() }).await;
    let get = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let (_first, second) = (server.connect().await, server.connect().await);
    let (answer, _) = server.exchange(get).await;
    assert_eq!(status(&answer), "HTTP/1.1 503 Service Unavailable");
    assert!(std::str::from_utf8(&answer).unwrap().contains("\r\nretry-after: 1\r\n"));
    drop(second);
    loop {
        let (answer, _) = server.exchange(get).await;
        if status(&answer) == "HTTP/1.1 200 OK" {
            break;
        }
        assert!(status(&answer).contains("503"), "{}", status(&answer));
    }
    server.end().await;
}

fn get_of(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").into_bytes()
}

/// A connection whose request for `path` has come in and holds the only place: others are told 503. Until it has come in they are answered
/// with `before`.
async fn in_the_only_place(server: &Server, path: &str, before: &str) -> TcpStream {
    let mut first = server.connect().await;
    first.write_all(&get_of(path)).await.unwrap();
    loop {
        let (answer, _) = server.exchange(&get_of("/")).await;
        if status(&answer).contains("503") {
            return first;
        }
        assert_eq!(status(&answer), before);
    }
}

#[tokio::test]
async fn sec_159_requests_in_hand_are_capped_and_the_next_one_is_told() {
    let server = start(Limits { requests: 1, ..limits() }).await;
    let mut first = in_the_only_place(&server, "/slow", "HTTP/1.1 200 OK").await;
    assert!(rest(&mut first).await.0.ends_with(b"late"));
    assert_eq!(status(&server.exchange(&get_of("/")).await.0), "HTTP/1.1 200 OK");
    server.end().await;
}

/// Sends the beginning of a body of ten bytes, and does not end it.
async fn begin_a_slow_body(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345").await.unwrap();
    stream
}

#[tokio::test]
async fn sec_145_slow_bodies_take_no_place_from_whole_requests() {
    let server = start(Limits { requests: 1, body: Duration::from_secs(60), ..limits() }).await;
    let mut slow = Vec::new();
    for _ in 0..4 {
        slow.push(begin_a_slow_body(&server).await);
    }
    // HTTP/2: the first waits in the connection's own place, the second in the one that all share, the third nowhere.
    let mut many = server.connect().await;
    let mut bytes = PREFACE.to_vec();
    for at in 0..3_u32 {
        bytes.extend(headers(at * 2 + 1, 0x83, "/count", 0x4));
    }
    many.write_all(&bytes).await.unwrap();
    let refused = stream_of_next_headers(&mut many).await;
    assert_eq!(refused, 5);
    let get = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(status(&server.exchange(get).await.0), "HTTP/1.1 200 OK");
    let post = b"POST /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";
    assert!(server.exchange(post).await.0.ends_with(b"3"));
    // They are answered like others when they have come to their end.
    for mut stream in slow {
        stream.write_all(b"67890").await.unwrap();
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
    }
    many.write_all(&[frame(0, 1, 1, b"abc"), frame(0, 1, 3, b"abc")].concat()).await.unwrap();
    let ended = [stream_of_next_headers(&mut many).await, stream_of_next_headers(&mut many).await];
    assert!(ended == [1, 3] || ended == [3, 1], "{ended:?}");
    drop(many);
    server.end().await;
}

/// Reads frames up to the next HEADERS (type 1); its stream.
async fn stream_of_next_headers(stream: &mut TcpStream) -> u32 {
    loop {
        let mut head = [0; 9];
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_exact(&mut head));
        read.await.expect("frames must come").unwrap();
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        if head[3] == 1 {
            return u32::from_be_bytes(head[5..9].try_into().unwrap());
        }
    }
}

#[tokio::test]
async fn sec_172_what_is_refused_by_its_head_takes_no_place() {
    let handler = Handler::from(Router::new().route("/held", get(held)));
    let (told, heard) = std::sync::mpsc::channel();
    let handler = handler
        .refusing(|head| (head.uri.path() == "/costly").then(|| Response::builder().status(503).body(Body::empty()).unwrap()))
        .telling(move |line| told.send(line).unwrap());
    let server = start_with(Limits { requests: 1, request: Duration::from_secs(60), ..limits() }, handler).await;
    assert!(status(&server.exchange(&get_of("/costly")).await.0).contains("503"));
    let first = in_the_only_place(&server, "/held", "HTTP/1.1 404 Not Found").await;
    assert_eq!(heard.try_recv(), Ok("requests"));
    assert!(heard.try_recv().is_err());
    drop(first);
    server.end().await;
}

async fn panics() -> &'static str {
    panic!("on purpose")
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET {path}` with authority `a`, end of headers; static table entries and literals (RFC 7541 §6).
fn headers(stream: u32, method: u8, path: &str, flags: u8) -> Vec<u8> {
    let mut block = vec![method, 0x86, 0x41, 1, b'a', 0x44, u8::try_from(path.len()).unwrap()];
    block.extend(path.as_bytes());
    frame(1, flags, stream, &block)
}

/// Whether a GOAWAY frame (type 7) is among what came back.
fn said_goaway(mut answer: &[u8]) -> bool {
    while answer.len() >= 9 {
        if answer[3] == 7 {
            return true;
        }
        let length = usize::from(answer[0]) << 16 | usize::from(answer[1]) << 8 | usize::from(answer[2]);
        answer = answer.get(9 + length..).unwrap_or_default();
    }
    false
}

#[tokio::test]
async fn sec_145_rapid_reset_ends_the_connection() {
    let server = start(Limits { idle: Duration::from_secs(60), ..limits() }).await;
    let mut bytes = PREFACE.to_vec();
    for at in 0..2000_u32 {
        bytes.extend(headers(at * 2 + 1, 0x82, "/never", 0x5));
        bytes.extend(frame(3, 0, at * 2 + 1, &8_u32.to_be_bytes()));
    }
    let mut stream = server.connect().await;
    let _ = stream.write_all(&bytes).await;
    let (answer, time) = rest(&mut stream).await;
    assert!(said_goaway(&answer) && time < Duration::from_secs(5), "{time:?} {answer:?}");
    server.end().await;
}

#[tokio::test]
async fn sec_145_an_empty_data_flood_ends_with_its_time() {
    let server = start(limits()).await;
    let mut stream = server.connect().await;
    let mut open = PREFACE.to_vec();
    open.extend(headers(1, 0x83, "/count", 0x4));
    stream.write_all(&open).await.unwrap();
    let flood = frame(0, 0, 1, b"").repeat(1000);
    let since = Instant::now();
    while stream.write_all(&flood).await.is_ok() {
        assert!(since.elapsed() < Duration::from_secs(9), "the flood goes on");
    }
    server.end().await;
}

#[tokio::test]
async fn sec_145_pings_do_not_keep_an_idle_connection() {
    let server = start(limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(PREFACE).await.unwrap();
    let since = Instant::now();
    while stream.write_all(&frame(6, 0, 0, &[0; 8])).await.is_ok() {
        assert!(since.elapsed() < Duration::from_secs(9), "pings keep it open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.end().await;
}

#[tokio::test]
async fn the_end_waits_for_requests_in_hand() {
    let server = start(limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let address = server.address;
    let (ended, answer) = tokio::join!(server.end(), rest(&mut stream));
    let () = ended;
    assert!(answer.0.ends_with(b"late"), "{:?}", String::from_utf8_lossy(&answer.0));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let limits = Limits { request: Duration::from_secs(60), drain: Duration::from_millis(300), ..limits() };
    let server = start(limits).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let since = Instant::now();
    server.end().await;
    assert!(since.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_taken_port_names_who_has_it() {
    let server = start(limits()).await;
    let listen = Listen { address: server.address, tls: None };
    let error = Edge::bind(vec![listen], limits()).err().unwrap();
    let BindError::Taken { address, by } = &error else { panic!("{error:?}") };
    assert_eq!(*address, server.address);
    let by = by.as_ref().expect("our own process is ours to see");
    assert_eq!(by.pid, std::process::id());
    assert!(error.to_string().contains(&format!("process {}", by.pid)));
    server.end().await;
}

#[tokio::test]
async fn a_panic_costs_its_own_request_only() {
    let server = start(limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(rest(&mut stream).await.0).unwrap();
    assert!(answer.starts_with("HTTP/1.1 500") && answer.ends_with("here"), "{answer}");
    server.end().await;
}

/// Counts how many handlers of `/held` live.
static HELD: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

struct Held;

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
    }
}

async fn held() {
    HELD.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    let _held = Held;
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test]
async fn sec_145_streams_end_with_their_connection() {
    let server = start(Limits { request: Duration::from_secs(60), ..limits() }).await;
    let mut stream = server.connect().await;
    let mut bytes = PREFACE.to_vec();
    for at in 0..20_u32 {
        bytes.extend(headers(at * 2 + 1, 0x82, "/held", 0x5));
    }
    stream.write_all(&bytes).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(HELD.load(std::sync::atomic::Ordering::SeqCst), 20);
    drop(stream);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(HELD.load(std::sync::atomic::Ordering::SeqCst), 0);
    server.end().await;
}
