//! NEW_PASSWORD_REQUIRED: a user with a temporary password chooses their own, and gives the required attributes that
//! are missing.
use std::collections::BTreeMap;

use poolhouse_store::tables::challenge_sessions as table;
use poolhouse_wire::types::{ChallengeNameType, UserStatusType};
use serde::{Deserialize, Serialize};

use super::{Challenge, SignedIn, Step, may_sign_in, session};
use crate::clients::Client;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::password_policy::{self, Wording};
use crate::pools::{Pool, schema};
use crate::users::save::{self, Saved};
use crate::users::{self, User, aliases, attributes, passwords};

/// The prefix of attributes in challenge parameters and responses.
const PREFIX: &str = "userAttributes.";

#[derive(Serialize, Deserialize)]
struct Pending {}

/// Asks for a new password.
pub(super) async fn ask(ctx: &Ctx, pool: &Pool, client: &Client, user: &User) -> Result<Challenge> {
    let missing: Vec<String> = missing_attributes(pool, user).into_iter().map(|name| format!("{PREFIX}{name}")).collect();
    let session = session::put(ctx, pool, client, ChallengeNameType::NewPasswordRequired, Some(user.sub()), &Pending {}).await?;
    let json = |value: serde_json::Result<String>| value.map_err(|e| Error::internal(e.to_string()));
    let parameters = BTreeMap::from([
        ("USER_ID_FOR_SRP".to_owned(), user.username().to_owned()),
        ("requiredAttributes".to_owned(), json(serde_json::to_string(&missing))?),
        ("userAttributes".to_owned(), json(serde_json::to_string(&user.attributes))?),
    ]);
    Ok(Challenge { name: ChallengeNameType::NewPasswordRequired, parameters, session: Some(session) })
}

/// Required attributes of the schema that the user does not have.
pub fn missing_attributes(pool: &Pool, user: &User) -> Vec<String> {
    schema::required(pool).filter(|name| user.attribute(name).is_none_or(str::is_empty)).map(str::to_owned).collect()
}

/// The user a session asks for a new password, for a page that shows the form again.
pub async fn user_of(ctx: &Ctx, pool: &Pool, client: &Client, session: &str) -> Result<User> {
    let open: session::Open<Pending> = session::open(ctx, pool, client, ChallengeNameType::NewPasswordRequired, session).await?;
    let sub = open.sub.ok_or_else(super::incorrect)?;
    users::by_sub(ctx, pool, &sub).await?.ok_or_else(super::incorrect)
}

/// Takes the new password. A refused password leaves the session open, so that the user can choose another; the write
/// that accepts one uses it up (an answer sent twice sets one password).
pub async fn answer(
    ctx: &Ctx,
    pool: &Pool,
    client: &Client,
    session: &str,
    new_password: &str,
    given: &BTreeMap<String, String>,
) -> Result<Step> {
    let open: session::Open<Pending> = session::open(ctx, pool, client, ChallengeNameType::NewPasswordRequired, session).await?;
    let sub = open.sub.ok_or_else(super::incorrect)?;
    let mut user = users::by_sub(ctx, pool, &sub).await?.ok_or_else(super::incorrect)?;
    ctx.concerns("Username", user.username());
    may_sign_in(ctx, &user)?;
    if user.status()? != UserStatusType::ForceChangePassword {
        return Err(session::used());
    }
    apply_attributes(pool, client, &mut user, given)?;
    password_policy::check(&pool.password_policy(), new_password, Wording::Set)?;
    if passwords::is_reused(ctx, pool, &user, new_password).await? {
        return Err(passwords::already_used());
    }
    let stored = passwords::prepare(ctx, pool, &user, new_password).await?;
    stored.put_into(&mut user.row);
    user.row.status = UserStatusType::Confirmed.as_str().to_owned();
    user.row.temporary_expires_at = None;
    user.row.modified_at = ctx.now;
    user.store_attributes()?;
    let names = aliases::names_of(pool, &user)?;
    let (row, hash, now) = (user.row.clone(), open.hash, ctx.now);
    let saved = ctx
        .store()
        .write(async move |tx| {
            let saved = save::update(tx, &row, &names).await?;
            // The session goes with the change, or neither does: NoRow rolls the change back.
            if saved == Saved::Done {
                table::take(tx, &hash, now).await?.ok_or(poolhouse_store::Error::NoRow)?;
            }
            Ok(saved)
        })
        .await;
    match saved {
        Err(poolhouse_store::Error::NoRow) => Err(session::used()),
        Err(other) => Err(other.into()),
        // A conflict here is the other of two answers to this session.
        Ok(Saved::Conflict) => Err(session::used()),
        Ok(Saved::NameTaken(kind)) => Err(attributes::alias_exists(kind)),
        Ok(Saved::Done) => {
            user.row.version += 1;
            ctx.signed_in(user.sub());
            ctx.engine.metrics.sign_in("signed_in");
            Ok(Step::SignedIn(SignedIn { user, auth_time: ctx.now / 1000 }))
        }
    }
}

/// Attributes may be added and changed here as the client's WriteAttributes allow; an address that is already there
/// may not be changed (observed).
fn apply_attributes(pool: &Pool, client: &Client, user: &mut User, given: &BTreeMap<String, String>) -> Result<()> {
    let new: BTreeMap<String, String> =
        given.iter().filter_map(|(k, v)| k.strip_prefix(PREFIX).map(|name| (name.to_owned(), v.clone()))).collect();
    for address in ["email", "phone_number"] {
        if new.contains_key(address) && user.attribute(address).is_some_and(|old| new.get(address).is_some_and(|v| v != old)) {
            return Err(Error::not_authorized(format!("Cannot modify an already provided {address}")));
        }
    }
    if let Some(name) = missing_attributes(pool, user).into_iter().find(|name| new.get(name).is_none_or(String::is_empty)) {
        return Err(Error::invalid_parameter(format!("Invalid attributes given, {name} is missing")));
    }
    attributes::check_client_may_write(pool, client, new.keys())?;
    attributes::check_values(pool, &new)?;
    attributes::check_mutable(pool, user, &new)?;
    user.attributes.extend(new);
    Ok(())
}
