//! The filter of ListUsers: `attribute = "value"` or `attribute ^= "value"` (API reference, ListUsers). Parsed here, bound
//! as parameters there: nothing of a filter becomes SQL (checklist 114).
use poolhouse_store::tables::users::SearchColumn;

use crate::error::{Error, Result};

/// What a filter selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    All,
    /// No user can match.
    Nothing,
    Equal(SearchColumn, String),
    Prefix(SearchColumn, String),
    Enabled(bool),
}

/// Characters of a filter (model).
const LENGTH_MAX: usize = 256;

/// Parses a filter; an empty one selects all.
pub fn parse(text: &str) -> Result<Filter> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Filter::All);
    }
    let (attribute, prefix, value) = split(text).ok_or_else(|| Error::invalid_parameter("Error while parsing filter"))?;
    if attribute == "status" {
        return Ok(by_enabled(prefix, &value));
    }
    let column = column(attribute).ok_or_else(|| Error::invalid_parameter(format!("Invalid search attribute: {attribute}")))?;
    let value = if column == SearchColumn::Status { value.to_uppercase() } else { value };
    Ok(if prefix { Filter::Prefix(column, value) } else { Filter::Equal(column, value) })
}

fn column(attribute: &str) -> Option<SearchColumn> {
    Some(match attribute {
        "sub" => SearchColumn::Sub,
        "username" => SearchColumn::Username,
        "cognito:user_status" => SearchColumn::Status,
        "email" => SearchColumn::Email,
        "phone_number" => SearchColumn::PhoneNumber,
        "name" => SearchColumn::Name,
        "given_name" => SearchColumn::GivenName,
        "family_name" => SearchColumn::FamilyName,
        "preferred_username" => SearchColumn::PreferredUsername,
        _ => return None,
    })
}

/// `status` is `Enabled` or `Disabled`.
fn by_enabled(prefix: bool, value: &str) -> Filter {
    let value = value.to_lowercase();
    let fits = |word: &str| if prefix { word.starts_with(&value) } else { word == value };
    match (fits("enabled"), fits("disabled")) {
        (true, true) => Filter::All,
        (true, false) => Filter::Enabled(true),
        (false, true) => Filter::Enabled(false),
        (false, false) => Filter::Nothing,
    }
}

/// Attribute, whether the operator is `^=`, value without quotes and escapes.
fn split(text: &str) -> Option<(&str, bool, String)> {
    if text.chars().count() > LENGTH_MAX || text.contains('\0') {
        return None;
    }
    let (attribute, value) = text.split_once('=')?;
    let (attribute, prefix) = match attribute.strip_suffix('^') {
        Some(attribute) => (attribute, true),
        None => (attribute, false),
    };
    let attribute = attribute.trim_end();
    let name = !attribute.is_empty() && attribute.chars().all(|c| c.is_alphanumeric() || "_:.-".contains(c));
    name.then_some((attribute, prefix, unquote(value.trim_start())?))
}

/// The text between double quotes; `\"` and `\\` stand for the characters behind the backslash, and nothing follows.
fn unquote(quoted: &str) -> Option<String> {
    let mut chars = quoted.strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => match chars.next()? {
                escaped @ ('"' | '\\') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            plain => value.push(plain),
        }
    }
    chars.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Filter::{All, Enabled, Equal, Nothing, Prefix};

    #[test]
    fn filters_are_parsed() {
        let eq = |column, value: &str| Equal(column, value.to_owned());
        for (text, filter) in [
            ("", All),
            ("  ", All),
            ("email = \"a@b.c\"", eq(SearchColumn::Email, "a@b.c")),
            ("email=\"a@b.c\"", eq(SearchColumn::Email, "a@b.c")),
            ("name ^= \"An\"", Prefix(SearchColumn::Name, "An".to_owned())),
            ("name^=\"\"", Prefix(SearchColumn::Name, String::new())),
            ("given_name = \"O\\\"Neil = ^= \\\\\"", eq(SearchColumn::GivenName, "O\"Neil = ^= \\")),
            ("cognito:user_status = \"confirmed\"", eq(SearchColumn::Status, "CONFIRMED")),
            ("status = \"Enabled\"", Enabled(true)),
            ("status ^= \"dis\"", Enabled(false)),
            ("status ^= \"\"", All),
            ("status = \"maybe\"", Nothing),
            ("sub = \"x\"", eq(SearchColumn::Sub, "x")),
        ] {
            assert_eq!(parse(text).unwrap(), filter, "{text}");
        }
    }

    #[test]
    fn sec_114_what_is_not_a_filter_is_refused() {
        let refused = |text: &str| parse(text).unwrap_err().message().to_owned();
        for text in [
            "email",
            "email =",
            "email = a",
            "email = 'a'",
            "email = \"a",
            "email = \"a\" x",
            "= \"a\"",
            "email > \"a\"",
            "email = \"a\" or \"1\"=\"1\"",
            "email ^ = \"a\"",
            "email == \"a\"",
            "em ail = \"a\"",
            "email = \"a\0\"",
            "(email) = \"a\"",
            "email = \"a\\",
        ] {
            assert_eq!(refused(text), "Error while parsing filter", "{text}");
        }
        assert_eq!(refused(&format!("email = \"{}\"", "a".repeat(300))), "Error while parsing filter");
        assert_eq!(refused("custom:foo = \"a\""), "Invalid search attribute: custom:foo");
        assert_eq!(refused("password_hash = \"a\""), "Invalid search attribute: password_hash");
    }

    #[test]
    fn sec_114_sql_stays_text() {
        let text = "username = \"x' OR 1=1 --\"";
        assert_eq!(parse(text).unwrap(), Equal(SearchColumn::Username, "x' OR 1=1 --".to_owned()));
    }

    #[test]
    fn sec_203_a_filter_that_reads_means_one_thing() {
        let corpus = [r#"email = "a@b.c""#, r#"name ^= "O\\\"Neil""#, r#"status="Enabled""#, r#"cognito:user_status = "x""#];
        poolhouse_store::testkit::fuzz::text(&corpus, |text| {
            let (operator, value) = match parse(text) {
                Ok(Equal(_, value)) => ("=", value),
                Ok(Prefix(_, value)) => ("^=", value),
                _ => return,
            };
            assert!(!value.contains('\0') && value.len() <= text.len() * 3, "{value:?}");
            // Written out by the rules, the value comes back as it is.
            let written = value.replace('\\', "\\\\").replace('"', "\\\"");
            if written.chars().count() < 200 {
                let again = parse(&format!("email {operator} \"{written}\"")).unwrap();
                assert!(matches!(again, Equal(_, v) | Prefix(_, v) if v == value), "{written}");
            }
        });
    }
}
