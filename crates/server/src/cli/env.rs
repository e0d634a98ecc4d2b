//! `poolhouse env`: gathers what a client needs to know and prints it in that client's form. Addresses come from the
//! command line, else from the `endpoints.json` that `dev` writes, else from the default ports. Called by `cli`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;

use super::out::Out;
use super::{failed, greeting, postman, snippets};
use crate::edge::Owner;
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
    pub(super) https: Option<String>,
    pub(super) region: Option<String>,
    ca: Option<PathBuf>,
    pub(super) demo: Option<Demo>,
    process: Option<u32>,
    /// The clients of the seed file that stands in the demo's place.
    seeded: Option<Vec<Seeded>>,
}

/// A client of the seed file, and a user who can sign in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Seeded {
    user_pool_id: String,
    pool_name: String,
    client_id: String,
    client_name: String,
    client_secret: Option<String>,
    callback: Option<String>,
    scopes: Option<Vec<String>>,
    username: Option<String>,
    password: Option<String>,
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

impl Endpoints {
    /// Process and address of the server that runs on the directory now: the file outlives a server, and a number is given to another
    /// process one day, so that it counts only while it listens there.
    pub(super) fn alive(&self) -> Option<(u32, String)> {
        let (process, http) = (self.process?, self.http.clone()?);
        let port = http.rsplit(':').next()?.parse().ok()?;
        Owner::of(port).filter(|owner| owner.pid == process).map(|_| (process, http))
    }
}

impl EnvOptions {
    /// The seed's client that is meant; `None` where ids say everything, or there is no seed.
    fn seeded(&self, running: &Endpoints) -> Result<Option<Seeded>, StartError> {
        let Some(all) = &running.seeded else { return Ok(None) };
        let fits = |one: &&Seeded| {
            self.pool_id.as_ref().is_none_or(|id| *id == one.user_pool_id)
                && self.client_id.as_ref().is_none_or(|id| *id == one.client_id)
        };
        let found: Vec<&Seeded> = all.iter().filter(fits).collect();
        // The AWS CLI's lines are about no client.
        let enough = matches!(self.client, Client::Cli) || found.len() == 1;
        match found.first() {
            Some(one) if enough => Ok(Some((*one).clone())),
            None if self.pool_id.is_some() && self.client_id.is_some() => Ok(None),
            _ => Err(failed(self.choices(if found.is_empty() { all.iter().collect() } else { found }))),
        }
    }

    /// The question which client, with each answer as a command.
    fn choices(&self, among: Vec<&Seeded>) -> String {
        let name = self.client.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let data = match self.data.to_str() {
            Some(".poolhouse") | None => String::new(),
            Some(data) => format!(" --data {}", snippets::shell(data)),
        };
        let mut text = match among.is_empty() {
            true => "The seed file has no app client, and took the demo pool's place. Name both: --pool-id ID --client-id ID"
                .to_owned(),
            false => "Which app client? The seed file has these:\n".to_owned(),
        };
        for Seeded { client_id, client_name, pool_name, .. } in among {
            text.push_str(&format!(
                "\n    poolhouse env --for {name}{data} --client-id {client_id}      # {client_name}, pool {pool_name}"
            ));
        }
        text
    }

    /// What to do where there is neither a demo pool nor a seed.
    fn nothing_there(&self, http: &str) -> String {
        let data = snippets::shell(&self.data.display().to_string());
        format!(
            "There is no demo pool at {http}, and no seed file whose ids could stand here. Name both ids, and see which there are:\n\n    \
             --pool-id ID --client-id ID\n    aws cognito-idp list-user-pools --max-results 60 --endpoint-url {http}\n\n\
             Or start it with a demo pool:\n    poolhouse dev --data {data}"
        )
    }

    fn facts(&self, running: Endpoints) -> Result<Facts, StartError> {
        let seeded = self.seeded(&running)?;
        // One that has run and told of no demo has none.
        let bare = running.http.is_some() && running.demo.is_none() && seeded.is_none();
        if bare && running.seeded.is_none() && (self.pool_id.is_none() || self.client_id.is_none()) {
            return Err(failed(self.nothing_there(running.http.as_deref().unwrap_or_default())));
        }
        let first = |given: &Option<String>, found: Option<String>, usual: &str| {
            given.clone().or(found).unwrap_or_else(|| usual.to_owned())
        };
        let endpoint = first(&self.endpoint, running.http, "http://localhost:9229");
        let domain_url = first(&self.domain_url, running.https, "https://localhost:9443");
        let region = first(&self.region, running.region, "us-east-1");
        let mut facts = Facts { ca: running.ca, ..Facts::demo(&endpoint, &domain_url, &region) };
        if let Some(one) = seeded {
            facts = Facts {
                pool_id: one.user_pool_id,
                client_id: one.client_id,
                client_secret: one.client_secret,
                username: one.username.unwrap_or_else(|| "USERNAME".to_owned()),
                password: one.password.unwrap_or_else(|| "PASSWORD".to_owned()),
                callback: one.callback.unwrap_or(facts.callback),
                scopes: one.scopes.unwrap_or(facts.scopes),
                ..facts
            };
        } else if let Some(id) = &self.client_id {
            // Another client's secret is not the demo's.
            facts.client_id.clone_from(id);
            facts.client_secret = None;
        }
        if bare {
            facts.username = "USERNAME".to_owned();
            facts.password = "PASSWORD".to_owned();
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
        Ok(facts)
    }
}

/// Prints what to paste; for Postman, writes its two files and says what to do with them.
pub(super) fn print(options: &EnvOptions, out: Out) -> Result<(), StartError> {
    let facts = options.facts(Endpoints::read(&options.data)?)?;
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
        let facts = options(&["--client-id", "abc"]).facts(Endpoints::default()).unwrap();
        assert_eq!((facts.client_id.as_str(), facts.client_secret), ("abc", None));
    }

    #[test]
    fn addresses_are_the_running_servers_unless_given() {
        let running = || {
            serde_json::from_str(
                r#"{"http":"http://localhost:1","https":"https://localhost:2","region":"eu-west-1","demo":{"client_id":"d"}}"#,
            )
            .unwrap()
        };
        let found = options(&[]).facts(running()).unwrap();
        assert_eq!((found.endpoint.as_str(), found.domain_url.as_str()), ("http://localhost:1", "https://localhost:2"));
        assert_eq!(found.pool_id, "eu-west-1_DemoPool1");
        let given = options(&["--endpoint", "http://127.0.0.1:3"]).facts(running()).unwrap();
        assert_eq!((given.endpoint.as_str(), given.domain_url.as_str()), ("http://127.0.0.1:3", "https://localhost:2"));
        assert_eq!(options(&[]).facts(Endpoints::default()).unwrap().endpoint, "http://localhost:9229");
    }

    #[test]
    fn where_no_demo_was_made_its_ids_are_not_printed() {
        let running = || serde_json::from_str(r#"{"http":"http://localhost:1","demo":null,"seeded":null}"#).unwrap();
        let told = options(&["--pool-id", "p_1"]).facts(running()).unwrap_err().to_string();
        assert!(told.contains("--client-id ID") && told.contains("list-user-pools") && !told.contains("DemoPool1"), "{told}");
        let named = options(&["--pool-id", "p_1", "--client-id", "abc"]).facts(running()).unwrap();
        assert_eq!((named.pool_id.as_str(), named.client_id.as_str(), named.username.as_str()), ("p_1", "abc", "USERNAME"));
        assert_eq!(named.client_secret, None);
    }

    #[test]
    fn with_a_seed_its_ids_are_taken_and_never_the_demos() {
        let running = |clients: &[&str]| {
            let one = |id: &&str| serde_json::json!({"user_pool_id": "p_1", "pool_name": "shop", "client_id": id, "client_secret": "s"});
            let all: Vec<_> = clients.iter().map(one).collect();
            serde_json::from_value::<Endpoints>(serde_json::json!({ "seeded": all })).unwrap()
        };
        let facts = options(&[]).facts(running(&["web"])).unwrap();
        assert_eq!((facts.pool_id.as_str(), facts.client_id.as_str(), facts.client_secret.as_deref()), ("p_1", "web", Some("s")));
        let which = options(&["--data", "a b"]).facts(running(&["web", "api"])).unwrap_err().to_string();
        assert!(which.contains("poolhouse env --for js --data 'a b' --client-id api      # "), "{which}");
        assert_eq!(options(&["--client-id", "api"]).facts(running(&["web", "api"])).unwrap().client_id, "api");
        assert!(options(&["--client-id", "other"]).facts(running(&["web"])).is_err());
        let named = options(&["--client-id", "other", "--pool-id", "p_2"]).facts(running(&["web"])).unwrap();
        assert_eq!((named.client_id.as_str(), named.client_secret), ("other", None));
        assert!(options(&[]).facts(running(&[])).is_err());
    }
}
