//! What may be read of secrets by whoever reads the logs or the database: nothing.

pub mod canaries;

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::harness::{House, Options, Store};
use canaries::Canary;

/// Everything the process logs, at the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[track_caller]
fn none_of(canaries: &[Canary], bytes: &[u8], place: &str) {
    let found: Vec<&str> =
        canaries.iter().filter(|canary| canary.spellings().iter().any(|text| contains(bytes, text))).map(|c| c.name).collect();
    assert!(found.is_empty(), "{place} holds {found:?}");
}

#[tokio::test]
async fn sec_141_no_secret_is_logged_at_any_level() {
    let log = Log::default();
    let writer = log.clone();
    // One process a test or one for all: the subscriber is the process's, the canaries are this test's own.
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new("trace"))
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .try_init()
        .unwrap();
    for store in [Store::Sqlite, Store::Postgres] {
        let house = House::with(Options { store, post: true, seed: 141, ..Options::default() }).await;
        let canaries = canaries::broad(&house).await;
        tracing::trace!("the log is being kept");
        let bytes = log.0.lock().unwrap().clone();
        assert!(contains(&bytes, b"the log is being kept") && contains(&bytes, b"InitiateAuth") && contains(&bytes, b"refused"));
        none_of(&canaries, &bytes, "the log");
    }
}

#[tokio::test]
async fn sec_177_178_179_a_sqlite_file_holds_no_secret() {
    let house = House::with(Options { post: true, seed: 177, ..Options::default() }).await;
    let canaries = canaries::broad(&house).await;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(house.scratch().path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(contains(&bytes, canaries::EVE.as_bytes()), "the file is the one in use");
    none_of(&canaries, &bytes, "the database");
}

#[tokio::test]
async fn sec_177_178_179_a_postgres_dump_holds_no_secret() {
    let house = House::with(Options { store: Store::Postgres, post: true, seed: 178, ..Options::default() }).await;
    let canaries = canaries::broad(&house).await;
    let dump = Command::new("pg_dump").arg("--dbname").arg(&house.store_url).output().expect("pg_dump");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    assert!(contains(&dump.stdout, canaries::EVE.as_bytes()), "the dump is of the one in use");
    none_of(&canaries, &dump.stdout, "the dump");
}

#[tokio::test]
async fn sec_176_passwords_are_kept_as_argon2id_records() {
    let house = House::start().await;
    let app = house.app().await;
    house.user(&app.pool, "ada@example.com").await;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(house.scratch().path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(contains(&bytes, b"$argon2id$v=19$"));
}

#[cfg(unix)]
#[tokio::test]
async fn sec_185_every_file_of_the_store_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::start().await;
    house.ok("CreateUserPool", json!({ "PoolName": "p" })).await;
    let mut files = 0;
    for entry in std::fs::read_dir(house.scratch().path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
        files += 1;
    }
    assert!(files >= 2, "the database and its log");
}
