//! What belongs to one pool means nothing in another, and hostile text is text.

use http::StatusCode;
use serde_json::{Value, json};

use crate::auth::{ADA, text, with_ada};
use crate::both;
use crate::harness::{App, House, PASSWORD};

/// A pool with one of everything.
async fn furnished(house: &House) -> App {
    let app = with_ada(house).await;
    house.ok("CreateGroup", json!({ "UserPoolId": app.pool, "GroupName": "staff" })).await;
    house.ok("AdminAddUserToGroup", json!({ "UserPoolId": app.pool, "GroupName": "staff", "Username": ADA })).await;
    house.ok("CreateResourceServer", json!({ "UserPoolId": app.pool, "Identifier": "api", "Name": "api" })).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "shop" })).await;
    app
}

/// Operations on things of one pool, with the error each owes to a caller who names another.
fn foreign_calls(mine: &App, sub: &Value) -> Vec<(&'static str, Value, &'static str)> {
    let attributes = json!([{ "Name": "name", "Value": "Eve" }]);
    let mut calls: Vec<(&'static str, Value, &'static str)> = Vec::new();
    for name in [json!(ADA), sub.clone()] {
        for (operation, more) in [
            ("AdminGetUser", json!({})),
            ("AdminConfirmSignUp", json!({})),
            ("AdminDeleteUser", json!({})),
            ("AdminDeleteUserAttributes", json!({ "UserAttributeNames": ["name"] })),
            ("AdminDisableUser", json!({})),
            ("AdminEnableUser", json!({})),
            ("AdminListGroupsForUser", json!({})),
            ("AdminResetUserPassword", json!({})),
            ("AdminSetUserPassword", json!({ "Password": PASSWORD })),
            ("AdminUpdateUserAttributes", json!({ "UserAttributes": attributes })),
            ("AdminUserGlobalSignOut", json!({})),
        ] {
            let mut input = more;
            input["Username"] = name.clone();
            calls.push((operation, input, "UserNotFoundException"));
        }
    }
    for (operation, input) in [
        ("AdminAddUserToGroup", json!({ "GroupName": "staff", "Username": ADA })),
        ("AdminRemoveUserFromGroup", json!({ "GroupName": "staff", "Username": ADA })),
    ] {
        calls.push((operation, input, ""));
    }
    for (operation, input) in [
        ("GetGroup", json!({ "GroupName": "staff" })),
        ("UpdateGroup", json!({ "GroupName": "staff" })),
        ("DeleteGroup", json!({ "GroupName": "staff" })),
        ("ListUsersInGroup", json!({ "GroupName": "staff" })),
        ("DescribeResourceServer", json!({ "Identifier": "api" })),
        ("UpdateResourceServer", json!({ "Identifier": "api", "Name": "n" })),
        ("DeleteResourceServer", json!({ "Identifier": "api" })),
        ("DescribeUserPoolClient", json!({ "ClientId": mine.client })),
        ("UpdateUserPoolClient", json!({ "ClientId": mine.client })),
        ("DeleteUserPoolClient", json!({ "ClientId": mine.client })),
        ("AddUserPoolClientSecret", json!({ "ClientId": mine.client })),
        ("ListUserPoolClientSecrets", json!({ "ClientId": mine.client })),
        ("DeleteUserPoolDomain", json!({ "Domain": "shop" })),
        ("UpdateUserPoolDomain", json!({ "Domain": "shop" })),
        (
            "AdminInitiateAuth",
            json!({ "ClientId": mine.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": { "USERNAME": ADA, "PASSWORD": PASSWORD } }),
        ),
        (
            "AdminRespondToAuthChallenge",
            json!({ "ClientId": mine.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "ChallengeResponses": { "USERNAME": ADA, "NEW_PASSWORD": PASSWORD } }),
        ),
    ] {
        calls.push((operation, input, "ResourceNotFoundException"));
    }
    calls
}

both! {
    async fn sec_108_nothing_of_one_pool_exists_in_another(house: House) {
        let mine = furnished(&house).await;
        let other = house.app().await;
        let before = house.ok("AdminGetUser", json!({ "UserPoolId": mine.pool, "Username": ADA })).await;
        let sub = before["Username"].clone();
        let calls = foreign_calls(&mine, &sub);
        for (operation, mut input, expected) in calls {
            input["UserPoolId"] = json!(other.pool);
            let (kind, message) = house.refused(operation, input.clone()).await;
            let fits = if expected.is_empty() { kind.ends_with("NotFoundException") } else { kind == expected };
            assert!(fits, "{operation} {input}: {kind} {message}");
        }
        // Lists of the other pool are its own.
        for (operation, member) in [("ListUsers", "Users"), ("ListGroups", "Groups")] {
            assert_eq!(house.ok(operation, json!({ "UserPoolId": other.pool })).await[member], json!([]), "{operation}");
        }
        let servers = house.ok("ListResourceServers", json!({ "UserPoolId": other.pool, "MaxResults": 50 })).await;
        assert_eq!(servers["ResourceServers"], json!([]));
        // The public door: the client says which pool; the user of one does not sign in at the other.
        let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": other.client, "AuthParameters": { "USERNAME": ADA, "PASSWORD": PASSWORD } });
        assert_eq!(house.refused("InitiateAuth", input).await.0, "NotAuthorizedException");
        // And none of it changed anything at home.
        assert_eq!(house.ok("AdminGetUser", json!({ "UserPoolId": mine.pool, "Username": ADA })).await, before);
        assert!(house.sign_in(&mine, ADA).await["AccessToken"].is_string());
    }

    async fn sec_143_hostile_text_is_text(house: House) {
        let app = with_ada(&house).await;
        let corpus = [
            "' OR '1'='1", "'; DROP TABLE users; --", "\" OR \"\"=\"", "1; SELECT pg_sleep(5)", "x' UNION SELECT sealed FROM signing_keys --",
            "$1", "$$", "%", "_", "\\", "\\'", "{{7*7}}", "${7*7}", "\u{202e}", "\u{0}", "👩‍👩‍👧",
        ];
        for text in corpus {
            for (operation, input) in [
                ("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": text })),
                ("AdminDeleteUser", json!({ "UserPoolId": app.pool, "Username": text })),
                ("GetGroup", json!({ "UserPoolId": app.pool, "GroupName": text })),
                ("DeleteGroup", json!({ "UserPoolId": app.pool, "GroupName": text })),
                ("DescribeUserPool", json!({ "UserPoolId": text })),
                ("DescribeUserPoolClient", json!({ "UserPoolId": app.pool, "ClientId": text })),
                ("DescribeResourceServer", json!({ "UserPoolId": app.pool, "Identifier": text })),
                ("GetTokensFromRefreshToken", json!({ "ClientId": app.client, "RefreshToken": text })),
                ("GetUser", json!({ "AccessToken": text })),
                ("InitiateAuth", json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": { "USERNAME": text, "PASSWORD": text } })),
                ("ListUsers", json!({ "UserPoolId": app.pool, "PaginationToken": text })),
            ] {
                house.refused(operation, input).await;
            }
            let listed = house.api("ListUsers", json!({ "UserPoolId": app.pool, "Filter": format!("username = \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) })).await;
            assert!(listed.status.is_client_error() || listed.json()["Users"] == json!([]), "{text}: {listed:?}");
            // Kept and given back as it is, where it may be kept at all.
            let update = json!({ "UserPoolId": app.pool, "Username": ADA, "UserAttributes": [{ "Name": "name", "Value": text }] });
            let updated = house.api("AdminUpdateUserAttributes", update).await;
            assert!(updated.status == StatusCode::OK || updated.status.is_client_error(), "{text}: {updated:?}");
            if updated.status == StatusCode::OK {
                let user = house.ok("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": ADA })).await;
                let name = user["UserAttributes"].as_array().unwrap().iter().find(|a| a["Name"] == "name").unwrap();
                assert_eq!(name["Value"], text);
            }
        }
        assert_eq!(house.ok("ListUsers", json!({ "UserPoolId": app.pool })).await["Users"].as_array().unwrap().len(), 1);
    }

    async fn sec_143_144_a_nul_is_refused_at_every_door(house: House) {
        let app = house.oauth_app(json!({})).await;
        for path in [
            "/%00/.well-known/jwks.json",
            "/%00/.well-known/openid-configuration",
            "/_domain/%00/oauth2/authorize",
            "/oauth2/authorize?client_id=%00&response_type=code",
            "/login?client_id=%00&response_type=code",
            "/logout?client_id=%00",
        ] {
            let reply = house.get(path).await;
            assert!(!reply.status.is_server_error(), "{path}: {reply:?}");
        }
        for fields in [
            [("grant_type", "refresh_token"), ("client_id", "\0"), ("refresh_token", "x")],
            [("grant_type", "refresh_token"), ("client_id", app.client.as_str()), ("refresh_token", "\0")],
            [("grant_type", "authorization_code"), ("client_id", app.client.as_str()), ("code", "\0")],
        ] {
            let reply = house.form("/oauth2/token", &fields, None).await;
            assert!(reply.status.is_client_error(), "{fields:?}: {reply:?}");
            let reply = house.form("/oauth2/token", &fields[..1], Some(("\0", "\0"))).await;
            assert!(reply.status.is_client_error(), "{reply:?}");
        }
    }

    async fn sec_117_a_group_shows_in_the_next_tokens_and_leaves_them(house: House) {
        let app = furnished(&house).await;
        let groups = |result: &Value| ["AccessToken", "IdToken"].map(|name| crate::tokens::claims(text(&result[name]))["cognito:groups"].clone());
        let signed = house.sign_in(&app, ADA).await;
        assert_eq!(groups(&signed), [json!(["staff"]), json!(["staff"])]);
        house.ok("AdminRemoveUserFromGroup", json!({ "UserPoolId": app.pool, "GroupName": "staff", "Username": ADA })).await;
        let refresh = json!({ "ClientId": app.client, "RefreshToken": signed["RefreshToken"] });
        let renewed = house.ok("GetTokensFromRefreshToken", refresh).await;
        assert_eq!(groups(&renewed["AuthenticationResult"]), [Value::Null, Value::Null]);
    }

    async fn sec_109_secrets_are_shown_where_they_are_asked_for_only(house: House) {
        let app = with_ada(&house).await;
        let (client, secret) = house.client(&app.pool, json!({ "GenerateSecret": true })).await;
        let secret = secret.unwrap();
        for (operation, input) in [
            ("ListUserPoolClients", json!({ "UserPoolId": app.pool, "MaxResults": 10 })),
            ("ListUserPoolClientSecrets", json!({ "UserPoolId": app.pool, "ClientId": client })),
            ("DescribeUserPool", json!({ "UserPoolId": app.pool })),
            ("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": ADA })),
            ("ListUsers", json!({ "UserPoolId": app.pool })),
            ("GetUser", json!({ "AccessToken": house.sign_in(&app, ADA).await["AccessToken"] })),
        ] {
            let reply = house.api(operation, input).await;
            assert_eq!(reply.status, StatusCode::OK, "{operation}");
            for word in [secret.as_str(), "argon2", "srp", "sealed", "password_hash", "ClientSecret\""] {
                assert!(!reply.text.contains(word), "{operation} shows {word}: {}", reply.text);
            }
        }
    }
}

#[tokio::test]
async fn sec_112_147_nesting_has_an_end() {
    let house = House::start().await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [40, 10_000] {
            let body = format!("{{\"x\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            let headers = [
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth"),
            ];
            let reply = house.send("POST", "/", &headers, &body).await;
            assert_eq!(
                (reply.status, reply.error().0.as_str()),
                (StatusCode::BAD_REQUEST, "SerializationException"),
                "{open} {depth}"
            );
        }
    }
}
