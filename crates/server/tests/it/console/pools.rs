//! Making and deleting a pool.

use http::StatusCode;
use serde_json::json;

use super::forms::{Form, words};
use crate::harness::House;

#[tokio::test]
async fn a_pool_is_made_with_what_was_chosen() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = browser.get("/console/pools/new").await;
    assert!(words(&page).contains("Fixed on AWS"), "{page:?}");
    assert!(page.text.contains("--pool-name=my-pool"), "the equivalent call has an example");
    let form = Form::of(&page, "create");
    assert_eq!(form.value("sign_in"), ["email"]);
    let form = form
        .with("PoolName", &["shop"])
        .with("sign_in", &["alias"])
        .with("required", &["email", "given_name"])
        .with("AdminCreateUserConfig.AllowAdminCreateUserOnly", &["true"]);
    let reply = form.send(&mut browser).await;
    assert_eq!(reply.status, StatusCode::FOUND, "{reply:?}");
    let id = reply.location().rsplit('/').next().unwrap().to_owned();
    assert!(words(&browser.follow(reply).await).contains("User pool shop was created."));
    let pool = &house.ok("DescribeUserPool", json!({ "UserPoolId": id })).await["UserPool"];
    assert_eq!(pool["Name"], "shop");
    assert_eq!((&pool["AliasAttributes"], &pool["UsernameAttributes"]), (&json!(["email"]), &json!(null)));
    assert_eq!(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"], true);
    let schema = pool["SchemaAttributes"].as_array().unwrap();
    let required: Vec<&str> =
        schema.iter().filter(|one| one["Required"] == true).map(|one| one["Name"].as_str().unwrap()).collect();
    assert_eq!(required, ["sub", "given_name", "email"]);
}

#[tokio::test]
async fn a_refused_pool_keeps_what_was_typed() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = browser.get("/console/pools/new").await;
    let form = Form::of(&page, "create").with("PoolName", &["no/slash"]).with("sign_in", &["username"]).with("required", &[]);
    let reply = form.send(&mut browser).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(words(&reply).contains("at 'poolName' failed to satisfy constraint"), "{reply:?}");
    assert!(reply.text.contains("id=\"create-PoolName-error\""), "said at its field");
    let again = Form::of(&reply, "create");
    assert_eq!((again.value("PoolName"), again.value("sign_in")), (vec!["no/slash"], vec!["username"]));
    assert!(again.value("required").is_empty());
    let nameless = again.with("PoolName", &[""]).send(&mut browser).await;
    assert!(nameless.status == StatusCode::BAD_REQUEST && words(&nameless).contains("Enter a name"), "{nameless:?}");
    let forged = browser.post("/console/pools/new", &[("PoolName", "forged")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(house.ok("ListUserPools", json!({ "MaxResults": 60 })).await["UserPools"], json!([]));
}

#[tokio::test]
async fn deleting_a_pool_names_what_is_lost_and_wants_its_name() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, "ada@example.com").await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "shop" })).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("/console/pools/{}/delete", app.pool)).await;
    let said = words(&page);
    for part in ["1 user", "1 app client", "shop", "0 groups", "You can undo this for 7 days."] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(page.text.contains("delete-user-pool-domain") && page.text.contains("delete-user-pool "), "both calls are told");
    let form = Form::of(&page, "delete");
    let wrong = form.clone().with("confirm", &["tset"]).send(&mut browser).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{wrong:?}");
    let forged = browser.post(&format!("/console/pools/{}/delete", app.pool), &[("confirm", "test")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    house.ok("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
    let reply = form.with("confirm", &["test"]).send(&mut browser).await;
    assert_eq!(reply.location(), "/console/pools", "{reply:?}");
    let refused = house.refused("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
    assert_eq!(refused.0, "ResourceNotFoundException");
    assert_eq!(browser.get(&format!("/console/pools/{}/delete", app.pool)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_protected_pool_is_not_deleted_and_keeps_its_domain() {
    let house = House::start().await;
    let pool = house.pool(json!({ "DeletionProtection": "ACTIVE" })).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "shop" })).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("/console/pools/{pool}/delete")).await;
    assert!(words(&page).contains("Deletion protection is on") && !page.text.contains("id=\"delete\""), "{page:?}");
    assert!(page.text.contains("settings/protection"));
    let token = browser.get("/console/pools/new").await;
    let token = Form::of(&token, "create").value("_csrf")[0].to_owned();
    let posted = browser.post(&format!("/console/pools/{pool}/delete"), &[("_csrf", &token), ("confirm", "test")]).await;
    assert_eq!(posted.status, StatusCode::BAD_REQUEST);
    let described = house.ok("DescribeUserPool", json!({ "UserPoolId": pool })).await;
    assert_eq!(described["UserPool"]["Domain"], "shop");
}
