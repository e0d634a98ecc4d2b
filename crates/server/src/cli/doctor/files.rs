//! What the doctor looks at on disk: the data directory, the master keys, certificates, and room. Called by `doctor`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};

use super::findings::Finding;
use super::{option, shell};
use crate::certs::{self, LocalCa};
use crate::cli::trust;
use crate::config::{Ambient, MasterKeySource, Settings};
use crate::operator::keys::day;
use crate::run::system_now;

const MIB: u64 = 1024 * 1024;
/// Less is soon none.
const LITTLE: u64 = 1024 * MIB;
/// The next writes fail.
const NONE: u64 = 64 * MIB;
/// A certificate that was to be renewed by itself was renewed by then.
const RENEWED_BEFORE_MS: i64 = 14 * 86_400_000;

/// The directory of `dev`; `start` is the command that makes it.
pub(super) fn directory(dir: &Path, start: &str) -> Finding {
    let (check, shown) = ("data directory", dir.display());
    let mode = match fs::metadata(dir) {
        Ok(facts) if facts.is_dir() => facts.permissions().mode() & 0o777,
        Ok(_) => return Finding::bad(check, format!("{shown} is no directory."), start),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::warn(check, format!("{shown} does not exist yet; the first start makes it."), Some(start));
        }
        Err(error) => return Finding::bad(check, format!("{shown}: {error}."), &format!("ls -ld {}", shell(dir))),
    };
    let private = format!("chmod 700 {}", shell(dir));
    if access(dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() {
        Finding::bad(
            check,
            format!("{shown} may not be written by this user."),
            &format!("sudo chown -R \"$(id -u)\" {}", shell(dir)),
        )
    } else if mode & 0o022 != 0 {
        // Whoever may write here puts another authority or another database in the place of ours.
        Finding::bad(check, format!("{shown} has mode {mode:04o}: others can put their files in it."), &private)
    } else if mode & 0o055 != 0 {
        Finding::warn(check, format!("{shown} has mode {mode:04o}: others can see what is in it."), Some(&private))
    } else {
        Finding::ok(check, format!("{shown} is for its owner alone."))
    }
}

/// The file of the master keys; `needed` by a store that is there.
pub(super) fn master_key(source: &MasterKeySource, needed: bool) -> Finding {
    let (check, path) = ("master key", source.path());
    let Some(problem) = source.problem() else {
        return Finding::ok(check, format!("{} is for its owner alone.", path.display()));
    };
    match (path.exists(), needed) {
        (false, false) => Finding::warn(check, "There is none yet; the first start makes it.", None),
        (false, true) => Finding::bad(
            check,
            format!("{problem}, and the database cannot be opened without it."),
            &format!("cp BACKUP/master.key {0} && chmod 600 {0}", shell(path)),
        ),
        (true, _) => Finding::bad(check, format!("{problem}."), &format!("chmod 600 {0} && chown \"$(id -u)\" {0}", shell(path))),
    }
}

/// Where the file of the store lies; `None` for a store elsewhere.
pub(super) fn directory_of(settings: &Settings) -> Option<PathBuf> {
    file_of(settings)?.parent().filter(|dir| dir.is_dir()).map(Path::to_owned)
}

/// Whether there is a store to open; one that is elsewhere is taken to be.
pub(super) fn store_there(settings: &Settings) -> bool {
    file_of(settings).is_none_or(|file| file.exists())
}

fn file_of(settings: &Settings) -> Option<PathBuf> {
    let path = settings.store_url.expose().strip_prefix("sqlite:")?;
    Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
}

/// Room where the database grows.
pub(super) fn space(dir: &Path) -> Finding {
    let (check, shown) = ("disk", dir.display());
    let look = format!("df -h {}", shell(dir));
    let Ok(facts) = statvfs(dir) else { return Finding::warn(check, format!("{shown}: its room is unknown."), Some(&look)) };
    let free = facts.f_bavail.saturating_mul(facts.f_frsize);
    let told = format!("{} MiB are free at {shown}", free / MIB);
    match free {
        free if free < NONE => Finding::bad(check, format!("{told}: writes are about to fail."), &look),
        free if free < LITTLE => Finding::warn(check, format!("{told}."), Some(&look)),
        _ => Finding::ok(check, format!("{told}.")),
    }
}

/// The local authority: whole, not at its end, and trusted by whom.
pub(super) fn authority(data: &Path, ambient: &Ambient) -> Vec<Finding> {
    let file = data.join("ca.pem");
    let there = option("--data", data, ".poolhouse");
    if !file.exists() {
        return vec![Finding::warn("authority", "There is none yet; the first start makes it.", None)];
    }
    if let Err(error) = LocalCa::open(data) {
        return vec![Finding::bad("authority", format!("{error}."), &format!("ls -l {0}/ca.pem {0}/ca-key.pem", shell(data)))];
    }
    let trust = format!("poolhouse trust{there}");
    let anew = format!("rm {0}/ca.pem {0}/ca-key.pem && poolhouse dev{there}\n{trust}", shell(data));
    vec![expiry(&file, &anew), trusted(data, ambient, &trust)]
}

fn trusted(data: &Path, ambient: &Ambient, trust: &str) -> Finding {
    let check = "trust";
    match trust::standing(data, ambient) {
        Err(error) => Finding::bad(check, format!("{error}."), trust),
        Ok(trust::Standing { system: false, chromium: Some(true) }) => {
            Finding::warn(check, "Chromium accepts the local authority, this system does not.", Some(trust))
        }
        Ok(trust::Standing { system: false, .. }) => Finding::warn(
            check,
            "This machine does not accept the local authority: browsers and tools warn of HTTPS.",
            Some(trust),
        ),
        Ok(trust::Standing { system: true, chromium: Some(false) }) => {
            Finding::warn(check, "This system accepts the local authority, Chromium does not.", Some(trust))
        }
        Ok(trust::Standing { system: true, .. }) => Finding::ok(check, "This system accepts the local authority."),
    }
}

/// How long a certificate still holds; `renew` says what to do where that is not long.
pub(super) fn expiry(file: &Path, renew: &str) -> Finding {
    let (check, shown) = ("certificate", file.display());
    let (ends, now) = match certs::expires_at(file) {
        Ok(ends) => (ends, system_now()),
        Err(error) => return Finding::bad(check, format!("{error}."), renew),
    };
    if ends <= now {
        Finding::bad(check, format!("{shown} has expired on {}.", day(ends)), renew)
    } else if ends - now < RENEWED_BEFORE_MS {
        Finding::warn(check, format!("{shown} expires on {}.", day(ends)), Some(renew))
    } else {
        Finding::ok(check, format!("{shown} holds until {}.", day(ends)))
    }
}
