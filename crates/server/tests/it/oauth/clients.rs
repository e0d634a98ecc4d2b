//! Client authentication at the token endpoint (RFC 6749 §2.3.1).

use serde_json::json;

use super::tools::{ADA, code, error, granted, refresh, signed_in, text, tokens};
use crate::harness::{App, CALLBACK, House, Reply};
use crate::sign;

async fn ask(house: &House, code: &str, more: &[(&str, &str)], authorization: Option<&str>) -> Reply {
    let mut fields = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    fields.extend(more);
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    house.send("POST", "/oauth2/token", &headers, &crate::harness::encode(&fields)).await
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", sign::base64(format!("{id}:{secret}").as_bytes()))
}

#[tokio::test]
async fn sec_020_a_client_proves_itself_in_one_way() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    let (public, _) = house.client(&app.pool, json!({
        "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"], "CallbackURLs": [CALLBACK],
        "SupportedIdentityProviders": ["COGNITO"],
    })).await;
    let public = App { client: public, secret: None, ..app.clone() };
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let (id, secret) = (app.client.as_str(), app.secret.as_deref().unwrap());
    let (right, wrong) = (basic(id, secret), basic(id, "wrong"));
    let encoded = basic(id, &secret.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>());
    let lower = right.replacen("Basic", "bAsIc", 1);
    let accepted: [(&[(&str, &str)], Option<&str>); 6] = [
        (&[], Some(&right)),
        (&[], Some(&lower)),
        (&[], Some(&encoded)),
        (&[("client_id", id)], Some(&right)),
        (&[("client_id", id), ("client_secret", secret)], None),
        (&[("client_id", id), ("client_secret", secret), ("unknown", "x")], None),
    ];
    for (more, authorization) in accepted {
        let code = code(&mut browser, &app, &[]).await;
        granted(&ask(&house, &code, more, authorization).await);
    }
    let (tail, head, nobody, cut) =
        (basic(id, &format!("{secret}&x")), basic(&format!("{id}&x"), secret), basic("nobody", secret), basic(id, &secret[1..]));
    let (empty, no_colon, elsewhere) =
        (basic(id, ""), format!("Basic {}", sign::base64(id.as_bytes())), basic(&public.client, secret));
    let refused: [(&[(&str, &str)], Option<&str>, &str); 18] = [
        (&[("client_id", id)], None, "invalid_client"),
        (&[("client_id", id), ("client_secret", "")], None, "invalid_client"),
        (&[("client_id", id), ("client_secret", "wrong")], None, "invalid_client"),
        (&[("client_id", "nobody"), ("client_secret", secret)], None, "invalid_client"),
        (&[], Some(&wrong), "invalid_client"),
        (&[], Some(&tail), "invalid_client"),
        (&[], Some(&head), "invalid_client"),
        (&[], Some(&nobody), "invalid_client"),
        (&[], Some(&cut), "invalid_client"),
        (&[], Some(&empty), "invalid_client"),
        (&[], Some(&no_colon), "invalid_client"),
        (&[], Some("Basic %%%"), "invalid_client"),
        (&[], Some("Bearer x"), "invalid_client"),
        (&[("client_id", id)], Some(&elsewhere), "invalid_client"),
        (&[("client_id", &public.client), ("client_secret", secret)], None, "invalid_client"),
        (&[], Some(&elsewhere), "invalid_client"),
        (&[], None, "invalid_request"),
        (&[("client_secret", secret)], Some(&right), "invalid_request"),
    ];
    let kept = code(&mut browser, &app, &[]).await;
    for (more, authorization, why) in refused {
        let reply = ask(&house, &kept, more, authorization).await;
        assert_eq!(error(&reply), why, "{more:?} {authorization:?}");
        if why == "invalid_client" {
            assert_eq!(reply.json(), json!({ "error": "invalid_client" }), "all fail alike: {more:?} {authorization:?}");
        }
    }
    granted(&ask(&house, &kept, &[], Some(&right)).await);
}

#[tokio::test]
async fn either_of_two_secrets_is_good_until_it_is_deleted() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    house.user(&app.pool, ADA).await;
    let tokens = tokens(&house, &app, ADA, &[]).await;
    let token = text(&tokens, "refresh_token");
    let ids = json!({ "UserPoolId": app.pool, "ClientId": app.client });
    let added = house.ok("AddUserPoolClientSecret", ids.clone()).await["ClientSecretDescriptor"].clone();
    let newer = App { secret: added["ClientSecretValue"].as_str().map(str::to_owned), ..app.clone() };
    for app in [&app, &newer] {
        granted(&refresh(&house, app, token, &[]).await);
    }
    let listed = house.ok("ListUserPoolClientSecrets", ids).await;
    let older = listed["ClientSecrets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["ClientSecretId"] != added["ClientSecretId"])
        .unwrap()
        .clone();
    let delete = json!({ "UserPoolId": app.pool, "ClientId": app.client, "ClientSecretId": older["ClientSecretId"] });
    house.ok("DeleteUserPoolClientSecret", delete).await;
    assert_eq!(error(&refresh(&house, &app, token, &[]).await), "invalid_client");
    granted(&refresh(&house, &newer, token, &[]).await);
}

/// A client that is gone has left nothing behind.
#[tokio::test]
async fn tokens_of_a_deleted_client_are_dead() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let tokens = tokens(&house, &app, ADA, &[]).await;
    house.ok("DeleteUserPoolClient", json!({ "UserPoolId": app.pool, "ClientId": app.client })).await;
    assert_eq!(error(&refresh(&house, &app, text(&tokens, "refresh_token"), &[]).await), "invalid_client");
    assert_eq!(super::tools::user_info(&house, text(&tokens, "access_token")).await.status, http::StatusCode::UNAUTHORIZED);
}
