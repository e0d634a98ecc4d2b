//! What was typed into a form, held to the limits of the API's model (`UsernameType`, `PasswordType`, …): pages must not
//! let in what the validator in front of the API would have kept out. Called by the handlers.

use std::collections::BTreeMap;

use poolhouse_engine::oauth::params::Params;

const USERNAME_MAX: usize = 128;
const PASSWORD_MAX: usize = 256;
const CODE_MAX: usize = 2048;
const ATTRIBUTE_MAX: usize = 2048;

/// What is wrong with one field, for the user.
pub type Problem = &'static str;

/// A field as typed; absent and empty are the same. Repeated fields were refused before.
pub fn text<'a>(form: &'a Params, name: &str) -> &'a str {
    form.get(name).ok().flatten().unwrap_or_default()
}

/// A user name without the spaces that keyboards and clipboards add.
pub fn username(form: &Params) -> &str {
    text(form, "username").trim()
}

/// `UsernameType`: 1 to 128 letters, marks, numbers, symbols and punctuation.
pub fn username_problem(value: &str) -> Option<Problem> {
    if value.is_empty() {
        Some("Fill in this field.")
    } else if value.chars().count() > USERNAME_MAX {
        Some("This is longer than 128 characters.")
    } else if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Some("Spaces cannot be part of it.")
    } else {
        None
    }
}

/// `PasswordType`: at most 256 characters, none of them at either end a space.
pub fn password_problem(value: &str) -> Option<Problem> {
    let ends = |c: char| c.is_whitespace();
    if value.is_empty() {
        Some("Enter a password.")
    } else if value.chars().count() > PASSWORD_MAX {
        Some("A password has at most 256 characters.")
    } else if value.starts_with(ends) || value.ends_with(ends) {
        Some("A password must not begin or end with a space.")
    } else {
        None
    }
}

/// A new password, typed twice.
pub fn new_password<'a>(form: &'a Params, field: &str, again: &str) -> Result<&'a str, Problem> {
    let password = text(form, field);
    if let Some(problem) = password_problem(password) {
        return Err(problem);
    }
    if password != text(form, again) {
        return Err("The two passwords differ. Type the new password twice.");
    }
    Ok(password)
}

/// A code without the spaces that mail programs add. `None` where nobody could have been sent this.
pub fn code(form: &Params) -> Option<&str> {
    let code = text(form, "code").trim();
    (!code.is_empty() && code.len() <= CODE_MAX && !code.chars().any(char::is_whitespace)).then_some(code)
}

/// `requiredAttributes[name]` for these names only: whatever else a form brings is not looked at (checklist 101).
pub fn attributes(form: &Params, names: &[String]) -> BTreeMap<String, String> {
    let given = |name: &String| text(form, &format!("requiredAttributes[{name}]")).trim().to_owned();
    names.iter().map(|name| (name.clone(), given(name))).collect()
}

/// `AttributeValueType`, and that something was typed.
pub fn attribute_problem(value: &str) -> Option<String> {
    if value.is_empty() {
        Some("Fill in this field.".to_owned())
    } else if value.chars().count() > ATTRIBUTE_MAX {
        Some("This is longer than 2048 characters.".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Params {
        Params::parse(text).unwrap()
    }

    #[test]
    fn limits_are_the_models() {
        assert!(username_problem("ada@example.com").is_none() && username_problem(&"ä".repeat(128)).is_none());
        for bad in ["", "a b", "a\u{7}b", "a\u{2003}b", &"a".repeat(129)] {
            assert!(username_problem(bad).is_some(), "{bad:?}");
        }
        assert!(password_problem(&"p".repeat(256)).is_none() && password_problem("in side").is_none());
        for bad in ["", " x", "x ", &"p".repeat(257)] {
            assert!(password_problem(bad).is_some(), "{bad:?}");
        }
        assert!(
            attribute_problem("x").is_none() && attribute_problem("").is_some() && attribute_problem(&"x".repeat(2049)).is_some()
        );
    }

    #[test]
    fn typing_is_forgiven_where_it_is_harmless() {
        assert_eq!(username(&form("username=+ada%40x.co%0A")), "ada@x.co");
        assert_eq!(code(&form("code=+123456+")), Some("123456"));
        assert_eq!(code(&form("code=12+34")), None);
        assert_eq!(code(&form("")), None);
        assert_eq!(new_password(&form("a=x1&b=x1"), "a", "b"), Ok("x1"));
        assert!(new_password(&form("a=x1&b=x2"), "a", "b").is_err());
        assert!(new_password(&form("a=&b="), "a", "b").is_err());
    }

    #[test]
    fn sec_101_only_the_asked_attributes_are_read() {
        let names = vec!["given_name".to_owned()];
        let got = attributes(&form("requiredAttributes[given_name]=Ada&requiredAttributes[custom:role]=admin"), &names);
        assert_eq!(got.into_iter().collect::<Vec<_>>(), [("given_name".to_owned(), "Ada".to_owned())]);
    }
}
