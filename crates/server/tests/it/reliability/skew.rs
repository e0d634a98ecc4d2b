//! Two nodes whose machines' clocks are a minute apart. The database's clock decides for both, so that every time limit is
//! the same on either; and before a node has heard of it, nothing that is fresh on one is refused by the other.

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use super::two_nodes;
use crate::harness::{App, House, PASSWORD};
use crate::oauth::tools::{code, error, granted, redeem, signed_in};

const ANN: &str = "ann@poolhouse.test";
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
/// What asking the database for the time may cost in exactness.
const MARGIN: i64 = 2 * SECOND;

/// Half a minute slow, and half a minute fast.
struct Apart(House, House);

impl Apart {
    async fn unset() -> Self {
        let (slow, fast) = two_nodes().await;
        slow.clock.advance_ms(-30 * SECOND);
        fast.clock.advance_ms(30 * SECOND);
        Self(slow, fast)
    }

    /// As the program does it at its start and once a minute.
    async fn set() -> Self {
        let both = Self::unset().await;
        let (slow, fast) = tokio::join!(both.0.engine.set_clock(), both.1.engine.set_clock());
        slow.unwrap();
        fast.unwrap();
        both
    }

    /// Who acts first, and who then.
    fn directions(&self) -> [(&House, &House); 2] {
        [(&self.0, &self.1), (&self.1, &self.0)]
    }

    fn pass(&self, ms: i64) {
        self.0.clock.advance_ms(ms);
        self.1.clock.advance_ms(ms);
    }
}

fn by_password(app: &App, password: &str) -> Value {
    let parameters = json!({ "USERNAME": ANN, "PASSWORD": password });
    json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters })
}

async fn with_ann(house: &House, client: Value) -> App {
    let app = house.app().await;
    let (client, secret) = house.client(&app.pool, client).await;
    house.user(&app.pool, ANN).await;
    App { client, secret, ..app }
}

/// The challenge that a temporary password leads to, and the answer to it.
async fn challenged(house: &House, app: &App) -> Value {
    let set = json!({ "UserPoolId": app.pool, "Username": ANN, "Password": PASSWORD, "Permanent": false });
    house.ok("AdminSetUserPassword", set).await;
    let asked = house.ok("InitiateAuth", by_password(app, PASSWORD)).await;
    let answers = json!({ "USERNAME": ANN, "NEW_PASSWORD": "Another-Horse-8" });
    let name = "NEW_PASSWORD_REQUIRED";
    json!({ "ClientId": app.client, "ChallengeName": name, "Session": asked["Session"], "ChallengeResponses": answers })
}

async fn access(house: &House, tokens: &Value) -> StatusCode {
    house.api("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await.status
}

async fn exchange(house: &House, app: &App, tokens: &Value) -> crate::harness::Reply {
    house.api("GetTokensFromRefreshToken", json!({ "ClientId": app.client, "RefreshToken": tokens["RefreshToken"] })).await
}

fn rotating(grace_seconds: i64) -> Value {
    json!({
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": grace_seconds },
    })
}

#[tokio::test]
async fn sec_163_what_is_fresh_on_one_node_is_good_on_the_other() {
    for nodes in [Apart::unset().await, Apart::set().await] {
        for (here, there) in nodes.directions() {
            // So that the newest message is the one of this round.
            nodes.pass(MARGIN);
            let app = here.oauth_app(json!({})).await;
            here.user(&app.pool, ANN).await;
            let tokens = here.sign_in(&app, ANN).await;
            assert_eq!(access(there, &tokens).await, StatusCode::OK);
            let refresh = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
            let refresh = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": refresh });
            there.ok("InitiateAuth", refresh).await;

            let mut browser = signed_in(here, &app, ANN).await;
            for _ in 0..3 {
                let code = code(&mut browser, &app, &[]).await;
                let redeemed = join_all((0..20).map(|n| redeem(if n % 2 == 0 { there } else { here }, &app, &code, &[]))).await;
                let won = redeemed.iter().filter(|reply| reply.status == StatusCode::OK).count();
                assert_eq!(won, 1, "{redeemed:?}");
            }
            there.ok("RespondToAuthChallenge", challenged(here, &app).await).await;

            here.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": ANN })).await;
            let sent = here.code_for(ANN).await;
            let confirm = |n: usize| json!({ "ClientId": app.client, "Username": ANN, "ConfirmationCode": sent, "Password": format!("{PASSWORD}-{n}") });
            let used =
                join_all((0..10).map(|n| if n % 2 == 0 { there } else { here }.api("ConfirmForgotPassword", confirm(n)))).await;
            assert_eq!(used.iter().filter(|reply| reply.status == StatusCode::OK).count(), 1, "{used:?}");
        }
    }
}

#[tokio::test]
async fn sec_163_nothing_ends_early_or_late_on_the_other_node() {
    let nodes = Apart::set().await;
    for (here, there) in nodes.directions() {
        let app = here.oauth_app(json!({ "AccessTokenValidity": 5, "TokenValidityUnits": { "AccessToken": "minutes" } })).await;
        here.user(&app.pool, ANN).await;
        let mut browser = signed_in(here, &app, ANN).await;
        // An access token and a code live five minutes, a challenge three.
        for late in [false, true] {
            let wait = |life: i64| nodes.pass(if late { life + MARGIN } else { life - MARGIN });
            let tokens = here.sign_in(&app, ANN).await;
            let code = code(&mut browser, &app, &[]).await;
            wait(5 * MINUTE);
            assert_eq!(access(there, &tokens).await == StatusCode::OK, !late);
            let redeemed = redeem(there, &app, &code, &[]).await;
            if late {
                assert_eq!(error(&redeemed), "invalid_grant");
            } else {
                granted(&redeemed);
            }
        }
        for late in [false, true] {
            let answer = challenged(here, &app).await;
            nodes.pass(if late { 3 * MINUTE + MARGIN } else { 3 * MINUTE - MARGIN });
            let reply = there.api("RespondToAuthChallenge", answer).await;
            assert_eq!(reply.status == StatusCode::OK, !late, "{reply:?}");
        }
        let set = json!({ "UserPoolId": app.pool, "Username": ANN, "Password": PASSWORD, "Permanent": true });
        here.ok("AdminSetUserPassword", set).await;
        for late in [false, true] {
            here.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": ANN })).await;
            let sent = here.code_for(ANN).await;
            nodes.pass(if late { 60 * MINUTE + MARGIN } else { 60 * MINUTE - MARGIN });
            let confirm = json!({ "ClientId": app.client, "Username": ANN, "ConfirmationCode": sent, "Password": PASSWORD });
            let reply = there.api("ConfirmForgotPassword", confirm).await;
            assert_eq!(reply.status == StatusCode::OK, !late, "{reply:?}");
        }
    }
}

#[tokio::test]
async fn sec_163_a_grace_period_is_as_long_on_the_other_node() {
    let nodes = Apart::set().await;
    for (here, there) in nodes.directions() {
        let app = with_ann(here, rotating(10)).await;
        let tokens = there.sign_in(&app, ANN).await;
        let fresh = exchange(here, &app, &tokens).await.json()["AuthenticationResult"].clone();
        nodes.pass(10 * SECOND - MARGIN);
        // A node that believed itself half a minute ahead would call this theft and end the session.
        assert_eq!(exchange(there, &app, &tokens).await.status, StatusCode::OK);
        assert_eq!(access(there, &fresh).await, StatusCode::OK);
        nodes.pass(2 * MARGIN);
        assert_eq!(exchange(there, &app, &tokens).await.error().0, "RefreshTokenReuseException");
        assert_ne!(access(here, &fresh).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn sec_163_a_lockout_is_as_long_on_the_other_node() {
    let nodes = Apart::set().await;
    for (here, there) in nodes.directions() {
        let app = with_ann(here, json!({})).await;
        // The tenth failure in a row locks for 32 seconds.
        for number in 0..10 {
            assert_eq!(
                here.refused("InitiateAuth", by_password(&app, "Wrong-Horse-1")).await.1,
                "Incorrect username or password."
            );
            nodes.pass(if number < 9 { 17 * SECOND } else { 0 });
        }
        assert_eq!(there.refused("InitiateAuth", by_password(&app, PASSWORD)).await.1, "Password attempts exceeded");
        nodes.pass(32 * SECOND - MARGIN);
        assert_eq!(there.refused("InitiateAuth", by_password(&app, PASSWORD)).await.1, "Password attempts exceeded");
        nodes.pass(2 * MARGIN);
        there.ok("InitiateAuth", by_password(&app, PASSWORD)).await;
    }
}

#[tokio::test]
async fn sec_163_a_sign_out_ends_what_another_node_issued_before_and_nothing_after() {
    let nodes = Apart::set().await;
    for (here, there) in nodes.directions() {
        // Such tokens name no session; the moments of their issue and of the sign-out decide.
        let app = with_ann(here, json!({ "EnableTokenRevocation": false })).await;
        let before = there.sign_in(&app, ANN).await;
        nodes.pass(MARGIN);
        assert_eq!(access(here, &before).await, StatusCode::OK);
        here.ok("AdminUserGlobalSignOut", json!({ "UserPoolId": app.pool, "Username": ANN })).await;
        for node in [here, there] {
            assert_eq!(access(node, &before).await, StatusCode::BAD_REQUEST);
        }
        nodes.pass(MARGIN);
        let after = there.sign_in(&app, ANN).await;
        for node in [here, there] {
            assert_eq!(access(node, &after).await, StatusCode::OK);
        }
    }
}
