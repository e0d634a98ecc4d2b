//! The authorization endpoint: its parameters, and what it tells the client beside the code.

use http::StatusCode;
use serde_json::json;

use super::tools::{ADA, authorize, claims, code, error, granted, redeem, refresh, sign_in, signed_in, text, verified};
use crate::harness::{App, CALLBACK, House};

/// The conformance suite's module "server".
#[tokio::test]
async fn sec_030_the_code_flow_from_end_to_end() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    let sub = house.user(&app.pool, ADA).await;
    let mut browser = house.browser();
    let changes = [("scope", "openid email"), ("nonce", "n-0S6_WzA2Mj"), ("state", "af0ifjsldkj")];
    let reply = sign_in(&mut browser, &app, ADA, &changes).await;
    assert_eq!(reply.status, StatusCode::FOUND);
    assert_eq!(reply.redirected("state").as_deref(), Some("af0ifjsldkj"));
    let code = reply.redirected("code").unwrap();
    let (id, secret) = (app.client.as_str(), app.secret.as_deref().unwrap());
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    let reply = house.form("/oauth2/token", &fields, Some((id, secret))).await;
    let tokens = granted(&reply);
    assert!(reply.header("cache-control").contains("no-store"));
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(super::tools::members(&tokens), ["access_token", "expires_in", "id_token", "refresh_token", "token_type"]);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let claims = verified(&house, &app.pool, text(&tokens, "id_token")).await;
    let now = house.clock_seconds();
    assert_eq!(claims["iss"], format!("{}/{}", house.public_url, app.pool));
    assert_eq!((&claims["aud"], &claims["sub"], &claims["nonce"]), (&json!(id), &json!(sub), &json!("n-0S6_WzA2Mj")));
    assert_eq!((&claims["iat"], &claims["exp"], &claims["auth_time"]), (&json!(now), &json!(now + 3600), &json!(now)));
    assert_eq!((&claims["email"], &claims["email_verified"]), (&json!(ADA), &json!(true)));
}

#[tokio::test]
async fn sec_014_every_answer_names_the_issuer_that_discovery_names() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let document = house.get(&format!("/{}/.well-known/openid-configuration", app.pool)).await.json();
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    let issuer = document["issuer"].as_str().unwrap().to_owned();
    let mut browser = signed_in(&house, &app, ADA).await;
    let table: [&[(&str, &str)]; 7] = [
        &[],
        &[("response_type", "token")],
        &[("response_type", "token"), ("scope", "nothing")],
        &[("response_type", "-")],
        &[("scope", "nothing")],
        &[("prompt", "none"), ("max_age", "0")],
        &[("request", "x")],
    ];
    for changes in table {
        let reply = browser.get(&authorize(&app, changes)).await;
        assert!(reply.location().starts_with(CALLBACK), "{changes:?} {reply:?}");
        assert_eq!(reply.redirected("iss").as_deref(), Some(issuer.as_str()), "{changes:?} {reply:?}");
        assert_eq!(reply.redirected("state").as_deref(), Some("s"), "{changes:?} {reply:?}");
    }
}

#[tokio::test]
async fn sec_016_state_comes_back_as_it_went() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let (long, longest) = ("s".repeat(384), "é".repeat(1024));
    let states = [
        "a b+c%20",
        "\"><script>alert(1)</script>",
        "\r\nSet-Cookie: x=y",
        "🦀&code=evil&iss=x#y",
        "{\"a\":[1]}",
        &long,
        &longest,
    ];
    for state in states {
        let reply = browser.get(&authorize(&app, &[("state", state)])).await;
        assert_eq!(reply.redirected("state").as_deref(), Some(state));
        assert!(reply.location().is_ascii() && !reply.location().contains(['\r', '\n', '<', '"', ' ']), "{reply:?}");
        assert!(reply.headers.get("set-cookie").is_none_or(|cookie| !cookie.to_str().unwrap().starts_with('x')));
        let refused = browser.get(&authorize(&app, &[("state", state), ("scope", "none")])).await;
        assert_eq!(refused.redirected("state").as_deref(), Some(state), "errors echo it too");
        // Through the page as well.
        let mut fresh = house.browser();
        let reply = sign_in(&mut fresh, &app, ADA, &[("state", state)]).await;
        assert_eq!(reply.redirected("state").as_deref(), Some(state));
    }
    let reply = browser.get(&authorize(&app, &[("state", &"s".repeat(2049))])).await;
    assert_eq!((reply.redirected("error").as_deref(), reply.redirected("state")), (Some("invalid_request"), None));
    let reply = browser.get(&authorize(&app, &[("state", "-")])).await;
    assert_eq!((reply.redirected("code").is_some(), reply.redirected("state")), (true, None), "no state, none returned");
    for nonce in ["n".repeat(64), "n".repeat(384)] {
        let code = code(&mut browser, &app, &[("nonce", &nonce), ("scope", "openid")]).await;
        let tokens = granted(&redeem(&house, &app, &code, &[]).await);
        assert_eq!(claims(text(&tokens, "id_token"))["nonce"], nonce);
    }
}

#[tokio::test]
async fn sec_018_scopes_are_what_was_asked_for_and_is_allowed() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "AllowedOAuthScopes": ["openid", "email", "aws.cognito.signin.user.admin"] })).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let long = "a".repeat(50_000);
    for scope in
        ["profile", "phone", "openid profile", "nobody", "openid openid/x", "OPENID", "email", " ", "*", "openid,email", &long]
    {
        let reply = browser.get(&authorize(&app, &[("scope", scope)])).await;
        let short = scope.get(..20).unwrap_or(scope);
        assert_eq!((reply.redirected("error").as_deref(), reply.redirected("code")), (Some("invalid_scope"), None), "{short}");
    }
    let table = [
        ("openid", "openid", true),
        ("aws.cognito.signin.user.admin", "aws.cognito.signin.user.admin", false),
        ("email openid openid", "openid email", true),
        ("-", "aws.cognito.signin.user.admin openid email", true),
    ];
    for (asked, got, id) in table {
        let code = code(&mut browser, &app, &[("scope", asked)]).await;
        let tokens = granted(&redeem(&house, &app, &code, &[]).await);
        assert_eq!(sorted(text(&claims(text(&tokens, "access_token")), "scope")), sorted(got), "{asked}");
        assert_eq!(tokens["id_token"].is_string(), id, "an ID token comes with openid alone: {asked}");
        assert!(tokens["refresh_token"].is_string());
        // Refreshing gives the same, fewer if asked, never more.
        let token = text(&tokens, "refresh_token");
        let again = granted(&refresh(&house, &app, token, &[]).await);
        assert_eq!(sorted(text(&claims(text(&again, "access_token")), "scope")), sorted(got));
        assert_eq!(again["id_token"].is_string(), id);
        if got != "openid" {
            let first = got.split(' ').next().unwrap();
            let fewer = granted(&refresh(&house, &app, token, &[("scope", first)]).await);
            assert_eq!(text(&claims(text(&fewer, "access_token")), "scope"), first);
        }
        for more in ["profile", "openid profile", "phone"] {
            assert_eq!(error(&refresh(&house, &app, token, &[("scope", more)]).await), "invalid_scope", "{asked} {more}");
        }
    }
}

fn sorted(scopes: &str) -> Vec<&str> {
    let mut all: Vec<&str> = scopes.split(' ').collect();
    all.sort_unstable();
    all
}

/// Every grant against every setting of a client.
#[tokio::test]
async fn sec_019_a_client_uses_the_grants_it_was_given() {
    let house = House::start().await;
    let full = house.oauth_app(json!({})).await;
    house.user(&full.pool, ADA).await;
    house.ok("CreateResourceServer", json!({ "UserPoolId": full.pool, "Identifier": "shop", "Name": "Shop", "Scopes": [{ "ScopeName": "read", "ScopeDescription": "x" }] })).await;
    let mut browser = signed_in(&house, &full, ADA).await;
    for (flows, on) in [
        (vec!["code"], true),
        (vec!["implicit"], true),
        (vec!["code", "implicit"], true),
        (vec!["client_credentials"], true),
        (vec!["code"], false),
        (vec![], false),
    ] {
        let mut settings = json!({
            "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": on, "CallbackURLs": [CALLBACK], "SupportedIdentityProviders": ["COGNITO"],
        });
        if !flows.is_empty() {
            settings["AllowedOAuthFlows"] = json!(flows);
            settings["AllowedOAuthScopes"] =
                if flows == ["client_credentials"] { json!(["shop/read"]) } else { json!(["openid"]) };
        }
        let (client, secret) = house.client(&full.pool, settings).await;
        let app = App { client, secret, ..full.clone() };
        for (kind, flow) in [("code", "code"), ("token", "implicit")] {
            let reply = browser.get(&authorize(&app, &[("response_type", kind)])).await;
            if on && flows.contains(&flow) {
                assert_eq!(reply.redirected("error"), None, "{flows:?} {kind}: {reply:?}");
            } else {
                assert_eq!(reply.redirected("error").as_deref(), Some("unauthorized_client"), "{flows:?} {kind}: {reply:?}");
                assert_eq!(reply.location().contains('#'), kind == "token");
            }
        }
        let machine = house
            .form("/oauth2/token", &[("grant_type", "client_credentials")], Some((&app.client, app.secret.as_deref().unwrap())))
            .await;
        assert_eq!(machine.status.is_success(), on && flows.contains(&"client_credentials"), "{flows:?}: {machine:?}");
        let code = redeem(&house, &app, "any", &[]).await;
        assert_eq!(
            error(&code),
            if on && flows.contains(&"code") { "invalid_grant" } else { "unauthorized_client" },
            "{flows:?}"
        );
    }
    let machine = house.form("/oauth2/token", &[("grant_type", "client_credentials"), ("client_id", &full.client)], None).await;
    assert_eq!(error(&machine), "unauthorized_client", "a public client");
}

#[tokio::test]
async fn sec_032_request_objects_are_refused_and_never_fetched() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let canary = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/request.jwt", canary.local_addr().unwrap());
    let mut browser = signed_in(&house, &app, ADA).await;
    for (name, value, refusal) in [
        ("request_uri", address.as_str(), "request_uri_not_supported"),
        ("request_uri", "urn:ietf:params:oauth:request_uri:x", "request_uri_not_supported"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
    ] {
        let reply = browser.get(&authorize(&app, &[(name, value)])).await;
        assert!(reply.location().starts_with(CALLBACK));
        assert_eq!(reply.redirected("error").as_deref(), Some(refusal));
    }
    let hit = tokio::time::timeout(std::time::Duration::from_millis(300), canary.accept()).await;
    assert!(hit.is_err(), "the address was fetched");
}

#[tokio::test]
async fn sec_030_a_response_type_that_is_missing_or_unknown_is_told_to_the_client() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    for kind in ["-", "", "id_token", "code token", "code id_token", "code id_token token", "none", "Code", "password"] {
        let reply = house.get(&authorize(&app, &[("response_type", kind)])).await;
        assert!(reply.location().starts_with(&format!("{CALLBACK}?")), "{kind}: {reply:?}");
        assert_eq!(reply.redirected("error").as_deref(), Some("invalid_request"), "{kind}");
        assert_eq!(reply.redirected("state").as_deref(), Some("s"));
    }
}

/// What may be sent along and changes nothing.
#[tokio::test]
async fn sec_030_parameters_that_are_not_ours_are_ignored() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let more = [
        ("extra", "foobar"),
        ("display", "page"),
        ("display", "popup"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
        ("claims", "{\"userinfo\":{\"name\":{\"essential\":true}}}"),
        ("login_hint", BOB_LIKE),
        ("lang", "de"),
        ("prompt", "consent"),
        ("prompt", "select_account"),
        ("max_age", "15000"),
        ("scope", "email openid"),
        ("identity_provider", "COGNITO"),
    ];
    for (name, value) in more {
        let code = code(&mut browser, &app, &[(name, value)]).await;
        let tokens = granted(&redeem(&house, &app, &code, &[]).await);
        let id = claims(text(&tokens, "id_token"));
        assert!(id.get("nonce").is_none(), "no nonce was sent: {id}");
    }
    for (name, value) in [
        ("identity_provider", "Google"),
        ("idp_identifier", "example.com"),
        ("max_age", "soon"),
        ("max_age", "-1"),
        ("prompt", "never"),
        ("resource", "x"),
        ("resource", "https://api.example.com/#x"),
    ] {
        let reply = browser.get(&authorize(&app, &[(name, value)])).await;
        assert_eq!(reply.redirected("error").as_deref(), Some("invalid_request"), "{name}={value}");
    }
}

const BOB_LIKE: &str = "bob@example.com";

#[tokio::test]
async fn a_client_of_another_pool_does_not_exist_at_a_pools_domain() {
    let house = House::start().await;
    let (app, other) = (house.oauth_app(json!({})).await, house.oauth_app(json!({})).await);
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "first" })).await;
    let host = [("host", "first.auth.eu-central-1.amazoncognito.com")];
    let reply = house.send("GET", &authorize(&app, &[]), &host, "").await;
    assert!(reply.location().starts_with("/login?"), "{reply:?}");
    let reply = house.send("GET", &authorize(&other, &[]), &host, "").await;
    assert!(reply.location().starts_with("/error?error=invalid_client"), "{reply:?}");
}

#[tokio::test]
async fn another_response_mode_is_refused_not_ignored() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    for mode in ["form_post", "fragment", "query.jwt"] {
        let reply = browser.get(&authorize(&app, &[("response_mode", mode)])).await;
        assert_eq!(reply.redirected("error").as_deref(), Some("invalid_request"), "{mode} {reply:?}");
    }
    let reply = browser.get(&authorize(&app, &[("response_mode", "query")])).await;
    assert!(reply.redirected("code").is_some(), "{reply:?}");
}
