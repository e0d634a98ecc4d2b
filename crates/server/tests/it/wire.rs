//! AWS JSON 1.1 as the front end speaks it: `api/`.

use http::StatusCode;
use serde_json::json;

use crate::harness::{House, Reply};

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");
const TARGET: (&str, &str) = ("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth");
const EXPOSED: &str = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";

fn check_cors(reply: &Reply) {
    assert_eq!(reply.header("access-control-allow-origin"), "*", "{reply:?}");
    assert_eq!(reply.header("access-control-expose-headers"), EXPOSED, "{reply:?}");
    assert!(reply.headers.get("access-control-allow-credentials").is_none(), "{reply:?}");
    assert_eq!(reply.header("x-amzn-requestid").len(), 36, "{reply:?}");
}

#[tokio::test]
async fn sec_112_malformed_bodies_get_the_front_ends_words() {
    let house = House::start().await;
    let table = [
        ("", None),
        ("null", None),
        ("\"x\"", None),
        ("{\"ClientId\":\"a\",}", None),
        ("{\"ClientId\":\"a\",\"ClientId\":\"b\"}", None),
        ("{\"ClientId\":NaN}", None),
        ("[]", Some("Start of list found where not expected")),
        ("{\"ClientId\":1}", Some("NUMBER_VALUE can not be converted to a String")),
        ("{\"ClientId\":true}", Some("TRUE_VALUE can not be converted to a String")),
        ("{\"ClientId\":{}}", Some("Start of structure or map found where not expected.")),
        ("{\"AuthParameters\":\"x\"}", Some("Expected null")),
    ];
    for (body, message) in table {
        let reply = house.send("POST", "/", &[JSON, TARGET], body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
        let expected = match message {
            Some(message) => json!({ "__type": "SerializationException", "message": message }),
            None => json!({ "__type": "SerializationException" }),
        };
        assert_eq!(reply.json(), expected, "{body}");
        assert_eq!(reply.header("x-amzn-errortype"), "SerializationException:");
        assert_eq!(reply.header("content-type"), "application/x-amz-json-1.1");
        check_cors(&reply);
    }
}

#[tokio::test]
async fn sec_111_the_operation_comes_from_one_exact_header() {
    let house = House::start().await;
    let prefix = "AWSCognitoIdentityProviderService";
    let wrong = [
        "InitiateAuth".to_owned(),
        format!("{prefix}.initiateAuth"),
        format!("{}.InitiateAuth", prefix.to_lowercase()),
        format!("{prefix}.Nothing"),
        format!("{prefix}.InitiateAuth "),
        format!("{prefix}.InitiateAuth.SignUp"),
        String::new(),
    ];
    for target in &wrong {
        // Trailing white space is no part of a header's value.
        if target.ends_with(' ') {
            continue;
        }
        let reply = house.send("POST", "/", &[JSON, ("x-amz-target", target)], "{}").await;
        assert_eq!(
            (reply.status, reply.json()),
            (StatusCode::BAD_REQUEST, json!({ "__type": "UnknownOperationException" })),
            "{target}"
        );
        check_cors(&reply);
    }
    let none = house.send("POST", "/", &[JSON], "{}").await;
    assert_eq!(none.json(), json!({ "__type": "UnknownOperationException" }));
    let other = ("x-amz-target", "AWSCognitoIdentityProviderService.SignUp");
    let twice = house.send("POST", "/", &[JSON, TARGET, other], "{}").await;
    assert_eq!(twice.json(), json!({ "__type": "UnknownOperationException" }));
    // The operation is never taken from the address or the body.
    let query = house.send("POST", "/?Action=SignUp", &[JSON], "{\"Action\":\"SignUp\"}").await;
    assert_eq!(query.json(), json!({ "__type": "UnknownOperationException" }));
}

#[tokio::test]
async fn what_is_no_aws_json_is_turned_away_in_xml() {
    let house = House::start().await;
    for kind in ["application/x-amz-json-1.0", "application/json", "text/plain", "application/x-www-form-urlencoded", ""] {
        let reply = house.send("POST", "/", &[("content-type", kind), TARGET], "{}").await;
        assert_eq!((reply.status, reply.text.as_str()), (StatusCode::NOT_FOUND, "<UnknownOperationException/>"), "{kind}");
        check_cors(&reply);
    }
    let production = House::with(crate::harness::Options::serve()).await;
    for accept in ["*/*", "application/json"] {
        let reply = production.send("GET", "/", &[("accept", accept)], "").await;
        assert_eq!((reply.status, reply.text.as_str()), (StatusCode::NOT_FOUND, "<UnknownOperationException/>"));
        // Development says what it is, in a terminal too.
        let reply = house.send("GET", "/", &[("accept", accept)], "").await;
        assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, "text/plain; charset=utf-8"));
        assert!(reply.text.contains("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=http://localhost:"), "{}", reply.text);
    }
    let parameters =
        house.send("POST", "/", &[("content-type", "application/x-amz-json-1.1; charset=utf-8"), TARGET], "{}").await;
    assert_eq!(parameters.error().0, "InvalidParameterException");
}

#[tokio::test]
async fn a_browser_at_the_front_door_reads_what_this_is() {
    let house = House::start().await;
    let reply = house.send("GET", "/", &[("accept", "text/html,*/*")], "").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.text.contains("AWS_ENDPOINT_URL") && reply.text.contains("/_poolhouse/inbox"), "{}", reply.text);
}

#[tokio::test]
async fn sec_063_preflights_are_answered_for_any_origin_without_credentials() {
    let house = House::start().await;
    let asked = "content-type,x-amz-target,x-amz-user-agent,cache-control";
    let headers = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", asked),
    ];
    let reply = house.send("OPTIONS", "/", &headers, "").await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
    check_cors(&reply);
    assert_eq!(reply.header("access-control-allow-methods"), "POST");
    assert_eq!(reply.header("access-control-allow-headers"), asked);
    assert_eq!(reply.header("access-control-max-age"), "172800");
}

#[tokio::test]
async fn validation_reports_everything_and_echoes_no_secret() {
    let house = House::start().await;
    let reply = house.api("SignUp", json!({ "ClientId": "not a client id", "Username": "u", "Password": "se cret\u{1}" })).await;
    let (kind, message) = reply.error();
    assert_eq!(kind, "InvalidParameterException");
    assert!(
        message.contains("Value at 'clientId' failed to satisfy constraint: Member must satisfy regular expression pattern: "),
        "{message}"
    );
    assert!(!reply.text.contains("not a client id") && !reply.text.contains("cret"), "{message}");
    assert_eq!(reply.header("x-amzn-errormessage"), message);
}

#[tokio::test]
async fn header_copies_of_messages_cannot_write_headers() {
    let house = House::start().await;
    let reply = house.api("DescribeUserPool", json!({ "UserPoolId": "x\r\nset-cookie: a=b\u{e9}" })).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.headers.get("set-cookie").is_none());
    assert!(reply.header("x-amzn-errormessage").contains("x??set-cookie: a=b?"), "{reply:?}");
}

#[tokio::test]
async fn replies_have_bodies_where_the_model_has_an_output() {
    let house = House::start().await;
    let app = house.app().await;
    house.user(&app.pool, "ada@example.com").await;
    let named = json!({ "UserPoolId": app.pool, "Username": "ada@example.com" });
    let empty_object = house.api("AdminDisableUser", named.clone()).await;
    assert_eq!((empty_object.status, empty_object.text.as_str()), (StatusCode::OK, "{}"));
    let nothing = house.api("AdminDeleteUser", named).await;
    assert_eq!((nothing.status, nothing.text.as_str()), (StatusCode::OK, ""));
    check_cors(&nothing);
}

#[tokio::test]
async fn sec_115_bodies_have_an_end() {
    let house = House::start().await;
    let body = format!("{{\"ClientId\":\"{}\"}}", "a".repeat(128 * 1024));
    let reply = house.send("POST", "/", &[JSON, TARGET], &body).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    let fits = format!("{{\"ClientId\":\"{}\"}}", "a".repeat(100 * 1024));
    assert_eq!(house.send("POST", "/", &[JSON, TARGET], &fits).await.error().0, "InvalidParameterException");
}

#[tokio::test]
async fn the_region_of_the_signature_makes_ids_and_hides_other_regions() {
    let house = House::start().await;
    let made = house.api_in("us-west-2", "CreateUserPool", json!({ "PoolName": "west" })).await.json();
    let pool = made["UserPool"]["Id"].as_str().unwrap();
    assert!(pool.starts_with("us-west-2_"), "{pool}");
    assert_eq!(made["UserPool"]["Arn"], format!("arn:aws:cognito-idp:us-west-2:123456789012:userpool/{pool}"));
    let (kind, message) = house.refused("DescribeUserPool", json!({ "UserPoolId": pool })).await;
    assert_eq!((kind.as_str(), message), ("ResourceNotFoundException", format!("User pool {pool} does not exist.")));
}
