//! A pool's attributes: `console::settings::attributes`.

use http::StatusCode;
use serde_json::{Value, json};

use super::forms::{Form, has, link, send, spoken, submit};
use crate::both;
use crate::harness::{House, Reply};

async fn customs(house: &House, pool: &str) -> Vec<Value> {
    let described = house.ok("DescribeUserPool", json!({ "UserPoolId": pool })).await;
    let all = described["UserPool"]["SchemaAttributes"].as_array().unwrap().clone();
    all.into_iter().filter(|one| one["Name"].as_str().unwrap().contains(':')).collect()
}

/// The field whose error the page says.
fn wrong(page: &Reply) -> Vec<&str> {
    let fields = page.text.split("class=\"field-error\" id=\"add-").skip(1);
    fields.filter_map(|rest| rest.split("-error\"").next()).collect()
}

both! {
    async fn attributes_are_shown_and_added(house: House) {
        let pool = house.pool(json!({})).await;
        let url = format!("/console/pools/{pool}/settings/attributes");
        let mut browser = house.browser();
        let index = browser.get(&format!("/console/pools/{pool}/settings")).await;
        assert_eq!(link(&index, "Show and add attributes"), url);
        assert_eq!(link(&index, "Sign-up attributes"), url, "the menu");
        let page = browser.get(&url).await;
        has(&page, &["No custom attributes yet", "birthdate", "10 characters", "aws cognito-idp add-custom-attributes"]);
        let cases = [
            (
                vec![("Name", "tier"), ("least", "2"), ("most", "9")],
                json!({ "Name": "custom:tier", "AttributeDataType": "String", "Mutable": true, "StringAttributeConstraints": { "MinLength": "2", "MaxLength": "9" } }),
            ),
            (
                vec![("Name", "age"), ("AttributeDataType", "Number"), ("least", "-5")],
                json!({ "Name": "custom:age", "AttributeDataType": "Number", "NumberAttributeConstraints": { "MinValue": "-5" } }),
            ),
            (vec![("Name", "vip"), ("AttributeDataType", "Boolean")], json!({ "Name": "custom:vip", "AttributeDataType": "Boolean" })),
        ];
        for (typed, made) in cases {
            let page = browser.get(&url).await;
            let done = send(&mut browser, &page, "add", &typed).await;
            let last = customs(&house, &pool).await.pop().unwrap();
            for (member, value) in made.as_object().unwrap() {
                assert_eq!(&last[member], value, "{last}");
            }
            has(&done, &[&format!("Attribute {} was added.", made["Name"].as_str().unwrap())]);
        }
        let page = browser.get(&url).await;
        let fixed = Form::of(&page, "add").with("Name", &["id"]).with("Mutable", &[]).send(&mut browser).await;
        assert!(fixed.status.is_redirection(), "{fixed:?}");
        assert_eq!(customs(&house, &pool).await[3]["Mutable"], false);
        assert!(spoken(&browser.get(&url).await).contains("2 to 9 characters"));
        let nowhere = browser.get("/console/pools/eu-central-1_none/settings/attributes").await;
        assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn what_is_refused_is_said_at_its_field_and_changes_nothing() {
    let house = House::start().await;
    let pool = house.pool(json!({ "Schema": [{ "Name": "tier", "AttributeDataType": "String" }] })).await;
    let url = format!("/console/pools/{pool}/settings/attributes");
    let mut browser = house.browser();
    let page = browser.get(&url).await;
    for (typed, field, said) in [
        (vec![("Name", "tier")], "Name", "custom:tier: Existing attribute already has name custom:tier."),
        (vec![("Name", "")], "Name", "validation error"),
        (vec![("Name", "custom:custom:xxxxxxxxxxxxxxx")], "Name", "1 validation error"),
        (vec![("Name", "a"), ("AttributeDataType", "Text")], "AttributeDataType", "ttributeDataType"),
        (vec![("Name", "a"), ("least", "9"), ("most", "2")], "least", "Minimum length cannot be greater than maximum length."),
        (vec![("Name", "a"), ("most", "2049")], "most", "cannot have a length of more than 2048"),
        (vec![("Name", "a"), ("least", "x")], "least", "Invalid constraint value x."),
        (vec![("Name", "a"), ("AttributeDataType", "Boolean"), ("most", "1")], "most", "A Boolean has no minimum and no maximum"),
    ] {
        let refused = submit(&mut browser, &page, "add", &typed).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{typed:?}");
        assert_eq!(wrong(&refused), [field], "{typed:?}: {}", spoken(&refused));
        assert!(spoken(&refused).contains(said), "{typed:?}: {}", spoken(&refused));
        let form = Form::of(&refused, "add");
        assert_eq!(form.value("Name"), [typed[0].1], "what was typed stays");
    }
    assert_eq!(browser.post(&url, &[("Name", "forged"), ("AttributeDataType", "String")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(customs(&house, &pool).await.len(), 1);
    for number in 0..49 {
        let attribute = json!([{ "Name": format!("more-{number}"), "AttributeDataType": "String" }]);
        house.ok("AddCustomAttributes", json!({ "UserPoolId": pool, "CustomAttributes": attribute })).await;
    }
    let full = submit(&mut browser, &page, "add", &[("Name", "b")]).await;
    assert!(wrong(&full).is_empty() && spoken(&full).contains("at most 50 custom attributes"), "{}", spoken(&full));
}

#[tokio::test]
async fn sec_103_the_console_warns_and_lists_the_clients_that_may_write_it() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let (open, _) = house.client(&pool, json!({ "ClientName": "open" })).await;
    let url = format!("/console/pools/{pool}/settings/attributes");
    let mut browser = house.browser();
    let page = browser.get(&url).await;
    assert!(spoken(&page).contains("No app client can write a new one before it is given the right"), "{page:?}");
    let done = send(&mut browser, &page, "add", &[("Name", "role")]).await;
    assert!(spoken(&done).contains("No app client can write it yet"), "{page:?}");
    assert!(!spoken(&done).contains("an API must not take such a value for a permission"));
    assert_eq!(link(&done, "<bdi>open</bdi>"), format!("/console/pools/{pool}/clients/{open}/attributes"));
    house.client(&pool, json!({ "ClientName": "writer", "WriteAttributes": ["email", "custom:role"] })).await;
    let warned = spoken(&browser.get(&url).await);
    assert!(warned.contains("Users themselves can write custom attributes through writer:"), "{warned}");
    let rows = warned.split("App clients and custom attributes").nth(1).unwrap();
    assert!(rows.contains("open all: it has no list of its own none") && rows.contains("writer"), "{rows}");
    assert!(rows.contains("custom:role"), "{rows}");
}
