//! What the flow runner of operators does with an app client: its secret and tokens, its settings, and a machine's own flow.

use http::StatusCode;
use poolhouse_engine::audit::Kind;
use poolhouse_engine::operators::Role;
use serde_json::json;

use super::flow::{Runner, start};
use super::flow_serve::{app, begin, run_of};
use super::forms::{Form, has, link, send};
use super::operators::{house, operator};
use super::wizard;
use crate::browser::Browser;
use crate::harness::{App, House, Reply};

/// Whole tokens on a page.
fn tokens(page: &Reply) -> Vec<String> {
    let begins = page.text.match_indices("eyJ").filter_map(|(at, _)| page.text.get(at..));
    let whole = begins.filter_map(|from| from.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).next());
    whole.filter(|token| token.len() > 60 && token.matches('.').count() >= 2).map(str::to_owned).collect()
}

async fn revealed(browser: &mut Browser<'_>, page: &Reply) -> Reply {
    let reply = Form::of(page, "reveal").send(browser).await;
    assert_eq!((reply.status, reply.header("cache-control")), (StatusCode::OK, "no-store"));
    reply
}

/// Who revealed what, in order: outcomes alone.
async fn reveals(house: &House) -> Vec<(String, String)> {
    let trail = crate::audit::trail(house).await;
    let outcomes = trail.into_iter().map(|listed| listed.event).filter(|event| event.kind == Kind::Outcome);
    outcomes.filter(|event| event.action.starts_with("Reveal")).map(|event| (event.action.into_owned(), event.actor)).collect()
}

#[tokio::test]
async fn sec_109_no_token_is_on_a_page_before_it_is_revealed() {
    let house = house().await;
    let app = app(&house).await;
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let page = begin(&house, &mut ada, &app).await;
    let run = run_of(&page);
    let mut runner = Runner::by(&house, ada);
    let page = runner.sign_in(&page).await;
    let page = runner.open(&link(&page, "Next: exchange the code for tokens")).await;
    assert!(!page.text.contains(app.secret.as_deref().unwrap()));
    let open = revealed(&mut runner.browser, &page).await;
    has(&open, &[app.secret.as_deref().unwrap()]);
    assert_eq!(reveals(&house).await, [("RevealClientSecret".to_owned(), "operator ada".to_owned())]);

    send(&mut runner.browser, &page, "exchange", &[]).await;
    for step in ["userinfo", "refresh", "end"] {
        let page = runner.browser.get(&format!("{run}/{step}")).await;
        send(&mut runner.browser, &page, "ask", &[]).await;
    }
    for (step, count) in [("token", 3), ("decode", 2), ("userinfo", 2), ("refresh", 4), ("end", 2)] {
        let page = runner.browser.get(&format!("{run}/{step}")).await;
        assert_eq!(tokens(&page), [""; 0], "{step}");
        has(&page, &["eyJ", "…", "Reveal the tokens"]);
        let open = revealed(&mut runner.browser, &page).await;
        let mut found = tokens(&open);
        assert!(found.len() >= count, "{step}: {found:?}");
        found.dedup();
        assert!(!open.text.contains("Reveal the tokens") && !open.text.contains(app.secret.as_deref().unwrap()), "{step}");
        assert_eq!(tokens(&runner.browser.get(&format!("{run}/{step}")).await), [""; 0], "once: {step}");
    }
    // A copy of the database tells none of it, nor which address a run has.
    let page = runner.browser.get(&format!("{run}/refresh")).await;
    let mut secrets = tokens(&revealed(&mut runner.browser, &page).await);
    secrets.push(run.rsplit('/').next().unwrap().to_owned());
    let path = house.store_url.trim_start_matches("sqlite:").trim_start_matches("//").to_owned();
    for file in [path.clone(), format!("{path}-wal")] {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!secrets.iter().any(|secret| bytes.windows(secret.len()).any(|part| part == secret.as_bytes())), "{file}");
    }
    let all = reveals(&house).await;
    assert_eq!(all.len(), 7);
    assert!(all[1..].iter().all(|(action, actor)| action == "RevealFlowRun" && actor == "operator ada"), "{all:?}");
    for step in ["authorize", "callback", "nothing"] {
        let csrf = runner.browser.jar["XSRF-TOKEN"].clone();
        let reply = runner.browser.post(&format!("{run}/{step}/reveal"), &[("_csrf", &csrf)]).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{step}");
    }
    assert_eq!(reveals(&house).await.len(), 7);
}

#[tokio::test]
async fn the_callback_is_taken_out_again_and_nothing_else() {
    let house = house().await;
    let settings = json!({
        "GenerateSecret": true, "AccessTokenValidity": 2, "TokenValidityUnits": { "AccessToken": "hours" },
        "ReadAttributes": ["email"], "EnableTokenRevocation": false,
    });
    let app = house.oauth_app(settings).await;
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let describe = async || {
        let described = house.ok("DescribeUserPoolClient", json!({ "UserPoolId": app.pool, "ClientId": app.client })).await;
        let mut client = described["UserPoolClient"].clone();
        client.as_object_mut().unwrap().remove("LastModifiedDate");
        client
    };
    let before = describe().await;
    let callback = format!("{}/console/flow/callback", house.public_url);
    let page = ada.get(&start(&app)).await;
    assert!(!page.text.contains("Remove callback URL"), "it has none yet");
    let page = send(&mut ada, &page, "complete", &[]).await;
    has(&page, &["Remove callback URL", "data-operation=\"UpdateUserPoolClient\" data-changes=\"yes\"", &callback]);
    assert_ne!(describe().await, before);
    let old = page.clone();
    // The printed call writes the whole client, without this one address.
    let call = page.text.split("data-equivalent=\"cli\" data-operation=\"UpdateUserPoolClient\"").nth(1).unwrap();
    let call = call.split("</code>").next().unwrap();
    assert!(!call.contains("/console/flow/callback") && call.contains(crate::harness::CALLBACK), "{call}");
    assert!(call.contains("access-token-validity") && call.contains("read-attributes"), "{call}");
    let page = send(&mut ada, &page, "remove", &[]).await;
    has(&page, &["The callback URL was removed.", "Missing settings"]);
    assert_eq!(describe().await, before, "as it was");
    let page = send(&mut ada, &old, "remove", &[]).await;
    has(&page, &["Nothing was changed"]);
    assert_eq!(describe().await, before);
    // What somebody else added meanwhile stays.
    send(&mut ada, &page, "complete", &[]).await;
    let mut input = describe().await;
    for made in ["ClientSecret", "CreationDate"] {
        input.as_object_mut().unwrap().remove(made);
    }
    input["CallbackURLs"] = json!([callback, "https://new.example.com/"]);
    house.ok("UpdateUserPoolClient", input).await;
    send(&mut ada, &old, "remove", &[]).await;
    assert_eq!(describe().await["CallbackURLs"], json!(["https://new.example.com/"]));
}

/// A client that asks for itself, with one scope.
async fn machine(house: &House) -> App {
    let pool = house.pool(json!({})).await;
    let scope = json!([{ "ScopeName": "read", "ScopeDescription": "Read orders" }]);
    house
        .ok("CreateResourceServer", json!({ "UserPoolId": pool, "Identifier": "orders", "Name": "Orders", "Scopes": scope }))
        .await;
    let settings = json!({
        "GenerateSecret": true, "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["orders/read"],
        "AllowedOAuthFlowsUserPoolClient": true,
    });
    let (client, secret) = house.client(&pool, settings).await;
    App { pool, client, secret }
}

#[tokio::test]
async fn a_machine_asks_for_itself_and_its_token_is_read() {
    let house = house().await;
    let app = machine(&house).await;
    let secret = app.secret.as_deref().unwrap();
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let page = ada.get(&start(&app)).await;
    has(&page, &["Client credentials flow", "This app client has all that the flow needs."]);
    assert!(!page.text.contains("PKCE") && !page.text.contains("/console/flow/callback"), "{}", page.text);
    let page = send(&mut ada, &page, "begin", &[]).await;
    has(
        &page,
        &[
            "Step 2 of 4",
            "POST /oauth2/token HTTP/1.1",
            "grant_type=client_credentials&amp;scope=orders%2Fread",
            "YOUR_CLIENT_SECRET",
        ],
    );
    let run = run_of(&page);
    assert!(!page.text.contains(secret));
    has(&revealed(&mut ada, &page).await, &[secret]);
    let decode = ada.get(&format!("{run}/decode")).await;
    has(&decode, &["No tokens yet"]);

    let page = send(&mut ada, &page, "request", &[]).await;
    has(
        &page,
        &["The app has its token.", "HTTP/1.1 200 OK", "\"token_type\"".replace('"', "&quot;").as_str(), "YOUR_CLIENT_SECRET"],
    );
    assert!(tokens(&page).is_empty() && !page.text.contains(secret), "{}", page.text);
    let open = revealed(&mut ada, &page).await;
    assert!(tokens(&open).len() == 1 && !open.text.contains(secret));
    let page = ada.get(&link(&page, "Next: read the token")).await;
    has(&page, &["Access token: claims", "Made with a key of this user pool", "orders/read", "It cannot be revoked either"]);
    assert!(!page.text.contains("refuse it") && !page.text.contains("Next:") && !page.text.contains("Revoke and sign out"));
    assert!(tokens(&page).is_empty());
    has(&revealed(&mut ada, &page).await, &[&tokens(&open)[0]]);
    let actions: Vec<String> = reveals(&house).await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["RevealClientSecret", "RevealFlowRun", "RevealFlowRun"]);

    // The steps of the other flow are none of this one, and nothing from elsewhere is filed into it.
    for step in ["authorize", "callback", "token", "userinfo", "refresh", "end"] {
        assert_eq!(ada.get(&format!("{run}/{step}")).await.status, StatusCode::NOT_FOUND, "{step}");
    }
    let mut runner = Runner::by(&house, ada);
    assert_eq!(runner.open("/console/flow/callback?code=x").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_a_machine_may_not_is_refused_and_explained() {
    let house = house().await;
    let app = machine(&house).await;
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let page = ada.get(&start(&app)).await;
    let page = send(&mut ada, &page, "begin", &[]).await;
    let run = run_of(&page);
    send(&mut ada, &page, "request", &[]).await;
    for (typed, words) in [
        (vec![("scope", "orders/burn")], ["The endpoint refused", "invalid_scope"]),
        (vec![("proof", "none")], ["The endpoint refused", "HTTP/1.1 400"]),
        (vec![("proof", "body"), ("scope", "")], ["The app has its token.", "client_secret=YOUR_CLIENT_SECRET"]),
    ] {
        let answer = send(&mut ada, &page, "request", &typed).await;
        has(&answer, &words);
        let decode = ada.get(&format!("{run}/decode")).await;
        assert_eq!(decode.text.contains("No tokens yet"), words[0].contains("refused"), "{typed:?}");
    }
    let input = json!({
        "UserPoolId": app.pool, "ClientId": app.client, "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["orders/read"],
    });
    house.ok("UpdateUserPoolClient", input).await;
    let page = ada.get(&start(&app)).await;
    has(&page, &["Missing settings", "AllowedOAuthFlowsUserPoolClient"]);
    assert!(!page.text.contains("/console/flow/callback"));
    let page = send(&mut ada, &page, "complete", &[]).await;
    has(&page, &["This app client has all that the flow needs."]);
    // A run of the other flow has none of this one's steps.
    let other = house.oauth_app(json!({})).await;
    let run = run_of(&begin(&house, &mut ada, &other).await);
    for step in ["request", "answer"] {
        assert_eq!(ada.get(&format!("{run}/{step}")).await.status, StatusCode::NOT_FOUND, "{step}");
    }
}

#[tokio::test]
async fn in_production_no_client_is_made_with_the_consoles_callback() {
    let callback = "/console/flow/callback";
    let open = House::start().await;
    let mut anybody = open.browser();
    let draft = wizard::begin(&mut anybody, "server").await;
    has(&anybody.get(&wizard::of_draft(&draft, "sign-in-page")).await, &[callback]);
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let draft = wizard::begin(&mut ada, "server").await;
    let page = ada.get(&wizard::of_draft(&draft, "sign-in-page")).await;
    has(&page, &["CallbackURLs"]);
    assert!(!page.text.contains(callback), "{}", page.text);
}
