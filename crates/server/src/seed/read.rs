//! From the text of a seed file to a [`Seed`]: parsed, held against the format, against the model's constraints and against
//! itself. Everything that is wrong is told, not only the first thing. Called by `seed::read`'s callers on the command line and
//! at the start of `dev`.

use std::collections::{BTreeMap, BTreeSet};

use poolhouse_wire::types::UserStatusType;
use serde_json::{Map, Value, json};

use super::check::Constraints;
use super::problem::{At, Problem, Problems};
use super::yaml::{self, Entry, Node};
use super::{form, ids, walk};
use crate::config::Secret;
use crate::host;

/// A file that may be applied: every id is known, every single value is one that Cognito takes.
#[derive(Debug, Clone)]
pub struct Seed {
    /// What messages call the file.
    pub file: String,
    pub region: String,
    pub pools: Vec<PoolSeed>,
}

/// Members of an operation's input.
pub type Settings = Map<String, Value>;

#[derive(Debug, Clone)]
pub struct PoolSeed {
    pub at: At,
    pub id: String,
    pub name: String,
    pub settings: Settings,
    pub domains: Vec<DomainSeed>,
    pub resource_servers: Vec<ServerSeed>,
    pub groups: Vec<GroupSeed>,
    pub clients: Vec<ClientSeed>,
    pub users: Vec<UserSeed>,
}

#[derive(Debug, Clone)]
pub struct DomainSeed {
    pub at: At,
    pub name: String,
    pub custom: bool,
    pub settings: Settings,
}

#[derive(Debug, Clone)]
pub struct ServerSeed {
    pub at: At,
    pub identifier: String,
    pub name: Option<String>,
    pub settings: Settings,
}

#[derive(Debug, Clone)]
pub struct GroupSeed {
    pub at: At,
    pub name: String,
    pub settings: Settings,
}

#[derive(Debug, Clone)]
pub struct ClientSeed {
    pub at: At,
    pub id: String,
    pub name: String,
    pub secret: Option<Secret>,
    pub generate_secret: bool,
    pub settings: Settings,
}

#[derive(Debug, Clone)]
pub struct UserSeed {
    pub at: At,
    pub username: String,
    pub sub: String,
    pub sub_is_fixed: bool,
    pub status: Option<UserStatusType>,
    pub enabled: Option<bool>,
    pub password: Option<Secret>,
    pub password_hash: Option<Secret>,
    pub attributes: BTreeMap<String, String>,
    pub groups: Vec<String>,
}

impl ClientSeed {
    /// The secret that a new client of this pool is given, where the file tells it; otherwise it is drawn, or there is none.
    #[must_use]
    pub fn secret_in(&self, pool_id: &str, guessable: bool) -> Option<String> {
        match (&self.secret, self.generate_secret && guessable) {
            (Some(secret), _) => Some(secret.expose().to_owned()),
            (None, true) => Some(ids::client_secret(pool_id, &self.id)),
            (None, false) => None,
        }
    }
}

/// Reads a file's text; `file` is what messages call it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &str, text: &str) -> Result<Seed, Problems> {
    let root = yaml::parse(text).map_err(|problem| Problems::new(file, vec![problem]))?;
    let problems = walk::problems(&root, &form::SEED);
    if !problems.is_empty() {
        return Err(Problems::new(file, problems));
    }
    let mut reading = Reading { problems: Vec::new(), once: BTreeMap::new() };
    let seed = reading.seed(file, &root);
    if reading.problems.is_empty() { Ok(seed) } else { Err(Problems::new(file, reading.problems)) }
}

struct Reading {
    problems: Vec<Problem>,
    /// Where each id and name stands first, by its kind and the pool it has to be unique in.
    once: BTreeMap<(String, &'static str, String), At>,
}

fn string(node: &Node, name: &str) -> Option<String> {
    node.get(name).and_then(Node::text).map(str::to_owned)
}

fn secret(node: &Node, name: &str) -> Option<Secret> {
    node.get(name).and_then(Node::text).map(Secret::new)
}

fn flag(node: &Node, name: &str) -> Option<bool> {
    match node.get(name)?.value {
        yaml::Value::Flag(flag) => Some(flag),
        _ => None,
    }
}

fn settings(node: &Node) -> Settings {
    match node.get("settings").map(Node::json) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn items<'n>(node: &'n Node, name: &str) -> &'n [Node] {
    node.get(name).map_or(&[], Node::items)
}

/// Where a member stands, else the whole.
fn place(node: &Node, name: &str) -> At {
    node.get(name).map_or(node.at, |inner| inner.at)
}

impl Reading {
    fn say(&mut self, at: At, text: impl Into<String>) {
        self.problems.push(Problem::new(at, text));
    }

    /// Refuses the second thing of this kind and name in a pool.
    fn once(&mut self, pool: &str, kind: &'static str, name: &str, at: At) {
        let first = self.once.get(&(pool.to_owned(), kind, name.to_owned())).copied();
        match first {
            Some(first) => self.say(at, format!("{kind} {name:?} is in line {} already", first.line)),
            None => drop(self.once.insert((pool.to_owned(), kind, name.to_owned()), at)),
        }
    }

    fn constraints(&mut self, node: &Node, operation: &'static str, input: Value, own: &[(&str, &str)]) {
        self.problems.extend(Constraints { node, own }.problems(operation, &input));
    }

    fn seed(&mut self, file: &str, root: &Node) -> Seed {
        let region = string(root, "region").unwrap_or_default();
        if !host::is_region(&region) {
            self.say(place(root, "region"), format!("region {region:?} is not the name of a region, such as eu-central-1"));
        }
        let pools = items(root, "pools").iter().map(|node| self.pool(node, &region)).collect();
        Seed { file: file.to_owned(), region, pools }
    }

    fn pool(&mut self, node: &Node, region: &str) -> PoolSeed {
        let name = string(node, "name").unwrap_or_default();
        let id = string(node, "id").unwrap_or_else(|| ids::pool(region, &name));
        if !is_pool_id(&id) {
            self.say(place(node, "id"), format!("{id:?} is not a pool's id, such as {region}_AbCdEfGhI"));
        }
        self.once("", "pool", &id, place(node, "id"));
        let settings = settings(node);
        self.constraints(node, "CreateUserPool", with(&settings, json!({ "PoolName": name })), &[("poolName", "name")]);
        let mut domains = Vec::new();
        for (member, custom) in [("domain", false), ("custom_domain", true)] {
            domains.extend(node.get(member).map(|domain| self.domain(domain, &id, custom)));
        }
        let folds =
            settings.get("UsernameConfiguration").and_then(|names| names.get("CaseSensitive")) == Some(&Value::Bool(false));
        let mut users: Vec<UserSeed> = Vec::new();
        for user in items(node, "users") {
            users.extend(self.user(user, &id, folds));
        }
        PoolSeed {
            at: node.at,
            domains,
            resource_servers: items(node, "resource_servers").iter().map(|server| self.server(server, &id)).collect(),
            groups: items(node, "groups").iter().map(|group| self.group(group, &id)).collect(),
            clients: items(node, "clients").iter().map(|client| self.client(client, &id)).collect(),
            users,
            id,
            name,
            settings,
        }
    }

    fn domain(&mut self, node: &Node, pool: &str, custom: bool) -> DomainSeed {
        let (name, settings) = (string(node, "name").unwrap_or_default(), settings(node));
        if custom != settings.contains_key("CustomDomainConfig") {
            let text = match custom {
                true => "a custom_domain needs CustomDomainConfig in its settings",
                false => "CustomDomainConfig belongs to a custom_domain",
            };
            self.say(place(node, "settings"), text);
        }
        self.once("", "domain", &name, place(node, "name"));
        let input = with(&settings, json!({ "UserPoolId": pool, "Domain": name }));
        self.constraints(node, "CreateUserPoolDomain", input, &[("domain", "name")]);
        DomainSeed { at: node.at, name, custom, settings }
    }

    fn server(&mut self, node: &Node, pool: &str) -> ServerSeed {
        let (identifier, settings) = (string(node, "identifier").unwrap_or_default(), settings(node));
        let name = string(node, "name");
        self.once(pool, "resource server", &identifier, place(node, "identifier"));
        let own = json!({ "UserPoolId": pool, "Identifier": identifier, "Name": name.as_ref().unwrap_or(&identifier) });
        let named = if name.is_some() { "name" } else { "identifier" };
        self.constraints(node, "CreateResourceServer", with(&settings, own), &[("identifier", "identifier"), ("name", named)]);
        ServerSeed { at: node.at, identifier, name, settings }
    }

    fn group(&mut self, node: &Node, pool: &str) -> GroupSeed {
        let (name, settings) = (string(node, "name").unwrap_or_default(), settings(node));
        self.once(pool, "group", &name, place(node, "name"));
        let input = with(&settings, json!({ "UserPoolId": pool, "GroupName": name }));
        self.constraints(node, "CreateGroup", input, &[("groupName", "name")]);
        GroupSeed { at: node.at, name, settings }
    }

    fn client(&mut self, node: &Node, pool: &str) -> ClientSeed {
        let (name, settings) = (string(node, "name").unwrap_or_default(), settings(node));
        let id = string(node, "id").unwrap_or_else(|| ids::client(pool, &name));
        let (secret, generate_secret) = (secret(node, "secret"), flag(node, "generate_secret").unwrap_or(false));
        if secret.is_some() && generate_secret {
            self.say(place(node, "generate_secret"), "secret and generate_secret exclude each other");
        }
        // Ids of clients are unique in the whole house.
        self.once("", "client", &id, place(node, if node.get("id").is_some() { "id" } else { "name" }));
        let mut own = json!({ "UserPoolId": pool, "ClientName": name });
        if let (Some(secret), Some(own)) = (&secret, own.as_object_mut()) {
            own.insert("ClientSecret".to_owned(), secret.expose().into());
        }
        let names = [("clientName", "name"), ("clientSecret", "secret")];
        self.constraints(node, "CreateUserPoolClient", with(&settings, own), &names);
        self.constraints(node, "DescribeUserPoolClient", json!({ "UserPoolId": pool, "ClientId": id }), &[("clientId", "id")]);
        ClientSeed { at: node.at, id, name, secret, generate_secret, settings }
    }

    /// `folds`: whether names that differ in case alone are one.
    fn user(&mut self, node: &Node, pool: &str, folds: bool) -> Option<UserSeed> {
        let given = node.get("attributes").map_or(&[] as &[Entry], Node::entries);
        let attributes: BTreeMap<String, String> =
            given.iter().filter_map(|entry| Some((entry.name.clone(), entry.node.text()?.to_owned()))).collect();
        let address = || attributes.get("email").or_else(|| attributes.get("phone_number")).cloned();
        let Some(username) = string(node, "username").or_else(address) else {
            self.say(node.at, "username is missing, and there is no email or phone_number among the attributes");
            return None;
        };
        let fixed = string(node, "sub");
        let sub = fixed.clone().unwrap_or_else(|| ids::sub(pool, &username));
        if !uuid::Uuid::try_parse(&sub).is_ok_and(|uuid| uuid.hyphenated().to_string() == sub) {
            self.say(place(node, "sub"), "sub is not a UUID in lower case");
        }
        let one = if folds { username.to_lowercase() } else { username.clone() };
        self.once(pool, "user", &one, place(node, "username"));
        self.once(pool, "sub", &sub, place(node, "sub"));
        let (password, password_hash) = (secret(node, "password"), secret(node, "password_hash"));
        if password.is_some() && password_hash.is_some() {
            self.say(place(node, "password_hash"), "password and password_hash exclude each other");
        }
        let list: Vec<Value> = given.iter().map(|e| json!({ "Name": e.name, "Value": e.node.text() })).collect();
        let input = json!({ "UserPoolId": pool, "Username": username, "UserAttributes": list });
        self.constraints(node, "AdminCreateUser", input, &[("username", "username"), ("userAttributes", "attributes")]);
        if let Some(password) = &password {
            let input = json!({ "UserPoolId": pool, "Username": username, "Password": password.expose() });
            self.constraints(node, "AdminSetUserPassword", input, &[("password", "password")]);
        }
        let groups: BTreeSet<String> = items(node, "groups").iter().filter_map(Node::text).map(str::to_owned).collect();
        Some(UserSeed {
            at: node.at,
            username,
            sub,
            sub_is_fixed: fixed.is_some(),
            status: string(node, "status").and_then(|status| status.parse().ok()),
            enabled: flag(node, "enabled"),
            password,
            password_hash,
            attributes,
            groups: groups.into_iter().collect(),
        })
    }
}

/// Settings together with what the file has names of its own for.
pub fn with(settings: &Settings, own: Value) -> Value {
    let mut input = settings.clone();
    if let Value::Object(own) = own {
        input.extend(own);
    }
    Value::Object(input)
}

/// A region, `_`, letters and digits: half of it becomes a region in ARNs, where a made-up one would be another's.
fn is_pool_id(id: &str) -> bool {
    let plain = |name: &str| (1..=45).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    id.len() <= 55 && id.split_once('_').is_some_and(|(region, name)| host::is_region(region) && plain(name))
}
