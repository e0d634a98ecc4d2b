//! What `dev` says once it is ready, and what to do with the Postman files. Pure; called by `cli`.

use std::path::Path;

use super::snippets::shell;
use crate::config::Settings;
use crate::edge::Bound;
use crate::facts::Facts;
use crate::operator::seed::summary;
use crate::seed::Seed;

pub(super) fn text(settings: &Settings, bound: &[Bound], facts: Option<&Facts>) -> String {
    let mut text = format!("Poolhouse is ready, for this machine only: {}\n", settings.public_url);
    if let Some(tls) = bound.iter().find(|one| one.tls) {
        text.push_str(&format!(
            "HTTPS    https://localhost:{}  (accept its certificate once: poolhouse trust)\n",
            tls.address.port()
        ));
    }
    text.push_str(&format!("Console  {}/console\n", settings.public_url));
    text.push_str(&format!("Inbox    {}/_poolhouse/inbox\n", settings.public_url));
    if let Some(code) = &settings.fixed_code {
        text.push_str(&format!("Codes    every confirmation and one-time code is {code}\n"));
    }
    if let Some(seed) = &settings.seed {
        text.push_str(&seeded(seed));
    }
    if let Some(facts) = facts {
        let Facts { pool_id, client_id, username, password, .. } = facts;
        text.push_str(&format!(
            "\nDemo pool {pool_id}\n  client    {client_id}\n  user      {username}\n  password  {password}\n"
        ));
        text.push_str(&format!("\nSign in:\n    {}\n", sign_in_link(facts)));
    }
    text.push_str(&format!(
        "\nPoint the AWS CLI and the SDKs here:\n    export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER={} AWS_REGION={} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n",
        settings.public_url, settings.region
    ));
    if let Some(facts) = facts {
        text.push_str(&format!("    aws cognito-idp list-users --user-pool-id {}\n", facts.pool_id));
    }
    text.push_str("\nMore: poolhouse env --for cli|boto3|js|amplify|postman      Stop: Ctrl-C\n");
    text
}

/// The file, and the ids that go into apps' settings; no secret.
fn seeded(seed: &Seed) -> String {
    let mut text = format!("Seed   {} is applied: {}; there is no demo pool\n", seed.file, summary(seed));
    for pool in &seed.pools {
        text.push_str(&format!("\nPool {} ({})\n", pool.id, pool.name));
        for client in &pool.clients {
            text.push_str(&format!("  client    {} ({})\n", client.id, client.name));
        }
    }
    text
}

fn sign_in_link(facts: &Facts) -> String {
    let mut query = String::new();
    let pairs = [("client_id", &facts.client_id), ("redirect_uri", &facts.callback)];
    for (name, value) in pairs {
        query.push_str(&format!("&{name}={}", value.replace(':', "%3A").replace('/', "%2F").replace('&', "%26")));
    }
    format!("{}/oauth2/authorize?response_type=code{query}", facts.domain_url)
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
