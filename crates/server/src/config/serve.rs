//! From the file of `serve` to [`Settings`], or to the list of everything that is missing or unsafe. Called by `cli`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use poolhouse_engine::operators::Times;

use super::check::{example, file_problem, is_https_origin, is_this_machine};
use super::file::ServeConfig;
use super::{
    AUDIT_DAYS, Ambient, Callers, Console, HashCost, Log, Mail, MasterKeySource, Moves, Refusal, Secret, Settings, Smtp,
    SmtpSecurity, Tls, UNDO_DAYS,
};
use crate::certs::FileCerts;
use crate::client_ip::Cidr;
use crate::edge::Limits;
use crate::host;

/// The console's own listener.
const CONSOLE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9230);
const IDLE_MINUTES: i64 = 15;
const SESSION_HOURS: i64 = 12;
/// Rotations that come faster would overlap.
const LEAST_ROTATION_DAYS: u16 = 3;

impl ServeConfig {
    /// All settings, or all refusals. Looks at the named files; opens no store: whether there is an access key is asked
    /// later ([`Refusal::no_access_keys`]).
    ///
    /// # Errors
    /// Every refusal, in the order of the documentation.
    pub fn settle(&self, ambient: &Ambient) -> Result<Settings, Vec<Refusal>> {
        let mut out = Vec::new();
        let public_url = self.public_url(&mut out);
        let (tls, trusted_proxies) = self.listeners(&mut out);
        let store_url = self.store_url(&mut out);
        let master_key = self.master_key(ambient, &mut out);
        let mail = self.mail(&mut out);
        let hash = self.hash_cost(&mut out);
        let audit_days = self.watching(&mut out);
        let undo_days = self.undo_days(&mut out);
        let console = self.console(&trusted_proxies, &mut out);
        let rates = self.limits.settle(&mut out);
        if self.keys.rotate_every_days.is_some_and(|days| days < LEAST_ROTATION_DAYS) {
            out.push(Refusal::new(
                format!("keys.rotate_every_days is less than {LEAST_ROTATION_DAYS}."),
                "A new key is published a day before it signs and an old one stays for another day.",
                "rotate_every_days = 90",
            ));
        }
        self.names(&mut out);
        self.dev_only_members(&mut out);
        let (Some(public_url), Some(store_url), Some(master_key), Some(mail), true) =
            (public_url, store_url, master_key, mail, out.is_empty())
        else {
            return Err(out);
        };
        Ok(Settings {
            file: Some(self.path.clone()),
            public_url,
            http: self.listen.http,
            https: self.listen.https,
            moves: Moves::default(),
            tls,
            trusted_proxies,
            store_url,
            master_key,
            rotate_every_days: self.keys.rotate_every_days,
            mail: Mail::Smtp(mail),
            callers: Callers::AccessKeys,
            account_id: self.account_id.clone().unwrap_or_else(|| "123456789012".into()),
            region: self.region.clone().unwrap_or_else(|| "us-east-1".into()),
            issuer: self.issuer,
            hash,
            limits: Limits::default(),
            rates,
            data_dir: None,
            fixed_code: None,
            demo: false,
            seed: None,
            guessable_secrets: false,
            open_control: false,
            console,
            metrics: self.metrics.listen,
            audit_days,
            undo_days,
            log: Log { json: true, filter: ambient.log.clone().or_else(|| self.log.clone()).unwrap_or_else(|| "info".into()) },
            harden: true,
            sandbox: self.sandbox,
        })
    }

    fn public_url(&self, out: &mut Vec<Refusal>) -> Option<String> {
        let set = "public_url = \"https://login.your-company.tld\"";
        let Some(url) = &self.public_url else {
            out.push(Refusal::new(
                "public_url is not set.",
                "Links, redirects and token issuers are built from it; taken from requests, an attacker could forge them.",
                set,
            ));
            return None;
        };
        let url = url.strip_suffix('/').unwrap_or(url);
        if url.starts_with("http://") {
            out.push(Refusal::new("public_url is plain http.", "Passwords, codes and tokens could be read on the way.", set));
        } else if !is_https_origin(url) {
            out.push(Refusal::new(
                "public_url is not an https address of host and port alone.",
                "Clients compare the issuer character by character.",
                set,
            ));
        } else if example(url) {
            out.push(Refusal::new("public_url is still the example's.", "Nobody can reach you under that name.", set));
        }
        Some(url.to_owned())
    }

    fn listeners(&self, out: &mut Vec<Refusal>) -> (Tls, Vec<Cidr>) {
        let proxies = self.proxies(out);
        let tls = self.tls_files(out);
        let tls_set = "[listen]\nhttps = \"0.0.0.0:443\"\n[tls]\ncertificate = \"/etc/poolhouse/tls.pem\"\nkey = \"/etc/poolhouse/tls-key.pem\"";
        let proxy_set = "[listen]\nhttp = \"10.0.0.5:8080\"\nbehind_proxy = [\"10.0.0.1\"]";
        if self.listen.http.is_none() && self.listen.https.is_none() {
            out.push(Refusal::new(
                "No address to listen on, so neither TLS nor a proxy that does it.",
                "Passwords travel over this connection.",
                format!("{tls_set}\nor, behind a proxy that terminates TLS:\n{proxy_set}"),
            ));
        }
        if let Some(address) = self.listen.http.filter(|address| !address.ip().is_loopback())
            && proxies.is_empty()
        {
            out.push(Refusal::new(
                format!("listen.http = {address} is plain HTTP open to others, with no proxy named."),
                "Passwords, codes and tokens could be read on the way.",
                format!("{tls_set}\nor name the proxy that terminates TLS:\n{proxy_set}"),
            ));
        }
        (tls, proxies)
    }

    fn proxies(&self, out: &mut Vec<Refusal>) -> Vec<Cidr> {
        let mut ranges = Vec::new();
        for text in &self.listen.behind_proxy {
            let set = "behind_proxy = [\"10.0.0.1\"]";
            match text.parse::<Cidr>() {
                Ok(range) if range.is_everyone() => out.push(Refusal::new(
                    format!("listen.behind_proxy holds {text}, which is everyone."),
                    "Anybody could then claim any address, past every limit and into the audit log.",
                    set,
                )),
                Ok(range) => ranges.push(range),
                Err(error) => out.push(Refusal::new(
                    format!("listen.behind_proxy: {}.", error.escape_debug()),
                    "Forwarded addresses are believed from these ranges only.",
                    set,
                )),
            }
        }
        ranges
    }

    fn tls_files(&self, out: &mut Vec<Refusal>) -> Tls {
        let set = "[tls]\ncertificate = \"/etc/poolhouse/tls.pem\"\nkey = \"/etc/poolhouse/tls-key.pem\"";
        let (Some(certificate), Some(key)) = (&self.tls.certificate, &self.tls.key) else {
            if self.listen.https.is_some() || self.tls.certificate.is_some() || self.tls.key.is_some() {
                let why = "Both files are needed to serve HTTPS.";
                out.push(Refusal::new("tls.certificate or tls.key is not set.", why, set));
            }
            return Tls::None;
        };
        if let Err(error) = FileCerts::open(certificate, key) {
            out.push(Refusal::new(format!("{error}."), "No HTTPS connection could be made.", set));
        }
        Tls::Files { certificate: certificate.clone(), key: key.clone() }
    }

    fn store_url(&self, out: &mut Vec<Refusal>) -> Option<Secret> {
        let set = "[store]\nurl = \"sqlite:/var/lib/poolhouse/poolhouse.db\"\nor: url_file = \"/etc/poolhouse/store-url\"   # postgres://user:password@host/poolhouse";
        let url = match (&self.store.url, &self.store.url_file) {
            (Some(url), None) => url.expose().to_owned(),
            (None, Some(path)) => read_secret(path, "store.url_file", out)?,
            (Some(_), Some(_)) => {
                out.push(Refusal::new("store.url and store.url_file are both set.", "Only one can be meant.", set));
                return None;
            }
            (None, None) => {
                out.push(Refusal::new(
                    "store.url is not set.",
                    "There is no default database: data must not end up where nobody backs it up.",
                    set,
                ));
                return None;
            }
        };
        let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        if !known {
            out.push(Refusal::new("store.url is neither sqlite: nor postgres://.", "No other store is known.", set));
        } else if url.contains(":memory:") || url == "sqlite:" || url.contains("mode=memory") {
            out.push(Refusal::new("store.url is a database in memory.", "Every user would be lost at the next start.", set));
        } else if example(&url) {
            out.push(Refusal::new("store.url is still the example's.", "A published password protects nothing.", set));
        }
        Some(Secret::new(url))
    }

    fn master_key(&self, ambient: &Ambient, out: &mut Vec<Refusal>) -> Option<MasterKeySource> {
        let credential = ambient.credentials.as_ref().map(|dir| dir.join("master-key")).filter(|path| path.exists());
        let source = match (&self.keys.master_key_file, credential) {
            (Some(path), _) => MasterKeySource::File(path.clone()),
            (None, Some(path)) => MasterKeySource::Credential(path),
            (None, None) => {
                out.push(Refusal::new(
                    "There is no master key.",
                    "Signing keys and secrets in the database are sealed with it; it must live outside the database.",
                    "poolhouse master-key create /etc/poolhouse/master.key\n[keys]\nmaster_key_file = \"/etc/poolhouse/master.key\"\nor a systemd credential: LoadCredential=master-key:/etc/poolhouse/master.key",
                ));
                return None;
            }
        };
        if let Some(problem) = source.problem() {
            out.push(Refusal::new(
                format!("The master key {problem}."),
                "Whoever reads it can open every secret in a copy of the database.",
                fix(source.path(), "poolhouse master-key create "),
            ));
        }
        Some(source)
    }

    fn mail(&self, out: &mut Vec<Refusal>) -> Option<Smtp> {
        let smtp = &self.smtp;
        let set = "[smtp]\nhost = \"mail.your-company.tld\"\nfrom = \"Login <no-reply@your-company.tld>\"\nusername = \"poolhouse\"\npassword_file = \"/etc/poolhouse/smtp-password\"";
        let Some(host) = &smtp.host else {
            out.push(Refusal::new(
                "smtp.host is not set.",
                "Confirmation codes, invitations and new passwords are sent by mail; users could not get in.",
                set,
            ));
            return None;
        };
        let from = smtp.from.clone().unwrap_or_default();
        if !from.contains('@') || from.contains(['\r', '\n']) {
            out.push(Refusal::new("smtp.from is not set to an address.", "Mail without a sender is refused.", set));
        }
        if example(host) || example(&from) {
            out.push(Refusal::new("smtp is still the example's.", "No mail would arrive.", set));
        }
        let security = smtp.security.unwrap_or(SmtpSecurity::Starttls);
        if security == SmtpSecurity::None && (smtp.username.is_some() || smtp.password_file.is_some()) {
            out.push(Refusal::new(
                "smtp.security is none, with a password.",
                "The password would cross the network in the clear.",
                "security = \"starttls\"",
            ));
        }
        if security == SmtpSecurity::None && !is_this_machine(host) {
            out.push(Refusal::new(
                "smtp.security is none, to another machine.",
                "Codes and temporary passwords could be read on the way.",
                "security = \"starttls\"",
            ));
        }
        if smtp.username.is_some() != smtp.password_file.is_some() {
            out.push(Refusal::new(
                "smtp.username and smtp.password_file go together.",
                "One without the other cannot sign in.",
                set,
            ));
        }
        let password = smtp.password_file.as_ref().and_then(|path| read_secret(path, "smtp.password_file", out));
        let port = smtp.port.unwrap_or(match security {
            SmtpSecurity::None => 25,
            SmtpSecurity::Starttls => 587,
            SmtpSecurity::Tls => 465,
        });
        let (host, username) = (host.clone(), smtp.username.clone());
        Some(Smtp { host, port, security, username, password: password.map(Secret::new), from })
    }

    fn hash_cost(&self, out: &mut Vec<Refusal>) -> HashCost {
        let least = HashCost::default();
        let cost = HashCost {
            memory_kib: self.hash.memory_kib.unwrap_or(least.memory_kib),
            passes: self.hash.passes.unwrap_or(least.passes),
            lanes: self.hash.lanes.unwrap_or(least.lanes),
        };
        let work = |cost: HashCost| u64::from(cost.memory_kib) * u64::from(cost.passes);
        let bounded = cost.memory_kib <= 1_048_576 && cost.passes <= 64 && (1..=16).contains(&cost.lanes);
        if cost.memory_kib < 7168 || work(cost) < work(least) || !bounded {
            out.push(Refusal::new(
                "[hash] is weaker than the default, or out of bounds.",
                "A stolen database would give up its passwords sooner.",
                "remove [hash], or: memory_kib = 19456, passes = 2, lanes = 1, or more",
            ));
        }
        cost
    }

    /// How long the audit trail is kept; refuses metrics that everybody could read.
    fn watching(&self, out: &mut Vec<Refusal>) -> i64 {
        if let Some(address) = self.metrics.listen.filter(|address| !address.ip().is_loopback() && !self.metrics.public) {
            out.push(Refusal::new(
                format!("metrics.listen = {address} is open to others."),
                "Whoever reaches it sees how many sign in and fail, and when you are under load.",
                format!("listen = \"127.0.0.1:{}\"\nor, where the network keeps others out: public = true", address.port()),
            ));
        }
        let days = self.audit.retention_days.unwrap_or(AUDIT_DAYS);
        if !(1..=36_500).contains(&days) {
            out.push(Refusal::new(
                "audit.retention_days is not between 1 and 36500.",
                "Events past it are deleted.",
                format!("[audit]\nretention_days = {AUDIT_DAYS}"),
            ));
        }
        days
    }

    /// How long a deletion can be undone.
    fn undo_days(&self, out: &mut Vec<Refusal>) -> i64 {
        let days = self.console.undo_days.unwrap_or(UNDO_DAYS);
        if !(0..=365).contains(&days) {
            out.push(Refusal::new(
                "console.undo_days is not between 0 and 365.",
                "What was deleted is kept as long, personal data included.",
                format!("[console]\nundo_days = {UNDO_DAYS}"),
            ));
        }
        days
    }

    /// Where the console is; on a listener of its own unless told otherwise, so that the public port has none (checklist 65).
    fn console(&self, proxies: &[Cidr], out: &mut Vec<Refusal>) -> Console {
        let file = &self.console;
        if file.public && file.listen.is_some() {
            out.push(Refusal::new(
                "console.public and console.listen are both set.",
                "The console is in one place.",
                "remove one of them",
            ));
        }
        let listen = file.listen.unwrap_or(CONSOLE);
        if !listen.ip().is_loopback() && proxies.is_empty() {
            out.push(Refusal::new(
                format!("console.listen = {listen} is plain HTTP open to others, with no proxy named."),
                "Operators' passwords and sessions could be read on the way.",
                format!("listen = \"127.0.0.1:{}\"\nor, to have it at https://…/console: public = true", listen.port()),
            ));
        }
        let (idle, hours) = (file.idle_minutes.unwrap_or(IDLE_MINUTES), file.session_hours.unwrap_or(SESSION_HOURS));
        if !(1..=1440).contains(&idle) || !(1..=720).contains(&hours) {
            out.push(Refusal::new(
                "console.idle_minutes is not between 1 and 1440, or console.session_hours not between 1 and 720.",
                "A browser that somebody walked away from would stay signed in.",
                format!("idle_minutes = {IDLE_MINUTES}\nsession_hours = {SESSION_HOURS}"),
            ));
        }
        if file.enabled == Some(false) {
            return Console::Closed;
        }
        let times = Times { idle_ms: idle.saturating_mul(60_000), most_ms: hours.saturating_mul(3_600_000) };
        Console::Operators { listen: (!file.public).then_some(listen), times }
    }

    fn names(&self, out: &mut Vec<Refusal>) {
        if self.region.as_ref().is_some_and(|region| !host::is_region(region)) {
            out.push(Refusal::new(
                "region is not the name of a region.",
                "It becomes part of pool ids, ARNs and host names.",
                "region = \"eu-central-1\"",
            ));
        }
        let digits = |id: &String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
        if self.account_id.as_ref().is_some_and(|id| !digits(id)) {
            out.push(Refusal::new(
                "account_id is not twelve digits.",
                "It becomes part of every ARN.",
                "account_id = \"123456789012\"",
            ));
        }
    }

    fn dev_only_members(&self, out: &mut Vec<Refusal>) {
        for name in self.dev_only() {
            out.push(Refusal::new(
                format!("{name} is a setting of development mode."),
                "It opens the server to whoever knows about it.",
                format!("remove {name}; `poolhouse dev` has it"),
            ));
        }
    }
}

fn read_secret(path: &Path, what: &str, out: &mut Vec<Refusal>) -> Option<String> {
    let problem = file_problem(path, 0o037);
    let text = match problem {
        Some(problem) => Err(problem),
        None => fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display())),
    };
    match text {
        Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(problem) => {
            out.push(Refusal::new(format!("{what}: {problem}."), "It holds a password.", fix(path, "write it to ")));
            None
        }
    }
}

fn fix(path: &Path, create: &str) -> String {
    let path: PathBuf = path.into();
    if path.exists() {
        format!("chmod 600 {0} && chown \"$(id -u)\" {0}", path.display())
    } else {
        format!("{create}{}", path.display())
    }
}
