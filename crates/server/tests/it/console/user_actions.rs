//! One user's page and what is done from it: `console::users::{detail, actions, password, invitation}`.

use http::StatusCode;
use serde_json::{Value, json};

use super::forms::{spoken, submit};
use crate::harness::{App, House, PASSWORD, Reply};

const ADA: &str = "ada@example.com";

async fn user(house: &House, pool: &str) -> Value {
    house.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": ADA })).await
}

/// A pool with a client and Ada, and the address of her page.
async fn ada() -> (House, App, String) {
    let house = House::start().await;
    let app = house.app().await;
    let sub = house.user(&app.pool, ADA).await;
    let url = format!("/console/pools/{}/users/{sub}", app.pool);
    (house, app, url)
}

/// Opens an action's page and presses its button; the page that follows.
async fn act(house: &House, url: &str, form: &str, typed: &[(&str, &str)]) -> Reply {
    let mut browser = house.browser();
    let page = browser.get(url).await;
    assert_eq!(page.status, StatusCode::OK, "{url}: {}", spoken(&page));
    let reply = submit(&mut browser, &page, form, typed).await;
    browser.follow(reply).await
}

#[tokio::test]
async fn a_users_page_says_how_it_stands() {
    let (house, app, url) = ada().await;
    house.ok("CreateGroup", json!({ "UserPoolId": app.pool, "GroupName": "staff" })).await;
    let page = house.browser().get(&url).await;
    assert_eq!(page.status, StatusCode::OK);
    let said = spoken(&page);
    for part in ["CONFIRMED: the user can sign in.", "Verified.", "The user is in no group.", "\"UserStatus\": \"CONFIRMED\""] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(page.text.contains("/console/inbox?address=ada%40example.com"), "{said}");
    assert!(!said.contains("Enable user") && !said.contains("Confirm sign-up") && !said.contains("Resend invitation"), "{said}");
    // By any name that administrators may use.
    let by_name = house.browser().get(&format!("/console/pools/{}/users/ada%40example.com", app.pool)).await;
    assert_eq!(by_name.status, StatusCode::OK);
    for nobody in ["nobody", "nobody/password", "nobody/attributes", "nobody/delete", "nobody/invitation"] {
        let page = house.browser().get(&format!("/console/pools/{}/users/{nobody}", app.pool)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{nobody}");
    }
    assert_eq!(house.browser().get(&format!("{url}/fly")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sec_108_a_user_of_another_pool_has_no_page_here() {
    let (house, _, url) = ada().await;
    let other = house.pool(json!({})).await;
    let sub = url.rsplit('/').next().unwrap();
    let page = house.browser().get(&format!("/console/pools/{other}/users/{sub}")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(!page.text.contains(ADA));
}

#[tokio::test]
async fn a_temporary_password_counts_down_and_ends() {
    let house = House::start().await;
    let policy = json!({ "PasswordPolicy": { "MinimumLength": 8, "TemporaryPasswordValidityDays": 3 } });
    let pool = house.pool(json!({ "Policies": policy })).await;
    house.ok("AdminCreateUser", json!({ "UserPoolId": pool, "Username": ADA })).await;
    let url = format!("/console/pools/{pool}/users/ada%40example.com");
    house.clock.advance_ms(20 * 3_600_000);
    // A change of the user does not lengthen it.
    let attributes = json!([{ "Name": "name", "Value": "Ada" }]);
    house.ok("AdminUpdateUserAttributes", json!({ "UserPoolId": pool, "Username": ADA, "UserAttributes": attributes })).await;
    let said = spoken(&house.browser().get(&url).await);
    assert!(said.contains("the temporary password expires in 2 d 4 h"), "{said}");
    house.clock.advance_ms(3 * 24 * 3_600_000);
    let said = spoken(&house.browser().get(&url).await);
    assert!(said.contains("the temporary password expired 20 h 0 min ago"), "{said}");
    let again = act(&house, &format!("{url}/invitation"), "invitation", &[]).await;
    assert!(spoken(&again).contains("A new invitation was sent."), "{}", spoken(&again));
    assert!(spoken(&again).contains("expires in 3 d 0 h"), "{}", spoken(&again));
    let messages = house.get("/_poolhouse/messages?address=ada@example.com").await.json();
    assert_eq!(messages["messages"].as_array().unwrap().len(), 2, "{messages}");
    let body = messages["messages"][0]["body"].as_str().unwrap();
    assert!(body.contains("Your username is ada@example.com"), "the invitation names what the user signs in with: {body}");
}

#[tokio::test]
async fn an_invitation_is_for_those_who_did_not_come_yet() {
    let (house, app, url) = ada().await;
    let page = act(&house, &format!("{url}/invitation"), "invitation", &[]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(spoken(&page).contains("Resend not possible."), "{}", spoken(&page));
    assert_eq!(user(&house, &app.pool).await["UserStatus"], "CONFIRMED");
}

#[tokio::test]
async fn an_invitation_goes_somewhere_or_is_not_made() {
    let house = House::start().await;
    let pool = house.pool(json!({ "UsernameAttributes": [] })).await;
    for name in ["ada", "bob"] {
        let mail = json!([{ "Name": "email", "Value": ADA }]);
        let attributes = if name == "ada" { mail } else { json!([]) };
        let input = json!({ "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS", "UserAttributes": attributes });
        house.ok("AdminCreateUser", input).await;
    }
    let page = house.browser().get(&format!("/console/pools/{pool}/users/bob/invitation")).await;
    assert!(spoken(&page).contains("neither an email address nor a phone number"), "{}", spoken(&page));
    let url = format!("/console/pools/{pool}/users/ada/invitation");
    let page = act(&house, &url, "invitation", &[("invite", "")]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_eq!(spoken(&page).matches("Choose where the invitation goes.").count(), 2, "{}", spoken(&page));
    let page = act(&house, &url, "invitation", &[]).await;
    assert!(spoken(&page).contains("A new invitation was sent."), "{}", spoken(&page));
    assert!(house.latest(ADA).await["body"].as_str().unwrap().contains("Your username is ada"));
}

#[tokio::test]
async fn a_password_is_set_for_good_or_for_once() {
    let (house, app, url) = ada().await;
    let page = act(&house, &format!("{url}/password"), "password", &[("password", "Another-Horse-7")]).await;
    assert!(spoken(&page).contains("The password was set."), "{}", spoken(&page));
    let sign_in = |password: &str| {
        let parameters = json!({ "USERNAME": ADA, "PASSWORD": password });
        json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters })
    };
    assert!(house.ok("InitiateAuth", sign_in("Another-Horse-7")).await["AuthenticationResult"].is_object());
    let typed = [("password", "Once-Only-77"), ("kind", "temporary")];
    let page = act(&house, &format!("{url}/password"), "password", &typed).await;
    assert!(spoken(&page).contains("the temporary password expires in 7 d 0 h"), "{}", spoken(&page));
    assert_eq!(house.ok("InitiateAuth", sign_in("Once-Only-77")).await["ChallengeName"], "NEW_PASSWORD_REQUIRED");

    let refused = act(&house, &format!("{url}/password"), "password", &[("password", "lower-case-only-1")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(spoken(&refused).contains("uppercase characters") && !refused.text.contains("lower-case-only-1"), "{refused:?}");
    assert_eq!(house.ok("InitiateAuth", sign_in("Once-Only-77")).await["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[tokio::test]
async fn a_password_is_reset_by_a_code() {
    let (house, app, url) = ada().await;
    let page = act(&house, &format!("{url}/reset"), "act", &[]).await;
    assert!(spoken(&page).contains("a code was sent") && spoken(&page).contains("RESET_REQUIRED"), "{}", spoken(&page));
    assert_eq!(user(&house, &app.pool).await["UserStatus"], "RESET_REQUIRED");
    assert_eq!(house.code_for(ADA).await.len(), 6);
}

#[tokio::test]
async fn a_sign_up_is_confirmed_once() {
    let house = House::start().await;
    let app = house.app().await;
    house.ok("SignUp", json!({ "ClientId": app.client, "Username": ADA, "Password": PASSWORD })).await;
    let url = format!("/console/pools/{}/users/ada%40example.com", app.pool);
    let page = house.browser().get(&url).await;
    assert!(spoken(&page).contains("UNCONFIRMED: the user signed up"), "{}", spoken(&page));
    let done = act(&house, &format!("{url}/confirm"), "act", &[]).await;
    assert!(spoken(&done).contains("User ada@example.com was confirmed."), "{}", spoken(&done));
    assert_eq!(user(&house, &app.pool).await["UserStatus"], "CONFIRMED");
    let twice = act(&house, &format!("{url}/confirm"), "act", &[]).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    assert!(spoken(&twice).contains("Current status is CONFIRMED"), "{}", spoken(&twice));
}

#[tokio::test]
async fn a_user_is_disabled_and_enabled() {
    let (house, app, url) = ada().await;
    let page = act(&house, &format!("{url}/disable"), "act", &[]).await;
    assert!(spoken(&page).contains("Disabled, and CONFIRMED") && spoken(&page).contains("Enable user"), "{}", spoken(&page));
    assert_eq!(user(&house, &app.pool).await["Enabled"], false);
    let page = act(&house, &format!("{url}/enable"), "act", &[]).await;
    assert!(spoken(&page).contains("User ada@example.com was enabled."), "{}", spoken(&page));
    assert_eq!(user(&house, &app.pool).await["Enabled"], true);
}

#[tokio::test]
async fn a_user_is_signed_out_everywhere() {
    let (house, app, url) = ada().await;
    let tokens = house.sign_in(&app, ADA).await;
    let token = json!({ "AccessToken": tokens["AccessToken"] });
    house.ok("GetUser", token.clone()).await;
    let page = act(&house, &format!("{url}/sign-out"), "act", &[]).await;
    assert!(spoken(&page).contains("signed out everywhere"), "{}", spoken(&page));
    assert_eq!(house.refused("GetUser", token).await.0, "NotAuthorizedException");
}

#[tokio::test]
async fn a_user_is_deleted_after_its_losses_are_named() {
    let (house, app, url) = ada().await;
    house.ok("CreateGroup", json!({ "UserPoolId": app.pool, "GroupName": "staff" })).await;
    let member = json!({ "UserPoolId": app.pool, "Username": ADA, "GroupName": "staff" });
    house.ok("AdminAddUserToGroup", member).await;
    let ask = house.browser().get(&format!("{url}/delete")).await;
    let said = spoken(&ask);
    assert!(said.contains("Attributes: 3") && said.contains("Memberships: 1") && said.contains("staff"), "{said}");
    let cancel = ask.text.find(">Cancel<").expect("a way back");
    assert!(cancel < ask.text.find(">Delete user<").expect("a button"), "Cancel comes first");
    assert_eq!(user(&house, &app.pool).await["UserStatus"], "CONFIRMED", "asking deletes nothing");
    let done = act(&house, &format!("{url}/delete"), "act", &[]).await;
    assert!(spoken(&done).contains("User ada@example.com was deleted."), "{}", spoken(&done));
    let gone = house.refused("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": ADA })).await;
    assert_eq!(gone.0, "UserNotFoundException");
}

#[tokio::test]
async fn sec_051_066_nothing_is_done_to_a_user_without_our_form() {
    let (house, app, url) = ada().await;
    house.ok("CreateGroup", json!({ "UserPoolId": app.pool, "GroupName": "staff" })).await;
    let before = user(&house, &app.pool).await;
    let typed = [("password", "Another-Horse-7"), ("attribute.name", "Eve"), ("groupName", "staff"), ("_csrf", "x")];
    let mut browser = house.browser();
    browser.get(&url).await;
    for rest in
        ["", "/delete", "/disable", "/reset", "/sign-out", "/password", "/attributes", "/invitation", "/groups/staff/remove"]
    {
        let forged = browser.post(&format!("{url}{rest}"), &typed).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN, "{rest}");
    }
    assert_eq!(user(&house, &app.pool).await, before);
    assert!(house.sign_in(&app, ADA).await["AccessToken"].is_string());
    let members = house.ok("ListUsersInGroup", json!({ "UserPoolId": app.pool, "GroupName": "staff" })).await;
    assert_eq!(members["Users"], json!([]));
}
