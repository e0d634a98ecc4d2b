//! `poolhouse env`: gathers what a client needs to know and prints it in that client's form. Addresses come from the
//! command line, else from the `endpoints.json` that `dev` writes, else from the default ports. Called by `cli`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;

use super::out::Out;
use super::{failed, greeting, postman, snippets};
use crate::facts::Facts;
use crate::start_error::StartError;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Client {
    Cli,
    Boto3,
    Js,
    Amplify,
    Postman,
}

#[derive(Debug, clap::Args)]
pub(super) struct EnvOptions {
    /// The client to print for
    #[arg(long = "for", value_enum, value_name = "CLIENT")]
    client: Client,
    /// Data directory of `poolhouse dev`
    #[arg(long, value_name = "DIR", default_value = ".poolhouse")]
    data: PathBuf,
    /// Address of the JSON API [default: the server's, else http://localhost:9229]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Address of the sign-in pages [default: the server's, else https://localhost:9443]
    #[arg(long, value_name = "URL")]
    domain_url: Option<String>,
    /// [default: the server's, else us-east-1]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    #[arg(long, value_name = "ID")]
    pool_id: Option<String>,
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    #[arg(long, value_name = "SECRET")]
    client_secret: Option<String>,
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
    /// Callback address of the app client
    #[arg(long, value_name = "URL")]
    callback: Option<String>,
    /// A scope to ask for; may be given several times
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// For postman: the directory to write the two files to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

/// What commands need of `endpoints.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Endpoints {
    pub(super) http: Option<String>,
    https: Option<String>,
    region: Option<String>,
    ca: Option<PathBuf>,
    pub(super) demo: Option<Demo>,
}

/// What there is without making anything.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Demo {
    pub(super) user_pool_id: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) username: Option<String>,
}

impl Endpoints {
    /// None of them where no server has run yet.
    pub(super) fn read(data: &Path) -> Result<Self, StartError> {
        let file = data.join("endpoints.json");
        match std::fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| failed(format!("{}: {error}", file.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(format!("{}: {error}", file.display()))),
        }
    }
}

impl EnvOptions {
    fn facts(&self, running: Endpoints) -> Facts {
        let first = |given: &Option<String>, found: Option<String>, usual: &str| {
            given.clone().or(found).unwrap_or_else(|| usual.to_owned())
        };
        let endpoint = first(&self.endpoint, running.http, "http://localhost:9229");
        let domain_url = first(&self.domain_url, running.https, "https://localhost:9443");
        let region = first(&self.region, running.region, "us-east-1");
        let mut facts = Facts { ca: running.ca, ..Facts::demo(&endpoint, &domain_url, &region) };
        if let Some(id) = &self.client_id {
            // Another client's secret is not the demo's.
            facts.client_id.clone_from(id);
            facts.client_secret = None;
        }
        if self.client_secret.is_some() {
            facts.client_secret.clone_from(&self.client_secret);
        }
        let given = [
            (&self.pool_id, &mut facts.pool_id),
            (&self.username, &mut facts.username),
            (&self.password, &mut facts.password),
            (&self.callback, &mut facts.callback),
        ];
        for (value, slot) in given {
            if let Some(value) = value {
                slot.clone_from(value);
            }
        }
        if !self.scope.is_empty() {
            facts.scopes.clone_from(&self.scope);
        }
        facts
    }
}

/// Prints what to paste; for Postman, writes its two files and says what to do with them.
pub(super) fn print(options: &EnvOptions, out: Out) -> Result<(), StartError> {
    let facts = options.facts(Endpoints::read(&options.data)?);
    match options.client {
        Client::Cli => out.text(&snippets::cli(&facts)),
        Client::Boto3 => out.text(&snippets::boto3(&facts)),
        Client::Js => out.text(&snippets::js(&facts)),
        Client::Amplify => out.text(&snippets::amplify(&facts)),
        Client::Postman => {
            let collection = options.out.join("poolhouse.postman_collection.json");
            let environment = options.out.join("poolhouse.postman_environment.json");
            std::fs::write(&collection, postman::collection()).map_err(failed)?;
            private(&environment, &postman::environment(&facts)).map_err(failed)?;
            out.page(&greeting::postman(&collection, &environment, &facts));
        }
    }
    Ok(())
}

/// Writes a file that holds a password: for its owner only, also where it replaces one that was not.
fn private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: EnvOptions,
    }

    fn options(more: &[&str]) -> EnvOptions {
        Line::try_parse_from(["env", "--for", "js"].iter().chain(more)).unwrap().options
    }

    #[test]
    fn another_client_does_not_get_the_demo_secret() {
        let facts = options(&["--client-id", "abc"]).facts(Endpoints::default());
        assert_eq!((facts.client_id.as_str(), facts.client_secret), ("abc", None));
    }

    #[test]
    fn addresses_are_the_running_servers_unless_given() {
        let running = || {
            serde_json::from_str(
                r#"{"http":"http://localhost:1","https":"https://localhost:2","region":"eu-west-1","demo":null}"#,
            )
            .unwrap()
        };
        let found = options(&[]).facts(running());
        assert_eq!((found.endpoint.as_str(), found.domain_url.as_str()), ("http://localhost:1", "https://localhost:2"));
        assert_eq!(found.pool_id, "eu-west-1_DemoPool1");
        let given = options(&["--endpoint", "http://127.0.0.1:3"]).facts(running());
        assert_eq!((given.endpoint.as_str(), given.domain_url.as_str()), ("http://127.0.0.1:3", "https://localhost:2"));
        assert_eq!(options(&[]).facts(Endpoints::default()).endpoint, "http://localhost:9229");
    }
}
