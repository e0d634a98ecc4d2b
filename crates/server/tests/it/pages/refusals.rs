//! Requests that no page answers, and what every answer carries.

use http::StatusCode;

use super::world::{MAIL, PASSWORD, World};

const PAGES: [&str; 6] = ["/login", "/signup", "/confirm", "/forgotPassword", "/confirmforgotPassword", "/changePassword"];

#[tokio::test]
async fn sec_002_no_parameter_leads_away() {
    let world = World::new().await;
    let mut browser = world.browser();
    let token = browser.login().await.csrf();
    let (good, client) = (world.query(), &world.client);
    let queries = [
        String::new(),
        "response_type=code".to_owned(),
        format!("client_id={client}"),
        good.replace(client, "aaaaaaaaaaaaaaaaaaaaaaaaaa"),
        good.replace("app.example.com", "evil.example"),
        good.replace("app.example.com", "app.example.com.evil.example"),
        good.replace("app.example.com", "app.example.com%40evil.example"),
        good.replace("https%3A%2F%2F", "%2F%2F"),
        good.replace("https%3A", "javascript%3A"),
        good.replace("%2Fcallback", "%2Fcallback%2F..%2Fevil"),
        format!("{good}&redirect_uri=https%3A%2F%2Fevil.example"),
        format!("{good}&client_id=x"),
    ];
    for path in PAGES {
        for query in &queries {
            let at = format!("{path}?{query}");
            for answer in [
                browser.get(&at).await,
                browser.post(&at, &[("_csrf", &token), ("username", MAIL), ("password", PASSWORD)]).await,
            ] {
                let to = answer.location().unwrap_or_default();
                let home = to.starts_with("/error?") || to.starts_with("https://app.example.com/callback?");
                assert!(home, "{at} {} {to:?}", answer.status);
                assert!(!to.contains("evil"), "{at} {to}");
            }
        }
    }
}

#[tokio::test]
async fn sec_005_repeated_parameters_are_refused() {
    let world = World::new().await;
    let mut browser = world.browser();
    for (name, value) in
        [("scope", "openid"), ("state", "x"), ("response_type", "code"), ("nonce", "a&nonce=b"), ("prompt", "login&prompt=login")]
    {
        let answer = browser.get(&format!("{}&{name}={value}", world.url("/login"))).await;
        assert!(answer.location().unwrap().contains("error=invalid_request"), "{name}: {:?}", answer.location());
    }
}

#[tokio::test]
async fn the_error_page_is_ours_and_says_why_in_development() {
    let world = World::new().await;
    let mut browser = world.browser();
    let answer = browser.get(&world.url("/login").replace("%2Fcallback", "%2Fcallback%2F")).await;
    let to = answer.location().unwrap().to_owned();
    let page = browser.get(&to).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    page.says("An error was encountered with the requested page.");
    page.says("redirect_mismatch");
}

#[tokio::test]
async fn sec_027_every_page_is_uncached_unframed_and_tells_nobody_where_it_was() {
    let world = World::new().await;
    let mut browser = world.browser();
    for path in PAGES {
        let page = browser.get(&world.url(path)).await;
        let page = browser.follow(page).await;
        let header = |name: &str| page.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(header("cache-control").contains("no-store"), "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer");
        // sec_055, sec_056
        assert_eq!(header("x-frame-options"), "DENY");
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        // Chromium applies form-action to every redirect after the post: it would stop the way back to the app.
        assert_eq!(policy.contains("form-action"), path.contains("orgot"), "{path} {policy}");
        assert!(!page.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn sec_028_no_answer_to_a_post_hands_the_password_on() {
    let world = World::new().await;
    world.user(MAIL).await;
    world.invited("new@example.com", "Temp0rary!").await;
    for (name, password) in [(MAIL, PASSWORD), ("new@example.com", "Temp0rary!"), (MAIL, "Wrong-pass1!")] {
        let mut browser = world.browser();
        let page = browser.login().await;
        let answer = browser.submit_to(&page, &page.action(), &[("username", name), ("password", password)]).await;
        assert!(matches!(answer.status, StatusCode::FOUND | StatusCode::OK), "{}", answer.status);
        assert!(!answer.location().unwrap_or_default().contains(password));
    }
}

#[tokio::test]
async fn sec_056_what_users_and_links_say_is_text() {
    let payload = "\"><script>alert(1)</script>";
    let world = World::new().await;
    let mut browser = world.browser();
    let escaped = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for path in PAGES {
        let at = format!("{}&login_hint={escaped}&lang={escaped}&x={escaped}", world.url(path).replace("a%20b%2Bc", escaped));
        let page = browser.get(&at).await;
        let page = browser.follow(page).await;
        assert!(!page.body.contains("<script"), "{path}");
    }
    let page = browser.login().await;
    let page = browser.submit(&page, &[("username", payload), ("password", "x")]).await;
    assert!(!page.body.contains("<script"));
    assert_eq!(page.value("username"), payload);
}

#[tokio::test]
async fn sec_062_only_the_literal_paths_are_pages() {
    let world = World::new().await;
    let mut browser = world.browser();
    for path in ["/login/", "/login;x", "/%6cogin", "//login", "/./login", "/x/../login", "/login%2f", "/login%00"] {
        let answer = browser.get(&format!("{path}?{}", world.query())).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
