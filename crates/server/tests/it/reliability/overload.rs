//! More password checks than the machine can do: whoever comes too late is told so at once, and the rest goes on.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::StatusCode;
use poolhouse_store::testkit::Scratch;
use serde_json::json;

use crate::program::{Program, command};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_097_a_flood_of_passwords_is_turned_away_at_once() {
    let scratch = Scratch::new().unwrap();
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

    // The line takes 64 for each processor.
    let places = std::thread::available_parallelism().unwrap().get() * 65;
    let flood = join_all((0..places + 300).map(|number| {
        let (program, client) = (&program, &client);
        async move {
            let parameters = json!({ "USERNAME": format!("u{number}"), "PASSWORD": "Wrong-Horse-1" });
            let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client, "AuthParameters": parameters });
            program.api(None, "InitiateAuth", &input).await
        }
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
