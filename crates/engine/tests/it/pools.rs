//! Pools, clients, domains, resource servers and tags, through their operations on a real database.
use poolhouse_wire::ErrorCode;
use serde_json::{Value, json};

use crate::support::World;

const INVALID: ErrorCode = ErrorCode::InvalidParameterException;
const MISSING: ErrorCode = ErrorCode::ResourceNotFoundException;

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

#[tokio::test]
async fn a_new_pool_is_described_as_cognito_does() {
    let world = World::new().await;
    let made = world.ok("CreateUserPool", json!({ "PoolName": "p" })).await;
    let pool = &made["UserPool"];
    let id = text(&pool["Id"]);
    assert!(id.len() == "us-east-1_".len() + 9 && id.starts_with("us-east-1_"), "{id}");
    assert_eq!(pool["Arn"], format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}"));
    assert_eq!(pool["CreationDate"], 1_751_417_054.352);
    assert_eq!(pool["SchemaAttributes"].as_array().expect("a schema").len(), 20);
    for absent in [
        "Status",
        "Domain",
        "CustomDomain",
        "AliasAttributes",
        "UsernameAttributes",
        "AutoVerifiedAttributes",
        "UsernameConfiguration",
        "DeviceConfiguration",
        "SmsConfiguration",
        "UserPoolAddOns",
    ] {
        assert_eq!(pool.get(absent), None, "{absent}");
    }
    let described = world.ok("DescribeUserPool", json!({ "UserPoolId": id })).await;
    assert_eq!(&described["UserPool"], pool);
}

#[tokio::test]
async fn every_setting_comes_back_as_it_was_given() {
    let world = World::new().await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let settings = json!({
        "Policies": { "PasswordPolicy": { "MinimumLength": 10, "RequireUppercase": true, "RequireLowercase": false, "RequireNumbers": true,
            "RequireSymbols": false, "PasswordHistorySize": 3, "TemporaryPasswordValidityDays": 2 },
            "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } },
        "DeletionProtection": "ACTIVE",
        "LambdaConfig": { "PreSignUp": arn },
        "AutoVerifiedAttributes": ["email", "phone_number"],
        "UsernameAttributes": ["email"],
        "VerificationMessageTemplate": { "SmsMessage": "code {####}", "EmailMessage": "code {####}", "EmailSubject": "s",
            "DefaultEmailOption": "CONFIRM_WITH_CODE" },
        "SmsAuthenticationMessage": "code {####}",
        "MfaConfiguration": "OPTIONAL",
        "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] },
        "DeviceConfiguration": { "ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false },
        "EmailConfiguration": { "EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/a@b.example",
            "From": "A <a@b.example>", "ReplyToEmailAddress": "r@b.example", "ConfigurationSet": "set" },
        "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "x", "SnsRegion": "us-east-1" },
        "UserPoolTags": { "team": "a" },
        "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true, "InviteMessageTemplate": { "EmailSubject": "hello" } },
        "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" },
        "DcrConfiguration": { "EnableStatus": "Enabled", "OpenDcrEnabled": true, "AuthenticatedGrantTypes": ["code"],
            "OpenDcrGrantTypes": ["code"] },
        "UsernameConfiguration": { "CaseSensitive": false },
        "AccountRecoverySetting": { "RecoveryMechanisms": [{ "Priority": 1, "Name": "verified_phone_number" }] },
        "UserPoolTier": "PLUS",
        "KeyConfiguration": { "KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k" },
        "IssuerConfiguration": { "Type": "UPDATED" },
    });
    let id = world.pool(settings.clone()).await;
    let described = world.ok("DescribeUserPool", json!({ "UserPoolId": id })).await;
    for (member, given) in settings.as_object().expect("members") {
        if member == "AdminCreateUserConfig" {
            assert_eq!(described["UserPool"][member]["UnusedAccountValidityDays"], 2);
            assert_eq!(described["UserPool"][member]["InviteMessageTemplate"], given["InviteMessageTemplate"]);
        } else {
            assert_eq!(&described["UserPool"][member], given, "{member}");
        }
    }
}

#[tokio::test]
async fn an_update_resets_and_a_wrong_one_changes_nothing() {
    let world = World::new().await;
    let id = world.pool(json!({ "UserPoolTags": { "a": "b" }, "AliasAttributes": ["email"] })).await;
    let wrong = json!({ "UserPoolId": id, "MfaConfiguration": "ON" });
    world.refused(INVALID, "UpdateUserPool", wrong).await;
    let pool = world.ok("DescribeUserPool", json!({ "UserPoolId": id })).await;
    assert_eq!(pool["UserPool"]["UserPoolTags"], json!({ "a": "b" }));

    world.ok("UpdateUserPool", json!({ "UserPoolId": id, "PoolName": "renamed" })).await;
    let pool = world.ok("DescribeUserPool", json!({ "UserPoolId": id })).await;
    assert_eq!(pool["UserPool"]["Name"], "renamed");
    assert_eq!(pool["UserPool"]["UserPoolTags"], json!({}));
    assert_eq!(pool["UserPool"]["AliasAttributes"], json!(["email"]));
    let missing = json!({ "UserPoolId": "us-east-1_nowhere12" });
    assert_eq!(world.refused(MISSING, "UpdateUserPool", missing).await, "User pool us-east-1_nowhere12 does not exist.");
}

#[tokio::test]
async fn a_change_shows_in_the_date_and_a_stale_one_is_not_written() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let ctx = world.ctx("us-east-1");
    let stale = poolhouse_engine::pools::load(&ctx, &id).await.expect("a pool");
    world.clock.0.fetch_add(1000, std::sync::atomic::Ordering::SeqCst);
    world.ok("UpdateUserPool", json!({ "UserPoolId": id })).await;
    let pool = world.ok("DescribeUserPool", json!({ "UserPoolId": id })).await;
    assert_eq!(pool["UserPool"]["CreationDate"], 1_751_417_054.352);
    assert_eq!(pool["UserPool"]["LastModifiedDate"], 1_751_417_055.352);
    assert!(!poolhouse_engine::pools::save(&ctx, &stale, &stale.document).await.expect("an answer"));
}

#[tokio::test]
async fn sec_118_a_protected_pool_or_one_with_a_domain_is_not_deleted() {
    let world = World::new().await;
    let id = world.pool(json!({ "DeletionProtection": "ACTIVE" })).await;
    let pool = json!({ "UserPoolId": id });
    world.ok("CreateUserPoolDomain", json!({ "UserPoolId": id, "Domain": "shop" })).await;
    let message = world.refused(INVALID, "DeleteUserPool", pool.clone()).await;
    assert_eq!(message, "User pool cannot be deleted. It has a domain configured that should be deleted first.");
    world.ok("DeleteUserPoolDomain", json!({ "UserPoolId": id, "Domain": "shop" })).await;
    let message = world.refused(INVALID, "DeleteUserPool", pool.clone()).await;
    assert_eq!(
        message,
        "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first."
    );
    world.ok("UpdateUserPool", pool.clone()).await;
    let client = world.client(&id, json!({})).await;
    assert_eq!(world.ok("DeleteUserPool", pool.clone()).await, Value::Null);
    world.refused(MISSING, "DescribeUserPool", pool.clone()).await;
    world.refused(MISSING, "DescribeUserPoolClient", json!({ "UserPoolId": id, "ClientId": client["ClientId"] })).await;
    world.refused(MISSING, "DeleteUserPool", pool).await;
}

#[tokio::test]
async fn pools_are_listed_by_region_in_pages() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.pool(json!({})).await);
    }
    ids.sort();
    world.call_in("eu-west-1", "CreateUserPool", json!({ "PoolName": "other" })).await.expect("made");
    let first = world.ok("ListUserPools", json!({ "MaxResults": 2 })).await;
    let token = &first["NextToken"];
    let second = world.ok("ListUserPools", json!({ "MaxResults": 2, "NextToken": token })).await;
    assert_eq!(second.get("NextToken"), None);
    let seen: Vec<&str> =
        [&first, &second].iter().flat_map(|page| page["UserPools"].as_array().expect("pools")).map(|p| text(&p["Id"])).collect();
    assert_eq!(seen, ids);
    assert_eq!(first["UserPools"][0]["LambdaConfig"], json!({}));
    world.refused(INVALID, "ListUserPools", json!({})).await;
}

#[tokio::test]
async fn sec_113_page_tokens_are_bound_to_their_list() {
    let world = World::new().await;
    world.pool(json!({})).await;
    let id = world.pool(json!({})).await;
    let page = world.ok("ListUserPools", json!({ "MaxResults": 1 })).await;
    let token = text(&page["NextToken"]);
    let elsewhere = world.call_in("eu-west-1", "ListUserPools", json!({ "MaxResults": 1, "NextToken": token })).await;
    assert_eq!(elsewhere.expect_err("refused").code, INVALID);
    world.refused(INVALID, "ListUserPoolClients", json!({ "UserPoolId": id, "NextToken": token })).await;
    let mut altered = token.to_owned();
    altered.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
    world.refused(INVALID, "ListUserPools", json!({ "MaxResults": 1, "NextToken": altered })).await;
}

#[tokio::test]
async fn sec_108_a_pool_of_another_region_does_not_exist() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}");
    world.ok("CreateUserPoolDomain", json!({ "UserPoolId": id, "Domain": "shop" })).await;
    for (operation, input) in [
        ("DescribeUserPool", json!({ "UserPoolId": id })),
        ("UpdateUserPool", json!({ "UserPoolId": id })),
        ("DeleteUserPool", json!({ "UserPoolId": id })),
        (
            "AddCustomAttributes",
            json!({ "UserPoolId": id, "CustomAttributes": [{ "Name": "x", "AttributeDataType": "String" }] }),
        ),
        ("CreateUserPoolClient", json!({ "UserPoolId": id, "ClientName": "c" })),
        ("CreateResourceServer", json!({ "UserPoolId": id, "Identifier": "i", "Name": "n" })),
        ("TagResource", json!({ "ResourceArn": arn, "Tags": { "a": "b" } })),
        ("ListTagsForResource", json!({ "ResourceArn": arn })),
    ] {
        let refusal = world.call_in("eu-west-1", operation, input).await.expect_err(operation);
        assert_eq!(refusal.code, MISSING, "{operation}");
    }
    let described = world.call_in("eu-west-1", "DescribeUserPoolDomain", json!({ "Domain": "shop" })).await;
    assert_eq!(described.expect("an answer")["DomainDescription"], json!({}));
}

#[tokio::test]
async fn sec_108_what_belongs_to_one_pool_does_not_exist_in_another() {
    let world = World::new().await;
    let (mine, other) = (world.pool(json!({})).await, world.pool(json!({})).await);
    let client = world.client(&mine, json!({ "GenerateSecret": true })).await["ClientId"].clone();
    world.ok("CreateUserPoolDomain", json!({ "UserPoolId": mine, "Domain": "shop" })).await;
    world.ok("CreateResourceServer", json!({ "UserPoolId": mine, "Identifier": "api", "Name": "n" })).await;
    let secrets = world.ok("ListUserPoolClientSecrets", json!({ "UserPoolId": mine, "ClientId": client })).await;
    let secret = &secrets["ClientSecrets"][0]["ClientSecretId"];
    for (operation, input) in [
        ("DescribeUserPoolClient", json!({ "ClientId": client })),
        ("UpdateUserPoolClient", json!({ "ClientId": client })),
        ("DeleteUserPoolClient", json!({ "ClientId": client })),
        ("AddUserPoolClientSecret", json!({ "ClientId": client })),
        ("ListUserPoolClientSecrets", json!({ "ClientId": client })),
        ("DeleteUserPoolClientSecret", json!({ "ClientId": client, "ClientSecretId": secret })),
        ("UpdateUserPoolDomain", json!({ "Domain": "shop" })),
        ("DeleteUserPoolDomain", json!({ "Domain": "shop" })),
        ("DescribeResourceServer", json!({ "Identifier": "api" })),
        ("UpdateResourceServer", json!({ "Identifier": "api", "Name": "n" })),
        ("DeleteResourceServer", json!({ "Identifier": "api" })),
    ] {
        let mut input = input;
        input["UserPoolId"] = json!(other);
        world.refused(MISSING, operation, input).await;
    }
}

#[tokio::test]
async fn custom_attributes_are_added_once() {
    let world = World::new().await;
    let id = world.pool(json!({ "Schema": [{ "Name": "tier", "AttributeDataType": "String" }] })).await;
    let add = json!({ "UserPoolId": id, "CustomAttributes": [
        { "Name": "role", "AttributeDataType": "String", "DeveloperOnlyAttribute": true }, { "Name": "age", "AttributeDataType": "Number" }] });
    world.ok("AddCustomAttributes", add.clone()).await;
    let message = world.refused(INVALID, "AddCustomAttributes", add).await;
    assert_eq!(message, "dev:custom:role: Existing attribute already has name dev:custom:role.");
    let pool = world.ok("DescribeUserPool", json!({ "UserPoolId": id })).await;
    let names: Vec<&str> =
        pool["UserPool"]["SchemaAttributes"].as_array().expect("a schema").iter().skip(20).map(|a| text(&a["Name"])).collect();
    assert_eq!(names, ["custom:tier", "dev:custom:role", "custom:age"]);
    let clash = json!({ "PoolName": "p", "Schema": [{ "Name": "email", "AttributeDataType": "Number" }] });
    assert_eq!(
        world.refused(INVALID, "CreateUserPool", clash).await,
        "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email"
    );
}

#[tokio::test]
async fn tags_come_and_go() {
    let world = World::new().await;
    let id = world.pool(json!({ "UserPoolTags": { "a": "1" } })).await;
    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}");
    world.ok("TagResource", json!({ "ResourceArn": arn, "Tags": { "a": "2", "b": "" } })).await;
    world.ok("UntagResource", json!({ "ResourceArn": arn, "TagKeys": ["b", "none"] })).await;
    assert_eq!(world.ok("ListTagsForResource", json!({ "ResourceArn": arn })).await, json!({ "Tags": { "a": "2" } }));
    world.refused(INVALID, "TagResource", json!({ "ResourceArn": arn, "Tags": { "aws:x": "1" } })).await;
    let foreign = arn.replace("123456789012", "210987654321");
    world.refused(INVALID, "ListTagsForResource", json!({ "ResourceArn": foreign })).await;
}

#[tokio::test]
async fn tags_set_at_the_same_time_are_all_kept() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}");
    let tag = async |key: &str| world.ok("TagResource", json!({ "ResourceArn": arn, "Tags": { key: "1" } })).await;
    tokio::join!(tag("a"), tag("b"), tag("c"), tag("d"));
    let tags = world.ok("ListTagsForResource", json!({ "ResourceArn": arn })).await;
    assert_eq!(tags["Tags"], json!({ "a": "1", "b": "1", "c": "1", "d": "1" }));
}

#[tokio::test]
async fn domains_are_one_of_a_kind_and_named_once() {
    let world = World::new().await;
    let (mine, other) = (world.pool(json!({})).await, world.pool(json!({})).await);
    let create = |pool: &str, domain: &str| json!({ "UserPoolId": pool, "Domain": domain });
    assert_eq!(world.ok("CreateUserPoolDomain", create(&mine, "shop")).await, json!({ "ManagedLoginVersion": 1 }));
    assert_eq!(
        world.refused(INVALID, "CreateUserPoolDomain", create(&other, "shop")).await,
        "Domain already associated with another user pool."
    );
    assert_eq!(
        world.refused(INVALID, "CreateUserPoolDomain", create(&mine, "shop-two")).await,
        "User pool already has a domain configured."
    );
    let refused = world.refused(INVALID, "CreateUserPoolDomain", create(&other, "my_shop")).await;
    assert!(refused.contains("Value 'my_shop' at 'domain'"), "{refused}");
    let certificate = json!({ "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/c" });
    let mut custom = create(&mine, "auth.example.com");
    custom["CustomDomainConfig"] = certificate.clone();
    custom["ManagedLoginVersion"] = json!(2);
    let made = world.ok("CreateUserPoolDomain", custom).await;
    assert_eq!(made, json!({ "ManagedLoginVersion": 2, "CloudFrontDomain": "localhost" }));

    let pool = world.ok("DescribeUserPool", json!({ "UserPoolId": mine })).await;
    assert_eq!((&pool["UserPool"]["Domain"], &pool["UserPool"]["CustomDomain"]), (&json!("shop"), &json!("auth.example.com")));
    world.ok("UpdateUserPoolDomain", json!({ "UserPoolId": mine, "Domain": "shop", "ManagedLoginVersion": 2 })).await;
    let described = world.ok("DescribeUserPoolDomain", json!({ "Domain": "shop" })).await;
    let description = &described["DomainDescription"];
    assert_eq!(description["ManagedLoginVersion"], 2);
    assert_eq!(description["Status"], "ACTIVE");
    assert_eq!(description["AWSAccountId"], "123456789012");
    assert_eq!(description["UserPoolId"], json!(mine));
    let custom = world.ok("DescribeUserPoolDomain", json!({ "Domain": "auth.example.com" })).await;
    assert_eq!(custom["DomainDescription"]["CustomDomainConfig"], certificate);
    let nothing = world.ok("DescribeUserPoolDomain", json!({ "Domain": "nothing" })).await;
    assert_eq!(nothing, json!({ "DomainDescription": {} }));
    world.ok("DeleteUserPoolDomain", json!({ "UserPoolId": mine, "Domain": "shop" })).await;
    world.refused(MISSING, "DeleteUserPoolDomain", json!({ "UserPoolId": mine, "Domain": "shop" })).await;
}

#[tokio::test]
async fn resource_servers_are_made_listed_and_replaced() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let scope = |name: &str| json!({ "ScopeName": name, "ScopeDescription": "d" });
    let create = json!({ "UserPoolId": id, "Identifier": "api", "Name": "n", "Scopes": [scope("read"), scope("write")] });
    let made = world.ok("CreateResourceServer", create.clone()).await;
    assert_eq!(made["ResourceServer"], create);
    assert_eq!(
        world.refused(INVALID, "CreateResourceServer", create.clone()).await,
        format!("api already exists in user pool {id}.")
    );
    let one = json!({ "UserPoolId": id, "Identifier": "api" });
    assert_eq!(world.ok("DescribeResourceServer", one.clone()).await["ResourceServer"], create);
    let replaced = world.ok("UpdateResourceServer", json!({ "UserPoolId": id, "Identifier": "api", "Name": "m" })).await;
    assert_eq!(replaced["ResourceServer"]["Scopes"], json!([]));
    let listed = world.ok("ListResourceServers", json!({ "UserPoolId": id, "MaxResults": 50 })).await;
    assert_eq!(listed["ResourceServers"][0]["Name"], "m");
    world.refused(INVALID, "ListResourceServers", json!({ "UserPoolId": id })).await;
    world.ok("DeleteResourceServer", one.clone()).await;
    assert_eq!(world.refused(MISSING, "DescribeResourceServer", one).await, "Resource server api does not exist.");
}

#[tokio::test]
async fn sec_178_secrets_and_keys_are_nowhere_in_the_file() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let client = world.client(&id, json!({ "ClientSecret": "canarycanarycanarycanary" })).await;
    assert_eq!(client["ClientSecret"], "canarycanarycanarycanary");
    let bytes = world.dump().await;
    assert!(contains(&bytes, id.as_bytes()), "the pool is in the file");
    assert!(!contains(&bytes, b"canarycanary"), "the secret is in the file");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn sec_183_a_deleted_pools_key_is_nowhere_in_the_file() {
    let world = World::new().await;
    let (gone, kept) = (world.pool(json!({})).await, world.pool(json!({})).await);
    let wrapped = async |id: &str| {
        let mut reader = world.engine.store.reader().await.expect("a reader");
        poolhouse_store::tables::pools::get(&mut reader, id).await.expect("a row").expect("a pool").wrapped_key
    };
    let (gone_key, kept_key) = (wrapped(&gone).await, wrapped(&kept).await);
    world.ok("DeleteUserPool", json!({ "UserPoolId": gone })).await;
    let bytes = world.dump().await;
    assert!(contains(&bytes, &kept_key), "the other pool's key is in the file");
    assert!(!contains(&bytes, &gone_key), "the deleted pool's key is in the file");
}

#[tokio::test]
async fn a_pool_that_uses_more_does_not_become_lite() {
    let world = World::new().await;
    let id = world.pool(json!({})).await;
    let lite = json!({ "UserPoolId": id, "UserPoolTier": "LITE" });
    let refused = ErrorCode::TierChangeNotAllowedException;
    world.ok("CreateUserPoolDomain", json!({ "UserPoolId": id, "Domain": "shop", "ManagedLoginVersion": 2 })).await;
    world.refused(refused, "UpdateUserPool", lite.clone()).await;
    world.ok("UpdateUserPoolDomain", json!({ "UserPoolId": id, "Domain": "shop", "ManagedLoginVersion": 1 })).await;
    let client = world.client(&id, json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] })).await;
    world.refused(refused, "UpdateUserPool", lite.clone()).await;
    world.ok("DeleteUserPoolClient", json!({ "UserPoolId": id, "ClientId": client["ClientId"] })).await;
    world.ok("UpdateUserPool", lite).await;
    let unavailable = ErrorCode::FeatureUnavailableInTierException;
    let managed = json!({ "UserPoolId": id, "Domain": "shop", "ManagedLoginVersion": 2 });
    world.refused(unavailable, "UpdateUserPoolDomain", managed).await;
    let choice = json!({ "UserPoolId": id, "ClientName": "c", "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] });
    world.refused(unavailable, "CreateUserPoolClient", choice).await;
}
