//! Access keys and their policies, as `serve` checks them: `api/authenticate`.

use http::StatusCode;
use poolhouse_wire::{Auth, OPERATIONS};
use serde_json::json;

use crate::harness::{House, Options, REGION, Store};
use crate::sign;

#[tokio::test]
async fn sec_105_every_signed_operation_refuses_an_unsigned_call() {
    for options in [Options::serve(), Options::default()] {
        let house = House::with(options).await;
        let mut swept = 0;
        for operation in OPERATIONS {
            let reply = house.api_as(None, operation.name, &json!({})).await;
            let (kind, message) = reply.error();
            if operation.accepts_unsigned {
                assert_ne!(kind, "MissingAuthenticationTokenException", "{}", operation.name);
                continue;
            }
            swept += 1;
            assert_eq!(operation.auth, Auth::Iam);
            assert_eq!(
                (reply.status, kind.as_str(), message.as_str()),
                (StatusCode::BAD_REQUEST, "MissingAuthenticationTokenException", "Missing Authentication Token"),
                "{}",
                operation.name
            );
            let with_token = house.api_as(Some("Bearer eyJhbGciOiJSUzI1NiJ9.e30.x"), operation.name, &json!({})).await;
            assert_eq!(with_token.error().0, "MissingAuthenticationTokenException", "{}", operation.name);
        }
        assert_eq!(swept, 105);
    }
}

#[tokio::test]
async fn sec_106_a_signature_is_proved_by_its_secret() {
    for store in [Store::Sqlite, Store::Postgres] {
        let house = House::with(Options { store, ..Options::serve() }).await;
        let key = house.access_key("admin", &["*"], &[]).await;
        let pools = json!({ "MaxResults": 5 });
        let reply = house.api_signed(&key, "ListUserPools", &pools).await;
        assert_eq!((reply.status, reply.json()), (StatusCode::OK, json!({ "UserPools": [] })));

        let mut other = key.1.clone();
        other.pop();
        other.push(if key.1.ends_with('A') { 'B' } else { 'A' });
        let wrong = house.api_signed(&(key.0.clone(), other), "ListUserPools", &pools).await;
        assert_eq!((wrong.status, wrong.error().0.as_str()), (StatusCode::BAD_REQUEST, "InvalidSignatureException"));
        assert!(wrong.error().1.starts_with("The request signature we calculated does not match the signature you provided."));

        let unknown = house.api_signed(&("AKIAUNKNOWN000000000".to_owned(), key.1.clone()), "ListUserPools", &pools).await;
        assert_eq!(
            unknown.error(),
            ("UnrecognizedClientException".to_owned(), "The security token included in the request is invalid.".to_owned())
        );
    }
}

#[tokio::test]
async fn sec_107_an_old_signature_is_refused() {
    let house = House::with(Options::serve()).await;
    let key = house.access_key("admin", &["*"], &[]).await;
    let input = json!({ "MaxResults": 5 }).to_string();
    let host = house.address.trim_start_matches("http://").to_owned();
    let now = poolhouse_engine::ctx::Clock::now(&*house.clock);
    for (at, kind) in
        [(now - 301_000, "InvalidSignatureException"), (now + 301_000, "InvalidSignatureException"), (now - 299_000, "")]
    {
        let headers = sign::headers(&key, REGION, &host, "ListUserPools", &input, at);
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(house.send("POST", "/", &headers, &input).await.error().0, kind);
    }
}

#[tokio::test]
async fn sec_110_keys_may_do_what_their_policy_lists_and_no_more() {
    let house = House::with(Options::serve()).await;
    let admin = house.access_key("admin", &["*"], &[]).await;
    let made = house.api_signed(&admin, "CreateUserPool", &json!({ "PoolName": "one" })).await.json();
    let one = made["UserPool"]["Id"].as_str().unwrap().to_owned();
    let made = house.api_signed(&admin, "CreateUserPool", &json!({ "PoolName": "two" })).await.json();
    let two = made["UserPool"]["Id"].as_str().unwrap().to_owned();

    let reader = house.access_key("reader", &["cognito-idp:ListUserPools"], &[]).await;
    assert_eq!(house.api_signed(&reader, "ListUserPools", &json!({ "MaxResults": 5 })).await.status, StatusCode::OK);
    // Refused before validation: the body is not even right.
    let denied = house.api_signed(&reader, "CreateUserPool", &json!({})).await;
    assert_eq!(
        denied.error(),
        (
            "AccessDeniedException".to_owned(),
            format!(
                "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: cognito-idp:CreateUserPool on resource: \
             arn:aws:cognito-idp:{REGION}:123456789012:userpool/* because no identity-based policy allows the \
             cognito-idp:CreateUserPool action"
            ),
        )
    );

    let of_one = house.access_key("one", &["*"], &[&one]).await;
    let describe = |pool: &str| json!({ "UserPoolId": pool });
    assert_eq!(house.api_signed(&of_one, "DescribeUserPool", &describe(&one)).await.status, StatusCode::OK);
    let denied = house.api_signed(&of_one, "DescribeUserPool", &describe(&two)).await;
    assert_eq!(denied.error().0, "AccessDeniedException");
    assert!(denied.error().1.contains(&format!("userpool/{two} because")), "{denied:?}");
    // A pool that does not exist is denied just the same.
    assert_eq!(
        house.api_signed(&of_one, "DescribeUserPool", &describe("eu-central-1_none")).await.error().0,
        "AccessDeniedException"
    );
    assert_eq!(house.api_signed(&of_one, "ListUserPools", &json!({ "MaxResults": 5 })).await.error().0, "AccessDeniedException");
    let arn = format!("arn:aws:cognito-idp:{REGION}:123456789012:userpool/{one}");
    assert_eq!(house.api_signed(&of_one, "ListTagsForResource", &json!({ "ResourceArn": arn })).await.status, StatusCode::OK);

    let nothing = house.access_key("nothing", &[], &[]).await;
    assert_eq!(house.api_signed(&nothing, "ListUserPools", &json!({ "MaxResults": 5 })).await.error().0, "AccessDeniedException");
}

#[tokio::test]
async fn sec_110_a_deleted_key_is_unknown_at_once_and_use_is_noted() {
    use poolhouse_engine::access_keys;
    let house = House::with(Options { store: Store::Sqlite, ..Options::serve() }).await;
    let key = house.access_key("admin", &["*"], &[]).await;
    assert_eq!(house.api_signed(&key, "ListUserPools", &json!({ "MaxResults": 5 })).await.status, StatusCode::OK);
    let ctx = house.engine.ctx(poolhouse_engine::ctx::Caller::Operator, None);
    let listed = access_keys::list(&ctx).await.unwrap();
    assert_eq!((listed.len(), listed[0].last_used_at), (1, Some(ctx.now)));
    assert!(access_keys::delete(&ctx, &key.0).await.unwrap());
    assert_eq!(
        house.api_signed(&key, "ListUserPools", &json!({ "MaxResults": 5 })).await.error().0,
        "UnrecognizedClientException"
    );
}

#[tokio::test]
async fn any_key_is_accepted_where_the_setting_says_so_but_its_scope_must_be_one() {
    let house = House::start().await;
    let header = |scope: &str| {
        format!("AWS4-HMAC-SHA256 Credential=anything/20260101/{scope}/aws4_request, SignedHeaders=host, Signature=0")
    };
    let input = json!({ "MaxResults": 5 });
    assert_eq!(house.api_as(Some(&header("eu-west-3/cognito-idp")), "ListUserPools", &input).await.status, StatusCode::OK);
    for scope in ["eu-west-3/s3", "mars/cognito-idp", "eu-west-3"] {
        let reply = house.api_as(Some(&header(scope)), "ListUserPools", &input).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{scope}: {reply:?}");
    }
}
