//! Authorization codes: used once, soon, by whom they were given to.

use http::StatusCode;
use poolhouse_engine::keys::entropy::{OsEntropy, hex_groups};
use serde_json::json;

use super::tools::{ADA, CHALLENGE, VERIFIER, code, error, granted, redeem, refresh, signed_in, text, user_info};
use crate::both;
use crate::harness::{App, CALLBACK, House};

both! {
    async fn sec_006_a_second_use_of_a_code_revokes_what_the_first_one_got(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        let mut browser = signed_in(&house, &app, ADA).await;
        let first = code(&mut browser, &app, &[]).await;
        let tokens = granted(&redeem(&house, &app, &first, &[]).await);
        let access = text(&tokens, "access_token");
        house.ok("GetUser", json!({ "AccessToken": access })).await;
        assert_eq!(user_info(&house, access).await.status, StatusCode::OK);
        let other = granted(&redeem(&house, &app, &code(&mut browser, &app, &[]).await, &[]).await);

        house.clock.advance_ms(30_000);
        assert_eq!(error(&redeem(&house, &app, &first, &[]).await), "invalid_grant");
        assert_eq!(house.refused("GetUser", json!({ "AccessToken": access })).await.0, "NotAuthorizedException");
        assert_eq!(user_info(&house, access).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(error(&refresh(&house, &app, text(&tokens, "refresh_token"), &[]).await), "invalid_grant");
        // Nothing else is.
        house.ok("GetUser", json!({ "AccessToken": other["access_token"] })).await;
        granted(&refresh(&house, &app, text(&other, "refresh_token"), &[]).await);
    }

    async fn sec_008_a_code_is_of_use_to_its_client_at_its_address_alone(house: House) {
        let app = house.oauth_app(json!({ "CallbackURLs": [CALLBACK, "https://app.example.com/two"] })).await;
        let settings = json!({
            "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"],
            "CallbackURLs": [CALLBACK], "SupportedIdentityProviders": ["COGNITO"],
        });
        let (sibling, _) = house.client(&app.pool, settings).await;
        let sibling = App { client: sibling, ..app.clone() };
        let stranger = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        let mut browser = signed_in(&house, &app, ADA).await;
        let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        let right = ("code_verifier", VERIFIER);
        let table: [(&App, Vec<(&str, &str)>, &str); 7] = [
            (&sibling, vec![right], "invalid_grant"),
            (&stranger, vec![right], "invalid_grant"),
            // Cognito's word for a differing address.
            (&app, vec![right, ("redirect_uri", "https://app.example.com/two")], "unauthorized_client"),
            (&app, vec![right, ("redirect_uri", "https://app.example.com/callback/")], "unauthorized_client"),
            (&app, vec![right, ("redirect_uri", "-")], "invalid_request"),
            (&app, vec![], "invalid_grant"),
            (&app, vec![("code_verifier", "x")], "invalid_grant"),
        ];
        for (client, changes, why) in table {
            let code = code(&mut browser, &app, &pkce).await;
            let reply = redeem(&house, client, &code, &changes).await;
            assert_eq!(error(&reply), why, "{changes:?}");
            if why == "unauthorized_client" {
                assert_eq!(reply.json(), json!({ "error": "unauthorized_client", "error_description": "invalid_redirect" }));
            }
            assert_eq!(error(&redeem(&house, &app, &code, &[right]).await), "invalid_grant", "burnt by {changes:?}");
        }
        granted(&redeem(&house, &app, &code(&mut browser, &app, &pkce).await, &[right]).await);
    }
}

#[tokio::test]
async fn sec_009_a_code_lives_five_minutes() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let (young, old) = (code(&mut browser, &app, &[]).await, code(&mut browser, &app, &[]).await);
    house.clock.advance_ms(299_999);
    granted(&redeem(&house, &app, &young, &[]).await);
    house.clock.advance_ms(1);
    assert_eq!(error(&redeem(&house, &app, &old, &[]).await), "invalid_grant");
}

#[tokio::test]
async fn sec_010_codes_cannot_be_guessed_and_the_store_does_not_know_them() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100_000 {
        let code = hex_groups(&OsEntropy);
        let groups: Vec<usize> = code.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        // All 128 bits are random: no version digit stands still.
        assert!(code.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{code}");
        assert!(seen.insert(code));
    }
    assert!((0..36).all(|at| {
        let values: std::collections::HashSet<_> = seen.iter().map(|code| code.as_bytes()[at]).collect();
        values.len() == if matches!(at, 8 | 13 | 18 | 23) { 1 } else { 16 }
    }));

    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let spent = code(&mut browser, &app, &[]).await;
    let tokens = granted(&redeem(&house, &app, &spent, &[]).await);
    let waiting = code(&mut browser, &app, &[]).await;
    let mut secrets = vec![spent, waiting, text(&tokens, "refresh_token").to_owned(), text(&tokens, "access_token").to_owned()];
    secrets.extend(browser.jar.values().cloned());
    let mut read = 0;
    for file in std::fs::read_dir(house.scratch().path()).unwrap() {
        let dump = std::fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&dump);
        read += dump.len();
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} stands in the store");
        }
    }
    assert!(read > 10_000, "the store was read");
}

#[tokio::test]
async fn a_code_of_a_user_who_is_gone_or_signed_out_gets_nothing() {
    for operation in ["AdminDisableUser", "AdminDeleteUser", "AdminUserGlobalSignOut"] {
        let house = House::start().await;
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        let mut browser = signed_in(&house, &app, ADA).await;
        let code = code(&mut browser, &app, &[]).await;
        house.ok(operation, json!({ "UserPoolId": app.pool, "Username": ADA })).await;
        assert_eq!(error(&redeem(&house, &app, &code, &[]).await), "invalid_grant", "{operation}");
    }
}
