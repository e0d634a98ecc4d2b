//! App clients: list, create, detail, settings, secrets, delete.

use http::StatusCode;
use serde_json::{Value, json};

use super::forms::{Form, words};
use crate::browser::Browser;
use crate::harness::{App, CALLBACK, House, Reply};

fn url(app: &App, rest: &str) -> String {
    format!("/console/pools/{}/clients/{}{rest}", app.pool, app.client)
}

async fn described(house: &House, app: &App) -> Value {
    let input = json!({ "UserPoolId": app.pool, "ClientId": app.client });
    house.ok("DescribeUserPoolClient", input).await["UserPoolClient"].clone()
}

/// Without what every change changes.
fn settled(mut client: Value) -> Value {
    client.as_object_mut().unwrap().remove("LastModifiedDate");
    client
}

#[tokio::test]
async fn a_client_is_made_and_listed() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let list = format!("/console/pools/{pool}/clients");
    let mut browser = house.browser();
    assert!(words(&browser.get(&list).await).contains("No app clients yet"));
    let form = Form::of(&browser.get(&format!("{list}/new")).await, "create");
    let refused = form.clone().with("ClientName", &["shop"]).with("CallbackURLs", &["http://b.example"]).send(&mut browser).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text.contains("id=\"create-CallbackURLs-error\""), "{refused:?}");
    assert_eq!(Form::of(&refused, "create").value("CallbackURLs"), ["http://b.example"]);
    let forged = browser.post(&format!("{list}/new"), &[("ClientName", "forged")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let made = form.with("ClientName", &["shop"]).with("GenerateSecret", &["false"]).with("CallbackURLs", &[CALLBACK]);
    let made = made.send(&mut browser).await;
    let page = browser.follow(made).await;
    assert!(words(&page).contains("App client shop was created."), "{page:?}");
    let listed = house.ok("ListUserPoolClients", json!({ "UserPoolId": pool })).await;
    let client = listed["UserPoolClients"].as_array().unwrap();
    assert_eq!(client.len(), 1);
    let app = App { pool, client: client[0]["ClientId"].as_str().unwrap().to_owned(), secret: None };
    let made = described(&house, &app).await;
    assert_eq!((&made["ClientSecret"], &made["CallbackURLs"]), (&Value::Null, &json!([CALLBACK])));
    assert_eq!((&made["AllowedOAuthFlows"], &made["AllowedOAuthFlowsUserPoolClient"]), (&json!(["code"]), &json!(true)));
    let shown = words(&browser.get(&list).await);
    assert!(shown.contains("shop") && shown.contains(&app.client) && shown.contains("public"), "{shown}");
    assert_eq!(browser.get("/console/pools/eu-central-1_none/clients").await.status, StatusCode::NOT_FOUND);
    let nobody = App { client: "nobody".to_owned(), ..app };
    for rest in ["", "/login-pages", "/authentication", "/attributes", "/secrets", "/delete", "/postman/environment"] {
        assert_eq!(browser.get(&url(&nobody, rest)).await.status, StatusCode::NOT_FOUND, "{rest}");
    }
}

#[tokio::test]
async fn the_detail_has_snippets_with_real_ids_and_no_secret() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "shop" })).await;
    let mut browser = house.browser();
    let page = browser.get(&url(&app, "")).await;
    let said = words(&page);
    let secret = app.secret.clone().unwrap();
    for part in [
        format!("OIDC_CLIENT_ID={}", app.client),
        format!("OIDC_ISSUER={}/{}", house.public_url, app.pool),
        format!("ClientId=\"{}\"", app.client),
        format!("{}/_domain/shop/oauth2/token", house.public_url),
        "YOUR_CLIENT_SECRET".to_owned(),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
    let sign_in = format!("{}/_domain/shop/login?client_id={}", house.public_url, app.client);
    assert!(crate::browser::unescaped(&page.text).contains(&sign_in), "a link to the sign-in page");
    for rest in ["", "/login-pages", "/authentication", "/attributes", "/secrets", "/delete", "/postman/environment"] {
        let page = browser.get(&url(&app, rest)).await;
        assert_eq!(page.status, StatusCode::OK, "{rest}: {page:?}");
        assert!(!page.text.contains(&secret), "{rest} has the secret");
        assert!(page.text.len() < 50_000, "{rest}: {} bytes", page.text.len());
    }
    let environment = browser.get(&url(&app, "/postman/environment")).await;
    assert!(environment.text.contains(&app.client) && environment.header("content-disposition").starts_with("attachment"));
    let collection = browser.get(&url(&app, "/postman/collection")).await;
    assert!(collection.json()["info"]["schema"].is_string());
}

async fn form(browser: &mut Browser<'_>, app: &App, rest: &str) -> Form {
    Form::of(&browser.get(&url(app, rest)).await, "settings")
}

#[tokio::test]
async fn saving_untouched_forms_changes_nothing() {
    let house = House::start().await;
    let app = house
        .oauth_app(json!({
            "GenerateSecret": true, "AccessTokenValidity": 20, "TokenValidityUnits": { "AccessToken": "minutes" },
            "ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"], "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 7 },
            "WriteAttributes": ["email", "name"], "DefaultRedirectURI": CALLBACK,
            "AnalyticsConfiguration": { "ApplicationArn": "arn:aws:mobiletargeting:us-east-1:123456789012:apps/x" },
        }))
        .await;
    let before = described(&house, &app).await;
    house.clock.advance_ms(1000);
    let mut browser = house.browser();
    for rest in ["/login-pages", "/authentication", "/attributes"] {
        let reply = form(&mut browser, &app, rest).await.send(&mut browser).await;
        assert_eq!(reply.status, StatusCode::FOUND, "{rest}: {reply:?}");
        assert!(words(&browser.follow(reply).await).contains("Nothing was changed"), "{rest}");
    }
    assert_eq!(described(&house, &app).await, before);
}

#[tokio::test]
async fn one_change_is_saved_and_several_are_shown_first_and_nothing_else_is_reset() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "ReadAttributes": ["email"], "IdTokenValidity": 2 })).await;
    house.clock.advance_ms(1000);
    let before = described(&house, &app).await;
    let mut browser = house.browser();
    let page = form(&mut browser, &app, "/login-pages").await;
    let second = "http://localhost:3000/cb";
    let one = page.clone().with("CallbackURLs", &[&format!("{CALLBACK}\r\n{second}")]).send(&mut browser).await;
    assert_eq!(one.status, StatusCode::FOUND, "{one:?}");
    let mut expected = before.clone();
    expected["CallbackURLs"] = json!([CALLBACK, second]);
    assert_eq!(settled(described(&house, &app).await), settled(expected.clone()));

    house.clock.advance_ms(1000);
    let page = form(&mut browser, &app, "/login-pages").await;
    let two = page.with("AllowedOAuthFlows", &["code"]).with("LogoutURLs", &["https://app.example.com/out"]);
    let review = two.send(&mut browser).await;
    assert_eq!(review.status, StatusCode::OK);
    let said = words(&review);
    assert!(said.contains("Review the changes") && said.contains("AllowedOAuthFlows") && said.contains("LogoutURLs"), "{said}");
    assert!(review.text.contains("update-user-pool-client"), "the call it would make");
    assert_eq!(settled(described(&house, &app).await), settled(expected.clone()), "nothing before it is confirmed");
    let saved = Form::of(&review, "review").send(&mut browser).await;
    assert!(words(&browser.follow(saved).await).contains("2 changes were saved"));
    expected["AllowedOAuthFlows"] = json!(["code"]);
    expected["LogoutURLs"] = json!(["https://app.example.com/out"]);
    assert_eq!(settled(described(&house, &app).await), settled(expected));
}

#[tokio::test]
async fn a_change_by_somebody_else_is_noticed() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let mut browser = house.browser();
    let page = form(&mut browser, &app, "/authentication").await.with("AuthSessionValidity", &["5"]);
    // The clock stands still: the date of the last change is the same.
    let mut other = described(&house, &app).await;
    let members = other.as_object_mut().unwrap();
    members.retain(|name, _| !matches!(name.as_str(), "ClientSecret" | "LastModifiedDate" | "CreationDate" | "ClientType"));
    members.insert("ClientName".to_owned(), json!("renamed"));
    house.ok("UpdateUserPoolClient", other).await;
    let conflict = page.send(&mut browser).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT, "{conflict:?}");
    assert!(words(&conflict).contains("changed after you opened the form"));
    assert_eq!(described(&house, &app).await["AuthSessionValidity"], 3);
    let saved = Form::of(&conflict, "review").send(&mut browser).await;
    assert_eq!(saved.status, StatusCode::FOUND, "{saved:?}");
    let client = described(&house, &app).await;
    assert_eq!((&client["AuthSessionValidity"], &client["ClientName"]), (&json!(5), &json!("test")));
}

#[tokio::test]
async fn refused_settings_keep_what_was_typed() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let mut browser = house.browser();
    let page = form(&mut browser, &app, "/authentication").await;
    let refused = page.clone().with("AccessTokenValidity", &["100"]).send(&mut browser).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(words(&refused).contains("Invalid range for token validity."), "{refused:?}");
    assert_eq!(Form::of(&refused, "settings").value("AccessTokenValidity"), ["100"]);
    let refused = page.clone().with("AuthSessionValidity", &["99"]).send(&mut browser).await;
    assert!(refused.text.contains("id=\"settings-AuthSessionValidity-error\""), "{refused:?}");
    let refused = page.with("AuthSessionValidity", &["soon"]).send(&mut browser).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
    let nothing = form(&mut browser, &app, "/attributes").await.with("WriteAttributes", &[]).send(&mut browser).await;
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST);
    assert!(words(&nothing).contains("Tick at least one attribute"), "{nothing:?}");
    let forged = browser.post(&url(&app, "/authentication"), &[("ClientName", "forged")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(described(&house, &app).await["ClientName"], "test");
    let written = form(&mut browser, &app, "/attributes").await.with("WriteAttributes", &["email", "name"]);
    assert_eq!(written.send(&mut browser).await.status, StatusCode::FOUND);
    assert_eq!(described(&house, &app).await["WriteAttributes"], json!(["email", "name"]));
    assert_eq!(described(&house, &app).await["ReadAttributes"], Value::Null, "what was not touched stays unset");
}

/// The row of an attribute on the page of permissions: its words, and the lists that it has a box for.
fn permissions(page: &Reply, attribute: &str) -> (String, Vec<&'static str>) {
    let start = page.text.find(&format!("<th scope=\"row\"><bdi>{attribute}</bdi>")).unwrap_or_else(|| panic!("{page:?}"));
    let row = page.text[start..].split("</tr>").next().unwrap().to_owned();
    let boxes = ["ReadAttributes", "WriteAttributes"].into_iter().filter(|name| row.contains(&format!("name=\"{name}\"")));
    (row.clone(), boxes.collect())
}

#[tokio::test]
async fn attribute_permissions_are_a_table() {
    let house = House::start().await;
    let schema = json!([
        { "Name": "given_name", "AttributeDataType": "String", "Required": true, "Mutable": true },
        { "Name": "badge", "AttributeDataType": "String", "Mutable": false },
    ]);
    let pool = house.pool(json!({ "Schema": schema })).await;
    let (client, secret) = house.client(&pool, json!({})).await;
    let app = App { pool, client, secret };
    let mut browser = house.browser();
    let page = browser.get(&url(&app, "/attributes")).await;
    for (name, note, lists) in [
        ("given_name", "Required at sign-up", vec!["ReadAttributes", "WriteAttributes"]),
        ("custom:badge", "Cannot be changed once it is set", vec!["ReadAttributes", "WriteAttributes"]),
        ("email_verified", "never", vec!["ReadAttributes"]),
    ] {
        let (row, boxes) = permissions(&page, name);
        assert!(row.contains(note) && boxes == lists, "{name}: {row}");
    }
    assert!(words(&page).contains("Where nothing is set, an app reads every attribute and writes every standard one"));
    assert!(!words(&page).contains("cannot sign up"), "nothing required is kept from it");
    let form = Form::of(&page, "settings");
    assert!(form.value("ReadAttributes").contains(&"custom:badge") && !form.value("WriteAttributes").contains(&"custom:badge"));

    let saved = form.with("WriteAttributes", &["email"]).send(&mut browser).await;
    let page = browser.follow(saved).await;
    assert!(words(&page).contains("Users cannot sign up through this app, which may not write what is required: given_name."));
    assert_eq!(Form::of(&page, "settings").value("WriteAttributes"), ["email"]);
    let client = described(&house, &app).await;
    assert_eq!((&client["WriteAttributes"], &client["ReadAttributes"]), (&json!(["email"]), &Value::Null));
    let forged = browser.post(&url(&app, "/attributes"), &[("WriteAttributes", "custom:badge")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(described(&house, &app).await["WriteAttributes"], json!(["email"]));
}

#[tokio::test]
async fn secrets_are_shown_by_a_post_only() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    let first = app.secret.clone().unwrap();
    let mut browser = house.browser();
    let page = browser.get(&url(&app, "/secrets")).await;
    assert!(!page.text.contains(&first));
    let asked = browser.get(&url(&app, "/secrets/reveal")).await;
    assert_eq!(asked.status, StatusCode::METHOD_NOT_ALLOWED);
    let forged = browser.post(&url(&app, "/secrets/reveal"), &[]).await;
    assert!(forged.status == StatusCode::FORBIDDEN && !forged.text.contains(&first), "{forged:?}");
    let shown = Form::of(&page, "reveal").send(&mut browser).await;
    assert!(shown.text.contains(&first) && shown.header("cache-control") == "no-store", "{shown:?}");

    let added = Form::of(&page, "add").send(&mut browser).await;
    assert_eq!(added.status, StatusCode::OK);
    assert!(!added.text.contains("id=\"add\""), "two are the most");
    let again = Form::of(&page, "add").send(&mut browser).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(words(&again).contains("at most 2 secrets"), "{again:?}");
    let ids = json!({ "UserPoolId": app.pool, "ClientId": app.client });
    let listed = house.ok("ListUserPoolClientSecrets", ids.clone()).await;
    let old = listed["ClientSecrets"][0]["ClientSecretId"].as_str().unwrap().to_owned();

    let ask = browser.get(&url(&app, &format!("/secrets/delete?id={old}"))).await;
    let gone = Form::of(&ask, "delete").send(&mut browser).await;
    assert_eq!(gone.status, StatusCode::FOUND, "{gone:?}");
    let listed = house.ok("ListUserPoolClientSecrets", ids).await;
    assert_eq!(listed["ClientSecrets"].as_array().unwrap().len(), 1);
    let second = described(&house, &app).await["ClientSecret"].as_str().unwrap().to_owned();
    assert!(second != first && added.text.contains(&second), "the page of the addition showed what is left");
    assert_eq!(browser.get(&url(&app, "/secrets/delete?id=nothing")).await.status, StatusCode::NOT_FOUND);
    let public = house.app().await;
    assert!(words(&browser.get(&url(&public, "/secrets")).await).contains("A public app client"));
}

#[tokio::test]
async fn deleting_a_client_wants_its_name() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "ClientName": "The Shop" })).await;
    let mut browser = house.browser();
    let form = Form::of(&browser.get(&url(&app, "/delete")).await, "delete");
    assert_eq!(form.clone().with("confirm", &["the shop"]).send(&mut browser).await.status, StatusCode::BAD_REQUEST);
    let forged = browser.post(&url(&app, "/delete"), &[("confirm", "The Shop")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    described(&house, &app).await;
    let gone = form.with("confirm", &["The Shop"]).send(&mut browser).await;
    assert!(words(&browser.follow(gone).await).contains("App client The Shop was deleted."));
    assert_eq!(browser.get(&url(&app, "")).await.status, StatusCode::NOT_FOUND);
}
