//! The health page: `console::health`.

use http::StatusCode;
use serde_json::json;

use super::forms::{link, spoken};
use crate::both;
use crate::harness::{House, Options};

both! {
    async fn the_page_says_what_the_status_says(house: House) {
        house.pool(json!({})).await;
        let page = house.browser().get("/console/health").await;
        assert_eq!(page.status, StatusCode::OK);
        let words = spoken(&page);
        let status = house.get("/_poolhouse/status").await.json();
        let store = if status["store"] == "sqlite" { "Store SQLite, " } else { "Store PostgreSQL" };
        let version = format!("Version {}", status["version"].as_str().unwrap());
        for text in ["Ready: the store reads and takes writes.", store, &version, "User pools 1", "Audit trail kept for 400 days"] {
            assert!(words.contains(text), "{text}: {words}");
        }
        assert!(words.contains(status["public_url"].as_str().unwrap()), "{words}");
        for text in ["Open liveness", "Open readiness", "Open metrics", "Open status as JSON"] {
            assert_eq!(house.get(&link(&page, text)).await.status, StatusCode::OK, "{text}");
        }
        assert_eq!(link(&page, "Health"), "/console/health", "the menu");
    }

    async fn a_store_that_is_gone_is_told(house: House) {
        house.engine.store.close().await;
        assert_eq!(house.get("/_poolhouse/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
        let page = house.browser().get("/console/health").await;
        let words = spoken(&page);
        assert_eq!(page.status, StatusCode::OK);
        assert!(words.contains("Not ready:") && words.contains("unknown while the store does not answer"), "{words}");
        assert!(!words.contains("Ready: the store"), "{words}");
    }
}

#[tokio::test]
async fn what_was_set_on_purpose_is_warned_of() {
    let house = House::start().await;
    let words = spoken(&house.browser().get("/console/health").await);
    assert!(!words.contains("The clock") && !words.contains("on purpose"), "{words}");
    house.controlled("clock", json!({ "shift_seconds": 3600 })).await;
    house.controlled("faults", json!({ "operation": "GetUser", "fault": "throttle" })).await;
    let words = spoken(&house.browser().get("/console/health").await);
    assert!(words.contains("The clock is 3600 seconds ahead of the real time."), "{words}");
    assert!(words.contains("Calls are made to fail on purpose, by 1 fault."), "{words}");
    house.controlled("clock", json!({ "freeze": true })).await;
    assert!(spoken(&house.browser().get("/console/health").await).contains("The clock stands still"));
}

#[tokio::test]
async fn the_configuration_in_force_is_shown_and_no_secret_of_it() {
    let options =
        Options { fixed_code: Some("314159".to_owned()), trusted_proxies: vec!["10.0.0.0/8".to_owned()], ..Options::default() };
    let house = House::with(options).await;
    let page = house.browser().get("/console/health").await;
    let words = spoken(&page);
    for text in ["Every code is the same on", "Trusted proxies 1 range", "Request quotas off", "any access key counts, unproved"]
    {
        assert!(words.contains(text), "{text}: {words}");
    }
    assert!(!page.text.contains("314159"), "the code itself opens accounts");
}
