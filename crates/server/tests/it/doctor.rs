//! `poolhouse doctor` with the built program: what it calls bad, what it only mentions, and its exit codes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolhouse"));
    command.env_clear();
    command
}

fn dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("poolhouse-doctor-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// Exit code, standard output.
fn ask(arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String) {
    let output = program().arg("doctor").args(arguments).envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text + &String::from_utf8(output.stderr).unwrap())
}

/// The findings of one status: name and sentence.
fn of(document: &Value, status: &str) -> Vec<(String, String)> {
    let checks = document["checks"].as_array().unwrap().iter().filter(|one| one["status"] == status);
    checks.map(|one| (one["check"].as_str().unwrap().to_owned(), one["what"].as_str().unwrap().to_owned())).collect()
}

fn json(arguments: &[&str], environment: &[(&str, &str)]) -> (i32, Value) {
    let (code, text) = ask(&[arguments, &["--json"]].concat(), environment);
    (code, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// A development instance; ends with the test, however that ends.
struct Dev(Child);

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// On this data directory, and its port.
fn started(data: &str) -> (Dev, u16) {
    let arguments = ["dev", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--no-demo", "--no-seed", "--data", data];
    let mut child = program().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    (Dev(child), first.rsplit(':').next().unwrap().parse().unwrap())
}

fn ended(mut dev: Dev) {
    assert!(Command::new("kill").args(["-TERM", &dev.0.id().to_string()]).status().unwrap().success());
    dev.0.wait().unwrap();
}

#[test]
fn a_healthy_instance_has_nothing_bad_and_json_says_the_same_as_the_text() {
    let dir = dir("healthy");
    let data = dir.join("data");
    let data = data.to_str().unwrap();
    let (child, port) = started(data);
    let (code, text) = ask(&["--data", data], &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\n0 bad, ") && !text.contains('\x1b'), "{text}");
    let (code, document) = json(&["--data", data], &[]);
    assert_eq!((code, &document["bad"]), (0, &Value::from(0)));
    // Room changes between two looks.
    for finding in document["checks"].as_array().unwrap().iter().filter(|one| one["check"] != "disk") {
        assert!(text.contains(finding["what"].as_str().unwrap()), "{finding} in {text}");
        assert!(finding["next"].as_str().is_none_or(|next| next.lines().all(|line| text.contains(line))), "{finding} in {text}");
    }
    let fine: Vec<String> = of(&document, "ok").into_iter().map(|(check, _)| check).collect();
    for check in ["data directory", "master key", "store", "certificate", "server", "clock", "environment"] {
        assert!(fine.iter().any(|one| one == check), "{check} in {text}");
    }

    // What leads calls of this shell elsewhere.
    let elsewhere = [("AWS_ENDPOINT_URL", "http://localhost:4566"), ("AWS_REGION", "eu-west-3"), ("AWS_PROFILE", "work")];
    let (code, document) = json(&["--data", data], &elsewhere);
    assert_eq!(code, 1);
    assert!(matches!(&of(&document, "bad")[..], [(check, what)] if check == "environment" && what.contains("localhost:4566")));
    let told = of(&document, "warn").into_iter().map(|(_, what)| what).collect::<String>();
    assert!(told.contains("AWS_PROFILE is work") && told.contains("AWS_REGION is eu-west-3"), "{told}");
    // The service's own variable goes before the general one, and 127.0.0.1 is localhost.
    let here = format!("http://127.0.0.1:{port}/");
    let both = [("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", here.as_str()), elsewhere[0]];
    assert_eq!(json(&["--data", data], &both).0, 0);
    let ignored = [both[0], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    assert_eq!(json(&["--data", data], &ignored).0, 1);

    // A moved clock is no fault, and is said.
    assert!(program().args(["clock", "shift", "1h", "--data", data]).output().unwrap().status.success());
    let (code, document) = json(&["--data", data], &[]);
    let told = of(&document, "warn");
    assert!(code == 0 && told.iter().any(|(check, what)| check == "clock" && what.contains("shifted by 3600 s")), "{told:?}");

    // No demo was made here: its ids are not printed.
    let env = program().args(["env", "--for", "cli", "--data", data]).output().unwrap();
    let told = String::from_utf8(env.stderr).unwrap();
    assert_eq!((env.status.code(), env.stdout.len()), (Some(1), 0));
    assert!(told.contains("--pool-id ID --client-id ID"), "{told}");
    ended(child);

    let (code, text) = ask(&["--data", data], &[]);
    assert!(code == 1 && text.contains("It is not running; it was last at http://localhost:"), "{text}");
    assert!(text.contains(&format!(" poolhouse dev --data {data}\n")), "{text}");

    // Somebody else takes its port; the key is opened to others, and comes back by the printed command.
    let _held = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let key = format!("{data}/master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, document) = json(&["--data", data], &[]);
    let bad = of(&document, "bad");
    let has = |check: &str, words: &str| bad.iter().any(|(name, what)| name == check && what.contains(words));
    assert!(code == 1 && has("master key", "has mode 0644"), "{bad:?}");
    assert!(has("port", &format!("{port} is held by ")) && has("port", &format!("(process {})", std::process::id())), "{bad:?}");
    let checks = document["checks"].as_array().unwrap();
    let next = checks.iter().find(|one| one["check"] == "master key").unwrap()["next"].as_str().unwrap();
    assert!(Command::new("sh").args(["-c", next]).status().unwrap().success());
    assert!(!of(&json(&["--data", data], &[]).1, "bad").iter().any(|(check, _)| check == "master key"));

    fs::remove_file(&key).unwrap();
    let bad = of(&json(&["--data", data], &[]).1, "bad");
    assert!(bad.iter().any(|(check, what)| check == "master key" && what.contains("cannot be opened without it")), "{bad:?}");
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_damaged_database_and_a_directory_open_to_others_are_bad() {
    let dir = dir("damaged");
    let data = dir.join("data");
    ended(started(data.to_str().unwrap()).0);
    fs::write(data.join("poolhouse.db"), "no database").unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    let (code, document) = json(&["--data", data.to_str().unwrap()], &[]);
    let bad = of(&document, "bad");
    assert!(code == 1 && bad.iter().any(|(check, _)| check == "store"), "{bad:?}");
    assert!(bad.iter().any(|(check, what)| check == "data directory" && what.contains("0777")), "{bad:?}");
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_configuration_is_refused_as_serve_refuses_it_and_a_dead_mail_server_is_named() {
    let (code, text) = ask(&["--config", "/dev/null"], &[]);
    assert_eq!(code, 1);
    for words in ["public_url is not set.", "There is no master key.", " poolhouse master-key create ", "smtp.host is not set."] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let dir = dir("serve");
    let shown = dir.display();
    let key = dir.join("master.key");
    assert!(program().args(["master-key", "create", key.to_str().unwrap()]).output().unwrap().status.success());
    let greeting = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = greeting.local_addr().unwrap().port();
    let file = dir.join("poolhouse.toml");
    let text = format!(
        "public_url = \"https://login.poolhouse.test\"\n[listen]\nhttp = \"127.0.0.1:1\"\nbehind_proxy = [\"127.0.0.1\"]\n[store]\n\
         url = \"sqlite:{shown}/p.db\"\n[keys]\nmaster_key_file = \"{shown}/master.key\"\n[smtp]\nhost = \"127.0.0.1\"\n\
         port = {port}\nsecurity = \"none\"\nfrom = \"Login <login@poolhouse.test>\"\n"
    );
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let greeter = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = greeting.accept().unwrap();
        stream.write_all(b"220 here\r\n").unwrap();
        let mut sent = Vec::new();
        let _ = stream.read_to_end(&mut sent);
        sent
    });
    let (code, document) = json(&["--config", file], &[]);
    assert_eq!(greeter.join().unwrap(), b"", "nothing is sent");
    assert!(of(&document, "ok").iter().any(|(check, _)| check == "mail"), "{document}");
    assert!(code == 1 && of(&document, "bad").iter().all(|(check, _)| check == "server"), "{document}");
    // Its listener is gone now.
    let bad = of(&json(&["--config", file], &[]).1, "bad");
    assert!(bad.iter().any(|(check, what)| check == "mail" && what.contains(&format!("127.0.0.1:{port}"))), "{bad:?}");
    fs::remove_dir_all(&dir).unwrap();
}
