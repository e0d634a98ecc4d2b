//! What a pool's settings look like on a page: what its users are called, what a password needs, which attributes are
//! asked. Called by the handlers.

use std::collections::BTreeMap;

use poolhouse_engine::oauth::authorize::Request;
use poolhouse_engine::pools::{Pool, SignInKind, schema};
use poolhouse_engine::users::codes;

use super::fields::{AttributeField, PasswordPolicy, PasswordRule, Shell, UsernameField, UsernameKind};
use super::form;
use super::visit::Visit;
use crate::shell;

pub fn frame(visit: &Visit, request: &Request) -> Shell {
    shell::of_pool(&visit.app, Some(&request.pool), Some(&request.client))
}

/// The field in which users of this pool name themselves.
pub fn username(pool: &Pool, value: &str) -> UsernameField {
    UsernameField::new(sign_in_name(pool), value)
}

/// The same at sign-up, where a pool with aliases wants the user name itself.
pub fn new_username(pool: &Pool, value: &str) -> UsernameField {
    let kind = match pool.sign_in_kind() {
        SignInKind::Username => UsernameKind::Username,
        SignInKind::Attributes { .. } => sign_in_name(pool),
    };
    UsernameField::new(kind, value)
}

fn sign_in_name(pool: &Pool) -> UsernameKind {
    let alias = |name: &str| pool.aliases().any(|alias| alias == name);
    match pool.sign_in_kind() {
        SignInKind::Attributes { email: true, phone_number: true } => UsernameKind::EmailOrPhone,
        SignInKind::Attributes { email: false, phone_number: true } => UsernameKind::Phone,
        SignInKind::Attributes { .. } => UsernameKind::Email,
        SignInKind::Username => match (alias("email"), alias("phone_number")) {
            (false, false) => UsernameKind::Username,
            (true, false) => UsernameKind::UsernameOrEmail,
            (false, true) => UsernameKind::UsernameOrPhone,
            (true, true) => UsernameKind::UsernameOrEmailOrPhone,
        },
    }
}

/// What a password of this pool needs.
pub fn rules(pool: &Pool) -> Vec<PasswordRule> {
    let policy = pool.password_policy();
    let count = |value: Option<i32>, default: u32| value.and_then(|n| u32::try_from(n).ok()).unwrap_or(default);
    let asked = |flag: Option<bool>| flag.unwrap_or(false);
    PasswordPolicy {
        minimum_length: count(policy.minimum_length, 8),
        lowercase: asked(policy.require_lowercase),
        uppercase: asked(policy.require_uppercase),
        numbers: asked(policy.require_numbers),
        symbols: asked(policy.require_symbols),
        history: count(policy.password_history_size, 0),
    }
    .rules()
}

/// Attributes that the sign-up page asks for: those the pool requires and the user name does not already give; and where
/// none of them can be sent a code, one that can, since without it nobody could ever confirm.
pub fn sign_up_attributes(pool: &Pool) -> Vec<String> {
    let kind = pool.sign_in_kind();
    let given_by_name = |name: &str| match kind {
        SignInKind::Attributes { email, phone_number } => {
            (email && !phone_number && name == "email") || (phone_number && !email && name == "phone_number")
        }
        SignInKind::Username => false,
    };
    let mut names: Vec<String> = schema::required(pool).filter(|name| !given_by_name(name)).map(str::to_owned).collect();
    let reachable = matches!(kind, SignInKind::Attributes { .. }) || names.iter().any(|name| pool.auto_verifies(name));
    if !reachable {
        let address = ["email", "phone_number"].into_iter().find(|name| pool.auto_verifies(name));
        names.extend(address.map(str::to_owned));
    }
    names
}

/// Fields for these attributes with what was typed before.
pub fn fields(names: &[String], given: &BTreeMap<String, String>) -> Vec<AttributeField> {
    let typed = |name: &String| given.get(name).map(String::as_str).unwrap_or_default();
    names
        .iter()
        .map(|name| {
            let mut field = AttributeField::new(name, typed(name));
            field.error = given.get(name).and_then(|value| form::attribute_problem(value));
            field
        })
        .collect()
}

/// Whether a forgotten password can be reset here at all.
pub fn may_reset(pool: &Pool) -> bool {
    !codes::recovery_media(pool).is_empty()
}
