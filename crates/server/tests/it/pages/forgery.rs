//! Posts that no form of ours made change nothing (checklist 51), and what the cookies look like.

use http::{Method, StatusCode};

use super::world::{Browser, HOST, MAIL, PASSWORD, World, encode};

const POSTS: [&str; 9] = [
    "/login",
    "/oauth2/login",
    "/changePassword",
    "/signup",
    "/confirm",
    "/resendcode",
    "/forgotPassword",
    "/confirmforgotPassword",
    "/confirmForgotPassword",
];
const OURS: [(&str, &str); 2] = [("origin", "null"), ("sec-fetch-site", "same-origin")];

/// Fields that would do something on every page.
fn fields(token: &str) -> Vec<(&str, &str)> {
    vec![
        ("_csrf", token),
        ("username", MAIL),
        ("password", PASSWORD),
        ("confirmPassword", PASSWORD),
        ("new_password", PASSWORD),
        ("confirm_password", PASSWORD),
        ("code", "123456"),
    ]
}

#[tokio::test]
async fn sec_051_every_post_needs_the_visitors_own_token() {
    let world = World::new().await;
    let stranger = world.browser().login().await.csrf();
    for path in POSTS {
        let mut browser = world.browser();
        let own = browser.login().await.csrf();
        let without_cookie = Browser { cookies: Default::default(), ..browser.clone() };
        let wrong = [
            (browser.clone(), ""),
            (browser.clone(), "3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
            (browser.clone(), stranger.as_str()),
            (without_cookie, own.as_str()),
        ];
        for (mut browser, token) in wrong {
            let answer = browser.send(Method::POST, &world.url(path), &OURS, Some(encode(&fields(token)))).await;
            assert_eq!((answer.status, answer.location()), (StatusCode::FORBIDDEN, None), "{path} {token:?}");
            assert!(answer.link("Open the page again").unwrap().starts_with('/'), "{}", answer.body);
            assert!(!browser.cookies.contains_key("cognito"));
        }
    }
    assert_eq!(world.status_of(MAIL).await, None, "nobody has been signed up");
    assert!(world.messages(MAIL).await.is_empty());
}

#[tokio::test]
async fn sec_051_a_token_in_another_sites_hands_is_no_use() {
    let world = World::new().await;
    let own = format!("https://{HOST}");
    let same_name_unencrypted = format!("http://{HOST}");
    let foreign: &[&[(&str, &str)]] = &[
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", &same_name_unencrypted)],
        &[("origin", "https://auth.eu-central-1.localhost:9443")],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ];
    let honest: &[&[(&str, &str)]] = &[&[], &OURS, &[("origin", &own)], &[("origin", &own), ("sec-fetch-site", "same-origin")]];
    for path in POSTS {
        let mut browser = world.browser();
        let token = browser.login().await.csrf();
        for headers in foreign {
            let answer = browser.send(Method::POST, &world.url(path), headers, Some(encode(&fields(&token)))).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
    assert_eq!(world.status_of(MAIL).await, None);
    world.user(MAIL).await;
    for headers in honest {
        let mut browser = world.browser();
        let token = browser.login().await.csrf();
        browser.send(Method::POST, &world.url("/login"), headers, Some(encode(&fields(&token)))).await.arrives();
    }
}

#[tokio::test]
async fn sec_051_only_forms_are_read() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let token = browser.login().await.csrf();
    let form = encode(&fields(&token));
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
        // The form's own Content-Type comes second, and two are none.
        let headers = [("content-type", kind), ("sec-fetch-site", "same-origin")];
        let answer = browser.send(Method::POST, &world.url("/login"), &headers, None).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{kind}");
    }
    let twice = format!("{form}&username=bob%40example.com");
    let answer = browser.send(Method::POST, &world.url("/login"), &OURS, Some(twice)).await;
    assert!(answer.location().unwrap().starts_with("/error?error=invalid_request"), "{:?}", answer.location());
    let many = format!("{form}{}", "&x=y".repeat(100));
    let answer = browser.send(Method::POST, &world.url("/login"), &OURS, Some(many)).await;
    assert!(answer.location().unwrap().starts_with("/error?"), "{:?}", answer.location());
    let large = format!("{form}&x={}", "y".repeat(100 * 1024));
    let answer = browser.send(Method::POST, &world.url("/login"), &OURS, Some(large)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(!browser.cookies.contains_key("cognito"));
}

#[tokio::test]
async fn sec_053_cookies_carry_every_attribute() {
    let world = World::new().await;
    world.user(MAIL).await;
    for (tls, secure) in [(true, true), (false, false)] {
        let mut browser = Browser { tls, ..world.browser() };
        let page = browser.login().await;
        let arrived = browser.submit(&page, &[("username", MAIL), ("password", PASSWORD)]).await;
        let token = page.cookies().into_iter().find(|c| c.starts_with("XSRF-TOKEN=")).unwrap();
        let session = arrived.cookies().into_iter().find(|c| c.starts_with("cognito=")).unwrap();
        for cookie in [token, session] {
            let parts: Vec<&str> = cookie.split("; ").collect();
            for part in ["Path=/", "HttpOnly", "SameSite=Lax"] {
                assert!(parts.contains(&part), "{cookie}");
            }
            assert_eq!(parts.contains(&"Secure"), secure, "{cookie}");
            assert!(!cookie.contains("Domain="), "{cookie}");
        }
        // Scripts written for Cognito take a UUID from either place.
        assert_eq!(browser.cookies["XSRF-TOKEN"], page.csrf());
        assert_eq!(page.csrf().len(), 36);
    }
}

#[tokio::test]
async fn an_old_page_leads_back_to_a_new_one() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let old = browser.login().await;
    browser.cookies.clear();
    let refused = browser.submit(&old, &[("username", MAIL), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let back = refused.link("Open the page again").unwrap();
    assert_eq!(back, world.url("/login"));
    let page = browser.get(&back).await;
    browser.submit(&page, &[("username", MAIL), ("password", PASSWORD)]).await.arrives();
}
