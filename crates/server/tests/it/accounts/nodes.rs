//! Two processes on one PostgreSQL: what one revoked or claimed, the other knows at once. Checklist 23, 89, 155.
use serde_json::{Value, json};

use super::codes::futures_join;
use super::{admin, attribute, by_name, list, newest, shown, sign_up, signed_in};
use crate::harness::{App, House, Options, PASSWORD, Store};

async fn two() -> [House; 2] {
    let house = House::with(Options { store: Store::Postgres, ..Options::default() }).await;
    let twin = house.twin().await;
    [house, twin]
}

fn refresh(app: &App, tokens: &Value) -> Value {
    json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] } })
}

/// Every way to end a session on A in turn, and its tokens on B in the next moment.
#[tokio::test]
async fn sec_023_what_one_node_revokes_no_other_accepts() {
    let [a, b] = two().await;
    let app = by_name(&a, json!({})).await;
    a.user_named(&app, "ann").await;
    let ways = [
        "RevokeToken",
        "GlobalSignOut",
        "AdminUserGlobalSignOut",
        "AdminDisableUser",
        "AdminResetUserPassword",
        "AdminDeleteUser",
    ];
    for round in 0..100 {
        let way = ways[round % ways.len()];
        let (on, off) = if round % 4 < 2 { (&a, &b) } else { (&b, &a) };
        let tokens = signed_in(off, &app, "ann", PASSWORD).await["AuthenticationResult"].clone();
        on.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
        off.ok("InitiateAuth", refresh(&app, &tokens)).await;
        let input = match way {
            "RevokeToken" => json!({ "Token": tokens["RefreshToken"], "ClientId": app.client }),
            "GlobalSignOut" => json!({ "AccessToken": tokens["AccessToken"] }),
            _ => json!({ "UserPoolId": app.pool, "Username": "ann" }),
        };
        let done = on.api(way, input).await;
        assert_eq!(done.status, 200, "{way}: {done:?}");
        assert_eq!(
            off.refused("InitiateAuth", refresh(&app, &tokens)).await.0,
            "NotAuthorizedException",
            "{way} in round {round}"
        );
        let reply = off.api("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
        assert_eq!(reply.status, 400, "{way} in round {round}: {reply:?}");
        match way {
            "AdminDisableUser" => drop(admin(on, &app, "AdminEnableUser", "ann", json!({})).await),
            "AdminResetUserPassword" => a.set_password(&app, "ann").await,
            "AdminDeleteUser" => a.user_named(&app, "ann").await,
            _ => {}
        }
        // Access tokens of the moment of a sign-out die with it.
        a.clock.advance_ms(1000);
        b.clock.advance_ms(1000);
    }
}

impl House {
    async fn user_named(&self, app: &App, name: &str) {
        let attributes = list(&[("email", &format!("{name}@example.com")), ("email_verified", "true")]);
        admin(self, app, "AdminCreateUser", name, json!({ "UserAttributes": attributes, "MessageAction": "SUPPRESS" })).await;
        self.set_password(app, name).await;
    }

    async fn set_password(&self, app: &App, name: &str) {
        admin(self, app, "AdminSetUserPassword", name, json!({ "Password": PASSWORD, "Permanent": true })).await;
    }
}

/// Users whose verified address is this one.
async fn owners(house: &House, app: &App, email: &str) -> Vec<String> {
    let listed = house.ok("ListUsers", json!({ "UserPoolId": app.pool, "Filter": format!("email = \"{email}\"") })).await;
    let verified = |user: &&Value| attribute(user, "email_verified").as_deref() == Some("true");
    listed["Users"]
        .as_array()
        .unwrap()
        .iter()
        .filter(verified)
        .map(|user| user["Username"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn sec_155_of_many_sign_ups_with_one_name_one_makes_a_user() {
    let [a, b] = two().await;
    let by_name = by_name(&a, json!({})).await;
    let by_mail = a.app().await;
    for round in 0..10 {
        for (app, name) in [(&by_name, format!("user-{round}")), (&by_mail, format!("user-{round}@example.com"))] {
            let input = json!({ "ClientId": app.client, "Username": name, "Password": PASSWORD });
            let replies = futures_join((0..12).map(|n| if n % 2 == 0 { &a } else { &b }.api("SignUp", input.clone()))).await;
            let made = replies.iter().filter(|reply| reply.status == 200).count();
            assert_eq!(made, 1, "{replies:?}");
            // Who lost the race more often than it is run again is asked to come back.
            let lost = |name: &str| matches!(name, "UsernameExistsException" | "TooManyRequestsException");
            assert!(replies.iter().filter(|reply| reply.status != 200).all(|reply| lost(&reply.error().0)), "{replies:?}");
        }
    }
    let users = a.ok("ListUsers", json!({ "UserPoolId": by_name.pool })).await;
    assert_eq!(users["Users"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn sec_089_of_many_who_claim_an_alias_at_once_on_two_nodes_one_has_it() {
    let [a, b] = two().await;
    let app = by_name(&a, json!({ "AliasAttributes": ["email"] })).await;
    for round in 0..8 {
        let email = format!("shared-{round}@example.com");
        let mut answers = Vec::new();
        for n in 0..4 {
            let name = format!("u{round}-{n}");
            sign_up(&a, &app, &name, &email).await;
            let code = newest(&a, &email).await;
            // Some take it by force.
            answers.push(json!({ "ClientId": app.client, "Username": name, "ConfirmationCode": code, "ForceAliasCreation": round % 2 == 1 }));
        }
        b.clock.advance_ms(a.clock.now_ms() - b.clock.now_ms());
        let administrator = format!("admin-{round}");
        let attributes = list(&[("email", &email), ("email_verified", "true")]);
        let made = json!({ "UserPoolId": app.pool, "Username": administrator, "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
        let mut calls: Vec<(&House, &str, Value)> = answers
            .into_iter()
            .enumerate()
            .map(|(n, input)| (if n % 2 == 0 { &a } else { &b }, "ConfirmSignUp", input))
            .collect();
        calls.push((&b, "AdminCreateUser", made));
        let replies = futures_join(calls.into_iter().map(|(node, operation, input)| node.api(operation, input))).await;
        assert!(replies.iter().all(|reply| reply.status == 200 || reply.status == 400), "{replies:?}");
        let owners = owners(&a, &app, &email).await;
        assert_eq!(owners.len(), 1, "round {round}: {owners:?} {replies:?}");
        assert_eq!(shown(&b, &app, &email).await["Username"], owners[0]);
    }
}

#[tokio::test]
async fn sec_155_moving_addresses_at_once_leaves_one_owner() {
    let [a, b] = two().await;
    let app = a.app().await;
    for name in ["ann@example.com", "bob@example.com"] {
        a.user(&app.pool, name).await;
    }
    let (mut ann, mut bob) = ("ann@example.com".to_owned(), "bob@example.com".to_owned());
    for round in 0..10 {
        let wanted = format!("wanted-{round}@example.com");
        let attributes = list(&[("email", &wanted), ("email_verified", "true")]);
        let input = |name: &str| json!({ "UserPoolId": app.pool, "Username": name, "UserAttributes": attributes });
        let (one, two) = (input(&ann), input(&bob));
        let replies =
            futures_join([a.api("AdminUpdateUserAttributes", one), b.api("AdminUpdateUserAttributes", two)].into_iter()).await;
        let won: Vec<bool> = replies.iter().map(|reply| reply.status == 200).collect();
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{replies:?}");
        if won[0] { ann = wanted } else { bob = wanted }
    }
}
