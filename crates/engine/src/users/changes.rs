//! Applying a change of attributes: what happens to an address, its proof and the codes sent to it. Shared by
//! UpdateUserAttributes and AdminUpdateUserAttributes. Pure: the caller checks first and saves after.
use std::collections::BTreeMap;

use super::User;
use super::codes::{Purpose, Target};
use crate::delivery::Medium;
use crate::pools::Pool;

/// What has to happen besides saving the user.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Codes to be sent.
    pub verify: Vec<Verification>,
    /// Addresses the user no longer has: codes sent there are void (checklist 82).
    pub lost: Vec<String>,
}

/// One address that has to be proven.
#[derive(Debug, PartialEq, Eq)]
pub struct Verification {
    pub purpose: Purpose,
    pub target: Target,
    /// The old address stays until the code for the new one comes back.
    pub pending: bool,
}

/// Puts `new` into the user's attributes; an empty value deletes. A changed address loses its proof unless `new` says
/// that it is verified, which only administrators may say ([`super::attributes::check_client_may_write`]).
pub fn apply(pool: &Pool, user: &mut User, mut new: BTreeMap<String, String>) -> Applied {
    let mut applied = Applied::default();
    for medium in [Medium::Sms, Medium::Email] {
        if let Some(value) = new.remove(medium.attribute()) {
            let proof = new.remove(&proof_of(medium));
            apply_address(pool, user, medium, value, proof, &mut applied);
        }
    }
    for (name, value) in new {
        set(user, &name, value);
    }
    applied
}

fn proof_of(medium: Medium) -> String {
    format!("{}_verified", medium.attribute())
}

fn apply_address(pool: &Pool, user: &mut User, medium: Medium, value: String, proof: Option<String>, applied: &mut Applied) {
    let name = medium.attribute();
    let old = user.attributes.get(name).cloned();
    if old.as_ref() == Some(&value) {
        if let Some(proof) = proof {
            set(user, &proof_of(medium), proof);
        }
        return;
    }
    let proven = proof.as_deref() == Some("true");
    let unproven = !value.is_empty() && !proven;
    let keeps = unproven && old.is_some() && pool.keeps_original(name);
    if unproven && (keeps || pool.auto_verifies(name)) {
        let target = Target { medium, address: value.clone() };
        let purpose = if medium == Medium::Email { Purpose::Email } else { Purpose::PhoneNumber };
        applied.verify.push(Verification { purpose, target, pending: keeps });
    }
    if keeps {
        return;
    }
    // A new address is not proven by the proof of the old one (checklist 91).
    let proof = if value.is_empty() { String::new() } else { proven.to_string() };
    set(user, name, value);
    set(user, &proof_of(medium), proof);
    applied.lost.extend(old);
}

fn set(user: &mut User, name: &str, value: String) {
    if value.is_empty() {
        user.attributes.remove(name);
    } else {
        user.attributes.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools::testing::pool;
    use poolhouse_wire::types::{UserAttributeUpdateSettingsType, UserPoolType, VerifiedAttributeType};

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn auto(keeps: bool) -> Pool {
        pool(UserPoolType {
            auto_verified_attributes: Some(vec![VerifiedAttributeType::Email]),
            user_attribute_update_settings: keeps.then(|| UserAttributeUpdateSettingsType {
                attributes_require_verification_before_update: Some(vec![VerifiedAttributeType::Email]),
            }),
            ..Default::default()
        })
    }

    fn ann() -> User {
        User {
            row: crate::users::testing::row("ann"),
            attributes: map(&[("email", "old@x.co"), ("email_verified", "true"), ("name", "Ann")]),
        }
    }

    #[test]
    fn sec_091_a_changed_address_is_not_verified_until_it_is_proven() {
        let mut user = ann();
        let applied = apply(&auto(false), &mut user, map(&[("email", "new@x.co"), ("name", "")]));
        assert_eq!(user.attributes, map(&[("email", "new@x.co"), ("email_verified", "false")]));
        assert_eq!(applied.lost, ["old@x.co"]);
        assert_eq!(applied.verify.len(), 1);
        assert!(!applied.verify[0].pending);
    }

    #[test]
    fn sec_091_the_old_address_stays_where_the_pool_says_so() {
        let mut user = ann();
        let applied = apply(&auto(true), &mut user, map(&[("email", "new@x.co")]));
        assert_eq!(user.attributes, ann().attributes);
        assert!(applied.lost.is_empty() && applied.verify[0].pending);
        assert_eq!(applied.verify[0].target.address, "new@x.co");
    }

    #[test]
    fn an_administrator_may_vouch_for_an_address() {
        let mut user = ann();
        let applied = apply(&auto(true), &mut user, map(&[("email", "new@x.co"), ("email_verified", "true")]));
        assert!(applied.verify.is_empty());
        assert_eq!(user.attribute("email"), Some("new@x.co"));
        assert!(user.verified("email"));
        apply(&auto(true), &mut user, map(&[("email", "new@x.co"), ("email_verified", "false")]));
        assert!(!user.verified("email"));
    }

    #[test]
    fn deleting_an_address_deletes_its_proof() {
        let mut user = ann();
        let applied = apply(&auto(true), &mut user, map(&[("email", "")]));
        assert_eq!(user.attributes, map(&[("name", "Ann")]));
        assert!(applied.verify.is_empty());
        assert_eq!(applied.lost, ["old@x.co"]);
    }
}
