//! Discovery, RFC 8414 metadata and keys, in every issuer mode: `metadata`.

use http::StatusCode;
use poolhouse_engine::ctx::IssuerMode;
use serde_json::json;

use crate::harness::{House, Options, REGION};

const PATHS: [&str; 3] = [
    "/{pool}/.well-known/openid-configuration",
    "/{pool}/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/{pool}",
];

#[tokio::test]
async fn sec_022_issuer_discovery_and_keys_agree_in_every_mode() {
    let names = [
        (IssuerMode::Local, None),
        (IssuerMode::Aws, Some(format!("cognito-idp.{REGION}.amazonaws.com"))),
        (IssuerMode::AwsUpdated, Some(format!("issuer-cognito-idp.{REGION}.amazonaws.com"))),
    ];
    for (issuer, host) in names {
        let house = House::with(Options { issuer, ..Options::default() }).await;
        let app = house.app().await;
        house.user(&app.pool, "ada@example.com").await;
        let base = host.as_ref().map_or_else(|| house.public_url.clone(), |host| format!("https://{host}"));
        let expected = format!("{base}/{}", app.pool);
        let headers: Vec<(&str, &str)> = host.iter().map(|host| ("host", host.as_str())).collect();

        let mut documents = Vec::new();
        for path in PATHS {
            let reply = house.send("GET", &path.replace("{pool}", &app.pool), &headers, "").await;
            assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, "application/json"), "{issuer:?} {path}");
            assert_eq!(reply.header("access-control-allow-origin"), "*");
            documents.push(reply.json());
        }
        assert!(documents.windows(2).all(|pair| pair[0] == pair[1]));
        let document = &documents[0];
        assert_eq!(document["issuer"], expected);
        assert_eq!(document["jwks_uri"], format!("{expected}/.well-known/jwks.json"));
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));

        let jwks = house.send("GET", &format!("/{}/.well-known/jwks.json", app.pool), &headers, "").await.json();
        let keys = jwks["keys"].as_array().unwrap();
        let kids: Vec<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(kids.len(), 2);
        for key in keys {
            assert_eq!(
                (&key["alg"], &key["kty"], &key["use"], &key["e"]),
                (&json!("RS256"), &json!("RSA"), &json!("sig"), &json!("AQAB"))
            );
            assert!(key.get("d").is_none() && key.get("p").is_none(), "a private key must not be published");
        }

        let tokens = house.sign_in(&app, "ada@example.com").await;
        let mut used = Vec::new();
        for name in ["IdToken", "AccessToken"] {
            let (head, claims) = decoded(tokens[name].as_str().unwrap());
            assert_eq!(claims["iss"], expected, "{issuer:?} {name}");
            used.push(head["kid"].as_str().unwrap().to_owned());
        }
        assert_ne!(used[0], used[1], "one key signs ID tokens, the other access tokens");
        assert!(used.iter().all(|kid| kids.contains(&kid.as_str())));
    }
}

fn decoded(token: &str) -> (serde_json::Value, serde_json::Value) {
    use base64::Engine as _;
    let part = |at: usize| {
        let text = token.split('.').nth(at).unwrap();
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    (part(0), part(1))
}

#[tokio::test]
async fn documents_of_pools_that_are_not_there_are_not_found() {
    let house = House::start().await;
    let app = house.app().await;
    let elsewhere = "cognito-idp.us-east-1.amazonaws.com";
    let path = format!("/{}/.well-known/jwks.json", app.pool);
    assert_eq!(house.send("GET", &path, &[("host", elsewhere)], "").await.status, StatusCode::NOT_FOUND);
    for pool in ["eu-central-1_nobodyhas", "x", "%2e%2e"] {
        let reply = house.get(&format!("/{pool}/.well-known/openid-configuration")).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{pool}");
    }
}
