//! Sign-in names: which names lead to a user, and the single table of them that keeps each name with one user.
//! A name is normalised here and nowhere else, so that look-alikes meet the same row (checklist 89, 90, 155).
use poolhouse_wire::types::UserStatusType;
use unicode_normalization::UnicodeNormalization;

use super::User;
use crate::error::Result;
use crate::pools::{Pool, SignInKind};

/// The key under which a name is kept: trimmed and NFC; in a case-insensitive pool also compatibility-folded and
/// lower-cased, so that `Victim@x`, `victim@X` and full-width spellings are one identity (account takeover by case).
pub fn sign_in_key(pool: &Pool, name: &str) -> String {
    let name = name.trim();
    if pool.case_sensitive() {
        return name.nfc().collect();
    }
    let folded: String = name.nfkc().collect::<String>().to_lowercase().nfkc().collect();
    // Folding makes spaces: a free-standing accent is one with the accent on it. Untrimmed, the key of the key would be another.
    folded.trim().to_owned()
}

/// One name of a user and what it is: `username`, `email`, `phone_number` or `preferred_username`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInName {
    pub kind: &'static str,
    pub key: String,
}

/// Every name that signs this user in: the user name; in a pool with sign-in attributes the address, verified or not
/// (developer guide: user name attributes need not be verified); in a pool with aliases the verified address, and
/// the preferred user name once the user has arrived (developer guide, "Customizing sign-in attributes"). Whoever writes a
/// user sets its status first: two ways to write one user must not differ in the names they leave it with.
pub fn names_of(pool: &Pool, user: &User) -> Result<Vec<SignInName>> {
    let attributes = &user.attributes;
    let arrived = !matches!(user.status()?, UserStatusType::Unconfirmed | UserStatusType::ForceChangePassword);
    let mut names = vec![SignInName { kind: "username", key: sign_in_key(pool, user.username()) }];
    let mut add = |kind: &'static str| {
        if let Some(value) = attributes.get(kind).filter(|v| !v.is_empty()) {
            let key = sign_in_key(pool, value);
            // A preferred user name equal to the user name is the same name, not a second claim on it.
            if !names.iter().any(|n| n.key == key) {
                names.push(SignInName { kind, key });
            }
        }
    };
    match pool.sign_in_kind() {
        SignInKind::Attributes { email, phone_number } => {
            if email {
                add("email");
            }
            if phone_number {
                add("phone_number");
            }
        }
        SignInKind::Username => {
            for alias in pool.aliases() {
                let usable = match alias {
                    "preferred_username" => arrived,
                    address => attributes.get(&format!("{address}_verified")).is_some_and(|v| v == "true"),
                };
                if usable {
                    add(alias);
                }
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools::testing::pool;
    use poolhouse_wire::types::{UserPoolType, UsernameConfigurationType};

    #[test]
    fn sec_203_a_name_made_the_same_stays_the_same() {
        let folding = |case_sensitive| {
            let configuration = Some(UsernameConfigurationType { case_sensitive });
            pool(UserPoolType { username_configuration: configuration, ..Default::default() })
        };
        let corpus = ["Ann@Example.com", "\u{ff21}nn@x.co", "\u{a8}ann", "İSTANBUL", "ΑΣ", "ﬃ", " a\u{301}\u{323} ", "+15550100"];
        for pool in [folding(true), folding(false)] {
            poolhouse_store::testkit::fuzz::text(&corpus, |name| {
                let key = sign_in_key(&pool, name);
                assert_eq!(sign_in_key(&pool, &key), key, "a look-alike of {name:?} would be another user");
                assert_eq!(sign_in_key(&pool, &format!(" {name}\t")), key);
                // Neither of the readers of addresses may panic.
                let _ = (super::super::attributes::is_email(name), super::super::attributes::is_phone_number(name));
            });
        }
    }
}
