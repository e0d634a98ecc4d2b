//! Message templates: `console::messages`.

use http::StatusCode;
use serde_json::json;

use super::forms::{has, send, spoken, submit};
use crate::harness::House;

const HOSTILE: &str = "<script>alert(1)</script><b>Code {####}</b>";

#[tokio::test]
async fn a_template_is_drawn_as_the_engine_sends_it() {
    let house = House::start().await;
    let invitation = json!({ "EmailMessage": "Hello <b>{username}</b>, {####}", "EmailSubject": "Welcome {username}" });
    let pool = house.pool(json!({ "AdminCreateUserConfig": { "InviteMessageTemplate": invitation } })).await;
    let mut browser = house.browser();
    let list = browser.get(&format!("/console/pools/{pool}/messages")).await;
    has(&list, &["Welcome {username}", "Your verification code", "Your verification link", "Invitation text message"]);

    let url = format!("/console/pools/{pool}/messages/invitation-email");
    let empty = browser.get(&url).await;
    has(&empty, &["the pool has no user yet", "18 of at most 140 characters", "31 of at most 20000 characters"]);
    house.user(&pool, "ada@example.com").await;
    let page = browser.get(&url).await;
    has(&page, &["Welcome ada@example.com", "Hello &lt;b&gt;ada@example.com&lt;/b&gt;", "aws cognito-idp update-user-pool"]);

    let done = send(&mut browser, &page, "test", &[("address", "ops@example.com")]).await;
    has(&done, &["A test message to ops@example.com is in the inbox."]);
    let message = house.latest("ops@example.com").await;
    assert_eq!(message["subject"], "Welcome ada@example.com");
    assert!(message["body"].as_str().unwrap().starts_with("Hello <b>ada@example.com</b>, "), "{message}");
    let events = browser.get("/console/events?action=SendTestMessage").await;
    has(&events, &["<bdi>SendTestMessage</bdi>"]);
}

#[tokio::test]
async fn what_cannot_be_drawn_or_sent_is_said() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let mut browser = house.browser();
    let url = format!("/console/pools/{pool}/messages/code-email");
    let page = browser.get(&format!("{url}?user=nobody")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    has(&page, &["User does not exist.", "value=\"nobody\""]);
    let page = browser.get(&url).await;
    for address in ["nobody", "a@b.c\r\nBcc: x@y.z", "@"] {
        let refused = submit(&mut browser, &page, "test", &[("address", address)]).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(spoken(&refused).contains("Enter an email address."), "{address}");
    }
    assert_eq!(browser.post(&format!("{url}/test"), &[("address", "a@example.com")]).await.status, StatusCode::FORBIDDEN);
    let sms = browser.get(&format!("/console/pools/{pool}/messages/code-sms")).await;
    has(&sms, &["of at most 140 characters", "Your verification code is 123456."]);
    let refused = submit(&mut browser, &sms, "test", &[("address", "a@example.com")]).await;
    has(&refused, &["Enter a phone number"]);
    assert_eq!(house.get("/_poolhouse/messages").await.json(), json!({ "messages": [] }), "nothing was sent");
    for nothing in ["nonsense", "code-sms/html"] {
        let page = browser.get(&format!("/console/pools/{pool}/messages/{nothing}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{nothing}");
    }
    let page = browser.get(&format!("/console/pools/{pool}/messages/link-email")).await;
    has(&page, &["this message is not sent", "/confirmUser?client_id="]);
}

/// A form that sends to any address would make the server a cannon.
#[tokio::test]
async fn sec_140_test_messages_are_counted_by_address_and_by_pool() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("/console/pools/{pool}/messages/code-email")).await;
    let mut sent = 0;
    for (address, most) in [("victim@example.com", 20), ("other@example.com", 9)] {
        for _ in 0..most {
            let done = submit(&mut browser, &page, "test", &[("address", address)]).await;
            assert_eq!(done.status, StatusCode::FOUND, "{address}: {sent}");
            sent += 1;
        }
        let victims = submit(&mut browser, &page, "test", &[("address", "victim@example.com")]).await;
        assert_eq!(victims.status, StatusCode::BAD_REQUEST);
        has(&victims, &["Attempt limit exceeded, please try after some time."]);
    }
    let spent = submit(&mut browser, &page, "test", &[("address", "third@example.com")]).await;
    assert_eq!(spent.status, StatusCode::BAD_REQUEST, "the pool's own are spent");
    let third = house.get("/_poolhouse/messages?address=third@example.com").await;
    assert_eq!(third.json(), json!({ "messages": [] }));
}

#[tokio::test]
async fn sec_056_the_html_of_a_template_runs_nowhere() {
    let house = House::start().await;
    let template = json!({ "EmailMessage": HOSTILE, "EmailSubject": "<script>alert(2)</script>" });
    let pool = house.pool(json!({ "VerificationMessageTemplate": template })).await;
    let mut browser = house.browser();
    for rest in ["/messages", "/messages/code-email"] {
        let page = browser.get(&format!("/console/pools/{pool}{rest}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text.contains("<script>alert") && page.text.contains("&lt;script&gt;alert"), "{rest}: {}", page.text);
    }
    let drawn = browser.get(&format!("/console/pools/{pool}/messages/code-email/html")).await;
    assert!(drawn.text.contains("<b>Code 123456</b>"), "{}", drawn.text);
    let policy = drawn.headers["content-security-policy"].to_str().unwrap();
    let parts: Vec<&str> = policy.split(';').map(str::trim).collect();
    for part in ["sandbox", "default-src 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
        assert!(parts.contains(&part), "{part}: {policy}");
    }
    assert!(!policy.contains("script-src") && !policy.contains("allow-"), "{policy}");
}
