//! `/changePassword`: from a temporary password to one's own.

use serde_json::json;

use super::world::{Browser, MAIL, PASSWORD, Page, World};

const TEMPORARY: &str = "Temp0rary!";
const CHOSEN: &str = "Chosen-one1";

async fn asked<'a>(world: &'a World, mail: &str) -> (Browser<'a>, Page) {
    world.invited(mail, TEMPORARY).await;
    let mut browser = world.browser();
    let page = browser.sign_in(mail, TEMPORARY).await;
    page.is("Change password");
    (browser, page)
}

fn both(password: &str) -> [(&str, &str); 2] {
    [("new_password", password), ("confirm_password", password)]
}

#[tokio::test]
async fn a_temporary_password_is_replaced_and_leads_to_the_app() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, MAIL).await;
    assert_eq!(page.value("username"), MAIL);
    assert!(!browser.cookies.contains_key("cognito"), "not signed in yet");
    browser.submit(&page, &both(CHOSEN)).await.arrives();
    assert_eq!(world.status_of(MAIL).await.as_deref(), Some("CONFIRMED"));
    world.browser().sign_in(MAIL, CHOSEN).await.arrives();
    world.browser().sign_in(MAIL, TEMPORARY).await.complains("Sign in", "Incorrect username or password.");
}

#[tokio::test]
async fn refused_passwords_leave_the_page_open() {
    let world = World::new().await;
    let (mut browser, mut page) = asked(&world, MAIL).await;
    let long = "Aa1!".repeat(65);
    for (first, second, said) in [
        (CHOSEN, "Different-3!", "The two passwords differ."),
        ("weak", "weak", "Password does not conform to policy: Password not long enough"),
        ("nouppercase1!", "nouppercase1!", "Password must have uppercase characters"),
        ("", "", "Enter a password."),
        (long.as_str(), long.as_str(), "at most 256 characters"),
    ] {
        page = browser.submit(&page, &[("new_password", first), ("confirm_password", second)]).await;
        page.complains("Change password", said);
        assert!(first.is_empty() || !page.body.contains(first) || first == "weak");
    }
    browser.submit(&page, &both(CHOSEN)).await.arrives();
}

#[tokio::test]
async fn missing_required_attributes_are_asked() {
    let schema = json!([{ "Name": "email", "Required": true, "Mutable": true }, { "Name": "given_name", "Required": true, "Mutable": true }]);
    let world = World::with(json!({ "Schema": schema }), json!({})).await;
    let (mut browser, page) = asked(&world, MAIL).await;
    assert!(page.body.contains("requiredAttributes[given_name]") && !page.body.contains("requiredAttributes[email]"));
    let mut fields = both(CHOSEN).to_vec();
    let page = browser.submit(&page, &fields).await;
    page.complains("Change password", "Fill in every field.");
    fields.push(("requiredAttributes[given_name]", "Ada"));
    browser.submit(&page, &fields).await.arrives();
    let user = world.call("AdminGetUser", json!({ "UserPoolId": world.pool, "Username": MAIL })).await;
    assert!(user["UserAttributes"].as_array().unwrap().contains(&json!({ "Name": "given_name", "Value": "Ada" })));
}

#[tokio::test]
async fn sec_084_one_temporary_sign_in_sets_one_password() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, MAIL).await;
    let mut second = browser.clone();
    browser.submit(&page, &both(CHOSEN)).await.arrives();
    second.submit(&page, &both("Another-one2")).await.is("Sign in");
    world.browser().sign_in(MAIL, CHOSEN).await.arrives();
    let refused = world.browser().sign_in(MAIL, "Another-one2").await;
    refused.complains("Sign in", "Incorrect username or password.");
}

#[tokio::test]
async fn the_page_closes_with_the_session() {
    let world = World::new().await;
    let (mut browser, page) = asked(&world, MAIL).await;
    world.pass(4 * 60 * 1000);
    let late = browser.submit(&page, &both(CHOSEN)).await;
    late.is("Sign in");
    late.says("That took too long.");
    assert_eq!(world.status_of(MAIL).await.as_deref(), Some("FORCE_CHANGE_PASSWORD"));
}

#[tokio::test]
async fn sec_058_the_page_cannot_be_opened_without_the_temporary_password() {
    let world = World::new().await;
    world.invited(MAIL, TEMPORARY).await;
    let mut browser = world.browser();
    let login = browser.login().await;
    let page = browser.get(&world.url("/changePassword")).await;
    let page = browser.follow(page).await;
    page.is("Sign in");
    let mut fields = both(PASSWORD).to_vec();
    fields.push(("username", MAIL));
    let token = login.csrf();
    fields.push(("_csrf", &token));
    let answer = browser.post(&world.url("/changePassword"), &fields).await;
    browser.follow(answer).await.is("Sign in");
    assert_eq!(world.status_of(MAIL).await.as_deref(), Some("FORCE_CHANGE_PASSWORD"));
    assert!(!browser.cookies.contains_key("cognito"));
}
