//! Where an answer comes from the database itself (uniqueness, references, versions, counts), it must be the same on both.
use poolhouse_wire::ErrorCode;
use serde_json::json;

use crate::support::World;

const INVALID: ErrorCode = ErrorCode::InvalidParameterException;

#[tokio::test]
async fn on_sqlite() {
    walk(&World::new().await).await;
}

#[tokio::test]
async fn on_postgresql() {
    walk(&World::postgres().await).await;
}

async fn walk(world: &World) {
    let (id, other) = (world.pool(json!({})).await, world.pool(json!({})).await);
    let pool = json!({ "UserPoolId": id });
    domains(world, &id, &other).await;
    let server = json!({ "UserPoolId": id, "Identifier": "api", "Name": "n",
        "Scopes": [{ "ScopeName": "read", "ScopeDescription": "d" }] });
    world.ok("CreateResourceServer", server.clone()).await;
    let message = world.refused(INVALID, "CreateResourceServer", server).await;
    assert_eq!(message, format!("api already exists in user pool {id}."));
    secrets(world, &id).await;

    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}");
    let tag = async |key: &str| world.ok("TagResource", json!({ "ResourceArn": arn, "Tags": { key: "1" } })).await;
    tokio::join!(tag("a"), tag("b"), tag("c"));
    let tags = world.ok("ListTagsForResource", json!({ "ResourceArn": arn })).await;
    assert_eq!(tags["Tags"], json!({ "a": "1", "b": "1", "c": "1" }));

    let listed = world.ok("ListUserPools", json!({ "MaxResults": 60 })).await;
    assert_eq!(listed["UserPools"].as_array().expect("pools").len(), 2);
    let message = world.refused(INVALID, "DeleteUserPool", pool.clone()).await;
    assert_eq!(message, "User pool cannot be deleted. It has a domain configured that should be deleted first.");
    world.ok("DeleteUserPoolDomain", json!({ "UserPoolId": id, "Domain": "shop" })).await;
    world.ok("DeleteUserPool", pool.clone()).await;
    world.refused(ErrorCode::ResourceNotFoundException, "DescribeUserPool", pool).await;
}

async fn domains(world: &World, id: &str, other: &str) {
    let create = |pool: &str, domain: &str| json!({ "UserPoolId": pool, "Domain": domain });
    world.ok("CreateUserPoolDomain", create(id, "shop")).await;
    let message = world.refused(INVALID, "CreateUserPoolDomain", create(other, "shop")).await;
    assert_eq!(message, "Domain already associated with another user pool.");
    let message = world.refused(INVALID, "CreateUserPoolDomain", create(id, "shop-two")).await;
    assert_eq!(message, "User pool already has a domain configured.");
}

async fn secrets(world: &World, id: &str) {
    let made = world.client(id, json!({ "GenerateSecret": true })).await;
    let client = json!({ "UserPoolId": id, "ClientId": made["ClientId"] });
    let (one, two) = tokio::join!(
        world.call("AddUserPoolClientSecret", client.clone()),
        world.call("AddUserPoolClientSecret", client.clone())
    );
    assert_eq!([one, two].iter().filter(|outcome| outcome.is_ok()).count(), 1, "two secrets at most, however they come");
    let listed = world.ok("ListUserPoolClientSecrets", client.clone()).await;
    let delete = |at: usize| {
        let mut input = client.clone();
        input["ClientSecretId"] = listed["ClientSecrets"][at]["ClientSecretId"].clone();
        input
    };
    let (one, two) =
        tokio::join!(world.call("DeleteUserPoolClientSecret", delete(0)), world.call("DeleteUserPoolClientSecret", delete(1)));
    assert_eq!([one, two].iter().filter(|outcome| outcome.is_ok()).count(), 1, "the last secret stays, however they go");
}
