//! Users: credentials, attributes, and copies of the searchable attributes. Called by `engine::users` and `engine::auth`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One user. The columns `email` to `preferred_username` are copies out of `attributes`, for searching.
    UserRow {
        pool_id: String,
        sub: String,
        username: String,
        /// Cognito's UserStatus.
        status: String,
        enabled: bool,
        email: Option<String>,
        phone_number: Option<String>,
        name: Option<String>,
        given_name: Option<String>,
        family_name: Option<String>,
        preferred_username: Option<String>,
        /// JSON object of all attributes but `sub`.
        attributes: String,
        password_hash: Option<String>,
        srp_sealed: Option<Vec<u8>>,
        temporary_expires_at: Option<i64>,
        /// Tokens issued before are void.
        signed_out_at: i64,
        created_at: i64,
        modified_at: i64,
        /// Counts changes and guards [`update`].
        version: i64,
    }
}

macro_rules! select {
    ($tail:expr) => {
        concat!(
            "SELECT u.pool_id, u.sub, u.username, u.status, u.enabled, u.email, u.phone_number, u.name, u.given_name,
            u.family_name, u.preferred_username, u.attributes, u.password_hash, u.srp_sealed, u.temporary_expires_at,
            u.signed_out_at, u.created_at, u.modified_at, u.version FROM users u ",
            $tail
        )
    };
}
pub(super) use select;

/// A column ListUsers can filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchColumn {
    /// `sub`
    Sub,
    /// `username`
    Username,
    /// `cognito:user_status`
    Status,
    /// `email`
    Email,
    /// `phone_number`
    PhoneNumber,
    /// `name`
    Name,
    /// `given_name`
    GivenName,
    /// `family_name`
    FamilyName,
    /// `preferred_username`
    PreferredUsername,
}

impl SearchColumn {
    /// Every column.
    pub const ALL: [Self; 9] = [
        Self::Sub,
        Self::Username,
        Self::Status,
        Self::Email,
        Self::PhoneNumber,
        Self::Name,
        Self::GivenName,
        Self::FamilyName,
        Self::PreferredUsername,
    ];

    /// The column's value in `row`: together with `row.sub` the cursor of [`list_prefix`].
    #[must_use]
    pub fn value(self, row: &UserRow) -> Option<&str> {
        match self {
            Self::Sub => Some(&row.sub),
            Self::Username => Some(&row.username),
            Self::Status => Some(&row.status),
            Self::Email => row.email.as_deref(),
            Self::PhoneNumber => row.phone_number.as_deref(),
            Self::Name => row.name.as_deref(),
            Self::GivenName => row.given_name.as_deref(),
            Self::FamilyName => row.family_name.as_deref(),
            Self::PreferredUsername => row.preferred_username.as_deref(),
        }
    }

    const fn equal_sql(self) -> &'static str {
        macro_rules! sql {
            ($column:literal) => {
                select!(concat!("WHERE u.pool_id = $1 AND u.", $column, " = $2 AND u.sub > $3 ORDER BY u.sub LIMIT $4"))
            };
        }
        match self {
            Self::Sub => sql!("sub"),
            Self::Username => sql!("username"),
            Self::Status => sql!("status"),
            Self::Email => sql!("email"),
            Self::PhoneNumber => sql!("phone_number"),
            Self::Name => sql!("name"),
            Self::GivenName => sql!("given_name"),
            Self::FamilyName => sql!("family_name"),
            Self::PreferredUsername => sql!("preferred_username"),
        }
    }

    const fn prefix_sql(self) -> &'static str {
        // The cursor is the lower bound too: it starts at (prefix, ''). One range on the index, however deep the page.
        macro_rules! sql {
            ($column:literal) => {
                select!(concat!(
                    "WHERE u.pool_id = $1 AND (u.",
                    $column,
                    ", u.sub) > ($2, $3) AND u.",
                    $column,
                    " < $4
                    ORDER BY u.",
                    $column,
                    ", u.sub LIMIT $5"
                ))
            };
        }
        match self {
            Self::Sub => sql!("sub"),
            Self::Username => sql!("username"),
            Self::Status => sql!("status"),
            Self::Email => sql!("email"),
            Self::PhoneNumber => sql!("phone_number"),
            Self::Name => sql!("name"),
            Self::GivenName => sql!("given_name"),
            Self::FamilyName => sql!("family_name"),
            Self::PreferredUsername => sql!("preferred_username"),
        }
    }
}

/// Adds a user. `Unique` when the sub is taken, `Reference` when the pool is missing. Names are claimed apart.
pub async fn insert(tx: &mut Tx, row: &UserRow) -> Result<()> {
    const SQL: &str = "INSERT INTO users (pool_id, sub, username, status, enabled, email, phone_number, name, given_name,
        family_name, preferred_username, attributes, password_hash, srp_sealed, temporary_expires_at, signed_out_at,
        created_at, modified_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    let params = p![
        row.pool_id,
        row.sub,
        row.username,
        row.status,
        i64::from(row.enabled),
        row.email,
        row.phone_number,
        row.name,
        row.given_name,
        row.family_name,
        row.preferred_username,
        row.attributes,
        row.password_hash,
        row.srp_sealed,
        row.temporary_expires_at,
        row.signed_out_at,
        row.created_at,
        row.modified_at,
        row.version
    ];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The user by `sub`.
pub async fn get(tx: &mut Tx, pool_id: &str, sub: &str) -> Result<Option<UserRow>> {
    tx.opt(select!("WHERE u.pool_id = $1 AND u.sub = $2"), p![pool_id, sub]).await
}

/// The user who signs in with `name` (normalised), whatever kind of name it is.
pub async fn by_sign_in_name(tx: &mut Tx, pool_id: &str, name: &str) -> Result<Option<UserRow>> {
    const SQL: &str =
        select!("JOIN sign_in_names n ON n.pool_id = u.pool_id AND n.sub = u.sub WHERE n.pool_id = $1 AND n.name = $2");
    tx.opt(SQL, p![pool_id, name]).await
}

/// Writes the whole row but `signed_out_at` and `created_at` if the stored version is still `row.version`, and adds one
/// to it. False: the user is gone or was changed meanwhile; read again.
pub async fn update(tx: &mut Tx, row: &UserRow) -> Result<bool> {
    const SQL: &str = "UPDATE users SET username = $1, status = $2, enabled = $3, email = $4, phone_number = $5,
        name = $6, given_name = $7, family_name = $8, preferred_username = $9, attributes = $10, password_hash = $11,
        srp_sealed = $12, temporary_expires_at = $13, modified_at = $14, version = version + 1
        WHERE pool_id = $15 AND sub = $16 AND version = $17";
    let params = p![
        row.username,
        row.status,
        i64::from(row.enabled),
        row.email,
        row.phone_number,
        row.name,
        row.given_name,
        row.family_name,
        row.preferred_username,
        row.attributes,
        row.password_hash,
        row.srp_sealed,
        row.temporary_expires_at,
        row.modified_at,
        row.pool_id,
        row.sub,
        row.version
    ];
    tx.exec_one(SQL, params).await
}

/// Replaces the stored forms of an unchanged password (`None` leaves one as it is); false when it is no longer `old_hash`.
/// No change for `version`: what else is being changed goes on.
pub async fn refresh_password(
    tx: &mut Tx,
    pool_id: &str,
    sub: &str,
    old_hash: &str,
    new_hash: Option<&str>,
    new_srp: Option<&[u8]>,
) -> Result<bool> {
    const SQL: &str = "UPDATE users SET password_hash = COALESCE($1, password_hash), srp_sealed = COALESCE($2, srp_sealed)
        WHERE pool_id = $3 AND sub = $4 AND password_hash = $5";
    tx.exec_one(SQL, p![new_hash, new_srp, pool_id, sub, old_hash]).await
}

/// Deletes every SRP verifier of the pool; returns how many.
pub async fn drop_srp(tx: &mut Tx, pool_id: &str) -> Result<u64> {
    tx.exec("UPDATE users SET srp_sealed = NULL WHERE pool_id = $1 AND srp_sealed IS NOT NULL", p![pool_id]).await
}

/// Enables or disables; false when there is no such user.
pub async fn set_enabled(tx: &mut Tx, pool_id: &str, sub: &str, enabled: bool, now: i64) -> Result<bool> {
    const SQL: &str = "UPDATE users SET enabled = $1, modified_at = $2, version = version + 1
        WHERE pool_id = $3 AND sub = $4";
    tx.exec_one(SQL, p![i64::from(enabled), now, pool_id, sub]).await
}

/// Voids what was issued before `at`; never moves backwards. No change for `version`: a sign-out conflicts with nothing.
pub async fn set_signed_out(tx: &mut Tx, pool_id: &str, sub: &str, at: i64) -> Result<bool> {
    const SQL: &str = "UPDATE users SET signed_out_at = CASE WHEN signed_out_at > $1 THEN signed_out_at ELSE $1 END
        WHERE pool_id = $2 AND sub = $3";
    tx.exec_one(SQL, p![at, pool_id, sub]).await
}

/// Deletes the user with names, memberships and codes. Sessions and refresh tokens are the caller's to revoke.
pub async fn delete(tx: &mut Tx, pool_id: &str, sub: &str) -> Result<bool> {
    tx.exec_one("DELETE FROM users WHERE pool_id = $1 AND sub = $2", p![pool_id, sub]).await
}

/// A page of the pool's users by `sub`; `after` is the last sub of the page before, or "".
pub async fn list(tx: &mut Tx, pool_id: &str, after: &str, limit: i64) -> Result<Vec<UserRow>> {
    tx.all(select!("WHERE u.pool_id = $1 AND u.sub > $2 ORDER BY u.sub LIMIT $3"), p![pool_id, after, limit]).await
}

/// The subs of a page of [`list`], which an index holds: for going on where a row cannot be read.
pub async fn list_subs(tx: &mut Tx, pool_id: &str, after: &str, limit: i64) -> Result<Vec<String>> {
    tx.all("SELECT sub FROM users WHERE pool_id = $1 AND sub > $2 ORDER BY sub LIMIT $3", p![pool_id, after, limit]).await
}

/// A page of the enabled or the disabled users by `sub` (ListUsers' filter `status`).
pub async fn list_enabled(tx: &mut Tx, pool_id: &str, enabled: bool, after: &str, limit: i64) -> Result<Vec<UserRow>> {
    const ENABLED: &str = select!("WHERE u.pool_id = $1 AND u.enabled = 1 AND u.sub > $2 ORDER BY u.sub LIMIT $3");
    // Written out, and not a parameter: the index of the disabled ones is found by these words.
    const DISABLED: &str = select!("WHERE u.pool_id = $1 AND u.enabled = 0 AND u.sub > $2 ORDER BY u.sub LIMIT $3");
    tx.all(if enabled { ENABLED } else { DISABLED }, p![pool_id, after, limit]).await
}

/// A page of the users whose `column` is `value`, by `sub`.
pub async fn list_equal(
    tx: &mut Tx,
    pool_id: &str,
    column: SearchColumn,
    value: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<UserRow>> {
    tx.all(column.equal_sql(), p![pool_id, value, after, limit]).await
}

/// A page of the users whose `column` starts with `prefix`, by column and `sub`. `after` is the last row's value of the
/// column ([`SearchColumn::value`]) and its sub.
pub async fn list_prefix(
    tx: &mut Tx,
    pool_id: &str,
    column: SearchColumn,
    prefix: &str,
    after: Option<(&str, &str)>,
    limit: i64,
) -> Result<Vec<UserRow>> {
    let (value, sub) = after.filter(|(value, _)| *value >= prefix).unwrap_or((prefix, ""));
    tx.all(column.prefix_sql(), p![pool_id, value, sub, after_prefix(prefix), limit]).await
}

row! {
    /// One user's password record alone.
    PasswordRow {
        pool_id: String,
        sub: String,
        password_hash: Option<String>,
    }
}

/// A page of all users' password records by pool and `sub`; `after` is the last row's pool and sub, or two "".
pub async fn passwords(tx: &mut Tx, after: (&str, &str), limit: i64) -> Result<Vec<PasswordRow>> {
    const SQL: &str = "SELECT pool_id, sub, password_hash FROM users WHERE (pool_id, sub) > ($1, $2)
        ORDER BY pool_id, sub LIMIT $3";
    tx.all(SQL, p![after.0, after.1, limit]).await
}

/// The pool's number of users, counted up to `at_most`: a bounded walk along an index.
pub async fn count(tx: &mut Tx, pool_id: &str, at_most: i64) -> Result<i64> {
    tx.one("SELECT count(*) FROM (SELECT 1 FROM users WHERE pool_id = $1 LIMIT $2) AS found", p![pool_id, at_most]).await
}

/// The smallest string greater than all that start with `prefix`, compared bytewise.
fn after_prefix(prefix: &str) -> String {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The surrogates' range holds no characters.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            chars.push(next);
            return chars.into_iter().collect();
        }
    }
    // An empty prefix: everything but strings that start with the last code point, which is not a character.
    char::MAX.to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_bound_follows_every_string_with_the_prefix() {
        for (prefix, bound) in [("ab", "ac"), ("a\u{10FFFF}", "b"), ("\u{D7FF}", "\u{E000}"), ("", "\u{10FFFF}"), ("é", "ê")] {
            assert_eq!(super::after_prefix(prefix), bound);
            assert!(*format!("{prefix}zzz") < *bound);
        }
    }
}
