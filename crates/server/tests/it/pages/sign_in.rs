//! `/login`: the way in, and the ways it says no.

use http::{Method, StatusCode};
use serde_json::json;

use super::world::{Browser, HOST, MAIL, OWN, PASSWORD, World};

#[tokio::test]
async fn a_password_leads_from_the_app_to_the_app() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let page = browser.login().await;
    assert_eq!(page.at, world.url("/login"), "the query must stay as it came");
    assert!(page.link("Forgot your password?").is_some() && page.link("Sign up").is_some());
    page.says("Sign in with your email and password");
    let page = browser.submit(&page, &[("username", MAIL), ("password", PASSWORD)]).await;
    assert_eq!(page.arrives().len(), 36);
    assert!(page.headers["cache-control"].to_str().unwrap().contains("no-store"));
}

#[tokio::test]
async fn a_name_is_trimmed_and_case_is_the_pools_business() {
    let world = World::with(json!({ "UsernameConfiguration": { "CaseSensitive": false } }), json!({})).await;
    world.user(MAIL).await;
    world.browser().sign_in("  Ada@Example.com ", PASSWORD).await.arrives();
}

#[tokio::test]
async fn the_old_address_for_posts_still_works() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let page = browser.login().await;
    let answer = browser.submit_to(&page, &world.url("/oauth2/login"), &[("username", MAIL), ("password", PASSWORD)]).await;
    answer.arrives();
}

#[tokio::test]
async fn sec_071_a_wrong_password_and_an_unknown_user_look_the_same() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut bodies = Vec::new();
    for name in [MAIL, "bob@example.com"] {
        let mut browser = world.browser();
        browser.cookies.insert("XSRF-TOKEN".to_owned(), world.browser().login().await.csrf());
        let page = browser.sign_in(name, "Wrong-pass1!").await;
        page.complains("Sign in", "Incorrect username or password.");
        assert_eq!(page.value("username"), name);
        assert!(!page.body.contains("Wrong-pass1!") && !browser.cookies.contains_key("cognito"));
        bodies.push(page.body.replace(name, "NAME").replace(&page.csrf(), "TOKEN"));
        // The same page still works.
        if name == MAIL {
            browser.submit(&page, &[("username", name), ("password", PASSWORD)]).await.arrives();
        }
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn nonsense_is_no_attempt() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.login().await;
    let long = "x".repeat(257);
    for (name, password) in [("", PASSWORD), (MAIL, ""), (MAIL, long.as_str()), (long.as_str(), PASSWORD), ("a b", PASSWORD)] {
        let page = browser.submit(&page, &[("username", name), ("password", password)]).await;
        page.complains("Sign in", "Incorrect username or password.");
    }
}

#[tokio::test]
async fn sec_075_the_back_off_is_told() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    for _ in 0..5 {
        browser.sign_in(MAIL, "Wrong-pass1!").await;
    }
    browser.sign_in(MAIL, PASSWORD).await.complains("Sign in", "Password attempts exceeded");
    world.pass(16 * 60 * 1000);
    browser.sign_in(MAIL, PASSWORD).await.arrives();
}

#[tokio::test]
async fn a_disabled_user_is_told_after_the_right_password_only() {
    let world = World::new().await;
    world.user(MAIL).await;
    world.call("AdminDisableUser", json!({ "UserPoolId": world.pool, "Username": MAIL })).await;
    let mut browser = world.browser();
    browser.sign_in(MAIL, "Wrong-pass1!").await.complains("Sign in", "Incorrect username or password.");
    browser.sign_in(MAIL, PASSWORD).await.complains("Sign in", "User is disabled.");
    assert!(!browser.cookies.contains_key("cognito"));
}

#[tokio::test]
async fn a_session_answers_without_a_page_unless_it_may_not() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    browser.sign_in(MAIL, PASSWORD).await.arrives();
    for path in ["/oauth2/authorize", "/login"] {
        browser.get(&world.url(path)).await.arrives();
    }
    browser.get(&format!("{}&prompt=none", world.url("/login"))).await.arrives();
    browser.get(&format!("{}&prompt=login", world.url("/login"))).await.is("Sign in");
    world.pass(10_000);
    browser.get(&format!("{}&max_age=60", world.url("/login"))).await.arrives();
    browser.get(&format!("{}&max_age=5", world.url("/login"))).await.is("Sign in");
    world.pass(3_600_000);
    browser.get(&world.url("/login")).await.is("Sign in");
}

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let world = World::new().await;
    let mut browser = world.browser();
    for path in ["/login", "/oauth2/authorize"] {
        let answer = browser.get(&format!("{}&prompt=none", world.url(path))).await;
        let to = answer.location().unwrap();
        assert!(
            to.starts_with("https://app.example.com/callback?") && to.contains("error=login_required") && to.contains("state="),
            "{to}"
        );
    }
}

#[tokio::test]
async fn a_login_hint_is_filled_in_and_escaped() {
    let world = World::new().await;
    let page =
        world.browser().get(&format!("{}&login_hint=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E", world.url("/login"))).await;
    page.is("Sign in");
    assert_eq!(page.value("username"), "\"><script>alert(1)</script>");
    // sec_056
    assert!(!page.body.contains("<script>alert"));
}

#[tokio::test]
async fn users_are_called_what_the_pool_calls_them() {
    for (pool, label) in [
        (json!({ "UsernameAttributes": null, "AliasAttributes": null }), "username"),
        (json!({ "UsernameAttributes": null, "AliasAttributes": ["email"] }), "username or email"),
        (json!({ "UsernameAttributes": ["phone_number"] }), "phone number"),
        (json!({ "UsernameAttributes": ["email", "phone_number"] }), "email or phone number"),
    ] {
        let world = World::with(pool, json!({})).await;
        world.browser().login().await.says(&format!("Sign in with your {label} and password"));
    }
}

#[tokio::test]
async fn where_nobody_may_help_themselves_nothing_offers_it() {
    let pool = json!({
        "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true },
        "AccountRecoverySetting": { "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] },
    });
    let world = World::with(pool, json!({})).await;
    let page = world.browser().login().await;
    assert!(page.link("Forgot your password?").is_none() && page.link("Sign up").is_none());
}

#[tokio::test]
async fn every_address_of_a_pool_serves_its_pages() {
    let world = World::new().await;
    world.user(MAIL).await;
    for (host, base) in [(HOST, ""), (OWN, ""), (OWN, "/_domain/demo")] {
        let mut browser = Browser { host, ..world.browser() };
        let page = browser.get(&format!("{base}{}", world.url("/oauth2/authorize"))).await;
        let page = browser.follow(page).await;
        page.is("Sign in");
        assert!(page.action().starts_with(&format!("{base}/login?")), "{}", page.action());
        assert!(page.link("Sign up").unwrap().starts_with(&format!("{base}/signup?")));
        browser.submit(&page, &[("username", MAIL), ("password", PASSWORD)]).await.arrives();
    }
}

#[tokio::test]
async fn sec_108_another_pools_client_does_not_exist_here() {
    let world = World::new().await;
    let other = world.call("CreateUserPool", json!({ "PoolName": "other" })).await["UserPool"]["Id"].as_str().unwrap().to_owned();
    world.call("CreateUserPoolDomain", json!({ "UserPoolId": other, "Domain": "other" })).await;
    let mut browser = Browser { host: "other.auth.eu-central-1.localhost:9443", ..world.browser() };
    let answer = browser.get(&world.url("/login")).await;
    assert!(answer.location().unwrap().starts_with("/error?error=invalid_client"), "{:?}", answer.location());
}

#[tokio::test]
async fn head_hands_out_nothing() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    browser.sign_in(MAIL, PASSWORD).await.arrives();
    for path in ["/login", "/signup", "/changePassword"] {
        let answer = browser.send(Method::HEAD, &world.url(path), &[], None).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::METHOD_NOT_ALLOWED, None), "{path}");
    }
}
