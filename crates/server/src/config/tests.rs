//! One test a refusal, and the minimal file that serves.

use std::fs;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::*;

/// A directory with a key file and a password file that are as they should be.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("poolhouse-config-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        for file in ["master.key", "password"] {
            use std::io::Write as _;
            let mut options = fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(dir.join(file)).unwrap();
            file.write_all(b"k1 secret\n").unwrap();
        }
        Self(dir)
    }

    fn minimal(&self) -> String {
        let dir = self.0.display();
        format!(
            "public_url = \"https://login.poolhouse.test\"\n\
             [listen]\nhttp = \"127.0.0.1:8080\"\n\
             [store]\nurl = \"sqlite:{dir}/p.db\"\n\
             [keys]\nmaster_key_file = \"{dir}/master.key\"\n\
             [smtp]\nhost = \"127.0.0.1\"\nsecurity = \"none\"\nfrom = \"no-reply@poolhouse.test\"\n"
        )
    }

    fn refused(&self, text: &str) -> Vec<String> {
        match parse(text).settle(&Ambient::default()) {
            Ok(_) => Vec::new(),
            Err(refusals) => refusals.into_iter().map(|refusal| refusal.what).collect(),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn parse(text: &str) -> ServeConfig {
    ServeConfig::parse(text, Path::new("poolhouse.toml")).unwrap()
}

#[test]
fn the_minimal_file_serves_with_production_values() {
    let place = Place::new("minimal");
    let settings = parse(&place.minimal()).settle(&Ambient::default()).unwrap();
    assert_eq!(settings.public_url, "https://login.poolhouse.test");
    assert_eq!(settings.callers, Callers::AccessKeys);
    assert!(settings.fixed_code.is_none() && !settings.demo && !settings.open_control && settings.log.json);
    assert_eq!((settings.account_id.as_str(), settings.region.as_str()), ("123456789012", "us-east-1"));
}

#[test]
fn sec_192_an_empty_file_is_refused_with_everything_at_once() {
    let place = Place::new("empty");
    let refused = place.refused("");
    assert_eq!(
        refused,
        [
            "public_url is not set.",
            "No address to listen on, so neither TLS nor a proxy that does it.",
            "store.url is not set.",
            "There is no master key.",
            "smtp.host is not set.",
        ]
    );
    let list = numbered(&parse("").settle(&Ambient::default()).unwrap_err());
    assert!(list.starts_with("Poolhouse does not start: 5 things are missing or unsafe.\n\n  1. public_url is not set.\n"));
    assert!(list.contains("\n  5. smtp.host"));
}

#[test]
fn sec_192_every_unsafe_value_is_refused_by_itself() {
    let place = Place::new("table");
    let url = "https://login.poolhouse.test";
    let table: [(&str, &str, &str); 23] = [
        (url, "http://login.poolhouse.test", "public_url is plain http"),
        (url, "https://login.poolhouse.test/path", "public_url is not an https address"),
        (url, "https://a@login.poolhouse.test", "public_url is not an https address"),
        (url, "https://login.example.com", "public_url is still the example's"),
        ("127.0.0.1:8080", "0.0.0.0:8080", "listen.http = 0.0.0.0:8080 is plain HTTP open to others"),
        ("[store]", "behind_proxy = [\"0.0.0.0/0\"]\n[store]", "listen.behind_proxy holds 0.0.0.0/0, which is everyone"),
        ("[store]", "behind_proxy = [\"proxy\"]\n[store]", "listen.behind_proxy: "),
        ("[store]", "https = \"0.0.0.0:8443\"\n[store]", "tls.certificate or tls.key is not set"),
        ("[store]", "[tls]\ncertificate = \"/none\"\nkey = \"/none\"\n[store]", "/none: "),
        ("sqlite:", "mysql:", "store.url is neither"),
        ("sqlite:", "sqlite::memory:", "store.url is a database in memory"),
        ("sqlite:", "postgres://u:change-me@h", "store.url is still the example's"),
        ("master.key", "missing.key", "The master key "),
        ("\"127.0.0.1\"", "\"mail.example.com\"", "smtp is still the example's"),
        ("no-reply@poolhouse.test", "nobody", "smtp.from is not set"),
        ("[smtp]", "[smtp]\nusername = \"u\"", "smtp.security is none"),
        ("[keys]", "[hash]\npasses = 1\n[keys]", "[hash] is weaker"),
        ("[listen]", "region = \"mars\"\n[listen]", "region is not"),
        ("[listen]", "account_id = \"1\"\n[listen]", "account_id is not"),
        (
            "[keys]",
            "[limits]\nguesses_per_minute_per_address = 0\n[keys]",
            "[limits] guesses_per_minute_per_address is not between",
        ),
        (
            "[keys]",
            "[limits.requests_per_second]\nUserReads = 5\n[keys]",
            "[limits.requests_per_second] UserReads is no category",
        ),
        ("[keys]", "[limits.requests_per_second]\nUserRead = 0\n[keys]", "[limits.requests_per_second] UserRead is not between"),
        (
            "[keys]",
            "[limits]\nquotas = \"off\"\n[limits.requests_per_second]\nUserRead = 5\n[keys]",
            "[limits] turns quotas off and sets some",
        ),
    ];
    assert_eq!(place.refused(&place.minimal()), Vec::<String>::new());
    for (from, to, what) in table {
        let text = place.minimal();
        assert!(text.contains(from), "{from}");
        let refused = place.refused(&text.replacen(from, to, 1));
        assert!(refused.iter().any(|refusal| refusal.starts_with(what)), "{to}: {refused:?}");
    }
}

#[test]
fn sec_193_settings_of_development_are_refused_by_name() {
    let place = Place::new("dev");
    for line in ["code = \"123456\"", "demo = true", "inbox = \"open\"", "any_key = true", "clock = 0"] {
        let refused = place.refused(&format!("{line}\n{}", place.minimal()));
        let name = line.split(' ').next().unwrap();
        assert_eq!(refused, [format!("{name} is a setting of development mode.")]);
    }
}

#[test]
fn sec_180_master_keys_open_to_others_are_refused() {
    let place = Place::new("key");
    let key = place.0.join("master.key");
    for mode in [0o640, 0o604, 0o660, 0o666] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        assert!(place.refused(&place.minimal())[0].contains("can be read or written by others"), "{mode:o}");
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "").unwrap();
    assert!(place.refused(&place.minimal())[0].contains("is empty"));
}

#[test]
fn sec_180_a_systemd_credential_serves_as_the_master_key() {
    let place = Place::new("credential");
    let text = place.minimal();
    let text = text.lines().filter(|line| !line.contains("master_key_file")).collect::<Vec<_>>().join("\n");
    let ambient = Ambient { credentials: Some(place.0.clone()), ..Ambient::default() };
    assert!(parse(&text).settle(&ambient).is_err());
    let path = place.0.join("master-key");
    fs::write(&path, "k").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
    let settings = parse(&text).settle(&ambient).unwrap();
    assert_eq!(settings.master_key, MasterKeySource::Credential(path.clone()));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    assert!(parse(&text).settle(&ambient).is_err());
}

#[test]
fn mail_passwords_come_from_private_files_and_stay_out_of_debug_output() {
    let place = Place::new("mail");
    let file = place.0.join("password");
    let smtp = format!("security = \"tls\"\nusername = \"u\"\npassword_file = \"{}\"", file.display());
    let text = place.minimal().replace("security = \"none\"", &smtp);
    let settings = parse(&text).settle(&Ambient::default()).unwrap();
    let Mail::Smtp(mail) = &settings.mail else { panic!("no mail") };
    assert_eq!((mail.port, mail.password.as_ref().map(Secret::expose)), (465, Some("k1 secret")));
    let shown = format!("{settings:?}");
    assert!(!shown.contains("k1 secret") && !shown.contains("sqlite:"), "{shown}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(place.refused(&text).len(), 1);
}

#[test]
fn malformed_files_name_the_line_and_not_the_value() {
    let table = [
        ("public_url = \"x\"\nport = 1\n", 2, "port", "unknown field"),
        ("[listen]\nhttp = \"localhost\"\n", 2, "http", "invalid socket address"),
        ("\n\nregion = 5\n", 3, "region", "invalid type"),
        ("[smtp]\n\npassword = \"hunter2\"\n", 3, "password", "unknown field"),
        ("[smtp]\nport = \"hunter2\"\n", 2, "port", "invalid type"),
        ("[smtp\n", 1, "", ""),
    ];
    for (text, line, key, why) in table {
        let error = ServeConfig::parse(text, Path::new("p.toml")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("p.toml, line {line}")), "{error}");
        assert!(error.contains(key) && error.contains(why) && !error.contains("hunter2"), "{error}");
    }
}

fn dev() -> DevOptions {
    DevOptions {
        data: "d".into(),
        http: None,
        https: "[::1]:9443".parse().ok(),
        no_demo: false,
        issuer: IssuerMode::Local,
        code: Some("123456".into()),
        seed: None,
        no_seed: false,
        region: Some("eu-central-1".into()),
        quotas: QuotaMode::Off,
    }
}

#[test]
fn sec_193_development_listens_on_loopback_only() {
    let settings = dev().settle(&Ambient::default()).unwrap();
    assert_eq!((settings.callers, settings.fixed_code.as_deref()), (Callers::AnyKey, Some("123456")));
    // The port that was asked for is not exchanged for another.
    assert_eq!(settings.moves, Moves { http: true, https: false });
    let open = DevOptions { http: "0.0.0.0:9229".parse().ok(), https: "192.168.1.2:1".parse().ok(), ..dev() };
    assert_eq!(open.settle(&Ambient::default()).unwrap_err().len(), 2);
    let odd = DevOptions { code: Some("12345x".into()), region: Some("x".into()), ..dev() };
    assert_eq!(odd.settle(&Ambient::default()).unwrap_err().len(), 2);
}

#[test]
fn sec_077_116_limits_are_on_in_production_and_can_be_set() {
    use poolhouse_engine::rates::Settings as Rates;
    use poolhouse_engine::rates::quotas::Category;
    let place = Place::new("limits");
    let rates = |more: &str| parse(&format!("{}{more}", place.minimal())).settle(&Ambient::default()).unwrap().rates;
    assert_eq!(rates(""), Rates::aws());
    assert_eq!(rates("[limits]\nquotas = \"aws\"\n"), Rates::aws());
    let off = rates("[limits]\nquotas = \"off\"\n");
    assert_eq!((off.quotas, off.guesses), (None, Rates::aws().guesses));
    let set = rates("[limits]\nguesses_per_minute_per_address = 7\n[limits.requests_per_second]\nUserRead = 500\n");
    assert_eq!(set.guesses.map(|guesses| (guesses.per_address, guesses.per_pool)), Some((7, 3000)));
    assert_eq!(set.quotas.unwrap().0, [(Category::UserRead, 500)].into());
    assert_eq!(dev().settle(&Ambient::default()).unwrap().rates, Rates::default());
    let tried = DevOptions { quotas: QuotaMode::Aws, ..dev() };
    assert_eq!(tried.settle(&Ambient::default()).unwrap().rates, Rates::aws());
}
