//! Events, coverage and signing keys: the pages about the instance itself.

use http::StatusCode;
use poolhouse_engine::audit::Kind;
use poolhouse_wire::OPERATIONS;
use serde_json::json;

use super::forms::{has, link, send, submit};
use crate::audit::trail;
use crate::both;
use crate::harness::{House, PASSWORD, encode};

async fn list(house: &House, filters: &[(&str, &str)]) -> crate::harness::Reply {
    house.engine.audit.flush().await;
    let page = house.browser().get(&format!("/console/events?{}", encode(filters))).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    page
}

/// What the first column of the events' table says.
fn actions(page: &crate::harness::Reply) -> Vec<String> {
    let rows = page.text.split("<th scope=\"row\"><a ").skip(1);
    rows.filter_map(|row| row.split("<bdi>").nth(1)?.split('<').next().map(str::to_owned)).collect()
}

both! {
    async fn events_are_listed_newest_first_and_filtered(house: House) {
        let empty = house.browser().get("/console/events").await;
        has(&empty, &["Nothing has happened yet"]);
        let app = house.app().await;
        let sub = house.user(&app.pool, "ada@example.com").await;
        house.sign_in(&app, "ada@example.com").await;
        house.clock.advance_ms(1000);
        let wrong = json!({
            "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client,
            "AuthParameters": { "USERNAME": "ada@example.com", "PASSWORD": format!("not {PASSWORD}") },
        });
        house.refused("InitiateAuth", wrong).await;
        house.pool(json!({ "PoolName": "another" })).await;

        let all = actions(&list(&house, &[]).await);
        let expected: Vec<String> = trail(&house).await.iter().rev().map(|listed| listed.event.action.to_string()).collect();
        assert_eq!(all, expected);
        let of_pool = actions(&list(&house, &[("pool", &app.pool)]).await);
        assert!(of_pool.len() < all.len() && of_pool.contains(&"InitiateAuth".to_owned()), "{of_pool:?}");
        assert_eq!(actions(&list(&house, &[("outcome", "refused")]).await), ["InitiateAuth"]);
        assert_eq!(actions(&list(&house, &[("action", "setuser"), ("outcome", "done")]).await), ["AdminSetUserPassword"]);
        assert_eq!(actions(&list(&house, &[("outcome", "alert")]).await), [""; 0]);
        let ada = actions(&list(&house, &[("user", "ADA@"), ("outcome", "done")]).await);
        assert_eq!(ada, ["AdminSetUserPassword", "AdminCreateUser"], "as they were named");
        let ada = actions(&list(&house, &[("pool", &app.pool), ("user", "ada@example.com"), ("outcome", "done")]).await);
        assert!(ada.contains(&"InitiateAuth".to_owned()), "who acts is found by name: {sub} {ada:?}");
        for junk in ["x", "1.2.3", "1.x.y", "9.9.\u{0}", "\u{0}"] {
            list(&house, &[("before", junk), ("user", junk), ("pool", junk)]).await;
        }
    }
}

#[tokio::test]
async fn the_list_goes_on_where_the_page_before_ended() {
    let house = House::start().await;
    for number in 0..40 {
        house.pool(json!({ "PoolName": format!("pool-{number}") })).await;
        house.clock.advance_ms(1000);
    }
    let first = list(&house, &[("action", "CreateUserPool")]).await;
    assert_eq!(actions(&first).len(), 50);
    let next = house.browser().get(&link(&first, "Show the next page")).await;
    assert_eq!(actions(&next).len(), 30);
    assert!(!next.text.contains("Show the next page"));
    let back = house.browser().get(&link(&next, "Go to the first page")).await;
    assert_eq!(actions(&back), actions(&first));
}

#[tokio::test]
async fn events_are_filtered_by_client_period_text_and_id_and_exported() {
    let house = House::start().await;
    let old = house.app().await;
    house.clock.advance_ms(2 * 3_600_000);
    let app = house.app().await;
    let wrong = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": { "USERNAME": "ada", "PASSWORD": PASSWORD } });
    house.refused("InitiateAuth", wrong).await;
    let trail = trail(&house).await;
    let refused = trail.iter().find(|listed| listed.event.action == "InitiateAuth").unwrap();
    let all = actions(&list(&house, &[]).await);
    let of = async |filters: &[(&str, &str)]| actions(&list(&house, filters).await);
    let of_client = of(&[("client", &app.client)]).await;
    assert!(of_client.contains(&"InitiateAuth".to_owned()) && of_client.len() < all.len(), "{of_client:?}");
    assert!(!of(&[("client", &old.client)]).await.contains(&"InitiateAuth".to_owned()));
    let recent = of(&[("period", "1h")]).await;
    assert!(!recent.is_empty() && recent.len() < all.len(), "{recent:?}");
    assert_eq!(of(&[("period", "1d")]).await, all);
    assert_eq!(of(&[("period", "nonsense")]).await, all);
    let result = refused.event.result.clone().unwrap();
    assert_eq!(of(&[("text", &result.to_lowercase())]).await, ["InitiateAuth"]);
    assert_eq!(of(&[("id", &refused.event.request_id)]).await, ["InitiateAuth"]);
    assert_eq!(of(&[("id", "nothing")]).await, [""; 0]);

    let page = list(&house, &[("client", &app.client), ("outcome", "refused")]).await;
    let file = house.browser().get(&link(&page, "Export as JSON lines")).await;
    assert_eq!(file.header("content-type"), "application/x-ndjson");
    let lines: Vec<serde_json::Value> = file.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["request_id"], &lines[0]["action"]), (&json!(refused.event.request_id), &json!("InitiateAuth")));
    assert!(!file.text.contains(PASSWORD));
    let whole = house.browser().get("/console/events/export").await;
    assert_eq!(whole.text.lines().count(), all.len());
}

#[tokio::test]
async fn an_event_is_told_in_words_with_those_of_its_request() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    let wrong = [("grant_type", "authorization_code"), ("code", "x"), ("client_id", app.client.as_str())];
    house.form("/oauth2/token", &wrong, None).await;
    let basic = (app.client.as_str(), app.secret.as_deref().unwrap());
    house.form("/oauth2/token", &[("grant_type", "authorization_code"), ("code", "x")], Some(basic)).await;
    let trail = trail(&house).await;
    let path = |listed: &poolhouse_engine::audit::Listed| format!("/console/events/{}/{}", listed.chain, listed.seq);
    let refused = trail.iter().rfind(|listed| listed.event.action == "/oauth2/token").unwrap();
    let page = house.browser().get(&path(refused)).await;
    let result = refused.event.result.as_deref().unwrap();
    has(&page, &["wanted to exchange an authorization code for tokens. It was refused with", result, &refused.event.request_id]);

    let made = |kind| trail.iter().find(|l| l.event.action == "CreateUserPoolClient" && l.event.kind == kind).unwrap();
    let page = house.browser().get(&path(made(Kind::Outcome))).await;
    has(&page, &["It was done.", "Other events of the same request", "begins", &app.client]);
    let page = house.browser().get(&path(made(Kind::Intent))).await;
    has(&page, &["was about to call CreateUserPoolClient on test"]);
    for nowhere in ["x/1", "3f2504e0-4f89-41d3-9a0c-0305e82c3301/1", &format!("{}/99999", refused.chain)] {
        let page = house.browser().get(&format!("/console/events/{nowhere}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{nowhere}");
    }
}

#[tokio::test]
async fn sec_109_no_secret_is_in_the_events() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    house.user(&app.pool, "ada@example.com").await;
    house.engine.audit.flush().await;
    let secret = app.secret.as_deref().unwrap();
    for listed in trail(&house).await {
        let page = house.browser().get(&format!("/console/events/{}/{}", listed.chain, listed.seq)).await;
        assert!(!page.text.contains(secret) && !page.text.contains(PASSWORD), "{}", page.text);
    }
}

#[tokio::test]
async fn coverage_names_every_operation() {
    let house = House::start().await;
    let page = house.browser().get("/console/coverage").await;
    let built = poolhouse_engine::ops::built();
    has(&page, &[&format!("{} of the {} operations", built.len(), OPERATIONS.len())]);
    for operation in OPERATIONS {
        assert!(page.text.contains(&format!("<bdi>{}</bdi>", operation.name)), "{}", operation.name);
    }
    let refused = house.browser().get("/console/coverage?show=refused").await;
    assert!(!refused.text.contains("<bdi>CreateUserPool</bdi>") && refused.text.contains("<bdi>AdminGetDevice</bdi>"));
    assert!(page.text.len() < 50_000, "{} bytes", page.text.len());
}

both! {
    async fn signing_keys_are_shown_and_rotated(house: House) {
        let pool = house.pool(json!({})).await;
        let path = format!("/console/pools/{pool}/keys");
        let kids = async || {
            let jwks = house.get(&format!("/{pool}/.well-known/jwks.json")).await.json();
            let keys = jwks["keys"].as_array().unwrap().clone();
            keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let mut browser = house.browser();
        let before = kids().await;
        let page = browser.get(&path).await;
        has(&page, &["ID tokens", "access tokens", "signs, since", &before[0], &before[1]]);

        let ask = browser.get(&link(&page, "Rotate signing keys")).await;
        let forged = house.browser().post(&format!("{path}/rotate"), &[("when", "now")]).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN);
        let unsaid = submit(&mut browser, &ask, "rotate", &[("when", "later")]).await;
        assert_eq!(unsaid.status, StatusCode::BAD_REQUEST);
        assert_eq!(kids().await, before, "nothing changed");

        let page = send(&mut browser, &ask, "rotate", &[]).await;
        has(&page, &["New keys are published. They sign from", "published, signs from", "in 1 day"]);
        assert_eq!(kids().await.len(), 4);
        let again = send(&mut browser, &ask, "rotate", &[]).await;
        has(&again, &["Nothing was changed: a rotation is under way already"]);
        let page = send(&mut browser, &ask, "rotate", &[("when", "now")]).await;
        has(&page, &["New keys are published and sign from now on.", "retired, published until"]);
        assert_eq!(kids().await.len(), 4);
        let events = trail(&house).await;
        assert!(events.iter().any(|l| l.event.action == "RotateSigningKeys" && l.event.actor == "operator"));
        let unknown = browser.get("/console/pools/eu-central-1_Nothing00/keys").await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    }
}
