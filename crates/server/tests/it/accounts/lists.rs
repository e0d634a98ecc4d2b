//! ListUsers: filters, pages, attributes.
use serde_json::{Value, json};

use super::{admin, attribute, by_name, list, shown};
use crate::both;
use crate::harness::{App, House};

async fn found(house: &House, app: &App, filter: &str) -> Vec<String> {
    let answer = house.ok("ListUsers", json!({ "UserPoolId": app.pool, "Filter": filter })).await;
    let mut names: Vec<String> =
        answer["Users"].as_array().unwrap().iter().map(|user| user["Username"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

async fn add(house: &House, app: &App, name: &str, attributes: &[(&str, &str)]) {
    let more = json!({ "UserAttributes": list(attributes), "MessageAction": "SUPPRESS" });
    admin(house, app, "AdminCreateUser", name, more).await;
}

both! {
    async fn users_are_found_by_every_searchable_attribute(house: House) {
        let app = by_name(&house, json!({})).await;
        let ann = [
            ("email", "ann@example.com"), ("phone_number", "+15550101"), ("name", "Ann \"Annie\" O'Neil"), ("given_name", "Ann"),
            ("family_name", "O'Neil"), ("preferred_username", "annie"),
        ];
        add(&house, &app, "ann", &ann).await;
        add(&house, &app, "anna_", &[("email", "anna@example.com"), ("given_name", "Anna%"), ("family_name", "Smith")]).await;
        add(&house, &app, "bob", &[("email", "bob@example.com"), ("phone_number", "+15550102")]).await;
        admin(&house, &app, "AdminSetUserPassword", "bob", json!({ "Password": "Correct-Horse-9", "Permanent": true })).await;
        admin(&house, &app, "AdminDisableUser", "bob", json!({})).await;
        let sub = attribute(&shown(&house, &app, "ann").await, "sub").unwrap();
        let table: [(&str, &[&str]); 24] = [
            ("", &["ann", "anna_", "bob"]),
            ("username = \"ann\"", &["ann"]),
            ("username ^= \"ann\"", &["ann", "anna_"]),
            ("username = \"an\"", &[]),
            ("email = \"ann@example.com\"", &["ann"]),
            ("email ^= \"ann\"", &["ann", "anna_"]),
            ("email^=\"bob@\"", &["bob"]),
            ("phone_number = \"+15550101\"", &["ann"]),
            ("phone_number ^= \"+1555\"", &["ann", "bob"]),
            ("name ^= \"Ann \\\"An\"", &["ann"]),
            ("given_name = \"Ann\"", &["ann"]),
            ("given_name ^= \"Ann\"", &["ann", "anna_"]),
            // Wildcards of SQL are letters.
            ("given_name ^= \"Anna%\"", &["anna_"]),
            ("given_name ^= \"A%\"", &[]),
            ("username ^= \"a_n\"", &[]),
            ("family_name = \"O'Neil\"", &["ann"]),
            ("preferred_username = \"annie\"", &["ann"]),
            ("cognito:user_status = \"CONFIRMED\"", &["bob"]),
            ("cognito:user_status = \"force_change_password\"", &["ann", "anna_"]),
            ("cognito:user_status ^= \"FORCE\"", &["ann", "anna_"]),
            ("status = \"Enabled\"", &["ann", "anna_"]),
            ("status = \"Disabled\"", &["bob"]),
            ("username = \"x' OR '1'='1\"", &[]),
            ("username ^= \"\"", &["ann", "anna_", "bob"]),
        ];
        for (filter, names) in table {
            assert_eq!(found(&house, &app, filter).await, names, "{filter}");
        }
        assert_eq!(found(&house, &app, &format!("sub = \"{sub}\"")).await, ["ann"]);
        // Another pool's users are never found.
        let other = by_name(&house, json!({})).await;
        assert!(found(&house, &other, &format!("sub = \"{sub}\"")).await.is_empty());
        for filter in ["username = ann", "username = 'ann'", "username", "= \"ann\"", "username == \"ann\"", "username = \"ann\" x", "username > \"a\""] {
            let refused = house.refused("ListUsers", json!({ "UserPoolId": app.pool, "Filter": filter })).await;
            assert_eq!(refused, ("InvalidParameterException".into(), "Error while parsing filter".into()), "{filter}");
        }
        for name in ["custom:foo", "password_hash", "address"] {
            let refused = house.refused("ListUsers", json!({ "UserPoolId": app.pool, "Filter": format!("{name} = \"x\"") })).await;
            assert_eq!(refused, ("InvalidParameterException".into(), format!("Invalid search attribute: {name}")));
        }
    }

    async fn pages_hold_everybody_once(house: House) {
        let app = by_name(&house, json!({})).await;
        for n in 0..7 {
            add(&house, &app, &format!("user-{n}"), &[("given_name", "Same"), ("email", &format!("{n}@example.com"))]).await;
        }
        for filter in ["", "given_name = \"Same\"", "given_name ^= \"Sa\"", "email ^= \"\"", "status = \"Enabled\""] {
            for limit in [1, 3, 7, 60] {
                let (mut names, mut token) = (Vec::new(), Value::Null);
                loop {
                    let mut input = json!({ "UserPoolId": app.pool, "Filter": filter, "Limit": limit });
                    if !token.is_null() {
                        input["PaginationToken"] = token;
                    }
                    let page = house.ok("ListUsers", input).await;
                    let users = page["Users"].as_array().unwrap().clone();
                    assert!(users.len() <= limit, "{filter} {limit}");
                    names.extend(users.iter().map(|user| user["Username"].as_str().unwrap().to_owned()));
                    token = page["PaginationToken"].clone();
                    if token.is_null() {
                        break;
                    }
                }
                names.sort();
                let expected: Vec<String> = (0..7).map(|n| format!("user-{n}")).collect();
                assert_eq!(names, expected, "{filter} {limit}");
            }
        }
        assert_eq!(house.api("ListUsers", json!({ "UserPoolId": app.pool, "Limit": 61 })).await.error().0, "InvalidParameterException");
    }
}

#[tokio::test]
async fn a_list_shows_the_attributes_asked_for_and_no_secrets() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    add(&house, &app, "ann", &[("email", "ann@example.com"), ("name", "Ann")]).await;
    let answer = house.ok("ListUsers", json!({ "UserPoolId": app.pool, "AttributesToGet": ["email"] })).await;
    let user = &answer["Users"][0];
    assert_eq!(user["Attributes"], json!([{ "Name": "email", "Value": "ann@example.com" }]));
    let mut members: Vec<&str> = user.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["Attributes", "Enabled", "UserCreateDate", "UserLastModifiedDate", "UserStatus", "Username"]);
    let input = json!({ "UserPoolId": app.pool, "AttributesToGet": ["password_hash"] });
    assert_eq!(house.refused("ListUsers", input).await.0, "InvalidParameterException");
}
