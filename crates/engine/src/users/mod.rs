//! Users: finding them by any of their sign-in names, and what a user is. Owns attributes, aliases, codes, attempt
//! counters and passwords at rest; called by the sign-in machine, the OAuth endpoints and the user operations.
use std::collections::BTreeMap;

use poolhouse_store::tables::users::{self as table, UserRow};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{AttributeType, UserStatusType, UserType};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::Pool;

pub mod aliases;
pub mod attempts;
pub mod attributes;
pub mod changes;
pub mod codes;
pub mod passwords;
pub mod save;
pub mod usernames;

/// A user: its row, and its attributes parsed. Attributes never hold `sub`; it is the row's.
#[derive(Debug, Clone)]
pub struct User {
    pub row: UserRow,
    pub attributes: BTreeMap<String, String>,
}

impl User {
    /// A user who was not there before: enabled, without a password. Nothing is stored yet.
    pub fn new(
        pool: &Pool,
        identity: usernames::Identity,
        status: UserStatusType,
        attributes: BTreeMap<String, String>,
        now: i64,
    ) -> Self {
        let row = UserRow {
            pool_id: pool.id.clone(),
            sub: identity.sub,
            username: identity.username,
            status: status.as_str().to_owned(),
            enabled: true,
            created_at: now,
            modified_at: now,
            version: 1,
            ..UserRow::default()
        };
        Self { row, attributes }
    }

    pub fn from_row(row: UserRow) -> Result<Self> {
        let attributes = serde_json::from_str(&row.attributes)
            .map_err(|e| Error::internal(format!("user {}: its attributes do not parse: {e}", row.sub)))?;
        Ok(Self { row, attributes })
    }

    pub fn sub(&self) -> &str {
        &self.row.sub
    }

    /// The internal user name: what tokens and SRP call the user.
    pub fn username(&self) -> &str {
        &self.row.username
    }

    pub fn status(&self) -> Result<UserStatusType> {
        self.row.status.parse().map_err(|_| Error::internal(format!("user {}: unknown status {}", self.row.sub, self.row.status)))
    }

    pub fn enabled(&self) -> bool {
        self.row.enabled
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The addresses this user may have typed to sign in.
    pub fn addresses(&self) -> impl Iterator<Item = String> + '_ {
        ["email", "phone_number", "preferred_username"].into_iter().filter_map(|name| self.attribute(name).map(str::to_owned))
    }

    /// Whether `email` or `phone_number` was proven: `{attribute}_verified` is `true`.
    pub fn verified(&self, attribute: &str) -> bool {
        self.attribute(&format!("{attribute}_verified")) == Some("true")
    }

    /// All attributes with `sub`, as the API lists them.
    pub fn attribute_list(&self) -> Vec<AttributeType> {
        let sub = ("sub".to_owned(), self.row.sub.clone());
        let others = self.attributes.iter().map(|(name, value)| (name.clone(), value.clone()));
        std::iter::once(sub).chain(others).map(|(name, value)| AttributeType { name, value: Some(value.into()) }).collect()
    }

    /// Writes the attributes back into the row: the JSON document and the columns that are searched.
    pub fn store_attributes(&mut self) -> Result<()> {
        self.row.attributes =
            serde_json::to_string(&self.attributes).map_err(|e| Error::internal(format!("attributes do not serialise: {e}")))?;
        let column = |name: &str| self.attributes.get(name).cloned();
        self.row.email = column("email");
        self.row.phone_number = column("phone_number");
        self.row.name = column("name");
        self.row.given_name = column("given_name");
        self.row.family_name = column("family_name");
        self.row.preferred_username = column("preferred_username");
        Ok(())
    }

    /// The user as administrators see it (UserType).
    pub fn view(&self) -> Result<UserType> {
        Ok(UserType {
            username: Some(self.row.username.clone().into()),
            attributes: Some(self.attribute_list()),
            user_create_date: Some(poolhouse_wire::Timestamp(self.row.created_at)),
            user_last_modified_date: Some(poolhouse_wire::Timestamp(self.row.modified_at)),
            enabled: Some(self.row.enabled),
            user_status: Some(self.status()?),
            mfa_options: None,
        })
    }
}

/// The user that signs in with this name: user name, or an address or alias that is a sign-in name in this pool.
/// Unverified aliases are no sign-in names (checklist 89).
pub async fn find(ctx: &Ctx, pool: &Pool, name: &str) -> Result<Option<User>> {
    // From a form anybody may send; NUL is no text to PostgreSQL and would be an internal error there.
    if name.contains('\0') {
        return Ok(None);
    }
    let mut reader = ctx.store().reader().await?;
    let key = aliases::sign_in_key(pool, name);
    let row = table::by_sign_in_name(&mut reader, &pool.id, &key).await?;
    row.map(User::from_row).transpose()
}

/// As [`find`], for administration, which may also name a user by its sub (API reference, AdminGetUser).
pub async fn find_by_name_or_sub(ctx: &Ctx, pool: &Pool, name: &str) -> Result<Option<User>> {
    if let Some(user) = find(ctx, pool, name).await? {
        return Ok(Some(user));
    }
    by_sub(ctx, pool, name).await
}

/// The user of an administrative call, or `User does not exist.` (observed).
pub async fn require(ctx: &Ctx, pool: &Pool, name: &str) -> Result<User> {
    find_by_name_or_sub(ctx, pool, name).await?.ok_or_else(does_not_exist)
}

pub async fn by_sub(ctx: &Ctx, pool: &Pool, sub: &str) -> Result<Option<User>> {
    let mut reader = ctx.store().reader().await?;
    table::get(&mut reader, &pool.id, sub).await?.map(User::from_row).transpose()
}

pub fn does_not_exist() -> Error {
    Error::new(ErrorCode::UserNotFoundException, "User does not exist.")
}

#[cfg(test)]
mod store_tests;

/// Users for unit tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::UserRow;

    /// A confirmed user without attributes.
    pub fn row(username: &str) -> UserRow {
        UserRow {
            pool_id: "eu-west-1_abcdefghi".to_owned(),
            sub: "11111111-1111-4111-8111-111111111111".to_owned(),
            username: username.to_owned(),
            status: "CONFIRMED".to_owned(),
            enabled: true,
            email: None,
            phone_number: None,
            name: None,
            given_name: None,
            family_name: None,
            preferred_username: None,
            attributes: "{}".to_owned(),
            password_hash: None,
            srp_sealed: None,
            temporary_expires_at: None,
            signed_out_at: 0,
            created_at: 0,
            modified_at: 0,
            version: 1,
        }
    }
}
