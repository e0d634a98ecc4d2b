//! What `serve` does not start with, and that refusing changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::program::{Program, Site, command, documented, key_in, run, text, write};

#[test]
fn sec_047_192_the_documented_configuration_is_no_configuration_until_it_is_filled_in() {
    let site = Site::new(1);
    write(&site.config, &documented(), 0o600);
    let output = site.refused();
    assert_eq!(output.status.code(), Some(2));
    let list = text(&output.stderr);
    for line in ["public_url is still the example's.", "smtp is still the example's."] {
        assert!(list.contains(line), "{line} in {list}");
    }
    // One value at a time, in a configuration that is sound otherwise.
    let samples = [
        ("https://login.poolhouse.test", "https://login.example.com", "public_url is still the example's."),
        ("no-reply@poolhouse.test", "no-reply@example.org", "smtp is still the example's."),
        ("sqlite:", "postgres://poolhouse:change-me@db.internal/poolhouse#", "store.url is still the example's."),
        ("https://login.poolhouse.test", "http://login.poolhouse.test", "public_url is plain http."),
        ("127.0.0.1:0", "0.0.0.0:0\"\nbehind_proxy = []\n#", "is plain HTTP open to others, with no proxy named."),
        ("behind_proxy = [\"127.0.0.1\"]", "behind_proxy = [\"0.0.0.0/0\"]", "which is everyone."),
        ("sqlite:", "sqlite::memory:#", "store.url is a database in memory."),
        ("host = \"127.0.0.1\"", "host = \"10.0.0.25\"", "smtp.security is none, to another machine."),
        ("public_url", "code = \"123456\"\npublic_url", "code is a setting of development mode."),
        ("public_url", "any_key = true\npublic_url", "any_key is a setting of development mode."),
    ];
    for (from, to, said) in samples {
        let site = Site::new(1);
        let mut config = fs::read_to_string(&site.config).unwrap().replacen(from, to, 1);
        if to.contains("behind_proxy = []") {
            config = config.replace("behind_proxy = [\"127.0.0.1\"]", "");
        }
        fs::write(&site.config, config).unwrap();
        let output = site.refused();
        assert_eq!(output.status.code(), Some(2), "{to}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{to}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("1 thing is missing or unsafe"), "{to}: {}", text(&output.stderr));
        assert!(!site.path().join("data").exists(), "{to}: refusing made a database");
    }
}

#[test]
fn sec_193_options_of_development_are_unknown_to_serve() {
    for option in [&["--code", "123456"][..], &["--data", "x"], &["--http", "0.0.0.0:80"], &["--no-demo"], &["--any-key"]] {
        let output = run(&[&["serve", "--config", "/dev/null"], option].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("unexpected argument"), "{option:?}");
    }
}

#[test]
fn sec_064_nothing_is_served_before_somebody_could_sign_a_call() {
    let site = Site::new(1);
    let output = site.refused();
    assert_eq!(output.status.code(), Some(2));
    let list = text(&output.stderr);
    assert!(list.contains("There is no access key.") && list.contains(site.config()), "{list}");
}

/// Names and bytes of everything below a directory but the lock.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn sec_180_181_a_master_key_that_is_wrong_refuses_and_changes_nothing() {
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let (key, data) = (site.path().join("master.key"), site.path().join("data"));
    let (good, before) = (fs::read_to_string(&key).unwrap(), contents(&data));
    assert!(before.contains_key("poolhouse.db"));
    let other = site.path().join("other.key");
    assert!(run(&["master-key", "create", other.to_str().unwrap()]).status.success());
    let other = fs::read_to_string(&other).unwrap();
    let stripes = "k1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= active\n".to_owned();
    let table: [(&str, &str, u32, i32, &str); 7] = [
        ("another key", &other, 0o600, 1, "is not in the ring"),
        ("no key", "", 0o600, 2, "is empty"),
        ("no line of a key", "hello\n", 0o600, 1, "line 1 of the master keys"),
        ("zeros", &stripes, 0o600, 1, "not a random key"),
        ("readable by the group", &good, 0o640, 2, "has mode 0640"),
        ("readable by all", &good, 0o604, 2, "has mode 0604"),
        ("writable by the group", &good, 0o620, 2, "has mode 0620"),
    ];
    for (what, content, mode, code, said) in table {
        write(&key, content, mode);
        for output in [site.refused(), site.access_key(&["list"])] {
            assert_eq!(output.status.code(), Some(code), "{what}: {}", text(&output.stderr));
            assert!(text(&output.stderr).contains(said), "{what}: {}", text(&output.stderr));
            let told = key_in(content).is_some_and(|key| text(&output.stderr).contains(key));
            assert!(!told, "{what}: the key is told");
        }
        assert_eq!(fs::read_to_string(&key).unwrap(), content, "{what}");
        assert!(contents(&data) == before, "{what}: refusing changed the database");
    }
    fs::remove_file(&key).unwrap();
    let output = site.refused();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("does not exist") && !key.exists() && contents(&data) == before);
    // The right one, and all is as it was.
    write(&key, &good, 0o600);
    assert!(text(&site.access_key(&["list"]).stdout).contains("admin"));
    site.serve();
}

#[test]
fn sec_180_a_master_key_of_another_user_is_refused() {
    // Giving a file away takes root; without it there is nobody to give it to.
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let key = site.path().join("master.key");
    if std::os::unix::fs::chown(&key, Some(65_534), Some(65_534)).is_ok() {
        let output = site.refused();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("belongs to user 65534"), "{}", text(&output.stderr));
    }
}

#[test]
fn sec_180_a_systemd_credential_is_a_master_key() {
    let site = Site::new(1);
    let credentials = site.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::copy(site.path().join("master.key"), credentials.join("master-key")).unwrap();
    site.key("admin", &["--allow", "*"]);
    let text_now = fs::read_to_string(&site.config).unwrap();
    let from = text_now.find("[keys]").unwrap();
    let to = text_now.find("[smtp]").unwrap();
    fs::write(&site.config, format!("{}{}", &text_now[..from], &text_now[to..])).unwrap();
    fs::remove_file(site.path().join("master.key")).unwrap();
    assert_eq!(site.refused().status.code(), Some(2));

    let mut with = command();
    with.env("CREDENTIALS_DIRECTORY", &credentials).args(["serve", "--config", site.config()]);
    // As the service manager shows it to a service of another user: its access list reads as group bits.
    fs::set_permissions(credentials.join("master-key"), fs::Permissions::from_mode(0o440)).unwrap();
    let mut program = Program::start(&mut with, "login.poolhouse.test");
    assert!(program.stop().success());
    fs::set_permissions(credentials.join("master-key"), fs::Permissions::from_mode(0o444)).unwrap();
    assert_eq!(with.output().unwrap().status.code(), Some(2));
}
