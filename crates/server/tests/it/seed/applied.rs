//! What a seed makes of a store, and what it leaves alone.

use poolhouse::seed::export::{Told, export};
use poolhouse_store::testkit::Scratch;
use serde_json::{Value, json};

use super::*;
use crate::auth::secret_hash;
use crate::both;
use crate::harness::Options as HouseOptions;
use crate::tokens::claims;

const ANN: &str = "ann@example.com";
const ANN_PASSWORD: &str = "Correct-Horse-9";

fn sign_in(name: &str, password: &str, secret: &str) -> Value {
    let parameters = json!({ "USERNAME": name, "PASSWORD": password, "SECRET_HASH": secret_hash(secret, name, WEB) });
    json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": WEB, "AuthParameters": parameters })
}

async fn user(house: &House, name: &str) -> Value {
    house.ok("AdminGetUser", json!({ "UserPoolId": POOL, "Username": name })).await
}

async fn described(house: &House) -> Value {
    house.ok("DescribeUserPool", json!({ "UserPoolId": POOL })).await["UserPool"].clone()
}

async fn web(house: &House) -> Value {
    house.ok("DescribeUserPoolClient", json!({ "UserPoolId": POOL, "ClientId": WEB })).await["UserPoolClient"].clone()
}

both! {
    async fn a_file_makes_everything_that_it_names(house: House) {
        let report = apply(&house, &documented(), &WRITE).await;
        assert_eq!(report.changes.len(), 10, "{}", report.text(false));
        let pool = described(&house).await;
        assert_eq!((pool["Name"].as_str(), pool["Domain"].as_str()), (Some("shop"), Some("shop")));
        assert_eq!(pool["VerificationMessageTemplate"]["EmailSubject"], "Your code for the shop");

        let tokens = house.ok("InitiateAuth", sign_in(ANN, ANN_PASSWORD, SECRET)).await;
        let id = claims(tokens["AuthenticationResult"]["IdToken"].as_str().unwrap());
        assert_eq!(id["sub"], "0b7c2f1e-8d5a-4f3b-9c6d-1e2f3a4b5c6d");
        assert_eq!((&id["custom:plan"], &id["cognito:groups"]), (&json!("gold"), &json!(["staff"])));

        let bob = house.ok("InitiateAuth", sign_in("bob@example.com", "Temporary-1-word", SECRET)).await;
        assert_eq!(bob["ChallengeName"], "NEW_PASSWORD_REQUIRED");
        let eve = user(&house, "eve@example.com").await;
        assert_eq!((&eve["UserStatus"], &eve["Enabled"]), (&json!("UNCONFIRMED"), &json!(false)));
        assert!(house.engine.inbox.as_ref().unwrap().list(&Default::default()).await.unwrap().is_empty(), "nobody is written to");
    }

    async fn applied_twice_nothing_changes(house: House) {
        apply(&house, &documented(), &WRITE).await;
        let before = (described(&house).await, web(&house).await, user(&house, ANN).await);
        house.clock.advance_ms(60_000);
        let again = apply(&house, &documented(), &WRITE).await;
        assert_eq!(again, Report::default(), "{}", again.text(false));
        assert_eq!((described(&house).await, web(&house).await, user(&house, ANN).await), before);
    }

    async fn looking_changes_nothing_and_says_what_writing_does(house: House) {
        let look = apply(&house, &documented(), &LOOK).await;
        assert!(house.refused("DescribeUserPool", json!({ "UserPoolId": POOL })).await.0.contains("ResourceNotFound"));
        assert_eq!(look, apply(&house, &documented(), &WRITE).await);
        let changed = documented().replace("MinimumLength: 10", "MinimumLength: 12").replace("name: Ann", "name: Anna");
        let look = apply(&house, &changed, &LOOK).await;
        assert_eq!(signs(&look), ["~ pool eu-central-1_Shop00001 (shop)", "~ user ann@example.com of eu-central-1_Shop00001"]);
        assert!(look.text(true).contains("Policies.PasswordPolicy.MinimumLength: 10 -> 12"), "{}", look.text(true));
        assert_eq!(look, apply(&house, &changed, &WRITE).await);
    }

    async fn what_the_file_leaves_out_stays(house: House) {
        apply(&house, &documented(), &WRITE).await;
        let tags = json!({ "UserPoolId": POOL, "MfaConfiguration": "OFF", "UserPoolTags": { "team": "shop" },
            "AutoVerifiedAttributes": ["email"], "DeletionProtection": "ACTIVE" });
        house.ok("UpdateUserPool", tags).await;
        let nickname = json!([{ "Name": "nickname", "Value": "Annie" }]);
        house.ok("AdminUpdateUserAttributes", json!({ "UserPoolId": POOL, "Username": ANN, "UserAttributes": nickname })).await;
        let more = json!({ "UserPoolId": POOL, "ClientId": WEB, "LogoutURLs": ["http://localhost:3000/"], "AccessTokenValidity": 5 });
        house.ok("UpdateUserPoolClient", more).await;

        let report = apply(&house, &documented(), &WRITE).await;
        assert_eq!(signs(&report), ["~ pool eu-central-1_Shop00001 (shop)", "~ client 1shop2web3app4client5id6 (web) of eu-central-1_Shop00001"]);
        let (pool, client, ann) = (described(&house).await, web(&house).await, user(&house, ANN).await);
        assert_eq!((&pool["UserPoolTags"]["team"], &pool["DeletionProtection"]), (&json!("shop"), &json!("ACTIVE")));
        assert_eq!(pool["Policies"]["PasswordPolicy"]["MinimumLength"], 10);
        assert_eq!((&client["LogoutURLs"][0], &client["AccessTokenValidity"]), (&json!("http://localhost:3000/"), &json!(5)));
        assert_eq!(client["CallbackURLs"][0], "http://localhost:3000/callback");
        assert!(ann["UserAttributes"].as_array().unwrap().iter().any(|one| one["Value"] == "Annie"), "{ann}");
    }

    async fn passwords_secrets_and_statuses_are_brought_in_line(house: House) {
        apply(&house, &documented(), &WRITE).await;
        let stolen = house.ok("InitiateAuth", sign_in(ANN, ANN_PASSWORD, SECRET)).await;
        let set = json!({ "UserPoolId": POOL, "Username": ANN, "Password": "Another-Horse-8", "Permanent": true });
        house.ok("AdminSetUserPassword", set).await;
        house.ok("AddUserPoolClientSecret", json!({ "UserPoolId": POOL, "ClientId": WEB })).await;
        let text = documented().replace(SECRET, "another0secret1of2the3same4client").replace("status: UNCONFIRMED\n    enabled: false", "status: CONFIRMED\n    enabled: true");
        let report = apply(&house, &text, &WRITE).await;
        assert_eq!(signs(&report).len(), 3, "{}", report.text(false));
        assert!(!report.text(false).contains("Horse") && !report.text(false).contains("another0secret"), "{}", report.text(false));

        let secret = "another0secret1of2the3same4client";
        house.ok("InitiateAuth", sign_in(ANN, ANN_PASSWORD, secret)).await;
        house.refused("InitiateAuth", sign_in(ANN, ANN_PASSWORD, SECRET)).await;
        house.refused("InitiateAuth", sign_in(ANN, "Another-Horse-8", secret)).await;
        house.ok("InitiateAuth", sign_in("eve@example.com", "Not-Yet-Here-1", secret)).await;
        assert_eq!(apply(&house, &text, &WRITE).await, Report::default());

        let disabled = text.replace("password: Correct-Horse-9", "enabled: false");
        apply(&house, &disabled, &WRITE).await;
        let access = stolen["AuthenticationResult"]["AccessToken"].clone();
        assert_eq!(house.refused("GetUser", json!({ "AccessToken": access })).await.0, "NotAuthorizedException");
    }

    async fn nothing_is_deleted_without_prune(house: House) {
        apply(&house, &documented(), &WRITE).await;
        let other = house.pool(json!({})).await;
        let from = documented().find("  groups:\n  - name: staff").unwrap();
        let less = format!("{}  clients: []\n", &documented()[..from]).replace("  domain:\n    name: shop\n    settings: {ManagedLoginVersion: 1}\n", "");
        assert_eq!(apply(&house, &less, &WRITE).await, Report::default());
        let told = apply(&house, &less, &LOOK_PRUNE).await;
        assert_eq!(told, apply(&house, &less, &PRUNE).await);
        let told = signs(&told);
        assert_eq!(told.len(), 8, "{told:?}");
        assert!(told.contains(&"- client 1shop2web3app4client5id6 of eu-central-1_Shop00001".to_owned()), "{told:?}");
        assert!(told.contains(&"- domain shop of eu-central-1_Shop00001".to_owned()), "{told:?}");
        assert_eq!(house.ok("ListUsers", json!({ "UserPoolId": POOL })).await["Users"], json!([]));
        assert_eq!(described(&house).await.get("Domain"), None);
        house.ok("DescribeUserPool", json!({ "UserPoolId": other })).await;
        assert_eq!(apply(&house, &less, &PRUNE).await, Report::default());
    }

    async fn memberships_are_added_and_pruned(house: House) {
        apply(&house, &documented(), &WRITE).await;
        house.ok("AdminRemoveUserFromGroup", json!({ "UserPoolId": POOL, "Username": ANN, "GroupName": "staff" })).await;
        house.ok("AdminAddUserToGroup", json!({ "UserPoolId": POOL, "Username": "bob@example.com", "GroupName": "staff" })).await;
        let report = apply(&house, &documented(), &WRITE).await;
        assert_eq!(signs(&report), ["~ user ann@example.com of eu-central-1_Shop00001"]);
        let report = apply(&house, &documented(), &PRUNE).await;
        assert_eq!(signs(&report), ["- user bob@example.com in group staff of eu-central-1_Shop00001"]);
        let members = house.ok("ListUsersInGroup", json!({ "UserPoolId": POOL, "GroupName": "staff" })).await;
        assert_eq!(members["Users"].as_array().unwrap().len(), 1);
    }

    async fn exported_applied_and_exported_again_is_the_same_file(house: House) {
        apply(&house, &documented(), &WRITE).await;
        house.ok("CreateUserPool", json!({ "PoolName": "yes, so = +1", "AliasAttributes": ["email"], "UsernameConfiguration": { "CaseSensitive": false } })).await;
        let told = Told { secrets: true, hashes: true };
        let first = export(&house.engine, None, told).await.unwrap();
        assert_eq!(apply(&house, &first, &WRITE).await, Report::default(), "{first}");
        assert_eq!(export(&house.engine, None, told).await.unwrap(), first);

        // The same master keys elsewhere: everybody signs in as before.
        let other = House::with(HouseOptions { seed: 7, ..HouseOptions::default() }).await;
        apply(&other, &first, &WRITE).await;
        assert_eq!(export(&other.engine, None, told).await.unwrap(), first);
        other.ok("InitiateAuth", sign_in(ANN, ANN_PASSWORD, SECRET)).await;
    }
}

#[tokio::test]
async fn sec_109_secrets_and_hashes_are_exported_when_asked_for_alone() {
    let house = House::start().await;
    apply(&house, &documented(), &WRITE).await;
    let text = export(&house.engine, Some(POOL), Told::default()).await.unwrap();
    assert!(!text.contains(SECRET) && !text.contains("argon2id"), "{text}");
    assert_eq!(text.matches("generate_secret: true").count(), 2, "{text}");
    assert!(export(&house.engine, Some("eu-central-1_Nowhere01"), Told::default()).await.is_err());
    let hashes = Told { hashes: true, ..Told::default() };
    assert_eq!(export(&house.engine, None, hashes).await.unwrap().matches("$argon2id$").count(), 3);
    let filter = poolhouse_engine::audit::Filter { most: 100, ..Default::default() };
    let (events, _) = house.engine.audit.list(&filter).await.unwrap();
    assert!(events.iter().any(|listed| listed.event.action == "ExportPasswordHashes"));
    assert!(events.iter().any(|listed| listed.event.action == "PlaceUser"));
}

#[tokio::test]
async fn one_file_gives_the_same_ids_and_claims_on_two_machines() {
    let text = documented()
        .replace("id: eu-central-1_Shop00001\n  name", "name")
        .replace("    sub: 0b7c2f1e-8d5a-4f3b-9c6d-1e2f3a4b5c6d\n", "");
    let mut seen = Vec::new();
    for seed in [1, 2] {
        let options = HouseOptions { seed, public_url: Some("http://localhost:9229".into()), ..HouseOptions::default() };
        let house = House::on(options, Scratch::new().unwrap(), Scratch::new().unwrap().sqlite()).await;
        apply(&house, &text, &WRITE).await;
        let pool = read(&text).pools.remove(0).id;
        let clients = house.ok("ListUserPoolClients", json!({ "UserPoolId": pool, "MaxResults": 60 })).await;
        let batch =
            clients["UserPoolClients"].as_array().unwrap().iter().find(|one| one["ClientName"] == "batch").unwrap()["ClientId"]
                .clone();
        let batch = house.ok("DescribeUserPoolClient", json!({ "UserPoolId": pool, "ClientId": batch })).await;
        let secret = batch["UserPoolClient"]["ClientSecret"].clone();
        assert!(secret.is_string());
        let tokens = house.ok("InitiateAuth", sign_in(ANN, ANN_PASSWORD, SECRET)).await;
        let mut both = Vec::new();
        for kind in ["IdToken", "AccessToken"] {
            let mut claims = claims(tokens["AuthenticationResult"][kind].as_str().unwrap());
            let own = claims.as_object_mut().unwrap();
            for name in ["jti", "origin_jti", "event_id", "iat", "exp", "auth_time"] {
                own.remove(name);
            }
            both.push(claims);
        }
        seen.push((pool, clients, secret, both));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_secret_that_is_not_to_be_guessed_is_random() {
    let mut seen = Vec::new();
    for seed in [1, 2] {
        let house = House::with(HouseOptions { seed, ..HouseOptions::default() }).await;
        apply(&house, &documented(), &Options { guessable_secrets: false, ..WRITE }).await;
        let text = export(&house.engine, None, Told { secrets: true, hashes: false }).await.unwrap();
        let secrets: Vec<String> = text.lines().filter(|line| line.contains(" secret: ")).map(str::to_owned).collect();
        assert_eq!(secrets.len(), 2);
        seen.push(secrets);
    }
    let other = |secrets: &Vec<String>| secrets.iter().find(|line| !line.contains(SECRET)).cloned().unwrap();
    assert_ne!(other(&seen[0]), other(&seen[1]));
}
