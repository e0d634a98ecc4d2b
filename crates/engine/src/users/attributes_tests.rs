//! What values pass and how the others are refused.
use super::*;
use crate::pools::testing::pool;
use poolhouse_wire::types::{
    NumberAttributeConstraintsType, StringAttributeConstraintsType, UserPoolType, UsernameAttributeType,
};

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn custom(name: &str, data_type: AttributeDataType) -> SchemaAttributeType {
    SchemaAttributeType { name: Some(name.to_owned()), attribute_data_type: Some(data_type), ..Default::default() }
}

fn standard() -> Pool {
    let asked = vec![
        SchemaAttributeType { required: Some(true), ..custom("email", AttributeDataType::String) },
        SchemaAttributeType { required: Some(true), ..custom("name", AttributeDataType::String) },
        SchemaAttributeType {
            mutable: Some(false),
            string_attribute_constraints: Some(StringAttributeConstraintsType {
                min_length: Some("2".into()),
                max_length: Some("4".into()),
            }),
            ..custom("tier", AttributeDataType::String)
        },
        SchemaAttributeType {
            number_attribute_constraints: Some(NumberAttributeConstraintsType {
                min_value: Some("1".into()),
                max_value: Some("9".into()),
            }),
            ..custom("rank", AttributeDataType::Number)
        },
        custom("since", AttributeDataType::DateTime),
        custom("staff", AttributeDataType::Boolean),
    ];
    pool(UserPoolType { schema_attributes: Some(schema::for_new_pool(asked).unwrap()), ..Default::default() })
}

fn user(attributes: &[(&str, &str)]) -> User {
    User { row: crate::users::testing::row("ann"), attributes: map(attributes) }
}

#[test]
fn a_name_given_twice_or_without_value_is_refused() {
    let entry = |name: &str, value: Option<&str>| AttributeType { name: name.to_owned(), value: value.map(Into::into) };
    assert!(
        parse(Some(vec![entry("name", Some("a")), entry("name", Some("b"))])).unwrap_err().message().contains("more than once")
    );
    assert_eq!(parse(Some(vec![entry("name", None)])).unwrap_err().message(), "Attribute value for name must not be null");
    assert_eq!(parse(Some(vec![entry("email_verified", Some("True"))])).unwrap(), map(&[("email_verified", "true")]));
    assert_eq!(parse(None).unwrap(), map(&[]));
}

#[test]
fn values_are_measured_by_the_schema() {
    let pool = standard();
    let refused = |name: &str, value: &str| check_values(&pool, &map(&[(name, value)])).unwrap_err().message().to_owned();
    for (name, value) in [
        ("email", "ann@example.com"),
        ("phone_number", "+15550100"),
        ("birthdate", "1990-02-28"),
        ("custom:tier", "gold"),
        ("custom:rank", "9"),
        ("custom:since", "2024-01-01T00:00:00Z"),
        ("custom:staff", "TRUE"),
        ("updated_at", "1700000000"),
    ] {
        assert!(check_values(&pool, &map(&[(name, value)])).is_ok(), "{name} {value}");
    }
    assert_eq!(refused("email", "ann"), "Invalid email address format.");
    assert_eq!(refused("phone_number", "5550100"), "Invalid phone number format.");
    assert_eq!(
        refused("custom:x", "1"),
        "Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema."
    );
    for (name, value) in [
        ("birthdate", "1990-02-30"),
        ("birthdate", "1990"),
        ("custom:tier", "g"),
        ("custom:tier", "golden"),
        ("custom:rank", "0"),
        ("custom:rank", "10"),
        ("custom:rank", "1e0"),
        ("custom:rank", "inf"),
        ("custom:rank", ""),
        ("custom:since", "soon"),
        ("custom:staff", "yes"),
        ("name", "a\0b"),
        ("preferred_username", "an\u{200B}n"),
        ("identities", "[]"),
        ("cognito:user_status", "CONFIRMED"),
    ] {
        assert!(
            refused(name, value).starts_with(&format!("Attributes did not conform to the schema: {name}: ")),
            "{name} {value}"
        );
    }
    assert!(refused("name", &"é".repeat(1025)).contains("2048"));
}

#[test]
fn what_is_missing_at_sign_up_is_told_at_once() {
    let pool = standard();
    assert_eq!(
        check_required(&pool, &map(&[("email", "")])).unwrap_err().message(),
        "Attributes did not conform to the schema: name.formatted: The attribute name.formatted is required\nemail: The attribute is required"
    );
    assert!(check_required(&pool, &map(&[("email", "a@b.c"), ("name", "Ann")])).is_ok());
}

#[test]
fn changes_have_their_own_words() {
    let pool = standard();
    let ann = user(&[("custom:tier", "gold"), ("name", "Ann")]);
    let refused = |name: &str, value: &str| check_change(&pool, &ann, &map(&[(name, value)])).unwrap_err().message().to_owned();
    assert_eq!(refused("custom:x", "1"), "user.custom:x: Attribute does not exist in the schema.");
    assert_eq!(refused("custom:tier", "iron"), "user.custom:tier: Attribute cannot be updated.");
    assert_eq!(refused("sub", "other"), "Cannot modify the non-mutable attribute sub");
    assert_eq!(refused("email", ""), "Invalid user attributes: email: Required attribute cannot be deleted.");
    assert!(check_change(&pool, &ann, &map(&[("custom:tier", "gold"), ("nickname", "")])).is_ok());
}

#[test]
fn immutable_attributes_may_be_given_once_in_a_challenge() {
    let pool = standard();
    let new = map(&[("custom:tier", "iron")]);
    assert!(check_mutable(&pool, &user(&[]), &new).is_ok());
    let error = check_mutable(&pool, &user(&[("custom:tier", "gold")]), &new).unwrap_err();
    assert!(error.is(ErrorCode::NotAuthorizedException));
    assert_eq!(error.message(), "Cannot modify the non-mutable attribute custom:tier");
}

#[test]
fn an_address_that_signs_in_is_not_deleted() {
    let pool = pool(UserPoolType {
        schema_attributes: Some(schema::default_attributes()),
        username_attributes: Some(vec![UsernameAttributeType::Email]),
        ..Default::default()
    });
    assert!(deletable(&pool, "email").is_err());
    assert!(deletable(&pool, "phone_number").is_ok());
}

#[test]
fn sec_140_addresses_cannot_break_out_of_a_header() {
    for bad in [
        "a@b.c\r\nBcc: x@y.z",
        "a b@c.d",
        "a@b",
        "@b.c",
        "a@",
        "a@b..c",
        "<a@b.c>",
        "a@b.c, d@e.f",
        "a@-b.c",
        "a@b@c.d",
        "a\u{200B}@b.c",
        "",
    ] {
        assert!(!is_email(bad), "{bad:?}");
    }
    for good in ["a@b.co", "first.last+tag@sub.example.com", "josé@example.com", "o'neil@example.org"] {
        assert!(is_email(good), "{good}");
    }
    for bad in ["+", "+12a", "12", "+1234567890123456", "+1 2", "+12\n"] {
        assert!(!is_phone_number(bad), "{bad:?}");
    }
}
