//! Quick create: each goal ends in a set-up that works; what is refused on the way, and midway; what a draft is held to.

use http::StatusCode;
use serde_json::{Value, json};

use super::flow::{self, MAIL, Runner};
use super::forms::{Form, has, link, send, spoken, submit};
use crate::browser::Browser;
use crate::harness::{App, House, PASSWORD, Reply};

const START: &str = "/console/quick-create";
const PREFIX: &str = "shop-sign-in";

/// The user pool's page of a new draft.
pub async fn begin(browser: &mut Browser<'_>, goal: &str) -> Reply {
    let page = browser.get(START).await;
    send(browser, &page, "goal", &[("goal", goal)]).await
}

/// The address of a page of the draft that this page belongs to.
pub fn of_draft(page: &Reply, step: &str) -> String {
    let rest = page.text.split("/console/quick-create/").nth(1).unwrap();
    format!("{START}/{}/{step}", rest.split('/').next().unwrap())
}

/// The summary, once every page has been gone through as it stands but for these fields.
async fn summary(browser: &mut Browser<'_>, goal: &str, prefix: &str) -> Reply {
    let mut page = begin(browser, goal).await;
    for typed in [vec![], vec![("Domain", prefix)], vec![], vec![], vec![]] {
        page = send(browser, &page, "step", &typed).await;
    }
    if goal != "machine" {
        page = send(browser, &page, "step", &[("name", MAIL), ("password", PASSWORD)]).await;
    }
    has(&page, &["Check and create", "create-user-pool-client"]);
    page
}

async fn pools(house: &House) -> Vec<Value> {
    house.ok("ListUserPools", json!({ "MaxResults": 60 })).await["UserPools"].as_array().unwrap().clone()
}

/// The one pool and its one client.
async fn made(house: &House) -> App {
    let pools = pools(house).await;
    assert_eq!(pools.len(), 1, "{pools:?}");
    let pool = pools[0]["Id"].as_str().unwrap().to_owned();
    let clients = house.ok("ListUserPoolClients", json!({ "UserPoolId": pool, "MaxResults": 60 })).await;
    assert_eq!(clients["UserPoolClients"].as_array().unwrap().len(), 1);
    let client = clients["UserPoolClients"][0]["ClientId"].as_str().unwrap().to_owned();
    let described = house.ok("DescribeUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })).await;
    let secret = described["UserPoolClient"]["ClientSecret"].as_str().map(str::to_owned);
    App { pool, client, secret }
}

#[tokio::test]
async fn the_article_ends_in_tokens() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = summary(&mut browser, "article", "your-domain-url").await;
    assert!(pools(&house).await.is_empty(), "nothing is made before the last page");
    let page = send(&mut browser, &page, "create", &[]).await;
    has(&page, &["Confirm user", "FORCE_CHANGE_PASSWORD", "admin-set-user-password", "Choose-Your-Own-1"]);
    let weak = submit(&mut browser, &page, "confirm", &[("password", "weak")]).await;
    assert_eq!(weak.status, StatusCode::BAD_REQUEST);
    has(&weak, &["Password does not conform to policy"]);
    let page = send(&mut browser, &weak, "confirm", &[("password", PASSWORD)]).await;
    has(&page, &["The permanent password was set.", "CONFIRMED and can sign in"]);
    let page = browser.get(&link(&page, "Continue to test")).await;
    let app = made(&house).await;
    has(&page, &["Access Token URL", "your-domain-url", "https://oauth.pstmn.io/v1/callback", &app.client]);
    assert!(!page.text.contains(app.secret.as_deref().unwrap()), "the secret is on the page");
    assert!(link(&page, "Open sign-in page").contains(&app.client));

    let user = house.ok("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": MAIL })).await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
    let seed = browser.get(&link(&page, "Save as seed file")).await;
    assert!(seed.header("content-disposition").contains(&app.pool), "{seed:?}");
    has(&seed, &["name: emails", "your-resource-server", "order.write"]);
    assert!(!seed.text.contains(app.secret.as_deref().unwrap()), "the secret is in the seed");
    let runner = browser.get(&link(&page, "Start flow runner")).await;
    has(&runner, &["This app client has all that the flow needs."]);
    flow::walk(&house, &app, "none").await;
}

#[tokio::test]
async fn every_goal_with_users_ends_in_a_sign_in() {
    for (goal, secret) in [("server", true), ("single-page", false), ("mobile", false)] {
        let house = House::start().await;
        let mut browser = house.browser();
        let page = summary(&mut browser, goal, PREFIX).await;
        let page = send(&mut browser, &page, "create", &[]).await;
        // The password is permanent: there is nothing to confirm.
        has(&page, &["was created, with all that belongs to it.", "Start flow runner"]);
        let app = made(&house).await;
        assert_eq!(app.secret.is_some(), secret, "{goal}");
        let start = browser.get(&flow::start(&app)).await;
        has(&start, &["This app client has all that the flow needs."]);
        let mut runner = Runner::new(&house);
        let page = runner.begin(&app, "S256").await;
        let page = runner.sign_in(&page).await;
        let page = runner.open(&link(&page, "Next: exchange the code for tokens")).await;
        let page = send(&mut runner.browser, &page, "exchange", &[]).await;
        has(&page, &["The code was exchanged"]);
    }
}

#[tokio::test]
async fn a_machine_needs_no_user_and_no_domain() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = begin(&mut browser, "machine").await;
    assert!(!spoken(&page).contains("Sample user"), "{}", page.text);
    let page = send(&mut browser, &page, "step", &[]).await;
    let page = send(&mut browser, &page, "skip", &[]).await;
    assert!(!page.text.contains("id=\"skip\""), "its scopes are all that a machine can ask for");
    let csrf = browser.jar["XSRF-TOKEN"].clone();
    let kept = browser.post(&format!("{}/skip", of_draft(&page, "resource-server")), &[("_csrf", &csrf)]).await;
    assert!(kept.location().ends_with("/resource-server"), "{kept:?}");
    let mut page = page;
    for _ in 0..3 {
        page = send(&mut browser, &page, "step", &[]).await;
    }
    has(&page, &["Check and create", "skipped", "orders/read"]);
    let page = send(&mut browser, &page, "create", &[]).await;
    has(&page, &["Client Credentials", "Access Token URL"]);
    let app = made(&house).await;
    let start = browser.get(&link(&page, "Start flow runner")).await;
    has(&start, &["Client credentials flow", "This app client has all that the flow needs."]);
    let page = send(&mut browser, &start, "begin", &[]).await;
    let page = send(&mut browser, &page, "request", &[]).await;
    has(&page, &["The app has its token.", "HTTP/1.1 200 OK"]);
    let proof = Some((app.client.as_str(), app.secret.as_deref().unwrap()));
    let reply = house.form("/oauth2/token", &[("grant_type", "client_credentials")], proof).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert!(reply.json()["access_token"].is_string());
}

#[tokio::test]
async fn what_an_operation_would_refuse_is_refused_at_its_page() {
    let house = House::start().await;
    let other = house.pool(json!({})).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": other, "Domain": "taken" })).await;
    let mut browser = house.browser();
    let none = browser.get(START).await;
    let none = submit(&mut browser, &none, "goal", &[("goal", "else")]).await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST);
    let page = begin(&mut browser, "server").await;
    let wrong: [(&str, &[(&str, &str)], &str); 8] = [
        ("pool", &[("PoolName", "")], "Enter a name"),
        ("domain", &[("Domain", "with_underscore")], "failed to satisfy constraint"),
        ("domain", &[("Domain", "my-cognito")], "Domain cannot contain reserved word"),
        ("domain", &[("Domain", "taken")], "The prefix taken is taken"),
        ("resource-server", &[("Identifier", "aws.cognito")], "is reserved"),
        ("client", &[("AccessTokenValidity", "1")], "Invalid range for token validity."),
        ("sign-in-page", &[("CallbackURLs", "http://shop.example.com/")], "http://shop.example.com/"),
        ("user", &[("password", "weak")], "Password does not conform to policy"),
    ];
    for (step, typed, said) in wrong {
        let form = browser.get(&of_draft(&page, step)).await;
        let reply = submit(&mut browser, &form, "step", typed).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{step} {typed:?}");
        assert!(spoken(&reply).contains(said), "{step} {typed:?}: {}", spoken(&reply));
        let value = if step == "user" { "" } else { typed[0].1 };
        assert!(Form::of(&reply, "step").value(typed[0].0).contains(&value), "{step} keeps what was typed");
        assert_eq!(reply.text.matches("aria-current=\"step\"").count(), 1);
    }
    // Nothing of it was kept, and without a password nothing can be made.
    let page = browser.get(&of_draft(&page, "create")).await;
    assert!(!page.text.contains("shop.example.com"));
    let reply = submit(&mut browser, &page, "create", &[]).await;
    assert!(reply.location().ends_with("/user"), "{reply:?}");
    assert_eq!(pools(&house).await.len(), 1);
}

#[tokio::test]
async fn going_back_keeps_what_was_typed() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = begin(&mut browser, "server").await;
    let other = house.pool(json!({})).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": other, "Domain": "my-shop" })).await;
    let page = send(&mut browser, &page, "step", &[("PoolName", "my shop"), ("sign_in", "username")]).await;
    assert_eq!(Form::of(&page, "step").value("Domain"), ["my-shop-2"], "a prefix from the name that nobody has");
    let page = send(&mut browser, &page, "step", &[("Domain", PREFIX)]).await;
    let page = send(&mut browser, &page, "step", &[("Identifier", "books"), ("Scopes", "lend: Lend books")]).await;
    let page = send(&mut browser, &page, "step", &[("AccessTokenValidity", "5")]).await;
    // What the resource server was called is offered and ticked, and what it was called before is gone.
    assert!(Form::of(&page, "step").value("AllowedOAuthScopes").contains(&"books/lend"));
    assert!(!page.text.contains("orders/read"));
    let page = send(&mut browser, &page, "step", &[("CallbackURLs", "https://shop.example.com/back")]).await;
    let page = send(&mut browser, &page, "step", &[("name", "ada"), ("email", MAIL), ("password", PASSWORD)]).await;
    has(&page, &["my shop", PREFIX, "books/lend", "https://shop.example.com/back", "permanent, as typed"]);
    assert!(!page.text.contains(PASSWORD), "the password is on the page");
    // A browser that comes back later finds the draft, and every page as it was left.
    let start = house.browser().get(START).await;
    let mut browser = house.browser();
    browser.get(&link(&start, "Go on with my shop")).await;
    for (step, name, value) in [
        ("pool", "PoolName", "my shop"),
        ("pool", "sign_in", "username"),
        ("domain", "Domain", PREFIX),
        ("resource-server", "Scopes", "lend: Lend books"),
        ("client", "AccessTokenValidity", "5"),
        ("sign-in-page", "CallbackURLs", "https://shop.example.com/back"),
        ("user", "email", MAIL),
    ] {
        let page = browser.get(&of_draft(&page, step)).await;
        assert_eq!(Form::of(&page, "step").value(name), [value], "{step}");
    }
    // The password is neither shown nor asked for again.
    let user = browser.get(&of_draft(&page, "user")).await;
    assert!(!user.text.contains(PASSWORD) && user.text.contains("Kept from before"));
    let page = send(&mut browser, &user, "step", &[]).await;
    send(&mut browser, &page, "create", &[]).await;
    house.ok("DeleteUserPoolDomain", json!({ "UserPoolId": other, "Domain": "my-shop" })).await;
    house.ok("DeleteUserPool", json!({ "UserPoolId": other })).await;
    let app = made(&house).await;
    let client = house.ok("DescribeUserPoolClient", json!({ "UserPoolId": app.pool, "ClientId": app.client })).await;
    let client = &client["UserPoolClient"];
    assert_eq!((&client["AccessTokenValidity"], &client["TokenValidityUnits"]["AccessToken"]), (&json!(5), &json!("minutes")));
    let user = house.ok("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": "ada" })).await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
}

#[tokio::test]
async fn what_is_refused_midway_is_said_and_the_rest_made_later() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = summary(&mut browser, "server", PREFIX).await;
    let other = house.pool(json!({ "PoolName": "quicker" })).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": other, "Domain": PREFIX })).await;
    let reply = submit(&mut browser, &page, "create", &[]).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let all = pools(&house).await;
    let pool = all.iter().find(|pool| pool["Id"] != other.as_str()).unwrap()["Id"].as_str().unwrap().to_owned();
    let said = spoken(&reply);
    assert!(said.contains("Domain was refused: Domain already associated with another user pool"), "{said}");
    assert!(said.contains(&format!("Made before it: user pool {pool}.")), "{said}");
    has(&reply, &["Create the rest", &format!("create-user-pool-domain \\\n  --domain={PREFIX} \\\n  --user-pool-id={pool}")]);
    assert!(!reply.text.contains("data-operation=\"CreateUserPool\""), "it is not made again");
    // It stays said, and the pool's page has no form any more.
    has(&browser.get(&of_draft(&reply, "create")).await, &["Domain was refused"]);
    let made_already = browser.get(&of_draft(&reply, "pool")).await;
    assert!(made_already.text.contains("is made already") && !made_already.text.contains("id=\"step\""));
    let page = browser.get(&link(&reply, "Change domain")).await;
    let page = send(&mut browser, &page, "step", &[("Domain", "shop-two")]).await;
    has(&page, &["Create the rest", "shop-two"]);
    let page = send(&mut browser, &page, "create", &[]).await;
    has(&page, &["Start flow runner"]);
    assert_eq!(pools(&house).await.len(), 2, "the pool was made once");
    let described = house.ok("DescribeUserPool", json!({ "UserPoolId": pool })).await;
    assert_eq!(described["UserPool"]["Domain"], "shop-two");
}

#[tokio::test]
async fn sec_051_a_post_from_elsewhere_changes_nothing() {
    let house = House::start().await;
    let mut browser = house.browser();
    assert_eq!(browser.post(START, &[("goal", "article")]).await.status, StatusCode::FORBIDDEN);
    let page = summary(&mut browser, "server", PREFIX).await;
    for (step, fields) in [("pool", vec![("PoolName", "forged")]), ("user/skip", vec![]), ("create", vec![])] {
        assert_eq!(browser.post(&of_draft(&page, step), &fields).await.status, StatusCode::FORBIDDEN, "{step}");
    }
    assert!(pools(&house).await.is_empty());
    let page = browser.get(&of_draft(&page, "create")).await;
    assert!(!page.text.contains("forged") && !page.text.contains("skipped"));
    let app = house.app().await;
    house.ok("AdminCreateUser", json!({ "UserPoolId": app.pool, "Username": MAIL, "MessageAction": "SUPPRESS" })).await;
    let confirm = format!("/console/pools/{}/clients/{}/confirm/{}", app.pool, app.client, "ada%40example.com");
    assert_eq!(browser.post(&confirm, &[("password", PASSWORD)]).await.status, StatusCode::FORBIDDEN);
    let user = house.ok("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": MAIL })).await;
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
}

#[tokio::test]
async fn a_draft_is_made_once_and_a_forged_one_not_at_all() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = summary(&mut browser, "single-page", PREFIX).await;
    let csrf = browser.jar["XSRF-TOKEN"].clone();
    for step in ["pool", "create"] {
        let forged = format!("{START}/{}/{step}", "a".repeat(22));
        let seen = browser.get(&forged).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND);
        has(&seen, &["This draft has ended"]);
        let posted = browser.post(&forged, &[("_csrf", &csrf), ("PoolName", "forged")]).await;
        assert_eq!(posted.status, StatusCode::NOT_FOUND);
    }
    let mut twin = house.browser();
    twin.jar = browser.jar.clone();
    let (one, two) = tokio::join!(submit(&mut browser, &page, "create", &[]), submit(&mut twin, &page, "create", &[]));
    let made_it = [&one, &two].into_iter().filter(|reply| reply.status.is_redirection()).count();
    assert_eq!(made_it, 1, "{one:?} {two:?}");
    made(&house).await;
    let again = submit(&mut browser, &page, "create", &[]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    made(&house).await;
}

#[tokio::test]
async fn a_draft_is_kept_for_a_day() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = begin(&mut browser, "article").await;
    house.clock.advance_ms(86_000_000);
    let page = browser.get(&of_draft(&page, "pool")).await;
    let page = send(&mut browser, &page, "step", &[]).await;
    house.clock.advance_ms(86_000_000);
    assert_eq!(browser.get(&of_draft(&page, "pool")).await.status, StatusCode::OK);
    house.clock.advance_ms(400_001);
    assert_eq!(browser.get(&of_draft(&page, "pool")).await.status, StatusCode::NOT_FOUND);
    assert!(!browser.get(START).await.text.contains("Go on with"));
}

#[tokio::test]
async fn a_draft_is_discarded_on_a_page_of_its_own() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = begin(&mut browser, "server").await;
    let step = of_draft(&page, "pool");
    let ask = browser.get(&link(&page, "Discard draft")).await;
    has(&ask, &["Nothing was made of it yet.", "There is no undo."]);
    assert_eq!(house.browser().post(&of_draft(&page, "discard"), &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get(&step).await.status, StatusCode::OK, "it is still there");
    let done = send(&mut browser, &ask, "discard", &[]).await;
    assert!(spoken(&done).contains("was discarded.") && !spoken(&done).contains("Left unfinished"), "{done:?}");
    for path in [step, of_draft(&page, "discard")] {
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(pools(&house).await, [json!(null); 0]);
}
