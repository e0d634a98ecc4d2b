//! `poolhouse trust` and `untrust`: the local authority in and out of the system's and Chromium's certificate stores.
//!
//! First a plan, made without touching anything; then its commands, each printed before it runs. What needs another
//! user or a missing program is printed to be copied, never attempted. Called by `cli`.

use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::digest;

use super::out::Out;
use super::snippets::shell;
use crate::certs::{CertError, LocalCa};
use crate::config::Ambient;
use crate::run::system_now;
use crate::start_error::StartError;

pub(super) const HELP: &str = "What it does:\n  system store    copies DIR/ca.pem to /usr/local/share/ca-certificates and runs update-ca-certificates\n  \
    Chromium        adds DIR/ca.pem to ~/.pki/nssdb with certutil (Debian: libnss3-tools)\n\n\
    Every command is printed before it runs; what it may not do itself it prints for you to copy. --dry-run only prints.\n\
    Whoever can read DIR/ca-key.pem can pose as any site to this machine: `poolhouse untrust` when you no longer need it.\n\
    Tools with certificate lists of their own: NODE_EXTRA_CA_CERTS, AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE, curl --cacert.";

const SYSTEM_DIR: &str = "/usr/local/share/ca-certificates";
const PROGRAM_DIRS: [&str; 5] = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin"];

/// One part of the plan.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Commands to run, in order; later ones only if earlier ones succeeded.
    Run {
        what: String,
        commands: Vec<Vec<String>>,
    },
    /// Commands that somebody else must run, and why.
    Copy {
        why: String,
        commands: Vec<String>,
    },
    Say(String),
}

/// What this machine has, as far as the plan depends on it.
#[derive(Debug, Clone, Default)]
struct Machine {
    update_tool: Option<String>,
    system_writable: bool,
    installed: bool,
    certutil: Option<String>,
    home: Option<PathBuf>,
    nss_exists: bool,
}

impl Machine {
    fn look(ambient: &Ambient, ca: &Ca) -> Self {
        let nss = ambient.home.as_ref().map(|home| home.join(".pki/nssdb/cert9.db"));
        Self {
            update_tool: program("update-ca-certificates"),
            system_writable: rustix::process::geteuid().is_root(),
            installed: Path::new(&ca.system_file).exists(),
            certutil: program("certutil"),
            home: ambient.home.clone(),
            nss_exists: nss.is_some_and(|file| file.exists()),
        }
    }
}

fn program(name: &str) -> Option<String> {
    PROGRAM_DIRS.iter().map(|dir| format!("{dir}/{name}")).find(|path| Path::new(path).exists())
}

/// The authority to install. Names carry a part of its hash, so that several data directories do not collide.
struct Ca {
    file: String,
    system_file: String,
    nickname: String,
}

impl Ca {
    fn new(file: &Path, pem: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, pem.as_bytes());
        let id: String = hash.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self {
            file: file.display().to_string(),
            system_file: format!("{SYSTEM_DIR}/poolhouse-{id}.crt"),
            nickname: format!("Poolhouse local authority {id}"),
        }
    }
}

/// Puts the authority into the stores of this machine; makes the authority if the directory has none yet.
pub(super) fn install(data: &Path, dry_run: bool, ambient: &Ambient, out: Out) -> Result<(), StartError> {
    let ca = if dry_run { LocalCa::open(data) } else { LocalCa::open_or_create(data, system_now()) }?;
    let file = std::path::absolute(ca.path()).unwrap_or_else(|_| ca.path().into());
    let ca = Ca::new(&file, ca.pem());
    let machine = Machine::look(ambient, &ca);
    out.page(&format!("Trusting {}", ca.file));
    let mut steps = vec![system_install(&ca, &machine)];
    steps.extend(chromium_install(&ca, &machine));
    carry_out(&steps, dry_run, out)?;
    out.page(&format!(
        "For tools with certificate lists of their own\n    export NODE_EXTRA_CA_CERTS={0}\n    \
         curl --cacert {0} https://localhost:9443/\nUndo everything: poolhouse untrust",
        shell(&ca.file)
    ));
    Ok(())
}

/// Takes the authority out again. The files in the data directory stay.
pub(super) fn remove(data: &Path, dry_run: bool, ambient: &Ambient, out: Out) -> Result<(), StartError> {
    let path = data.join("ca.pem");
    let pem = std::fs::read_to_string(&path).map_err(|error| StartError::Failed(format!("{}: {error}", path.display())))?;
    let file = std::path::absolute(&path).unwrap_or(path);
    let ca = Ca::new(&file, &pem);
    let machine = Machine::look(ambient, &ca);
    out.page(&format!("No longer trusting {}", ca.file));
    let mut steps = vec![system_remove(&ca, &machine)];
    steps.extend(chromium_remove(&ca, &machine));
    carry_out(&steps, dry_run, out)
}

/// Who accepts the authority already.
pub(super) struct Standing {
    pub system: bool,
    /// `None` where that cannot be told: there is no certutil, or no store of Chromium's.
    pub chromium: Option<bool>,
}

/// Looks, and changes nothing.
///
/// # Errors
/// The authority of the directory cannot be used.
pub(super) fn standing(data: &Path, ambient: &Ambient) -> Result<Standing, CertError> {
    let authority = LocalCa::open(data)?;
    let ca = Ca::new(authority.path(), authority.pem());
    let machine = Machine::look(ambient, &ca);
    let chromium = match (&machine.certutil, &machine.home, machine.nss_exists) {
        (Some(tool), Some(home), true) => {
            let db = format!("sql:{}", home.join(".pki/nssdb").display());
            Some(execute(&words(&[tool, "-d", &db, "-L", "-n", &ca.nickname])).is_ok())
        }
        _ => None,
    };
    Ok(Standing { system: machine.installed, chromium })
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn line(command: &[String]) -> String {
    command.iter().map(|word| shell(word)).collect::<Vec<_>>().join(" ")
}

/// Runs the commands if we may, else asks the reader to, with sudo.
fn as_root(what: &str, commands: Vec<Vec<String>>, machine: &Machine) -> Step {
    if machine.system_writable {
        return Step::Run { what: what.to_owned(), commands };
    }
    let commands = commands.iter().map(|command| format!("sudo {}", line(command))).collect();
    Step::Copy { why: format!("{what}: this needs root. Run:"), commands }
}

fn system_install(ca: &Ca, machine: &Machine) -> Step {
    let Some(tool) = &machine.update_tool else {
        return Step::Say(format!(
            "System store: update-ca-certificates is not here (Debian: apt install ca-certificates). Other systems: add {} by hand.",
            ca.file
        ));
    };
    let copy = words(&["install", "-D", "-m", "644", &ca.file, &ca.system_file]);
    as_root("System store", vec![copy, words(&[tool])], machine)
}

fn system_remove(ca: &Ca, machine: &Machine) -> Step {
    match &machine.update_tool {
        Some(tool) if machine.installed => {
            let commands = vec![words(&["rm", "-f", &ca.system_file]), words(&[tool, "--fresh"])];
            as_root("System store", commands, machine)
        }
        _ => Step::Say("System store: not installed there.".into()),
    }
}

fn chromium_install(ca: &Ca, machine: &Machine) -> Vec<Step> {
    let Some(home) = &machine.home else { return vec![Step::Say("Chromium: no home directory is known.".into())] };
    let dir = home.join(".pki/nssdb").display().to_string();
    let db = format!("sql:{dir}");
    let tool = machine.certutil.as_deref().unwrap_or("certutil");
    let mut commands = Vec::new();
    if !machine.nss_exists {
        commands.push(words(&["mkdir", "-p", "-m", "700", &dir]));
        commands.push(words(&[tool, "-d", &db, "-N", "--empty-password"]));
    }
    commands.push(words(&[tool, "-d", &db, "-A", "-t", "C,,", "-n", &ca.nickname, "-i", &ca.file]));
    if machine.certutil.is_some() {
        return vec![Step::Run { what: "Chromium".into(), commands }];
    }
    let mut lines = vec!["sudo apt install libnss3-tools".to_owned()];
    lines.extend(commands.iter().map(|command| line(command)));
    vec![Step::Copy { why: "Chromium: certutil is not here. To add the authority:".into(), commands: lines }]
}

fn chromium_remove(ca: &Ca, machine: &Machine) -> Vec<Step> {
    let (Some(home), Some(tool), true) = (&machine.home, &machine.certutil, machine.nss_exists) else {
        return vec![Step::Say("Chromium: not installed there, or certutil is not here.".into())];
    };
    let db = format!("sql:{}", home.join(".pki/nssdb").display());
    vec![Step::Run { what: "Chromium".into(), commands: vec![words(&[tool, "-d", &db, "-D", "-n", &ca.nickname])] }]
}

fn carry_out(steps: &[Step], dry_run: bool, out: Out) -> Result<(), StartError> {
    let mut failures = Vec::new();
    for step in steps {
        match step {
            Step::Say(text) => out.page(text),
            Step::Copy { why, commands } => out.page(&format!("{why}\n    {}", commands.join("\n    "))),
            Step::Run { what, commands } => {
                out.page(what);
                for command in commands {
                    out.page(&format!("\n    {}", line(command)).trim_start_matches('\n').replacen("    ", "  ", 1));
                    if !dry_run && let Err(error) = execute(command) {
                        failures.push(format!("{what}: {error}"));
                        break;
                    }
                }
            }
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(StartError::Failed(failures.join("\n"))) }
}

fn execute(command: &[String]) -> Result<(), String> {
    let Some((name, arguments)) = command.split_first() else { return Ok(()) };
    let output = Command::new(name).args(arguments).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} failed ({}): {}", line(command), output.status, said.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ca() -> Ca {
        Ca::new(Path::new("/home/me/my data/ca.pem"), "pem")
    }

    fn debian() -> Machine {
        Machine {
            update_tool: Some("/usr/sbin/update-ca-certificates".into()),
            system_writable: true,
            installed: true,
            certutil: Some("/usr/bin/certutil".into()),
            home: Some("/home/me".into()),
            nss_exists: true,
        }
    }

    #[test]
    fn without_root_nothing_is_run_and_the_commands_are_shown() {
        let machine = Machine { system_writable: false, ..debian() };
        for step in [system_install(&ca(), &machine), system_remove(&ca(), &machine)] {
            let Step::Copy { commands, .. } = step else { panic!("{step:?}") };
            assert!(commands.iter().all(|command| command.starts_with("sudo ")));
        }
        let Step::Copy { commands, .. } = system_install(&ca(), &machine) else { panic!("not to copy") };
        assert!(commands[0].contains("'/home/me/my data/ca.pem' /usr/local/share/ca-certificates/poolhouse-"));
    }

    #[test]
    fn removing_names_what_installing_made() {
        let machine = debian();
        let Step::Run { commands: made, .. } = system_install(&ca(), &machine) else { panic!("not run") };
        let Step::Run { commands: gone, .. } = system_remove(&ca(), &machine) else { panic!("not run") };
        assert_eq!(made[0].last(), gone[0].last());
        let [Step::Run { commands: made, .. }] = &chromium_install(&ca(), &machine)[..] else { panic!("not run") };
        let [Step::Run { commands: gone, .. }] = &chromium_remove(&ca(), &machine)[..] else { panic!("not run") };
        assert_eq!(made.len(), 1);
        assert!(made[0].contains(&ca().nickname) && gone[0].contains(&ca().nickname));
    }

    #[test]
    fn a_missing_tool_is_named_with_its_package() {
        let machine = Machine { certutil: None, nss_exists: false, ..debian() };
        let [Step::Copy { commands, .. }] = &chromium_install(&ca(), &machine)[..] else { panic!("not to copy") };
        assert_eq!(commands[0], "sudo apt install libnss3-tools");
        assert!(commands[2].contains("-N --empty-password"));
        assert!(matches!(system_install(&ca(), &Machine::default()), Step::Say(_)));
    }
}
