//! `poolhouse serve` as the documentation sets it up: master key, configuration, an access key for the administrator's calls, a mail relay.
//! Only Cognito's quotas are off, since they would be what is measured.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{digest, hmac};
use serde_json::Value;

use crate::load::http::{Call, Connection};
use crate::process::{Process, free_address};

pub const HOST: &str = "login.poolhouse-bench.test";
pub const REGION: &str = "eu-central-1";

/// A configured server that may be started, several times over.
pub struct Site {
    binary: PathBuf,
    directory: PathBuf,
    store_url: String,
    mail_port: u16,
    key: AccessKey,
}

/// An administrator's access key.
#[derive(Debug, Clone, Default)]
pub struct AccessKey {
    id: String,
    secret: String,
}

impl Site {
    /// # Errors
    /// The program refuses a command.
    pub fn new(binary: &Path, directory: &Path, store_url: &str) -> Result<Self, String> {
        let mut site = Self {
            binary: binary.to_owned(),
            directory: directory.to_owned(),
            store_url: store_url.to_owned(),
            mail_port: swallow_mail()?,
            key: AccessKey::default(),
        };
        site.run(&["master-key", "create", &site.path("master.key")])?;
        let config = site.configuration(0, free_address()?)?;
        let printed = site.run(&["access-key", "create", "--config", &config, "--name", "bench", "--allow", "*"])?;
        let value = |name: &str| printed.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let (id, secret) = (value("AWS_ACCESS_KEY_ID="), value("AWS_SECRET_ACCESS_KEY="));
        site.key = AccessKey { id: id.ok_or("no access key")?, secret: secret.ok_or("no secret")? };
        Ok(site)
    }

    pub fn key(&self) -> &AccessKey {
        &self.key
    }

    /// Starts server number `number`, under another program where `under` names one.
    ///
    /// # Errors
    /// It does not get ready.
    pub async fn serve(&self, number: usize, under: &[&str]) -> Result<Process, String> {
        let address = free_address()?;
        let config = self.configuration(number, address)?;
        let mut words = under.iter().map(Path::new).chain([self.binary.as_path()]);
        let mut command = Command::new(words.next().unwrap_or(&self.binary));
        command.args(words).args(["serve", "--config", &config]);
        Process::start(command, address, "/_poolhouse/health", &self.directory.join(format!("server-{number}.log"))).await
    }

    fn configuration(&self, number: usize, address: SocketAddr) -> Result<String, String> {
        let (store, mail, key) = (&self.store_url, self.mail_port, self.path("master.key"));
        let text = format!(
            "public_url = \"https://{HOST}\"\nregion = \"{REGION}\"\n\
            [listen]\nhttp = \"{address}\"\nbehind_proxy = [\"127.0.0.1\"]\n\
            [store]\nurl = \"{store}\"\n[keys]\nmaster_key_file = \"{key}\"\n\
            [smtp]\nhost = \"127.0.0.1\"\nport = {mail}\nsecurity = \"none\"\nfrom = \"Login <no-reply@poolhouse-bench.test>\"\n\
            [limits]\nquotas = \"off\"\n[console]\nenabled = false\n"
        );
        let path = self.path(&format!("server-{number}.toml"));
        fs::write(&path, text).map_err(|e| format!("{path}: {e}"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(|e| e.to_string())?;
        Ok(path)
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.binary).args(arguments).output();
        let output = output.map_err(|e| format!("{}: {e}", self.binary.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!("poolhouse {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
    }
}

impl AccessKey {
    /// The call of an operation, signed with this key (Signature Version 4) for the next five minutes.
    pub fn sign(&self, operation: &str, input: &Value) -> Call {
        let call = Call::operation(operation, input);
        let (day, time) = now();
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let names = "content-type;host;x-amz-date;x-amz-target";
        let request = format!(
            "POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:{HOST}\nx-amz-date:{time}\nx-amz-target:{target}\n\n{names}\n{}",
            sha256(&call.body)
        );
        let scope = format!("{day}/{REGION}/cognito-idp/aws4_request");
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(request.as_bytes()));
        let first = format!("AWS4{}", self.secret).into_bytes();
        let key = [day.as_str(), REGION, "cognito-idp", "aws4_request"].iter().fold(first, |key, part| mac(&key, part));
        let signature = hex(&mac(&key, &text));
        let id = &self.id;
        let authorization = format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
        call.with("host", HOST).with("x-amz-date", &time).with("authorization", &authorization)
    }

    /// A signed operation that must succeed; its output.
    ///
    /// # Errors
    /// What the server said.
    pub async fn call(&self, connection: &mut Connection, operation: &str, input: &Value) -> Result<Value, String> {
        let answer = connection.send(&self.sign(operation, input)).await?;
        let answer = answer.expect(200).map_err(|e| format!("{operation}: {e}"))?;
        if answer.body.is_empty() { Ok(Value::Null) } else { answer.json() }
    }
}

/// `YYYYMMDD` and `YYYYMMDDThhmmssZ` (UTC).
fn now() -> (String, String) {
    let (date, time) = civil(seconds());
    let day = date.replace('-', "");
    let full = format!("{day}T{}Z", time.replace(':', ""));
    (day, full)
}

/// Seconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "a load driver lives in real time")]
pub fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `YYYY-MM-DD` and `hh:mm:ss` of a time in UTC.
pub fn civil(seconds: u64) -> (String, String) {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // The proleptic Gregorian calendar in eras of 400 years that begin on 1 March, so that the leap day comes last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (format!("{year:04}-{month:02}-{day:02}"), format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// A mail relay (RFC 5321) that takes everything and keeps nothing, until this process ends; its port.
fn swallow_mail() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || drop(converse(&stream)));
        }
    });
    Ok(port)
}

fn converse(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 bench\r\n")?;
    let mut in_data = false;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let reply = match (in_data, line.as_str()) {
            (true, ".") => {
                in_data = false;
                "250 taken\r\n"
            }
            (true, _) => continue,
            (false, "QUIT") => return stream.write_all(b"221 bye\r\n"),
            (false, "DATA") => {
                in_data = true;
                "354 go on\r\n"
            }
            (false, _) => "250 well\r\n",
        };
        stream.write_all(reply.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_calendar_is_right() {
        let day = |seconds| super::civil(seconds).0;
        assert_eq!(
            [day(0), day(951_782_400), day(951_868_800), day(1_798_675_200), day(4_107_542_400)],
            ["1970-01-01", "2000-02-29", "2000-03-01", "2026-12-31", "2100-03-01"]
        );
        assert_eq!(super::civil(86_399).1, "23:59:59");
    }
}
