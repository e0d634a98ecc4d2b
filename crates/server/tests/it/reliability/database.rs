//! The database goes away, freezes, or has no connection left: a clear refusal in time, and recovery without a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::StatusCode;
use poolhouse_store::testkit::{self, Scratch};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::harness::{App, House, Options, PASSWORD, Store};

const ANN: &str = "ann@poolhouse.test";
/// Two seconds for the store to give up, and a loaded machine.
const IN_TIME: Duration = Duration::from_millis(3500);

/// A wire to the database that can be cut or frozen.
struct Wire {
    port: u16,
    frozen: Arc<AtomicBool>,
    /// Connections so far.
    accepted: Arc<AtomicUsize>,
    serving: JoinSet<()>,
}

impl Wire {
    async fn to(server: String, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let frozen = Arc::new(AtomicBool::new(false));
        let accepted = Arc::new(AtomicUsize::new(0));
        let (mut serving, state, count) = (JoinSet::new(), Arc::clone(&frozen), Arc::clone(&accepted));
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                connections.spawn(carry(client, server.clone(), Arc::clone(&state)));
            }
        });
        Self { port, frozen, accepted, serving }
    }

    async fn cut(mut self) -> u16 {
        self.serving.shutdown().await;
        self.port
    }

    fn freeze(&self, frozen: bool) {
        self.frozen.store(frozen, Ordering::SeqCst);
    }
}

/// Carries bytes both ways; answers stand still while frozen, as those of a stopped process.
async fn carry(client: TcpStream, server: String, frozen: Arc<AtomicBool>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = async {
        let mut buffer = [0; 8192];
        loop {
            let read = from_server.read(&mut buffer).await.unwrap_or(0);
            while frozen.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            if read == 0 || to_client.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = answers => {}
        _ = copy(&mut from_client, &mut to_server) => {}
    }
}

struct Scene {
    house: House,
    wire: Wire,
    server: String,
    app: App,
    tokens: Value,
}

async fn scene() -> Scene {
    scene_at(|wire, _| format!("127.0.0.1:{wire}")).await
}

/// With the servers that `servers` makes of the wire's port and the database's own address.
async fn scene_at(servers: impl FnOnce(u16, &str) -> String) -> Scene {
    let url = testkit::postgres().await.unwrap();
    let server = url.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
    let wire = Wire::to(server.clone(), 0).await;
    let through = url.replace(&server, &servers(wire.port, &server));
    let house = House::on(Options { store: Store::Postgres, ..Options::default() }, Scratch::new().unwrap(), through).await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ANN).await;
    let tokens = house.sign_in(&app, ANN).await;
    Scene { house, wire, server, app, tokens }
}

impl Scene {
    fn sign_in(&self) -> Value {
        let parameters = json!({ "USERNAME": ANN, "PASSWORD": PASSWORD });
        json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.app.client, "AuthParameters": parameters })
    }

    /// Nothing hangs, nothing is half true, and the process says that it lives.
    async fn assert_down(&self) {
        let since = Instant::now();
        let calls = [
            ("InitiateAuth", self.sign_in()),
            ("GetUser", json!({ "AccessToken": self.tokens["AccessToken"] })),
            ("RevokeToken", json!({ "ClientId": self.app.client, "Token": self.tokens["RefreshToken"] })),
            ("AdminGetUser", json!({ "UserPoolId": self.app.pool, "Username": ANN })),
            ("CreateGroup", json!({ "UserPoolId": self.app.pool, "GroupName": "lost" })),
        ];
        let calls = calls.into_iter().cycle().take(40).collect::<Vec<_>>();
        let api = join_all(calls.into_iter().map(|(operation, input)| self.house.api(operation, input)));
        let refresh = self.tokens["RefreshToken"].as_str().unwrap();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", self.app.client.as_str())];
        let token = self.house.form("/oauth2/token", &fields, None);
        let ready = self.house.get("/_poolhouse/ready");
        let health = async {
            let mut slowest = Duration::ZERO;
            for _ in 0..20 {
                let asked = Instant::now();
                assert_eq!(self.house.get("/_poolhouse/health").await.status, StatusCode::OK);
                slowest = slowest.max(asked.elapsed());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            slowest
        };
        let (api, token, ready, slowest) = tokio::join!(api, token, ready, health);
        assert!(since.elapsed() < IN_TIME, "{:?}", since.elapsed());
        assert!(slowest < Duration::from_millis(500), "health took {slowest:?}");
        for reply in api {
            // Revocation that is not known to have happened is no success (checklist 24).
            assert_eq!((reply.status, reply.error().0.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "InternalErrorException"));
        }
        assert_eq!((token.status, token.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    }

    async fn assert_recovers(&self) {
        let since = Instant::now();
        while self.house.api("InitiateAuth", self.sign_in()).await.status != StatusCode::OK {
            assert!(since.elapsed() < Duration::from_secs(5));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.house.get("/_poolhouse/ready").await.status, StatusCode::OK);
        let groups = self.house.ok("ListGroups", json!({ "UserPoolId": self.app.pool })).await;
        assert_eq!(groups["Groups"], json!([]), "a refused call left a group");
        self.house.ok("RevokeToken", json!({ "ClientId": self.app.client, "Token": self.tokens["RefreshToken"] })).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_024_158_a_lost_database_is_told_and_comes_back() {
    let mut scene = scene().await;
    let lost = std::mem::replace(&mut scene.wire, Wire::to(scene.server.clone(), 0).await);
    let port = lost.cut().await;
    scene.assert_down().await;
    scene.wire = Wire::to(scene.server.clone(), port).await;
    scene.assert_recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_024_158_a_frozen_database_is_told_and_comes_back() {
    let scene = scene().await;
    scene.wire.freeze(true);
    scene.assert_down().await;
    scene.wire.freeze(false);
    scene.assert_recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_158_a_server_that_is_silent_is_left_for_the_next() {
    let scene = scene_at(|wire, server| format!("127.0.0.1:{wire},{server}")).await;
    scene.wire.freeze(true);
    // These find out, each connection for itself.
    join_all((0..40).map(|_| scene.house.api("InitiateAuth", scene.sign_in()))).await;
    scene.assert_recovers().await;
    // Nor is it asked again while the other one answers: a primary that comes back does not know what was revoked since.
    scene.wire.freeze(false);
    let before = scene.wire.accepted.load(Ordering::SeqCst);
    let many = join_all((0..40).map(|_| scene.house.api("InitiateAuth", scene.sign_in()))).await;
    assert!(many.iter().all(|reply| reply.status == StatusCode::OK));
    assert_eq!(scene.wire.accepted.load(Ordering::SeqCst), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_159_without_a_free_connection_writes_wait_a_bounded_time() {
    let scene = scene().await;
    // Every connection for writes is taken, by transactions that do not end.
    let (held, release) = (Arc::new(tokio::sync::Barrier::new(9)), Arc::new(tokio::sync::Notify::new()));
    let mut holders = JoinSet::new();
    for _ in 0..8 {
        let (store, held, release) = (scene.house.engine.store.clone(), Arc::clone(&held), Arc::clone(&release));
        holders.spawn(async move {
            let body = async move |_: &mut poolhouse_store::Tx| {
                held.wait().await;
                release.notified().await;
                Ok::<_, poolhouse_store::Error>(())
            };
            store.write(body).await
        });
    }
    held.wait().await;
    let since = Instant::now();
    let writes =
        join_all((0..20).map(|_| scene.house.api("CreateGroup", json!({ "UserPoolId": scene.app.pool, "GroupName": "late" }))));
    let reads = join_all((0..20).map(|_| scene.house.get("/_poolhouse/health")));
    let described = scene.house.ok("DescribeUserPool", json!({ "UserPoolId": scene.app.pool }));
    let keys_path = format!("/{}/.well-known/jwks.json", scene.app.pool);
    let keys = scene.house.get(&keys_path);
    let quick = async {
        let (reads, _, keys) = tokio::join!(reads, described, keys);
        assert!(reads.iter().chain([&keys]).all(|reply| reply.status == StatusCode::OK));
        since.elapsed()
    };
    let refresh = scene.tokens["RefreshToken"].as_str().unwrap();
    let fields = [("token", refresh), ("client_id", scene.app.client.as_str())];
    let token = scene.house.form("/oauth2/revoke", &fields, None);
    let (writes, token, quick) = tokio::join!(writes, token, quick);
    assert!(quick < Duration::from_secs(1), "reads took {quick:?}");
    assert!(since.elapsed() < IN_TIME, "{:?}", since.elapsed());
    for reply in writes {
        // Which SDKs try again after a pause.
        assert_eq!((reply.status, reply.error().0.as_str()), (StatusCode::BAD_REQUEST, "TooManyRequestsException"));
    }
    assert_eq!((token.status, token.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"), "{token:?}");
    for _ in 0..8 {
        release.notify_one();
    }
    while let Some(ended) = holders.join_next().await {
        // A transaction that idled for long the database may have ended itself.
        let _ = ended.unwrap();
    }
    scene.assert_recovers().await;
}
