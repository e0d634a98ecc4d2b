//! User management: who is in a pool, and what an administrator can do for them. Routes, and what the pages share: reading a user
//! from the two shapes in which operations show one, rows of users, and finding the field that a refusal is about.

mod actions;
mod attributes;
mod create;
mod detail;
mod invitation;
mod list;
mod membership;
pub mod password;
mod standing;

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::get;
use poolhouse_engine::error::Error;
use poolhouse_engine::pools::{Pool, SignInKind};
use poolhouse_wire::ErrorCode;
use serde_json::{Value as Json, json};

use crate::console::kit::json::{list, moment, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Form, State, Value};
use crate::console::kit::visit::{Stop, Visit};
use crate::pages::fields::Link;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    const USERS: &str = "/console/pools/{pool}/users";
    const USER: &str = "/console/pools/{pool}/users/{username}";
    let below = |rest: &str| format!("{USER}{rest}");
    Router::new()
        .route(USERS, get(list::get))
        .route(&format!("{USERS}/new"), get(create::get).post(create::post))
        .route(USER, get(detail::get).post(membership::add))
        .route(&below("/attributes"), get(attributes::get).post(attributes::post))
        .route(&below("/password"), get(password::get).post(password::post))
        .route(&below("/invitation"), get(invitation::get).post(invitation::post))
        .route(&below("/groups/{group}/remove"), get(membership::ask).post(membership::remove))
        .route(&below("/{action}"), get(actions::ask).post(actions::act))
}

/// Reads a user for the page about it; 404 where there is none.
pub async fn read(visit: Visit, pool: &Pool, username: &str) -> Result<(Visit, Json), Stop> {
    visit.must("AdminGetUser", json!({ "UserPoolId": pool.id, "Username": username })).await
}

/// The attributes of a user as AdminGetUser or ListUsers shows it.
pub fn attributes_of(user: &Json) -> BTreeMap<String, String> {
    let listed = [list(user, "UserAttributes"), list(user, "Attributes")].concat();
    listed.iter().map(|one| (text(one, "Name").to_owned(), text(one, "Value").to_owned())).collect()
}

/// What people call a user: the address where the pool's users sign in with one, else the user name.
pub fn name_of(pool: &Pool, user: &Json) -> String {
    let username = text(user, "Username");
    let attributes = attributes_of(user);
    let address = match pool.sign_in_kind() {
        SignInKind::Username => None,
        SignInKind::Attributes { .. } => ["email", "phone_number"].iter().find_map(|name| attributes.get(*name)),
    };
    address.map_or_else(|| username.to_owned(), Clone::clone)
}

/// The way back, for pages below a user's.
pub fn crumbs(pool: &Pool, user: &Json) -> Vec<Link> {
    let username = text(user, "Username");
    vec![
        Link::new("Users", &paths::pool(&pool.id, "/users")),
        Link::new(&name_of(pool, user), &paths::user(&pool.id, username, "")),
    ]
}

/// Heads of a table of users.
pub fn columns(pool: &Pool) -> Vec<String> {
    let name: &[&str] = match pool.sign_in_kind() {
        SignInKind::Username => &["Username", "Email"],
        SignInKind::Attributes { email: false, .. } => &["Phone number"],
        SignInKind::Attributes { phone_number: false, .. } => &["Email"],
        SignInKind::Attributes { .. } => &["Email or phone number"],
    };
    name.iter().chain(&["Sub", "Status", "Enabled", "Created"]).map(|head| (*head).to_owned()).collect()
}

/// A user under [`columns`].
pub fn row(pool: &Pool, user: &Json, now: i64) -> Vec<Value> {
    let attributes = attributes_of(user);
    let mut row = vec![Value::link(&name_of(pool, user), &paths::user(&pool.id, text(user, "Username"), ""))];
    if pool.sign_in_kind() == SignInKind::Username {
        row.push(attributes.get("email").map_or_else(|| Value::none("none"), |email| Value::text(email)));
    }
    row.push(Value::copy(attributes.get("sub").map_or("", String::as_str)));
    row.push(status(user));
    row.push(match enabled(user) {
        true => Value::text("yes"),
        false => Value::state(State::Bad, "disabled"),
    });
    row.push(moment(user, "UserCreateDate", now));
    row
}

/// A user's status in the colour of what it means.
pub fn status(user: &Json) -> Value {
    let status = text(user, "UserStatus");
    Value::state(standing::state(status), status)
}

/// A condition for the Filter of ListUsers. The value stays text whatever is typed: with a quote of its own it could end, and ask
/// something else (filter injection, checklist 114).
pub fn condition(attribute: &str, operator: &str, value: &str) -> String {
    format!("{attribute} {operator} \"{}\"", escaped(value))
}

/// A value as it stands between the quotes of a Filter.
pub fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

pub fn enabled(user: &Json) -> bool {
    user.get("Enabled").and_then(Json::as_bool).unwrap_or(false)
}

/// The form with what an operation said: above it, and at the field that it is about where its words tell. Fields are named
/// as the operation's members are, an attribute's as `attribute.NAME`.
pub fn refused(mut form: Form, error: &Error, said: String) -> Form {
    if let Some(name) = blamed(error) {
        let at = form.fields.iter().position(|field| field.name == name);
        // In a pool of addresses the address is the user name.
        let at = at.or_else(|| {
            let address = matches!(name.as_str(), "attribute.email" | "attribute.phone_number");
            address.then(|| form.fields.iter().position(|field| field.name == "username")).flatten()
        });
        if let Some(field) = at.and_then(|at| form.fields.get_mut(at)) {
            field.error = Some(said.clone());
        }
    }
    form.refused(Some(said))
}

/// The field that a refusal names, if it names one.
fn blamed(error: &Error) -> Option<String> {
    let attribute = |name: &str| Some(format!("attribute.{name}"));
    let message = error.message();
    if error.is(ErrorCode::InvalidPasswordException) || error.is(ErrorCode::PasswordHistoryPolicyViolationException) {
        return Some("password".to_owned());
    }
    if let Some((_, rest)) = message.split_once(" at '") {
        let member = rest.split('\'').next().unwrap_or_default();
        return Some(if member == "temporaryPassword" { "password".to_owned() } else { member.to_owned() });
    }
    for before in ["Attributes did not conform to the schema: ", "Invalid user attributes: ", "user."] {
        if let Some(rest) = message.strip_prefix(before) {
            // A custom attribute's name has a colon of its own, and what follows a name begins with a space.
            return attribute(rest.split(": ").next().unwrap_or_default());
        }
    }
    if let Some(kind) = message.strip_prefix("An account with the given ") {
        return attribute(kind.split(' ').next().unwrap_or_default());
    }
    match message {
        "Invalid email address format." => attribute("email"),
        "Invalid phone number format." => attribute("phone_number"),
        "User does not exist." => Some("username".to_owned()),
        _ if message.starts_with("User does not have") || message.starts_with("Choose where") => Some("invite".to_owned()),
        _ if message.starts_with("Username") || error.is(ErrorCode::UsernameExistsException) => Some("username".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_said_at_its_field() {
        for (message, field) in [
            ("1 validation error detected: Value at 'username' failed to satisfy constraint: x", Some("username")),
            ("1 validation error detected: Value at 'temporaryPassword' failed to satisfy constraint: x", Some("password")),
            ("Attributes did not conform to the schema: custom:plan: String cannot be longer", Some("attribute.custom:plan")),
            ("user.name: Attribute cannot be updated.", Some("attribute.name")),
            ("An account with the given email already exists.", Some("attribute.email")),
            ("Username should be an email.", Some("username")),
            ("User does not have an email address to send the invitation to", Some("invite")),
            ("Invalid phone number format.", Some("attribute.phone_number")),
            ("Something else.", None),
        ] {
            assert_eq!(blamed(&Error::invalid_parameter(message)).as_deref(), field, "{message}");
        }
    }
}
