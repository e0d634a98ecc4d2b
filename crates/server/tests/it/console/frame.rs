//! What stands around every page: the theme, the clock's badge, the one script and who may load it.

use http::StatusCode;
use serde_json::json;

use super::forms::{Form, has, submit};
use crate::harness::House;

#[tokio::test]
async fn a_theme_is_kept_and_given_up_without_script() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = browser.get("/console/events?outcome=done&user=ada").await;
    assert!(!page.text.contains("data-theme"), "the system's until one is chosen");
    let reply = submit(&mut browser, &page, "theme-form", &[("theme", "dark")]).await;
    assert_eq!(reply.header("location"), "/console/events?outcome=done&user=ada", "back to where it was chosen");
    let page = browser.follow(reply).await;
    has(&page, &["data-theme=\"dark\"", "content=\"dark\"", "value=\"dark\" selected"]);
    has(&browser.get("/console").await, &["data-theme=\"dark\""]);
    let reply = submit(&mut browser, &page, "theme-form", &[("theme", "")]).await;
    let page = browser.follow(reply).await;
    assert!(!page.text.contains("data-theme"), "the system's again");
}

#[tokio::test]
async fn sec_051_a_theme_takes_the_forms_token_and_leads_nowhere_else() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = browser.get("/console").await;
    let forged = browser.post("/console/theme", &[("theme", "dark"), ("back", "/console")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert!(!browser.get("/console").await.text.contains("data-theme"));
    for elsewhere in ["//evil.example", "/\\evil.example", "https://evil.example", "", "/\t/evil.example"] {
        let form = Form::of(&page, "theme-form").with("back", &[elsewhere]);
        assert_eq!(form.send(&mut browser).await.header("location"), "/console", "{elsewhere}");
    }
    let unknown = submit(&mut browser, &page, "theme-form", &[("theme", "neon")]).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn sec_055_scripts_are_the_consoles_own_and_no_sign_in_page_has_one() {
    let house = House::start().await;
    let mut browser = house.browser();
    for path in ["/console", "/console/pools", "/console/nowhere", "/console/inbox"] {
        let page = browser.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self'; connect-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.text.matches("<script").count(), 1, "{path}");
        let source = page.text.split("<script src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert!(source.starts_with("/assets/console-"), "{path}: {source}");
        let script = browser.get(source).await;
        assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    }
    for path in ["/", "/nowhere", "/error"] {
        let page = browser.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{path}: {policy}");
        assert!(!page.text.contains("<script"), "{path}");
    }
}

#[tokio::test]
async fn home_tells_the_newest_events_and_asks_for_the_pools_once() {
    let house = House::start().await;
    assert!(!house.browser().get("/console").await.text.contains("Newest events"));
    house.pool(json!({ "PoolName": "orders" })).await;
    house.engine.audit.flush().await;
    let page = house.browser().get("/console").await;
    has(&page, &["Newest events", "CreateUserPool", "orders"]);
    assert!(page.text.contains("<option value=") && page.text.matches("data-equivalent=\"cli\"").count() == 1);
}

#[tokio::test]
async fn a_clock_that_was_moved_is_said_on_every_page() {
    let house = House::start().await;
    assert!(!house.browser().get("/console").await.text.contains("in truth"));
    let pool = house.pool(json!({ "PoolName": "demo" })).await;
    house.controlled("clock", json!({ "shift_seconds": 86_400 })).await;
    for path in ["/console".to_owned(), format!("/console/pools/{pool}")] {
        has(&house.browser().get(&path).await, &["Clock shifted to", "in truth"]);
    }
}
