//! A store as a seed file: every pool with everything in it, in an order that does not depend on how it came to be, so that a file
//! that is applied and exported again is the same bytes. Called by the command line.

use std::sync::Arc;

use poolhouse_engine::ctx::{Caller, Engine, region_of_pool};
use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::ops::users::place;
use poolhouse_engine::pools::schema::default_attributes;
use serde_json::{Map, Value};

use super::calls::{CLIENTS, Calls, GROUPS, SERVERS, USERS, input, text};
use super::emit::{self, Tree};
use super::form::{CLIENT_SETTINGS, DOMAIN_SETTINGS, GROUP_SETTINGS, POOL_SETTINGS, SERVER_SETTINGS, STATUSES, Settings};
use super::merge::remove;
use super::users::groups;

const HEAD: &str =
    "# yaml-language-server: $schema=./poolhouse.schema.json\n# The schema is what `poolhouse seed schema` prints.\n";

/// What a file may tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// Client secrets; else a client that has one is to be given another.
    pub secrets: bool,
    /// Password records.
    pub hashes: bool,
}

/// The file. With `pool`, of this pool alone.
///
/// # Errors
/// The store's; a pool that does not exist.
pub async fn export(engine: &Arc<Engine>, pool: Option<&str>, told: Told) -> Result<String> {
    let ctx = engine.ctx(Caller::Operator, None);
    let ids = match pool {
        Some(pool) => vec![pool.to_owned()],
        None => poolhouse_engine::pools::ids(&ctx).await?,
    };
    let region = ids.first().map_or(engine.settings.region.as_str(), |id| region_of_pool(id)).to_owned();
    let mut pools = Vec::new();
    for id in &ids {
        pools.push(of_pool(Calls { engine, pool: id }, told).await?);
    }
    let mut document = HEAD.to_owned();
    document.push_str(&emit::document(&Tree::Map(vec![
        ("version".to_owned(), Tree::Number(1)),
        ("region".to_owned(), Tree::text(region)),
        ("pools".to_owned(), Tree::List(pools)),
    ])));
    Ok(document)
}

/// Members in the order of the file; those that are not there are left out.
fn map(members: impl IntoIterator<Item = (&'static str, Option<Tree>)>) -> Tree {
    Tree::Map(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

fn settings(known: &Settings, described: &Map<String, Value>) -> Option<Tree> {
    let members = known.members().filter_map(|member| Some((member.name.to_owned(), described.get(member.name)?.clone())));
    Tree::of(&Value::Object(members.collect()))
}

fn list(items: Vec<Tree>) -> Option<Tree> {
    (!items.is_empty()).then_some(Tree::List(items))
}

fn named(document: &Map<String, Value>, name: &str) -> Option<Tree> {
    text(document, name).map(Tree::Text)
}

async fn of_pool(calls: Calls<'_>, told: Told) -> Result<Tree> {
    let described = calls.call("DescribeUserPool", Map::new()).await?;
    let Some(Value::Object(mut pool)) = described.get("UserPool").cloned() else {
        return Err(Error::internal(format!("pool {} is not described", calls.pool)));
    };
    // Two names of one thing, of which an input takes one.
    remove(&mut pool, &["AdminCreateUserConfig", "UnusedAccountValidityDays"]);
    if pool.get("LambdaConfig").is_some_and(|config| config.get("PreTokenGenerationConfig").is_some()) {
        remove(&mut pool, &["LambdaConfig", "PreTokenGeneration"]);
    }
    let schema = pool.remove("SchemaAttributes");
    pool.insert("Schema".to_owned(), Value::Array(schema_of(schema.as_ref())?));
    let by = |name: &str| {
        pool.get("UsernameAttributes").is_some_and(|list| list.as_array().is_some_and(|l| l.iter().any(|n| n == name)))
    };
    let by = (by("email"), by("phone_number"));
    Ok(map([
        ("id", Some(Tree::text(calls.pool))),
        ("name", named(&pool, "Name")),
        ("settings", settings(&POOL_SETTINGS, &pool)),
        ("domain", domain(calls, text(&pool, "Domain")).await?),
        ("custom_domain", domain(calls, text(&pool, "CustomDomain")).await?),
        ("resource_servers", servers(calls).await?),
        ("groups", pool_groups(calls).await?),
        ("clients", clients(calls, told).await?),
        ("users", users(calls, told, by).await?),
    ]))
}

/// The custom attributes, and the standard ones that are not as every pool has them, under the names that an input has.
fn schema_of(described: Option<&Value>) -> Result<Vec<Value>> {
    let usual = serde_json::to_value(default_attributes()).map_err(|e| Error::internal(format!("the schema: {e}")))?;
    let usual = usual.as_array().map_or(&[] as &[Value], Vec::as_slice);
    let held = described.and_then(Value::as_array).into_iter().flatten();
    let own = held.filter(|attribute| !usual.contains(attribute)).cloned().map(|mut attribute| {
        if let Some(name) = attribute.get_mut("Name") {
            let full = name.as_str().unwrap_or_default();
            let bare = full.strip_prefix("dev:").unwrap_or(full);
            *name = bare.strip_prefix("custom:").unwrap_or(bare).to_owned().into();
        }
        attribute
    });
    Ok(own.collect())
}

async fn domain(calls: Calls<'_>, name: Option<String>) -> Result<Option<Tree>> {
    let Some(name) = name else { return Ok(None) };
    let described = calls.described("DescribeUserPoolDomain", input(&[("Domain", &name)]), "DomainDescription").await?;
    let settings = described.and_then(|described| settings(&DOMAIN_SETTINGS, &described));
    Ok(Some(map([("name", Some(Tree::Text(name))), ("settings", settings)])))
}

async fn servers(calls: Calls<'_>) -> Result<Option<Tree>> {
    let mut found = calls.all(&SERVERS, &Map::new()).await?;
    found.sort_by_key(|server| text(server, "Identifier"));
    let tree = |server: &Map<String, Value>| {
        map([
            ("identifier", named(server, "Identifier")),
            ("name", named(server, "Name")),
            ("settings", settings(&SERVER_SETTINGS, server)),
        ])
    };
    Ok(list(found.iter().map(tree).collect()))
}

async fn pool_groups(calls: Calls<'_>) -> Result<Option<Tree>> {
    let mut found = calls.all(&GROUPS, &Map::new()).await?;
    found.sort_by_key(|group| text(group, "GroupName"));
    let tree =
        |group: &Map<String, Value>| map([("name", named(group, "GroupName")), ("settings", settings(&GROUP_SETTINGS, group))]);
    Ok(list(found.iter().map(tree).collect()))
}

async fn clients(calls: Calls<'_>, told: Told) -> Result<Option<Tree>> {
    let mut trees = Vec::new();
    let mut ids: Vec<String> = calls.all(&CLIENTS, &Map::new()).await?.iter().filter_map(|one| text(one, "ClientId")).collect();
    ids.sort();
    for id in ids {
        let described = calls.described("DescribeUserPoolClient", input(&[("ClientId", &id)]), "UserPoolClient").await?;
        let Some(client) = described else { continue };
        let secret = named(&client, "ClientSecret");
        let (secret, generate) = match (secret, told.secrets) {
            (Some(_), false) => (None, Some(Tree::Flag(true))),
            (secret, _) => (secret, None),
        };
        trees.push(map([
            ("id", Some(Tree::Text(id))),
            ("name", named(&client, "ClientName")),
            ("secret", secret),
            ("generate_secret", generate),
            ("settings", settings(&CLIENT_SETTINGS, &client)),
        ]));
    }
    Ok(list(trees))
}

/// `by_address`: whether an email address and a telephone number are user names.
async fn users(calls: Calls<'_>, told: Told, by_address: (bool, bool)) -> Result<Option<Tree>> {
    let found = calls.all(&USERS, &Map::new()).await?;
    if !told.hashes {
        return of_users(calls, &found, by_address, false).await;
    }
    let ctx = calls.ctx();
    // Whoever takes records away can guess at them in their own time: it stands in the trail.
    ctx.change("ExportPasswordHashes", of_users(calls, &found, by_address, true)).await
}

async fn of_users(calls: Calls<'_>, found: &[Map<String, Value>], by: (bool, bool), hashes: bool) -> Result<Option<Tree>> {
    let mut trees = Vec::new();
    for user in found {
        let held = user.get("Attributes").and_then(Value::as_array).into_iter().flatten();
        let pair = |one: &Value| Some((one.get("Name")?.as_str()?.to_owned(), one.get("Value")?.as_str()?.to_owned()));
        let mut attributes: Vec<(String, String)> = held.filter_map(pair).collect();
        attributes.sort();
        let value = |name: &str| attributes.iter().find(|(held, _)| held == name).map(|(_, value)| value.clone());
        let sub = value("sub").unwrap_or_default();
        let address = by.0.then(|| value("email")).flatten().or_else(|| by.1.then(|| value("phone_number")).flatten());
        let username = address.or_else(|| text(user, "Username")).unwrap_or_default();
        let in_groups = groups(calls, &sub).await?;
        let record = if hashes { place::record(&calls.ctx(), calls.pool, &sub).await? } else { None };
        let told: Vec<(String, Tree)> =
            attributes.into_iter().filter(|(name, _)| name != "sub").map(|(name, value)| (name, Tree::Text(value))).collect();
        let disabled = user.get("Enabled").and_then(Value::as_bool) == Some(false);
        let tree = map([
            ("username", Some(Tree::text(&username))),
            ("sub", Some(Tree::text(&sub))),
            ("status", text(user, "UserStatus").filter(|status| STATUSES.contains(&status.as_str())).map(Tree::Text)),
            ("enabled", disabled.then_some(Tree::Flag(false))),
            ("password_hash", record.map(Tree::Text)),
            ("attributes", (!told.is_empty()).then_some(Tree::Map(told))),
            ("groups", list(in_groups.into_iter().map(Tree::Text).collect())),
        ]);
        trees.push((username, sub, tree));
    }
    trees.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    Ok(list(trees.into_iter().map(|(_, _, tree)| tree).collect()))
}
