//! What pages leave for each other cannot be altered, moved or kept (checklist 58, 59).

use super::world::{Browser, MAIL, PASSWORD, Page, World};

/// Where the sealed step begins in an address.
fn sealed(page: &Page) -> (String, String) {
    let (before, step) = page.at.split_once("&step=").unwrap_or_else(|| panic!("no step in {}", page.at));
    (before.to_owned(), step.to_owned())
}

async fn reset_page(browser: &mut Browser<'_>) -> Page {
    let page = browser.get(&browser.world.url("/forgotPassword")).await;
    let page = browser.submit(&page, &[("username", MAIL)]).await;
    page.is("Reset password");
    page
}

#[tokio::test]
async fn sec_058_later_pages_lead_back_to_the_first() {
    let world = World::new().await;
    let mut browser = world.browser();
    for (path, heading) in
        [("/changePassword", "Sign in"), ("/confirmforgotPassword", "Forgot your password?"), ("/resendcode", "Confirm account")]
    {
        let page = browser.get(&world.url(path)).await;
        browser.follow(page).await.is(heading);
    }
    let token = browser.login().await.csrf();
    for (path, heading) in [("/changePassword", "Sign in"), ("/confirmforgotPassword", "Forgot your password?")] {
        let answer = browser.post(&world.url(path), &[("_csrf", &token)]).await;
        browser.follow(answer).await.is(heading);
    }
    let answer = browser.post(&world.url("/confirm"), &[("_csrf", &token)]).await;
    answer.complains("Confirm account", "Fill in this field.");
}

#[tokio::test]
async fn sec_059_an_altered_step_is_none() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let (before, step) = sealed(&reset_page(&mut browser).await);
    browser.get(&format!("{before}&step={step}")).await.is("Reset password");
    let places = [0, 1, 5, 8, 20, step.len() / 2, step.len() - 1];
    for at in places {
        let other = if step.as_bytes()[at] == b'A' { "Q" } else { "A" };
        let mut bad = step.clone();
        bad.replace_range(at..=at, other);
        let page = browser.get(&format!("{before}&step={bad}")).await;
        browser.follow(page).await.is("Forgot your password?");
    }
    for bad in ["", "x", "AAAA", &step[..20], &format!("{step}%20")] {
        let page = browser.get(&format!("{before}&step={bad}")).await;
        browser.follow(page).await.is("Forgot your password?");
    }
}

#[tokio::test]
async fn sec_059_a_step_belongs_to_one_browser_one_app_and_one_hour() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let page = reset_page(&mut browser).await;
    let mut stranger = world.browser();
    stranger.login().await;
    let moved = stranger.get(&page.at).await;
    stranger.follow(moved).await.is("Forgot your password?");

    let other = world.make_client(serde_json::json!({})).await;
    let moved = browser.get(&page.at.replace(&world.client, &other)).await;
    browser.follow(moved).await.is("Forgot your password?");

    browser.get(&page.at).await.is("Reset password");
    world.pass(3_600_001);
    let late = browser.get(&page.at).await;
    browser.follow(late).await.is("Forgot your password?");
}

#[tokio::test]
async fn sec_059_a_step_of_one_page_is_none_on_another() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let (_, step) = sealed(&reset_page(&mut browser).await);
    for (path, heading) in [("/changePassword", "Sign in"), ("/confirm", "Confirm account"), ("/login", "Sign in")] {
        let page = browser.get(&format!("{}&step={step}", world.url(path))).await;
        let page = browser.follow(page).await;
        page.is(heading);
        assert_eq!(page.value("username"), "", "{path}");
    }
}

#[tokio::test]
async fn sec_059_the_name_on_a_later_page_is_shown_not_taken() {
    let world = World::new().await;
    world.user(MAIL).await;
    world.user("eve@example.com").await;
    let mut browser = world.browser();
    let page = reset_page(&mut browser).await;
    let code = world.code(MAIL).await;
    let csrf = page.csrf();
    let fields = [
        ("_csrf", csrf.as_str()),
        ("username", "eve@example.com"),
        ("code", &code),
        ("password", "Changed-2!"),
        ("confirmPassword", "Changed-2!"),
    ];
    let answer = browser.post(&page.action(), &fields).await;
    browser.follow(answer).await.is("Sign in");
    world.browser().sign_in(MAIL, "Changed-2!").await.arrives();
    world.browser().sign_in("eve@example.com", PASSWORD).await.arrives();
}

#[tokio::test]
async fn sec_059_a_new_code_goes_to_the_name_that_was_shown() {
    let world = World::new().await;
    world.user(MAIL).await;
    world.user("eve@example.com").await;
    let mut browser = world.browser();
    let page = reset_page(&mut browser).await;
    let csrf = page.csrf();
    let answer = browser.post(&page.resend_action(), &[("_csrf", &csrf), ("username", "eve@example.com")]).await;
    browser.follow(answer).await.is("Reset password");
    assert_eq!((world.messages(MAIL).await.len(), world.messages("eve@example.com").await.len()), (2, 0));
}

#[tokio::test]
async fn sec_059_the_request_is_checked_again_at_every_step() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let page = browser.login().await;
    for (from, to) in [("app.example.com", "evil.example"), ("%2Fcallback", "%2Fcallback%2F")] {
        let action = page.action().replace(from, to);
        let answer = browser.submit_to(&page, &action, &[("username", MAIL), ("password", PASSWORD)]).await;
        assert!(answer.location().unwrap().starts_with("/error?error=redirect_mismatch"), "{:?}", answer.location());
        assert!(!browser.cookies.contains_key("cognito"));
    }
    let action = page.action().replace("scope=openid", "scope=openid+secret");
    let answer = browser.submit_to(&page, &action, &[("username", MAIL), ("password", PASSWORD)]).await;
    assert!(
        answer.location().unwrap().starts_with("https://app.example.com/callback?error=invalid_scope"),
        "{:?}",
        answer.location()
    );
}
