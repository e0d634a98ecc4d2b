//! Installs what the tests need on a Debian machine that has Rust, Node and Python.
//!
//! Called by the `install` stage. Every step asks first whether it is done, so that a second run
//! takes well under a second. Nothing here touches the machine's own PostgreSQL cluster: only the
//! server's binaries are wanted, the tests start private clusters in temporary directories.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::Bench;
use crate::project::{Outcome, check, succeeds};

/// A Debian package and the sign that it is there already.
struct Package {
    name: &'static str,
    present: fn() -> bool,
}

const PACKAGES: &[Package] = &[
    Package { name: "postgresql", present: has_postgres_server },
    Package { name: "chromium", present: || Path::new("/usr/bin/chromium").exists() },
    // Version 2 of the AWS CLI; version 1 comes with the Python clients.
    Package { name: "awscli", present: || Path::new("/usr/bin/aws").exists() },
    Package { name: "iproute2", present: || on_path("ip", "-V") },
    Package { name: "libnss3-tools", present: || Path::new("/usr/bin/certutil").exists() },
    Package { name: "fiu-utils", present: || Path::new("/usr/bin/fiu-ctrl").exists() },
    Package { name: "libfaketime", present: has_faketime },
    // Judges packaging/poolhouse.service; nothing of it is started.
    Package { name: "systemd", present: || on_path("systemd-analyze", "--version") },
    Package { name: "python3-venv", present: || succeeds(Command::new("python3").args(["-c", "import ensurepip"])) },
];

/// Brings the machine to the state the tests need.
///
/// # Errors
/// A missing tool that this cannot install (Node 20, Python 3.11), a refused `sudo`, a failed download.
pub(super) fn all(bench: &Bench) -> Outcome {
    step("Node 20 or newer, Python 3.11 or newer", tools)?;
    step("Debian packages", debian)?;
    step("Python clients in .venv", || python(bench))?;
    step("Node clients in compat/node_modules", || node(bench))
}

#[expect(clippy::print_stdout, reason = "progress for the terminal")]
fn step(what: &str, run: impl FnOnce() -> Outcome) -> Outcome {
    let began = Instant::now();
    println!("  - {what}");
    run()?;
    println!("    ready in {:.1} s", began.elapsed().as_secs_f32());
    Ok(())
}

fn tools() -> Outcome {
    let node = "process.exit(Number(process.versions.node.split('.')[0]) >= 20 ? 0 : 1)";
    if !succeeds(Command::new("node").args(["-e", node])) || !on_path("npm", "--version") {
        return Err("Node 20 or newer with npm is needed on PATH".into());
    }
    let python = "import sys; sys.exit(sys.version_info < (3, 11))";
    if !succeeds(Command::new("python3").args(["-c", python])) {
        return Err("Python 3.11 or newer is needed on PATH as python3".into());
    }
    Ok(())
}

fn debian() -> Outcome {
    let missing: Vec<&str> = PACKAGES.iter().filter(|package| !(package.present)()).map(|package| package.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let wish = missing.join(" ");
    let root = is_root();
    if !on_path("apt-get", "--version") {
        return Err(format!("install these by hand, this machine has no apt-get: {wish}"));
    }
    if !root && !succeeds(Command::new("sudo").args(["-n", "true"])) {
        return Err(format!("run this once as root, sudo asks for a password: apt-get install --no-install-recommends {wish}"));
    }
    check(as_root(root, &["apt-get", "update", "-qq"]))?;
    if missing.contains(&"postgresql") {
        // Debian makes and starts a cluster when the server is installed; this file, read by
        // postgresql-common, keeps it from doing so.
        let setting = "mkdir -p /etc/postgresql-common && cd /etc/postgresql-common && \
                       { grep -qs '^create_main_cluster' createcluster.conf || \
                         echo 'create_main_cluster = false' >> createcluster.conf; }";
        check(as_root(root, &["sh", "-c", setting]))?;
    }
    let mut install = vec!["apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"];
    install.extend(&missing);
    check(as_root(root, &install))
}

/// `ARGS` as root, without a terminal question from Debian's installer.
fn as_root(root: bool, args: &[&str]) -> Command {
    let mut command = Command::new(if root { "env" } else { "sudo" });
    if !root {
        command.args(["-n", "env"]);
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "UCF_FORCE_CONFFOLD=1"]).args(args);
    command
}

fn python(bench: &Bench) -> Outcome {
    let venv = bench.root.join(".venv");
    let list = bench.root.join("compat/requirements.txt");
    done_once(&venv.join("poolhouse.stamp"), &[&list], || {
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&venv);
        check(make)?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--requirement"]).arg(&list);
        check(pip)?;
        let mut agree = Command::new(venv.join("bin/python"));
        agree.args(["-m", "pip", "check"]);
        check(agree)
    })
}

fn node(bench: &Bench) -> Outcome {
    let compat = bench.root.join("compat");
    let lock = compat.join("package-lock.json");
    done_once(&compat.join("node_modules/.poolhouse.stamp"), &[&compat.join("package.json"), &lock], || {
        let text = std::fs::read_to_string(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
        if text.contains("\"resolved\"") {
            return Err("compat/package-lock.json must not hold download addresses (omit-lockfile-registry-resolved)".into());
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&compat);
        check(npm)
    })
}

/// Runs `work` unless `stamp` holds the hash of `inputs`; writes it afterwards.
fn done_once(stamp: &Path, inputs: &[&Path], work: impl FnOnce() -> Outcome) -> Outcome {
    let mut hasher = DefaultHasher::new();
    for input in inputs {
        std::fs::read(input).map_err(|error| format!("{}: {error}", input.display()))?.hash(&mut hasher);
    }
    let hash = format!("{:016x}\n", hasher.finish());
    if std::fs::read_to_string(stamp).is_ok_and(|old| old == hash) {
        return Ok(());
    }
    work()?;
    std::fs::write(stamp, hash).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// Whether a PostgreSQL server's binaries lie where Debian puts them.
fn has_postgres_server() -> bool {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else {
        return false;
    };
    versions.flatten().any(|version| version.path().join("bin/initdb").exists())
}

/// Whether the library that gives a program another time of day lies where Debian puts it, whatever the processor.
fn has_faketime() -> bool {
    let Ok(libraries) = std::fs::read_dir("/usr/lib") else {
        return false;
    };
    libraries.flatten().any(|place| place.path().join("faketime/libfaketime.so.1").exists())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn on_path(program: &str, argument: &str) -> bool {
    succeeds(Command::new(program).arg(argument))
}
