//! What the tokens of a domain say: members, types, order.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::tools::{ADA, code, granted, members, parts, redeem, refresh, signed_in, text, tokens, verified};
use crate::harness::House;

/// OIDC Core §3.1.3.6.
pub fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, access_token.as_bytes()).as_ref()[..16])
}

/// The set of claims in the access token of a real sign-in on Cognito's pages, and not one more.
#[tokio::test]
async fn the_access_token_has_the_claims_of_a_real_one() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    let sub = house.user(&app.pool, ADA).await;
    let tokens = tokens(&house, &app, ADA, &[]).await;
    let access = text(&tokens, "access_token");
    let claims = verified(&house, &app.pool, access).await;
    assert_eq!(
        members(&claims),
        ["auth_time", "client_id", "exp", "iat", "iss", "jti", "origin_jti", "scope", "sub", "token_use", "username", "version"]
    );
    let now = house.clock_seconds();
    assert_eq!(
        (&claims["version"], &claims["token_use"], &claims["client_id"]),
        (&json!(2), &json!("access"), &json!(app.client))
    );
    assert_eq!((&claims["sub"], &claims["username"]), (&json!(sub), &json!(sub)));
    assert_eq!((&claims["auth_time"], &claims["iat"], &claims["exp"]), (&json!(now), &json!(now), &json!(now + 3600)));
    assert_eq!(claims["iss"], format!("{}/{}", house.public_url, app.pool));
    assert_ne!(claims["jti"], claims["origin_jti"]);

    let id = text(&tokens, "id_token");
    for token in [access, id] {
        let (header, _) = parts(token);
        assert!(header.starts_with("{\"kid\":\"") && header.ends_with("\",\"alg\":\"RS256\"}"), "{header}");
        assert!(token.starts_with("eyJraWQiO"));
    }
    assert_ne!(parts(access).0, parts(id).0, "one key signs ID tokens, the other access tokens");
    let refresh_token = text(&tokens, "refresh_token");
    assert!(refresh_token.starts_with("eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ."));
    let lengths: Vec<usize> = refresh_token.split('.').map(str::len).collect();
    assert_eq!((lengths.len(), lengths[1], lengths[2], lengths[4]), (5, 342, 16, 22));
}

#[tokio::test]
async fn the_id_token_speaks_of_user_client_and_access_token() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let sub = house.user(&app.pool, ADA).await;
    let tokens = tokens(&house, &app, ADA, &[("nonce", "n"), ("scope", "openid email")]).await;
    let claims = verified(&house, &app.pool, text(&tokens, "id_token")).await;
    assert_eq!(
        members(&claims),
        [
            "at_hash",
            "aud",
            "auth_time",
            "cognito:username",
            "email",
            "email_verified",
            "exp",
            "iat",
            "iss",
            "jti",
            "nonce",
            "origin_jti",
            "sub",
            "token_use"
        ]
    );
    assert_eq!(claims["at_hash"], at_hash(text(&tokens, "access_token")));
    assert_eq!(
        (&claims["cognito:username"], &claims["aud"], &claims["token_use"]),
        (&json!(sub), &json!(app.client), &json!("id"))
    );
    let access = verified(&house, &app.pool, text(&tokens, "access_token")).await;
    assert_eq!(claims["origin_jti"], access["origin_jti"]);
    assert_ne!(claims["jti"], access["jti"]);
}

#[tokio::test]
async fn attributes_come_by_scope_and_in_their_types() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "AllowedOAuthScopes": ["openid", "email", "phone", "profile"] })).await;
    house
        .ok(
            "AddCustomAttributes",
            json!({ "UserPoolId": app.pool, "CustomAttributes": [{ "Name": "level", "AttributeDataType": "Number" }] }),
        )
        .await;
    house.user(&app.pool, ADA).await;
    let mut attributes: Vec<Value> = Vec::new();
    for (name, value) in [
        ("phone_number", "+49301234567"),
        ("phone_number_verified", "false"),
        ("given_name", "Ada"),
        ("address", "Here 1"),
        ("custom:level", "7"),
    ] {
        attributes.push(json!({ "Name": name, "Value": value }));
    }
    house.ok("AdminUpdateUserAttributes", json!({ "UserPoolId": app.pool, "Username": ADA, "UserAttributes": attributes })).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let all = ["address", "custom:level", "email", "email_verified", "given_name", "phone_number", "phone_number_verified"];
    let table: [(&str, &[&str]); 4] = [
        ("openid", &all),
        ("openid email", &["email", "email_verified"]),
        ("openid phone", &["phone_number", "phone_number_verified"]),
        ("openid profile", &["address", "custom:level", "given_name"]),
    ];
    for (scope, expected) in table {
        let code = code(&mut browser, &app, &[("scope", scope)]).await;
        let tokens = granted(&redeem(&house, &app, &code, &[]).await);
        let claims = verified(&house, &app.pool, text(&tokens, "id_token")).await;
        let shown: Vec<&str> = members(&claims).into_iter().filter(|name| all.contains(name)).collect();
        assert_eq!(shown, expected, "{scope}");
        let info = super::tools::user_info(&house, text(&tokens, "access_token")).await.json();
        for name in shown {
            let typed = match name {
                "email_verified" => json!(true),
                "phone_number_verified" => json!(false),
                "address" => json!({ "formatted": "Here 1" }),
                _ => info[name].clone(),
            };
            assert_eq!(claims[name], typed, "{name}");
            assert!(info[name].is_string(), "userInfo has strings alone: {info}");
        }
        let access = verified(&house, &app.pool, text(&tokens, "access_token")).await;
        assert!(all.iter().all(|name| access.get(name).is_none()), "{access}");
    }
}

#[tokio::test]
async fn groups_come_by_precedence_with_their_roles() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    let groups = [
        ("last", None, None),
        ("readers", Some(10), Some(role("read"))),
        ("admins", Some(1), Some(role("admin"))),
        ("staff", Some(5), None),
    ];
    for (name, precedence, arn) in &groups {
        let mut input = json!({ "UserPoolId": app.pool, "GroupName": name });
        if let Some(precedence) = precedence {
            input["Precedence"] = json!(precedence);
        }
        if let Some(arn) = arn {
            input["RoleArn"] = json!(arn);
        }
        house.ok("CreateGroup", input).await;
        house.ok("AdminAddUserToGroup", json!({ "UserPoolId": app.pool, "Username": ADA, "GroupName": name })).await;
    }
    let mut browser = signed_in(&house, &app, ADA).await;
    let first = granted(&redeem(&house, &app, &code(&mut browser, &app, &[]).await, &[]).await);
    let id = verified(&house, &app.pool, text(&first, "id_token")).await;
    let access = verified(&house, &app.pool, text(&first, "access_token")).await;
    let order = json!(["admins", "staff", "readers", "last"]);
    assert_eq!((&id["cognito:groups"], &access["cognito:groups"]), (&order, &order));
    assert_eq!(id["cognito:roles"], json!([role("admin"), role("read")]));
    assert_eq!(id["cognito:preferred_role"], role("admin"));
    assert!(access.get("cognito:roles").is_none() && access.get("cognito:preferred_role").is_none());

    // Another role of the same precedence: none is preferred. A refresh tells of it at once.
    let tie = json!({ "UserPoolId": app.pool, "GroupName": "chiefs", "Precedence": 1, "RoleArn": role("chief") });
    house.ok("CreateGroup", tie).await;
    house.ok("AdminAddUserToGroup", json!({ "UserPoolId": app.pool, "Username": ADA, "GroupName": "chiefs" })).await;
    let again = granted(&refresh(&house, &app, text(&first, "refresh_token"), &[]).await);
    let id = verified(&house, &app.pool, text(&again, "id_token")).await;
    assert!(id.get("cognito:preferred_role").is_none(), "{id}");
    assert_eq!(id["cognito:roles"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_resource_becomes_the_audience_and_stays_it() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    for resource in ["https://api.example.com/v1", "http://localhost:8080/", "myapi://orders"] {
        let code = code(&mut browser, &app, &[("resource", resource)]).await;
        let tokens = granted(&redeem(&house, &app, &code, &[]).await);
        let again = granted(&refresh(&house, &app, text(&tokens, "refresh_token"), &[]).await);
        for tokens in [&tokens, &again] {
            assert_eq!(verified(&house, &app.pool, text(tokens, "access_token")).await["aud"], resource);
            assert_eq!(verified(&house, &app.pool, text(tokens, "id_token")).await["aud"], app.client);
        }
    }
    for bad in ["http://api.example.com/", "http://localhost.evil.example/", "api", "https://api.example.com/#x"] {
        let reply = browser.get(&super::tools::authorize(&app, &[("resource", bad)])).await;
        assert_eq!(reply.redirected("error").as_deref(), Some("invalid_request"), "{bad}");
    }
}

/// Without revocation nothing says which session a token is of.
#[tokio::test]
async fn without_revocation_tokens_have_no_origin() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "EnableTokenRevocation": false, "AccessTokenValidity": 10, "TokenValidityUnits": { "AccessToken": "minutes" } })).await;
    house.user(&app.pool, ADA).await;
    let tokens = tokens(&house, &app, ADA, &[]).await;
    assert_eq!(tokens["expires_in"], 600);
    for name in ["access_token", "id_token"] {
        let claims = verified(&house, &app.pool, text(&tokens, name)).await;
        assert!(claims.get("origin_jti").is_none() && claims.get("jti").is_none(), "{claims}");
    }
    let revoked =
        house.form("/oauth2/revoke", &[("token", text(&tokens, "refresh_token")), ("client_id", &app.client)], None).await;
    assert_eq!(super::tools::error(&revoked), "invalid_request");
}
