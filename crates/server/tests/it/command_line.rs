//! The built program: exit codes, what it prints, and an orderly end on a signal.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolhouse"));
    command.env_clear();
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("poolhouse-cli-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn sec_192_serve_with_an_empty_configuration_refuses_with_a_numbered_list() {
    let output = run(&["serve", "--config", "/dev/null"]);
    assert_eq!(output.status.code(), Some(2));
    let list = text(&output.stderr);
    for line in ["  1. public_url", "  2. ", "  3. store.url", "  4. There is no master key", "  5. smtp.host"] {
        assert!(list.contains(line), "{line} in {list}");
    }
    assert!(output.stdout.is_empty() && !list.contains('\x1b'));
}

#[test]
fn a_malformed_configuration_and_a_missing_one_exit_alike() {
    let dir = dir("malformed");
    let file = dir.join("p.toml");
    fs::write(&file, "public_url = 5\n").unwrap();
    for file in [file.to_str().unwrap(), "/nonexistent/p.toml"] {
        let output = run(&["serve", "--config", file]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(file));
    }
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn sec_193_dev_refuses_to_be_reached_by_others() {
    let output = run(&["dev", "--http", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("not a loopback address"));
}

#[test]
fn dev_starts_on_free_ports_greets_and_ends_on_a_signal() {
    let dir = dir("dev");
    let data = dir.join("data");
    let arguments = ["dev", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let mut child = program().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.rsplit("http://").next().unwrap().to_owned();
    let port: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
    assert_ne!(port, 0);

    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET /_poolhouse/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let taken = run(&["dev", "--http", &format!("127.0.0.1:{port}"), "--data", data.to_str().unwrap()]);
    assert_eq!(taken.status.code(), Some(1));
    assert!(text(&taken.stderr).contains(&format!("taken by poolhouse (process {})", child.id())));

    let trust = run(&["trust", "--dry-run", "--data", data.to_str().unwrap()]);
    assert!(trust.status.success() && text(&trust.stdout).contains("ca.pem"));

    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn env_prints_shell_lines_and_writes_private_postman_files() {
    let dir = dir("env");
    let cli = run(&["env", "--for", "cli", "--endpoint", "http://localhost:1"]);
    assert!(text(&cli.stdout).contains("export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=http://localhost:1\n"));
    // `eval` of the whole must do nothing but export.
    assert!(text(&cli.stdout).lines().all(|line| line.is_empty() || line.starts_with(['#', 'e'])));
    let postman = run(&["env", "--for", "postman", "--out", dir.to_str().unwrap()]);
    assert!(postman.status.success(), "{}", text(&postman.stderr));
    let environment = dir.join("poolhouse.postman_environment.json");
    assert_eq!(fs::metadata(&environment).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(dir.join("poolhouse.postman_collection.json").exists());
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn help_teaches_by_example() {
    for command in ["dev", "serve", "trust", "env", "access-key", "master-key", "backup", "restore", "end-sessions", "check"] {
        let output = run(&[command, "--help"]);
        assert!(output.status.success());
        let help = text(&output.stdout);
        assert!(help.contains("poolhouse") || command == "trust", "{command}: {help}");
    }
}
