//! Readers that stay on a state: they see every commit of every process, and never keep the log from being started anew. SQLite only.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use poolhouse_store::tables::meta;
use poolhouse_store::{Access, Db, Options, Stamp, p};

use crate::support::{counters, r, sqlite, w};

const BESIDE: &str = "POOLHOUSE_TEST_BESIDE";

async fn note(db: &Db) -> Option<String> {
    r!(db, |tx| meta::get(tx, "note").await)
}

fn stamp(db: &Db) -> Stamp {
    db.stamp().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stamp_lasts_until_the_next_commit() {
    let f = sqlite().await;
    let first = stamp(&f.db);
    assert_eq!(note(&f.db).await, None);
    assert_eq!(note(&f.db).await, None);
    assert_eq!(stamp(&f.db), first, "reading changes nothing");
    w!(f.db, |tx| meta::put(tx, "note", "1").await).unwrap();
    let second = stamp(&f.db);
    assert_ne!(second, first);
    assert_eq!(note(&f.db).await.as_deref(), Some("1"));
    let lost: Result<(), _> = w!(f.db, |tx| {
        meta::put(tx, "note", "2").await?;
        Err(poolhouse_store::Error::NoRow)
    });
    assert!(lost.is_err());
    assert_eq!(note(&f.db).await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_statement_of_a_reader_sees_the_newest_state_and_a_snapshot_its_own() {
    let f = sqlite().await;
    let mut reader = f.db.reader().await.unwrap();
    let mut snapshot = f.db.snapshot().await.unwrap();
    assert_eq!(meta::get(&mut reader, "note").await.unwrap(), None);
    assert_eq!(meta::get(&mut snapshot, "note").await.unwrap(), None);
    w!(f.db, |tx| meta::put(tx, "note", "1").await).unwrap();
    assert_eq!(meta::get(&mut reader, "note").await.unwrap().as_deref(), Some("1"));
    assert_eq!(meta::get(&mut snapshot, "note").await.unwrap(), None);
    drop(snapshot);
    assert!(reader.exec("DELETE FROM meta", p![]).await.is_err(), "readers do not write");
    drop(reader);
    // The connections of both are reused in the other way.
    let mut snapshots = Vec::new();
    for _ in 0..4 {
        snapshots.push(f.db.snapshot().await.unwrap());
    }
    for snapshot in &mut snapshots {
        assert_eq!(meta::get(snapshot, "note").await.unwrap().as_deref(), Some("1"));
    }
    drop(snapshots);
    w!(f.db, |tx| meta::put(tx, "note", "2").await).unwrap();
    assert_eq!(note(&f.db).await.as_deref(), Some("2"));
}

/// What runs in the other process: as a command beside a server.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by what_another_process_commits_is_seen_at_once"]
async fn beside_a_server() {
    let url = std::env::var(BESIDE).unwrap();
    let db = Db::open(&url, Options { access: Access::Join, ..Options::default() }).await.unwrap();
    let value = note(&db).await.map_or(0, |value| value.parse::<i64>().unwrap());
    w!(db, |tx| meta::put(tx, "note", &(value + 1).to_string()).await).unwrap();
    assert_eq!(note(&db).await, Some((value + 1).to_string()));
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_commits_is_seen_at_once() {
    let f = sqlite().await;
    for round in 1..=3 {
        let before = stamp(&f.db);
        note(&f.db).await;
        let beside = ["--ignored", "--exact", "following::beside_a_server"];
        let output = Command::new(std::env::current_exe().unwrap()).args(beside).env(BESIDE, &f.url).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        assert_ne!(stamp(&f.db), before);
        assert_eq!(note(&f.db).await, Some(round.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn busy_and_idle_readers_leave_the_log_short() {
    let f = sqlite().await;
    counters(&f.db).await;
    let path = f.url.trim_start_matches("sqlite://").to_owned();
    // More connections than the busy readers below take: the rest stay on an old state, unless they are told to let go.
    let mut idle = Vec::new();
    for _ in 0..8 {
        idle.push(f.db.reader().await.unwrap());
    }
    for reader in &mut idle {
        assert_eq!(reader.one::<i64>("SELECT count(*) FROM counters", p![]).await.unwrap(), 0);
    }
    drop(idle);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (db, done) = (f.db.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut reads = 0_u64;
                while !done.load(Ordering::Relaxed) {
                    note(&db).await;
                    reads += 1;
                    tokio::task::yield_now().await;
                }
                reads
            })
        })
        .collect();
    let mut longest = 0;
    for block in 0..300_i64 {
        w!(f.db, |tx| {
            for number in 0..400 {
                // Spread over the table, so that each block touches many pages.
                let id = (number * 7919 + block * 104_729) % 1_000_003;
                tx.exec("INSERT INTO counters (id, n) VALUES ($1, $2) ON CONFLICT DO NOTHING", p![id, block]).await?;
            }
            Ok(())
        })
        .unwrap();
        longest = longest.max(std::fs::metadata(format!("{path}-wal")).unwrap().len());
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 300);
    }
    assert!(longest < 32 << 20, "the log had {longest} bytes");
}
