//! Attribute values: what a user may be called, and who may say so. Called by sign-up, the challenges, self-service and
//! administration; every refusal is worded as Cognito words it.
use std::collections::BTreeMap;

use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{AttributeDataType, AttributeType, SchemaAttributeType};

use super::User;
use crate::clients::{Client, permissions};
use crate::error::{Error, Result};
use crate::pools::schema::{self, VALUE_BYTES_MAX};
use crate::pools::{Pool, SignInKind};

/// The attributes of a request by name. A name given twice is refused: which of the two was meant would be a guess.
/// `True` and `False` of the two verified flags become lower case.
pub fn parse(list: Option<Vec<AttributeType>>) -> Result<BTreeMap<String, String>> {
    let mut attributes = BTreeMap::new();
    for AttributeType { name, value } in list.unwrap_or_default() {
        let Some(value) = value else {
            return Err(Error::invalid_parameter(format!("Attribute value for {name} must not be null")));
        };
        let mut value = value.into_string();
        if name.ends_with("_verified") && is_boolean(&value) {
            value.make_ascii_lowercase();
        }
        if attributes.insert(name.clone(), value).is_some() {
            return Err(Error::invalid_parameter(format!("Attribute {name} is given more than once")));
        }
    }
    Ok(attributes)
}

/// Checks the values of a new user: each in the schema, of its type and range.
pub fn check_values(pool: &Pool, attributes: &BTreeMap<String, String>) -> Result<()> {
    check_formats(attributes)?;
    let broken: Vec<String> =
        attributes.iter().filter_map(|(name, value)| violation(pool, name, value).map(|why| format!("{name}: {why}"))).collect();
    conforms(broken)
}

/// As [`check_values`] for a change to an existing user, whose refusals read `user.<name>: …`; an immutable attribute
/// keeps its value, and an empty value (which deletes) is not measured.
pub fn check_change(pool: &Pool, user: &User, new: &BTreeMap<String, String>) -> Result<()> {
    let refused = |name: &str, why: &str| Err(Error::invalid_parameter(format!("user.{name}: {why}")));
    for (name, value) in new {
        if name == "sub" {
            return Err(non_mutable(name));
        }
        if schema::find(pool, name).is_none() {
            return refused(name, NOT_IN_SCHEMA);
        }
        if !schema::mutable(pool, name) && user.attribute(name) != Some(value) {
            return refused(name, "Attribute cannot be updated.");
        }
        if value.is_empty() {
            deletable(pool, name)?;
        }
    }
    let kept: BTreeMap<String, String> =
        new.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.clone(), value.clone())).collect();
    check_values(pool, &kept)
}

/// Refuses to delete what every user must have, and what a pool of addresses is signed in with.
pub fn deletable(pool: &Pool, name: &str) -> Result<()> {
    let signs_in = match pool.sign_in_kind() {
        SignInKind::Username => false,
        SignInKind::Attributes { email, phone_number } => {
            // Where both are user names, the other may be the one in use; the names of the user decide then.
            (name == "email" && email && !phone_number) || (name == "phone_number" && phone_number && !email)
        }
    };
    if signs_in || schema::required(pool).any(|required| required == name) {
        return Err(Error::invalid_parameter(format!("Invalid user attributes: {name}: Required attribute cannot be deleted.")));
    }
    Ok(())
}

/// Refuses attributes that this client's users may not set: not in WriteAttributes, `*_verified` (self-verified
/// address, checklist 92), `sub`, `identities`, `cognito:*`, `dev:*` (mass assignment, checklist 102).
pub fn check_client_may_write(pool: &Pool, client: &Client, names: impl IntoIterator<Item: AsRef<str>>) -> Result<()> {
    for name in names {
        if !permissions::writable(pool, client, name.as_ref()) {
            return Err(Error::not_authorized("A client attempted to write unauthorized attribute").because(format!(
                "client {} may not write {}",
                client.id,
                name.as_ref()
            )));
        }
    }
    Ok(())
}

/// Refuses to change an immutable attribute that has a value (the wording of challenges; observed).
pub fn check_mutable(pool: &Pool, user: &User, new: &BTreeMap<String, String>) -> Result<()> {
    let changed = new.iter().find(|(name, value)| {
        name.as_str() == "sub" || (!schema::mutable(pool, name) && user.attribute(name).is_some_and(|old| old != value.as_str()))
    });
    changed.map_or(Ok(()), |(name, _)| Err(non_mutable(name)))
}

fn non_mutable(name: &str) -> Error {
    Error::not_authorized(format!("Cannot modify the non-mutable attribute {name}"))
}

/// Refuses a sign-up that leaves out what the pool requires.
pub fn check_required(pool: &Pool, attributes: &BTreeMap<String, String>) -> Result<()> {
    let missing = schema::required(pool).filter(|name| attributes.get(*name).is_none_or(String::is_empty));
    conforms(
        missing
            .map(|name| match name {
                // OpenID's `name` answers under its path inside the directory (observed).
                "name" => "name.formatted: The attribute name.formatted is required".to_owned(),
                other => format!("{other}: The attribute is required"),
            })
            .collect(),
    )
}

fn conforms(broken: Vec<String>) -> Result<()> {
    if broken.is_empty() {
        return Ok(());
    }
    Err(Error::invalid_parameter(format!("Attributes did not conform to the schema: {}", broken.join("\n"))))
}

/// The alias is another user's: `An account with the given … already exists.` (observed).
pub fn alias_exists(kind: &str) -> Error {
    Error::new(ErrorCode::AliasExistsException, format!("An account with the given {kind} already exists."))
}

/// The same where a confirmation would have claimed the alias: its own wording (observed).
pub fn alias_exists_at_confirmation(kind: &str) -> Error {
    Error::new(ErrorCode::AliasExistsException, format!("An account with the {kind} already exists."))
}

/// Addresses have wordings of their own, without a name before them.
fn check_formats(attributes: &BTreeMap<String, String>) -> Result<()> {
    if attributes.get("email").is_some_and(|email| !is_email(email)) {
        return Err(Error::invalid_parameter("Invalid email address format."));
    }
    if attributes.get("phone_number").is_some_and(|phone| !is_phone_number(phone)) {
        return Err(Error::invalid_parameter("Invalid phone number format."));
    }
    Ok(())
}

const NOT_IN_SCHEMA: &str = "Attribute does not exist in the schema.";

/// What is wrong with one value, if anything.
fn violation(pool: &Pool, name: &str, value: &str) -> Option<String> {
    let Some(entry) = schema::find(pool, name) else { return Some(NOT_IN_SCHEMA.to_owned()) };
    if value.len() > VALUE_BYTES_MAX {
        return Some(format!("String attribute value cannot be larger than {VALUE_BYTES_MAX} bytes."));
    }
    // A NUL cannot be stored by every database, and hides what follows it from C programs downstream.
    if value.contains('\0') || (name == "preferred_username" && has_invisible(value)) {
        return Some("Attribute value contains characters that are not allowed.".to_owned());
    }
    match entry.attribute_data_type {
        Some(AttributeDataType::Boolean) => (!is_boolean(value)).then(|| "Attribute value must be true or false.".to_owned()),
        Some(AttributeDataType::Number) => number_violation(entry, value),
        Some(AttributeDataType::DateTime) => (!is_date_time(value)).then(|| "Attribute value must be a date.".to_owned()),
        Some(AttributeDataType::String) | None => length_violation(entry, value)
            .or_else(|| (name == "birthdate" && !is_date(value)).then(|| "Invalid birthdate format, use YYYY-MM-DD.".to_owned())),
    }
}

fn length_violation(entry: &SchemaAttributeType, value: &str) -> Option<String> {
    let constraints = entry.string_attribute_constraints.as_ref()?;
    let length = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
    let bound = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<i64>().ok());
    match (bound(&constraints.min_length), bound(&constraints.max_length)) {
        (Some(min), _) if length < min => Some(format!("String cannot be shorter than {min} characters.")),
        (_, Some(max)) if length > max => Some(format!("String cannot be longer than {max} characters.")),
        _ => None,
    }
}

fn number_violation(entry: &SchemaAttributeType, value: &str) -> Option<String> {
    let plain = value.strip_prefix('-').unwrap_or(value);
    let digits = plain.chars().all(|c| c.is_ascii_digit() || c == '.') && plain.starts_with(|c: char| c.is_ascii_digit());
    let Some(number) = value.parse::<f64>().ok().filter(|n| digits && n.is_finite()) else {
        return Some("Attribute value must be a number.".to_owned());
    };
    let constraints = entry.number_attribute_constraints.as_ref()?;
    let bound = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<f64>().ok());
    if bound(&constraints.min_value).is_some_and(|min| number < min) {
        return Some(format!("Number cannot be less than {}.", constraints.min_value.as_deref().unwrap_or_default()));
    }
    if bound(&constraints.max_value).is_some_and(|max| number > max) {
        return Some(format!("Number cannot be greater than {}.", constraints.max_value.as_deref().unwrap_or_default()));
    }
    None
}

fn is_boolean(value: &str) -> bool {
    value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
}

fn is_date(value: &str) -> bool {
    value.len() == 10 && value.parse::<jiff::civil::Date>().is_ok()
}

fn is_date_time(value: &str) -> bool {
    value.parse::<jiff::Timestamp>().is_ok() || value.parse::<jiff::civil::DateTime>().is_ok() || is_date(value)
}

/// An address that mail can be sent to: one `@`, a local part, a domain of labels with a dot. No spaces, controls or
/// characters that end an address in a header (CR/LF injection, checklist 140), nothing invisible (look-alikes).
pub fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let clean = |c: char| !c.is_whitespace() && !c.is_control() && !invisible(c) && !"<>()[],;:\\\"@".contains(c);
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !local.is_empty()
        && local.len() <= 64
        && local.chars().all(clean)
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// E.164: `+`, then digits, at most fifteen of them (ITU-T E.164 §6).
pub fn is_phone_number(value: &str) -> bool {
    value.strip_prefix('+').is_some_and(|digits| (1..=15).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit()))
}

/// Whether a name has characters nobody sees: two names that look the same would be two users (checklist 90).
pub fn has_invisible(value: &str) -> bool {
    value.chars().any(invisible)
}

/// Controls and the format characters of Unicode: soft hyphen, zero-width, direction marks, variation and tag selectors.
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
#[path = "attributes_tests.rs"]
mod tests;
