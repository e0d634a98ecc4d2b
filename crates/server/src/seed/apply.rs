//! Bringing a store in line with a seed, or telling what that would do: one walk for both, so that they cannot disagree. What
//! exists is read, merged with what the file says, compared, and written whole where it differs; what fails is told with its
//! line, and the rest goes on. Called by the command line, by `dev` at its start and by the control API.

use std::fmt;
use std::sync::Arc;

use poolhouse_engine::ctx::Engine;
use poolhouse_engine::error::Error;
use serde_json::{Map, Value};

use super::calls::{CLIENTS, Calls, GROUPS, SERVERS, input, sentence, text};
use super::merge::{differences, merged};
use super::problem::{At, Problem, Problems};
use super::read::{DomainSeed, GroupSeed, PoolSeed, Seed, ServerSeed};
use super::report::{Change, Kind, Leaf, Report};

/// How to apply.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Write; else only tell.
    pub write: bool,
    /// Delete what the pools of the file hold beyond it. Pools that the file does not name are never touched.
    pub prune: bool,
    /// Generated client secrets follow from the names in the file: the same on every machine, and known to whoever knows the file.
    pub guessable_secrets: bool,
}

/// Not everything could be done.
#[derive(Debug)]
pub struct Failed {
    pub problems: Problems,
    /// What was done all the same.
    pub done: Report,
}

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problems.fmt(out)?;
        match self.done.changes.len() {
            0 => Ok(()),
            count => write!(out, "\n{count} other changes were made; apply the file again when it is right."),
        }
    }
}

impl std::error::Error for Failed {}

/// Applies a seed. The report tells what was done, or would be.
///
/// # Errors
/// Everything that was refused, each at its line. The rest is done.
pub async fn apply(engine: &Arc<Engine>, seed: &Seed, options: &Options) -> Result<Report, Failed> {
    let mut work = Work { engine, options: *options, report: Report::default(), problems: Vec::new() };
    for pool in &seed.pools {
        work.pool(pool).await;
    }
    match work.problems.is_empty() {
        true => Ok(work.report),
        false => {
            let done = if options.write { work.report } else { Report::default() };
            Err(Failed { problems: Problems::new(&seed.file, work.problems), done })
        }
    }
}

pub(super) struct Work<'a> {
    pub engine: &'a Arc<Engine>,
    pub options: Options,
    pub report: Report,
    pub problems: Vec<Problem>,
}

/// One thing with settings: what it is called, what it is, what it should be, and the operations that make and change it.
struct Thing<'a> {
    at: At,
    what: String,
    current: Option<Map<String, Value>>,
    wanted: Map<String, Value>,
    ids: &'a [(&'a str, &'a str)],
    create: &'static str,
    update: &'static str,
}

impl Work<'_> {
    pub fn failed(&mut self, at: At, error: &Error) {
        self.problems.push(Problem::new(at, sentence(error)));
    }

    pub fn tell(&mut self, kind: Kind, what: impl Into<String>, members: Vec<Leaf>) {
        self.report.changes.push(Change { kind, what: what.into(), members });
    }

    /// Tells a change once it is done; or told alone.
    pub fn done(&mut self, at: At, outcome: Result<(), Error>, kind: Kind, what: String, members: Vec<Leaf>) -> bool {
        match outcome {
            Ok(()) => self.tell(kind, what, members),
            Err(error) => {
                self.failed(at, &error);
                return false;
            }
        }
        true
    }

    async fn pool(&mut self, pool: &PoolSeed) {
        let calls = Calls { engine: self.engine, pool: &pool.id };
        let described = match calls.described("DescribeUserPool", Map::new(), "UserPool").await {
            Ok(described) => described,
            Err(error) => return self.failed(pool.at, &error),
        };
        let is_new = described.is_none();
        if !self.pool_itself(calls, pool, described.as_ref()).await {
            return;
        }
        for server in &pool.resource_servers {
            self.server(calls, server, is_new).await;
        }
        for client in &pool.clients {
            self.client(calls, client, is_new).await;
        }
        for domain in &pool.domains {
            self.domain(calls, domain, described.as_ref()).await;
        }
        for group in &pool.groups {
            self.group(calls, group, is_new).await;
        }
        self.users(calls, &pool.users, is_new).await;
        if self.options.prune && !is_new {
            self.prune(calls, pool, described.as_ref()).await;
        }
    }

    async fn settle(&mut self, calls: Calls<'_>, thing: Thing<'_>) {
        let Thing { at, what, current, wanted, ids, create, update } = thing;
        let (operation, mut whole, kind, members) = match current {
            None => (create, wanted, Kind::Add, Vec::new()),
            Some(current) => {
                let members = differences(&current, &wanted);
                if members.is_empty() {
                    return;
                }
                (update, super::merge::taken_by(update, &merged(&current, &wanted)), Kind::Change, members)
            }
        };
        whole.extend(input(ids));
        let outcome = match self.options.write {
            true => calls.call(operation, whole).await.map(drop),
            false => Ok(()),
        };
        self.done(at, outcome, kind, what, members);
    }

    async fn server(&mut self, calls: Calls<'_>, server: &ServerSeed, is_new: bool) {
        let ids = [("Identifier", server.identifier.as_str())];
        let described = match is_new {
            true => Ok(None),
            false => calls.described("DescribeResourceServer", input(&ids), "ResourceServer").await,
        };
        let mut wanted = server.settings.clone();
        match described {
            Err(error) => self.failed(server.at, &error),
            Ok(current) => {
                let name = server.name.as_ref().or_else(|| current.is_none().then_some(&server.identifier));
                wanted.extend(name.map(|name| ("Name".to_owned(), Value::from(name.as_str()))));
                let what = format!("resource server {} of {}", server.identifier, calls.pool);
                let (create, update) = ("CreateResourceServer", "UpdateResourceServer");
                self.settle(calls, Thing { at: server.at, what, current, wanted, ids: &ids, create, update }).await;
            }
        }
    }

    async fn group(&mut self, calls: Calls<'_>, group: &GroupSeed, is_new: bool) {
        let ids = [("GroupName", group.name.as_str())];
        let described = match is_new {
            true => Ok(None),
            false => calls.described("GetGroup", input(&ids), "Group").await,
        };
        match described {
            Err(error) => self.failed(group.at, &error),
            Ok(current) => {
                let (wanted, what) = (group.settings.clone(), format!("group {} of {}", group.name, calls.pool));
                let (create, update) = ("CreateGroup", "UpdateGroup");
                self.settle(calls, Thing { at: group.at, what, current, wanted, ids: &ids, create, update }).await;
            }
        }
    }

    async fn domain(&mut self, calls: Calls<'_>, domain: &DomainSeed, pool: Option<&Map<String, Value>>) {
        let held = pool.and_then(|pool| text(pool, if domain.custom { "CustomDomain" } else { "Domain" }));
        let held = match held {
            // A name cannot change: another is another domain, and the old one's links end.
            Some(other) if other != domain.name => {
                if !self.options.prune {
                    let text = format!("the pool has the domain {other} already; --prune replaces it by {}", domain.name);
                    return self.problems.push(Problem::new(domain.at, text));
                }
                self.delete(calls, domain.at, "DeleteUserPoolDomain", &[("Domain", &other)], format!("domain {other}")).await;
                None
            }
            held => held,
        };
        let described = match &held {
            None => Ok(None),
            Some(name) => calls.described("DescribeUserPoolDomain", input(&[("Domain", name)]), "DomainDescription").await,
        };
        match described {
            Err(error) => self.failed(domain.at, &error),
            Ok(current) => {
                let (wanted, what) = (domain.settings.clone(), format!("domain {} of {}", domain.name, calls.pool));
                let (create, update) = ("CreateUserPoolDomain", "UpdateUserPoolDomain");
                let ids = [("Domain", domain.name.as_str())];
                self.settle(calls, Thing { at: domain.at, what, current, wanted, ids: &ids, create, update }).await;
            }
        }
    }

    pub async fn delete(&mut self, calls: Calls<'_>, at: At, operation: &'static str, ids: &[(&str, &str)], what: String) {
        let outcome = match self.options.write {
            true => calls.call(operation, input(ids)).await.map(drop),
            false => Ok(()),
        };
        self.done(at, outcome, Kind::Delete, format!("{what} of {}", calls.pool), Vec::new());
    }

    /// What the pool holds beyond the file: users first, then what clients need last.
    async fn prune(&mut self, calls: Calls<'_>, pool: &PoolSeed, described: Option<&Map<String, Value>>) {
        self.prune_users(calls, pool).await;
        let groups: Vec<&str> = pool.groups.iter().map(|group| group.name.as_str()).collect();
        let clients: Vec<&str> = pool.clients.iter().map(|client| client.id.as_str()).collect();
        let servers: Vec<&str> = pool.resource_servers.iter().map(|server| server.identifier.as_str()).collect();
        let lists = [
            (GROUPS, "group", "GroupName", "DeleteGroup", groups),
            (CLIENTS, "client", "ClientId", "DeleteUserPoolClient", clients),
            (SERVERS, "resource server", "Identifier", "DeleteResourceServer", servers),
        ];
        for (list, kind, id, delete, kept) in lists {
            let held = match calls.all(&list, &Map::new()).await {
                Ok(held) => held,
                Err(error) => {
                    self.failed(pool.at, &error);
                    continue;
                }
            };
            for name in held.iter().filter_map(|one| text(one, id)).filter(|name| !kept.contains(&name.as_str())) {
                self.delete(calls, pool.at, delete, &[(id, &name)], format!("{kind} {name}")).await;
            }
        }
        for (member, custom) in [("Domain", false), ("CustomDomain", true)] {
            let held = described.and_then(|pool| text(pool, member));
            let named = pool.domains.iter().any(|domain| domain.custom == custom);
            if let Some(name) = held.filter(|_| !named) {
                self.delete(calls, pool.at, "DeleteUserPoolDomain", &[("Domain", &name)], format!("domain {name}")).await;
            }
        }
    }
}
