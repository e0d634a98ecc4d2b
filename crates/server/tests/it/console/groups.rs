//! Groups and their members: `console::groups`.

use http::StatusCode;
use serde_json::{Value, json};

use super::forms::{Form, spoken, submit};
use crate::harness::House;

fn groups(pool: &str, rest: &str) -> String {
    format!("/console/pools/{pool}/groups{rest}")
}

async fn group(house: &House, pool: &str, name: &str) -> Value {
    house.ok("GetGroup", json!({ "UserPoolId": pool, "GroupName": name })).await["Group"].clone()
}

#[tokio::test]
async fn a_group_is_made() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let mut browser = house.browser();
    let empty = browser.get(&groups(&pool, "")).await;
    assert!(spoken(&empty).contains("No groups yet") && empty.text.contains(&groups(&pool, "/new")), "{empty:?}");
    let page = browser.get(&groups(&pool, "/new")).await;
    let role = "arn:aws:iam::123456789012:role/reader";
    let typed = [("groupName", "new"), ("description", "Those who read"), ("precedence", "3"), ("roleArn", role)];
    let done = submit(&mut browser, &page, "new", &typed).await;
    let done = browser.follow(done).await;
    assert!(spoken(&done).contains("Group new was created.") && spoken(&done).contains("Nobody is in this group."), "{done:?}");
    let made = group(&house, &pool, "new").await;
    assert_eq!(
        (&made["Description"], &made["Precedence"], &made["RoleArn"]),
        (&json!("Those who read"), &json!(3), &json!(role))
    );
    let listed = browser.get(&groups(&pool, "")).await;
    assert!(spoken(&listed).contains("Those who read") && spoken(&listed).contains(role), "{listed:?}");

    for (typed, reason) in [
        (vec![("groupName", "new")], "A group with the name already exists."),
        (vec![("groupName", "a b")], "at 'groupName' failed to satisfy constraint"),
        (vec![("groupName", "b"), ("precedence", "first")], "Precedence is a whole number, from 0 up."),
        (vec![("groupName", "b"), ("roleArn", "reader")], "at 'roleArn' failed to satisfy constraint"),
    ] {
        let back = submit(&mut browser, &page, "new", &typed).await;
        assert_eq!(back.status, StatusCode::BAD_REQUEST, "{reason}");
        assert!(spoken(&back).contains(reason), "{reason}: {}", spoken(&back));
        let fields = Form::of(&back, "new").fields;
        assert!(fields.contains(&("groupName".to_owned(), typed[0].1.to_owned())), "{fields:?}");
    }
    let all = house.ok("ListGroups", json!({ "UserPoolId": pool })).await;
    assert_eq!(all["Groups"].as_array().unwrap().len(), 1, "{all}");
    for rest in ["/none", "/none/edit", "/none/delete"] {
        assert_eq!(browser.get(&groups(&pool, rest)).await.status, StatusCode::NOT_FOUND, "{rest}");
    }
}

#[tokio::test]
async fn a_group_is_changed() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let input = json!({ "UserPoolId": pool, "GroupName": "staff", "Description": "d", "Precedence": 3 });
    house.ok("CreateGroup", input).await;
    let mut browser = house.browser();
    let page = browser.get(&groups(&pool, "/staff/edit")).await;
    let done = submit(&mut browser, &page, "edit", &[("description", "")]).await;
    let done = browser.follow(done).await;
    assert!(spoken(&done).contains("Group staff was saved."), "{}", spoken(&done));
    let now = group(&house, &pool, "staff").await;
    assert_eq!((now["Description"].as_str().unwrap_or_default(), &now["Precedence"]), ("", &json!(3)));

    let page = browser.get(&groups(&pool, "/staff/edit")).await;
    let review = submit(&mut browser, &page, "edit", &[("description", "e"), ("precedence", "1")]).await;
    assert!(
        spoken(&review).contains("Nothing was saved yet.") && spoken(&review).contains("Precedence 3 1"),
        "{}",
        spoken(&review)
    );
    assert_eq!(group(&house, &pool, "staff").await, now);
    let done = submit(&mut browser, &review, "review", &[]).await;
    assert!(done.status.is_redirection(), "{}", spoken(&done));
    let now = group(&house, &pool, "staff").await;
    assert_eq!((&now["Description"], &now["Precedence"]), (&json!("e"), &json!(1)));

    let page = browser.get(&groups(&pool, "/staff/edit")).await;
    let back = submit(&mut browser, &page, "edit", &[("precedence", "")]).await;
    assert_eq!(back.status, StatusCode::BAD_REQUEST);
    assert!(spoken(&back).contains("not taken away"), "{}", spoken(&back));
    house.clock.advance_ms(5000);
    house.ok("UpdateGroup", json!({ "UserPoolId": pool, "GroupName": "staff", "Precedence": 9 })).await;
    let back = submit(&mut browser, &page, "edit", &[("description", "f")]).await;
    assert_eq!(back.status, StatusCode::CONFLICT);
    assert!(spoken(&back).contains("Somebody else made a change"), "{}", spoken(&back));
    assert_eq!(group(&house, &pool, "staff").await["Precedence"], 9);
}

#[tokio::test]
async fn members_come_and_go_and_come_in_pages() {
    let house = House::start().await;
    let pool = house.pool(json!({ "UsernameAttributes": [] })).await;
    house.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "staff" })).await;
    for number in 0..27 {
        let name = format!("user-{number:02}");
        house.ok("AdminCreateUser", json!({ "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS" })).await;
        let member = json!({ "UserPoolId": pool, "Username": name, "GroupName": "staff" });
        if number > 0 {
            house.ok("AdminAddUserToGroup", member).await;
        }
    }
    let mut browser = house.browser();
    let here = groups(&pool, "/staff");
    let page = browser.get(&here).await;
    let refused = submit(&mut browser, &page, "join", &[("username", "nobody")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(spoken(&refused).contains("User does not exist."), "{}", spoken(&refused));
    let done = submit(&mut browser, &page, "join", &[("username", "user-00")]).await;
    assert_eq!(done.location(), here, "{}", spoken(&done));

    let members = |page: &str| (0..27).filter(|number| page.contains(&format!(">user-{number:02}<"))).count();
    let first = browser.get(&here).await;
    assert_eq!(members(&first.text), 25);
    let next = first.text.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|url| url.contains("after="));
    let second = browser.get(&next.expect("a next page").replace("&amp;", "&")).await;
    assert_eq!(members(&second.text), 2);

    let ask = browser.get(&format!("/console/pools/{pool}/users/user-00/groups/staff/remove?from=group")).await;
    let done = submit(&mut browser, &ask, "remove", &[]).await;
    assert_eq!(done.location(), here);
    let said = spoken(&browser.get(&groups(&pool, "/staff/delete")).await);
    assert!(said.contains("Memberships 26") && said.contains("every user who is in it"), "{said}");
}

#[tokio::test]
async fn a_group_is_deleted_and_its_users_stay() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    house.user(&pool, "ada@example.com").await;
    house.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "staff" })).await;
    let member = json!({ "UserPoolId": pool, "Username": "ada@example.com", "GroupName": "staff" });
    house.ok("AdminAddUserToGroup", member).await;
    let mut browser = house.browser();
    let ask = browser.get(&groups(&pool, "/staff/delete")).await;
    assert!(spoken(&ask).contains("Memberships 1"), "{}", spoken(&ask));
    let done = submit(&mut browser, &ask, "delete", &[]).await;
    let done = browser.follow(done).await;
    assert!(spoken(&done).contains("Group staff was deleted. Its members stay."), "{}", spoken(&done));
    assert_eq!(house.refused("GetGroup", json!({ "UserPoolId": pool, "GroupName": "staff" })).await.1, "Group not found.");
    house.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "ada@example.com" })).await;
}

#[tokio::test]
async fn sec_051_066_no_group_is_touched_without_our_form() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    house.user(&pool, "eve@example.com").await;
    house.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "staff" })).await;
    let before = group(&house, &pool, "staff").await;
    let mut browser = house.browser();
    browser.get(&groups(&pool, "/staff")).await;
    let typed = [("groupName", "other"), ("username", "eve@example.com"), ("description", "x"), ("_csrf", "x")];
    for rest in ["/new", "/staff", "/staff/edit", "/staff/delete"] {
        assert_eq!(browser.post(&groups(&pool, rest), &typed).await.status, StatusCode::FORBIDDEN, "{rest}");
    }
    assert_eq!(group(&house, &pool, "staff").await, before);
    assert_eq!(house.ok("ListGroups", json!({ "UserPoolId": pool })).await["Groups"].as_array().unwrap().len(), 1);
    assert_eq!(house.ok("ListUsersInGroup", json!({ "UserPoolId": pool, "GroupName": "staff" })).await["Users"], json!([]));
}
