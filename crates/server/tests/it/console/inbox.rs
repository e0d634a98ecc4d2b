//! The inbox: `console::inbox`.

use http::StatusCode;
use serde_json::json;

use super::forms::{Form, has, link, send, spoken};
use crate::both;
use crate::harness::{House, Options, PASSWORD};

const INBOX: &str = "/console/inbox";

async fn sign_up(house: &House, client: &str, email: &str) {
    let attributes = json!([{ "Name": "email", "Value": email }]);
    let input = json!({ "ClientId": client, "Username": email, "Password": PASSWORD, "UserAttributes": attributes });
    house.ok("SignUp", input).await;
}

both! {
    async fn messages_are_listed_found_shown_and_deleted(house: House) {
        let empty = house.browser().get(INBOX).await;
        has(&empty, &["No messages yet", "Go to user pools", "/_poolhouse/messages/latest?address=ada%40example.com"]);
        let app = house.app().await;
        sign_up(&house, &app.client, "ada@example.com").await;
        house.clock.advance_ms(1000);
        let invited = json!({ "UserPoolId": app.pool, "Username": "bob@example.com", "TemporaryPassword": PASSWORD });
        house.ok("AdminCreateUser", invited).await;
        let code = house.code_for("ada@example.com").await;
        let mut browser = house.browser();
        let list = browser.get(INBOX).await;
        has(&list, &["2 messages", "ada@example.com", "bob@example.com", &format!("<code class=\"copy\">{code}</code>"), "Invitation"]);
        assert!(list.text.find("bob@").unwrap() < list.text.find("ada@").unwrap(), "newest first");
        for (query, ada, bob) in [
            ("address=ada%40example.com", true, false),
            ("kind=AdminCreateUser", false, true),
            ("text=VERIFICATION", true, false),
            ("text=bob%40example.com", false, true),
            ("address=ada%40example.com&kind=AdminCreateUser", false, false),
            ("text=%25", false, false),
            ("kind=%27", false, false),
            ("address=%00&before=x", true, true),
        ] {
            let page = browser.get(&format!("{INBOX}?{query}")).await;
            assert_eq!(page.status, StatusCode::OK, "{query}");
            let rows = page.text.split("<tbody>").nth(1).unwrap();
            let rows = rows.split("</tbody>").next().unwrap();
            assert_eq!((rows.contains("ada@"), rows.contains("bob@")), (ada, bob), "{query}");
        }

        let id = house.latest("ada@example.com").await["id"].as_str().unwrap().to_owned();
        let page = browser.get(&format!("{INBOX}/{id}")).await;
        let said = spoken(&page);
        for part in [code.as_str(), "Sign-up", &format!("wait=30&after={id}"), &app.pool] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(browser.get(&link(&page, "<bdi>ada@example.com</bdi>")).await.status, StatusCode::OK, "the user");
        let ask = browser.get(&link(&page, "Delete message")).await;
        has(&ask, &["There is no undo."]);
        let forged = house.browser().post(&format!("{INBOX}/{id}/delete"), &[]).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN);
        assert_eq!(browser.get(&format!("{INBOX}/{id}")).await.status, StatusCode::OK, "nothing was deleted");
        let left = send(&mut browser, &ask, "delete", &[]).await;
        has(&left, &["The message to ada@example.com was deleted.", "1 message", "bob@example.com"]);
        for gone in [id.as_str(), "none", "%00", "%27"] {
            for rest in ["", "/html", "/delete"] {
                let page = browser.get(&format!("{INBOX}/{gone}{rest}")).await;
                assert_eq!(page.status, StatusCode::NOT_FOUND, "{gone}{rest}");
            }
        }

        let forged = house.browser().post(&format!("{INBOX}/delete"), &[]).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN);
        let ask = browser.get(&link(&left, "Delete all messages")).await;
        has(&ask, &["1 message", "There is no undo."]);
        assert_eq!(Form::of(&ask, "delete").action, format!("{INBOX}/delete"));
        has(&send(&mut browser, &ask, "delete", &[]).await, &["1 message deleted.", "No messages yet"]);
        assert_eq!(house.get("/_poolhouse/messages").await.json(), json!({ "messages": [] }));
        house.engine.audit.flush().await;
        has(&browser.get("/console/events?action=DeleteMessages").await, &["<bdi>DeleteMessages</bdi>"]);
    }
}

#[tokio::test]
async fn sec_056_the_html_of_a_message_is_shown_apart() {
    let house = House::start().await;
    let template = json!({ "EmailMessage": "<p>Hello</p><script>alert(1)</script>{####}", "EmailSubject": "<b>Hi</b>" });
    let pool = house.pool(json!({ "VerificationMessageTemplate": template, "AutoVerifiedAttributes": ["email"] })).await;
    let (client, _) = house.client(&pool, json!({})).await;
    sign_up(&house, &client, "ada@example.com").await;
    let id = house.latest("ada@example.com").await["id"].as_str().unwrap().to_owned();
    let mut browser = house.browser();
    let list = browser.get(INBOX).await;
    let page = browser.get(&format!("{INBOX}/{id}")).await;
    let source = browser.get(&link(&page, "Show source")).await;
    has(&source, &["&lt;script&gt;alert(1)"]);
    for page in [&list, &page, &source] {
        assert!(!page.text.contains("<script>") && !page.text.contains("<b>Hi"), "{page:?}");
    }
    let html = browser.get(&link(&page, "Show as a mail program does")).await;
    assert!(html.text.starts_with("<p>Hello</p>"), "{html:?}");
    let policy = html.header("content-security-policy");
    assert!(policy.starts_with("sandbox; default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn the_older_addresses_lead_here_and_production_has_none() {
    let house = House::start().await;
    for (from, to) in [
        ("/_poolhouse/inbox", INBOX),
        ("/_poolhouse/inbox?to=ada%40example.com", "/console/inbox?address=ada%40example.com"),
        ("/_poolhouse/inbox/1-a%2F%2Fevil.example", "/console/inbox/1-a%2F%2Fevil.example"),
    ] {
        let reply = house.get(from).await;
        assert!(reply.status.is_redirection(), "{from}: {reply:?}");
        assert_eq!(reply.header("location"), to, "{from}");
    }
    let serve = House::with(Options::serve()).await;
    for path in [INBOX, "/console/inbox/1", "/console/inbox/delete"] {
        assert_eq!(serve.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
