//! The background job on two nodes, one of which stands still in the middle: deleting what has expired is harmless to
//! repeat, to interrupt and to do twice, so nobody has to hold a lease for it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use poolhouse_engine::ctx::Engine;
use poolhouse_store::testkit::{self, Scratch};
use poolhouse_store::{Db, Options as StoreOptions, p};
use serde_json::json;

use super::starting;
use crate::harness::{House, Options, Store};
use crate::program::signal;

const EXPIRED: u64 = 8_000;
const LIVING: u64 = 500;

/// The other node: a process of its own that purges all the time, on the store named in its working directory.
#[tokio::test]
#[ignore = "run by sec_174_… as a process that can be stopped"]
#[expect(clippy::print_stdout, reason = "its parent counts the lines")]
async fn purging_for_ever() {
    let url = std::fs::read_to_string("store-url").unwrap();
    let engine = Engine::start(starting(&url, 0)).await.unwrap();
    loop {
        match engine.purge().await {
            Ok(rows) => println!("purged {rows}"),
            Err(error) => println!("failed {:?}", error.detail()),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// That process; killed when dropped.
struct Node {
    child: Child,
    rounds: Arc<AtomicU64>,
}

impl Node {
    fn start(url: &str, scratch: &Scratch) -> Self {
        std::fs::write(scratch.path().join("store-url"), url).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "upkeep::jobs::purging_for_ever", "--nocapture"])
            .current_dir(scratch.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let rounds = Arc::new(AtomicU64::new(0));
        let (counted, output) = (Arc::clone(&rounds), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                counted.fetch_add(u64::from(line.contains("purged")), Ordering::SeqCst);
            }
        });
        Self { child, rounds }
    }

    /// Waits until it has done another whole round.
    async fn another_round(&self) {
        let (before, since) = (self.rounds.load(Ordering::SeqCst), Instant::now());
        while self.rounds.load(Ordering::SeqCst) < before + 2 {
            assert!(since.elapsed() < Duration::from_secs(30), "the other node does not purge");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sessions and counters that ended long ago, and as many that live.
fn rows(pool: &str, from: u64, count: u64, expires_at: i64) -> String {
    let to = from + count - 1;
    format!(
        "INSERT INTO browser_sessions (hash, pool_id, sub, auth_time, created_at, expires_at)
             SELECT int8send({expires_at} + n), '{pool}', 's', 0, 0, {expires_at} FROM generate_series({from}, {to}) AS n;
         INSERT INTO attempts (pool_id, subject, kind, count, first_at, last_at, locked_until)
             SELECT '{pool}', '{expires_at}/' || n, 'k', 1, 0, {expires_at}, 0 FROM generate_series({from}, {to}) AS n"
    )
}

async fn count(db: &Db, sql: &'static str) -> u64 {
    let mut reader = db.reader().await.unwrap();
    u64::try_from(reader.one::<i64>(sql, p![]).await.unwrap()).unwrap()
}

const DEAD: &str = "SELECT (SELECT count(*) FROM browser_sessions WHERE expires_at = 1)
    + (SELECT count(*) FROM attempts WHERE last_at = 1)";
const ALL: &str = "SELECT (SELECT count(*) FROM browser_sessions) + (SELECT count(*) FROM attempts)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_174_a_node_that_stops_in_the_middle_of_purging_does_no_harm() {
    let house = House::with(Options { store: Store::Postgres, ..Options::default() }).await;
    let pool = house.pool(json!({})).await;
    let (url, scratch) = (house.store_url.clone(), Scratch::new().unwrap());
    let db = Db::open(&url, StoreOptions::default()).await.unwrap();
    let living = i64::MAX / 2;
    testkit::sql(&url, &rows(&pool, 0, LIVING, living)).await.unwrap();
    let node = Node::start(&url, &scratch);
    node.another_round().await;
    for stop in 0..4 {
        testkit::sql(&url, &rows(&pool, stop * EXPIRED, EXPIRED, 1)).await.unwrap();
        let (since, whole) = (Instant::now(), count(&db, DEAD).await);
        while count(&db, DEAD).await == whole && whole > 0 {
            assert!(since.elapsed() < Duration::from_secs(30), "the other node does not purge");
        }
        // Not always at the same statement.
        tokio::time::sleep(Duration::from_millis(7 * stop)).await;
        signal("-STOP", node.child.id());
        // The other one may hold rows: then this one's round fails and the next one goes on, as once a minute in earnest.
        let since = Instant::now();
        while house.engine.purge().await.is_err() || count(&db, DEAD).await > 0 {
            assert!(since.elapsed() < Duration::from_secs(40), "rows stay locked by a process that stands still");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        signal("-CONT", node.child.id());
        node.another_round().await;
        assert_eq!(count(&db, ALL).await, 2 * LIVING, "round {stop}: something living was deleted");
    }
    // Both at once, without anybody standing still.
    testkit::sql(&url, &rows(&pool, 0, EXPIRED, 1)).await.unwrap();
    let (one, other) = (house.engine.purge(), house.engine.purge());
    let (one, other) = tokio::join!(one, other);
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    node.another_round().await;
    assert_eq!((count(&db, DEAD).await, count(&db, ALL).await), (0, 2 * LIVING));
}
