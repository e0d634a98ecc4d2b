//! Where the browser may be sent: only to a registered address, whatever is wrong with the request.

use http::StatusCode;
use serde_json::json;

use super::tools::{ADA, authorize, query, signed_in};
use crate::harness::{App, CALLBACK, House, encode};

/// Everything that was ever taken for a registered address and is none.
fn mutants(registered: &str) -> Vec<String> {
    let (scheme, rest) = registered.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let of = |host: &str, path: &str| format!("{scheme}://{host}/{path}");
    vec![
        of(&format!("{host}.evil.example"), path),
        of(&format!("{host}@evil.example"), path),
        of(&format!("evil.example@{host}"), path),
        of(&format!("user:pass@{host}"), path),
        of(&format!("evil{host}"), path),
        of(&format!("sub.{host}"), path),
        of(&host.to_uppercase(), path),
        of(&format!("{host}:443"), path),
        of(&format!("{host}:8443"), path),
        of(&format!("{host}."), path),
        of(&format!("{host}\\.evil.example"), path),
        of(&format!("evil.example\\@{host}"), path),
        of(&format!("{host}%2eevil.example"), path),
        of(&format!("{host}%00.evil.example"), path),
        of(&host.replace('a', "а"), path),
        of(&host.replace("example", "xn--exmple-cua"), path),
        format!("{registered}/"),
        format!("{registered}/.."),
        format!("{registered}/../{path}"),
        format!("{registered}/%2e%2e/{path}"),
        format!("{registered}%2f"),
        format!("{registered}%252f"),
        format!("{registered}?"),
        format!("{registered}?x=1"),
        format!("{registered}#"),
        format!("{registered}#x"),
        format!("{registered};x"),
        format!("{registered}%0d%0aLocation:%20https://evil.example"),
        format!("{registered}\r\nX: y"),
        format!("{registered} "),
        format!(" {registered}"),
        format!("{registered}\t"),
        registered.to_uppercase(),
        registered.replace("https", "http"),
        registered.replace("https", "HTTPS"),
        registered.replace("https:", ""),
        registered.replace("://", ":/"),
        registered[..registered.len() - 1].to_owned(),
        format!("{scheme}://{host}"),
        format!("{scheme}://{host}/"),
        "*".to_owned(),
        "https://*".to_owned(),
        "javascript:alert(1)".to_owned(),
        "//evil.example".to_owned(),
        format!("/\\{host}"),
    ]
}

#[tokio::test]
async fn sec_001_only_the_registered_address_byte_for_byte() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    for mutant in mutants(CALLBACK) {
        for changes in [&[("redirect_uri", mutant.as_str())][..], &[("redirect_uri", mutant.as_str()), ("prompt", "none")]] {
            let reply = browser.get(&authorize(&app, changes)).await;
            assert!(reply.location().starts_with("/error?error=redirect_mismatch"), "{mutant:?}: {reply:?}");
            let page = browser.follow(reply).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{mutant:?}");
        }
    }
    let reply = browser.get(&authorize(&app, &[])).await;
    assert!(reply.location().starts_with(&format!("{CALLBACK}?code=")), "the address itself: {reply:?}");
}

#[tokio::test]
async fn sec_002_an_error_is_redirected_to_the_proven_address_alone() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let bad = ["", "https://evil.example/", "//evil.example", "\r\nLocation: https://evil.example", "\"><script>", "%00", "é"];
    let names = [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "prompt",
        "max_age",
        "resource",
        "lang",
        "login_hint",
        "code_challenge",
        "code_challenge_method",
        "identity_provider",
        "idp_identifier",
        "request",
        "request_uri",
        "response_mode",
        "id_token_hint",
        "display",
        "claims",
        "acr_values",
        "error",
        "post_logout_redirect_uri",
        "return_to",
    ];
    for name in names {
        for value in bad {
            let reply = browser.get(&authorize(&app, &[(name, value)])).await;
            let to = reply.location();
            let ours = to.starts_with('/') && !to.starts_with("//");
            let theirs = to.starts_with(&format!("{CALLBACK}?")) || to.starts_with(&format!("{CALLBACK}#"));
            assert!(reply.status.is_redirection() && (ours || theirs), "{name}={value:?}: {reply:?}");
            if matches!(name, "client_id" | "redirect_uri") && !value.is_empty() {
                assert!(to.starts_with("/error?"), "{name}={value:?}: {reply:?}");
            }
        }
    }
    for missing in ["client_id"] {
        let reply = browser.get(&authorize(&app, &[(missing, "-")])).await;
        assert!(reply.location().starts_with("/error?error=invalid_request"), "{reply:?}");
    }
}

#[tokio::test]
async fn sec_003_signing_out_leads_to_a_registered_address_alone() {
    let house = House::start().await;
    let out = "https://app.example.com/bye";
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let tokens = super::tools::tokens(&house, &app, ADA, &[("scope", "openid")]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let mut browser = signed_in(&house, &app, ADA).await;
    let client = app.client.as_str();
    let mut others = mutants(out);
    others.push(CALLBACK.to_owned());
    for mutant in others {
        let requests = [
            encode(&[("client_id", client), ("logout_uri", &mutant)]),
            encode(&[("id_token_hint", hint), ("post_logout_redirect_uri", &mutant)]),
            encode(&[("id_token_hint", hint), ("client_id", client), ("post_logout_redirect_uri", &mutant), ("state", "x")]),
        ];
        for request in requests {
            let reply = browser.get(&format!("/logout?{request}")).await;
            assert!(reply.location().starts_with("/error?error=redirect_mismatch"), "{mutant:?}: {reply:?}");
        }
    }
    for mutant in mutants(CALLBACK) {
        let request = encode(&[("client_id", client), ("response_type", "code"), ("redirect_uri", &mutant)]);
        let reply = browser.get(&format!("/logout?{request}")).await;
        assert!(reply.location().starts_with("/error?error=redirect_mismatch"), "{mutant:?}: {reply:?}");
    }
    // None of them has signed the user out.
    assert!(browser.get(&authorize(&app, &[])).await.redirected("code").is_some());
    assert_eq!(browser.get(&format!("/logout?{}", encode(&[("client_id", client), ("logout_uri", out)]))).await.location(), out);
}

#[tokio::test]
async fn sec_004_addresses_that_run_script_or_leave_in_clear_cannot_be_registered() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let refused = [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "http://app.example.com/cb",
        "http://localhost.evil.example/cb",
        "https://app.example.com/cb#x",
        "https://user@evil.example/",
        "/relative",
        "myapp:cb",
    ];
    for url in refused {
        for (member, default) in [("CallbackURLs", false), ("LogoutURLs", false), ("CallbackURLs", true)] {
            let mut input = json!({
                "UserPoolId": pool, "ClientName": "x", "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"],
                "AllowedOAuthScopes": ["openid"], "SupportedIdentityProviders": ["COGNITO"], "CallbackURLs": [CALLBACK],
            });
            input[member] = json!([url]);
            if default {
                input["DefaultRedirectURI"] = json!(url);
            }
            assert_eq!(house.refused("CreateUserPoolClient", input).await.0, "InvalidParameterException", "{member} {url}");
        }
    }
    for url in
        ["https://app.example.com/cb", "http://localhost:3000/cb", "http://127.0.0.1/cb", "com.example.app:/cb", "myapp://cb"]
    {
        house.client(&pool, json!({ "CallbackURLs": [url], "LogoutURLs": [url] })).await;
    }
}

/// Every parameter of the request twice, in the same and in another value.
fn doubled(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut requests = Vec::new();
    for (name, value) in pairs {
        for second in [*value, "other", ""] {
            let mut twice = pairs.to_vec();
            twice.push((name, second));
            requests.push(((*name).to_owned(), encode(&twice)));
        }
    }
    requests
}

#[tokio::test]
async fn sec_005_a_parameter_that_comes_twice_is_refused_everywhere() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let (client, secret) = (app.client.as_str(), app.secret.as_deref().unwrap());
    let request = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("state", "s"),
        ("scope", "openid"),
        ("nonce", "n"),
        ("code_challenge", super::tools::CHALLENGE),
        ("code_challenge_method", "S256"),
        ("prompt", "none"),
        ("max_age", "1000"),
    ];
    for (name, query) in doubled(&request) {
        let reply = browser.get(&format!("/oauth2/authorize?{query}")).await;
        assert_eq!(reply.redirected("error").as_deref(), Some("invalid_request"), "{name}: {reply:?}");
        let home = matches!(name.as_str(), "client_id" | "redirect_uri");
        assert_eq!(reply.location().starts_with("/error?"), home, "{name}: {reply:?}");
        assert_eq!(reply.redirected("code"), None);
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", "c"),
        ("redirect_uri", CALLBACK),
        ("client_id", client),
        ("client_secret", secret),
        ("code_verifier", "v"),
    ];
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "r"), ("client_id", client), ("client_secret", secret)];
    for (name, body) in doubled(&grant).into_iter().chain(doubled(&refresh)) {
        let reply = house.send("POST", "/oauth2/token", &form, &body).await;
        assert_eq!(super::tools::error(&reply), "invalid_request", "{name}: {reply:?}");
    }
    for (name, body) in doubled(&[("token", "t"), ("client_id", client), ("client_secret", secret)]) {
        let reply = house.send("POST", "/oauth2/revoke", &form, &body).await;
        assert_eq!(super::tools::error(&reply), "invalid_request", "{name}: {reply:?}");
    }
    for (name, query) in doubled(&[("client_id", client), ("logout_uri", "https://app.example.com/bye"), ("state", "s")]) {
        let reply = browser.get(&format!("/logout?{query}")).await;
        assert!(reply.location().starts_with("/error?error=invalid_request"), "{name}: {reply:?}");
    }
}

/// The redirect address may be left out where there is only one, and then at the token endpoint too.
#[tokio::test]
async fn the_redirect_address_may_be_left_out_where_it_is_known() {
    let house = House::start().await;
    let one = house.oauth_app(json!({})).await;
    let two = json!({ "CallbackURLs": [CALLBACK, "https://b.example.com/cb"] });
    let (ambiguous, _) = house.client(&one.pool, merged(&two, &json!({}))).await;
    let (default, _) = house.client(&one.pool, merged(&two, &json!({ "DefaultRedirectURI": "https://b.example.com/cb" }))).await;
    house.user(&one.pool, ADA).await;
    let mut browser = signed_in(&house, &one, ADA).await;
    let reply = browser.get(&authorize(&one, &[("redirect_uri", "-")])).await;
    assert!(reply.location().starts_with(&format!("{CALLBACK}?code=")), "{reply:?}");
    let code = reply.redirected("code").unwrap();
    super::tools::granted(&super::tools::redeem(&house, &one, &code, &[("redirect_uri", "-")]).await);

    let with = |client: String| App { client, ..one.clone() };
    let reply = browser.get(&authorize(&with(ambiguous), &[("redirect_uri", "-")])).await;
    assert!(reply.location().starts_with("/error?error=invalid_request"), "{reply:?}");
    let reply = browser.get(&authorize(&with(default), &[("redirect_uri", "-")])).await;
    assert!(reply.location().starts_with("https://b.example.com/cb?code="), "{reply:?}");
}

fn merged(one: &serde_json::Value, other: &serde_json::Value) -> serde_json::Value {
    let mut all = json!({
        "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"],
        "SupportedIdentityProviders": ["COGNITO"],
    });
    for part in [one, other] {
        all.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
    }
    all
}

/// The tutorials' paths lead to the same places.
#[tokio::test]
async fn the_aliases_keep_the_query() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let query = query(&app, &[("state", "a b&c")]);
    let reply = house.get(&format!("/oauth/authorize?{query}")).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::FOUND, format!("/oauth2/authorize?{query}").as_str()));
    let reply = house.get(&format!("/oauth2/authorize?{query}")).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::FOUND, format!("/login?{query}").as_str()));
}
