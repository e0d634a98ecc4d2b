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

    let address = format!("127.0.0.1:{port}");
    let other = dir.join("other");
    let taken = run(&["dev", "--http", &address, "--https", "127.0.0.1:0", "--data", other.to_str().unwrap()]);
    assert_eq!(taken.status.code(), Some(1));
    assert!(text(&taken.stderr).contains(&format!("taken by poolhouse (process {})", child.id())));

    // On the same directory it is not started twice, whatever the ports.
    let twice = run(&["dev", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    let told = text(&twice.stderr);
    assert_eq!((twice.status.code(), twice.stdout.len()), (Some(1), 0));
    assert!(told.contains(&format!("already (process {}): http://localhost:{port}", child.id())), "{told}");

    let trust = run(&["trust", "--dry-run", "--data", data.to_str().unwrap()]);
    assert!(trust.status.success() && text(&trust.stdout).contains("ca.pem"));

    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn dev_moves_on_from_a_usual_port_that_is_taken_and_names_the_holder() {
    let dir = dir("moves");
    // Whoever holds it otherwise, it is taken now.
    let _held = std::net::TcpListener::bind("127.0.0.1:9229");
    let data = dir.join("data");
    let arguments = ["dev", "--https", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let mut child = program().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap();
    let port: u16 = first.rsplit(':').next().unwrap().parse().unwrap();
    assert!((9230..=9249).contains(&port), "{first}");
    let told = lines.find(|line| line.starts_with("! ")).unwrap();
    assert!(told.starts_with("! Port 9229 is taken by ") && told.contains(&format!("listens on {port} instead")), "{told}");
    let console = lines.find(|line| line.trim_start().starts_with("Console")).unwrap();
    assert!(console.ends_with(&format!("http://localhost:{port}/console")), "{console}");
    let link = lines.find(|line| line.contains("/oauth2/authorize?")).unwrap();
    assert!(link.trim().starts_with(&format!("http://localhost:{port}/")), "{link}");
    // Tokens name the address that is really there.
    let pool = "us-east-1_DemoPool1";
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let path = format!("/{pool}/.well-known/openid-configuration");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(&format!("\"issuer\":\"http://localhost:{port}/{pool}\"")), "{answer}");
    let env = run(&["env", "--for", "cli", "--data", data.to_str().unwrap()]);
    assert!(text(&env.stdout).contains(&format!("=http://localhost:{port}\n")));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn explain_knows_errors_and_requests_and_says_what_was_probably_meant() {
    let known = run(&["explain", "notauthorizedexception"]);
    let told = text(&known.stdout);
    assert!(known.status.success() && told.starts_with("NotAuthorizedException (HTTP 400): "), "{told}");
    assert!(told.contains("SECRET_HASH is missing or wrong") && !told.contains('\x1b'), "{told}");
    let unknown = run(&["explain", "invalid_grnat"]);
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(2), 0));
    assert!(text(&unknown.stderr).contains("poolhouse explain invalid_grant"));

    let dir = dir("explain");
    let data = dir.join("data");
    let data = data.to_str().unwrap();
    let arguments = ["dev", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data", data];
    let mut child = program().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port: u16 = lines.next().unwrap().unwrap().rsplit(':').next().unwrap().parse().unwrap();
    let body = r#"{"UserPoolId":"us-east-1_DemoPool1","Username":"nobody","Password":"Abcdef-123456","Permanent":true}"#;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: AWSCognitoIdentityProviderService.AdminSetUserPassword\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=test/20260101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let request = answer.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("x-amzn-requestid: ").map(str::to_owned));
    let request = request.unwrap_or_else(|| panic!("{answer}"));
    // Ended, so that everything is on disk.
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap();
    let found = run(&["explain", &request, "--data", data]);
    let told = text(&found.stdout);
    assert!(
        told.contains("It was refused with UserNotFoundException: the pool has no such user."),
        "{told}{}",
        text(&found.stderr)
    );
    assert!(told.contains("Next: list-users") && told.contains("poolhouse explain UserNotFoundException"), "{told}");
    let none = run(&["explain", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "--data", data]);
    assert_eq!(none.status.code(), Some(1));
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
    for command in [
        "dev",
        "serve",
        "trust",
        "env",
        "doctor",
        "explain",
        "access-key",
        "master-key",
        "backup",
        "restore",
        "end-sessions",
        "check",
    ] {
        let output = run(&[command, "--help"]);
        assert!(output.status.success());
        let help = text(&output.stdout);
        assert!(help.contains("poolhouse") || command == "trust", "{command}: {help}");
    }
}
