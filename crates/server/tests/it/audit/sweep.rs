//! Everything that proves or changes something leaves exactly one outcome, with who, what, whom, from where, and how it
//! ended; a change is announced before. No secret of the walk is in the trail.

use std::collections::BTreeSet;

use poolhouse_engine::audit::{Event, Kind};
use poolhouse_engine::ops::{self, Class};
use serde_json::{Value, json};

use super::{events, request_id};
use crate::auth::text;
use crate::both;
use crate::data::canaries;
use crate::harness::{App, CALLBACK, House, Options, PASSWORD, Reply, encode};

const EVE: &str = "eve@example.com";

/// What was done, by which request, and how it ended.
struct Done {
    action: String,
    request: String,
    result: String,
}

/// Calls operations and remembers.
struct Walk<'a> {
    house: &'a House,
    done: Vec<Done>,
}

impl Walk<'_> {
    async fn call(&mut self, operation: &str, input: Value) -> Value {
        let reply = self.house.api(operation, input).await;
        let result = if reply.status.is_success() { "ok".to_owned() } else { reply.error().0 };
        assert!(!reply.status.is_server_error(), "{operation}: {reply:?}");
        self.done.push(Done { action: operation.to_owned(), request: request_id(&reply), result });
        if reply.text.is_empty() { Value::Null } else { reply.json() }
    }

    /// As [`Walk::call`], where it must be done.
    async fn ok(&mut self, operation: &str, input: Value) -> Value {
        let answer = self.call(operation, input).await;
        assert_eq!(self.done.last().unwrap().result, "ok", "{operation}: {answer}");
        answer
    }

    /// Remembers a page or an endpoint.
    fn note(&mut self, action: &str, reply: &Reply, result: &str) {
        self.done.push(Done { action: action.to_owned(), request: request_id(reply), result: result.to_owned() });
    }
}

/// Every outcome of the walk is in the trail, once, and complete.
fn check(done: &[Done], events: &[Event], pool: &str) {
    for Done { action, request, result } in done {
        let of: Vec<&Event> = events.iter().filter(|e| &e.request_id == request && e.action == *action).collect();
        let outcomes: Vec<&&Event> = of.iter().filter(|e| e.kind == Kind::Outcome).collect();
        let [outcome] = &outcomes[..] else { panic!("{action}: {of:#?}") };
        assert_eq!(outcome.result.as_deref(), Some(result.as_str()), "{action}");
        assert_eq!(outcome.pool.as_deref(), Some(pool), "{action}: {outcome:?}");
        assert_eq!(outcome.ip.map(|ip| ip.to_string()).as_deref(), Some("127.0.0.1"), "{action}");
        let is_change = ops::class(action) == Some(Class::Change);
        let signed = poolhouse_wire::operation(action).is_some_and(|operation| !operation.accepts_unsigned);
        match (signed, is_change) {
            (true, _) => assert_eq!(outcome.actor, "access key test", "{action}"),
            (false, true) => assert!(outcome.actor.starts_with("user "), "{action}: {outcome:?}"),
            (false, false) => assert!(outcome.actor.starts_with("user ") || outcome.actor == "anonymous", "{action}"),
        }
        let intents = of.iter().filter(|e| e.kind == Kind::Intent).count();
        assert_eq!(intents, usize::from(is_change), "{action}: {of:#?}");
        // By the time of their request both are the same; the place tells which was first.
        assert!(!is_change || of[0].kind == Kind::Intent, "{action}");
    }
}

async fn administration(walk: &mut Walk<'_>, app: &App) {
    let pool = json!(app.pool);
    let group = json!({ "UserPoolId": pool, "GroupName": "staff" });
    let user = json!({ "UserPoolId": pool, "Username": EVE });
    let with = |base: &Value, more: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let attribute = json!([{ "Name": "custom:tier", "AttributeDataType": "String", "Mutable": true }]);
    walk.ok(
        "AddCustomAttributes",
        json!({ "UserPoolId": pool, "CustomAttributes": [{ "Name": "tier", "AttributeDataType": "String", "Mutable": true }] }),
    )
    .await;
    walk.call("AddCustomAttributes", json!({ "UserPoolId": pool, "CustomAttributes": attribute })).await;
    walk.ok("UpdateUserPool", json!({ "UserPoolId": pool, "AutoVerifiedAttributes": ["email"] })).await;
    let arn = format!("arn:aws:cognito-idp:eu-central-1:123456789012:userpool/{}", app.pool);
    walk.ok("TagResource", json!({ "ResourceArn": arn, "Tags": { "a": "b" } })).await;
    walk.ok("UntagResource", json!({ "ResourceArn": arn, "TagKeys": ["a"] })).await;
    walk.ok("CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "sweep" })).await;
    walk.call("UpdateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "sweep" })).await;
    walk.ok("DeleteUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "sweep" })).await;
    let server = json!({ "UserPoolId": pool, "Identifier": "shop", "Name": "Shop" });
    walk.ok("CreateResourceServer", server.clone()).await;
    walk.ok("UpdateResourceServer", server).await;
    walk.ok("DeleteResourceServer", json!({ "UserPoolId": pool, "Identifier": "shop" })).await;
    let made = walk.ok("CreateUserPoolClient", json!({ "UserPoolId": pool, "ClientName": "c", "GenerateSecret": true })).await;
    let client = json!({ "UserPoolId": pool, "ClientId": made["UserPoolClient"]["ClientId"] });
    walk.ok("UpdateUserPoolClient", client.clone()).await;
    let secret = walk.ok("AddUserPoolClientSecret", client.clone()).await["ClientSecretDescriptor"]["ClientSecretId"].clone();
    walk.ok("DeleteUserPoolClientSecret", with(&client, json!({ "ClientSecretId": secret }))).await;
    walk.ok("DeleteUserPoolClient", client).await;
    walk.ok("CreateGroup", group.clone()).await;
    walk.ok("UpdateGroup", with(&group, json!({ "Description": "d" }))).await;
    walk.ok("AdminCreateUser", with(&user, json!({ "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS" }))).await;
    walk.ok("AdminAddUserToGroup", with(&group, json!({ "Username": EVE }))).await;
    walk.ok("AdminRemoveUserFromGroup", with(&group, json!({ "Username": EVE }))).await;
    walk.ok("DeleteGroup", group).await;
    let start = json!({
        "UserPoolId": pool, "ClientId": app.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": EVE, "PASSWORD": PASSWORD },
    });
    let asked = walk.ok("AdminInitiateAuth", start).await;
    let answer = json!({
        "UserPoolId": pool, "ClientId": app.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"],
        "ChallengeResponses": { "USERNAME": EVE, "NEW_PASSWORD": "Chosen-Horse-8" },
    });
    walk.ok("AdminRespondToAuthChallenge", answer).await;
    walk.ok("AdminSetUserPassword", with(&user, json!({ "Password": PASSWORD, "Permanent": true }))).await;
    walk.call("AdminConfirmSignUp", user.clone()).await;
    let attributes = json!([{ "Name": "email_verified", "Value": "true" }, { "Name": "name", "Value": "Eve" }]);
    walk.ok("AdminUpdateUserAttributes", with(&user, json!({ "UserAttributes": attributes }))).await;
    walk.ok("AdminDeleteUserAttributes", with(&user, json!({ "UserAttributeNames": ["name"] }))).await;
    for operation in
        ["AdminDisableUser", "AdminEnableUser", "AdminUserGlobalSignOut", "AdminResetUserPassword", "AdminDeleteUser"]
    {
        walk.ok(operation, user.clone()).await;
    }
    walk.call("AdminDeleteUser", user).await;
}

async fn account(walk: &mut Walk<'_>, app: &App) {
    let client = &app.client;
    let named = json!({ "ClientId": client, "Username": "ivy@example.com" });
    let with = |more: Value| {
        let mut all = named.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let attributes = json!([{ "Name": "email", "Value": "ivy@example.com" }]);
    walk.ok("SignUp", with(json!({ "Password": PASSWORD, "UserAttributes": attributes }))).await;
    walk.house.clock.advance_ms(1_000);
    walk.ok("ResendConfirmationCode", named.clone()).await;
    walk.call("ConfirmSignUp", with(json!({ "ConfirmationCode": "000000" }))).await;
    let code = walk.house.code_for("ivy@example.com").await;
    walk.ok("ConfirmSignUp", with(json!({ "ConfirmationCode": code }))).await;
    // Of two messages of one moment neither is the newest.
    walk.house.clock.advance_ms(1_000);
    walk.ok("ForgotPassword", named.clone()).await;
    let code = walk.house.code_for("ivy@example.com").await;
    walk.ok("ConfirmForgotPassword", with(json!({ "ConfirmationCode": code, "Password": "Reset-Horse-9" }))).await;
    let sign_in = |password: &str| {
        let parameters = json!({ "USERNAME": "ivy@example.com", "PASSWORD": password });
        json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters })
    };
    walk.call("InitiateAuth", sign_in("Wrong-Horse-9")).await;
    let signed = walk.ok("InitiateAuth", sign_in("Reset-Horse-9")).await["AuthenticationResult"].clone();
    let answer = json!({ "USERNAME": "ivy@example.com", "NEW_PASSWORD": "Chosen-Horse-7" });
    let answer = json!({ "ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "x".repeat(40), "ChallengeResponses": answer });
    walk.call("RespondToAuthChallenge", answer).await;
    walk.ok("GetTokensFromRefreshToken", json!({ "ClientId": client, "RefreshToken": signed["RefreshToken"] })).await;
    let token = signed["AccessToken"].clone();
    let change = json!({ "AccessToken": token, "PreviousPassword": "Reset-Horse-9", "ProposedPassword": "Changed-Horse-9" });
    walk.ok("ChangePassword", change).await;
    let named = json!([{ "Name": "name", "Value": "Ivy" }]);
    walk.ok("UpdateUserAttributes", json!({ "AccessToken": token, "UserAttributes": named })).await;
    walk.ok("DeleteUserAttributes", json!({ "AccessToken": token, "UserAttributeNames": ["name"] })).await;
    walk.house.clock.advance_ms(1_000);
    walk.ok("GetUserAttributeVerificationCode", json!({ "AccessToken": token, "AttributeName": "email" })).await;
    let code = walk.house.code_for("ivy@example.com").await;
    walk.ok("VerifyUserAttribute", json!({ "AccessToken": token, "AttributeName": "email", "Code": code })).await;
    walk.ok("GlobalSignOut", json!({ "AccessToken": token })).await;
    walk.house.clock.advance_ms(2_000);
    let signed = walk.ok("InitiateAuth", sign_in("Changed-Horse-9")).await["AuthenticationResult"].clone();
    walk.ok("RevokeToken", json!({ "ClientId": client, "Token": signed["RefreshToken"] })).await;
    let signed = walk.ok("InitiateAuth", sign_in("Changed-Horse-9")).await["AuthenticationResult"].clone();
    walk.ok("DeleteUser", json!({ "AccessToken": signed["AccessToken"] })).await;
}

both! {
    async fn sec_197_every_operation_leaves_one_outcome(house: House) {
        let mut walk = Walk { house: &house, done: Vec::new() };
        let settings = json!({ "PoolName": "sweep", "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] });
        let made = walk.ok("CreateUserPool", settings).await;
        let pool = text(&made["UserPool"]["Id"]).to_owned();
        let (client, secret) = house.client(&pool, json!({})).await;
        let app = App { pool, client, secret };
        administration(&mut walk, &app).await;
        account(&mut walk, &app).await;
        walk.ok("DeleteUserPool", json!({ "UserPoolId": app.pool })).await;
        let events = events(&house).await;
        check(&walk.done, &events, &app.pool);
        let walked: BTreeSet<&str> = walk.done.iter().map(|done| done.action.as_str()).collect();
        for operation in ops::built() {
            let is_read = ops::class(operation) == Some(Class::Read);
            assert_eq!(walked.contains(operation), !is_read, "{operation}: is it walked?");
            assert!(!is_read || events.iter().all(|event| event.action != *operation), "{operation}");
        }
        house.engine.audit.verify().await.unwrap().unwrap();
    }

    async fn sec_197_every_form_and_endpoint_leaves_one_outcome(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, EVE).await;
        let mut walk = Walk { house: &house, done: Vec::new() };
        let query = encode(&[("response_type", "code"), ("client_id", &app.client), ("redirect_uri", CALLBACK), ("scope", "openid")]);
        let mut browser = house.browser();
        let page = browser.get(&format!("/login?{query}")).await;
        let reply = browser.submit(&page, &[("username", EVE), ("password", "Wrong-Horse-9")]).await;
        walk.note("/login", &reply, "NotAuthorizedException");
        let reply = browser.submit(&page, &[("username", EVE), ("password", PASSWORD)]).await;
        walk.note("/login", &reply, "ok");
        walk.note("/oauth2/authorize", &reply, "ok");
        let code = reply.redirected("code").unwrap();
        let again = browser.get(&format!("/oauth2/authorize?{query}")).await;
        assert!(again.redirected("code").is_some());
        walk.note("/oauth2/authorize", &again, "ok");

        let redeem = [("grant_type", "authorization_code"), ("client_id", &app.client), ("code", &code), ("redirect_uri", CALLBACK)];
        let reply = house.form("/oauth2/token", &redeem, None).await;
        walk.note("/oauth2/token", &reply, "ok");
        let refresh_token = reply.json()["refresh_token"].as_str().unwrap().to_owned();
        let refresh = [("grant_type", "refresh_token"), ("client_id", &app.client), ("refresh_token", &refresh_token)];
        walk.note("/oauth2/token", &house.form("/oauth2/token", &refresh, None).await, "ok");
        let revoke = [("client_id", app.client.as_str()), ("token", &refresh_token)];
        walk.note("/oauth2/revoke", &house.form("/oauth2/revoke", &revoke, None).await, "ok");
        walk.note("/oauth2/token", &house.form("/oauth2/token", &refresh, None).await, "invalid_grant");
        let bye = encode(&[("client_id", &app.client), ("logout_uri", "https://app.example.com/bye")]);
        walk.note("/logout", &browser.get(&format!("/logout?{bye}")).await, "ok");

        let mut browser = house.browser();
        let page = browser.get(&format!("/signup?{query}")).await;
        let reply = browser.submit(&page, &[("username", "ivy@example.com"), ("password", PASSWORD)]).await;
        walk.note("/signup", &reply, "ok");
        let page = browser.follow(reply).await;
        let reply = browser.submit(&page, &[("username", "ivy@example.com"), ("code", "000000")]).await;
        walk.note("/confirm", &reply, "CodeMismatchException");
        let code = house.code_for("ivy@example.com").await;
        let reply = browser.submit(&page, &[("username", "ivy@example.com"), ("code", &code)]).await;
        walk.note("/confirm", &reply, "ok");
        // Of two messages of one moment neither is the newest.
        house.clock.advance_ms(1_000);
        let page = browser.get(&format!("/forgotPassword?{query}")).await;
        let reply = browser.submit(&page, &[("username", "ivy@example.com")]).await;
        walk.note("/forgotPassword", &reply, "ok");
        let page = browser.follow(reply).await;
        let code = house.code_for("ivy@example.com").await;
        let fields = [("code", code.as_str()), ("password", "Reset-Horse-9"), ("confirmPassword", "Reset-Horse-9")];
        walk.note("/confirmforgotPassword", &browser.submit(&page, &fields).await, "ok");

        let invited = json!({ "UserPoolId": app.pool, "Username": "joe@example.com", "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS" });
        house.ok("AdminCreateUser", invited).await;
        let mut browser = house.browser();
        let page = browser.get(&format!("/login?{query}")).await;
        let reply = browser.submit(&page, &[("username", "joe@example.com"), ("password", PASSWORD)]).await;
        walk.note("/login", &reply, "ok");
        let page = browser.follow(reply).await;
        let fields = [("new_password", "Chosen-Horse-9"), ("confirm_password", "Chosen-Horse-9")];
        let reply = browser.submit(&page, &fields).await;
        walk.note("/changePassword", &reply, "ok");
        walk.note("/oauth2/authorize", &reply, "ok");
        check(&walk.done, &events(&house).await, &app.pool);
    }

    async fn sec_197_what_an_unknown_caller_typed_is_not_kept(house: House) {
        let app = house.app().await;
        // A password in the field of the name: the commonest secret of a log of sign-ins.
        let parameters = json!({ "USERNAME": "My-Real-Password-1", "PASSWORD": "x" });
        let sign_in = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters });
        house.refused("InitiateAuth", sign_in.clone()).await;
        house.refused("InitiateAuth", sign_in).await;
        house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": "My-Real-Password-1" })).await;
        let events = events(&house).await;
        assert!(!serde_json::to_string(&events).unwrap().contains("My-Real-Password-1"));
        // The same name has the same pseudonym: guessing at one account shows.
        let names: BTreeSet<&str> = events.iter().filter_map(|event| event.target.get("Unknown")).map(String::as_str).collect();
        assert_eq!(names.len(), 1, "{events:#?}");
    }
}

#[tokio::test]
async fn sec_197_no_secret_is_in_the_trail() {
    let house = House::with(Options { post: true, seed: 197, ..Options::default() }).await;
    let canaries = canaries::broad(&house).await;
    let trail = serde_json::to_string(&events(&house).await).unwrap();
    assert!(trail.len() > 10_000);
    for canary in canaries {
        for spelling in canary.spellings() {
            let spelling = String::from_utf8_lossy(&spelling).into_owned();
            assert!(!trail.contains(&spelling), "{}", canary.name);
        }
    }
}

/// Whoever guesses and hangs up before the answer is in the trail too.
#[tokio::test]
async fn sec_197_a_caller_who_goes_away_leaves_an_outcome() {
    let house = House::start().await;
    let app = house.app().await;
    let ctx = house.engine.ctx(poolhouse_engine::ctx::Caller::Anonymous, None);
    ctx.concerns_pool(&app.pool);
    let operation = poolhouse_wire::operation("InitiateAuth").unwrap();
    let parameters = json!({ "USERNAME": "nobody@example.com", "PASSWORD": "Wrong-Horse-9" });
    let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters });
    let mut call = Box::pin(ops::perform(&ctx, operation, ops::handler("InitiateAuth").unwrap(), input));
    assert!(futures_util::poll!(call.as_mut()).is_pending());
    drop(call);
    let events = events(&house).await;
    let outcome = events.iter().find(|event| event.request_id == ctx.request_id).unwrap();
    assert_eq!((outcome.kind, outcome.result.as_deref()), (Kind::Outcome, Some("abandoned")));
}
