//! Where a text is found, by operations that answer from an index or from the first page of a list. Bounded however much there is:
//! in [`POOLS_MAX`] pools, the newest [`events::SEARCHED`] events, [`SHOWN_MAX`] results of a kind. Called by the page.

use std::collections::HashSet;

use poolhouse_engine::delivery::inbox::Filter;
use poolhouse_engine::error::Error;
use poolhouse_engine::pools::{self, Pool};
use poolhouse_wire::ErrorCode;
use serde_json::{Value as Json, json};

use crate::console::kit::json::{list, text};
use crate::console::kit::paths;
use crate::console::kit::view::Value;
use crate::console::kit::visit::Visit;
use crate::console::{events, inbox, users};

/// Pools that are looked into; ListUserPools gives no more at a time. So do the lists of app clients and groups.
pub const POOLS_MAX: usize = 60;
/// Results of a kind.
pub const SHOWN_MAX: usize = 20;

/// Results of one kind.
#[derive(Default)]
pub struct Hits {
    pub rows: Vec<Vec<Value>>,
    /// Whether there was one more than are shown.
    pub more: bool,
    /// Whether a pool has more of the kind than were looked at by name.
    pub partly: bool,
}

impl Hits {
    fn add(&mut self, row: Vec<Value>) {
        if self.rows.len() < SHOWN_MAX {
            self.rows.push(row);
        } else {
            self.more = true;
        }
    }
}

/// What was found, a kind each.
#[derive(Default)]
pub struct Found {
    pub pools: Hits,
    pub clients: Hits,
    pub users: Hits,
    pub groups: Hits,
    pub domains: Hits,
    pub events: Hits,
    pub messages: Hits,
    /// Pools that were looked into.
    pub looked_into: usize,
    /// Whether there are more pools than that.
    pub more_pools: bool,
}

/// Looks for `words` everywhere.
///
/// # Errors
/// A store that does not answer.
pub async fn all(visit: &mut Visit, words: &str) -> Result<Found, Error> {
    let listed = visit.call("ListUserPools", json!({ "MaxResults": POOLS_MAX })).await?;
    let mut found = Found { more_pools: !text(&listed, "NextToken").is_empty(), ..Found::default() };
    found.looked_into = list(&listed, "UserPools").len();
    find_domain(visit, words, &mut found.domains).await?;
    for row in events::search(visit, words, SHOWN_MAX).await? {
        found.events.add(row);
    }
    let filter = Filter { text: Some(words.to_owned()), ..Filter::default() };
    for message in inbox::newest(visit, &filter).await? {
        found.messages.add(inbox::row(&visit.ctx, &message));
    }
    let mut by_id = false;
    for pool in list(&listed, "UserPools") {
        let (id, name) = (text(pool, "Id"), text(pool, "Name"));
        by_id |= id == words;
        if id == words || contains(name, words) {
            found.pools.add(pool_row(pool));
        }
        // It may have been deleted since it was listed.
        let Some(pool) = pools::find(&visit.ctx, id).await? else { continue };
        find_clients(visit, &pool, words, &mut found.clients).await?;
        find_groups(visit, &pool, words, &mut found.groups).await?;
        find_users(visit, &pool, words, &mut found.users).await?;
    }
    if !by_id && let Some(pool) = one(visit, "DescribeUserPool", json!({ "UserPoolId": words }), "UserPool").await? {
        found.pools.add(pool_row(&pool));
    }
    Ok(found)
}

/// The answer's member, or nothing where no such thing is there or can be.
async fn one(visit: &Visit, operation: &'static str, input: Json, member: &str) -> Result<Option<Json>, Error> {
    match visit.call_aside(operation, input).await {
        Ok(answer) => Ok(answer.get(member).cloned()),
        Err(error) if error.is(ErrorCode::ResourceNotFoundException) || error.is(ErrorCode::InvalidParameterException) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Without regard to capitals.
fn contains(name: &str, words: &str) -> bool {
    name.to_lowercase().contains(&words.to_lowercase())
}

fn pool_row(pool: &Json) -> Vec<Value> {
    let id = text(pool, "Id");
    vec![Value::link(text(pool, "Name"), &paths::pool(id, "")), Value::copy(id)]
}

fn link_to(pool: &Pool) -> Value {
    Value::link(pool.document.name.as_deref().unwrap_or(&pool.id), &paths::pool(&pool.id, ""))
}

async fn find_domain(visit: &Visit, words: &str, hits: &mut Hits) -> Result<(), Error> {
    let input = json!({ "Domain": words.to_lowercase() });
    let described = one(visit, "DescribeUserPoolDomain", input, "DomainDescription").await?.unwrap_or_default();
    let pool = text(&described, "UserPoolId");
    if !pool.is_empty() {
        let domain = Value::link(text(&described, "Domain"), &paths::pool(pool, "/domain"));
        hits.add(vec![domain, Value::link(pool, &paths::pool(pool, ""))]);
    }
    Ok(())
}

async fn find_clients(visit: &Visit, pool: &Pool, words: &str, hits: &mut Hits) -> Result<(), Error> {
    if hits.more {
        return Ok(());
    }
    let listed = visit.call_aside("ListUserPoolClients", json!({ "UserPoolId": pool.id, "MaxResults": POOLS_MAX })).await?;
    let mut clients = list(&listed, "UserPoolClients").to_vec();
    if !text(&listed, "NextToken").is_empty() {
        hits.partly = true;
        if !clients.iter().any(|client| text(client, "ClientId") == words) {
            let input = json!({ "UserPoolId": pool.id, "ClientId": words });
            clients.extend(one(visit, "DescribeUserPoolClient", input, "UserPoolClient").await?);
        }
    }
    for client in &clients {
        let (id, name) = (text(client, "ClientId"), text(client, "ClientName"));
        if id == words || contains(name, words) {
            hits.add(vec![Value::link(name, &paths::client(&pool.id, id, "")), Value::copy(id), link_to(pool)]);
        }
    }
    Ok(())
}

async fn find_groups(visit: &Visit, pool: &Pool, words: &str, hits: &mut Hits) -> Result<(), Error> {
    if hits.more {
        return Ok(());
    }
    let listed = visit.call_aside("ListGroups", json!({ "UserPoolId": pool.id, "Limit": POOLS_MAX })).await?;
    let mut groups = list(&listed, "Groups").to_vec();
    if !text(&listed, "NextToken").is_empty() {
        hits.partly = true;
        if !groups.iter().any(|group| text(group, "GroupName") == words) {
            groups.extend(one(visit, "GetGroup", json!({ "UserPoolId": pool.id, "GroupName": words }), "Group").await?);
        }
    }
    for group in &groups {
        let name = text(group, "GroupName");
        if contains(name, words) {
            hits.add(vec![Value::link(name, &paths::group(&pool.id, name, "")), link_to(pool)]);
        }
    }
    Ok(())
}

async fn find_users(visit: &Visit, pool: &Pool, words: &str, hits: &mut Hits) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for filter in conditions(words) {
        if hits.more {
            return Ok(());
        }
        // One more than are shown, so that even if all of the others were seen already, it is known whether there are more.
        let input = json!({ "UserPoolId": pool.id, "Filter": filter, "Limit": SHOWN_MAX + 1 });
        let listed = visit.call_aside("ListUsers", input).await?;
        for user in list(&listed, "Users") {
            let username = text(user, "Username").to_owned();
            if !seen.contains(&username) {
                let sub = users::attributes_of(user).remove("sub").unwrap_or_default();
                let name = Value::link(&users::name_of(pool, user), &paths::user(&pool.id, &username, ""));
                hits.add(vec![name, Value::copy(&sub), users::status(user), link_to(pool)]);
                seen.insert(username);
            }
        }
    }
    Ok(())
}

/// The filters of ListUsers that may find a user by these words; each is answered by an index. Fewer where the words have the shape
/// of something.
fn conditions(words: &str) -> Vec<String> {
    let begins = |attribute: &str| users::condition(attribute, "^=", words);
    if is_uuid(words) {
        return vec![users::condition("sub", "=", words), users::condition("username", "=", words)];
    }
    let mut all = vec![begins("username"), begins("email")];
    if words.starts_with('+') {
        all.push(begins("phone_number"));
    } else if words.bytes().all(|byte| byte.is_ascii_digit()) {
        all.push(users::condition("phone_number", "^=", &format!("+{words}")));
    }
    if !words.contains('@') {
        all.extend(["name", "given_name", "family_name", "preferred_username"].map(begins));
    }
    all
}

fn is_uuid(words: &str) -> bool {
    let hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    words.len() == 36
        && words.bytes().enumerate().all(|(at, byte)| if hyphen(at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

#[cfg(test)]
mod tests {
    use super::conditions;

    #[test]
    fn the_shape_of_the_words_says_what_is_asked() {
        let sub = "d3e0a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b";
        assert_eq!(conditions(sub), [format!("sub = \"{sub}\""), format!("username = \"{sub}\"")]);
        assert_eq!(conditions("ada@"), ["username ^= \"ada@\"", "email ^= \"ada@\""]);
        assert_eq!(conditions("4930").get(2).map(String::as_str), Some("phone_number ^= \"+4930\""));
        assert_eq!(conditions("Ada").len(), 6);
    }

    #[test]
    fn sec_114_quotes_stay_text() {
        assert_eq!(conditions(r#"@" or \"#), [r#"username ^= "@\" or \\""#, r#"email ^= "@\" or \\""#]);
    }
}
