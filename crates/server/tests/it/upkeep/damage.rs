//! What is damaged is named, by the check and by the server that meets it; everything else is served.

use std::fs;
use std::process::Output;
use std::time::Duration;

use http::StatusCode;
use poolhouse_store::testkit;
use serde_json::{Value, json};

use super::contents;
use crate::harness::PASSWORD;
use crate::program::{Program, Site, run, text};
use crate::serve::{self, Key};

fn check(site: &Site) -> Output {
    run(&["check", "--config", site.config()])
}

struct World {
    site: Site,
    url: String,
    admin: Key,
}

impl World {
    fn on_sqlite() -> Self {
        let site = Site::new(1);
        let url = format!("sqlite://{}/data/poolhouse.db", site.path().display());
        Self { admin: site.key("admin", &["--allow", "*"]), site, url }
    }

    async fn on_postgres() -> Self {
        let site = Site::new(1);
        let url = testkit::postgres().await.unwrap();
        site.change(&format!("sqlite:{}/data/poolhouse.db", site.path().display()), &url);
        Self { admin: site.key("admin", &["--allow", "*"]), site, url }
    }

    async fn flip(&self, table: &str, column: &str, condition: &str) {
        testkit::flip_bit(&self.url, table, column, condition).await.unwrap();
    }

    async fn sql(&self, text: &str) {
        testkit::sql(&self.url, text).await.unwrap();
    }
}

/// Waits for the words to stand in the log, which is read beside the answers.
async fn logged(program: &Program, words: &str) {
    for _ in 0..250 {
        if program.log().contains(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{words} is not in the log: {}", program.log());
}

/// Pool, a client for passwords and SRP, and its users: their subs.
async fn pool(program: &Program, admin: &Key, users: &[&str]) -> (String, String, Vec<String>) {
    let (pool, client) = serve::app(program, admin).await;
    let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let update = json!({ "UserPoolId": pool, "ClientId": client, "ExplicitAuthFlows": flows });
    program.ok(Some(admin), "UpdateUserPoolClient", &update).await;
    let mut subs = Vec::new();
    for user in users {
        serve::user(program, admin, &pool, user, PASSWORD).await;
        let found = program.ok(Some(admin), "AdminGetUser", &json!({ "UserPoolId": pool, "Username": user })).await;
        subs.push(serve::text(&found["Username"]));
    }
    (pool, client, subs)
}

fn srp(client: &str, user: &str) -> Value {
    json!({ "AuthFlow": "USER_SRP_AUTH", "ClientId": client, "AuthParameters": { "USERNAME": user, "SRP_A": "ab".repeat(384) } })
}

const ANN: &str = "ann@poolhouse.test";
const BOB: &str = "bob@poolhouse.test";
const CAT: &str = "cat@poolhouse.test";

async fn damaged_values(world: World) {
    let admin = &world.admin;
    let other_key = world.site.key("other", &["--allow", "*"]);
    let mut program = world.site.serve();
    let (sound, client, subs) = pool(&program, admin, &[ANN, BOB, CAT]).await;
    let (keyless, _, _) = pool(&program, admin, &[]).await;
    let (unsigned, unsigned_client, _) = pool(&program, admin, &[ANN]).await;
    let secret = json!({ "UserPoolId": sound, "ClientName": "secret", "GenerateSecret": true });
    let secret = program.ok(Some(admin), "CreateUserPoolClient", &secret).await["UserPoolClient"].clone();
    let secret_id = serve::text(&secret["ClientId"]);
    let clean = check(&world.site);
    assert!(clean.status.success(), "{}", text(&clean.stderr));
    assert!(program.stop().success());

    let [_, bob, cat] = &subs[..] else { panic!("three users") };
    world.flip("users", "srp_sealed", &format!("sub = '{bob}'")).await;
    world.sql(&format!("UPDATE users SET password_hash = substr(password_hash, 1, 60) WHERE sub = '{cat}'")).await;
    world.flip("pools", "wrapped_key", &format!("id = '{keyless}'")).await;
    world.flip("signing_keys", "sealed", &format!("pool_id = '{unsigned}' AND purpose = 'access'")).await;
    world.flip("client_secrets", "sealed", &format!("client_id = '{secret_id}'")).await;
    world.flip("access_keys", "sealed", &format!("id = '{}'", other_key.0)).await;
    let orphan = format!("INSERT INTO sign_in_names (pool_id, name, kind, sub) VALUES ('{sound}', 'gone@x', 'email', 'nobody')");
    match world.url.starts_with("sqlite") {
        true => world.sql(&format!("PRAGMA foreign_keys = OFF; {orphan}")).await,
        false => world.sql(&format!("SET session_replication_role = replica; {orphan}")).await,
    }

    let before = contents(&world.url);
    let found = check(&world.site);
    assert!(contents(&world.url) == before, "checking changed the database");
    assert_eq!(found.status.code(), Some(1));
    let found = text(&found.stderr);
    let named = [
        format!("users ({sound}, {bob}): pool {sound}: srp_verifier/1 of {bob}: sealed value does not open"),
        format!("users ({sound}, {cat}): "),
        format!("pools ({keyless}): pool {keyless}: its key does not open"),
        "signing_keys (".to_owned(),
        format!("client_secrets ({secret_id}, "),
        format!("access_keys ({}): ", other_key.0),
        format!("sign_in_names ({sound}, gone@x): there is no user nobody"),
    ];
    for line in &named {
        assert!(found.contains(line.as_str()), "{line} is not in {found}");
    }
    let lines = named.len() + usize::from(world.url.starts_with("sqlite"));
    // A word of progress and the headline come before.
    assert_eq!(found.lines().count(), 2 + lines, "only what is damaged, and the reference by SQLite itself: {found}");

    let program = world.site.serve();
    let broken = async |key: Option<&Key>, operation: &str, input: Value, told: &str| {
        let reply = program.api(key, operation, &input).await;
        assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "{operation}: {reply:?}");
        assert!(!reply.text.contains("sealed") && !reply.text.contains("record"), "{reply:?}");
        logged(&program, told).await;
    };
    broken(None, "InitiateAuth", srp(&client, BOB), &format!("srp_verifier/1 of {bob}")).await;
    broken(None, "InitiateAuth", serve::sign_in(&client, CAT, PASSWORD), &format!("user {cat}: ")).await;
    broken(Some(admin), "DescribeUserPool", json!({ "UserPoolId": keyless }), &format!("pool {keyless}: its key")).await;
    broken(None, "InitiateAuth", serve::sign_in(&unsigned_client, ANN, PASSWORD), "signing_key of").await;
    let describe = json!({ "UserPoolId": sound, "ClientId": secret_id });
    broken(Some(admin), "DescribeUserPoolClient", describe, &format!("of {secret_id}")).await;
    let refused = program.api(Some(&other_key), "ListUserPools", &json!({ "MaxResults": 5 })).await;
    assert_ne!(refused.status, StatusCode::OK);
    logged(&program, &format!("access key {}: ", other_key.0)).await;

    neighbours_are_served(&program, admin, &sound, &client).await;
    program.ok(Some(admin), "DescribeUserPool", &json!({ "UserPoolId": unsigned })).await;
}

async fn neighbours_are_served(program: &Program, admin: &Key, pool: &str, client: &str) {
    program.ok(None, "InitiateAuth", &serve::sign_in(client, ANN, PASSWORD)).await;
    program.ok(None, "InitiateAuth", &serve::sign_in(client, BOB, PASSWORD)).await;
    program.ok(None, "InitiateAuth", &srp(client, ANN)).await;
    program.ok(Some(admin), "ListUsers", &json!({ "UserPoolId": pool })).await;
    program.ok(Some(admin), "ListUserPools", &json!({ "MaxResults": 5 })).await;
    serve::user(program, admin, pool, "new@poolhouse.test", PASSWORD).await;
}

#[tokio::test]
async fn sec_170_damaged_values_are_named_and_others_served_on_sqlite() {
    damaged_values(World::on_sqlite()).await;
}

#[tokio::test]
async fn sec_170_damaged_values_are_named_and_others_served_on_postgres() {
    damaged_values(World::on_postgres().await).await;
}

/// An operator with a user's password record: they are made by the same hand.
fn operator(name: &str, role: &str, record: &str, seed: &str) -> String {
    format!(
        "INSERT INTO operators (id, name, role, password, totp_seed, totp_step, failures, locked_until, created_at)
         SELECT 'id-{name}', '{name}', '{role}', {record}, {seed}, 0, 0, 0, 0 FROM users;"
    )
}

async fn damaged_operators(world: World) {
    let mut program = world.site.serve();
    pool(&program, &world.admin, &[ANN]).await;
    assert!(program.stop().success());
    let zeros = |count: usize| match world.url.starts_with("sqlite") {
        true => format!("zeroblob({count})"),
        false => format!("decode(repeat('00', {count}), 'hex')"),
    };
    let session = |operator: &str, hash: &str| {
        format!("INSERT INTO operator_sessions (hash, operator_id, created_at, seen_at) VALUES ({hash}, 'id-{operator}', 0, 0);")
    };
    let link = |role: &str, hash: &str| {
        format!("INSERT INTO operator_links (hash, role, first, created_at, expires_at) VALUES ({hash}, '{role}', 0, 77, 88);")
    };
    let (record, seed) = ("password_hash", zeros(32));
    world.sql(&[operator("sound", "owner", record, &seed), session("sound", &seed), link("admin", &seed)].concat()).await;
    let clean = check(&world.site);
    assert!(clean.status.success(), "{}", text(&clean.stderr));

    let damaged = [
        operator("roleless", "root", record, &seed),
        operator("unread", "admin", "substr(password_hash, 1, 60)", &seed),
        operator("short", "read-only", record, &zeros(31)),
        session("gone", &zeros(31)),
        link("king", &zeros(31)),
    ];
    world.sql(&damaged.concat()).await;
    let before = contents(&world.url);
    let found = run(&["check", "--quick", "--config", world.site.config()]);
    assert!(contents(&world.url) == before, "checking changed the database");
    assert_eq!(found.status.code(), Some(1));
    let found = text(&found.stderr);
    let named = [
        "operators (roleless): \"root\" is no role",
        "operators (unread): ",
        "operators (short): its seed has 31 bytes, not 32",
        "operator_links (made 77): \"king\" is no role",
        "operator_sessions: 1 of operator id-gone, who is not there",
    ];
    for line in named {
        assert!(found.contains(line), "{line} is not in {found}");
    }
    let lines = found.lines().filter(|line| line.starts_with("operator")).count();
    assert_eq!(lines, named.len(), "{found}");
    let listed = text(&run(&["operator", "list", "--config", world.site.config()]).stdout);
    assert!(listed.contains("sound  owner") && listed.contains("roleless  (\"root\" is no role)"), "{listed}");
    let gone = run(&["operator", "remove", "--config", world.site.config(), "roleless"]);
    assert!(gone.status.success(), "{}", text(&gone.stderr));
    let last = run(&["operator", "remove", "--config", world.site.config(), "sound"]);
    assert!(!last.status.success() && text(&last.stderr).contains("sound is the last owner"), "{}", text(&last.stderr));
}

#[tokio::test]
async fn sec_170_damaged_operators_are_named_on_sqlite() {
    damaged_operators(World::on_sqlite()).await;
}

#[tokio::test]
async fn sec_170_damaged_operators_are_named_on_postgres() {
    damaged_operators(World::on_postgres().await).await;
}

const PAGE: usize = 4096;

fn find(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    bytes.windows(wanted.len()).enumerate().filter(|(_, window)| *window == wanted).map(|(at, _)| at).collect()
}

#[tokio::test]
async fn sec_170_a_damaged_page_is_named_and_the_other_pages_are_served() {
    let world = World::on_sqlite();
    let admin = &world.admin;
    let mut program = world.site.serve();
    let (pool, _, _) = pool(&program, admin, &[]).await;
    let named = |number: u32| json!({ "UserPoolId": pool, "Username": format!("u{number}@poolhouse.test") });
    for number in 0..60 {
        let attributes = json!([{ "Name": "email", "Value": format!("u{number}@poolhouse.test") }, { "Name": "profile", "Value": "x".repeat(600) }]);
        let mut user = named(number);
        user["UserAttributes"] = attributes;
        user["MessageAction"] = json!("SUPPRESS");
        program.ok(Some(admin), "AdminCreateUser", &user).await;
    }
    let victim = program.ok(Some(admin), "AdminGetUser", &named(30)).await;
    let victim = serve::text(&victim["Username"]);
    assert!(program.stop().success());

    // The page with the row itself: where the long attribute stands.
    let file = world.site.path().join("data/poolhouse.db");
    let mut bytes = fs::read(&file).unwrap();
    let rows = find(&bytes, b"u30@poolhouse.test\",\"profile\"");
    let rows = if rows.is_empty() { find(&bytes, b"\"email\":\"u30@poolhouse.test") } else { rows };
    assert_eq!(rows.len(), 1, "the row is not where it was thought");
    let page = rows[0] / PAGE * PAGE;
    for byte in &mut bytes[page..page + 8] {
        *byte ^= 0xff;
    }
    fs::write(&file, &bytes).unwrap();

    let before = contents(&world.url);
    let found = check(&world.site);
    assert_eq!(found.status.code(), Some(1));
    let found = text(&found.stderr);
    assert!(found.contains(&format!("users ({pool}, {victim}): database damaged")), "{found}");
    assert!(found.lines().any(|line| line.starts_with("users: Tree ")), "{found}");
    assert!(contents(&world.url) == before, "checking changed the database");
    let copy = world.site.path().join("copy.db");
    let backup = run(&["backup", "--config", world.site.config(), copy.to_str().unwrap()]);
    assert!(backup.status.code() == Some(1) && !copy.exists(), "damage was backed up: {}", text(&backup.stderr));

    let program = world.site.serve();
    let status = async |operation: &str, number: u32| program.api(Some(admin), operation, &named(number)).await.status;
    assert_eq!(status("AdminGetUser", 30).await, StatusCode::INTERNAL_SERVER_ERROR);
    logged(&program, "the database is damaged").await;
    logged(&program, "FROM users").await;
    // A write that meets the damage ends alone; writing goes on.
    for operation in ["AdminDisableUser", "AdminDeleteUser"] {
        assert_eq!(status(operation, 30).await, StatusCode::INTERNAL_SERVER_ERROR, "{operation}");
        for number in [0, 59] {
            assert_eq!(status("AdminDisableUser", number).await, StatusCode::OK, "{operation} {number}");
            assert_eq!(status("AdminEnableUser", number).await, StatusCode::OK, "{operation} {number}");
        }
    }
    let mut served = 0;
    for number in 0..60 {
        served += u32::from(status("AdminGetUser", number).await == StatusCode::OK);
    }
    assert!((45..60).contains(&served), "{served} of 60 users are served");
}
