//! The browser's session: new at every sign-in, gone after signing out, nobody's when malformed.

use http::Method;

use super::world::{Browser, MAIL, PASSWORD, World};

#[tokio::test]
async fn sec_052_a_session_planted_before_signing_in_is_not_kept() {
    let world = World::new().await;
    world.user(MAIL).await;
    world.user("eve@example.com").await;
    let mut eve = world.browser();
    eve.sign_in("eve@example.com", PASSWORD).await.arrives();
    let planted = eve.cookies["cognito"].clone();

    let mut victim = world.browser();
    victim.cookies.insert("cognito".to_owned(), planted.clone());
    let page = victim.get(&format!("{}&prompt=login", world.url("/login"))).await;
    victim.submit(&page, &[("username", MAIL), ("password", PASSWORD)]).await.arrives();
    assert_ne!(victim.cookies["cognito"], planted);
    // The planted session is over, and never became the victim's.
    eve.get(&world.url("/login")).await.is("Sign in");
}

#[tokio::test]
async fn sec_052_a_form_token_of_before_is_void_after_signing_in() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let before = browser.login().await;
    let old_token = browser.cookies["XSRF-TOKEN"].clone();
    browser.submit(&before, &[("username", MAIL), ("password", PASSWORD)]).await.arrives();
    browser.cookies.insert("XSRF-TOKEN".to_owned(), old_token.clone());
    let answer = browser.submit(&before, &[("username", MAIL), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 403);
    let page = browser.get(&format!("{}&prompt=login", world.url("/login"))).await;
    assert_ne!(page.csrf(), old_token);
}

#[tokio::test]
async fn sec_054_malformed_cookies_are_nobody() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    browser.sign_in(MAIL, PASSWORD).await.arrives();
    let good = browser.cookies["cognito"].clone();
    let long = "x".repeat(4000);
    let twice = format!("{good}; cognito={good}");
    for bad in [
        "",
        "x",
        "null",
        "\"\"",
        "%00",
        "a b",
        "../../x",
        "é",
        &long,
        &twice,
        &good[1..],
        &format!("{good}x"),
        &good.to_uppercase(),
    ] {
        let mut browser = Browser { cookies: Default::default(), ..browser.clone() };
        let line = format!("cognito={bad}");
        let page = browser.send(Method::GET, &world.url("/login"), &[("cookie", &line)], None).await;
        page.is("Sign in");
        let line = format!("{line}; XSRF-TOKEN={bad}");
        let answer = browser
            .send(Method::POST, &world.url("/login"), &[("cookie", &line)], Some(format!("_csrf={}", bad.replace("%00", "x"))))
            .await;
        assert_eq!(answer.status, 403, "{bad}");
    }
}

#[tokio::test]
async fn sec_068_after_signing_out_the_old_cookie_and_the_back_button_show_nothing() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let page = browser.login().await;
    assert!(page.headers["cache-control"].to_str().unwrap().contains("no-store"));
    browser.submit(&page, &[("username", MAIL), ("password", PASSWORD)]).await.arrives();
    let old = browser.clone();
    let out = browser.get(&format!("/logout?client_id={}&logout_uri=https%3A%2F%2Fapp.example.com%2Fout", world.client)).await;
    assert_eq!(out.location(), Some("https://app.example.com/out"));
    assert!(!browser.cookies.contains_key("cognito"));
    for mut browser in [browser, old] {
        browser.get(&world.url("/login")).await.is("Sign in");
    }
}

#[tokio::test]
async fn sec_070_two_tabs_keep_their_own_apps() {
    let world = World::new().await;
    let callback = "https://other.example.com/cb";
    let other = world.make_client(serde_json::json!({ "CallbackURLs": [callback] })).await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let shop = browser.login().await;
    let news = browser.get(&format!("/login?client_id={other}&response_type=code&state=news")).await;
    news.is("Sign in");
    assert_eq!(shop.csrf(), news.csrf(), "the second tab must not void the first");
    let mut second = browser.clone();
    browser.submit(&shop, &[("username", MAIL), ("password", PASSWORD)]).await.arrives();
    let arrived = second.submit(&news, &[("username", MAIL), ("password", PASSWORD)]).await;
    let to = arrived.location().unwrap();
    assert!(to.starts_with("https://other.example.com/cb?code=") && to.contains("state=news"), "{to}");
}

#[tokio::test]
async fn sec_070_two_tabs_keep_their_own_users() {
    let world = World::new().await;
    for name in ["one@example.com", "two@example.com"] {
        world.user(name).await;
    }
    let mut browser = world.browser();
    let mut tabs = Vec::new();
    for name in ["one@example.com", "two@example.com"] {
        let page = browser.get(&world.url("/forgotPassword")).await;
        tabs.push(browser.submit(&page, &[("username", name)]).await);
    }
    for (tab, name) in tabs.iter().zip(["one@example.com", "two@example.com"]) {
        tab.is("Reset password");
        assert_eq!(tab.value("username"), name);
    }
    // The first tab finishes with its own code although the second was opened later.
    let code = world.code("one@example.com").await;
    let done = browser.submit(&tabs[0], &[("code", &code), ("password", "Changed-2!"), ("confirmPassword", "Changed-2!")]).await;
    done.is("Sign in");
    browser.submit(&done, &[("username", "one@example.com"), ("password", "Changed-2!")]).await.arrives();
    world.browser().sign_in("two@example.com", PASSWORD).await.arrives();
}
