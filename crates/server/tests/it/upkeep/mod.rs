//! What an operator does to a database that is in use, and what time and accidents do to it: upgrades, backups, damage,
//! background jobs.

mod backup;
mod damage;
mod jobs;
mod schema;

use std::sync::Arc;

use poolhouse_engine::ctx::{Engine, IssuerMode, Settings, SystemClock};
use poolhouse_engine::keys::entropy::{OsEntropy, SeededEntropy};
use poolhouse_engine::keys::master::MasterKeys;
use poolhouse_engine::keys::password::HashCost;
use poolhouse_engine::start::{Outgoing, StartOptions};

use crate::harness::REGION;

/// How an engine would start on this store with a ring of this seed; that of [`House`](crate::harness::House) is 0.
fn starting(store_url: &str, seed: u64) -> StartOptions {
    StartOptions {
        store_url: store_url.to_owned(),
        master: MasterKeys::generate("test", &SeededEntropy::new(seed)).unwrap(),
        settings: Settings {
            account_id: "123456789012".into(),
            region: REGION.into(),
            public_url: "http://localhost:9229".into(),
            issuer: IssuerMode::Local,
            fixed_code: None,
            audit_days: 400,
            undo_days: 7,
            rates: Default::default(),
            domain_url: "http://localhost:9229/_domain/{prefix}".into(),
        },
        outgoing: Outgoing::Inbox,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        hash_cost: HashCost::FOR_TESTS,
    }
}

/// Why no engine starts.
async fn not_started(store_url: &str, seed: u64) -> String {
    match Engine::start(starting(store_url, seed)).await {
        Ok(_) => panic!("it has started"),
        Err(error) => error.0,
    }
}

/// Everything the store holds: the bytes of the SQLite file, or a dump.
fn contents(store_url: &str) -> Vec<u8> {
    if let Some(path) = store_url.strip_prefix("sqlite://") {
        return std::fs::read(path).unwrap();
    }
    let dump = std::process::Command::new("pg_dump").arg("--dbname").arg(store_url).output().expect("pg_dump");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let text = String::from_utf8(dump.stdout).unwrap();
    // Newer versions frame each dump with a random word.
    let lines = text.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    lines.collect::<Vec<_>>().join("\n").into_bytes()
}
