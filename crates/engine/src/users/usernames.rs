//! What a new user is called: the name that was chosen, or, in pools whose users sign in with an address, the subject.
//! Called by sign-up and AdminCreateUser.
use std::collections::BTreeMap;

use poolhouse_wire::ErrorCode;

use super::{aliases, attributes};
use crate::error::{Error, Result};
use crate::pools::{Pool, SignInKind};

/// The two names of a new user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub sub: String,
    /// What tokens call the user: the chosen name, or the sub.
    pub username: String,
}

/// Gives a new user its names. In a pool with sign-in attributes `given` is an address, which becomes the attribute.
pub fn assign(pool: &Pool, sub: String, given: &str, attributes: &mut BTreeMap<String, String>) -> Result<Identity> {
    match fill(pool, given, attributes)? {
        Some(username) => Ok(Identity { sub, username }),
        None => Ok(Identity { username: sub.clone(), sub }),
    }
}

/// The chosen name, or `None` where the address went into the attributes.
fn fill(pool: &Pool, given: &str, attributes: &mut BTreeMap<String, String>) -> Result<Option<String>> {
    let given = given.trim();
    match pool.sign_in_kind() {
        SignInKind::Username => {
            check_chosen(pool, given)?;
            Ok(Some(given.to_owned()))
        }
        SignInKind::Attributes { email, phone_number } => {
            let attribute = if email && attributes::is_email(given) {
                "email"
            } else if phone_number && attributes::is_phone_number(given) {
                "phone_number"
            } else {
                return Err(Error::invalid_parameter(match (email, phone_number) {
                    (true, true) => "Username should be either an email or a phone number.",
                    (false, true) => "Username should be a phone number.",
                    _ => "Username should be an email.",
                }));
            };
            let same = |value: &String| aliases::sign_in_key(pool, value) == aliases::sign_in_key(pool, given);
            if attributes.get(attribute).is_some_and(|value| !same(value)) {
                return Err(Error::invalid_parameter(format!("Username and {attribute} must be the same.")));
            }
            attributes.insert(attribute.to_owned(), given.to_owned());
            Ok(None)
        }
    }
}

fn check_chosen(pool: &Pool, name: &str) -> Result<()> {
    // A user name that looks like an address could be taken for somebody else's alias. Its key is what is claimed: in
    // full-width letters it would meet the same row (checklist 90).
    let key = aliases::sign_in_key(pool, name);
    for alias in pool.aliases() {
        if alias == "email" && (attributes::is_email(name) || attributes::is_email(&key)) {
            return Err(Error::invalid_parameter(
                "Username cannot be of email format, since user pool is configured for email alias.",
            ));
        }
        if alias == "phone_number" && (attributes::is_phone_number(name) || attributes::is_phone_number(&key)) {
            return Err(Error::invalid_parameter(
                "Username cannot be of phone number format, since user pool is configured for phone number alias.",
            ));
        }
    }
    if name.is_empty() || attributes::has_invisible(name) {
        return Err(Error::invalid_parameter("Username contains characters that are not allowed."));
    }
    Ok(())
}

/// Who says that a name is taken: each has its own words (observed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creator {
    SignUp,
    Administrator,
}

/// The refusal to create a user whose name of this kind another user has.
pub fn exists(kind: &str, creator: Creator) -> Error {
    let text = match (kind, creator) {
        ("username", Creator::SignUp) => "User already exists".to_owned(),
        ("username", Creator::Administrator) => "User account already exists".to_owned(),
        (alias, _) => format!("An account with the given {alias} already exists."),
    };
    Error::new(ErrorCode::UsernameExistsException, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools::testing::pool;
    use poolhouse_wire::types::{AliasAttributeType, UserPoolType, UsernameAttributeType, UsernameConfigurationType};

    fn refused(pool: &Pool, given: &str) -> String {
        fill(pool, given, &mut BTreeMap::new()).unwrap_err().message().to_owned()
    }

    #[test]
    fn an_address_that_signs_in_becomes_the_attribute() {
        let by = |kinds: &[UsernameAttributeType]| {
            pool(UserPoolType { username_attributes: Some(kinds.to_vec()), ..Default::default() })
        };
        let email = by(&[UsernameAttributeType::Email]);
        let mut attributes = BTreeMap::new();
        assert_eq!(fill(&email, " ann@example.com ", &mut attributes).unwrap(), None);
        assert_eq!(attributes.get("email").map(String::as_str), Some("ann@example.com"));
        assert_eq!(refused(&email, "ann"), "Username should be an email.");
        assert_eq!(refused(&by(&[UsernameAttributeType::PhoneNumber]), "ann"), "Username should be a phone number.");
        let both = by(&[UsernameAttributeType::Email, UsernameAttributeType::PhoneNumber]);
        assert_eq!(refused(&both, "ann"), "Username should be either an email or a phone number.");
        let mut other = BTreeMap::from([("email".to_owned(), "bob@example.com".to_owned())]);
        assert!(fill(&email, "ann@example.com", &mut other).is_err());
    }

    #[test]
    fn sec_090_chosen_names_do_not_look_like_aliases_or_hide_characters() {
        let alias = pool(UserPoolType {
            alias_attributes: Some(vec![AliasAttributeType::Email, AliasAttributeType::PhoneNumber]),
            ..Default::default()
        });
        assert_eq!(
            refused(&alias, "ann@example.com"),
            "Username cannot be of email format, since user pool is configured for email alias."
        );
        assert_eq!(
            refused(&alias, "+15550100"),
            "Username cannot be of phone number format, since user pool is configured for phone number alias."
        );
        let folding = pool(UserPoolType {
            username_configuration: Some(UsernameConfigurationType { case_sensitive: false }),
            ..alias.document.clone()
        });
        assert!(refused(&folding, "ann\u{FF20}example.com").starts_with("Username cannot be of email format"));
        assert!(refused(&folding, "\u{FF0B}15550100").starts_with("Username cannot be of phone number format"));
        assert_eq!(refused(&alias, "an\u{200D}n"), "Username contains characters that are not allowed.");
        assert_eq!(fill(&alias, "ann", &mut BTreeMap::new()).unwrap().as_deref(), Some("ann"));
        assert!(fill(&pool(UserPoolType::default()), "ann@example.com", &mut BTreeMap::new()).is_ok());
    }
}
