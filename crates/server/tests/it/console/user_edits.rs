//! Attributes and groups of a user: `console::users::{attributes, membership}`.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::json;

use super::forms::{Form, spoken, submit};
use crate::harness::House;

const ADA: &str = "ada@example.com";

/// A pool with a custom attribute and Ada; the pool, and the address of her page.
async fn ada(house: &House) -> (String, String) {
    let custom = json!([
        { "Name": "plan", "AttributeDataType": "String", "Mutable": true, "StringAttributeConstraints": { "MaxLength": "8" } },
        { "Name": "badge", "AttributeDataType": "String", "Mutable": false },
    ]);
    let pool = house.pool(json!({ "Schema": custom })).await;
    let sub = house.user(&pool, ADA).await;
    (pool.clone(), format!("/console/pools/{pool}/users/{sub}"))
}

async fn attributes(house: &House, pool: &str, name: &str) -> BTreeMap<String, String> {
    let user = house.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": name })).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    user["UserAttributes"].as_array().unwrap().iter().map(|one| (text(&one["Name"]), text(&one["Value"]))).collect()
}

#[tokio::test]
async fn one_attribute_is_saved_at_once_and_several_are_shown_first() {
    let house = House::start().await;
    let (pool, url) = ada(&house).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("{url}/attributes")).await;
    assert_eq!(page.status, StatusCode::OK);
    let done = submit(&mut browser, &page, "attributes", &[("attribute.custom:plan", "gold")]).await;
    let done = browser.follow(done).await;
    assert!(spoken(&done).contains("The attributes were saved."), "{}", spoken(&done));
    let now = attributes(&house, &pool, ADA).await;
    assert_eq!((now["custom:plan"].as_str(), now["email_verified"].as_str()), ("gold", "true"));

    let page = browser.get(&format!("{url}/attributes")).await;
    let typed = [("attribute.custom:plan", ""), ("attribute.name", "Ada")];
    let review = submit(&mut browser, &page, "attributes", &typed).await;
    assert_eq!(review.status, StatusCode::OK);
    let said = spoken(&review);
    assert!(said.contains("Nothing was saved yet.") && said.contains("custom:plan gold not set"), "{said}");
    assert_eq!(attributes(&house, &pool, ADA).await, now, "a review changes nothing");
    let done = submit(&mut browser, &review, "review", &[]).await;
    let done = browser.follow(done).await;
    assert!(spoken(&done).contains("The attributes were saved."), "{}", spoken(&done));
    let now = attributes(&house, &pool, ADA).await;
    assert_eq!((now.get("custom:plan"), now["name"].as_str(), now["email_verified"].as_str()), (None, "Ada", "true"));

    let page = browser.get(&format!("{url}/attributes")).await;
    let same = submit(&mut browser, &page, "attributes", &[]).await;
    assert!(spoken(&browser.follow(same).await).contains("Nothing was changed"));
    let deleted = submit(&mut browser, &page, "attributes", &[("attribute.name", "")]).await;
    assert!(spoken(&browser.follow(deleted).await).contains("The attributes were saved."));
    assert_eq!(attributes(&house, &pool, ADA).await.get("name"), None);
}

#[tokio::test]
async fn sec_091_a_new_address_is_verified_only_if_the_box_says_so() {
    let house = House::start().await;
    let (pool, url) = ada(&house).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("{url}/attributes")).await;
    let typed = [("attribute.email", "lovelace@example.com"), ("attribute.email_verified", "")];
    let review = submit(&mut browser, &page, "attributes", &typed).await;
    assert!(spoken(&review).contains("email_verified true false"), "{}", spoken(&review));
    let done = submit(&mut browser, &review, "review", &[]).await;
    assert!(done.status.is_redirection(), "{}", spoken(&done));
    let now = attributes(&house, &pool, "lovelace@example.com").await;
    assert_eq!(now["email_verified"], "false");
    assert_eq!(house.code_for("lovelace@example.com").await.len(), 6);
}

#[tokio::test]
async fn a_refused_attribute_comes_back_with_the_reason() {
    let house = House::start().await;
    let (pool, url) = ada(&house).await;
    let before = attributes(&house, &pool, ADA).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("{url}/attributes")).await;
    let back = submit(&mut browser, &page, "attributes", &[("attribute.custom:plan", "much too long")]).await;
    assert_eq!(back.status, StatusCode::BAD_REQUEST);
    assert_eq!(spoken(&back).matches("String cannot be longer than 8 characters.").count(), 2, "{}", spoken(&back));
    let fields = Form::of(&back, "attributes").fields;
    assert!(fields.contains(&("attribute.custom:plan".to_owned(), "much too long".to_owned())));
    // What cannot be changed is not read from the form at all.
    let fixed = submit(&mut browser, &page, "attributes", &[("attribute.custom:badge", "7")]).await;
    assert!(spoken(&browser.follow(fixed).await).contains("Nothing was changed"));
    assert_eq!(attributes(&house, &pool, ADA).await, before);
}

#[tokio::test]
async fn a_change_meanwhile_is_noticed() {
    let house = House::start().await;
    let (pool, url) = ada(&house).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("{url}/attributes")).await;
    house.clock.advance_ms(5000);
    let other = json!([{ "Name": "nickname", "Value": "countess" }]);
    house.ok("AdminUpdateUserAttributes", json!({ "UserPoolId": pool, "Username": ADA, "UserAttributes": other })).await;
    let back = submit(&mut browser, &page, "attributes", &[("attribute.name", "Ada")]).await;
    assert_eq!(back.status, StatusCode::CONFLICT);
    assert!(spoken(&back).contains("Somebody else made a change"), "{}", spoken(&back));
    assert_eq!(attributes(&house, &pool, ADA).await.get("name"), None);
    // Again, to overwrite: two members now, so that they are shown first.
    let review = submit(&mut browser, &back, "attributes", &[]).await;
    assert!(spoken(&review).contains("nickname countess not set"), "{}", spoken(&review));
    let done = submit(&mut browser, &review, "review", &[]).await;
    assert!(done.status.is_redirection());
    let now = attributes(&house, &pool, ADA).await;
    assert_eq!((now["name"].as_str(), now.get("nickname")), ("Ada", None));
}

#[tokio::test]
async fn a_user_goes_into_a_group_and_out() {
    let house = House::start().await;
    let (pool, url) = ada(&house).await;
    let mut browser = house.browser();
    assert!(spoken(&browser.get(&url).await).contains("The pool has no groups yet"));
    for name in ["staff", "a/b"] {
        house.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": name })).await;
    }
    let groups = || house.ok("AdminListGroupsForUser", json!({ "UserPoolId": pool, "Username": ADA }));
    let names = |answer: serde_json::Value| -> Vec<String> {
        answer["Groups"].as_array().unwrap().iter().map(|group| group["GroupName"].as_str().unwrap().to_owned()).collect()
    };
    for name in ["staff", "a/b"] {
        let page = browser.get(&url).await;
        let done = submit(&mut browser, &page, "join", &[("groupName", name)]).await;
        let done = browser.follow(done).await;
        assert!(spoken(&done).contains(&format!("ada@example.com was added to {name}.")), "{}", spoken(&done));
    }
    assert_eq!(names(groups().await), ["a/b", "staff"]);
    assert!(spoken(&browser.get(&url).await).contains("The user is in every group of the pool."));
    let ask = browser.get(&format!("{url}/groups/a%2Fb/remove")).await;
    assert_eq!(ask.status, StatusCode::OK);
    let done = submit(&mut browser, &ask, "remove", &[]).await;
    assert_eq!(done.location(), url);
    assert_eq!(names(groups().await), ["staff"]);

    let page = browser.get(&url).await;
    let back = submit(&mut browser, &page, "join", &[("groupName", "nobody")]).await;
    assert_eq!(back.status, StatusCode::BAD_REQUEST);
    assert!(spoken(&back).contains("Group not found."), "{}", spoken(&back));
    assert_eq!(browser.get(&format!("{url}/groups/nobody/remove")).await.status, StatusCode::NOT_FOUND);
}
