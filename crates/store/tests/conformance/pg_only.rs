//! What only PostgreSQL has: retries of conflicts, several migrators, a server that goes away, a pool that runs dry.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use poolhouse_store::tables::{attempts, codes};
use poolhouse_store::{Db, Error, Options, Result, Tx, in_write_transaction, p, testkit};
use tokio::net::{TcpListener, TcpStream};

use crate::rows::{HOUR, NOW, code, seed};
use crate::support::{counters, postgres, r, w};

const ADD: &str = "INSERT INTO counters (id, n) VALUES ($1, $2)";
const COUNT: &str = "SELECT count(*) FROM counters";
const BUMP: &str = "UPDATE counters SET n = n + 1 WHERE id = $1";

#[tokio::test(flavor = "multi_thread")]
async fn sec_165_five_nodes_start_on_an_empty_database() {
    let url = testkit::postgres().await.unwrap();
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let url = url.clone();
        set.spawn(async move { Db::open(&url, Options::default()).await.unwrap().ping().await.unwrap() });
    }
    set.join_all().await;
    let db = Db::open(&url, Options::default()).await.unwrap();
    assert_eq!(r!(db, |tx| tx.one::<i64>("SELECT count(*) FROM schema_migrations WHERE version = 1", p![]).await), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deadlocks_are_run_again() {
    let f = postgres().await;
    counters(&f.db).await;
    w!(f.db, |tx| {
        tx.exec(ADD, p![1_i64, 0_i64]).await?;
        tx.exec(ADD, p![2_i64, 0_i64]).await
    })
    .unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let meeting = Arc::new(tokio::sync::Barrier::new(2));
    let cross = |db: Db, first: i64, second: i64| {
        let (runs, meeting) = (Arc::clone(&runs), Arc::clone(&meeting));
        tokio::spawn(async move {
            db.write(async move |tx: &mut Tx| -> Result<()> {
                let run = runs.fetch_add(1, Ordering::Relaxed);
                tx.exec(BUMP, p![first]).await?;
                // The first runs meet holding one row each; the second run of the victim has nobody to meet.
                if run < 2 {
                    meeting.wait().await;
                }
                tx.exec(BUMP, p![second]).await?;
                Ok(())
            })
            .await
        })
    };
    let (a, b) = (cross(f.db.clone(), 1, 2), cross(f.other.clone(), 2, 1));
    assert_eq!((a.await.unwrap(), b.await.unwrap()), (Ok(()), Ok(())));
    assert_eq!(runs.load(Ordering::Relaxed), 3);
    let sums = r!(f.db, |tx| tx.all::<i64>("SELECT n FROM counters ORDER BY id", p![]).await);
    assert_eq!(sums, [2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_that_never_ends_is_given_up() {
    let f = postgres().await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let result = f.db.write(async move |tx: &mut Tx| -> Result<()> {
        counted.fetch_add(1, Ordering::Relaxed);
        tx.exec("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40001'; END $$", p![]).await?;
        Ok(())
    });
    assert_eq!(result.await, Err(Error::Retry));
    assert_eq!(runs.load(Ordering::Relaxed), 8);
    assert_eq!(f.db.ping().await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_body_knows_that_it_is_one() {
    let f = postgres().await;
    assert!(!in_write_transaction());
    assert_eq!(w!(f.db, |_tx| Ok(in_write_transaction())), Ok(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_compares_bytewise_whatever_the_server_thinks() {
    let f = postgres().await;
    let mut reader = f.db.reader().await.unwrap();
    // The cluster's own collation puts a before B; the schema's must not.
    assert_eq!(reader.one::<bool>("SELECT CAST('a' < 'B' AS INTEGER)::BIGINT", p![]).await, Ok(true));
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'
        AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'";
    assert_eq!(reader.one::<i64>(columns, p![]).await, Ok(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_159_a_dry_pool_answers_busy_and_reads_go_on() {
    let url = testkit::postgres().await.unwrap();
    let options = Options { pool: 2, wait: Duration::from_millis(200), ..Options::default() };
    let db = Db::open(&url, options).await.unwrap();
    counters(&db).await;
    let _held = (db.snapshot().await.unwrap(), db.snapshot().await.unwrap());
    let start = Instant::now();
    let busy: Result<()> = w!(db, |_tx| Ok(()));
    assert_eq!(busy, Err(Error::Busy));
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(db.ping().await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_wait_ends_in_busy() {
    let f = postgres().await;
    counters(&f.db).await;
    w!(f.db, |tx| tx.exec(ADD, p![1_i64, 0_i64]).await).unwrap();
    let (locked, held) = tokio::sync::oneshot::channel();
    let locked = std::sync::Mutex::new(Some(locked));
    let db = f.db.clone();
    let holder = tokio::spawn(async move {
        db.write(async move |tx: &mut Tx| -> Result<()> {
            tx.exec(BUMP, p![1_i64]).await?;
            locked.lock().unwrap().take().unwrap().send(()).unwrap();
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(())
        })
        .await
    });
    held.await.unwrap();
    assert_eq!(w!(f.other, |tx| tx.exec(BUMP, p![1_i64]).await), Err(Error::Busy));
    assert_eq!(holder.await.unwrap(), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_174_a_purge_spares_what_was_renewed_while_it_waited() {
    let f = postgres().await;
    seed(&f.db, &["s"]).await;
    let old = |mac: &[u8]| code("p", "s", "1", mac);
    let backoff = attempts::Backoff { free: 5, base_ms: 1, cap_ms: 1, reset_after_ms: HOUR };
    w!(f.db, |tx| {
        codes::put(tx, &old(b"old")).await?;
        attempts::register_failure(tx, "p", "s", "password", NOW, &backoff).await
    })
    .unwrap();
    let later = NOW + 2 * HOUR;
    let (renewed, held) = tokio::sync::oneshot::channel();
    let renewed = std::sync::Mutex::new(Some(renewed));
    let db = f.other.clone();
    let renewing = tokio::spawn(async move {
        db.write(async move |tx: &mut Tx| -> Result<()> {
            codes::put(tx, &codes::CodeRow { expires_at: later + HOUR, ..old(b"new") }).await?;
            attempts::register_failure(tx, "p", "s", "password", later, &backoff).await?;
            renewed.lock().unwrap().take().unwrap().send(()).unwrap();
            // The purge finds both rows expired in what is committed, and waits for this transaction.
            tokio::time::sleep(Duration::from_millis(700)).await;
            Ok(())
        })
        .await
    });
    held.await.unwrap();
    let db = f.db.clone();
    let codes_gone = tokio::spawn(async move { w!(db, |tx| codes::purge(tx, later, 10).await) });
    let attempts_gone = w!(f.db, |tx| attempts::purge(tx, later, 10).await);
    assert_eq!((codes_gone.await.unwrap(), attempts_gone, renewing.await.unwrap()), (Ok(0), Ok(0), Ok(())));
    assert_eq!(r!(f.db, |tx| codes::get(tx, "p", "s", "1").await).unwrap().mac, b"new");
    assert!(r!(f.db, |tx| attempts::get(tx, "p", "s", "password").await).is_some());
}

/// A line to the server that can be cut or frozen.
struct Proxy {
    frozen: Arc<AtomicBool>,
    accept: tokio::task::JoinHandle<()>,
    port: u16,
}

impl Proxy {
    async fn start(target: String, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let frozen = Arc::new(AtomicBool::new(false));
        let freeze = Arc::clone(&frozen);
        let accept = tokio::spawn(async move {
            // Aborting this task drops the set and with it every connection.
            let mut lines = tokio::task::JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                lines.spawn(carry(client, target.clone(), Arc::clone(&freeze)));
            }
        });
        Self { frozen, accept, port }
    }

    async fn cut(self) -> u16 {
        self.accept.abort();
        self.accept.await.ok();
        self.port
    }
}

async fn carry(client: TcpStream, target: String, frozen: Arc<AtomicBool>) {
    let server = TcpStream::connect(target).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = async {
        let mut buffer = vec![0; 4096];
        loop {
            let read = tokio::io::AsyncReadExt::read(&mut from_server, &mut buffer).await.unwrap_or(0);
            while frozen.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            if read == 0 || tokio::io::AsyncWriteExt::write_all(&mut to_client, &buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = answers => {}
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
    }
}

async fn through_proxy() -> (Db, Proxy, String) {
    let url = testkit::postgres().await.unwrap();
    let address = url.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
    let proxy = Proxy::start(address.clone(), 0).await;
    let through = url.replace(&address, &format!("127.0.0.1:{}", proxy.port));
    let db = Db::open(&through, Options::default()).await.unwrap();
    counters(&db).await;
    (db, proxy, address)
}

async fn assert_down(db: &Db) {
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(w!(db, |tx| tx.exec(ADD, p![1_i64, 0_i64]).await), Err(Error::Down));
        assert!(start.elapsed() < Duration::from_millis(2300), "{:?}", start.elapsed());
        let start = Instant::now();
        assert_eq!(db.ping().await, Err(Error::Down));
        assert!(start.elapsed() < Duration::from_millis(2300), "{:?}", start.elapsed());
    }
}

async fn assert_recovers(db: &Db) {
    let start = Instant::now();
    while db.ping().await.is_err() || w!(db, |tx| tx.exec(BUMP, p![1_i64]).await).is_err() {
        assert!(start.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(r!(db, |tx| tx.one::<i64>(COUNT, p![]).await), 0, "a refused write left a trace");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_158_a_lost_server_is_down_and_comes_back() {
    let (db, proxy, address) = through_proxy().await;
    db.ping().await.unwrap();
    let port = proxy.cut().await;
    assert_down(&db).await;
    let _proxy = Proxy::start(address, port).await;
    assert_recovers(&db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_158_a_frozen_server_is_down_within_two_seconds() {
    let (db, proxy, _) = through_proxy().await;
    db.ping().await.unwrap();
    proxy.frozen.store(true, Ordering::Relaxed);
    assert_down(&db).await;
    proxy.frozen.store(false, Ordering::Relaxed);
    assert_recovers(&db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooled_connection_that_died_unseen_fails_no_write() {
    let (db, mut proxy, address) = through_proxy().await;
    for id in 0..10_i64 {
        let port = proxy.cut().await;
        proxy = Proxy::start(address.clone(), port).await;
        // BEGIN and the statement go out together, and a COMMIT behind them would leave it unknown what became of them.
        w!(db, |tx| match id % 2 {
            0 => tx.exec_later(ADD, p![id, 0_i64]).await,
            _ => tx.exec(ADD, p![id, 0_i64]).await.map(drop),
        })
        .unwrap();
    }
    assert_eq!(r!(db, |tx| tx.one::<i64>(COUNT, p![]).await), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_commit_is_unknown() {
    let (db, proxy, _) = through_proxy().await;
    let frozen = Arc::clone(&proxy.frozen);
    let result = db.write(async move |tx: &mut Tx| -> Result<()> {
        tx.exec(ADD, p![1_i64, 0_i64]).await?;
        frozen.store(true, Ordering::Relaxed);
        Ok(())
    });
    assert_eq!(result.await, Err(Error::Unknown));
}
