//! Messages: what users put into them, and how many they can cause. Checklist 140.
use serde_json::{Value, json};

use super::{HOUR_MS, admin, by_name, confirmed, list, named_app, token};
use crate::harness::{House, PASSWORD};

const PAYLOADS: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"><img/src=x/onerror=alert(1)>",
    "{####}",
    "{username}",
    "a&b<c>'d\"",
    "{##Click##}",
    "https://evil.example/?x=1",
];

#[tokio::test]
async fn sec_140_what_a_user_is_called_stays_text_in_a_message() {
    let house = House::start().await;
    let template = json!({ "EmailMessage": "<p>Hello {username}, {####}</p>", "EmailSubject": "For {username}" });
    let app = by_name(&house, json!({ "AdminCreateUserConfig": { "InviteMessageTemplate": template } })).await;
    for (n, payload) in PAYLOADS.iter().enumerate() {
        let email = format!("u{n}@example.com");
        let more = json!({ "UserAttributes": list(&[("email", &email)]), "DesiredDeliveryMediums": ["EMAIL"], "TemporaryPassword": PASSWORD });
        admin(&house, &app, "AdminCreateUser", payload, more).await;
        let mail = house.latest(&email).await;
        let (subject, body) = (mail["subject"].as_str().unwrap(), mail["body"].as_str().unwrap());
        let escaped =
            payload.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;");
        assert_eq!(body, format!("<p>Hello {escaped}, {PASSWORD}</p>"), "{payload}");
        assert_eq!(subject, format!("For {payload}"));
    }
    for payload in ["x\r\nBcc: victim@example.com", "x\nSubject: y", "x\u{0}", "x\u{2028}y"] {
        let input = json!({ "UserPoolId": app.pool, "Username": payload, "MessageAction": "SUPPRESS" });
        assert_eq!(house.api("AdminCreateUser", input).await.status, 400, "{payload:?}");
    }
}

#[tokio::test]
async fn sec_140_an_address_is_one_address() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    let hostile = [
        "a@example.com\r\nBcc: v@example.com",
        "a@example.com\nb",
        "a@example.com,v@example.com",
        "a@example.com;v@example.com",
        "<a@example.com>",
        "Ann <a@example.com>",
        "a b@example.com",
        "a@exa mple.com",
        "a@example.com ",
        "\"a\"@example.com",
        "a@b@example.com",
        "a@[127.0.0.1]",
        "a@example",
        "@example.com",
        "a@",
        "a\u{200b}@example.com",
    ];
    for (n, address) in hostile.iter().enumerate() {
        let attributes = list(&[("email", address)]);
        let input =
            json!({ "ClientId": app.client, "Username": format!("u{n}"), "Password": PASSWORD, "UserAttributes": attributes });
        let reply = house.api("SignUp", input).await;
        assert_eq!((reply.status.as_u16(), reply.error().0.as_str()), (400, "InvalidParameterException"), "{address:?}");
    }
    let nul = json!({ "ClientId": app.client, "Username": "nul", "Password": PASSWORD, "UserAttributes": list(&[("email", "a\u{0}@example.com")]) });
    assert_eq!(house.refused("SignUp", nul).await.0, "SerializationException");
    for phone in ["15550100", "+1 555 0100", "+1555x", "+", "+1555010012345678", "+15550100;+15550101"] {
        let attributes = list(&[("phone_number", phone)]);
        let input = json!({ "ClientId": app.client, "Username": "p", "Password": PASSWORD, "UserAttributes": attributes });
        assert_eq!(house.refused("SignUp", input).await.0, "InvalidParameterException", "{phone:?}");
    }
}

#[tokio::test]
async fn sec_140_links_lead_to_the_configured_host_whatever_the_request_says() {
    let house = House::start().await;
    let verify = json!({ "VerificationMessageTemplate": { "DefaultEmailOption": "CONFIRM_WITH_LINK" } });
    let app = by_name(&house, verify).await;
    let name = "a&user_name=victim#\"><b>";
    let attributes = list(&[("email", "ann@example.com")]);
    let input = json!({ "ClientId": app.client, "Username": name, "Password": PASSWORD, "UserAttributes": attributes });
    let target = "AWSCognitoIdentityProviderService.SignUp";
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
    ];
    let reply = house.send("POST", "/", &headers, &input.to_string()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let mail = house.latest("ann@example.com").await;
    let link = mail["link"].as_str().unwrap();
    assert!(
        link.starts_with(&format!(
            "{}/confirmUser?client_id={}&user_name=a%26user_name%3Dvictim%23",
            house.public_url, app.client
        )),
        "{link}"
    );
    assert!(!mail["body"].as_str().unwrap().contains("evil.example"), "{mail}");
    assert_eq!(mail["body"].as_str().unwrap().matches("<").count(), 2, "one link and its end: {mail}");
}

/// Messages that came to the address.
async fn received(house: &House, address: &str) -> usize {
    let all = house.get(&format!("/_poolhouse/messages?address={}", address.replace('@', "%40"))).await.json();
    all["messages"].as_array().unwrap().len()
}

#[tokio::test]
async fn sec_140_many_accounts_flood_no_address() {
    let house = House::start().await;
    let victim = "victim@example.com";
    let app = named_app(&house, json!({}), json!({})).await;
    let sign_up = |n: usize| json!({ "ClientId": app.client, "Username": format!("u{n}"), "Password": PASSWORD, "UserAttributes": list(&[("email", victim)]) });
    let mut limited = 0;
    for n in 0..40 {
        let reply = house.api("SignUp", sign_up(n)).await;
        if reply.status != 200 {
            assert_eq!(reply.error().0, "LimitExceededException");
            limited += 1;
        }
        // Who is hidden stays so: nothing is told.
        house.ok("ResendConfirmationCode", json!({ "ClientId": app.client, "Username": format!("u{n}") })).await;
    }
    assert!(limited > 0);
    assert!(received(&house, victim).await <= 20);
    // Other addresses are not held up, and this one only for an hour.
    super::sign_up(&house, &app, "other", "other@example.com").await;
    house.clock.advance_ms(HOUR_MS);
    super::sign_up(&house, &app, "later", victim).await;
}

#[tokio::test]
async fn sec_140_one_account_sends_few_messages_by_changing_its_address() {
    let house = House::start().await;
    let app = by_name(&house, json!({ "AutoVerifiedAttributes": ["email", "phone_number"] })).await;
    confirmed_by_mail(&house, &app).await;
    let access = token(&house, &app, "ann", PASSWORD).await;
    let change = |name: &str, value: String| json!({ "AccessToken": access, "UserAttributes": list(&[(name, &value)]) });
    let mut sent = 0;
    let mut last: Value = Value::Null;
    for n in 0..30 {
        let reply = house.api("UpdateUserAttributes", change("phone_number", format!("+1555010{n:02}"))).await;
        sent += usize::from(reply.status == 200);
        last = reply.json();
    }
    assert_eq!(sent, 10);
    assert_eq!(last["__type"], "TooManyRequestsException");
    // What sends nothing is not held up.
    house.ok("UpdateUserAttributes", change("nickname", "Nan".to_owned())).await;
    house.clock.advance_ms(HOUR_MS - 60_000);
    assert_ne!(house.api("UpdateUserAttributes", change("email", "n@example.com".to_owned())).await.status, 200);
}

async fn confirmed_by_mail(house: &House, app: &crate::harness::App) {
    confirmed(house, app, "ann", "ann@example.com").await;
}
