//! The domain, and resource servers with their scopes.

use http::StatusCode;
use serde_json::json;

use super::forms::{Form, words};
use crate::harness::House;

#[tokio::test]
async fn a_domain_is_made_with_its_addresses_and_deleted_by_its_name() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let url = format!("/console/pools/{}/domain", app.pool);
    let mut browser = house.browser();
    let page = browser.get(&url).await;
    assert!(words(&page).contains("/_domain/your-prefix"), "{page:?}");
    let form = Form::of(&page, "create");
    assert_eq!(form.value("Domain"), ["test"]);
    let refused = form.clone().with("Domain", &["my-cognito"]).send(&mut browser).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(words(&refused).contains("Domain cannot contain reserved word: cognito"), "{refused:?}");
    assert_eq!(Form::of(&refused, "create").value("Domain"), ["my-cognito"]);
    let forged = browser.post(&url, &[("Domain", "forged")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let made = form.with("Domain", &["shop"]).send(&mut browser).await;
    let made = browser.follow(made).await;
    let said = words(&made);
    for part in ["/_domain/shop/login", "/_domain/shop/oauth2/token", "/_domain/shop/logout"] {
        assert!(said.contains(&format!("{}{part}", house.public_url)), "{part}: {said}");
    }
    assert!(house.get("/_domain/shop/.well-known/nothing").await.status.is_client_error());

    let page = browser.get(&format!("{url}/delete?domain=shop")).await;
    assert!(words(&page).contains("1 app client"), "{page:?}");
    let form = Form::of(&page, "delete");
    assert_eq!(form.clone().with("confirm", &["shops"]).send(&mut browser).await.status, StatusCode::BAD_REQUEST);
    let described = house.ok("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
    assert_eq!(described["UserPool"]["Domain"], "shop");
    assert_eq!(form.with("confirm", &["shop"]).send(&mut browser).await.status, StatusCode::FOUND);
    let described = house.ok("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
    assert_eq!(described["UserPool"]["Domain"], json!(null));
    assert_eq!(browser.get(&format!("{url}/delete?domain=shop")).await.status, StatusCode::NOT_FOUND);
}

const IDENTIFIER: &str = "https://api.example.com/orders";

#[tokio::test]
async fn resource_servers_are_made_changed_and_deleted() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let url = format!("/console/pools/{pool}/resource-servers");
    let mut browser = house.browser();
    assert!(words(&browser.get(&url).await).contains("No resource servers yet"));
    let form = Form::of(&browser.get(&format!("{url}/new")).await, "create");
    let form = form.with("Name", &["Orders"]).with("Identifier", &[IDENTIFIER]);
    let refused = form.clone().with("Scopes", &["read: a\r\nread: b"]).send(&mut browser).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(words(&refused).contains("has a scope name twice"), "{refused:?}");
    assert_eq!(Form::of(&refused, "create").value("Scopes"), ["read: a\r\nread: b"]);
    let made = form.with("Scopes", &["read: Read: all\r\n\r\nwrite"]).send(&mut browser).await;
    let list = browser.follow(made).await;
    assert!(words(&list).contains(&format!("{IDENTIFIER}/read")), "{list:?}");
    let input = json!({ "UserPoolId": pool, "Identifier": IDENTIFIER });
    let made = house.ok("DescribeResourceServer", input.clone()).await;
    let scope = |name: &str, about: &str| json!({ "ScopeName": name, "ScopeDescription": about });
    assert_eq!(made["ResourceServer"]["Scopes"], json!([scope("read", "Read: all"), scope("write", "write")]));

    // A scope that a client uses is taken away only after its clients were shown.
    let custom = json!({ "AllowedOAuthScopes": [format!("{IDENTIFIER}/write")], "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthFlowsUserPoolClient": true, "GenerateSecret": true, "ClientName": "the machine" });
    house.client(&pool, custom).await;
    let one = format!("{url}/of/https%3A%2F%2Fapi.example.com%2Forders");
    let page = browser.get(&one).await;
    let form = Form::of(&page, "edit");
    assert_eq!(form.value("Scopes"), ["read: Read: all\r\nwrite: write"]);
    let review = form.clone().with("Scopes", &["read: Read all"]).send(&mut browser).await;
    assert_eq!(review.status, StatusCode::OK);
    assert!(words(&review).contains("the machine") && words(&review).contains("takes away"), "{review:?}");
    let unchanged = house.ok("DescribeResourceServer", input.clone()).await;
    assert_eq!(unchanged["ResourceServer"]["Scopes"].as_array().unwrap().len(), 2);
    let saved = Form::of(&review, "edit").send(&mut browser).await;
    assert_eq!(saved.status, StatusCode::FOUND, "{saved:?}");
    let saved = house.ok("DescribeResourceServer", input.clone()).await;
    assert_eq!(saved["ResourceServer"]["Scopes"], json!([scope("read", "Read all")]));

    // The old page knows nothing of that.
    let stale = form.with("Name", &["Other"]).send(&mut browser).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(words(&stale).contains("changed after you opened the form"), "{stale:?}");

    let page = browser.get(&format!("{one}/delete")).await;
    assert!(words(&page).contains("1 scope"), "{page:?}");
    let forged = browser.post(&format!("{one}/delete"), &[]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let gone = Form::of(&page, "delete").send(&mut browser).await;
    assert_eq!(gone.location(), url, "{gone:?}");
    assert_eq!(house.refused("DescribeResourceServer", input).await.0, "ResourceNotFoundException");
    assert_eq!(browser.get(&one).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/console/pools/eu-central-1_none/resource-servers/new").await.status, StatusCode::NOT_FOUND);
}
