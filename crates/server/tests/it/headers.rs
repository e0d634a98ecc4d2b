//! What every answer carries, and what hosts, methods and odd paths get: `doors`, `missing`.

use http::StatusCode;
use serde_json::json;

use crate::harness::{App, CALLBACK, House, Options, encode};

async fn domain(house: &House) -> (App, String) {
    let app = house.oauth_app(json!({})).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "headers" })).await;
    (app, "headers.auth.eu-central-1.amazoncognito.com".to_owned())
}

#[tokio::test]
async fn sec_027_033_every_answer_of_a_domain_carries_the_safe_headers() {
    let house = House::start().await;
    let (app, host) = domain(&house).await;
    let authorize = encode(&[("response_type", "code"), ("client_id", &app.client), ("redirect_uri", CALLBACK)]);
    let table = [
        ("GET", format!("/oauth2/authorize?{authorize}")),
        ("GET", "/oauth2/authorize".to_owned()),
        ("GET", format!("/login?{authorize}")),
        ("GET", "/error?error=redirect_mismatch".to_owned()),
        ("GET", "/logout".to_owned()),
        ("POST", "/oauth2/token".to_owned()),
        ("POST", "/oauth2/revoke".to_owned()),
        ("GET", "/oauth2/userInfo".to_owned()),
        ("GET", "/nothing".to_owned()),
        ("DELETE", "/oauth2/token".to_owned()),
    ];
    for (method, path) in table {
        let reply = house.send(method, &path, &[("host", &host)], "").await;
        let what = format!("{method} {path}: {reply:?}");
        assert!(reply.header("cache-control").contains("no-store"), "{what}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{what}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{what}");
        assert_eq!(reply.header("x-amz-cognito-request-id").len(), 36, "{what}");
        if reply.header("content-type").starts_with("text/html") {
            assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"), "{what}");
        }
        let cors = matches!(path.as_str(), "/oauth2/token" | "/oauth2/revoke" | "/oauth2/userInfo") && method != "DELETE";
        assert_eq!(reply.headers.contains_key("access-control-allow-origin"), cors, "{what}");
        assert!(reply.headers.get("strict-transport-security").is_none(), "this connection is not encrypted: {what}");
    }
}

#[tokio::test]
async fn sec_033_errors_of_the_token_endpoint_are_its_own_codes_in_json() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    let (id, secret) = (app.client.as_str(), app.secret.clone().unwrap());
    let code = [("grant_type", "authorization_code"), ("code", "none"), ("redirect_uri", CALLBACK)];
    let table: [(&[(&str, &str)], Option<(&str, &str)>, &str); 6] = [
        (&[], Some((id, &secret)), "invalid_request"),
        (&[("grant_type", "password")], Some((id, &secret)), "unsupported_grant_type"),
        (&code, Some((id, "wrong")), "invalid_client"),
        (&code, Some(("nobody", &secret)), "invalid_client"),
        (&code, Some((id, &secret)), "invalid_grant"),
        (&[("grant_type", "client_credentials")], Some((id, &secret)), "unauthorized_client"),
    ];
    for path in ["/oauth2/token", "/oauth/token"] {
        for (fields, basic, error) in table {
            let reply = house.form(path, fields, basic).await;
            assert_eq!(
                (reply.status, reply.json()["error"].as_str()),
                (StatusCode::BAD_REQUEST, Some(error)),
                "{fields:?} {reply:?}"
            );
            assert_eq!(reply.header("content-type"), "application/json;charset=UTF-8");
            assert_eq!(reply.header("access-control-allow-origin"), "*");
        }
        let json_body =
            house.send("POST", path, &[("content-type", "application/json")], "{\"grant_type\":\"refresh_token\"}").await;
        assert_eq!(json_body.json(), json!({ "error": "invalid_request" }));
        // Parameters count in the body alone.
        let in_query = house.form(&format!("{path}?grant_type=password"), &[], Some((id, &secret))).await;
        assert_eq!(in_query.json()["error"], "invalid_request");
    }
}

#[tokio::test]
async fn sec_034_methods_and_token_places_that_are_not_listed_are_refused() {
    let house = House::start().await;
    let table = [
        ("POST", "/oauth2/authorize"),
        ("HEAD", "/oauth2/authorize"),
        ("GET", "/oauth2/token"),
        ("PUT", "/oauth2/token"),
        ("GET", "/oauth2/revoke"),
        ("DELETE", "/oauth2/userInfo"),
        ("HEAD", "/logout"),
        ("PUT", "/"),
        ("TRACE", "/oauth2/token"),
    ];
    for (method, path) in table {
        assert_eq!(house.send(method, path, &[], "").await.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
    }
    let query = house.get("/oauth2/userInfo?access_token=abc").await;
    assert_eq!((query.status, query.json()["error"].as_str()), (StatusCode::UNAUTHORIZED, Some("invalid_token")));
    let bare = house.get("/oauth2/userInfo").await;
    assert_eq!(bare.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        bare.header("www-authenticate"),
        "error=\"invalid_request\", error_description=\"Bad OAuth2 request at UserInfo Endpoint\""
    );
    let forged = house.send("GET", "/oauth2/userInfo", &[("authorization", "Bearer a.b.c")], "").await;
    assert_eq!(forged.status, StatusCode::UNAUTHORIZED);
    assert!(
        forged.header("www-authenticate").starts_with("error=\"invalid_token\", error_description=\"Access token is expired")
    );
}

#[tokio::test]
async fn sec_060_an_address_as_host_is_told_the_health_and_nothing_else() {
    let house = House::with(Options::serve()).await;
    for host in ["10.1.2.3", "10.1.2.3:8080", "[2001:db8::7]:8080"] {
        for path in ["/_poolhouse/health", "/_poolhouse/ready"] {
            assert_eq!(house.send("GET", path, &[("host", host)], "").await.status, StatusCode::OK, "{host} {path}");
        }
        for path in ["/", "/login", "/_poolhouse/health/x", "/oauth2/authorize"] {
            let status = house.send("GET", path, &[("host", host)], "").await.status;
            assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host} {path}");
        }
    }
    let status = house.send("GET", "/_poolhouse/health", &[("host", "evil.test")], "").await.status;
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn sec_060_a_host_that_nobody_has_is_misdirected() {
    let house = House::start().await;
    let (_, host) = domain(&house).await;
    let table = [
        (host.as_str(), StatusCode::BAD_REQUEST),
        ("localhost", StatusCode::BAD_REQUEST),
        ("nobody.auth.eu-central-1.amazoncognito.com", StatusCode::MISDIRECTED_REQUEST),
        ("headers.auth.us-east-1.amazoncognito.com", StatusCode::MISDIRECTED_REQUEST),
        ("evil.test", StatusCode::MISDIRECTED_REQUEST),
        ("localhost.evil.test", StatusCode::MISDIRECTED_REQUEST),
        ("not a host", StatusCode::BAD_REQUEST),
    ];
    for (host, status) in table {
        let reply = house.send("POST", "/oauth2/token", &[("host", host)], "").await;
        assert_eq!(reply.status, status, "{host} {reply:?}");
        assert!(!reply.text.contains("evil"), "the caller's host is not repeated");
    }
    // The API is not served on a pool's domain.
    let target = ("x-amz-target", "AWSCognitoIdentityProviderService.ListUserPools");
    let reply = house.send("POST", "/", &[("host", &host), ("content-type", "application/x-amz-json-1.1"), target], "{}").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sec_062_only_the_literal_path_is_the_path() {
    let house = House::start().await;
    let paths = [
        "/oauth2//token",
        "//oauth2/token",
        "/oauth2/token/",
        "/oauth2/token;x",
        "/oauth2%2ftoken",
        "/oauth2/%74oken",
        "/OAUTH2/token",
        "/x/../oauth2/token",
        "/oauth2/./token",
        "/oauth2/%2e/token",
        "/oauth2\\token",
        "/_poolhouse%2fhealth",
        "/_poolhouse/./health",
        "/_domain/../oauth2/token",
        "/_domain/%2e%2e/oauth2/token",
        "/_domain//oauth2/token",
    ];
    assert_eq!(house.status_of("POST", "/oauth2/token").await, 400);
    for path in paths {
        assert_eq!(house.status_of("POST", path).await, 404, "{path}");
    }
    let near = house.get("/oauth2/authorise").await;
    assert!(near.json()["message"].as_str().unwrap().contains("Did you mean /oauth2/authorize?"));
}

#[tokio::test]
async fn sec_193_the_control_routes_are_not_there_in_production() {
    let house = House::with(Options::serve()).await;
    for path in
        ["/_poolhouse/messages", "/_poolhouse/messages/latest", "/_poolhouse/inbox", "/_poolhouse/inbox/1", "/_poolhouse/clock"]
    {
        assert_eq!(house.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(house.send("GET", "/", &[("accept", "text/html")], "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_path_form_of_a_domain_keeps_its_path() {
    let house = House::start().await;
    let (app, _) = domain(&house).await;
    let query = encode(&[("response_type", "code"), ("client_id", &app.client), ("redirect_uri", CALLBACK), ("state", "s")]);
    let reply = house.get(&format!("/_domain/headers/oauth2/authorize?{query}")).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::FOUND, format!("/_domain/headers/login?{query}").as_str()));
    let alias = house.get(&format!("/_domain/headers/oauth/authorize?{query}")).await;
    assert_eq!(alias.location(), format!("/_domain/headers/oauth2/authorize?{query}"));
    assert_eq!(house.get("/_domain/nobody/login").await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn sec_002_an_address_that_is_not_registered_is_never_redirected_to() {
    for (options, tells) in [(Options::default(), true), (Options { open_control: false, ..Options::default() }, false)] {
        let house = House::with(options).await;
        let app = house.oauth_app(json!({})).await;
        let sent = format!("{CALLBACK}/");
        let query = encode(&[("response_type", "code"), ("client_id", &app.client), ("redirect_uri", &sent)]);
        let mut browser = house.browser();
        let reply = browser.get(&format!("/oauth2/authorize?{query}")).await;
        assert_eq!(reply.status, StatusCode::FOUND);
        assert!(reply.location().starts_with(&format!("/error?error=redirect_mismatch&client_id={}", app.client)), "{reply:?}");
        let page = browser.follow(reply).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.text.contains("An error was encountered with the requested page."));
        assert_eq!(page.text.contains("none of the client&#39;s CallbackURLs"), tells, "{}", page.text);
        assert_eq!(page.text.contains(CALLBACK), tells);
    }
    // Nothing that a link says is repeated.
    let house = House::start().await;
    let page = house.send("GET", "/error?error=Call+0900&event=x&client_id=y", &[("accept", "text/html")], "").await;
    assert!(!page.text.contains("0900"), "{}", page.text);
}

#[tokio::test]
async fn sec_069_hsts_is_sent_where_the_callers_connection_is_encrypted() {
    let options = Options { trusted_proxies: vec!["127.0.0.0/8".to_owned()], ..Options::default() };
    let house = House::with(options).await;
    let (_, host) = domain(&house).await;
    let of = async |host: &str, proto: &str| {
        let reply = house.send("GET", "/oauth2/userInfo", &[("host", host), ("x-forwarded-proto", proto)], "").await;
        reply.header("strict-transport-security").to_owned()
    };
    assert_eq!(of(&host, "https").await, "max-age=31536000 ; includeSubDomains");
    assert_eq!(of(&host, "http").await, "");
    // On this machine's own names it would break every other server here.
    assert_eq!(of("localhost", "https").await, "");
    // A stranger's word counts for nothing.
    let house = House::start().await;
    let (_, host) = domain(&house).await;
    let reply = house.send("GET", "/oauth2/userInfo", &[("host", &host), ("x-forwarded-proto", "https")], "").await;
    assert!(reply.headers.get("strict-transport-security").is_none());
}
