//! `/console`: what every page of it owes; the pages have files of their own.

mod account;
mod attributes;
mod clients;
mod domains;
mod events;
mod flow;
mod flow_clients;
mod flow_serve;
mod forms;
mod frame;
mod groups;
mod health;
mod home;
mod inbox;
mod messages;
mod operator_pages;
mod operator_roles;
mod operators;
mod pools;
mod search;
mod settings;
mod token;
mod undo;
mod user_actions;
mod user_edits;
mod users;
mod wizard;

use http::StatusCode;
use serde_json::json;

use self::forms::spoken;
use crate::browser::Browser;
use crate::harness::{House, Options, REGION};

#[tokio::test]
async fn home_and_list_name_the_pools() {
    let house = House::start().await;
    let empty = Browser::new(&house).get("/console/pools").await;
    assert!(empty.text.contains("No user pools yet"), "{}", empty.text);
    let pool = house.pool(json!({ "PoolName": "orders @home" })).await;
    for path in ["/console", "/console/pools"] {
        let page = Browser::new(&house).get(path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("orders @home") && page.text.contains(&pool), "{path}: {}", page.text);
        assert!(page.text.contains("aws cognito-idp list-user-pools"), "{path} names no equivalent call");
        assert!(page.text.len() < 50_000, "{path}: {} bytes", page.text.len());
    }
}

#[tokio::test]
async fn an_overview_shows_what_the_api_describes() {
    let house = House::start().await;
    let pool = house.pool(json!({ "PoolName": "orders", "UsernameAttributes": ["email"], "DeletionProtection": "ACTIVE" })).await;
    let page = Browser::new(&house).get(&format!("/console/pools/{pool}")).await;
    let discovery = house.get(&format!("/{pool}/.well-known/openid-configuration")).await.json();
    let issuer = discovery["issuer"].as_str().unwrap();
    for text in [&pool, issuer, "Users sign in with", "email", ">on<"] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
}

#[tokio::test]
async fn the_list_goes_on_behind_its_first_page_and_back() {
    let house = House::start().await;
    for number in 0..27 {
        house.pool(json!({ "PoolName": format!("pool-{number:02}") })).await;
    }
    let mut browser = Browser::new(&house);
    let first = browser.get("/console/pools").await;
    let next = first.text.split("href=\"/console/pools?after=").nth(1).and_then(|rest| rest.split('"').next());
    let second = browser.get(&format!("/console/pools?after={}", next.expect("a next page"))).await;
    let shown = |text: &str| text.matches("<th scope=\"row\">").count();
    assert_eq!((shown(&first.text), shown(&second.text)), (25, 2));
    assert!(second.text.contains("Go to the first page"));
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_a_way_on() {
    let house = House::start().await;
    let mut browser = Browser::new(&house);
    for path in ["/console/nowhere", "/console/pools/eu-central-1_AbCdEfGhI"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text.contains("href=\"/console\""), "{path}");
    }
    let page = browser.get("/console/pools/not%20an%20id").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.text.contains("failed to satisfy constraint"), "Cognito's own words: {}", page.text);
}

#[tokio::test]
async fn sec_193_a_closed_instance_has_no_console() {
    let house = House::with(Options::serve()).await;
    for path in ["/console", "/console/pools", "/console/pools/eu-central-1_AbCdEfGhI"] {
        assert_eq!(Browser::new(&house).get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_pools_domain_has_no_console() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "orders" })).await;
    let mut browser = Browser::new(&house);
    browser.host = Some(format!("orders.auth.{REGION}.localhost"));
    assert_eq!(browser.get("/logout").await.status, StatusCode::OK, "the domain is there");
    assert_eq!(browser.get("/console").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sec_056_words_in_the_address_are_not_said_by_the_console() {
    let house = House::start().await;
    let page = Browser::new(&house).get("/console?said=Your+password+is+leaked&poolhouse-said=x").await;
    // The footer's form carries the page's address in a hidden field; it is said nowhere.
    assert!(!spoken(&page).contains("leaked"));
}
