//! What `dev` says once it is ready, or where it runs already, and what to do with the Postman files. Pure; called by `cli`.

use std::path::Path;

use super::snippets::shell;
use crate::config::Settings;
use crate::edge::Owner;
use crate::facts::Facts;
use crate::operator::seed::summary;
use crate::run::{Moved, Ready};
use crate::seed::Seed;

/// Column of the values.
const NAMES: usize = 10;

pub(super) fn text(ready: Ready<'_>) -> String {
    let Ready { settings, bound, moved, facts, .. } = ready;
    let url = &settings.public_url;
    let mut text = format!("Poolhouse is ready, for this machine only: {url}\n");
    for one in moved {
        text.push_str(&format!("\n{}\n", elsewhere(one)));
    }
    text.push('\n');
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<NAMES$} {value}\n"));
    row("Console", format!("{url}/console"));
    row("Inbox", format!("{url}/_poolhouse/inbox  (mail and SMS end here)"));
    if let Some(tls) = bound.iter().find(|one| one.tls) {
        row("HTTPS", format!("https://localhost:{}  (accepted once you ran: poolhouse trust)", tls.address.port()));
    }
    if let Some(data) = &settings.data_dir {
        row("Data", format!("{}  (delete it, and everything is new)", data.display()));
    }
    if let Some(code) = &settings.fixed_code {
        row("Codes", format!("every confirmation and one-time code is {code}"));
    }
    if let Some(seed) = &settings.seed {
        row("Seed", format!("{} is applied: {}; there is no demo pool", seed.file, summary(seed)));
        text.push_str(&seeded(seed));
    }
    if let Some(facts) = facts {
        text.push_str(&format!("\nDemo pool {}\n", facts.pool_id));
        for (name, value) in [("Client", &facts.client_id), ("User", &facts.username), ("Password", &facts.password)] {
            text.push_str(&format!("  {name:<NAMES$} {value}\n"));
        }
        text.push_str(&format!("\nSign in with a browser\n    {}\n", sign_in_link(facts)));
    }
    text.push_str(&format!("\nCall it with the AWS CLI and every SDK, in another terminal\n    eval \"$({})\"\n", env(settings)));
    if let Some(pool) = facts.map(|facts| &facts.pool_id).or_else(|| Some(&settings.seed.as_ref()?.pools.first()?.id)) {
        text.push_str(&format!("    aws cognito-idp list-users --user-pool-id {pool}\n"));
    }
    text.push_str("\nOther clients: poolhouse env --for boto3|js|amplify|postman      Stop: Ctrl-C\n");
    text
}

/// That a listener stands on another port than usual, and why.
fn elsewhere(moved: &Moved) -> String {
    let by = Owner::named(moved.by.as_ref());
    let (from, to) = (moved.from.port(), moved.to.port());
    format!("! Port {from} is taken by {by}: Poolhouse listens on {to} instead, until it is started again.")
}

/// That there is a server on this directory already: what `dev` says instead of starting another.
pub(super) fn already(data: &Path, pid: u32, http: &str) -> String {
    format!(
        "Poolhouse runs on {} already (process {pid}): {http}\n\n  {:<NAMES$} {http}/console\n  {:<NAMES$} kill {pid}\n  {:<NAMES$} poolhouse dev --data DIR\n",
        data.display(),
        "Console",
        "Stop it",
        "Another"
    )
}

/// The command whose output a shell evaluates.
fn env(settings: &Settings) -> String {
    let usual = Path::new(".poolhouse");
    match settings.data_dir.as_deref().filter(|data| *data != usual) {
        Some(data) => format!("poolhouse env --for cli --data {}", shell(&data.display().to_string())),
        None => "poolhouse env --for cli".to_owned(),
    }
}

/// The ids that go into apps' settings; no secret.
fn seeded(seed: &Seed) -> String {
    let mut text = String::new();
    for pool in &seed.pools {
        text.push_str(&format!("\nPool {} ({})\n", pool.id, pool.name));
        for client in &pool.clients {
            text.push_str(&format!("  {:<NAMES$} {} ({})\n", "Client", client.id, client.name));
        }
    }
    text
}

/// Over plain HTTP: the certificates of the local authority may not be trusted yet.
fn sign_in_link(facts: &Facts) -> String {
    let mut query = String::new();
    let pairs = [("client_id", &facts.client_id), ("redirect_uri", &facts.callback)];
    for (name, value) in pairs {
        query.push_str(&format!("&{name}={}", value.replace(':', "%3A").replace('/', "%2F").replace('&', "%26")));
    }
    format!("{}/oauth2/authorize?response_type=code{query}", facts.endpoint)
}

pub(super) fn postman(collection: &Path, environment: &Path, facts: &Facts) -> String {
    let (collection, environment) = (collection.display().to_string(), environment.display().to_string());
    let ca = facts.ca.as_ref().map_or(".poolhouse/ca.pem".to_owned(), |ca| ca.display().to_string());
    format!(
        "Written for Postman\n  {collection}\n  {environment}  (holds the client secret and the password)\n\n\
         In Postman: Import both, choose the environment, open the collection's Authorization tab, Get New Access Token.\n\
         Without a browser:\n    newman run {} -e {} --ssl-extra-ca-certs {}\n",
        shell(&collection),
        shell(&environment),
        shell(&ca)
    )
}
