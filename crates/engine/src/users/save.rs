//! Writing users: the row and its sign-in names change together or not at all, and a name never has two owners
//! (checklist 89, 155). Called inside the writes of whoever changes a user.
use std::collections::BTreeMap;

use poolhouse_store::tables::sign_in_names::{self as names_table, SignInNameRow};
use poolhouse_store::tables::users::{self as table, UserRow};
use poolhouse_store::tables::{authorization_codes, browser_sessions, challenge_sessions, codes, refresh};
use poolhouse_store::{Error as StoreError, Result, Tx};

use super::aliases::SignInName;
use super::attempts;

/// What became of a write. Anything but `Done` has changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    Done,
    /// The user is gone or was changed since it was read: read again.
    Conflict,
    /// Another user signs in with this name; its kind among the names that were asked for.
    NameTaken(&'static str),
}

/// Adds a user with its names.
pub async fn insert(tx: &mut Tx, row: &UserRow, names: &[SignInName]) -> Result<Saved> {
    if let Some(kind) = taken(tx, row, names).await? {
        return Ok(Saved::NameTaken(kind));
    }
    // Administrators may name a user by its sub: a user name must not be another user's.
    if row.username != row.sub && table::get(tx, &row.pool_id, &row.username).await?.is_some() {
        return Ok(Saved::NameTaken("username"));
    }
    table::insert(tx, row).await?;
    for name in names {
        claim(tx, row, name).await?;
    }
    Ok(Saved::Done)
}

/// Writes a changed user if nobody else has changed it since it was read, and brings its names up to date.
pub async fn update(tx: &mut Tx, row: &UserRow, names: &[SignInName]) -> Result<Saved> {
    if let Some(kind) = taken(tx, row, names).await? {
        return Ok(Saved::NameTaken(kind));
    }
    if !table::update(tx, row).await? {
        return Ok(Saved::Conflict);
    }
    let held = names_table::of_user(tx, &row.pool_id, &row.sub).await?;
    let same = |held: &SignInNameRow, name: &SignInName| held.name == name.key && held.kind == name.kind;
    for old in held.iter().filter(|old| !names.iter().any(|name| same(old, name))) {
        names_table::release(tx, &row.pool_id, &row.sub, &old.name).await?;
    }
    for name in names.iter().filter(|name| !held.iter().any(|old| same(old, name))) {
        claim(tx, row, name).await?;
    }
    Ok(Saved::Done)
}

/// The kind of the first name that another user has.
async fn taken(tx: &mut Tx, row: &UserRow, names: &[SignInName]) -> Result<Option<&'static str>> {
    for name in names {
        if names_table::get(tx, &row.pool_id, &name.key).await?.is_some_and(|owner| owner.sub != row.sub) {
            return Ok(Some(name.kind));
        }
    }
    Ok(None)
}

/// The index decides, not the look before: two that claim a name at the same moment on two nodes cannot both have it.
/// The loser rolls back and may try again, and then sees the owner.
async fn claim(tx: &mut Tx, row: &UserRow, name: &SignInName) -> Result<()> {
    let claim =
        SignInNameRow { pool_id: row.pool_id.clone(), name: name.key.clone(), kind: name.kind.to_owned(), sub: row.sub.clone() };
    if names_table::claim(tx, &claim).await? { Ok(()) } else { Err(StoreError::Retry) }
}

/// Takes addresses among `names` away from whoever has them as an alias, for the user about to claim them
/// (ForceAliasCreation): the old owner keeps the address, no longer verified, and signs in with it no more.
pub async fn move_names(tx: &mut Tx, pool_id: &str, sub: &str, names: &[SignInName], now: i64) -> Result<()> {
    for name in names.iter().filter(|name| matches!(name.kind, "email" | "phone_number")) {
        let Some(owner) = names_table::get(tx, pool_id, &name.key).await? else { continue };
        // Only an alias moves: nobody's user name is taken away.
        if owner.sub == sub || owner.kind != name.kind {
            continue;
        }
        let mut address = None;
        if let Some(mut row) = table::get(tx, pool_id, &owner.sub).await? {
            let mut attributes: BTreeMap<String, String> =
                serde_json::from_str(&row.attributes).map_err(|e| StoreError::Db(format!("attributes of a user: {e}")))?;
            attributes.insert(format!("{}_verified", name.kind), "false".to_owned());
            address = attributes.get(name.kind).cloned();
            row.attributes = serde_json::to_string(&attributes).map_err(|e| StoreError::Db(e.to_string()))?;
            row.modified_at = now;
            if !table::update(tx, &row).await? {
                return Err(StoreError::Retry);
            }
        }
        names_table::release(tx, pool_id, &owner.sub, &name.key).await?;
        // Whoever reads mail there now must not get into the old owner's account with a code of theirs (checklist 82).
        if let Some(address) = address {
            codes::delete_for_destination(tx, pool_id, &owner.sub, &address).await?;
        }
    }
    Ok(())
}

/// Deletes a user and everything that could still act for it: names, memberships and codes with the row, then sessions,
/// tokens and counters (checklist 100).
pub async fn delete(tx: &mut Tx, pool_id: &str, sub: &str, now: i64) -> Result<bool> {
    refresh::revoke_by_user(tx, pool_id, sub, now).await?;
    challenge_sessions::delete_of_user(tx, pool_id, sub).await?;
    authorization_codes::delete_of_user(tx, pool_id, sub).await?;
    browser_sessions::delete_of_user(tx, pool_id, sub).await?;
    attempts::forget(tx, pool_id, sub).await?;
    table::delete(tx, pool_id, sub).await
}
