//! The end of a session is the end, on every instance at once; and an end that did not happen is not told.

use http::StatusCode;
use poolhouse_store::{Db, p};
use serde_json::json;

use super::tools::{ADA, code, error, granted, members, redeem, refresh, signed_in, text, tokens, user_info};
use crate::both;
use crate::harness::{House, Options, PASSWORD, Store};

const ROUNDS: usize = 20;

both! {
    async fn sec_023_what_one_instance_ends_the_other_refuses_at_once(house: House) {
        let node = house.second_node().await;
        let second = node.as_ref().unwrap_or(&house);
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        let user = json!({ "UserPoolId": app.pool, "Username": ADA });
        for round in 0..ROUNDS {
            let kind = round % 5;
            let tokens = tokens(&house, &app, ADA, &[]).await;
            let (access, token) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
            // The other instance knows the session well.
            granted(&refresh(second, &app, token, &[]).await);
            second.ok("GetUser", json!({ "AccessToken": access })).await;
            match kind {
                0 => drop(house.ok("RevokeToken", json!({ "ClientId": app.client, "Token": token })).await),
                1 => drop(house.ok("GlobalSignOut", json!({ "AccessToken": access })).await),
                2 => drop(house.ok("AdminUserGlobalSignOut", user.clone()).await),
                3 => drop(house.ok("AdminDisableUser", user.clone()).await),
                _ => drop(house.ok("AdminResetUserPassword", user.clone()).await),
            }
            assert_eq!(error(&refresh(second, &app, token, &[]).await), "invalid_grant", "{kind}");
            assert_ne!(second.api("GetUser", json!({ "AccessToken": access })).await.status, StatusCode::OK, "{kind}");
            assert_eq!(user_info(second, access).await.status, StatusCode::UNAUTHORIZED, "{kind}");
            match kind {
                3 => {
                    house.ok("AdminEnableUser", user.clone()).await;
                    assert_eq!(error(&refresh(second, &app, token, &[]).await), "invalid_grant", "it stays ended");
                }
                4 => drop(house.ok("AdminSetUserPassword", json!({ "UserPoolId": app.pool, "Username": ADA, "Password": PASSWORD, "Permanent": true })).await),
                _ => {}
            }
            // A second later, so that nothing of the new session can be taken for older than the sign-out.
            house.clock.advance_ms(1000);
        }
        let tokens = tokens(&house, &app, ADA, &[]).await;
        house.ok("AdminDeleteUser", user).await;
        assert_eq!(error(&refresh(second, &app, text(&tokens, "refresh_token"), &[]).await), "invalid_grant");
        assert_eq!(user_info(second, text(&tokens, "access_token")).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn sec_024_a_revocation_that_failed_is_not_called_done() {
    let house = House::with(Options { store: Store::Postgres, ..Options::default() }).await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let tokens = tokens(&house, &app, ADA, &[]).await;
    let token = text(&tokens, "refresh_token");
    let db = Db::open(&house.store_url, poolhouse_store::Options::default()).await.unwrap();
    const BREAK: &str = "ALTER TABLE refresh_families ADD CONSTRAINT broken CHECK (revoked_at IS NULL) NOT VALID";
    const MEND: &str = "ALTER TABLE refresh_families DROP CONSTRAINT broken";
    db.write::<_, poolhouse_store::Error, _>(async move |tx| tx.exec(BREAK, p![]).await).await.unwrap();
    let reply = house.form("/oauth2/revoke", &[("token", token), ("client_id", &app.client)], None).await;
    assert!(reply.status.is_server_error(), "{reply:?}");
    let reply = house.api("RevokeToken", json!({ "ClientId": app.client, "Token": token })).await;
    assert!(reply.status.is_server_error(), "{reply:?}");
    assert!(!reply.text.contains("broken"), "the cause is ours alone: {reply:?}");
    db.write::<_, poolhouse_store::Error, _>(async move |tx| tx.exec(MEND, p![]).await).await.unwrap();
    granted(&refresh(&house, &app, token, &[]).await);
    let reply = house.form("/oauth2/revoke", &[("token", token), ("client_id", &app.client)], None).await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(error(&refresh(&house, &app, token, &[]).await), "invalid_grant");
}

/// RFC 7009: what it ends, what it leaves, what it refuses.
#[tokio::test]
async fn revoking_ends_one_session_and_says_little() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let one = granted(&redeem(&house, &app, &code(&mut browser, &app, &[]).await, &[]).await);
    let two = granted(&redeem(&house, &app, &code(&mut browser, &app, &[]).await, &[]).await);
    let proof = Some((app.client.as_str(), app.secret.as_deref().unwrap()));
    for known in ["nothing", "a.b.c.d.e", text(&one, "refresh_token"), text(&one, "refresh_token")] {
        let reply = house.form("/oauth2/revoke", &[("token", known)], proof).await;
        assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""), "{reply:?}");
    }
    assert_eq!(error(&refresh(&house, &app, text(&one, "refresh_token"), &[]).await), "invalid_grant");
    assert_eq!(user_info(&house, text(&one, "access_token")).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        house.refused("GetUser", json!({ "AccessToken": one["access_token"] })).await,
        ("NotAuthorizedException".to_owned(), "Access Token has been revoked".to_owned())
    );
    granted(&refresh(&house, &app, text(&two, "refresh_token"), &[]).await);
    assert_eq!(user_info(&house, text(&two, "access_token")).await.status, StatusCode::OK);

    for signed in ["access_token", "id_token"] {
        let reply = house.form("/oauth2/revoke", &[("token", text(&two, signed))], proof).await;
        assert_eq!(error(&reply), "unsupported_token_type", "{signed}");
    }
    assert_eq!(error(&house.form("/oauth2/revoke", &[], proof).await), "invalid_request");
    for bad in [None, Some((app.client.as_str(), "wrong")), Some(("nobody", "x"))] {
        let mut fields = vec![("token", text(&two, "refresh_token"))];
        if bad.is_none() {
            fields.push(("client_id", &app.client));
        }
        let reply = house.form("/oauth2/revoke", &fields, bad).await;
        assert_eq!((reply.status, reply.json()), (StatusCode::UNAUTHORIZED, json!({ "error": "invalid_client" })), "{bad:?}");
    }
    granted(&refresh(&house, &app, text(&two, "refresh_token"), &[]).await);
}

/// Every kind of token where another kind is wanted.
#[tokio::test]
async fn sec_025_a_token_is_good_for_its_own_use_alone() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "one" })).await;
    let other = house.oauth_app(json!({})).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": other.pool, "Domain": "two" })).await;
    let tokens = tokens(&house, &app, ADA, &[]).await;
    let (access, id, token) = (text(&tokens, "access_token"), text(&tokens, "id_token"), text(&tokens, "refresh_token"));
    for wrong in [id, token, "", "x"] {
        assert_ne!(user_info(&house, wrong).await.status, StatusCode::OK);
        assert_ne!(house.api("GetUser", json!({ "AccessToken": wrong })).await.status, StatusCode::OK);
    }
    for wrong in [id, access] {
        assert_eq!(error(&refresh(&house, &app, wrong, &[]).await), "invalid_grant");
        assert_eq!(error(&redeem(&house, &app, wrong, &[]).await), "invalid_grant");
    }
    let bearer = format!("bearer {access}");
    let at =
        async |host: &str| house.send("GET", "/oauth2/userInfo", &[("host", host), ("authorization", &bearer)], "").await.status;
    assert_eq!(at("one.auth.eu-central-1.amazoncognito.com").await, StatusCode::OK);
    assert_eq!(at("two.auth.eu-central-1.amazoncognito.com").await, StatusCode::UNAUTHORIZED, "another pool's domain");
    let forged = [
        super::tools::tampered(access, "sub", json!("x")),
        super::tools::tampered(access, "iss", json!(format!("{}/{}", house.public_url, other.pool))),
        super::tools::tampered(id, "token_use", json!("access")),
    ];
    for wrong in forged.iter().chain(&super::tools::unsigned(access)) {
        assert_eq!(user_info(&house, wrong).await.status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert_eq!(house.refused("GetUser", json!({ "AccessToken": wrong })).await.0, "NotAuthorizedException");
    }
}

#[tokio::test]
async fn sec_026_every_call_looks_at_the_user_again() {
    for ended in ["AdminDisableUser", "AdminUserGlobalSignOut", "AdminDeleteUser"] {
        let house = House::start().await;
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        let tokens = tokens(&house, &app, ADA, &[]).await;
        let access = text(&tokens, "access_token");
        assert!(members(&house.ok("GetUser", json!({ "AccessToken": access })).await).contains(&"Username"));
        house.ok(ended, json!({ "UserPoolId": app.pool, "Username": ADA })).await;
        let calls = [
            ("GetUser", json!({})),
            ("ChangePassword", json!({ "PreviousPassword": PASSWORD, "ProposedPassword": "Another-Horse-9" })),
            ("UpdateUserAttributes", json!({ "UserAttributes": [{ "Name": "name", "Value": "x" }] })),
            ("DeleteUserAttributes", json!({ "UserAttributeNames": ["name"] })),
            ("GetUserAttributeVerificationCode", json!({ "AttributeName": "email" })),
            ("VerifyUserAttribute", json!({ "AttributeName": "email", "Code": "123456" })),
            ("GlobalSignOut", json!({})),
            ("DeleteUser", json!({})),
        ];
        for (operation, mut input) in calls {
            input["AccessToken"] = json!(access);
            let (name, message) = house.refused(operation, input).await;
            let gone = ended == "AdminDeleteUser" && name == "UserNotFoundException";
            assert!(name == "NotAuthorizedException" || gone, "{ended} {operation}: {name} {message}");
        }
        assert_eq!(user_info(&house, access).await.status, StatusCode::UNAUTHORIZED, "{ended}");
    }
}
