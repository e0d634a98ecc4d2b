//! Users, and the groups they are in. Several at a time, since a password costs its hash; told in the file's order. Called by
//! `seed::apply`.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use poolhouse_engine::error::Result;
use poolhouse_engine::keys::password::pepper_id;
use poolhouse_engine::ops::users::place::{self, Password, Placed, Standing};
use poolhouse_wire::ErrorCode;
use serde_json::{Map, Value};

use super::apply::Work;
use super::calls::{Calls, GROUPS_OF_USER, USERS, input, text};
use super::problem::Problem;
use super::read::{PoolSeed, UserSeed};
use super::report::{Kind, Leaf};

/// Users at a time: well below the line of one processor for password hashes.
const AT_ONCE: usize = 16;

/// What was found of a user and done to it.
struct Outcome {
    kind: Kind,
    members: Vec<Leaf>,
    /// Groups the user is in beyond the file, with the sub.
    beyond: Vec<String>,
}

impl Work<'_> {
    pub(super) async fn users(&mut self, calls: Calls<'_>, users: &[UserSeed], is_new: bool) {
        let (write, prune) = (self.options.write, self.options.prune);
        for some in users.chunks(AT_ONCE) {
            let outcomes = join_all(some.iter().map(|user| one(calls, user, is_new, write))).await;
            for (user, outcome) in some.iter().zip(outcomes) {
                let what = format!("user {} of {}", user.username, calls.pool);
                match outcome {
                    Err(error) => self.failed(user.at, &error),
                    Ok(Outcome { kind, members, beyond }) => {
                        if kind == Kind::Add || !members.is_empty() {
                            self.tell(kind, what, members);
                        }
                        for group in beyond.iter().filter(|_| prune) {
                            let ids = [("Username", user.username.as_str()), ("GroupName", group)];
                            let what = format!("user {} in group {group}", user.username);
                            self.delete(calls, user.at, "AdminRemoveUserFromGroup", &ids, what).await;
                        }
                    }
                }
            }
        }
    }

    pub(super) async fn prune_users(&mut self, calls: Calls<'_>, pool: &PoolSeed) {
        let listed = match calls.all(&USERS, &Map::new()).await {
            Ok(listed) => listed,
            Err(error) => return self.failed(pool.at, &error),
        };
        let mut kept = BTreeSet::new();
        for user in &pool.users {
            // By name, as the file does: an address leads to a user that is called otherwise.
            match calls.call("AdminGetUser", input(&[("Username", &user.username)])).await {
                Ok(found) => kept.extend(found.get("Username").and_then(|name| name.as_str()).map(str::to_owned)),
                // Not made, which was told; or only looked at.
                Err(error) if error.is(ErrorCode::UserNotFoundException) => drop(kept.insert(user.username.clone())),
                Err(error) => return self.failed(user.at, &error),
            }
        }
        let beyond = listed.iter().filter_map(|user| {
            let name = text(user, "Username").filter(|name| !kept.contains(name))?;
            Some((called(user, &name), name))
        });
        for (called, name) in beyond.collect::<BTreeSet<_>>() {
            self.delete(calls, pool.at, "AdminDeleteUser", &[("Username", &name)], format!("user {called}")).await;
        }
    }
}

/// A user that is called by its sub says nothing to a person: the address does.
fn called(user: &Map<String, Value>, name: &str) -> String {
    let held = user.get("Attributes").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let value = |wanted: &str| {
        held.iter().find(|one| one.get("Name").is_some_and(|name| name == wanted)).and_then(|one| one.get("Value")?.as_str())
    };
    match value("sub") == Some(name) {
        true => value("email").or_else(|| value("phone_number")).unwrap_or(name).to_owned(),
        false => name.to_owned(),
    }
}

async fn one(calls: Calls<'_>, user: &UserSeed, pool_is_new: bool, write: bool) -> Result<Outcome> {
    let ctx = calls.ctx();
    ctx.concerns("Username", &user.username);
    let wanted = placed(user);
    if pool_is_new && !write {
        return Ok(Outcome { kind: Kind::Add, members: Vec::new(), beyond: Vec::new() });
    }
    let standing = place::standing(&ctx, calls.pool, &wanted).await?;
    let (kind, mut members) = match &standing {
        Standing::Absent => (Kind::Add, Vec::new()),
        Standing::Present(_, changes) => (Kind::Change, changes.iter().map(leaf).collect()),
    };
    if write && (kind == Kind::Add || !members.is_empty()) {
        ctx.change("PlaceUser", place::place(&ctx, calls.pool, &wanted)).await?;
    }
    let held: BTreeSet<String> = match &standing {
        Standing::Absent => BTreeSet::new(),
        Standing::Present(sub, _) => groups(calls, sub).await?,
    };
    let named: BTreeSet<String> = user.groups.iter().cloned().collect();
    for group in named.difference(&held) {
        if write {
            calls.call("AdminAddUserToGroup", input(&[("Username", &user.username), ("GroupName", group)])).await?;
        }
        if kind == Kind::Change {
            members.push(Leaf { member: "groups".to_owned(), from: None, to: Some(group.clone()) });
        }
    }
    Ok(Outcome { kind, members, beyond: held.difference(&named).cloned().collect() })
}

fn placed(user: &UserSeed) -> Placed {
    let password = match (&user.password, &user.password_hash) {
        (Some(password), _) => Password::Plain(password.expose().to_owned()),
        (None, Some(hash)) => Password::Record(hash.expose().to_owned()),
        (None, None) => Password::Kept,
    };
    Placed {
        sub: user.sub.clone(),
        sub_is_fixed: user.sub_is_fixed,
        username: user.username.clone(),
        attributes: user.attributes.clone(),
        status: user.status,
        enabled: user.enabled,
        password,
    }
}

fn leaf(change: &place::Change) -> Leaf {
    Leaf { member: change.member.clone(), from: change.from.clone(), to: change.to.clone() }
}

/// The names of the groups a user is in.
pub async fn groups(calls: Calls<'_>, username: &str) -> Result<BTreeSet<String>> {
    let listed = calls.all(&GROUPS_OF_USER, &input(&[("Username", username)])).await?;
    Ok(listed.iter().filter_map(|group| text(group, "GroupName")).collect())
}

/// Takes out of a seed what can be told only with a store's own master keys, having looked at its form.
pub fn without_records(users: &mut [UserSeed]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for user in users {
        let broken = user.password_hash.take().is_some_and(|record| pepper_id(record.expose()).is_none());
        if broken {
            let text =
                "password_hash is not a record that `poolhouse seed export --hashes` prints; other forms are not built yet";
            problems.push(Problem::new(user.at, text));
        }
    }
    problems
}
