//! The built program as a child process with its own directory, for tests of what only a real process shows: signals,
//! exit codes, file modes, memory. Used by `serve` and `reliability`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{HeaderValue, StatusCode};
use poolhouse::run::system_now;
use poolhouse_store::testkit::Scratch;
use serde_json::Value;

use crate::harness::{REGION, Reply};
use crate::sign;

/// The program, with an empty environment.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolhouse"));
    command.env_clear();
    command
}

/// Runs it to its end.
pub fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes a file of this mode.
pub fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The key in the text of a master key file.
pub fn key_in(file: &str) -> Option<&str> {
    file.lines().find(|line| !line.starts_with('#'))?.split_whitespace().nth(1)
}

pub fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

/// A directory with a master key, and the configuration of the documentation made real.
pub struct Site {
    pub scratch: Scratch,
    pub config: PathBuf,
}

/// The name the site is served under.
pub const HOST: &str = "login.poolhouse.test";

/// The configuration that the documentation calls the smallest, letter by letter.
pub fn documented() -> String {
    let document = include_str!("../../../../docs/SERVING.md");
    let from = document.find("```toml\n").expect("a configuration") + "```toml\n".len();
    document[from..].split("```").next().unwrap().to_owned()
}

/// The same with names and paths of one's own. Where a sentence of the document changes, this fails to find it.
pub fn made_real(document: &str, dir: &Path, smtp_port: u16) -> String {
    let dir = dir.display();
    let changes = [
        ("https://login.your-company.tld", format!("https://{HOST}")),
        ("127.0.0.1:8080", "127.0.0.1:0".to_owned()),
        ("/var/lib/poolhouse/poolhouse.db", format!("{dir}/data/poolhouse.db")),
        ("/etc/poolhouse/master.key", format!("{dir}/master.key")),
        ("host = \"mail.your-company.tld\"", format!("host = \"127.0.0.1\"\nport = {smtp_port}\nsecurity = \"none\"")),
        ("no-reply@your-company.tld", "no-reply@poolhouse.test".to_owned()),
    ];
    changes.iter().fold(document.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in the document");
        text.replace(from, to)
    })
}

impl Site {
    /// A key and the documented configuration; mail goes to this port.
    pub fn new(smtp_port: u16) -> Self {
        let scratch = Scratch::new().unwrap();
        let key = scratch.path().join("master.key");
        let made = run(&["master-key", "create", key.to_str().unwrap()]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let config = scratch.path().join("poolhouse.toml");
        // Sites run beside each other, and the console's own listener has one port unless told otherwise.
        let console = "\n[console]\nlisten = \"127.0.0.1:0\"\n";
        write(&config, &format!("{}{console}", made_real(&documented(), scratch.path(), smtp_port)), 0o600);
        Self { scratch, config }
    }

    /// Replaces text of the configuration.
    pub fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(&self.config).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        fs::write(&self.config, text.replace(from, to)).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    pub fn config(&self) -> &str {
        self.config.to_str().unwrap()
    }

    /// `poolhouse access-key …` on this site.
    pub fn access_key(&self, arguments: &[&str]) -> Output {
        run(&[&["access-key", "--config", self.config()], arguments].concat())
    }

    /// Makes an access key; id and secret.
    pub fn key(&self, name: &str, more: &[&str]) -> (String, String) {
        let output = self.access_key(&[&["create", "--name", name], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let printed = text(&output.stdout);
        let value = |name: &str| printed.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        (value("AWS_ACCESS_KEY_ID="), value("AWS_SECRET_ACCESS_KEY="))
    }

    /// `poolhouse serve`, until it ends by itself.
    pub fn refused(&self) -> Output {
        run(&["serve", "--config", self.config()])
    }

    /// `poolhouse serve`, until it serves.
    pub fn serve(&self) -> Program {
        Program::start(command().args(["serve", "--config", self.config()]), &format!("{HOST}:443"))
    }
}

/// A running program; killed when dropped.
pub struct Program {
    child: Child,
    pub http: String,
    pub https: Option<String>,
    /// What requests name as their host.
    pub host: String,
    log: Arc<Mutex<String>>,
    client: reqwest::Client,
}

impl Program {
    /// Starts it and waits for the addresses it tells: `serve` in its log, `dev` in its greeting.
    pub fn start(command: &mut Command, host: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        gather(child.stdout.take().unwrap(), &log);
        gather(child.stderr.take().unwrap(), &log);
        let started = Instant::now();
        let (http, https) = loop {
            let text = log.lock().unwrap().clone();
            if let Some(found) = addresses(&text) {
                break found;
            }
            if let Some(status) = child.try_wait().unwrap() {
                std::thread::sleep(Duration::from_millis(100));
                panic!("ended with {status}: {}", log.lock().unwrap());
            }
            assert!(started.elapsed() < Duration::from_secs(20), "not ready: {text}");
            std::thread::sleep(Duration::from_millis(5));
        };
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { child, http, https, host: host.to_owned(), log, client }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// SIGTERM, and its end.
    pub fn stop(&mut self) -> ExitStatus {
        signal("-TERM", self.pid());
        self.wait()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// A request; `None` where the connection broke.
    pub async fn try_send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Reply> {
        let mut request =
            self.client.request(method.parse().unwrap(), format!("http://{}{path}", self.http)).body(body.to_owned());
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header("host", &self.host);
        }
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Some(Reply { status, headers, text: answer.text().await.ok()? })
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.try_send(method, path, headers, body).await.unwrap_or_else(|| panic!("no answer: {}", self.log()))
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    /// An operation signed with this key; without one, unsigned.
    pub async fn try_api(&self, key: Option<&(String, String)>, operation: &str, input: &Value) -> Option<Reply> {
        let body = input.to_string();
        let headers = match key {
            Some(key) => sign::headers(key, REGION, &self.host, operation, &body, system_now()),
            None => vec![
                ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target".to_owned(), format!("AWSCognitoIdentityProviderService.{operation}")),
            ],
        };
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.try_send("POST", "/", &headers, &body).await
    }

    pub async fn api(&self, key: Option<&(String, String)>, operation: &str, input: &Value) -> Reply {
        self.try_api(key, operation, input).await.unwrap_or_else(|| panic!("no answer: {}", self.log()))
    }

    /// The document of an operation that must succeed.
    pub async fn ok(&self, key: Option<&(String, String)>, operation: &str, input: &Value) -> Value {
        let reply = self.api(key, operation, input).await;
        assert_eq!(reply.status, StatusCode::OK, "{operation}: {reply:?}\n{}", self.log());
        if reply.text.is_empty() { Value::Null } else { reply.json() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a stream to its end on a thread: a full pipe would stop the program.
fn gather(stream: impl std::io::Read + Send + 'static, into: &Arc<Mutex<String>>) {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut text = into.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
        }
    });
}

/// The addresses in the log of `serve` or the greeting of `dev`.
fn addresses(text: &str) -> Option<(String, Option<String>)> {
    if let Some(line) = text.lines().find(|line| line.contains("\"message\":\"serving\"")) {
        let bound: Vec<&str> = line.split("address: ").skip(1).filter_map(|rest| rest.split(',').next()).collect();
        let tls: Vec<bool> = line.split("tls: ").skip(1).map(|rest| rest.starts_with("true")).collect();
        let of = |wanted: bool| tls.iter().position(|tls| *tls == wanted).map(|at| bound[at].to_owned());
        return Some((of(false).unwrap_or_default(), of(true)));
    }
    let port = text.lines().next()?.rsplit("http://").next()?.rsplit(':').next()?.parse::<u16>().ok()?;
    // The greeting is printed once everything accepts.
    Some((format!("127.0.0.1:{port}"), None))
}
