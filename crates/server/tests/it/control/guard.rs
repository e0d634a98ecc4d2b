//! Who may use the control API, and what it says of itself.

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{House, Options};

async fn endpoints(house: &House) -> Vec<(String, String)> {
    let list = house.get("/_poolhouse/").await.json();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    list["endpoints"].as_array().unwrap().iter().map(|one| (text(one, "method"), text(one, "path"))).collect()
}

#[tokio::test]
async fn every_endpoint_of_the_list_is_there_and_says_how_it_is_called() {
    let house = House::start().await;
    let list = house.get("/_poolhouse").await.json();
    for one in list["endpoints"].as_array().unwrap() {
        let (method, path) = (one["method"].as_str().unwrap(), one["path"].as_str().unwrap());
        assert!(one["curl"].as_str().unwrap().contains(&format!("{}{path}", house.public_url)), "{one}");
        assert!(!one["what"].as_str().unwrap().is_empty());
        let reply = house.send(method, &path.replace(['{', '}'], ""), &[("content-type", "application/json")], "[]").await;
        assert!(reply.status != StatusCode::METHOD_NOT_ALLOWED && !reply.text.contains("Nothing answers"), "{one}: {reply:?}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_told_its_neighbour() {
    let house = House::start().await;
    let reply = house.send("GET", "/_poolhouse/clocks", &[("accept", "text/html")], "").await;
    assert_eq!((reply.status, &reply.json()["error"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    assert!(reply.text.contains("Did you mean /_poolhouse/clock?"), "{}", reply.text);
    assert!(house.get("/_poolhouse/a/b/c").await.text.contains("GET /_poolhouse/ lists"));
}

#[tokio::test]
async fn sec_193_in_production_no_path_of_the_control_api_exists() {
    let open = House::start().await;
    let closed = House::with(Options::serve()).await;
    let nothing = |method: &str, path: &str| format!("Nothing answers {method} {path}.");
    for (method, path) in endpoints(&open).await {
        if matches!(path.as_str(), "/_poolhouse/health" | "/_poolhouse/ready") {
            continue;
        }
        let reply = closed.send(&method, &path.replace(['{', '}'], ""), &[("content-type", "application/json")], "{}").await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert!(reply.text.contains(&nothing(&method, &path.replace(['{', '}'], ""))), "{}", reply.text);
    }
}

#[tokio::test]
async fn sec_193_no_other_sites_page_changes_anything() {
    let house = House::start().await;
    let own = house.address.replace("127.0.0.1", "localhost");
    let json = ("content-type", "application/json");
    let host = own.trim_start_matches("http://").to_owned();
    let changing: Vec<_> = endpoints(&house).await.into_iter().filter(|(method, _)| method != "GET").collect();
    assert!(!changing.is_empty());
    for (method, path) in changing {
        let path = path.replace(['{', '}'], "");
        let refused: &[(&str, &[(&str, &str)])] = &[
            ("a foreign origin", &[json, ("origin", "https://evil.example")]),
            ("another port", &[json, ("origin", "http://localhost:1")]),
            ("a sandboxed frame", &[json, ("origin", "null")]),
            ("cross-site", &[json, ("sec-fetch-site", "cross-site")]),
            ("a sibling", &[json, ("origin", &own), ("sec-fetch-site", "same-site")]),
        ];
        for (what, headers) in refused {
            let reply = house.send(&method, &path, headers, "{}").await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{method} {path}: {what}");
        }
        // Nor does a browser get leave to ask.
        let preflight = [("origin", "https://evil.example"), ("access-control-request-method", method.as_str())];
        let reply = house.send("OPTIONS", &path, &preflight, "").await;
        assert!(!reply.status.is_success() && reply.header("access-control-allow-origin").is_empty(), "{path}: {reply:?}");
        // What a form can send is not JSON.
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            let reply = house.send(&method, &path, &[("content-type", kind)], "{}").await;
            assert!(method == "DELETE" || reply.status == StatusCode::UNSUPPORTED_MEDIA_TYPE, "{method} {path}: {kind}");
        }
        // A name that somebody else points at this address is nobody's here.
        let rebound = house.send(&method, &path, &[json, ("host", "rebound.evil.example")], "{}").await;
        assert_eq!(rebound.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
        // Our own pages, and programs, are let in.
        for headers in [&[json][..], &[json, ("host", &host), ("origin", &own), ("sec-fetch-site", "same-origin")]] {
            let reply = house.send(&method, &path, headers, "[]").await;
            assert!(reply.status != StatusCode::FORBIDDEN, "{method} {path}: {reply:?}");
        }
    }
    assert_eq!(house.get("/_poolhouse/clock").await.json()["shift_seconds"], json!(0));
}
