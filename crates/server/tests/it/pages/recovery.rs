//! `/forgotPassword` and `/confirmforgotPassword`.

use serde_json::json;

use super::world::{Browser, MAIL, PASSWORD, Page, World};

const CHANGED: &str = "Changed-2!";

async fn forgot(browser: &mut Browser<'_>, name: &str) -> Page {
    let page = browser.get(&browser.world.url("/forgotPassword")).await;
    page.is("Forgot your password?");
    browser.submit(&page, &[("username", name)]).await
}

fn answer<'a>(code: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [("code", code), ("password", password), ("confirmPassword", password)]
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_with_the_code() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let page = browser.login().await;
    let page = browser.get(&page.link("Forgot your password?").unwrap()).await;
    page.is("Forgot your password?");
    let page = browser.submit(&page, &[("username", MAIL)]).await;
    page.is("Reset password");
    page.says("a***@e***");
    assert_eq!(page.value("username"), MAIL);
    let code = world.code(MAIL).await;
    let page = browser.submit(&page, &answer(&format!(" {code} "), CHANGED)).await;
    page.is("Sign in");
    page.says("Your password is changed.");
    assert_eq!(page.value("username"), MAIL);
    browser.submit(&page, &[("username", MAIL), ("password", CHANGED)]).await.arrives();
    world.browser().sign_in(MAIL, PASSWORD).await.complains("Sign in", "Incorrect username or password.");
}

#[tokio::test]
async fn refusals_leave_the_page_and_the_code_alone() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let mut page = forgot(&mut browser, MAIL).await;
    let code = world.code(MAIL).await;
    let bad = wrong(&code);
    let cases = [
        (
            vec![("code", bad.as_str()), ("password", CHANGED), ("confirmPassword", CHANGED)],
            "Invalid verification code provided, please try again.",
        ),
        (
            vec![("code", ""), ("password", CHANGED), ("confirmPassword", CHANGED)],
            "Invalid verification code provided, please try again.",
        ),
        (vec![("code", &code), ("password", CHANGED), ("confirmPassword", "Different-2!")], "The two passwords differ."),
        (vec![("code", &code), ("password", "weak"), ("confirmPassword", "weak")], "Password does not conform to policy"),
    ];
    for (fields, said) in cases {
        page = browser.submit(&page, &fields).await;
        page.complains("Reset password", said);
        page.says("a***@e***");
    }
    browser.submit(&page, &answer(&code, CHANGED)).await.is("Sign in");
}

#[tokio::test]
async fn sec_083_a_new_code_voids_the_old_one() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let page = forgot(&mut browser, MAIL).await;
    let first = world.code(MAIL).await;
    world.pass(1000);
    let sent = browser.submit_to(&page, &page.resend_action(), &[("code", ""), ("password", ""), ("confirmPassword", "")]).await;
    let page = browser.follow(sent).await;
    page.is("Reset password");
    page.says("A new code is on its way.");
    let second = world.code(MAIL).await;
    assert_eq!(world.messages(MAIL).await.len(), 2);
    if first != second {
        browser.submit(&page, &answer(&first, CHANGED)).await.complains("Reset password", "Invalid");
    }
    browser.submit(&page, &answer(&second, CHANGED)).await.is("Sign in");
}

#[tokio::test]
async fn sec_071_unknown_users_see_the_same_pages() {
    let world = World::new().await;
    world.user("ann@example.com").await;
    let mut bodies = Vec::new();
    for name in ["ann@example.com", "amy@example.com"] {
        let mut browser = world.browser();
        let page = forgot(&mut browser, name).await;
        page.is("Reset password");
        let refused = browser.submit(&page, &answer("000000", CHANGED)).await;
        refused.complains("Reset password", "Invalid verification code provided, please try again.");
        let plain = |page: &Page| {
            let step = page.action().split("step=").nth(1).unwrap().to_owned();
            // A sealed step is as long as the name in it.
            (page.body.replace(&step, "STEP").replace(&page.csrf(), "TOKEN").replace(name, "NAME"), step.len())
        };
        bodies.push((plain(&page), plain(&refused)));
    }
    assert_eq!(bodies[0], bodies[1]);
    assert!(world.messages("amy@example.com").await.is_empty());
}

#[tokio::test]
async fn where_users_are_not_hidden_an_unknown_one_is_told() {
    let world = World::with(json!({}), json!({ "PreventUserExistenceErrors": "LEGACY" })).await;
    let page = forgot(&mut world.browser(), "bob@example.com").await;
    page.complains("Forgot your password?", "Username/client id combination not found.");
    assert_eq!(page.value("username"), "bob@example.com");
    forgot(&mut world.browser(), "").await.complains("Forgot your password?", "Fill in this field.");
}

#[tokio::test]
async fn a_reset_that_an_administrator_asked_for_begins_at_sign_in() {
    let world = World::new().await;
    world.user(MAIL).await;
    world.call("AdminResetUserPassword", json!({ "UserPoolId": world.pool, "Username": MAIL })).await;
    world.pass(1000);
    let mut browser = world.browser();
    let page = browser.sign_in(MAIL, PASSWORD).await;
    page.complains("Forgot your password?", "You have to choose a new password before you can sign in.");
    assert_eq!(page.value("username"), MAIL);
    let page = browser.submit(&page, &[("username", MAIL)]).await;
    let code = world.code(MAIL).await;
    browser.submit(&page, &answer(&code, CHANGED)).await.is("Sign in");
    browser.sign_in(MAIL, CHANGED).await.arrives();
}

#[tokio::test]
async fn either_spelling_of_the_path_is_the_page() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut browser = world.browser();
    let page = forgot(&mut browser, MAIL).await;
    browser.get(&page.at.replace("/confirmforgotPassword", "/confirmForgotPassword")).await.is("Reset password");
}

#[tokio::test]
async fn sec_088_a_reset_ends_the_users_other_browsers() {
    let world = World::new().await;
    world.user(MAIL).await;
    let mut thief = world.browser();
    thief.sign_in(MAIL, PASSWORD).await.arrives();
    let mut browser = world.browser();
    let page = forgot(&mut browser, MAIL).await;
    let code = world.code(MAIL).await;
    browser.submit(&page, &answer(&code, CHANGED)).await.is("Sign in");
    thief.get(&world.url("/login")).await.is("Sign in");
}
