//! What the tests of this crate and those above share: a private PostgreSQL cluster, scratch directories for SQLite, random
//! choices, and a fuzzer. Behind the feature `testkit`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

pub mod dice;
pub mod fuzz;
pub mod plans;

/// Starts a server in a new temporary directory, says "ready", and stops and removes it when standard input ends. It ends
/// with this process, however that dies, since only this process holds the other end of the pipe.
/// The default collation is not C on purpose: the schema has to ask for bytewise comparison itself.
const SCRIPT: &str = r#"
set -eu
bin=$1 port=$2
dir=$(mktemp -d "${TMPDIR:-/tmp}/poolhouse-postgres.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir"
"$bin/initdb" -D data -U poolhouse -A trust -E UTF8 --locale=C --locale-provider=icu --icu-locale=en \
    --no-sync --no-instructions >log 2>&1 || { cat log >&2; exit 1; }
"$bin/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" \
    -c fsync=off -c max_connections=300 -c shared_buffers=64MB -c autovacuum=off >>log 2>&1 </dev/null &
server=$!
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
    kill -0 $server 2>/dev/null || { cat log >&2; exit 1; }
    sleep 0.05
done
echo ready
cat >/dev/null
kill -INT $server
wait $server || true
"#;

struct Cluster {
    port: u16,
    /// Holds the pipe whose end stops the server.
    _shell: Child,
}

static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// The URL of a new, empty database on this process's own cluster, which the first call starts. Never the machine's own.
///
/// # Errors
/// Text for a human: above all that PostgreSQL is not installed, which fails a test and does not skip it.
pub async fn postgres() -> Result<String, String> {
    let cluster = CLUSTER.get_or_init(start).as_ref().map_err(Clone::clone)?;
    let name = format!("test_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
    let server = format!("postgres://poolhouse@127.0.0.1:{}", cluster.port);
    create(&format!("{server}/postgres"), &name).await.map_err(|error| format!("CREATE DATABASE {name}: {error}"))?;
    Ok(format!("{server}/{name}?sslmode=disable"))
}

async fn create(url: &str, name: &str) -> Result<(), tokio_postgres::Error> {
    let (client, wire) = tokio_postgres::connect(url, NoTls).await?;
    let sql = format!("CREATE DATABASE {name} TEMPLATE template0");
    let work = client.batch_execute(&sql);
    tokio::select! {
        result = work => result,
        result = wire => result,
    }
}

/// Runs statements as a stranger to the program: on a connection of its own, past everything the store watches over.
///
/// # Errors
/// The database's words.
pub async fn sql(url: &str, text: &str) -> Result<(), String> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let conn = rusqlite::Connection::open(path).map_err(|e| e.to_string())?;
        conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(|e| e.to_string())?;
        return conn.execute_batch(text).map_err(|e| e.to_string());
    }
    let (client, wire) = tokio_postgres::connect(url, NoTls).await.map_err(|e| e.to_string())?;
    let work = client.batch_execute(text);
    let done = tokio::select! {
        result = work => result,
        result = wire => result,
    };
    done.map_err(|e| e.as_db_error().map_or_else(|| e.to_string(), ToString::to_string))
}

/// Flips a bit in the middle of one stored value: a BYTEA column of the row that `condition` names.
///
/// # Errors
/// The database's words.
pub async fn flip_bit(url: &str, table: &str, column: &str, condition: &str) -> Result<(), String> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let conn = rusqlite::Connection::open(path).map_err(|e| e.to_string())?;
        let select = format!("SELECT {column} FROM {table} WHERE {condition}");
        let mut value: Vec<u8> = conn.query_row(&select, [], |row| row.get(0)).map_err(|e| e.to_string())?;
        let middle = value.len() / 2;
        if let Some(byte) = value.get_mut(middle) {
            *byte ^= 1;
        }
        let update = format!("UPDATE {table} SET {column} = ?1 WHERE {condition}");
        return conn.execute(&update, [value]).map(drop).map_err(|e| e.to_string());
    }
    let middle = format!("length({column}) / 2");
    sql(
        url,
        &format!(
            "UPDATE {table} SET {column} = set_byte({column}, {middle}, get_byte({column}, {middle}) # 1) WHERE {condition}"
        ),
    )
    .await
}

fn start() -> Result<Cluster, String> {
    let bin = binaries()?;
    let mut failure = String::new();
    // Another process may take the port between our look and the server's bind.
    for _ in 0..3 {
        match start_on(&bin, free_port()?) {
            Ok(cluster) => return Ok(cluster),
            Err(error) => failure = error,
        }
    }
    Err(format!("PostgreSQL did not start: {failure}"))
}

fn start_on(bin: &Path, port: u16) -> Result<Cluster, String> {
    let mut command = unprivileged()?;
    let command = command.args(["sh", "-c", SCRIPT, "sh"]).arg(bin).arg(port.to_string()).current_dir("/");
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: a test runner that kills ours must leave the shell alive to clean up.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut shell = command.spawn().map_err(|error| format!("cannot run a shell: {error}"))?;
    let mut line = String::new();
    if let Some(stdout) = shell.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
    }
    if line.trim() == "ready" {
        return Ok(Cluster { port, _shell: shell });
    }
    let mut reason = String::new();
    if let Some(mut stderr) = shell.stderr.take() {
        stderr.read_to_string(&mut reason).map_err(|error| error.to_string())?;
    }
    Err(reason)
}

/// The newest installed version's programs, where Debian puts them.
fn binaries() -> Result<PathBuf, String> {
    let missing = "no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql";
    let versions = fs::read_dir("/usr/lib/postgresql").map_err(|_| missing.to_owned())?;
    let newest = versions
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("bin/initdb").exists() && path.join("bin/postgres").exists())
        .max_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    newest.map(|path| path.join("bin")).ok_or_else(|| missing.to_owned())
}

/// PostgreSQL refuses to run as root: then the package's own user runs it.
fn unprivileged() -> Result<Command, String> {
    let id = Command::new("id").arg("-u").output().map_err(|error| format!("id -u: {error}"))?;
    if id.stdout.trim_ascii() != b"0" {
        return Ok(Command::new("env"));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
    Ok(command)
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.port())
}

/// A directory for one test; removed when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty directory, open to this user only.
    ///
    /// # Errors
    /// When the temporary directory cannot be written.
    pub fn new() -> std::io::Result<Self> {
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("poolhouse-test-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                // One left behind by an earlier process of the same id.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                result => {
                    result?;
                    let scratch = Self(path);
                    #[cfg(unix)]
                    fs::set_permissions(&scratch.0, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
                    return Ok(scratch);
                }
            }
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A SQLite URL inside it.
    #[must_use]
    pub fn sqlite(&self) -> String {
        format!("sqlite://{}/poolhouse.db", self.0.display())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
