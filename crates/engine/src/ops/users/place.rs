//! A user as a seed file wants it: with its sub, status and password or password record. No operation does this:
//! AdminCreateUser mints the sub and chooses the status, and none takes a record. Told apart in [`standing`], which changes
//! nothing, and [`place`]. No message is sent. Called by the server's seeds inside `Ctx::change`.
use std::collections::BTreeMap;

use poolhouse_wire::types::UserStatusType;

use super::admin_create_user::insert;
use super::{With, change};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::password_policy::{self, Wording};
use crate::pools::{self, Pool, SignInKind};
use crate::users::passwords::Prepared;
use crate::users::{self, User, aliases, attributes, passwords, usernames};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What is to be true of a user; what is `None` or not named stays as it is.
#[derive(Clone)]
pub struct Placed {
    pub sub: String,
    /// Whether a user of this name with another sub is another user. Else the sub is only for a new one.
    pub sub_is_fixed: bool,
    /// The chosen name, or the address in pools that sign in with one.
    pub username: String,
    /// An empty value deletes.
    pub attributes: BTreeMap<String, String>,
    /// CONFIRMED for a new user.
    pub status: Option<UserStatusType>,
    pub enabled: Option<bool>,
    pub password: Password,
}

/// The password of a [`Placed`].
#[derive(Clone)]
pub enum Password {
    Kept,
    Plain(String),
    /// A record under this house's master keys, as [`record`] tells it.
    Record(String),
}

/// How a user stands to what is wanted.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    Absent,
    /// The sub of the user, and what would change: a member's name, what it is, what it would be. Empty: nothing.
    Present(String, Vec<Change>),
}

/// One member; values of secrets are never told.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub member: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// How the user stands; nothing is changed. Costs a password hash where a plain password has to be compared.
///
/// # Errors
/// What [`place`] would refuse for an existing user: a name that is another's, a password against the policy, a record of other
/// master keys, an attribute outside the schema.
pub async fn standing(ctx: &Ctx, pool_id: &str, wanted: &Placed) -> Result<Standing> {
    let pool = pools::load(ctx, pool_id).await?;
    let wanted = &complete(&pool, wanted)?;
    check_password(ctx, &pool, wanted)?;
    let Some(user) = found(ctx, &pool, wanted).await? else { return Ok(Standing::Absent) };
    attributes::check_change(&pool, &user, &wanted.attributes)?;
    let mut changed = user.clone();
    edit(ctx, &pool, wanted, &mut changed);
    let mut changes = differences(&user, &changed);
    if !has_password(ctx, &user, wanted).await? {
        changes.push(Change { member: "password".to_owned(), from: None, to: None });
    }
    Ok(Standing::Present(user.row.sub, changes))
}

/// Makes the user, or brings it in line. Returns its sub.
///
/// # Errors
/// As the operations that it stands in for; nothing was changed then.
pub async fn place(ctx: &Ctx, pool_id: &str, wanted: &Placed) -> Result<String> {
    let pool = pools::load(ctx, pool_id).await?;
    let wanted = &complete(&pool, wanted)?;
    check_password(ctx, &pool, wanted)?;
    match found(ctx, &pool, wanted).await? {
        None => create(ctx, &pool, wanted).await,
        Some(user) => update(ctx, &pool, wanted, user).await,
    }
}

/// The password record of a user, for an operator who takes users elsewhere under the same master keys.
///
/// # Errors
/// There is no such user.
pub async fn record(ctx: &Ctx, pool_id: &str, sub: &str) -> Result<Option<String>> {
    let pool = pools::load(ctx, pool_id).await?;
    let user = users::by_sub(ctx, &pool, sub).await?.ok_or_else(users::does_not_exist)?;
    Ok(user.row.password_hash)
}

/// With the address that signs in among the attributes.
fn complete(pool: &Pool, wanted: &Placed) -> Result<Placed> {
    let mut wanted = wanted.clone();
    if wanted.attributes.contains_key("sub") {
        return Err(Error::not_authorized("Cannot modify the non-mutable attribute sub"));
    }
    usernames::assign(pool, wanted.sub.clone(), &wanted.username, &mut wanted.attributes)?;
    Ok(wanted)
}

fn check_password(ctx: &Ctx, pool: &Pool, wanted: &Placed) -> Result<()> {
    match &wanted.password {
        Password::Kept => Ok(()),
        Password::Plain(password) => password_policy::check(&pool.password_policy(), password, Wording::Set),
        // A record that cannot be verified would lock its user out without a word.
        Password::Record(record) => ctx.engine.keys.passwords.check(record).map_err(|_| {
            Error::invalid_parameter("The password hash was not made under this server's master keys, or is of another form.")
        }),
    }
}

async fn found(ctx: &Ctx, pool: &Pool, wanted: &Placed) -> Result<Option<User>> {
    let by_sub = users::by_sub(ctx, pool, &wanted.sub).await?;
    // An alias is no user name: whoever has it keeps it, and the new user is refused.
    let same = |user: &User| aliases::sign_in_key(pool, user.username()) == aliases::sign_in_key(pool, &wanted.username);
    let chosen = pool.sign_in_kind() == SignInKind::Username;
    let by_name = users::find(ctx, pool, &wanted.username).await?.filter(|user| !chosen || same(user));
    let conflict = |text: String| Err(Error::invalid_parameter(text));
    match (by_sub, by_name) {
        (Some(user), _) if chosen && !same(&user) => {
            conflict(format!("The user with sub {} is called {}, which cannot be changed.", user.sub(), user.username()))
        }
        (Some(user), Some(other)) if user.sub() != other.sub() => {
            conflict(format!("{} signs in the user with sub {}, not the one with {}.", wanted.username, other.sub(), user.sub()))
        }
        (None, Some(user)) if wanted.sub_is_fixed => {
            conflict(format!("The user {} has the sub {}, which cannot be changed.", wanted.username, user.sub()))
        }
        (Some(user), _) | (None, Some(user)) => Ok(Some(user)),
        (None, None) => Ok(None),
    }
}

async fn create(ctx: &Ctx, pool: &Pool, wanted: &Placed) -> Result<String> {
    let mut attributes = wanted.attributes.clone();
    let identity = usernames::assign(pool, wanted.sub.clone(), &wanted.username, &mut attributes)?;
    attributes.retain(|_, value| !value.is_empty());
    attributes::check_values(pool, &attributes)?;
    let mut user = User::new(pool, identity, UserStatusType::Confirmed, attributes, ctx.now);
    edit(ctx, pool, wanted, &mut user);
    if let Some(new) = prepare(ctx, pool, &user, wanted).await? {
        put(ctx, pool, &mut user, new);
    }
    insert(ctx, pool, &mut user, false).await?;
    Ok(user.row.sub)
}

async fn update(ctx: &Ctx, pool: &Pool, wanted: &Placed, user: User) -> Result<String> {
    let new = match has_password(ctx, &user, wanted).await? {
        true => None,
        false => prepare(ctx, pool, &user, wanted).await?,
    };
    change(ctx, pool, user.sub(), |current| {
        // The name may meanwhile lead to another user; this password was made for one.
        if current.sub() != user.sub() {
            return Err(users::does_not_exist());
        }
        attributes::check_change(pool, current, &wanted.attributes)?;
        let before = current.clone();
        edit(ctx, pool, wanted, current);
        if let Some(new) = &new {
            put(ctx, pool, current, new.clone());
        }
        let lost = ["email", "phone_number"].into_iter().filter(|name| before.attribute(name) != current.attribute(name));
        Ok(With {
            lost: lost.filter_map(|name| before.attribute(name).map(str::to_owned)).collect(),
            new_password: new.is_some(),
            sign_out: before.enabled() && !current.enabled(),
            ..With::default()
        })
    })
    .await?;
    Ok(user.row.sub)
}

/// Everything but the password.
fn edit(ctx: &Ctx, pool: &Pool, wanted: &Placed, user: &mut User) {
    for (name, value) in &wanted.attributes {
        let proof = format!("{name}_verified");
        let address = matches!(name.as_str(), "email" | "phone_number");
        // A new address is not proven by the proof of the old one (checklist 91).
        if address && user.attribute(name).is_some_and(|old| old != value) && !wanted.attributes.contains_key(&proof) {
            user.attributes.insert(proof, "false".to_owned());
        }
        match value.is_empty() {
            true => drop(user.attributes.remove(name)),
            false => drop(user.attributes.insert(name.clone(), value.clone())),
        }
    }
    if let Some(status) = wanted.status {
        let new = status.as_str();
        if user.row.status != new {
            user.row.status = new.to_owned();
            let temporary = status == UserStatusType::ForceChangePassword;
            user.row.temporary_expires_at = temporary.then(|| ctx.now + pool.temporary_password_days() * DAY_MS);
        }
    }
    user.row.enabled = wanted.enabled.unwrap_or(user.row.enabled);
}

#[derive(Clone)]
enum New {
    Prepared(Prepared),
    Record(String),
}

async fn prepare(ctx: &Ctx, pool: &Pool, user: &User, wanted: &Placed) -> Result<Option<New>> {
    Ok(match &wanted.password {
        Password::Kept => None,
        Password::Plain(password) => Some(New::Prepared(passwords::prepare(ctx, pool, user, password).await?)),
        Password::Record(record) => Some(New::Record(record.clone())),
    })
}

fn put(ctx: &Ctx, pool: &Pool, user: &mut User, new: New) {
    match new {
        New::Prepared(prepared) => prepared.put_into(&mut user.row),
        New::Record(record) => {
            user.row.password_hash = Some(record);
            // It was another password's; a new one is made at the next sign-in by plain password.
            user.row.srp_sealed = None;
        }
    }
    if user.row.status == UserStatusType::ForceChangePassword.as_str() {
        user.row.temporary_expires_at = Some(ctx.now + pool.temporary_password_days() * DAY_MS);
    }
}

async fn has_password(ctx: &Ctx, user: &User, wanted: &Placed) -> Result<bool> {
    match &wanted.password {
        Password::Kept => Ok(true),
        Password::Plain(password) => passwords::verify(ctx, Some(user), password).await,
        Password::Record(record) => Ok(user.row.password_hash.as_ref() == Some(record)),
    }
}

fn differences(old: &User, new: &User) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut compare = |member: String, from: Option<String>, to: Option<String>| {
        if from != to {
            changes.push(Change { member, from, to });
        }
    };
    compare("status".to_owned(), Some(old.row.status.clone()), Some(new.row.status.clone()));
    compare("enabled".to_owned(), Some(old.enabled().to_string()), Some(new.enabled().to_string()));
    let mut names: Vec<&String> = old.attributes.keys().chain(new.attributes.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        compare(format!("attributes.{name}"), old.attributes.get(name).cloned(), new.attributes.get(name).cloned());
    }
    changes
}
