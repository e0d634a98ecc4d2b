//! More password checks than the machine can do: whoever comes too late is told so at once, and the rest goes on.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::StatusCode;
use poolhouse_engine::work::{Work, WorkError};
use poolhouse_store::testkit::Scratch;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::{House, PASSWORD};
use crate::oauth::tools::{ADA, authorize, refresh, text, tokens};
use crate::program::{Program, command};

/// Against a test that hangs; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program with a pool and a client: these and their ids.
async fn program(scratch: &Scratch) -> (Program, String, String) {
    let mut start = command();
    start
        .args(["dev", "--no-demo", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data"])
        .arg(scratch.path().join("data"));
    let program = Program::start(&mut start, "localhost");
    let key = ("test".to_owned(), "test".to_owned());
    let pool = program.ok(Some(&key), "CreateUserPool", &json!({ "PoolName": "flood" })).await;
    let pool = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
    let client = json!({
        "UserPoolId": pool,
        "ClientName": "app",
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        "PreventUserExistenceErrors": "ENABLED",
    });
    let client = program.ok(Some(&key), "CreateUserPoolClient", &client).await;
    let client = client["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
    (program, pool, client)
}

fn sign_in(client: &str, name: &str, password: &str) -> Value {
    json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client, "AuthParameters": { "USERNAME": name, "PASSWORD": password } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_097_a_flood_of_passwords_is_turned_away_at_once() {
    let scratch = Scratch::new().unwrap();
    let (program, _, client) = program(&scratch).await;
    // The line takes 64 for each processor.
    let places = std::thread::available_parallelism().unwrap().get() * 65;
    let flood = join_all((0..places + 300).map(|number| {
        let (program, client) = (&program, &client);
        async move { program.api(None, "InitiateAuth", &sign_in(client, &format!("u{number}"), "Wrong-Horse-1")).await }
    }));
    let health = async {
        let mut took = Vec::new();
        for _ in 0..50 {
            let since = Instant::now();
            assert_eq!(program.get("/_poolhouse/health").await.status, StatusCode::OK);
            took.push(since.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        took.sort_unstable();
        took
    };
    let (replies, health) = tokio::join!(flood, health);
    let of = |name: &str| replies.iter().filter(|reply| reply.error().0 == name).count();
    let (evaluated, turned_away) = (of("NotAuthorizedException"), of("TooManyRequestsException"));
    assert_eq!(evaluated + turned_away, replies.len());
    assert!(evaluated >= places && turned_away > 50, "{evaluated} evaluated, {turned_away} turned away");
    // The clients share the processors with the server here: half the requests, then, and not the slowest one.
    assert!(health[health.len() / 2] < Duration::from_millis(250), "{health:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_172_a_flood_is_answered_and_passes() {
    let scratch = Scratch::new().unwrap();
    let (program, pool, client) = program(&scratch).await;
    let key = ("test".to_owned(), "test".to_owned());
    let user = json!({ "UserPoolId": pool, "Username": "ann", "MessageAction": "SUPPRESS" });
    program.ok(Some(&key), "AdminCreateUser", &user).await;
    let password = json!({ "UserPoolId": pool, "Username": "ann", "Password": PASSWORD, "Permanent": true });
    program.ok(Some(&key), "AdminSetUserPassword", &password).await;

    // Several times what stands in line at most.
    let places = std::thread::available_parallelism().unwrap().get() * 65;
    let flood = join_all((0..places * 4).map(|number| {
        let (program, client) = (&program, &client);
        async move {
            let name = format!("u{number}");
            match number % 4 {
                0 => {
                    let input = json!({ "ClientId": client, "Username": name, "Password": PASSWORD });
                    program.api(None, "SignUp", &input).await
                }
                _ => program.api(None, "InitiateAuth", &sign_in(client, &name, PASSWORD)).await,
            }
        }
    }));
    let alive = async {
        for _ in 0..20 {
            assert_eq!(program.get("/_poolhouse/health").await.status, StatusCode::OK);
            assert_eq!(program.get(&format!("/{pool}/.well-known/jwks.json")).await.status, StatusCode::OK);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (replies, ()) = timeout(PATIENCE, async { tokio::join!(flood, alive) }).await.expect("every call is answered");
    let mut turned_away = 0;
    for reply in &replies {
        let name = if reply.status == StatusCode::OK { String::new() } else { reply.error().0 };
        assert!(matches!(name.as_str(), "" | "NotAuthorizedException" | "TooManyRequestsException"), "{reply:?}");
        turned_away += usize::from(name == "TooManyRequestsException");
    }
    assert!((1..replies.len()).contains(&turned_away), "{turned_away} of {}", replies.len());
    let after = program.api(None, "InitiateAuth", &sign_in(&client, "ann", PASSWORD)).await;
    assert_eq!(after.status, StatusCode::OK, "{after:?}");
}

/// Fills a pool of workers and its line until it turns away; the line moves on when the sender is dropped.
async fn fill(work: &Work, places: usize) -> (mpsc::Sender<()>, JoinSet<Result<(), WorkError>>) {
    let (release, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let mut jobs = JoinSet::new();
    for _ in 0..=places {
        let (work, gate) = (work.clone(), Arc::clone(&gate));
        jobs.spawn(async move {
            work.run(move || {
                let _ = gate.lock().unwrap().recv();
            })
            .await
        });
    }
    assert_eq!(jobs.join_next().await.unwrap().unwrap(), Err(WorkError::Overloaded));
    (release, jobs)
}

/// How many were turned away from a line, as the metrics have it.
async fn turned_away(house: &House, line: &str) -> u64 {
    let text = house.get("/_poolhouse/metrics").await.text;
    let series = format!("poolhouse_turned_away_total{{line=\"{line}\"}} ");
    text.lines().find_map(|one| one.strip_prefix(&series)).map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_159_a_full_line_is_told_at_every_door() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let granted = tokens(&house, &app, ADA, &[]).await;
    let (access, token) = (&granted["access_token"], text(&granted, "refresh_token"));
    let mut browser = house.browser();
    let reply = browser.get(&authorize(&app, &[])).await;
    let page = browser.follow(reply).await;
    let cores = std::thread::available_parallelism().unwrap().get();
    let jwks = format!("/{}/.well-known/jwks.json", app.pool);

    let (release, mut jobs) = fill(&house.engine.work.passwords, cores * 65).await;
    let told = ("TooManyRequestsException".to_owned(), "Too many requests".to_owned());
    // What is turned away is no attempt: more than five of them lock nobody out.
    for _ in 0..8 {
        assert_eq!(house.refused("InitiateAuth", sign_in(&app.client, ADA, PASSWORD)).await, told);
    }
    let reply = browser.submit(&page, &[("username", ADA), ("password", PASSWORD)]).await;
    assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"), "{reply:?}");
    assert!(reply.header("content-type").starts_with("text/html") && reply.text.contains("Try again in a moment."));
    for path in ["/_poolhouse/health", jwks.as_str()] {
        assert_eq!(house.get(path).await.status, StatusCode::OK, "{path}");
    }
    // Nothing else stands in that line.
    assert_eq!(refresh(&house, &app, token, &[]).await.status, StatusCode::OK);
    house.ok("GetUser", json!({ "AccessToken": access })).await;
    drop(release);
    while jobs.join_next().await.is_some() {}

    // Eight turns a processor and a line of 512.
    let (release, mut jobs) = fill(&house.engine.work.signing, cores * 520).await;
    let before = turned_away(&house, "signing").await;
    let reply = refresh(&house, &app, token, &[]).await;
    assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"), "{reply:?}");
    assert_eq!(reply.json()["error"], "temporarily_unavailable");
    // Any page may read it, as it may read the other answers of the endpoint.
    assert_eq!((reply.header("access-control-allow-origin"), reply.header("cache-control")), ("*", "no-store"));
    assert_eq!(turned_away(&house, "signing").await, before + 1);
    for _ in 0..8 {
        assert_eq!(house.refused("InitiateAuth", sign_in(&app.client, ADA, PASSWORD)).await, told);
    }
    for path in ["/_poolhouse/health", jwks.as_str()] {
        assert_eq!(house.get(path).await.status, StatusCode::OK, "{path}");
    }
    drop(release);
    while jobs.join_next().await.is_some() {}

    let reply = browser.submit(&page, &[("username", ADA), ("password", PASSWORD)]).await;
    assert!(reply.redirected("code").is_some(), "{reply:?}");
    assert_eq!(refresh(&house, &app, token, &[]).await.status, StatusCode::OK);
    house.sign_in(&app, ADA).await;
}
