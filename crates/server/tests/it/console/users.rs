//! The list of users and making one: `console::users::{list, create}`.

use http::StatusCode;
use serde_json::json;

use super::forms::{Form, spoken, submit};
use crate::harness::{House, PASSWORD};

fn users(pool: &str, rest: &str) -> String {
    format!("/console/pools/{pool}/users{rest}")
}

#[tokio::test]
async fn a_pool_without_users_offers_to_make_one() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let page = house.browser().get(&users(&pool, "")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(spoken(&page).contains("No users yet") && page.text.contains(&users(&pool, "/new")), "{page:?}");
    let unknown = house.browser().get(&users("eu-central-1_nothere00", "")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn users_are_searched_by_one_condition() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    for name in ["ada@example.com", "adam@example.com", "bob@example.com"] {
        house.user(&pool, name).await;
    }
    house.ok("AdminDisableUser", json!({ "UserPoolId": pool, "Username": "adam@example.com" })).await;
    let mut browser = house.browser();
    let all = browser.get(&users(&pool, "")).await;
    assert!(["ada@", "adam@", "bob@"].iter().all(|name| spoken(&all).contains(name)), "{all:?}");

    let found = browser.get(&users(&pool, "?attribute=email&match=begins&q=ada&status=")).await;
    let said = spoken(&found);
    assert!(said.contains(r#"The Filter of ListUsers: email ^= "ada"."#), "{said}");
    assert!(said.contains("ada@example.com") && said.contains("adam@example.com") && !said.contains("bob@"), "{said}");
    let fields = Form::of(&found, "search").fields;
    assert!(fields.contains(&("q".to_owned(), "ada".to_owned())), "{fields:?}");

    let said = spoken(&browser.get(&users(&pool, "?attribute=email&match=equals&q=ada%40example.com")).await);
    assert!(said.contains(r#"email = "ada@example.com""#) && !said.contains("adam@example.com"), "{said}");
    let said = spoken(&browser.get(&users(&pool, "?status=Disabled")).await);
    assert!(said.contains(r#"status = "Disabled""#) && said.contains("adam@") && !said.contains("bob@"), "{said}");
    let said = spoken(&browser.get(&users(&pool, "?attribute=email&q=ada&status=Enabled")).await);
    assert!(said.contains("takes one condition") && !said.contains("adam@"), "{said}");

    let refused = browser.get(&users(&pool, "?attribute=custom%3Ax&q=ada")).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(spoken(&refused).contains("Invalid search attribute: custom:x"), "{refused:?}");
}

#[tokio::test]
async fn users_come_in_pages() {
    let house = House::start().await;
    let pool = house.pool(json!({ "UsernameAttributes": [] })).await;
    for number in 0..30 {
        let input = json!({ "UserPoolId": pool, "Username": format!("user-{number:02}"), "MessageAction": "SUPPRESS" });
        house.ok("AdminCreateUser", input).await;
    }
    let mut browser = house.browser();
    let first = browser.get(&users(&pool, "?attribute=username&q=user")).await;
    let names = |text: &str| (0..30).filter(|number| text.contains(&format!(">user-{number:02}<"))).count();
    assert_eq!(names(&first.text), 25);
    let next = first.text.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|url| url.contains("after="));
    let next = next.expect("a next page").replace("&amp;", "&");
    let second = browser.get(&next).await;
    assert_eq!(names(&second.text), 5);
    assert!(spoken(&second).contains("Go to the first page"));
    let forged = browser.get(&users(&pool, "?after=x")).await;
    assert_eq!(forged.status, StatusCode::BAD_REQUEST);
    assert!(spoken(&forged).contains("Invalid pagination token provided."), "{forged:?}");
}

#[tokio::test]
async fn a_user_is_invited_by_mail() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let mut browser = house.browser();
    let page = browser.get(&users(&pool, "/new")).await;
    assert_eq!(page.status, StatusCode::OK);
    let typed = [("username", "ada@example.com"), ("verified.email", "true")];
    let done = submit(&mut browser, &page, "new", &typed).await;
    assert!(done.status.is_redirection(), "{}", spoken(&done));
    let shown = browser.follow(done).await;
    assert!(spoken(&shown).contains("User ada@example.com was created and invited by email."), "{}", spoken(&shown));
    assert!(spoken(&shown).contains("the temporary password expires in 7 d 0 h"), "{}", spoken(&shown));
    let user = house.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "ada@example.com" })).await;
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
    let verified = json!({ "Name": "email_verified", "Value": "true" });
    assert!(user["UserAttributes"].as_array().unwrap().contains(&verified), "{user}");
    assert!(house.latest("ada@example.com").await["body"].as_str().unwrap().contains("temporary password"));
}

#[tokio::test]
async fn a_user_gets_a_permanent_password_and_no_invitation() {
    let house = House::start().await;
    let app = house.app().await;
    let mut browser = house.browser();
    let page = browser.get(&users(&app.pool, "/new")).await;
    let typed = [("username", "ada@example.com"), ("kind", "permanent"), ("password", PASSWORD)];
    let done = submit(&mut browser, &page, "new", &typed).await;
    let shown = browser.follow(done).await;
    assert!(spoken(&shown).contains("CONFIRMED: the user can sign in."), "{}", spoken(&shown));
    assert!(house.sign_in(&app, "ada@example.com").await["AccessToken"].is_string());
    let none = house.get("/_poolhouse/messages?address=ada@example.com").await.json();
    assert_eq!(none, json!({ "messages": [] }));
}

#[tokio::test]
async fn a_user_of_a_pool_of_names_has_what_the_pool_asks() {
    let house = House::start().await;
    let required = json!([{ "Name": "given_name", "Required": true, "Mutable": true, "AttributeDataType": "String" }]);
    let pool = house.pool(json!({ "UsernameAttributes": [], "Schema": required })).await;
    let mut browser = house.browser();
    let page = browser.get(&users(&pool, "/new")).await;
    // `new` is also the name of the page.
    let typed = [
        ("username", "new"),
        ("attribute.email", "ada@example.com"),
        ("attribute.given_name", "Ada"),
        ("kind", "temporary"),
        ("password", "Temporary-1"),
        ("invite", ""),
    ];
    let done = submit(&mut browser, &page, "new", &typed).await;
    assert!(done.status.is_redirection(), "{}", spoken(&done));
    let shown = browser.follow(done).await;
    assert!(spoken(&shown).contains("User new was created. No invitation was sent."), "{}", spoken(&shown));
    assert!(spoken(&shown).contains("given_name"), "{}", spoken(&shown));
    assert_eq!(house.get("/_poolhouse/messages?address=ada@example.com").await.json(), json!({ "messages": [] }));
    let (client, _) = house.client(&pool, json!({})).await;
    let sign_in = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client,
        "AuthParameters": { "USERNAME": "new", "PASSWORD": "Temporary-1" },
    });
    assert_eq!(house.ok("InitiateAuth", sign_in).await["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[tokio::test]
async fn a_refused_user_comes_back_with_the_reason_at_the_field() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let mut browser = house.browser();
    let page = browser.get(&users(&pool, "/new")).await;
    for (typed, reason) in [
        (vec![("username", "ada")], "Username should be an email."),
        (
            vec![("username", "ada@example.com"), ("kind", "temporary"), ("password", "all-lower-case")],
            "Password did not conform",
        ),
        (vec![("username", "ada@example.com"), ("kind", "temporary")], "Type the password"),
        (vec![("username", "ada@example.com"), ("password", "Typed-Away-1")], "A password was typed"),
    ] {
        let back = submit(&mut browser, &page, "new", &typed).await;
        assert_eq!(back.status, StatusCode::BAD_REQUEST, "{reason}");
        let said = spoken(&back);
        assert_eq!(said.matches(reason).count(), 2, "above and at the field: {said}");
        // Neither in the form nor in a printed call.
        assert!(!back.text.contains("Typed-Away-1") && !back.text.contains("all-lower-case"), "a password is sent back");
        let fields = Form::of(&back, "new").fields;
        assert!(fields.contains(&("username".to_owned(), typed[0].1.to_owned())), "what was typed stays: {fields:?}");
    }
    assert_eq!(house.ok("ListUsers", json!({ "UserPoolId": pool })).await["Users"], json!([]));
}

#[tokio::test]
async fn half_a_user_is_told_in_so_many_words() {
    let house = House::start().await;
    let app = house.app().await;
    let mut browser = house.browser();
    let page = browser.get(&users(&app.pool, "/new")).await;
    let typed = [("username", "ada@example.com"), ("kind", "permanent"), ("password", "weak-weak")];
    let back = submit(&mut browser, &page, "new", &typed).await;
    assert_eq!(back.status, StatusCode::BAD_REQUEST);
    let said = spoken(&back);
    assert!(
        said.contains("User ada@example.com was made, and no invitation was sent. The permanent password was not set:"),
        "{said}"
    );
    assert!(said.contains("Password must have uppercase characters") && !back.text.contains("weak-weak"), "{said}");
    let user = house.ok("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": "ada@example.com" })).await;
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
    // The page goes on from there.
    let done = submit(&mut browser, &back, "password", &[("password", PASSWORD)]).await;
    assert!(done.status.is_redirection(), "{}", spoken(&done));
    assert!(house.sign_in(&app, "ada@example.com").await["AccessToken"].is_string());
}

#[tokio::test]
async fn sec_051_066_nobody_is_made_without_our_form() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let mut browser = house.browser();
    browser.get(&users(&pool, "/new")).await;
    let forged = browser.post(&users(&pool, "/new"), &[("username", "eve@example.com"), ("kind", "generated")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(house.ok("ListUsers", json!({ "UserPoolId": pool })).await["Users"], json!([]));
}
