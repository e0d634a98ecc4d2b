//! What Prometheus is told, and who else.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::json;

use crate::harness::{House, Options, PASSWORD};
use crate::program::Site;

fn value(text: &str, series: &str) -> i64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().unwrap()
}

/// Every series, without its value.
fn series(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.rsplit_once(' ')).map(|(series, _)| series.to_owned()).collect()
}

/// Signs this user in wrongly until locked, rightly, and asks for what is not there.
async fn walk(house: &House, number: usize) {
    let app = house.app().await;
    let address = format!("user{number}@example.com");
    house.user(&app.pool, &address).await;
    house.sign_in(&app, &address).await;
    for _ in 0..6 {
        let parameters = json!({ "USERNAME": address, "PASSWORD": "Wrong-Horse-9" });
        house
            .refused(
                "InitiateAuth",
                json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters }),
            )
            .await;
    }
    house.get(&format!("/nowhere/{number}")).await;
    house.get(&format!("/{}/.well-known/jwks.json", app.pool)).await;
}

#[tokio::test]
async fn sec_199_failures_lockouts_and_queues_are_counted() {
    let house = House::start().await;
    walk(&house, 0).await;
    let reply = house.get("/_poolhouse/metrics").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.header("content-type").starts_with("application/openmetrics-text"));
    let text = reply.text;
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(value(&text, "poolhouse_sign_ins_total{outcome=\"signed_in\"}"), 1);
    assert_eq!(value(&text, "poolhouse_sign_ins_total{outcome=\"refused\"}"), 6);
    assert_eq!(value(&text, "poolhouse_lockouts_total"), 1);
    assert_eq!(value(&text, "poolhouse_panics_total"), 0);
    assert_eq!(value(&text, "poolhouse_audit_lost_total"), 0);
    assert!(value(&text, "poolhouse_requests_total{door=\"own\",status=\"2xx\"}") >= 6);
    assert!(value(&text, "poolhouse_requests_total{door=\"own\",status=\"4xx\"}") >= 7);
    for name in ["audit_queue", "store_writes", "work{pool=\"passwords\",state=\"waiting\"}"] {
        assert!(value(&text, &format!("poolhouse_{name}")) >= 0);
    }
    assert!(value(&text, "poolhouse_resident_bytes") > 1_000_000);
}

#[tokio::test]
async fn sec_199_series_do_not_grow_with_users_pools_and_addresses() {
    let house = House::with(Options { trusted_proxies: vec!["127.0.0.0/8".to_owned()], ..Options::default() }).await;
    walk(&house, 0).await;
    house.get("/_poolhouse/metrics").await;
    let few = series(&house.get("/_poolhouse/metrics").await.text);
    for number in 1..8 {
        walk(&house, number).await;
        let from = format!("203.0.113.{number}");
        house
            .send("GET", "/_poolhouse/health", &[("x-forwarded-for", &from), ("host", &format!("h{number}.example.com"))], "")
            .await;
    }
    let text = house.get("/_poolhouse/metrics").await.text;
    let more: Vec<String> = series(&text).difference(&few).cloned().collect();
    assert!(more.iter().all(|series| series.starts_with("poolhouse_requests_total{door=")), "{more:?}");
    assert!(more.len() <= 2, "{more:?}");
    for word in ["example.com", "203.0.113", "user1", "eu-central-1_", PASSWORD] {
        assert!(!text.contains(word), "{word}");
    }
}

#[tokio::test]
async fn sec_199_a_clock_that_was_set_is_counted() {
    let house = House::start().await;
    let steps = || value(&house.engine.metrics_text(), "poolhouse_clock_steps_total");
    house.engine.watch_clock(0);
    house.clock.advance_ms(60_000);
    house.engine.watch_clock(60_500);
    assert_eq!(steps(), 0);
    house.clock.advance_ms(3_600_000);
    house.engine.watch_clock(120_500);
    assert_eq!(steps(), 1);
    house.clock.advance_ms(-3_600_000);
    house.engine.watch_clock(180_500);
    assert_eq!(steps(), 2);
}

#[tokio::test]
async fn sec_199_metrics_are_not_on_the_public_listener() {
    let closed = House::with(Options::serve()).await;
    for path in ["/_poolhouse/metrics", "/metrics"] {
        assert_eq!(closed.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    site.change("[store]", "[metrics]\nlisten = \"127.0.0.1:0\"\n[store]");
    let mut program = site.serve();
    for path in ["/_poolhouse/metrics", "/metrics"] {
        assert_eq!(program.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // The line of the other listener is written just after that of the public one.
    let address = loop {
        let log = program.log();
        if let Some(line) = log.lines().find(|line| line.contains("serving metrics")) {
            break line.split("address: ").nth(1).unwrap().split(',').next().unwrap().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let of = |path: &str| client.get(format!("http://{address}{path}")).send();
    assert!(of("/metrics").await.unwrap().text().await.unwrap().contains("poolhouse_requests_total"));
    for path in ["/", "/_poolhouse/health", "/_poolhouse/metrics", "/oauth2/token"] {
        assert_eq!(of(path).await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert!(program.stop().success());
}

#[test]
fn sec_199_metrics_open_to_others_need_a_word() {
    let site = Site::new(1);
    site.change("[store]", "[metrics]\nlisten = \"0.0.0.0:9464\"\n[store]");
    let refused = site.refused();
    assert_eq!(refused.status.code(), Some(2));
    let said = crate::program::text(&refused.stderr);
    assert!(said.contains("metrics.listen = 0.0.0.0:9464 is open to others."), "{said}");
    site.change("9464\"\n", "9464\"\npublic = true\n");
    let said = crate::program::text(&site.refused().stderr);
    assert!(!said.contains("metrics.listen") && said.contains("There is no access key."), "{said}");
}
