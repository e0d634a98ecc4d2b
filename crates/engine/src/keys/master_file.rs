//! Master keys on disk: who may own the file, and how it is made. Part of [`super::MasterKeys`].

use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::MasterKeys;

/// More than a ring will ever be; a larger file is a mistake.
const LARGEST_FILE: u64 = 64 * 1024;

/// Why there is no usable ring. Texts name ids and line numbers, never key material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyError {
    /// No such file.
    NotFound,
    /// The file to be made exists already: it is never overwritten.
    Exists,
    /// Not a regular file, or too large.
    NotAKeyFile,
    /// Owned by another user, who could read or replace the keys. Their uid.
    Owner(u32),
    /// Readable or writable by others than the owner. The mode bits.
    Permissions(u32),
    /// Reading or writing failed.
    Io(ErrorKind),
    /// No key in it.
    Empty,
    /// This line is not `id key [active]`.
    Line(usize),
    /// A key id is not 1–32 characters of `[A-Za-z0-9._-]`.
    BadId,
    DuplicateId(String),
    TwoActive,
    /// The key of this id is one byte repeated.
    WeakKey(String),
    /// No key of this id is in the ring.
    Unknown(String),
    /// New things are made with the key of this id.
    Active(String),
    /// The file that a change is first written to is there already.
    ChangeUnderWay(PathBuf),
    /// Stored data needs the key of this id, which the ring lacks.
    KeyMissing(String),
    /// Stored data was not made by this ring, or was altered.
    WrongKey,
    /// Stored bytes are not what this program writes.
    Malformed,
}

impl fmt::Display for MasterKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("the master key file does not exist"),
            Self::Exists => f.write_str("the master key file exists already and is not overwritten"),
            Self::NotAKeyFile => f.write_str("the master key file is not a regular file of at most 64 KiB"),
            Self::Owner(uid) => write!(f, "the master key file belongs to user {uid}, not to the user this server runs as"),
            Self::Permissions(mode) => write!(f, "the master key file has mode {mode:04o}; it must be 0600 or stricter"),
            Self::Io(kind) => write!(f, "the master key file cannot be used: {kind}"),
            Self::Empty => f.write_str("the master key file holds no key"),
            Self::Line(number) => write!(f, "line {number} of the master keys is not `id key [active]` with a key of 32 bytes"),
            Self::BadId => f.write_str("a master key id is 1 to 32 letters, digits, dots, underscores or hyphens"),
            Self::DuplicateId(id) => write!(f, "master key id {id} occurs twice"),
            Self::TwoActive => f.write_str("more than one master key is marked active"),
            Self::WeakKey(id) => {
                write!(f, "master key {id} is one byte repeated, not a random key")
            }
            Self::Unknown(id) => write!(f, "the ring holds no key {id}"),
            Self::Active(id) => write!(f, "key {id} is the active one: new things are made with it"),
            Self::ChangeUnderWay(path) => write!(
                f,
                "{} exists: another change is under way, or one was interrupted; then delete that file and try again",
                path.display()
            ),
            Self::KeyMissing(id) => write!(f, "the data needs master key {id}, which is not in the ring"),
            Self::WrongKey => f.write_str("the master key is not the one this data was made with"),
            Self::Malformed => f.write_str("a record protected by the master key is damaged"),
        }
    }
}

impl std::error::Error for MasterKeyError {}

impl MasterKeys {
    /// Reads a key file that must be a regular file, owned by this process's user or root, with no permission for group or others.
    ///
    /// # Errors
    /// Everything but the errors about stored data.
    pub fn from_file(path: &Path) -> Result<Self, MasterKeyError> {
        read(path, 0o077)
    }

    /// Reads a systemd credential (`$CREDENTIALS_DIRECTORY/…`), which the service manager keeps in a directory of its own and may show with
    /// mode 0440, its access list being rendered as group bits.
    ///
    /// # Errors
    /// As [`Self::from_file`].
    pub fn from_credential(path: &Path) -> Result<Self, MasterKeyError> {
        read(path, 0o037)
    }

    /// Writes the ring to a new file of mode 0600 and waits until it is on disk.
    ///
    /// # Errors
    /// `Exists`: an existing file is never overwritten, as that could destroy the only key to a database. `Io`.
    pub fn to_file(&self, path: &Path) -> Result<(), MasterKeyError> {
        self.write(create(path)?).and_then(|()| sync_directory(path)).map_err(io)
    }

    /// Puts a changed ring in a key file's place, whole or not at all: a crash leaves the old file or the new one. Mode and owner stay.
    /// Returns the ring as it is now. Two changes at once: one is refused.
    ///
    /// # Errors
    /// `ChangeUnderWay`, whatever `change` refuses, and everything of [`Self::from_file`].
    pub fn change_file(path: &Path, change: impl FnOnce(&Self) -> Result<Self, MasterKeyError>) -> Result<Self, MasterKeyError> {
        // Where a link points, so that the link stays one.
        let path = std::fs::canonicalize(path).map_err(io)?;
        let mut new = path.clone().into_os_string();
        new.push(".new");
        let new = PathBuf::from(new);
        // Made before the old ring is read: of two changes that both began with it, the later would drop the earlier's key.
        let file = create(&new).map_err(|e| match e {
            MasterKeyError::Exists => MasterKeyError::ChangeUnderWay(new.clone()),
            other => other,
        })?;
        let changed = Self::from_file(&path).and_then(|ring| change(&ring)).and_then(|ring| {
            let done = like(&path, &file).and_then(|()| ring.write(file)).and_then(|()| std::fs::rename(&new, &path));
            done.and_then(|()| sync_directory(&path)).map(|()| ring).map_err(io)
        });
        if changed.is_err() {
            // Gone already where only the last step failed.
            let _ = std::fs::remove_file(&new);
        }
        changed
    }

    fn write(&self, mut file: File) -> std::io::Result<()> {
        file.write_all(self.to_text().as_bytes())?;
        file.sync_all()
    }
}

fn create(path: &Path) -> Result<File, MasterKeyError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(io)
}

/// The name must survive a crash too: a lost key file is a lost database.
fn sync_directory(path: &Path) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// Gives the new file owner and mode of the old one: root may change the ring of a server that runs as somebody else.
#[cfg(unix)]
fn like(path: &Path, new: &File) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let (old, fresh) = (std::fs::metadata(path)?, new.metadata()?);
    if (old.uid(), old.gid()) != (fresh.uid(), fresh.gid()) {
        std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()))?;
    }
    new.set_permissions(old.permissions())
}

#[cfg(not(unix))]
fn like(_path: &Path, _new: &File) -> std::io::Result<()> {
    Ok(())
}

fn read(path: &Path, forbidden_mode: u32) -> Result<MasterKeys, MasterKeyError> {
    let file = File::open(path).map_err(io)?;
    // Ask the open file, not the path: the file behind a path can be swapped between check and use.
    let facts = file.metadata().map_err(io)?;
    if !facts.is_file() || facts.len() > LARGEST_FILE {
        return Err(MasterKeyError::NotAKeyFile);
    }
    guard(&facts, forbidden_mode)?;
    let mut text = Zeroizing::new(String::with_capacity(LARGEST_FILE as usize));
    file.take(LARGEST_FILE).read_to_string(&mut text).map_err(io)?;
    MasterKeys::parse(&text)
}

fn io(error: std::io::Error) -> MasterKeyError {
    match error.kind() {
        ErrorKind::NotFound => MasterKeyError::NotFound,
        ErrorKind::AlreadyExists => MasterKeyError::Exists,
        kind => MasterKeyError::Io(kind),
    }
}

#[cfg(unix)]
fn guard(facts: &Metadata, forbidden_mode: u32) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = facts.mode() & 0o7777;
    if mode & forbidden_mode != 0 {
        return Err(MasterKeyError::Permissions(mode));
    }
    check_owner(facts.uid(), effective_uid())
}

#[cfg(not(unix))]
fn guard(_facts: &Metadata, _forbidden_mode: u32) -> Result<(), MasterKeyError> {
    Ok(())
}

/// Root may own the file: it can read everything anyway. An unknown user of our own (no /proc) passes: whoever is not root and could open a
/// file without group and other permissions is its owner.
#[cfg(unix)]
pub(super) fn check_owner(owner: u32, ours: Option<u32>) -> Result<(), MasterKeyError> {
    match ours {
        Some(ours) if owner != ours && owner != 0 => Err(MasterKeyError::Owner(owner)),
        _ => Ok(()),
    }
}

/// From `/proc/self/status`, the second number of the `Uid:` line; the standard library has no geteuid.
#[cfg(unix)]
pub(super) fn effective_uid() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
