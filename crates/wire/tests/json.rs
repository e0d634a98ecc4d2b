//! Reply and error texts of AWS JSON 1.1, and the scalars' wire forms.

use poolhouse_wire::types::{AliasAttributeType, Blob, SignUpResponse, Timestamp};
use poolhouse_wire::{ErrorCode, json, operation};

#[test]
fn replies_are_empty_only_without_an_output_shape() {
    let body = |name: &str| json::reply_body(operation(name).unwrap(), &serde_json::json!({})).unwrap();
    assert_eq!(body("DeleteUser"), b"");
    assert_eq!(body("ConfirmForgotPassword"), b"{}");
    let reply = SignUpResponse { user_sub: "s".into(), ..Default::default() };
    let body = json::reply_body(operation("SignUp").unwrap(), &reply).unwrap();
    assert_eq!(body, br#"{"UserConfirmed":false,"UserSub":"s"}"#);
}

#[test]
fn errors_have_bare_type_and_lower_case_message() {
    assert_eq!(
        json::error_body(ErrorCode::NotAuthorizedException, Some("Incorrect username or password.")),
        br#"{"__type":"NotAuthorizedException","message":"Incorrect username or password."}"#
    );
    assert_eq!(json::error_body(ErrorCode::SerializationException, None), br#"{"__type":"SerializationException"}"#);
    assert_eq!(json::error_type(ErrorCode::NotAuthorizedException), "NotAuthorizedException:");
}

#[test]
fn a_message_cannot_end_its_header() {
    assert_eq!(json::error_message("Value 'a\r\nSet-Cookie: x\u{e9}' at"), "Value 'a??Set-Cookie: x?' at");
}

#[test]
fn targets_and_content_types_are_recognised() {
    assert_eq!(json::target("AWSCognitoIdentityProviderService.SignUp").unwrap().name, "SignUp");
    for wrong in ["SignUp", "AWSCognitoIdentityProviderService.signup", "awscognitoidentityproviderservice.SignUp", ""] {
        assert!(json::target(wrong).is_none(), "{wrong}");
    }
    assert!(json::is_content_type("application/x-amz-json-1.1"));
    assert!(json::is_content_type("Application/X-Amz-Json-1.1; charset=UTF-8"));
    assert!(!json::is_content_type("application/x-amz-json-1.0"));
    assert!(!json::is_content_type("application/json"));
}

#[test]
fn timestamps_are_seconds_with_milliseconds() {
    let at = Timestamp(1_726_788_459_464);
    assert_eq!(serde_json::to_string(&at).unwrap(), "1726788459.464");
    assert_eq!(serde_json::from_str::<Timestamp>("1726788459.464").unwrap(), at);
    assert_eq!(serde_json::from_str::<Timestamp>("1.726788459464E9").unwrap(), at);
    assert_eq!(serde_json::from_str::<Timestamp>("1726788459").unwrap(), Timestamp(1_726_788_459_000));
}

#[test]
fn blobs_and_enums_have_wire_texts() {
    assert_eq!(serde_json::to_string(&Blob(vec![0, 1, 2])).unwrap(), r#""AAEC""#);
    assert!(serde_json::from_str::<Blob>(r#""A""#).is_err());
    for value in AliasAttributeType::ALL {
        assert_eq!(value.as_str().parse(), Ok(*value));
        assert_eq!(serde_json::to_value(value).unwrap(), value.as_str());
    }
    assert!("PHONE_NUMBER".parse::<AliasAttributeType>().is_err());
}
