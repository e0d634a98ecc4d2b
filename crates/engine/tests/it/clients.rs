//! App clients and their secrets, through their operations on a real database.
use poolhouse_wire::ErrorCode;
use serde_json::{Value, json};

use crate::support::World;

const INVALID: ErrorCode = ErrorCode::InvalidParameterException;
const MISSING: ErrorCode = ErrorCode::ResourceNotFoundException;

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

#[tokio::test]
async fn a_client_with_only_a_name_is_described_as_cognito_does() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let made = world.client(&id, json!({})).await;
    let client_id = text(&made["ClientId"]);
    assert!(client_id.len() == 26 && client_id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{client_id}");
    let expected = json!({
        "UserPoolId": id, "ClientName": "c", "ClientId": client_id, "LastModifiedDate": 1_751_417_054.352,
        "CreationDate": 1_751_417_054.352, "RefreshTokenValidity": 30, "TokenValidityUnits": {},
        "AllowedOAuthFlowsUserPoolClient": false, "EnableTokenRevocation": true,
        "EnablePropagateAdditionalUserContextData": false, "AuthSessionValidity": 3, "ClientType": "REGULAR"
    });
    assert_eq!(made, expected);
    let described = world.ok("DescribeUserPoolClient", json!({ "UserPoolId": id, "ClientId": client_id })).await;
    assert_eq!(described["UserPoolClient"], expected);
}

#[tokio::test]
async fn every_setting_comes_back_and_an_update_resets() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let scope = json!({ "ScopeName": "read", "ScopeDescription": "d" });
    world
        .ok(
            "CreateResourceServer",
            json!({ "UserPoolId": id, "Identifier": "https://api.example", "Name": "n", "Scopes": [scope] }),
        )
        .await;
    let settings = json!({
        "RefreshTokenValidity": 2, "AccessTokenValidity": 10, "IdTokenValidity": 20,
        "TokenValidityUnits": { "AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours" },
        "ReadAttributes": ["email", "name"], "WriteAttributes": ["name"],
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        "SupportedIdentityProviders": ["COGNITO"],
        "CallbackURLs": ["https://a.example/cb", "http://localhost:3000/cb"], "LogoutURLs": ["https://a.example/"],
        "DefaultRedirectURI": "https://a.example/cb",
        "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid", "https://api.example/read"],
        "AllowedOAuthFlowsUserPoolClient": true,
        "PreventUserExistenceErrors": "ENABLED", "EnableTokenRevocation": false,
        "EnablePropagateAdditionalUserContextData": true, "AuthSessionValidity": 15,
        "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 10 },
    });
    let mut wanted = settings.clone();
    wanted["GenerateSecret"] = json!(true);
    let made = world.client(&id, wanted).await;
    for (member, given) in settings.as_object().expect("members") {
        assert_eq!(&made[member], given, "{member}");
    }
    assert_eq!(text(&made["ClientSecret"]).len(), 51);

    let update = json!({ "UserPoolId": id, "ClientId": made["ClientId"] });
    let updated = world.ok("UpdateUserPoolClient", update).await;
    let updated = &updated["UserPoolClient"];
    assert_eq!(updated["ClientName"], "c");
    assert_eq!(updated["ClientSecret"], made["ClientSecret"]);
    assert_eq!(updated["RefreshTokenValidity"], 30);
    assert_eq!(updated["EnableTokenRevocation"], true);
    for absent in ["CallbackURLs", "ReadAttributes", "ExplicitAuthFlows", "RefreshTokenRotation", "PreventUserExistenceErrors"] {
        assert_eq!(updated.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn settings_that_contradict_are_refused_when_created_and_when_updated() {
    let world = World::new().await;
    let id =
        world.pool(json!({ "Schema": [{ "Name": "r", "AttributeDataType": "String", "DeveloperOnlyAttribute": true }] })).await;
    let client = world.client(&id, json!({})).await;
    let oauth = |flows: Value, scopes: Value| json!({ "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": flows, "AllowedOAuthScopes": scopes });
    let flow = ErrorCode::InvalidOAuthFlowException;
    let required = "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.";
    let table = [
        (json!({ "AllowedOAuthFlowsUserPoolClient": true }), INVALID, required),
        (oauth(json!(["code"]), json!([])), INVALID, required),
        (
            oauth(json!(["client_credentials"]), json!(["openid"])),
            flow,
            "client_credentials flow can not be selected if client does not have a client secret.",
        ),
        (oauth(json!(["client_credentials", "code"]), json!(["openid"])), flow, ""),
        (oauth(json!(["code"]), json!(["openid", "api/none"])), ErrorCode::ScopeDoesNotExistException, ""),
        (
            json!({ "SupportedIdentityProviders": ["COGNITO", "Google"] }),
            INVALID,
            "The provider Google does not exist for User Pool",
        ),
        (json!({ "CallbackURLs": ["http://a.example/cb"] }), INVALID, "http://a.example/cb cannot use the HTTP protocol."),
        (json!({ "LogoutURLs": ["javascript:alert(1)"] }), INVALID, ""),
        (json!({ "DefaultRedirectURI": "https://a.example/" }), INVALID, ""),
        (json!({ "AccessTokenValidity": 25 }), INVALID, "Invalid range for token validity."),
        (
            json!({ "RefreshTokenValidity": 1, "AccessTokenValidity": 2, "TokenValidityUnits": { "RefreshToken": "hours" } }),
            INVALID,
            "",
        ),
        (json!({ "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ADMIN_NO_SRP_AUTH"] }), INVALID, ""),
        (
            json!({ "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"], "RefreshTokenRotation": { "Feature": "ENABLED" } }),
            INVALID,
            "",
        ),
        (json!({ "ReadAttributes": ["custom:none"] }), INVALID, "Invalid read attributes specified while"),
        (json!({ "WriteAttributes": ["custom:none"] }), INVALID, "Invalid write attributes specified while"),
        (json!({ "WriteAttributes": ["email_verified"] }), INVALID, "Invalid write attributes specified while"),
        (json!({ "WriteAttributes": ["sub"] }), INVALID, "Invalid write attributes specified while"),
        (json!({ "WriteAttributes": ["dev:custom:r"] }), INVALID, "Invalid write attributes specified while"),
        (json!({ "EnablePropagateAdditionalUserContextData": true }), INVALID, ""),
        (json!({ "AuthSessionValidity": 16 }), INVALID, "1 validation error detected: Value '16' at 'authSessionValidity'"),
    ];
    for (settings, code, beginning) in table {
        let mut create = settings.clone();
        create["UserPoolId"] = json!(id);
        create["ClientName"] = json!("c");
        let message = world.refused(code, "CreateUserPoolClient", create).await;
        assert!(message.starts_with(beginning), "{settings}: {message}");
        let mut update = settings.clone();
        update["UserPoolId"] = json!(id);
        update["ClientId"] = client["ClientId"].clone();
        world.refused(code, "UpdateUserPoolClient", update).await;
    }
    let listed = world.ok("ListUserPoolClients", json!({ "UserPoolId": id })).await;
    assert_eq!(listed["UserPoolClients"].as_array().expect("clients").len(), 1);
}

#[tokio::test]
async fn machines_have_a_secret_and_custom_scopes_alone() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let scope = json!({ "ScopeName": "read", "ScopeDescription": "d" });
    world.ok("CreateResourceServer", json!({ "UserPoolId": id, "Identifier": "api", "Name": "n", "Scopes": [scope] })).await;
    let machine = |scopes: Value| {
        json!({ "UserPoolId": id, "ClientName": "m", "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": scopes })
    };
    world.ok("CreateUserPoolClient", machine(json!(["api/read"]))).await;
    world.refused(ErrorCode::InvalidOAuthFlowException, "CreateUserPoolClient", machine(json!(["api/read", "openid"]))).await;
}

#[tokio::test]
async fn secrets_rotate_and_the_last_one_stays() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let made = world.client(&id, json!({ "GenerateSecret": true })).await;
    let client_id = text(&made["ClientId"]);
    let client = json!({ "UserPoolId": id, "ClientId": client_id });
    let with = |member: &str, value: &str| {
        let mut input = client.clone();
        input[member] = json!(value);
        input
    };
    let added = world.ok("AddUserPoolClientSecret", client.clone()).await;
    let descriptor = &added["ClientSecretDescriptor"];
    assert!(text(&descriptor["ClientSecretId"]).starts_with(&format!("{client_id}--")));
    assert_eq!(text(&descriptor["ClientSecretValue"]).len(), 51);
    world.refused(ErrorCode::LimitExceededException, "AddUserPoolClientSecret", client.clone()).await;

    let listed = world.ok("ListUserPoolClientSecrets", client.clone()).await;
    let secrets = listed["ClientSecrets"].as_array().expect("secrets");
    assert_eq!(secrets.len(), 2);
    assert!(secrets.iter().all(|s| s.get("ClientSecretValue").is_none()), "sec 109: values are told once");

    let described = world.ok("DescribeUserPoolClient", client.clone()).await;
    assert_eq!(described["UserPoolClient"]["ClientSecret"], made["ClientSecret"]);
    world.ok("DeleteUserPoolClientSecret", with("ClientSecretId", text(&secrets[0]["ClientSecretId"]))).await;
    // The cached client is not the one that is described now.
    let described = world.ok("DescribeUserPoolClient", client.clone()).await;
    assert_eq!(described["UserPoolClient"]["ClientSecret"], descriptor["ClientSecretValue"]);
    world.refused(MISSING, "DeleteUserPoolClientSecret", with("ClientSecretId", "none")).await;
    world.refused(INVALID, "DeleteUserPoolClientSecret", with("ClientSecretId", text(&descriptor["ClientSecretId"]))).await;
    let own = world.ok("AddUserPoolClientSecret", with("ClientSecret", "0123456789abcdefghijklmn")).await;
    assert_eq!(own["ClientSecretDescriptor"].get("ClientSecretValue"), None);
}

#[tokio::test]
async fn public_clients_stay_public() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let made = world.client(&id, json!({})).await;
    world.refused(INVALID, "AddUserPoolClientSecret", json!({ "UserPoolId": id, "ClientId": made["ClientId"] })).await;
    let both = json!({ "UserPoolId": id, "ClientName": "c", "GenerateSecret": true, "ClientSecret": "0123456789abcdefghijklmn" });
    world.refused(INVALID, "CreateUserPoolClient", both).await;
}

#[tokio::test]
async fn sec_042_only_active_secrets_are_accepted() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let made = world.client(&id, json!({ "ClientSecret": "0123456789abcdefghijklmn" })).await;
    let client = json!({ "UserPoolId": id, "ClientId": made["ClientId"] });
    let accepts = async |secret: &str| {
        let (_, client) =
            poolhouse_engine::clients::load(&world.ctx("us-east-1"), text(&made["ClientId"])).await.expect("a client");
        client.accepts_secret(secret)
    };
    assert!(accepts("0123456789abcdefghijklmn").await);
    let mut add = client.clone();
    add["ClientSecret"] = json!("second-not-allowed-chars".replace('-', "_"));
    world.ok("AddUserPoolClientSecret", add).await;
    assert!(accepts("0123456789abcdefghijklmn").await && accepts("second_not_allowed_chars").await);
    assert!(!accepts("").await && !accepts("0123456789abcdefghijklm").await);
    let listed = world.ok("ListUserPoolClientSecrets", client.clone()).await;
    let mut delete = client;
    delete["ClientSecretId"] = listed["ClientSecrets"][0]["ClientSecretId"].clone();
    world.ok("DeleteUserPoolClientSecret", delete).await;
    assert!(!accepts("0123456789abcdefghijklmn").await && accepts("second_not_allowed_chars").await);
}

#[tokio::test]
async fn clients_are_listed_in_pages_and_deleted() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    for _ in 0..3 {
        world.client(&id, json!({ "GenerateSecret": true })).await;
    }
    let first = world.ok("ListUserPoolClients", json!({ "UserPoolId": id, "MaxResults": 2 })).await;
    assert!(first["UserPoolClients"].as_array().expect("clients").iter().all(|c| c.as_object().expect("a client").len() == 3));
    let second =
        world.ok("ListUserPoolClients", json!({ "UserPoolId": id, "MaxResults": 2, "NextToken": first["NextToken"] })).await;
    assert_eq!(second["UserPoolClients"].as_array().expect("clients").len(), 1);
    let client = json!({ "UserPoolId": id, "ClientId": second["UserPoolClients"][0]["ClientId"] });
    assert_eq!(world.ok("DeleteUserPoolClient", client.clone()).await, Value::Null);
    let message = world.refused(MISSING, "DescribeUserPoolClient", client.clone()).await;
    assert_eq!(message, format!("User pool client {} does not exist.", text(&client["ClientId"])));
    let registered = world.ok("ListUserPoolClients", json!({ "UserPoolId": id, "ClientType": "DCR" })).await;
    assert_eq!(registered, json!({ "UserPoolClients": [] }));
}

/// A user row with a verifier, as a password that was set while SRP was allowed leaves it.
async fn user_with_verifier(world: &World, pool: &str) {
    let (pool_id, sub) = (pool.to_owned(), "5f1c3a9e-0000-4000-8000-000000000001".to_owned());
    let row = poolhouse_store::tables::users::UserRow {
        username: sub.clone(),
        pool_id,
        sub,
        status: "CONFIRMED".to_owned(),
        enabled: true,
        attributes: "{}".to_owned(),
        srp_sealed: Some(vec![1, 2, 3]),
        version: 1,
        ..Default::default()
    };
    world
        .engine
        .store
        .write(async move |tx: &mut poolhouse_store::Tx| poolhouse_store::tables::users::insert(tx, &row).await)
        .await
        .expect("a user");
}

async fn has_verifier(world: &World, pool: &str) -> bool {
    let mut reader = world.engine.store.reader().await.expect("a reader");
    let rows = poolhouse_store::tables::users::list(&mut reader, pool, "", 10).await.expect("rows");
    rows[0].srp_sealed.is_some()
}

#[tokio::test]
async fn sec_177_verifiers_go_with_the_last_client_that_needs_them() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    user_with_verifier(&world, &id).await;
    let (first, second) = (world.client(&id, json!({})).await, world.client(&id, json!({})).await);
    let plain = |client: &Value| json!({ "UserPoolId": id, "ClientId": client["ClientId"], "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"] });
    world.ok("UpdateUserPoolClient", plain(&first)).await;
    assert!(has_verifier(&world, &id).await, "the second client still allows SRP");
    world.ok("UpdateUserPoolClient", plain(&second)).await;
    assert!(!has_verifier(&world, &id).await, "no client allows SRP");
}

#[tokio::test]
async fn sec_177_deleting_a_client_drops_verifiers_only_where_others_remain() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    user_with_verifier(&world, &id).await;
    let srp = world.client(&id, json!({})).await;
    let delete = |client: &Value| json!({ "UserPoolId": id, "ClientId": client["ClientId"] });
    world.ok("DeleteUserPoolClient", delete(&srp)).await;
    assert!(has_verifier(&world, &id).await, "a client that is made again may need them");
    let srp = world.client(&id, json!({})).await;
    world.client(&id, json!({ "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"] })).await;
    world.ok("DeleteUserPoolClient", delete(&srp)).await;
    assert!(!has_verifier(&world, &id).await, "the client that is left does not allow SRP");
}

#[tokio::test]
async fn a_client_made_again_under_its_id_is_not_the_cached_one() {
    use poolhouse_engine::ops::clients::create_user_pool_client::create;
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let ctx = world.ctx("us-east-1");
    let make = async |secret: &str| {
        let input = json!({ "UserPoolId": id, "ClientName": "c", "ClientSecret": secret });
        create(&ctx, "fixed".to_owned(), serde_json::from_value(input).expect("a request")).await.expect("a client")
    };
    let accepts =
        async |secret: &str| poolhouse_engine::clients::load(&ctx, "fixed").await.expect("a client").1.accepts_secret(secret);
    make("first_secret_0123456789ab").await;
    assert!(accepts("first_secret_0123456789ab").await);
    world.ok("DeleteUserPoolClient", json!({ "UserPoolId": id, "ClientId": "fixed" })).await;
    make("second_secret_0123456789a").await;
    assert!(!accepts("first_secret_0123456789ab").await && accepts("second_secret_0123456789a").await);
}
