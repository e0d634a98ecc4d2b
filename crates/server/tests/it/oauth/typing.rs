//! Parameters that are numbers, words of a list, ids: read from strings, refused by name where they are none.

use http::StatusCode;
use serde_json::json;

use super::tools::{ADA, authorize, query, signed_in};
use crate::both;
use crate::harness::House;
use crate::reply::encode;

/// What is no number of seconds. `None` of it may be taken for one, for none, or for a crash.
const NO_NUMBERS: [&str; 14] = [
    "soon",
    "-1",
    "+5",
    "1.5",
    "1e3",
    "0x10",
    " 5",
    "5 ",
    "5;6",
    "4294967296",
    "18446744073709551616",
    "\u{663}\u{660}",
    "true",
    "\0",
];

both! {
    async fn sec_150_junk_in_an_authorization_request_is_refused_by_name(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        let mut browser = signed_in(&house, &app, ADA).await;
        let words = [("prompt", "Login"), ("prompt", "login,consent"), ("prompt", "1"), ("response_mode", "1")];
        for (name, value) in NO_NUMBERS.iter().map(|value| ("max_age", *value)).chain(words) {
            for address in [authorize(&app, &[(name, value)]), format!("/login?{}", query(&app, &[(name, value)]))] {
                let reply = browser.get(&address).await;
                let told = (reply.redirected("error"), reply.redirected("state"));
                assert_eq!(told, (Some("invalid_request".to_owned()), Some("s".to_owned())), "{address}: {reply:?}");
                assert!(reply.redirected("error_description").is_some_and(|text| text.contains(name)), "{address}: {reply:?}");
            }
        }
        // Empty is absent (RFC 6749 §3.1), and a number is a number however it is padded.
        for value in ["", "3600", "0003600", "4294967295"] {
            let reply = browser.get(&authorize(&app, &[("max_age", value)])).await;
            assert!(reply.redirected("code").is_some(), "max_age={value}: {reply:?}");
        }
        let twice = format!("{}&max_age=1&max_age=1", authorize(&app, &[]));
        assert_eq!(browser.get(&twice).await.redirected("error").as_deref(), Some("invalid_request"));
        let twice = format!("/logout?client_id={0}&client_id={0}&logout_uri=x", app.client);
        let reply = browser.get(&twice).await;
        assert!(reply.location().starts_with("/error?error=invalid_request"), "{reply:?}");
    }

    async fn sec_150_junk_at_the_inbox_is_refused_by_name(house: House) {
        let junk = NO_NUMBERS.iter().map(|value| ("wait", *value));
        let ids = ["x y", "'", "\0", "../..", "\u{e9}"];
        let ids = ids.iter().flat_map(|value| [("after", *value), ("before", *value)]);
        for (name, value) in junk.chain(ids).chain([("wait", "61"), ("address", "a\0b")]) {
            for path in ["/_poolhouse/messages", "/_poolhouse/messages/latest", "/_poolhouse/inbox"] {
                let reply = house.get(&format!("{path}?{}", encode(&[(name, value)]))).await;
                assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path} {name}={value:?}: {reply:?}");
                let body = reply.json();
                assert_eq!(body["error"], "invalid_request");
                assert!(body["message"].as_str().unwrap().contains(name), "{body}");
            }
        }
        for query in ["wait=0&wait=0", "adress=ada@example.com", "address=a&address=b"] {
            assert_eq!(house.get(&format!("/_poolhouse/messages?{query}")).await.status, StatusCode::BAD_REQUEST, "{query}");
        }
        for query in ["", "wait=0", "wait=", "address=&after=0&before=9"] {
            assert_eq!(house.get(&format!("/_poolhouse/messages?{query}")).await.json(), json!({ "messages": [] }), "{query}");
        }
    }
}
