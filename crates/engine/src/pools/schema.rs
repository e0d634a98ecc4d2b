//! The schema of a pool: the standard attributes every pool has, the custom ones it was given, and what each allows.
//! Called when pools are made and changed, and wherever an attribute is written.
use poolhouse_wire::types::{
    AttributeDataType, NumberAttributeConstraintsType, SchemaAttributeType, StringAttributeConstraintsType,
};

use super::Pool;
use crate::error::{Error, Result};

/// Custom attributes a pool may have (quotas, user pools).
const CUSTOM_MAX: usize = 50;
/// Characters of a custom attribute's name without its prefix (quotas).
const CUSTOM_NAME_MAX: usize = 20;
/// Bytes of one attribute's value (quotas); also the longest MaxLength.
pub const VALUE_BYTES_MAX: usize = 2048;

/// Standard attributes that are strings of 0 to 2048 characters, in the order DescribeUserPool lists them; the others
/// stand between them in [`default_attributes`].
const STRINGS_TO_EMAIL: [&str; 10] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
];

/// The schema of a pool that asked for nothing (API reference, SchemaAttributes; order as observed).
pub fn default_attributes() -> Vec<SchemaAttributeType> {
    let text = |name: &str, min: &str, max: &str| SchemaAttributeType {
        string_attribute_constraints: Some(StringAttributeConstraintsType {
            min_length: Some(min.to_owned()),
            max_length: Some(max.to_owned()),
        }),
        ..attribute(name, AttributeDataType::String)
    };
    let mut all = vec![SchemaAttributeType { mutable: Some(false), required: Some(true), ..text("sub", "1", "2048") }];
    all.extend(STRINGS_TO_EMAIL.iter().map(|name| text(name, "0", "2048")));
    all.push(attribute("email_verified", AttributeDataType::Boolean));
    all.push(text("gender", "0", "2048"));
    all.push(text("birthdate", "10", "10"));
    all.extend(["zoneinfo", "locale", "phone_number"].iter().map(|name| text(name, "0", "2048")));
    all.push(attribute("phone_number_verified", AttributeDataType::Boolean));
    all.push(text("address", "0", "2048"));
    all.push(SchemaAttributeType {
        number_attribute_constraints: Some(NumberAttributeConstraintsType { min_value: Some("0".to_owned()), max_value: None }),
        ..attribute("updated_at", AttributeDataType::Number)
    });
    all
}

/// Names of the standard attributes that users can be asked for at sign-up: all but what is ours to say.
pub fn requirable() -> impl Iterator<Item = String> {
    let ours = |one: &SchemaAttributeType| {
        one.name.as_deref() == Some("sub") || one.attribute_data_type == Some(AttributeDataType::Boolean)
    };
    default_attributes().into_iter().filter(move |one| !ours(one)).filter_map(|one| one.name)
}

fn attribute(name: &str, data_type: AttributeDataType) -> SchemaAttributeType {
    SchemaAttributeType {
        name: Some(name.to_owned()),
        attribute_data_type: Some(data_type),
        developer_only_attribute: Some(false),
        mutable: Some(true),
        required: Some(false),
        ..Default::default()
    }
}

/// The schema of a new pool: the standard attributes, changed as `requested` says, and the custom ones after them.
/// A requested name of a standard attribute may set Required, Mutable and constraints; any other name is custom.
pub fn for_new_pool(requested: Vec<SchemaAttributeType>) -> Result<Vec<SchemaAttributeType>> {
    let mut schema = default_attributes();
    let mut custom = Vec::new();
    for wanted in requested {
        let name = wanted.name.clone().unwrap_or_default();
        match schema.iter_mut().find(|a| a.name.as_deref() == Some(name.as_str())) {
            Some(standard) => change_standard(standard, wanted, &name)?,
            None => custom.push(wanted),
        }
    }
    add_custom(&mut schema, custom)?;
    Ok(schema)
}

fn change_standard(standard: &mut SchemaAttributeType, wanted: SchemaAttributeType, name: &str) -> Result<()> {
    let retyped = wanted.attribute_data_type.is_some() && wanted.attribute_data_type != standard.attribute_data_type;
    if retyped || wanted.developer_only_attribute == Some(true) {
        return Err(Error::invalid_parameter(format!(
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {name}"
        )));
    }
    check_constraints(&wanted, name)?;
    if name == "sub" {
        // The subject is ours: required and immutable whatever is asked.
        return Ok(());
    }
    standard.required = wanted.required.or(standard.required);
    standard.mutable = wanted.mutable.or(standard.mutable);
    if let (Some(old), Some(new)) = (&mut standard.string_attribute_constraints, wanted.string_attribute_constraints) {
        old.min_length = new.min_length.or(old.min_length.take());
        old.max_length = new.max_length.or(old.max_length.take());
    }
    if let (Some(old), Some(new)) = (&mut standard.number_attribute_constraints, wanted.number_attribute_constraints) {
        old.min_value = new.min_value.or(old.min_value.take());
        old.max_value = new.max_value.or(old.max_value.take());
    }
    Ok(())
}

/// Appends custom attributes: `x` is kept as `custom:x`, or `dev:custom:x` where it is for developers only.
/// Shared by CreateUserPool and AddCustomAttributes.
pub fn add_custom(schema: &mut Vec<SchemaAttributeType>, requested: Vec<SchemaAttributeType>) -> Result<()> {
    for wanted in requested {
        let attribute = custom(wanted)?;
        let name = attribute.name.clone().unwrap_or_default();
        if schema.iter().any(|a| a.name == attribute.name) {
            return Err(Error::invalid_parameter(format!("{name}: Existing attribute already has name {name}.")));
        }
        schema.push(attribute);
        if schema.iter().filter_map(|a| a.name.as_deref()).filter(|name| is_custom(name)).count() > CUSTOM_MAX {
            return Err(Error::invalid_parameter(format!("A user pool can have at most {CUSTOM_MAX} custom attributes.")));
        }
    }
    Ok(())
}

/// One custom attribute as it is stored.
fn custom(wanted: SchemaAttributeType) -> Result<SchemaAttributeType> {
    let name = wanted.name.clone().unwrap_or_default();
    // What Describe shows may be sent back: the prefix is not doubled.
    let bare = name.strip_prefix("dev:").unwrap_or(&name);
    let bare = bare.strip_prefix("custom:").unwrap_or(bare);
    if bare.is_empty() || bare.chars().count() > CUSTOM_NAME_MAX {
        return Err(Error::invalid_parameter(format!(
            "Invalid attribute name: {name}. A custom attribute's name has 1 to {CUSTOM_NAME_MAX} characters."
        )));
    }
    if wanted.required == Some(true) {
        return Err(Error::invalid_parameter("Required custom attributes are not supported currently."));
    }
    check_constraints(&wanted, &name)?;
    let developer_only = wanted.developer_only_attribute.unwrap_or(false) || name.starts_with("dev:");
    let Some(data_type) = wanted.attribute_data_type else {
        return Err(Error::invalid_parameter(
            "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
        ));
    };
    Ok(SchemaAttributeType {
        name: Some(if developer_only { format!("dev:custom:{bare}") } else { format!("custom:{bare}") }),
        attribute_data_type: Some(data_type),
        developer_only_attribute: Some(developer_only),
        mutable: Some(wanted.mutable.unwrap_or(true)),
        required: Some(false),
        string_attribute_constraints: (data_type == AttributeDataType::String)
            .then(|| wanted.string_attribute_constraints.unwrap_or_default()),
        number_attribute_constraints: (data_type == AttributeDataType::Number)
            .then(|| wanted.number_attribute_constraints.unwrap_or_default()),
    })
}

/// Constraints are numbers written as strings, and no maximum lies under its minimum.
fn check_constraints(wanted: &SchemaAttributeType, name: &str) -> Result<()> {
    let parse = |text: &Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(digits) => digits
            .parse::<i64>()
            .map(Some)
            .map_err(|_| Error::invalid_parameter(format!("{name}: Invalid constraint value {digits}."))),
    };
    let ordered = |min: Option<i64>, max: Option<i64>, what: &str| match (min, max) {
        (Some(min), Some(max)) if min > max => {
            Err(Error::invalid_parameter(format!("{name}: Minimum {what} cannot be greater than maximum {what}.")))
        }
        _ => Ok(()),
    };
    if let Some(c) = &wanted.string_attribute_constraints {
        let (min, max) = (parse(&c.min_length)?, parse(&c.max_length)?);
        let longest = i64::try_from(VALUE_BYTES_MAX).unwrap_or(i64::MAX);
        if [min, max].iter().flatten().any(|n| !(0..=longest).contains(n)) {
            return Err(Error::invalid_parameter(format!(
                "user.{name}: String attributes cannot have a length of more than {VALUE_BYTES_MAX}"
            )));
        }
        ordered(min, max, "length")?;
    }
    if let Some(c) = &wanted.number_attribute_constraints {
        ordered(parse(&c.min_value)?, parse(&c.max_value)?, "value")?;
    }
    Ok(())
}

/// Whether the name is that of a custom attribute, developer-only ones included.
pub fn is_custom(name: &str) -> bool {
    name.starts_with("custom:") || name.starts_with("dev:")
}

/// The schema of this pool.
pub fn of(pool: &Pool) -> &[SchemaAttributeType] {
    pool.document.schema_attributes.as_deref().unwrap_or_default()
}

/// The schema entry of an attribute.
pub fn find<'a>(pool: &'a Pool, name: &str) -> Option<&'a SchemaAttributeType> {
    of(pool).iter().find(|a| a.name.as_deref() == Some(name))
}

/// Names of the attributes every user signs up with; `sub` is given by us and not among them.
pub fn required(pool: &Pool) -> impl Iterator<Item = &str> {
    of(pool).iter().filter(|a| a.required == Some(true)).filter_map(|a| a.name.as_deref()).filter(|name| *name != "sub")
}

/// Whether the value may change once it is set. What is not in the schema may not.
pub fn mutable(pool: &Pool, name: &str) -> bool {
    find(pool, name).is_some_and(|a| a.mutable.unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str) -> SchemaAttributeType {
        let attribute_data_type = Some(AttributeDataType::String);
        SchemaAttributeType { name: Some(name.to_owned()), attribute_data_type, ..Default::default() }
    }

    #[test]
    fn the_default_schema_has_the_twenty_standard_attributes_in_order() {
        let names: Vec<_> = default_attributes().into_iter().filter_map(|a| a.name).collect();
        assert_eq!(names.len(), 20);
        assert_eq!(names.first().map(String::as_str), Some("sub"));
        assert_eq!(names.last().map(String::as_str), Some("updated_at"));
        let place = |name: &str| names.iter().position(|n| n == name).unwrap();
        assert_eq!(place("email") + 1, place("email_verified"));
        assert_eq!(place("phone_number") + 1, place("phone_number_verified"));
    }

    #[test]
    fn standard_attributes_are_changed_in_place_and_custom_ones_follow() {
        let asked = vec![SchemaAttributeType { required: Some(true), ..wanted("email") }, wanted("tier")];
        let schema = for_new_pool(asked).unwrap();
        assert_eq!(schema.len(), 21);
        assert_eq!(schema.iter().find(|a| a.name.as_deref() == Some("email")).unwrap().required, Some(true));
        let tier = schema.last().unwrap();
        assert_eq!(tier.name.as_deref(), Some("custom:tier"));
        assert_eq!((tier.mutable, tier.required, tier.developer_only_attribute), (Some(true), Some(false), Some(false)));
    }

    #[test]
    fn developer_only_attributes_are_named_so() {
        let schema = for_new_pool(vec![SchemaAttributeType { developer_only_attribute: Some(true), ..wanted("rank") }]).unwrap();
        assert_eq!(schema.last().unwrap().name.as_deref(), Some("dev:custom:rank"));
    }

    #[test]
    fn custom_attributes_are_refused_when_required_doubled_too_long_or_too_many() {
        let refused = |list: Vec<SchemaAttributeType>| for_new_pool(list).unwrap_err().message().to_owned();
        let required = SchemaAttributeType { required: Some(true), ..wanted("x") };
        assert_eq!(refused(vec![required]), "Required custom attributes are not supported currently.");
        assert_eq!(refused(vec![wanted("x"), wanted("custom:x")]), "custom:x: Existing attribute already has name custom:x.");
        assert!(refused(vec![wanted(&"x".repeat(21))]).starts_with("Invalid attribute name"));
        assert!(refused((0..51).map(|n| wanted(&format!("c{n}"))).collect()).contains("at most 50"));
        let constraints = |min: &str, max: &str| SchemaAttributeType {
            string_attribute_constraints: Some(StringAttributeConstraintsType {
                min_length: Some(min.to_owned()),
                max_length: Some(max.to_owned()),
            }),
            ..wanted("x")
        };
        assert!(refused(vec![constraints("5", "4")]).contains("greater"));
        assert_eq!(refused(vec![constraints("0", "2049")]), "user.x: String attributes cannot have a length of more than 2048");
        assert!(refused(vec![constraints("a", "4")]).contains("Invalid constraint value"));
        let untyped = SchemaAttributeType { attribute_data_type: None, ..wanted("x") };
        assert!(refused(vec![untyped]).starts_with("Invalid AttributeDataType input"));
    }

    #[test]
    fn sub_stays_ours() {
        let asked = SchemaAttributeType { mutable: Some(true), required: Some(false), ..wanted("sub") };
        let schema = for_new_pool(vec![asked]).unwrap();
        assert_eq!(schema.first().unwrap().mutable, Some(false));
    }
}
