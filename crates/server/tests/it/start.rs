//! The order of a start, in process: from a configuration file's text to a served request and an orderly end.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use axum::{Router, routing::get};
use poolhouse::config::{Ambient, ServeConfig, Settings};
use poolhouse::edge::Bound;
use poolhouse::operator::commands::{
    AccessKeyCommand, AuditCommand, MasterKeyCommand, MasterKeyFileCommand, SeedCommand, SigningKeyCommand, UpkeepCommand,
};
use poolhouse::operator::seed::Answer;
use poolhouse::run::{self, App, Assembly, Opening};
use poolhouse::start_error::StartError;
use poolhouse_engine::check::Say;

/// An [`Assembly`] without an engine: this file is about the order of a start.
struct Placeholder;

#[async_trait]
impl Assembly for Placeholder {
    fn app(&self, _: &Settings, _: &[Bound]) -> Result<Opening, StartError> {
        let router = Router::new().route("/_poolhouse/health", get(|| async { "ok\n" }));
        Ok(Box::pin(async { Ok(App { handler: router.into(), metrics: Router::new(), facts: None, close: Box::pin(async {}) }) }))
    }

    async fn access_key(&self, _: &Settings, _: &AccessKeyCommand) -> Result<String, StartError> {
        Err(StartError::Failed("none here".into()))
    }

    async fn audit(&self, _: &Settings, _: &AuditCommand) -> Result<String, StartError> {
        Err(StartError::Failed("none here".into()))
    }

    async fn upkeep(&self, _: &Settings, _: &UpkeepCommand, _: &Say) -> Result<String, StartError> {
        Err(StartError::Failed("none here".into()))
    }

    async fn seed(&self, _: &Settings, _: &SeedCommand) -> Result<Answer, StartError> {
        Err(StartError::Failed("none here".into()))
    }

    async fn signing_key(&self, _: &Settings, _: &SigningKeyCommand) -> Result<String, StartError> {
        Err(StartError::Failed("none here".into()))
    }

    fn master_key_file(&self, _: &MasterKeyFileCommand) -> Result<String, StartError> {
        Err(StartError::Failed("none here".into()))
    }

    async fn master_key(&self, _: &Settings, _: &MasterKeyCommand, _: &Say) -> Result<String, StartError> {
        Err(StartError::Failed("none here".into()))
    }
}

fn settings(dir: &Path, https: &str) -> Settings {
    let issued = rcgen::generate_simple_self_signed(vec!["login.poolhouse.test".to_owned()]).unwrap();
    let files = [("key", "k".to_owned()), ("tls.pem", issued.cert.pem()), ("tls-key.pem", issued.signing_key.serialize_pem())];
    for (name, text) in files {
        fs::write(dir.join(name), text).unwrap();
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let dir = dir.display();
    let text = format!(
        "public_url = \"https://login.poolhouse.test\"\n[listen]\nhttp = \"127.0.0.1:0\"\nhttps = \"{https}\"\n\
         [tls]\ncertificate = \"{dir}/tls.pem\"\nkey = \"{dir}/tls-key.pem\"\n[store]\nurl = \"sqlite:{dir}/p.db\"\n\
         [keys]\nmaster_key_file = \"{dir}/key\"\n[smtp]\nhost = \"127.0.0.1\"\nsecurity = \"none\"\nfrom = \"a@poolhouse.test\"\n"
    );
    ServeConfig::parse(&text, Path::new("p.toml")).unwrap().settle(&Ambient::default()).unwrap()
}

#[tokio::test]
async fn production_serves_both_listeners_under_its_public_name() {
    let dir = std::env::temp_dir().join(format!("poolhouse-start-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let seen = Mutex::new(Vec::new());
    let ready = |ready: run::Ready<'_>| {
        assert_eq!(ready.settings.public_url, "https://login.poolhouse.test");
        seen.lock().unwrap().extend_from_slice(ready.bound);
    };
    let probe = async {
        while seen.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let plain = seen.lock().unwrap()[0].address;
        let answer = reqwest::get(format!("http://{plain}/_poolhouse/health")).await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "ok\n");
    };
    let prepared = run::prepare(settings(&dir, "127.0.0.1:0"), &Placeholder).unwrap();
    prepared.serve(ready, probe).await.unwrap();
    let bound = seen.into_inner().unwrap();
    assert_eq!(bound.iter().map(|one| one.tls).collect::<Vec<_>>(), [false, true]);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = run::prepare(settings(&dir, &address), &Placeholder).err().unwrap();
    assert!(matches!(error, StartError::Bind(_)) && error.to_string().contains(&address), "{error}");
    fs::remove_dir_all(&dir).unwrap();
}
