//! `/signup`, `/confirm`, `/resendcode` and `/confirmUser`.

use http::{Method, StatusCode};
use serde_json::json;

use super::world::{Browser, MAIL, PASSWORD, Page, World};

async fn signed_up<'a>(world: &'a World, mail: &str) -> (Browser<'a>, Page) {
    let mut browser = world.browser();
    let page = browser.get(&world.url("/signup")).await;
    page.is("Sign up");
    let page = browser.submit(&page, &[("username", mail), ("password", PASSWORD)]).await;
    page.is("Confirm account");
    (browser, page)
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn a_new_user_signs_up_confirms_and_signs_in() {
    let world = World::new().await;
    let (mut browser, page) = signed_up(&world, MAIL).await;
    assert!(page.at.starts_with("/confirm?"));
    page.says("We sent a code by email to <bdi class=\"strong\">a***@e***</bdi>");
    assert_eq!(page.value("username"), MAIL);
    assert_eq!(world.status_of(MAIL).await.as_deref(), Some("UNCONFIRMED"));
    let code = world.code(MAIL).await;
    let refused = browser.submit(&page, &[("code", &wrong(&code))]).await;
    refused.complains("Confirm account", "Invalid verification code provided, please try again.");
    let page = browser.submit(&refused, &[("code", &code)]).await;
    page.is("Sign in");
    page.says("Your account is confirmed.");
    assert_eq!(page.value("username"), MAIL);
    assert!(!browser.cookies.contains_key("cognito"), "a code is no password");
    browser.submit(&page, &[("username", MAIL), ("password", PASSWORD)]).await.arrives();
}

#[tokio::test]
async fn the_form_says_what_is_wrong_and_keeps_what_is_right() {
    let schema = json!([{ "Name": "email", "Required": true }, { "Name": "given_name", "Required": true }]);
    let world = World::with(json!({ "Schema": schema }), json!({})).await;
    world.user_with(MAIL, "given_name").await;
    let mut browser = world.browser();
    let mut page = browser.get(&world.url("/signup")).await;
    assert!(page.body.contains("requiredAttributes[given_name]") && !page.body.contains("requiredAttributes[email]"));
    let long = "x".repeat(2049);
    for (name, given, password, said) in [
        ("new@example.com", "Grace", "short", "Password did not conform with policy: Password not long enough"),
        ("new@example.com", "Grace", "", "Enter a password."),
        ("no address", "Grace", PASSWORD, "Some fields need another look."),
        ("new@example.com", "", PASSWORD, "Some fields need another look."),
        ("new@example.com", long.as_str(), PASSWORD, "Some fields need another look."),
        (MAIL, "Grace", PASSWORD, "already exists"),
        ("no-address", "Grace", PASSWORD, "email"),
    ] {
        page =
            browser.submit(&page, &[("username", name), ("requiredAttributes[given_name]", given), ("password", password)]).await;
        page.complains("Sign up", said);
        assert_eq!((page.value("username").as_str(), page.value("requiredAttributes[given_name]").as_str()), (name, given));
        assert!(password.is_empty() || !page.body.contains(password));
    }
    assert_eq!(world.status_of("new@example.com").await, None);
    let fields = [("username", "new@example.com"), ("requiredAttributes[given_name]", "Grace"), ("password", PASSWORD)];
    browser.submit(&page, &fields).await.is("Confirm account");
}

#[tokio::test]
async fn pools_of_user_names_ask_where_the_code_goes() {
    let world = World::with(json!({ "UsernameAttributes": null }), json!({})).await;
    let mut browser = world.browser();
    let page = browser.get(&world.url("/signup")).await;
    let fields = [("username", "ada"), ("requiredAttributes[email]", MAIL), ("password", PASSWORD)];
    let page = browser.submit(&page, &fields).await;
    page.is("Confirm account");
    let code = world.code(MAIL).await;
    browser.submit(&page, &[("code", &code)]).await.is("Sign in");
    world.browser().sign_in("ada", PASSWORD).await.arrives();
}

#[tokio::test]
async fn sec_083_a_new_code_voids_the_old_one() {
    let world = World::new().await;
    let (mut browser, page) = signed_up(&world, MAIL).await;
    let first = world.code(MAIL).await;
    world.pass(1000);
    let sent = browser.submit_to(&page, &page.resend_action(), &[("code", "")]).await;
    let page = browser.follow(sent).await;
    page.is("Confirm account");
    page.says("A new code is on its way.");
    let second = world.code(MAIL).await;
    assert_eq!(world.messages(MAIL).await.len(), 2);
    if first != second {
        browser.submit(&page, &[("code", &first)]).await.complains("Confirm account", "Invalid");
    }
    browser.submit(&page, &[("code", &second)]).await.is("Sign in");
}

#[tokio::test]
async fn whoever_comes_back_later_types_the_name() {
    let world = World::new().await;
    let (_, _) = signed_up(&world, MAIL).await;
    let code = world.code(MAIL).await;
    let mut browser = world.browser();
    let page = browser.get(&world.url("/confirm")).await;
    page.is("Confirm account");
    assert!(!page.body.contains(" readonly"));
    browser.submit(&page, &[("username", MAIL), ("code", &code)]).await.is("Sign in");
}

#[tokio::test]
async fn an_unconfirmed_user_is_led_to_confirm() {
    let world = World::new().await;
    signed_up(&world, MAIL).await;
    let mut browser = world.browser();
    let page = browser.sign_in(MAIL, PASSWORD).await;
    page.is("Confirm account");
    page.says("Your account is not confirmed yet.");
    world.pass(1000);
    let sent = browser.submit_to(&page, &page.resend_action(), &[("code", "")]).await;
    let page = browser.follow(sent).await;
    let code = world.code(MAIL).await;
    browser.submit(&page, &[("code", &code)]).await.is("Sign in");
}

#[tokio::test]
async fn resending_too_often_is_told() {
    let world = World::new().await;
    let (mut browser, mut page) = signed_up(&world, MAIL).await;
    for _ in 0..5 {
        let sent = browser.submit_to(&page, &page.resend_action(), &[("code", "")]).await;
        page = browser.follow(sent).await;
    }
    let sent = browser.submit_to(&page, &page.resend_action(), &[("code", "")]).await;
    sent.complains("Confirm account", "Attempt limit exceeded, please try after some time.");
}

#[tokio::test]
async fn sec_094_where_only_administrators_make_users_there_is_no_way_round() {
    let world = World::with(json!({ "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true } }), json!({})).await;
    let mut browser = world.browser();
    let token = browser.login().await.csrf();
    let shown = browser.get(&world.url("/signup")).await;
    let posted = browser.post(&world.url("/signup"), &[("_csrf", &token), ("username", MAIL), ("password", PASSWORD)]).await;
    for answer in [shown, posted] {
        assert!(answer.location().unwrap().starts_with("/error?"), "{} {:?}", answer.status, answer.location());
    }
    assert_eq!(world.status_of(MAIL).await, None);
}

#[tokio::test]
async fn sec_101_a_form_cannot_bring_attributes_that_were_not_asked() {
    let schema = json!([{ "Name": "role", "AttributeDataType": "String", "Mutable": true }]);
    let world = World::with(json!({ "Schema": schema }), json!({})).await;
    let mut browser = world.browser();
    let page = browser.get(&world.url("/signup")).await;
    let fields = [
        ("username", MAIL),
        ("password", PASSWORD),
        ("requiredAttributes[custom:role]", "admin"),
        ("requiredAttributes[email_verified]", "true"),
        ("requiredAttributes[email]", "eve@example.com"),
    ];
    browser.submit(&page, &fields).await.is("Confirm account");
    let user = world.call("AdminGetUser", json!({ "UserPoolId": world.pool, "Username": MAIL })).await;
    let attributes = user["UserAttributes"].as_array().unwrap();
    assert!(attributes.contains(&json!({ "Name": "email", "Value": MAIL })), "{attributes:?}");
    assert!(
        !attributes.iter().any(|a| a["Name"] == "custom:role" || a == &json!({ "Name": "email_verified", "Value": "true" })),
        "{attributes:?}"
    );
}

async fn linked(mail: &str, client: serde_json::Value) -> (World, String) {
    let template = json!({ "DefaultEmailOption": "CONFIRM_WITH_LINK" });
    let world = World::with(json!({ "VerificationMessageTemplate": template }), client).await;
    signed_up(&world, mail).await;
    let link = world.messages(mail).await.first().and_then(|m| m.link.clone()).expect("a link");
    (world, link)
}

#[tokio::test]
async fn the_link_in_the_mail_confirms_once() {
    let (world, link) = linked(MAIL, json!({})).await;
    let at = link.strip_prefix("https://localhost:9443").unwrap_or_else(|| panic!("{link}"));
    let mut browser = Browser { host: super::world::OWN, ..world.browser() };
    let scanner = browser.send(Method::HEAD, at, &[], None).await;
    assert_eq!(scanner.status, StatusCode::OK);
    assert_eq!(world.status_of(MAIL).await.as_deref(), Some("UNCONFIRMED"));
    let page = browser.get(at).await;
    page.is("Account confirmed");
    assert_eq!(world.status_of(MAIL).await.as_deref(), Some("CONFIRMED"));
    let login = browser.get(&page.link("Sign in").unwrap()).await;
    login.is("Sign in");
    assert_eq!(browser.get(at).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_link_says_what_is_wrong_with_it() {
    let (world, link) = linked(MAIL, json!({ "CallbackURLs": [super::world::CALLBACK, "https://b.example.com/"] })).await;
    let mut browser = Browser { host: super::world::OWN, ..world.browser() };
    let at = link.strip_prefix("https://localhost:9443").unwrap();
    let code = at.split("confirmation_code=").nth(1).unwrap().split('&').next().unwrap();
    let page = browser.get(&at.replace(code, &wrong(code))).await;
    assert_eq!((page.status, page.heading()), (StatusCode::BAD_REQUEST, "This link does not work"));
    assert!(page.link("Sign in").is_none(), "no page to lead to: the client has two addresses");
    for broken in [
        "/confirmUser",
        "/confirmUser?client_id=x",
        &at.replace("user_name", "name"),
        &at.replace(&world.client, "aaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ] {
        let answer = browser.get(broken).await;
        assert!(answer.location().unwrap_or_default().contains("/error?"), "{broken} {}", answer.status);
    }
    assert_eq!(world.status_of(MAIL).await.as_deref(), Some("UNCONFIRMED"));
    browser.get(at).await.is("Account confirmed");
}
