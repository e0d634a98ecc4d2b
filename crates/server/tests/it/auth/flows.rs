//! Which flow a client may use, and what a sign-in answers.

use http::StatusCode;
use serde_json::{Value, json};

use super::srp_client::Client;
use super::{ADA, BOB, DOORS, Door, INCORRECT, caseless, invalid_parameter, not_authorized, signed_in, text, with_ada};
use crate::both;
use crate::harness::{App, House, PASSWORD};

/// Flow, the setting that allows it, by which doors it may be used, and the parameters that start it.
fn flows() -> [(&'static str, &'static str, &'static [Door]); 6] {
    [
        ("USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH", &[Door::Public]),
        ("ADMIN_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", &[Door::Admin]),
        ("ADMIN_NO_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", &[Door::Admin]),
        ("USER_SRP_AUTH", "ALLOW_USER_SRP_AUTH", &DOORS),
        ("REFRESH_TOKEN_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", &DOORS),
        ("REFRESH_TOKEN", "ALLOW_REFRESH_TOKEN_AUTH", &DOORS),
    ]
}

fn parameters(flow: &str, username: &str, password: &str, refresh: &str, a: &str) -> Value {
    match flow {
        "USER_SRP_AUTH" => json!({ "USERNAME": username, "SRP_A": a }),
        flow if flow.starts_with("REFRESH") => json!({ "REFRESH_TOKEN": refresh }),
        _ => json!({ "USERNAME": username, "PASSWORD": password }),
    }
}

#[tokio::test]
async fn sec_019_every_flow_needs_its_setting_and_its_door() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let a_hex = Client::new(7).a_hex;
    let settings = [
        vec!["ALLOW_USER_PASSWORD_AUTH"],
        vec!["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        vec!["ALLOW_USER_SRP_AUTH"],
        vec!["ALLOW_REFRESH_TOKEN_AUTH"],
        vec!["ALLOW_CUSTOM_AUTH"],
        vec!["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    ];
    let mut allowed_cells = 0;
    for setting in settings {
        // A refresh token of the client itself: signed in while it may, then restricted.
        let (client, _) = house.client(&app.pool, json!({})).await;
        let app = App { client, ..app.clone() };
        let refresh = text(&house.sign_in(&app, ADA).await["RefreshToken"]).to_owned();
        let narrowed = json!({
            "UserPoolId": app.pool, "ClientId": app.client, "ExplicitAuthFlows": setting, "PreventUserExistenceErrors": "ENABLED",
        });
        house.ok("UpdateUserPoolClient", narrowed).await;
        for (flow, needs, doors) in flows() {
            for door in DOORS {
                let allowed = setting.contains(&needs) && doors.contains(&door);
                let mut refusals = Vec::new();
                // No lock-out of an earlier cell.
                house.clock.advance_ms(16 * 60_000);
                // Right and wrong alike: a cell that is not allowed says nothing about user or password.
                for (username, password) in [(ADA, PASSWORD), (ADA, "Wrong-Horse-9"), ("nobody@example.com", PASSWORD)] {
                    let (operation, input) = door.initiate(&app, flow, parameters(flow, username, password, &refresh, &a_hex));
                    let reply = house.api(operation, input).await;
                    if !allowed {
                        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{setting:?} {flow} {door:?}: {reply:?}");
                        refusals.push(reply.error());
                    } else if (username, password) == (ADA, PASSWORD) {
                        assert_eq!(reply.status, StatusCode::OK, "{setting:?} {flow} {door:?}: {reply:?}");
                        allowed_cells += 1;
                    } else if flow.contains("PASSWORD") || flow == "ADMIN_NO_SRP_AUTH" {
                        assert_eq!(reply.error(), not_authorized(INCORRECT), "{setting:?} {flow} {door:?}");
                    }
                }
                if !allowed {
                    assert_eq!(refusals[0].0, "InvalidParameterException", "{setting:?} {flow} {door:?}");
                    assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]), "{setting:?} {flow} {door:?}: {refusals:?}");
                }
            }
        }
        for door in DOORS {
            for flow in ["CUSTOM_AUTH", "USER_AUTH"] {
                let (operation, input) = door.initiate(&app, flow, json!({ "USERNAME": ADA, "PASSWORD": PASSWORD }));
                assert_eq!(house.refused(operation, input).await.0, "InvalidParameterException", "{setting:?} {flow}");
            }
        }
    }
    assert_eq!(allowed_cells, 2 * (1 + 2 + 2 + 4));
}

#[tokio::test]
async fn sec_019_the_flow_of_the_other_door_is_refused_as_such() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let password = json!({ "USERNAME": ADA, "PASSWORD": PASSWORD });
    for (door, flow) in
        [(Door::Public, "ADMIN_USER_PASSWORD_AUTH"), (Door::Public, "ADMIN_NO_SRP_AUTH"), (Door::Admin, "USER_PASSWORD_AUTH")]
    {
        let (operation, input) = door.initiate(&app, flow, password.clone());
        assert_eq!(house.refused(operation, input).await, invalid_parameter("Initiate Auth method not supported."), "{flow}");
    }
}

both! {
    async fn a_password_signs_in_by_either_door(house: House) {
        let app = caseless(&house).await;
        for door in DOORS {
            let (operation, input) = door.password(&app, ADA, PASSWORD);
            signed_in(&house.ok(operation, input).await);
            let (operation, input) = door.password(&app, "ADA@Example.COM", PASSWORD);
            signed_in(&house.ok(operation, input).await);
            for (username, password) in [(ADA, "correct-horse-9"), (ADA, " Correct-Horse-9"), (BOB, PASSWORD)] {
                let (operation, input) = door.password(&app, username, password);
                assert_eq!(house.refused(operation, input).await, not_authorized(INCORRECT), "{username} {password}");
            }
        }
    }

    async fn sec_087_no_password_is_no_password(house: House) {
        let app = with_ada(&house).await;
        // Bob was made without a password.
        let input = json!({
            "UserPoolId": app.pool, "Username": BOB, "MessageAction": "SUPPRESS",
            "UserAttributes": [{ "Name": "email", "Value": BOB }],
        });
        house.ok("AdminCreateUser", input).await;
        for door in DOORS {
            let flow = if door == Door::Public { "USER_PASSWORD_AUTH" } else { "ADMIN_USER_PASSWORD_AUTH" };
            for username in [ADA, BOB] {
                for given in [json!({}), json!({ "PASSWORD": "" }), json!({ "PASSWORD": null })] {
                    let mut parameters = given.clone();
                    parameters["USERNAME"] = json!(username);
                    let (operation, input) = door.initiate(&app, flow, parameters);
                    let (kind, _) = house.refused(operation, input).await;
                    assert!(["InvalidParameterException", "SerializationException"].contains(&kind.as_str()), "{given} {kind}");
                }
                house.clock.advance_ms(16 * 60_000);
                for blank in [" ", "\t", "null", "0"] {
                    let (operation, input) = door.password(&app, username, blank);
                    let (kind, message) = house.refused(operation, input).await;
                    assert!(kind == "InvalidParameterException" || (kind, message) == not_authorized(INCORRECT), "{blank:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn parameters_that_are_missing_are_named() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let table = [
        ("USER_PASSWORD_AUTH", json!({ "PASSWORD": PASSWORD }), "USERNAME"),
        ("USER_PASSWORD_AUTH", json!({ "USERNAME": ADA }), "PASSWORD"),
        ("USER_SRP_AUTH", json!({ "USERNAME": ADA }), "SRP_A"),
        ("USER_SRP_AUTH", json!({ "SRP_A": "5" }), "USERNAME"),
        ("REFRESH_TOKEN_AUTH", json!({}), "REFRESH_TOKEN"),
    ];
    for (flow, parameters, missing) in table {
        let (operation, input) = Door::Public.initiate(&app, flow, parameters);
        assert_eq!(house.refused(operation, input).await, invalid_parameter(&format!("Missing required parameter {missing}")));
    }
    let none = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client });
    assert_eq!(house.refused("InitiateAuth", none).await.0, "InvalidParameterException");
}

#[tokio::test]
async fn who_may_not_sign_in_is_told_why_only_after_the_right_password() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let named = json!({ "UserPoolId": app.pool, "Username": ADA });
    house.ok("AdminDisableUser", named.clone()).await;
    for door in DOORS {
        let (operation, input) = door.password(&app, ADA, PASSWORD);
        assert_eq!(house.refused(operation, input).await, not_authorized("User is disabled."));
        let (operation, input) = door.password(&app, ADA, "Wrong-Horse-9");
        assert_eq!(house.refused(operation, input).await, not_authorized(INCORRECT));
    }
    house.ok("AdminEnableUser", named.clone()).await;
    let (operation, input) = Door::Public.password(&app, ADA, PASSWORD);
    signed_in(&house.ok(operation, input.clone()).await);
    house.ok("AdminResetUserPassword", named).await;
    let (kind, message) = house.refused(operation, input).await;
    assert_eq!((kind.as_str(), message.as_str()), ("PasswordResetRequiredException", "Password reset required for the user"));
}

#[tokio::test]
async fn where_users_are_not_hidden_the_unknown_one_is_told() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let (client, _) = house.client(&app.pool, json!({ "PreventUserExistenceErrors": "LEGACY" })).await;
    let app = App { client, ..app };
    for door in DOORS {
        let (operation, input) = door.password(&app, BOB, PASSWORD);
        assert_eq!(
            house.refused(operation, input).await,
            ("UserNotFoundException".to_owned(), "User does not exist.".to_owned())
        );
        let (operation, input) = door.initiate(&app, "USER_SRP_AUTH", json!({ "USERNAME": BOB, "SRP_A": Client::new(3).a_hex }));
        assert_eq!(house.refused(operation, input).await.0, "UserNotFoundException");
    }
}
