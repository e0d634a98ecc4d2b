//! Two versions of the program on one schema, and a schema that belongs to somebody else.

use std::sync::atomic::{AtomicBool, Ordering};

use poolhouse_engine::ctx::Engine;
use poolhouse_engine::keys::entropy::SeededEntropy;
use poolhouse_engine::keys::hex;
use poolhouse_engine::keys::master::MasterKeys;
use poolhouse_store::testkit::{self, Scratch};
use poolhouse_store::{Options as StoreOptions, Unmigrated};
use serde_json::json;

use super::{contents, not_started, starting};
use crate::harness::{App, House, Options, Store};

/// A migration of a later program: `compatible_with` is SQL over the newest version applied.
async fn migrate_on(url: &str, changes: &str, compatible_with: &str) {
    let sql = format!(
        "BEGIN; {changes};
         INSERT INTO schema_migrations (version, name, checksum, compatible_with)
         SELECT max(version) + 1, 'from the future', 'unknown', {compatible_with} FROM schema_migrations; COMMIT"
    );
    testkit::sql(url, &sql).await.unwrap();
}

/// Everyday calls until told to stop; how many were answered.
async fn load(house: &House, app: &App, stop: &AtomicBool) -> u32 {
    let mut calls = 0;
    while !stop.load(Ordering::SeqCst) {
        let email = format!("u{calls}@poolhouse.test");
        house.user(&app.pool, &email).await;
        let tokens = house.sign_in(app, &email).await;
        house.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
        house.ok("ListUsers", json!({ "UserPoolId": app.pool, "Limit": 10 })).await;
        let changed = json!([{ "Name": "nickname", "Value": email }]);
        house
            .ok("AdminUpdateUserAttributes", json!({ "UserPoolId": app.pool, "Username": email, "UserAttributes": changed }))
            .await;
        calls += 6;
    }
    calls
}

async fn rolling(store: Store) {
    let options = Options { store, ..Options::default() };
    let house = House::with(options.clone()).await;
    let app = house.app().await;
    let url = house.store_url.clone();
    let stop = AtomicBool::new(false);
    let upgrade = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let expand = "ALTER TABLE users ADD COLUMN future TEXT; ALTER TABLE refresh_families ADD COLUMN future BIGINT;
             CREATE TABLE futures (id BIGINT NOT NULL PRIMARY KEY); CREATE INDEX users_future ON users (pool_id, future)";
        migrate_on(&url, expand, "max(version)").await;
        migrate_on(&url, "CREATE TABLE more (id BIGINT NOT NULL PRIMARY KEY)", "max(version) - 1").await;
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        stop.store(true, Ordering::SeqCst);
    };
    // Every call of the load asserts that it was answered with 200.
    let (calls, ()) = tokio::join!(load(&house, &app, &stop), upgrade);
    assert!(calls > 6, "{calls} calls");

    // A rolled-back or restarted program of this version.
    let house = match house.second_node().await {
        Some(again) => again,
        None => house.restarted(options).await,
    };
    house.user(&app.pool, "after@poolhouse.test").await;
    house.sign_in(&app, "after@poolhouse.test").await;
    house.engine.close().await;

    migrate_on(&url, "DROP TABLE more", "max(version) + 1").await;
    let refused = not_started(&url, 0).await;
    assert!(refused.contains("newer than this program knows") && refused.contains("needs a program of version"), "{refused}");
}

#[tokio::test]
async fn sec_164_a_compatible_migration_disturbs_nobody_on_sqlite() {
    rolling(Store::Sqlite).await;
}

#[tokio::test]
async fn sec_164_a_compatible_migration_disturbs_nobody_on_postgres() {
    rolling(Store::Postgres).await;
}

/// Databases that want migrating: one whose ledger was lost, one that only the first version has touched.
async fn older(url: &str, lost_ledger: bool) {
    let version = if lost_ledger { i64::MAX } else { 1 };
    Unmigrated::open(url, StoreOptions::default()).await.unwrap().migrate_to(version).await.unwrap();
    let entropy = SeededEntropy::new(0);
    let canary = hex(&MasterKeys::generate("test", &entropy).unwrap().canary(&entropy).unwrap());
    let lost = if lost_ledger { "DELETE FROM schema_migrations" } else { "" };
    testkit::sql(url, &format!("INSERT INTO meta (key, value) VALUES ('master_key_canary', '{canary}'); {lost}")).await.unwrap();
}

async fn wrong_key(url: &str, lost_ledger: bool) {
    older(url, lost_ledger).await;
    let before = contents(url);
    for _ in 0..2 {
        let refused = not_started(url, 1).await;
        assert!(refused.contains("is not the one this data was made with"), "{refused}");
        let joined = Engine::join(starting(url, 1)).await.map(drop).unwrap_err();
        assert_eq!(joined.0, refused);
        assert!(contents(url) == before, "refusing changed the database");
    }
    if !lost_ledger {
        Engine::start(starting(url, 0)).await.unwrap().close().await;
    }
}

#[tokio::test]
async fn sec_181_a_wrong_key_migrates_nothing_on_sqlite() {
    for lost_ledger in [true, false] {
        let scratch = Scratch::new().unwrap();
        wrong_key(&scratch.sqlite(), lost_ledger).await;
    }
}

#[tokio::test]
async fn sec_181_a_wrong_key_migrates_nothing_on_postgres() {
    for lost_ledger in [true, false] {
        wrong_key(&testkit::postgres().await.unwrap(), lost_ledger).await;
    }
}

#[tokio::test]
async fn sec_181_of_nodes_that_start_with_different_keys_one_gets_the_new_database() {
    let url = testkit::postgres().await.unwrap();
    let nodes = futures_util::future::join_all((0..4).map(|seed| Engine::start(starting(&url, seed)))).await;
    let started: Vec<usize> = (0..4).filter(|n| nodes[*n].is_ok()).collect();
    assert_eq!(started.len(), 1, "{started:?}");
    for refused in nodes.iter().filter_map(|node| node.as_ref().err()) {
        assert!(refused.0.contains("is not the one this data was made with"), "{refused}");
    }
}
