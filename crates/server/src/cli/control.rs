//! The control API of a development instance as commands: clock, faults, snapshots, reset, tokens, status. Each is one call
//! to the server that runs on the data directory. Called by `cli`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::env::Endpoints;
use super::http;
use super::out::Out;
use crate::operator::commands::period_ms;
use crate::start_error::StartError;

/// Longest wait for the server: a large database takes its time to go back.
const TIMEOUT: Duration = Duration::from_secs(70);

#[derive(Debug, Subcommand)]
pub(super) enum ControlCommand {
    /// Move the clock of a development instance
    #[command(
        after_help = "Examples:\n  poolhouse clock show\n  poolhouse clock shift 1h        an hour further: access tokens expire\n  \
        poolhouse clock shift -30m\n  poolhouse clock freeze 2026-01-01T00:00:00Z\n  poolhouse clock freeze         where it stands\n  \
        poolhouse clock go             on from there\n  poolhouse clock reset\n\n\
        Kept in the server's memory: a restart shows the real time again. docs/CONTROL.md says what happens on going back."
    )]
    Clock {
        #[command(flatten)]
        server: Server,
        #[command(subcommand)]
        command: ClockCommand,
    },
    /// Make operations of a development instance throttle, fail or take their time
    #[command(after_help = "Examples:\n  poolhouse fault add InitiateAuth --throttle --times 3\n  \
        poolhouse fault add SignUp --error InternalErrorException\n  poolhouse fault add oauth2/token --delay 500\n  \
        poolhouse fault add '*' --throttle --pool eu-central-1_AbCdEfGhI\n  poolhouse fault list\n  poolhouse fault clear      all of them\n  \
        poolhouse fault clear 2")]
    Fault {
        #[command(flatten)]
        server: Server,
        #[command(subcommand)]
        command: FaultCommand,
    },
    /// Keep named states of a development instance and go back to them
    #[command(after_help = "Examples:\n  poolhouse snapshot take before\n  poolhouse snapshot list\n  \
        poolhouse snapshot restore before\n  poolhouse snapshot delete before\n\n\
        Kept as files in DIR/snapshots. Going back ends the sessions that began since, and says how many.")]
    Snapshot {
        #[command(flatten)]
        server: Server,
        #[command(subcommand)]
        command: SnapshotCommand,
    },
    /// Go back to the state right after the start of a development instance
    #[command(after_help = "Example:\n  poolhouse reset\n\nThe clock shows the real time again, and faults are gone.")]
    Reset {
        #[command(flatten)]
        server: Server,
    },
    /// Tokens of a user of a development instance, without a sign-in
    #[command(after_help = "Examples:\n  poolhouse token mint                 of the demo user\n  \
        curl -H \"Authorization: Bearer $(poolhouse token mint --only access)\" http://localhost:3000/\n  \
        poolhouse token mint --user ada@example.com --pool eu-central-1_AbCdEfGhI --client 1example23456789 --ttl 60\n  \
        poolhouse token mint --scope openid --scope email")]
    Token {
        #[command(flatten)]
        server: Server,
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// A development instance at a glance; exits with 1 where none answers
    #[command(after_help = "Examples:\n  poolhouse status\n  poolhouse status --json | jq .clock")]
    Status {
        #[command(flatten)]
        server: Server,
        /// As one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// The server that runs on a directory.
#[derive(Debug, clap::Args)]
pub(super) struct Server {
    /// Data directory of `poolhouse dev`
    #[arg(long, value_name = "DIR", default_value = ".poolhouse", global = true)]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(super) enum ClockCommand {
    /// The time, real and as the rules see it
    Show,
    /// Further by a time such as `90s`, `30m`, `1h` or `7d`, or back by `-1h`
    Shift {
        #[arg(value_name = "TIME", allow_hyphen_values = true, value_parser = signed_ms)]
        by: i64,
    },
    /// Stand still, where it stands or at a time
    Freeze {
        #[arg(value_name = "TIME")]
        at: Option<String>,
    },
    /// Go on from where it stands
    Go,
    /// Show the real time again
    Reset,
}

#[derive(Debug, Subcommand)]
pub(super) enum FaultCommand {
    /// Set one
    #[command(group = clap::ArgGroup::new("effect").required(true).multiple(true).args(["throttle", "error", "delay"]))]
    Add {
        /// An operation, an OAuth endpoint such as oauth2/token, or `*`
        #[arg(value_name = "OPERATION")]
        operation: String,
        /// Answer as an exceeded quota does
        #[arg(long, conflicts_with = "error")]
        throttle: bool,
        /// Answer with this error
        #[arg(long, value_name = "NAME")]
        error: Option<String>,
        /// Milliseconds to wait first
        #[arg(long, value_name = "MS")]
        delay: Option<u64>,
        /// How often; without it until it is removed
        #[arg(long, value_name = "NUMBER")]
        times: Option<u32>,
        /// Only calls about this pool
        #[arg(long, value_name = "POOL_ID")]
        pool: Option<String>,
        /// Only calls that name this app client
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
    },
    /// List them, and how often each still strikes
    List,
    /// Remove one, or all
    Clear {
        #[arg(value_name = "ID")]
        id: Option<u64>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SnapshotCommand {
    /// Keep the state of now, in place of one of the same name
    Take { name: String },
    /// List them, the oldest first
    List,
    /// Go back to one
    Restore { name: String },
    /// Forget one
    Delete { name: String },
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Issue access, ID and refresh tokens
    Mint {
        /// [default: the demo user]
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// [default: the demo pool]
        #[arg(long, value_name = "POOL_ID")]
        pool: Option<String>,
        /// [default: the demo client]
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
        /// As from the OAuth endpoints, with this scope; may be given several times
        #[arg(long, value_name = "SCOPE")]
        scope: Vec<String>,
        /// Seconds that access and ID token live
        #[arg(long, value_name = "SECONDS")]
        ttl: Option<i64>,
        /// Print this one alone
        #[arg(long, value_enum, value_name = "WHICH")]
        only: Option<Which>,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Which {
    Access,
    Id,
    Refresh,
}

/// A period, or one with a sign.
fn signed_ms(text: &str) -> Result<i64, String> {
    match text.strip_prefix('-') {
        Some(back) => period_ms(back).map(|ms| -ms),
        None => period_ms(text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Does it, and prints what came of it.
pub(super) fn run(command: ControlCommand, out: Out) -> Result<(), StartError> {
    let text = match command {
        ControlCommand::Clock { server, command } => clock(&server, &command)?,
        ControlCommand::Fault { server, command } => fault(&server, command)?,
        ControlCommand::Snapshot { server, command } => snapshot(&server, &command)?,
        ControlCommand::Reset { server } => restored(&server.post("reset", &json!({}))?),
        ControlCommand::Token { server, command } => token(&server, command)?,
        ControlCommand::Status { server, json } => {
            let status = server.call("GET", "status", None)?;
            if json { format!("{status:#}") } else { glance(&status) }
        }
    };
    out.text(&text);
    Ok(())
}

impl Server {
    fn post(&self, path: &str, body: &Value) -> Result<Value, StartError> {
        self.call("POST", path, Some(body))
    }

    /// The document of a call; a refusal is an error in the server's words.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, StartError> {
        let base = Endpoints::read(&self.data)?.http;
        let base = base.ok_or_else(|| StartError::Failed(self.nobody("no server has run on it yet")))?;
        let url = format!("{base}/_poolhouse/{path}");
        let body = body.map(Value::to_string);
        let answer = http::call(method, &url, body.as_deref(), TIMEOUT)
            .map_err(|why| StartError::Failed(self.nobody(&format!("{base}: {why}"))))?;
        let document: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        match answer.status {
            200 => Ok(document),
            status => {
                let message = document.get("message").and_then(Value::as_str);
                Err(StartError::Failed(message.map_or_else(|| format!("{url}: the server answers {status}"), str::to_owned)))
            }
        }
    }

    fn nobody(&self, why: &str) -> String {
        let data = self.data.display();
        format!(
            "No server answers for {data}: {why}.\nStart one with `poolhouse dev --data {data}`, or name its directory with --data."
        )
    }
}

/// A name as a part of an address. Whatever else it may be, the server refuses it.
fn segment(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn clock(server: &Server, command: &ClockCommand) -> Result<String, StartError> {
    let reading = match command {
        ClockCommand::Show => server.call("GET", "clock", None)?,
        ClockCommand::Shift { by } => server.post("clock", &json!({ "shift_seconds": by / 1000 }))?,
        ClockCommand::Freeze { at: Some(at) } => server.post("clock", &json!({ "freeze_at": at }))?,
        ClockCommand::Freeze { at: None } => server.post("clock", &json!({ "freeze": true }))?,
        ClockCommand::Go => server.post("clock", &json!({ "freeze": false }))?,
        ClockCommand::Reset => server.post("clock", &json!({ "reset": true }))?,
    };
    Ok(time_of(&reading))
}

pub(super) fn time_of(reading: &Value) -> String {
    let now = text(reading, "now");
    let shift = reading.get("shift_seconds").and_then(Value::as_i64).unwrap_or_default();
    let frozen = reading.get("frozen").and_then(Value::as_bool).unwrap_or_default();
    match (frozen, shift) {
        (false, 0) => format!("{now}  the real time"),
        (true, _) => format!("{now}  frozen; really {}", text(reading, "real")),
        (false, shift) => format!("{now}  shifted by {shift} s; really {}", text(reading, "real")),
    }
}

fn fault(server: &Server, command: FaultCommand) -> Result<String, StartError> {
    match command {
        FaultCommand::Add { operation, throttle, error, delay, times, pool, client } => {
            let word = match (throttle, &error) {
                (true, _) => "throttle",
                (false, Some(_)) => "error",
                (false, None) => "delay",
            };
            let members = [
                ("operation", json!(operation)),
                ("fault", json!(word)),
                ("error", json!(error)),
                ("delay_ms", json!(delay)),
                ("times", json!(times)),
                ("pool", json!(pool)),
                ("client", json!(client)),
            ];
            let body: Map<String, Value> =
                members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect();
            Ok(fault_line(&server.post("faults", &Value::Object(body))?))
        }
        FaultCommand::List => {
            let lines: Vec<String> = items(&server.call("GET", "faults", None)?, "faults").map(fault_line).collect();
            Ok(if lines.is_empty() { "There are no faults.".to_owned() } else { lines.join("\n") })
        }
        FaultCommand::Clear { id } => {
            let path = id.map_or_else(|| "faults".to_owned(), |id| format!("faults/{id}"));
            Ok(format!("{} removed", server.call("DELETE", &path, None)?.get("removed").unwrap_or(&Value::Null)))
        }
    }
}

fn fault_line(fault: &Value) -> String {
    let number = |name: &str| fault.get(name).and_then(Value::as_u64);
    let mut line = format!("{}  {}  {}", number("id").unwrap_or_default(), text(fault, "operation"), text(fault, "fault"));
    for name in ["error", "pool", "client"] {
        let value = text(fault, name);
        if !value.is_empty() {
            line.push_str(&format!("  {name} {value}"));
        }
    }
    if let Some(ms) = number("delay_ms").filter(|ms| *ms > 0) {
        line.push_str(&format!("  after {ms} ms"));
    }
    line.push_str(&number("times_left").map_or_else(|| "  until removed".to_owned(), |left| format!("  {left} times more")));
    line
}

fn snapshot(server: &Server, command: &SnapshotCommand) -> Result<String, StartError> {
    let line = |one: &Value| {
        let bytes = one.get("bytes").and_then(Value::as_u64).unwrap_or_default();
        format!("{}  {}  {bytes} bytes", text(one, "taken_at"), text(one, "name"))
    };
    match command {
        SnapshotCommand::Take { name } => Ok(line(&server.post("snapshots", &json!({ "name": name }))?)),
        SnapshotCommand::List => {
            let lines: Vec<String> = items(&server.call("GET", "snapshots", None)?, "snapshots").map(line).collect();
            Ok(if lines.is_empty() { "There are no snapshots.".to_owned() } else { lines.join("\n") })
        }
        SnapshotCommand::Restore { name } => {
            Ok(restored(&server.post(&format!("snapshots/{}/restore", segment(name)), &json!({}))?))
        }
        SnapshotCommand::Delete { name } => {
            server.call("DELETE", &format!("snapshots/{}", segment(name)), None)?;
            Ok(format!("{name} deleted"))
        }
    }
}

/// What went and what came back, in words.
fn restored(told: &Value) -> String {
    let count = |name: &str| told.get(name).and_then(Value::as_u64).unwrap_or_default();
    format!(
        "Back at {}: {} sessions ended, {} live again; {} users removed, {} returned, {} changed.",
        text(told, "restored"),
        count("sessions_ended"),
        count("sessions_revived"),
        count("users_removed"),
        count("users_returned"),
        count("users_changed"),
    )
}

fn token(server: &Server, command: TokenCommand) -> Result<String, StartError> {
    let TokenCommand::Mint { user, pool, client, scope, ttl, only } = command;
    let demo = Endpoints::read(&server.data)?.demo.unwrap_or_default();
    let known = |given: Option<String>, demo: Option<String>, option: &str| {
        given.or(demo).ok_or_else(|| StartError::Failed(format!("There is no demo pool here: say {option}.")))
    };
    let mut body = json!({
        "pool": known(pool, demo.user_pool_id, "--pool")?,
        "client": known(client, demo.client_id, "--client")?,
        "username": known(user, demo.username, "--user")?,
    });
    if let Some(members) = body.as_object_mut() {
        if !scope.is_empty() {
            members.insert("scopes".to_owned(), json!(scope));
        }
        if let Some(ttl) = ttl {
            members.insert("ttl_seconds".to_owned(), json!(ttl));
        }
    }
    let tokens = server.post("tokens", &body)?;
    let name = match only {
        None => return Ok(format!("{tokens:#}")),
        Some(Which::Access) => "access_token",
        Some(Which::Id) => "id_token",
        Some(Which::Refresh) => "refresh_token",
    };
    match tokens.get(name).and_then(Value::as_str) {
        Some(token) => Ok(token.to_owned()),
        None => Err(StartError::Failed(format!("There is no {name}: the scopes have no openid."))),
    }
}

fn glance(status: &Value) -> String {
    let number = |name: &str| status.get(name).and_then(Value::as_u64).unwrap_or_default();
    let names: Vec<&str> = items(status, "snapshots").filter_map(Value::as_str).collect();
    let mut lines = vec![
        format!("Poolhouse {} at {}, region {}", text(status, "version"), text(status, "public_url"), text(status, "region")),
        format!("Store      {}, {} pools, {} messages", text(status, "store"), number("pools"), number("messages")),
        format!("Clock      {}", time_of(status.get("clock").unwrap_or(&Value::Null))),
        format!("Snapshots  {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") }),
    ];
    let faults: Vec<String> = items(status, "faults").map(fault_line).collect();
    lines.push(format!("Faults     {}", if faults.is_empty() { "none".to_owned() } else { faults.join("\n           ") }));
    lines.join("\n")
}

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(document: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    document.get(name).and_then(Value::as_array).into_iter().flatten()
}
