//! Groups against a real store.
use poolhouse_wire::types::UserPoolType;
use serde_json::{Value, json};

use crate::testing::World;

async fn setup() -> (World, String) {
    let world = World::new().await;
    let pool = world.pool(UserPoolType::default()).await;
    (world, pool)
}

const MISSING: &str = "ResourceNotFoundException: Group not found.";

#[tokio::test]
async fn groups_are_made_changed_and_deleted() {
    let (world, pool) = setup().await;
    let group = |more: Value| {
        let mut input = json!({ "UserPoolId": pool, "GroupName": "staff" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    for operation in ["GetGroup", "UpdateGroup", "DeleteGroup", "ListUsersInGroup"] {
        assert_eq!(world.refused(operation, group(json!({}))).await, MISSING, "{operation}");
    }
    let made = world.ok("CreateGroup", group(json!({ "Description": "d", "Precedence": 3 }))).await;
    assert_eq!((&made["Group"]["GroupName"], &made["Group"]["Precedence"]), (&json!("staff"), &json!(3)));
    assert_eq!(
        world.refused("CreateGroup", group(json!({}))).await,
        "GroupExistsException: A group with the name already exists."
    );
    world.advance_ms(1000);
    let changed = world.ok("UpdateGroup", group(json!({ "Precedence": 1 }))).await;
    assert_eq!((&changed["Group"]["Description"], &changed["Group"]["Precedence"]), (&json!("d"), &json!(1)));
    let shown = world.ok("GetGroup", group(json!({}))).await;
    assert_eq!(shown["Group"], changed["Group"]);
    assert_ne!(shown["Group"]["LastModifiedDate"], shown["Group"]["CreationDate"]);
    assert_eq!(world.ok("DeleteGroup", group(json!({}))).await, Value::Null);
    assert_eq!(world.refused("DeleteGroup", group(json!({}))).await, MISSING);
}

#[tokio::test]
async fn users_go_in_and_out_of_groups() {
    let (world, pool) = setup().await;
    let member = |name: &str, group: &str| json!({ "UserPoolId": pool, "Username": name, "GroupName": group });
    for name in ["ann", "bob", "eve"] {
        world.ok("AdminCreateUser", json!({ "UserPoolId": pool, "Username": name })).await;
    }
    for group in ["a", "b", "c"] {
        world.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": group })).await;
        world.ok("AdminAddUserToGroup", member("ann", group)).await;
    }
    for operation in ["AdminAddUserToGroup", "AdminRemoveUserFromGroup"] {
        assert_eq!(world.refused(operation, member("ann", "none")).await, MISSING);
        assert_eq!(world.refused(operation, member("nobody", "a")).await, "UserNotFoundException: User does not exist.");
    }
    assert_eq!(world.ok("AdminAddUserToGroup", member("ann", "a")).await, Value::Null);
    world.ok("AdminAddUserToGroup", member("bob", "a")).await;
    let names = |page: &Value, list: &str, key: &str| -> Vec<String> {
        page[list].as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
    };
    let groups = json!({ "UserPoolId": pool, "Username": "ann", "Limit": 2 });
    let page = world.ok("AdminListGroupsForUser", groups.clone()).await;
    assert_eq!(names(&page, "Groups", "GroupName"), ["a", "b"]);
    let mut rest = groups;
    rest["NextToken"] = page["NextToken"].clone();
    let page = world.ok("AdminListGroupsForUser", rest).await;
    assert_eq!(names(&page, "Groups", "GroupName"), ["c"]);
    assert!(page.get("NextToken").is_none());
    let users = json!({ "UserPoolId": pool, "GroupName": "a" });
    let mut members = names(&world.ok("ListUsersInGroup", users.clone()).await, "Users", "Username");
    members.sort();
    assert_eq!(members, ["ann", "bob"]);
    world.ok("AdminRemoveUserFromGroup", member("ann", "a")).await;
    world.ok("AdminRemoveUserFromGroup", member("eve", "a")).await;
    assert_eq!(names(&world.ok("ListUsersInGroup", users).await, "Users", "Username"), ["bob"]);
    let all = world.ok("ListGroups", json!({ "UserPoolId": pool })).await;
    assert_eq!(names(&all, "Groups", "GroupName"), ["a", "b", "c"]);
}

#[tokio::test]
async fn sec_108_groups_of_another_pool_do_not_exist_here() {
    let (world, pool) = setup().await;
    let other = world.pool(UserPoolType::default()).await;
    world.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "staff" })).await;
    world.ok("AdminCreateUser", json!({ "UserPoolId": other, "Username": "ann" })).await;
    let add = json!({ "UserPoolId": other, "Username": "ann", "GroupName": "staff" });
    assert_eq!(world.refused("AdminAddUserToGroup", add).await, MISSING);
}
