//! `/_poolhouse/snapshots` and `/_poolhouse/reset`: everything is as it was, and nothing that was read before lives on.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use poolhouse_engine::ctx::Caller;
use poolhouse_engine::snapshots;
use poolhouse_engine::tokens::rotation;
use serde_json::{Value, json};

use crate::harness::{House, Options, PASSWORD, Store};

const ADA: &str = "ada@poolhouse.test";
const BOB: &str = "bob@poolhouse.test";

async fn attributes(house: &House, pool: &str, user: &str) -> Option<String> {
    let reply = house.api("AdminGetUser", json!({ "UserPoolId": pool, "Username": user })).await;
    (reply.status == StatusCode::OK).then(|| reply.json()["UserAttributes"].to_string())
}

#[tokio::test]
async fn everything_is_as_it_was() {
    let house = House::start().await;
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    let before = house.sign_in(&app, ADA).await;
    let taken = house.controlled("snapshots", json!({ "name": "before" })).await;
    assert_eq!((&taken["name"], taken["bytes"].as_u64().unwrap() > 0), (&json!("before"), true));
    let ada = attributes(&house, &app.pool, ADA).await;

    // A user changed, one more, one less of everything that is kept in memory too.
    let rename = json!([{ "Name": "name", "Value": "Ada" }]);
    house.ok("AdminUpdateUserAttributes", json!({ "UserPoolId": app.pool, "Username": ADA, "UserAttributes": rename })).await;
    house.user(&app.pool, BOB).await;
    let after = house.sign_in(&app, ADA).await;
    house.ok("GlobalSignOut", json!({ "AccessToken": before["AccessToken"] })).await;
    let after_that = house.sign_in(&app, BOB).await;
    house.ok("UpdateUserPool", json!({ "UserPoolId": app.pool, "DeletionProtection": "ACTIVE" })).await;
    let settings = json!({ "UserPoolId": app.pool, "ClientId": app.client, "ClientName": "renamed" });
    house.ok("UpdateUserPoolClient", settings).await;
    let other = house.app().await;
    house.user(&other.pool, ADA).await;
    house.ok("ForgotPassword", json!({ "ClientId": other.client, "Username": ADA })).await;

    let told = house.controlled("snapshots/before/restore", json!({})).await;
    assert_eq!(told["restored"], "before");
    // Ada's second session is gone (Bob's with him), her first one lives again.
    let counts = ["users_removed", "users_returned", "users_changed", "sessions_ended", "sessions_revived"];
    assert_eq!(counts.map(|name| told[name].as_u64().unwrap()), [2, 0, 1, 1, 1], "{told}");
    assert_eq!(told["tables"]["pools"], json!({ "gone": 1, "back": 0, "changed": 1 }));

    assert_eq!(attributes(&house, &app.pool, ADA).await, ada);
    assert_eq!(attributes(&house, &app.pool, BOB).await, None);
    let pool = house.ok("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
    assert_ne!(pool["UserPool"]["DeletionProtection"], "ACTIVE");
    let client = json!({ "UserPoolId": app.pool, "ClientId": app.client });
    assert_eq!(house.ok("DescribeUserPoolClient", client).await["UserPoolClient"]["ClientName"], "test");
    assert_eq!(house.refused("DescribeUserPool", json!({ "UserPoolId": other.pool })).await.0, "ResourceNotFoundException");
    assert_eq!(house.get("/_poolhouse/messages").await.json(), json!({ "messages": [] }));
    for (tokens, status) in [(&before, StatusCode::OK), (&after, StatusCode::BAD_REQUEST), (&after_that, StatusCode::BAD_REQUEST)]
    {
        assert_eq!(house.api("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await.status, status);
    }
    // Life goes on, and back again.
    house.user(&app.pool, BOB).await;
    house.sign_in(&app, BOB).await;
    house.controlled("snapshots/before/restore", json!({})).await;
    assert_eq!(attributes(&house, &app.pool, BOB).await, None);
    house.sign_in(&app, ADA).await;
    assert!(house.engine.store.damage().await.unwrap().is_empty());
}

/// A cache keeps what it parsed by the row's version: after going back, the same version must not mean another content. Of
/// the key sets, which the pool's version names, the one before would sign on with keys that are no more.
#[tokio::test]
async fn sec_157_no_version_comes_back_with_another_content() {
    let house = House::start().await;
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    house.controlled("snapshots", json!({ "name": "s" })).await;
    let signed_by = async || {
        let token = house.sign_in(&app, ADA).await["AccessToken"].as_str().unwrap().to_owned();
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone()
    };
    let first = signed_by().await;
    for updates in 1..=4 {
        rotation::now(&house.engine.ctx(Caller::Operator, None), &app.pool).await.unwrap();
        assert_ne!(signed_by().await, first);
        house.controlled("snapshots/s/restore", json!({})).await;
        // As many changes as the rotation made, and the version is the rotated keys' again.
        for _ in 0..updates {
            house.ok("UpdateUserPool", json!({ "UserPoolId": app.pool })).await;
        }
        assert_eq!(signed_by().await, first, "{updates}");
        house.controlled("snapshots/s/restore", json!({})).await;
    }
}

#[tokio::test]
async fn the_trail_is_not_rolled_back_and_going_back_is_in_it() {
    let house = House::start().await;
    house.controlled("snapshots", json!({ "name": "s" })).await;
    let pool = house.pool(json!({})).await;
    house.controlled("snapshots/s/restore", json!({})).await;
    house.engine.audit.flush().await;
    let verified = house.engine.audit.verify().await.unwrap();
    assert!(verified.is_ok(), "{verified:?}");
    let filter = poolhouse_engine::audit::Filter { most: 100, ..Default::default() };
    let (events, _) = house.engine.audit.list(&filter).await.unwrap();
    let has = |action: &str, name: &str| {
        events.iter().any(|one| {
            let event = &one.event;
            event.action == action && event.actor == "operator" && event.target.values().any(|value| value == name)
        })
    };
    assert!(has("TakeSnapshot", "s") && has("RestoreSnapshot", "s"));
    assert!(events.iter().any(|one| one.event.pool.as_ref() == Some(&pool)), "what was undone is remembered");
}

#[tokio::test]
async fn reset_goes_back_to_the_start_with_clock_and_faults() {
    let house = House::start().await;
    let missing = house.control("reset", json!({})).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    assert!(snapshots::keep_start(&house.engine).await.unwrap());
    house.user(&app.pool, BOB).await;
    house.controlled("clock", json!({ "shift_seconds": 86_400 })).await;
    house.controlled("faults", json!({ "operation": "*", "fault": "throttle" })).await;
    let told = house.controlled("reset", json!({})).await;
    assert_eq!((&told["restored"], &told["faults_removed"], &told["users_removed"]), (&json!("start"), &json!(1), &json!(1)));
    assert_eq!(told["clock"]["shift_seconds"], 0);
    assert_eq!(attributes(&house, &app.pool, BOB).await, None);
    house.sign_in(&app, ADA).await;
    // Nothing to do is done too.
    house.controlled("reset", json!({})).await;
    assert_eq!(house.controlled("reset", json!({})).await["tables"], json!({}));
}

#[tokio::test]
async fn names_lists_and_refusals() {
    let house = House::start().await;
    let names = async || {
        let list = house.get("/_poolhouse/snapshots").await.json();
        list["snapshots"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(names().await.is_empty());
    house.controlled("snapshots", json!({ "name": "a-1_b.c" })).await;
    house.controlled("snapshots", json!({ "name": "other" })).await;
    // The same name again keeps the newer state.
    let pool = house.pool(json!({})).await;
    house.controlled("snapshots", json!({ "name": "other" })).await;
    house.controlled("snapshots/a-1_b.c/restore", json!({})).await;
    house.controlled("snapshots/other/restore", json!({})).await;
    house.ok("DescribeUserPool", json!({ "UserPoolId": pool })).await;
    assert_eq!(house.send("DELETE", "/_poolhouse/snapshots/other", &[], "").await.status, StatusCode::OK);
    assert_eq!(house.send("DELETE", "/_poolhouse/snapshots/other", &[], "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.control("snapshots/other/restore", json!({})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.control("snapshots", json!({ "name": "start" })).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(names().await, ["a-1_b.c"]);
}

#[tokio::test]
async fn sec_193_a_snapshots_name_names_no_other_file_and_the_file_is_its_owners_alone() {
    let house = House::start().await;
    for name in ["../poolhouse", "..", ".hidden", "a/b", "", "ä", "a\0", &"x".repeat(65)] {
        assert_eq!(house.control("snapshots", json!({ "name": name })).await.status, StatusCode::BAD_REQUEST, "{name:?}");
    }
    for path in ["..%2Fpoolhouse", ".x"] {
        assert_eq!(
            house.control(&format!("snapshots/{path}/restore"), json!({})).await.status,
            StatusCode::BAD_REQUEST,
            "{path}"
        );
        let deleted = house.send("DELETE", &format!("/_poolhouse/snapshots/{path}"), &[], "").await;
        assert_eq!(deleted.status, StatusCode::BAD_REQUEST, "{path}");
    }
    house.controlled("snapshots", json!({ "name": "s" })).await;
    let database = std::path::PathBuf::from(house.store_url.trim_start_matches("sqlite://"));
    let directory = database.with_file_name("snapshots");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&directory.join("s.db"))), (0o700, 0o600));
    let files: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["s.db"], "nothing is left beside it");
}

#[tokio::test]
async fn postgresql_says_that_it_has_none() {
    let house = House::with(Options { store: Store::Postgres, ..Options::default() }).await;
    for (path, body) in [("snapshots", json!({ "name": "s" })), ("snapshots/s/restore", json!({})), ("reset", json!({}))] {
        let reply = house.control(path, body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(reply.text.contains("SQLite"), "{path}: {}", reply.text);
    }
    assert!(!snapshots::keep_start(&house.engine).await.unwrap());
}

/// Sign-ins go on while the store goes back and forth: each ends with an answer of its own, none with a fault of ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_in_hand_stand_a_restore() {
    let house = House::start().await;
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    house.controlled("snapshots", json!({ "name": "s" })).await;
    let sign_in = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": { "USERNAME": ADA, "PASSWORD": PASSWORD },
    });
    let sign_ins = async {
        for _ in 0..40 {
            let (one, other) = tokio::join!(house.api("InitiateAuth", sign_in.clone()), house.get("/_poolhouse/ready"));
            assert_eq!((one.status, other.status), (StatusCode::OK, StatusCode::OK), "{one:?}");
        }
    };
    let restores = async {
        for _ in 0..10 {
            house.controlled("snapshots/s/restore", json!({})).await;
        }
    };
    tokio::join!(sign_ins, restores);
    house.sign_in(&app, ADA).await;
    let found: Value = house.ok("ListUsers", json!({ "UserPoolId": app.pool })).await;
    assert_eq!(found["Users"].as_array().unwrap().len(), 1);
    assert!(house.engine.store.damage().await.unwrap().is_empty());
}
