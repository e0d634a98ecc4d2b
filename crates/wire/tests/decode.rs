//! Request bodies through the public `decode`: the service's words, what is refused, and what never happens.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use poolhouse_wire::types::{AttributeType, InitiateAuthRequest, ListUserPoolsRequest, Sensitive, SignUpRequest};
use poolhouse_wire::{Auth, ErrorCode, OPERATIONS, Rejection, compile_patterns, decode, operation};
use serde_json::{Value, json};

fn run(name: &str, body: &str) -> Result<Value, Rejection> {
    decode(operation(name).unwrap(), body.as_bytes())
}

/// The message of a constraint refusal.
fn violation(name: &str, body: &Value) -> String {
    let refused = run(name, &body.to_string()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidParameterException);
    refused.message.unwrap()
}

/// The message of a type or syntax refusal.
fn serialization(name: &str, body: &str) -> Option<String> {
    let refused = run(name, body).unwrap_err();
    assert_eq!(refused.code, ErrorCode::SerializationException, "{body}");
    refused.message
}

#[test]
fn the_model_has_the_known_counts() {
    let count = |auth| OPERATIONS.iter().filter(|op| op.auth == auth).count();
    assert_eq!(OPERATIONS.len(), 141);
    assert_eq!((count(Auth::Public), count(Auth::AccessToken), count(Auth::Iam)), (10, 24, 107));
    let unsigned_iam = OPERATIONS.iter().filter(|op| op.auth == Auth::Iam && op.accepts_unsigned);
    assert_eq!(unsigned_iam.map(|op| op.name).collect::<Vec<_>>(), ["GetClientToken", "GetDerivedToken"]);
    assert_eq!(OPERATIONS.iter().filter(|op| op.output.is_none()).count(), 13);
    assert!(OPERATIONS.is_sorted_by_key(|op| op.name));
    assert!(operation("signUp").is_none() && operation("").is_none());
    compile_patterns().unwrap();
}

#[test]
fn error_codes_have_their_statuses() {
    assert_eq!(ErrorCode::ALL.len(), 59 + 9);
    let faults: Vec<_> = ErrorCode::ALL.iter().filter(|code| code.status() == 500).collect();
    assert_eq!(faults, [&ErrorCode::InternalErrorException, &ErrorCode::InternalServerException]);
    assert_eq!(ErrorCode::NotImplementedException.status(), 501);
    for code in ErrorCode::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
    }
    assert!("Nonsense".parse::<ErrorCode>().is_err());
}

#[test]
fn a_pattern_violation_quotes_value_path_and_pattern() {
    assert_eq!(
        violation("DescribeUserPool", &json!({ "UserPoolId": "x" })),
        "1 validation error detected: Value 'x' at 'userPoolId' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+"
    );
}

#[test]
fn violations_are_joined_pattern_before_length() {
    let body = json!({ "UserCode": "Aaaa" });
    // The service was observed to quote this value before the shape became sensitive.
    assert_eq!(
        violation("VerifySoftwareToken", &body),
        "2 validation errors detected: Value at 'userCode' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [0-9]+; Value at 'userCode' failed to satisfy constraint: \
         Member must have length greater than or equal to 6"
    );
}

#[test]
fn missing_members_are_null_in_the_models_order() {
    assert_eq!(
        violation("AdminAddUserToGroup", &json!({ "UserPoolId": null })),
        "3 validation errors detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null; \
         Value at 'username' failed to satisfy constraint: Member must not be null; \
         Value null at 'groupName' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn a_missing_primitive_is_zero() {
    let expected = "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: \
                    Member must have value greater than or equal to 1";
    assert_eq!(violation("ListUserPools", &json!({})), expected);
    assert_eq!(violation("ListResourceServers", &json!({ "UserPoolId": "r_1" })), expected);
    assert!(run("ListUserPoolClients", r#"{"UserPoolId":"r_1"}"#).is_ok());
    assert_eq!(
        violation("ListUserPools", &json!({ "MaxResults": 61 })),
        "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: \
         Member must have value less than or equal to 60"
    );
}

#[test]
fn enums_and_lists_are_reported_as_observed() {
    let body = json!({ "AuthFlow": "NOPE", "ClientId": "c" });
    let flows = "USER_SRP_AUTH, REFRESH_TOKEN_AUTH, REFRESH_TOKEN, CUSTOM_AUTH, ADMIN_NO_SRP_AUTH, USER_PASSWORD_AUTH, \
                 ADMIN_USER_PASSWORD_AUTH, USER_AUTH";
    assert_eq!(
        violation("InitiateAuth", &body),
        format!(
            "1 validation error detected: Value 'NOPE' at 'authFlow' failed to satisfy constraint: \
             Member must satisfy enum value set: [{flows}]"
        )
    );
    let body = json!({ "UserPoolId": "r_1", "ClientName": "c", "CallbackURLs": ["https://a", "b c", ""] });
    assert_eq!(
        violation("CreateUserPoolClient", &body),
        "1 validation error detected: Value '[https://a, b c, ]' at 'callbackURLs' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must have length less than or equal to 1024, \
         Member must have length greater than or equal to 1, \
         Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+]"
    );
    let body = json!({ "PoolName": "p", "Schema": [{ "Name": "ok" }, { "Name": "phone_number_verified" }] });
    assert_eq!(
        violation("CreateUserPool", &body),
        "1 validation error detected: Value 'phone_number_verified' at 'schema.2.member.name' failed to satisfy \
         constraint: Member must have length less than or equal to 20"
    );
}

#[test]
fn maps_name_keys_and_values() {
    let arn = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a";
    assert_eq!(
        violation("TagResource", &json!({ "ResourceArn": arn, "Tags": { "": "v" } })),
        "1 validation error detected: Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy \
         constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"
    );
    assert!(violation("TagResource", &json!({ "ResourceArn": arn, "Tags": { "k": "v".repeat(257) } })).ends_with(
        "Map value must satisfy constraint: [Member must have length less than or equal to 256, \
                        Member must have length greater than or equal to 0]"
    ));
}

#[test]
fn sensitive_values_are_never_quoted() {
    let secret = "hunter2 ";
    let body = json!({
        "ClientId": format!("{secret}!"), "Username": secret, "Password": secret, "SecretHash": secret,
        "UserAttributes": [{ "Name": "email", "Value": secret.repeat(1000) }, null],
        "UserContextData": { "IpAddress": secret }, "ValidationData": [{ "Value": secret }],
    });
    let message = violation("SignUp", &body);
    assert!(!message.contains("hunter2"), "{message}");
    for path in ["clientId", "username", "password", "secretHash", "userAttributes.1.member.value"] {
        assert!(message.contains(&format!("Value at '{path}' failed")), "{path}: {message}");
    }
    assert!(message.contains("Value null at 'userAttributes.2.member' failed"), "{message}");
    assert!(message.contains("Value null at 'validationData.1.member.name' failed"), "{message}");
    assert!(message.contains(
        "at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[\\S]+.*[\\S]+$"
    ));
}

#[test]
fn sec_186_debug_of_an_input_hides_its_secrets() {
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "c1",
        "AuthParameters": { "USERNAME": "ann", "PASSWORD": "hunter2" },
        "UserContextData": { "IpAddress": "192.0.2.7" },
    });
    let value = run("InitiateAuth", &body.to_string()).unwrap();
    let input: InitiateAuthRequest = serde_json::from_value(value).unwrap();
    let shown = format!("{input:?}");
    assert!(shown.contains("PASSWORD") && !shown.contains("hunter2") && !shown.contains("192.0.2.7"), "{shown}");
    let attribute = AttributeType { name: "email".into(), value: Some(Sensitive::from("a@example.com")) };
    assert!(!format!("{attribute:?}").contains("example.com"));
}

#[test]
fn type_errors_have_the_front_ends_words() {
    let list = |body: &str| serialization("ListUserPools", body);
    let text = Some("Start of list found where not expected".to_owned());
    assert_eq!(list("[]"), text);
    assert_eq!(list(r#"{"MaxResults":[1]}"#), text);
    assert_eq!(list(r#"{"MaxResults":"5"}"#).unwrap(), "STRING_VALUE can not be converted to an Integer");
    assert_eq!(list(r#"{"MaxResults":{}}"#).unwrap(), "Start of structure or map found where not expected.");
    assert_eq!(list(r#"{"MaxResults":3000000000}"#), None);
    assert_eq!(list(r#"{"MaxResults":1e300}"#), None);
    let sign_up = |body: &str| serialization("SignUp", body).unwrap();
    assert_eq!(sign_up(r#"{"Username":5}"#), "NUMBER_VALUE can not be converted to a String");
    assert_eq!(sign_up(r#"{"Username":true}"#), "TRUE_VALUE can not be converted to a String");
    assert_eq!(sign_up(r#"{"Username":false}"#), "FALSE_VALUE can not be converted to a String");
    assert_eq!(sign_up(r#"{"UserAttributes":"a"}"#), "Expected list or null");
    assert_eq!(sign_up(r#"{"UserContextData":"a"}"#), "Expected null");
    assert_eq!(sign_up(r#"{"UserAttributes":["a"]}"#), "Expected null");
    assert_eq!(sign_up(r#"{"ClientMetadata":{"a":1}}"#), "NUMBER_VALUE can not be converted to a String");
    let blob = r#"{"UserPoolId":"r_1","ImageFile":"*not base64*"}"#;
    assert_eq!(serialization("SetUICustomization", blob), None);
}

#[test]
fn type_errors_hide_constraint_errors() {
    assert_eq!(
        serialization("DescribeUserPoolClient", r#"{"UserPoolId":"x","ClientId":5}"#).unwrap(),
        "NUMBER_VALUE can not be converted to a String"
    );
}

#[test]
fn decimals_are_cut_nulls_and_strangers_dropped() {
    let value = run("ListUserPools", r#"{"MaxResults":1.5,"NextToken":null,"Stranger":{"a":[1]}}"#).unwrap();
    assert_eq!(value, json!({ "MaxResults": 1 }));
    let input: ListUserPoolsRequest = serde_json::from_value(value).unwrap();
    assert_eq!((input.max_results, input.next_token), (1, None));
    let body = r#"{"ClientId":"c","Username":"u","Password":"p4ssw0rd","ClientMetadata":{"a":null,"b":"c"}}"#;
    let input: SignUpRequest = serde_json::from_value(run("SignUp", body).unwrap()).unwrap();
    assert_eq!(&*input.username, "u");
    assert_eq!(input.client_metadata.unwrap().into_iter().collect::<Vec<_>>(), [("b".to_owned(), "c".to_owned())]);
}

#[test]
fn lengths_count_utf16_units() {
    let name = |text: String| run("SignUp", &json!({ "ClientId": "c", "Username": text }).to_string());
    assert!(name("😀".repeat(64)).is_ok());
    assert!(name("😀".repeat(65)).is_err());
    assert!(name("é".repeat(128)).is_ok());
}

#[test]
fn sec_112_json_is_read_strictly() {
    let deep = |depth: usize| {
        let document = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"UserPoolId":"r_1","ClientId":"c","Settings":{document}}}"#)
    };
    assert!(run("CreateManagedLoginBranding", &deep(31)).is_ok());
    assert!(run("CreateManagedLoginBranding", &deep(32)).is_err());
    let refused = [
        "",
        " ",
        "null",
        "\"text\"",
        "5",
        "true",
        "{",
        "{}{}",
        "{} x",
        "{,}",
        r#"{"MaxResults":1,}"#,
        "{'MaxResults':1}",
        r#"{"MaxResults":1,"MaxResults":1}"#,
        r#"{"MaxResults":1,"Max\u0052esults":2}"#,
        r#"{"Stranger":{"a":1,"a":2}}"#,
        r#"{"MaxResults":NaN}"#,
        r#"{"MaxResults":Infinity}"#,
        r#"{"MaxResults":-}"#,
        r#"{"MaxResults":01}"#,
        r#"{"MaxResults":1e999}"#,
        r#"{"NextToken":"\ud800"}"#,
        r#"{"NextToken":"\udc00\ud800"}"#,
        "{\"NextToken\":\"\n\"}",
        "\u{feff}{}",
        "// comment\n{}",
        &deep(32),
        &deep(100_000),
    ];
    for body in refused {
        let shown = body.get(..40).unwrap_or(body);
        let refused = run("ListUserPools", body).expect_err(shown);
        assert_eq!(refused, Rejection { code: ErrorCode::SerializationException, message: None }, "{shown}");
    }
    assert!(decode(operation("ListUserPools").unwrap(), b"{\"NextToken\":\"\xff\"}").is_err());
    assert!(run("ListUserPools", "\t{ \"MaxResults\" : 1 }\r\n").is_ok());
}

#[test]
fn a_small_body_cannot_cause_an_endless_message() {
    let body = format!(r#"{{"ClientId":"c","Username":"u","UserAttributes":[{}]}}"#, vec!["{}"; 50_000].join(","));
    let message = run("SignUp", &body).unwrap_err().message.unwrap();
    assert!(message.starts_with("100 validation errors detected: "));
    assert!(message.len() < 20_000);
}

#[test]
fn every_operation_answers_an_empty_object_by_its_required_members() {
    let mut allowed = Vec::new();
    for op in OPERATIONS {
        match decode(op, b"{}") {
            Ok(_) => allowed.push(op.name),
            Err(refused) => {
                assert_eq!(refused.code, ErrorCode::InvalidParameterException, "{}", op.name);
                let message = refused.message.unwrap();
                assert!(message.contains("must not be null") || message.contains("Value '0' at"), "{}: {message}", op.name);
            }
        }
    }
    assert_eq!(allowed, ["AssociateSoftwareToken", "UpdateManagedLoginBranding"]);
    assert_eq!(
        violation("SignUp", &json!({})),
        "2 validation errors detected: Value at 'clientId' failed to satisfy constraint: Member must not be null; \
         Value at 'username' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        violation("CreateUserPool", &json!({})),
        "1 validation error detected: Value null at 'poolName' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn random_bytes_and_mutated_bodies_never_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let seed = br#"{"UserPoolId":"r_1","Username":"u","MaxResults":1.5,"UserAttributes":[{"Name":"a","Value":"\u00e9"}],"Tags":{"k":null}}"#;
    for round in 0..20_000_usize {
        let op = &OPERATIONS[round % OPERATIONS.len()];
        let mut body = seed.to_vec();
        for _ in 0..(next() % 6) {
            let at = (next() as usize) % body.len();
            body[at] = b"{}[]\",:0123456789eE.\\untrfalse -\xff\x00"[(next() as usize) % 34];
        }
        if let Err(refused) = decode(op, &body) {
            assert!(matches!(refused.code, ErrorCode::SerializationException | ErrorCode::InvalidParameterException));
        }
        let noise: Vec<u8> = (0..(next() % 64)).map(|_| next() as u8).collect();
        let _ = decode(op, &noise);
    }
}
