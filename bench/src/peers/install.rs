//! Peers onto the disk: pinned versions from `bench/peers`, each into a directory of its own, none for the whole machine.
//! Called by the side-by-side run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::table::{Peer, Registry};
use crate::console::note;

/// Written when an installation is whole; holds what it was made of.
const STAMP: &str = "poolhouse.stamp";

/// The pinned files of a peer.
fn pinned(peer: &Peer) -> (PathBuf, &'static [&'static str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(peer.name);
    let files: &[&str] = match (peer.registry, peer.name) {
        (Registry::Npm, "oidc-provider") => &["package.json", "package-lock.json", ".npmrc", "server.mjs"],
        (Registry::Npm, _) => &["package.json", "package-lock.json", ".npmrc"],
        (Registry::PyPi, _) => &["requirements.txt", "constraints.txt"],
    };
    (folder, files)
}

/// Installs a peer into `directory/NAME` unless exactly this is there; that directory.
///
/// # Errors
/// No Node or Python, or no way to the registry.
pub fn install(peer: &Peer, directory: &Path) -> Result<PathBuf, String> {
    let target = directory.join(peer.name);
    let (folder, files) = pinned(peer);
    let mut wanted = String::new();
    for file in files {
        let path = folder.join(file);
        wanted += &fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if fs::read_to_string(target.join(STAMP)).is_ok_and(|there| there == wanted) {
        return Ok(target);
    }
    note(&format!("installing {} {}", peer.name, peer.version));
    let _ = fs::remove_dir_all(&target);
    fs::create_dir_all(&target).map_err(|e| format!("{}: {e}", target.display()))?;
    for file in files {
        fs::copy(folder.join(file), target.join(file)).map_err(|e| format!("{file}: {e}"))?;
    }
    match peer.registry {
        Registry::Npm => {
            done(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&target))?
        }
        Registry::PyPi => python(directory, &target)?,
    }
    fs::write(target.join(STAMP), wanted).map_err(|e| e.to_string())?;
    Ok(target)
}

/// An environment without pip, filled by a pip beside it, so that its size is the peer's alone.
fn python(directory: &Path, target: &Path) -> Result<(), String> {
    let pip = directory.join("pip");
    if !pip.join("bin/python").exists() {
        done(Command::new("python3").args(["-m", "venv"]).arg(&pip))?;
    }
    done(Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(target))?;
    let mut install = Command::new(pip.join("bin/python"));
    install.args(["-m", "pip", "--python"]).arg(target.join("bin/python"));
    install.args(["install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt", "-c", "constraints.txt"]);
    done(install.current_dir(target))
}

fn done(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", command.get_program().display(), String::from_utf8_lossy(&output.stderr)))
}

/// The bytes of all files below a directory, MB; links are not followed, so an interpreter that is linked to does not count.
pub fn size_mb(directory: &Path) -> f64 {
    let mut bytes = 0;
    let mut open = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(data) if data.is_dir() => open.push(entry.path()),
                Ok(data) if data.is_file() => bytes += data.len(),
                _ => {}
            }
        }
    }
    crate::driver::as_f64(bytes) / 1e6
}

/// `5.3.0 on Node v20.20.2`.
pub fn version(peer: &Peer) -> String {
    let (program, name) = match peer.registry {
        Registry::Npm => ("node", "Node "),
        Registry::PyPi => ("python3", ""),
    };
    let said = Command::new(program).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    format!("{} on {name}{}", peer.version, String::from_utf8_lossy(&said).trim())
}

#[cfg(test)]
mod tests {
    use super::super::table::PEERS;
    use super::*;

    #[test]
    fn the_table_and_the_pinned_files_name_the_same_versions() {
        for peer in PEERS {
            let (folder, files) = pinned(peer);
            let text = fs::read_to_string(folder.join(files[0])).unwrap();
            let pin = match peer.registry {
                Registry::Npm => format!("\"{}\": \"{}\"", peer.name, peer.version),
                Registry::PyPi => format!("=={}", peer.version),
            };
            assert!(text.contains(&pin) && text.contains(peer.name), "{}", peer.name);
        }
    }

    #[test]
    fn no_lock_file_holds_a_download_address() {
        for peer in PEERS.iter().filter(|peer| peer.registry == Registry::Npm) {
            let lock = fs::read_to_string(pinned(peer).0.join("package-lock.json")).unwrap();
            assert!(!lock.contains("\"resolved\"") && lock.contains("\"integrity\""), "{}", peer.name);
        }
    }
}
