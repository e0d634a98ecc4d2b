//! What an operator may ask for on the command line beside a server, as types: parsed by `cli`, handed through `run`'s seam,
//! done by the modules beside this one.

use std::path::PathBuf;

use poolhouse_engine::operators::Role;

/// `poolhouse access-key …`
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum AccessKeyCommand {
    /// Make an access key and print its secret, once
    Create {
        /// Whose key it is; becomes the IAM user name in error messages
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Operations it may call, such as `ListUsers` or `Admin*`; may be given several times; none means none
        #[arg(long, value_name = "OPERATION")]
        allow: Vec<String>,
        /// Pools it may touch; may be given several times; default: every pool
        #[arg(long, value_name = "POOL_ID")]
        pool: Vec<String>,
    },
    /// List access keys with their owner, policy and last use
    List,
    /// Delete an access key; requests signed with it are refused from then on
    Delete {
        #[arg(value_name = "ACCESS_KEY_ID")]
        id: String,
    },
}

/// `poolhouse operator …`
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum OperatorCommand {
    /// Make a one-time link that makes an operator of whoever opens it
    Link {
        /// `owner`, `admin` or `read-only`
        #[arg(long, value_name = "ROLE", default_value = "owner", value_parser = role)]
        role: Role,
    },
    /// List operators with their role and last use
    List,
    /// Remove an operator and end its sessions
    Remove {
        #[arg(value_name = "NAME")]
        name: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "is not owner, admin or read-only".to_owned())
}

/// `poolhouse signing-key …`
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum SigningKeyCommand {
    /// List a pool's keys: which sign, which will, and when the others leave the JWKS
    List {
        #[arg(value_name = "POOL_ID")]
        pool: String,
    },
    /// Publish new keys, which sign once every copy of the JWKS has been fetched again
    Rotate {
        #[arg(value_name = "POOL_ID")]
        pool: String,
        /// Hours between publishing and signing; at least 1, the max-age of the JWKS
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=8760), conflicts_with = "now")]
        wait_hours: u16,
        /// Sign with them at once: whoever keeps a copy of the JWKS refuses new tokens until it fetches again
        #[arg(long)]
        now: bool,
    },
    /// Take a key away at once, with every token it signed: for a key that somebody else has
    Revoke {
        #[arg(value_name = "POOL_ID")]
        pool: String,
        #[arg(value_name = "KID")]
        kid: String,
    },
}

impl SigningKeyCommand {
    /// Whose keys.
    #[must_use]
    pub fn pool(&self) -> &str {
        match self {
            Self::List { pool } | Self::Rotate { pool, .. } | Self::Revoke { pool, .. } => pool,
        }
    }
}

/// `poolhouse master-key …`, where a file is all it takes
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyFileCommand {
    /// A new ring of one key, mode 0600; an existing file is never overwritten.
    Create { file: PathBuf },
    /// A new key; the active one, unless it is to stand by.
    Add { file: PathBuf, standby: bool },
    /// Another key of the ring becomes the active one.
    Activate { file: PathBuf, key_id: String },
}

/// `poolhouse master-key …`, where the database is asked
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyCommand {
    /// Counts what is kept under each key.
    Status,
    /// Moves everything that can be to the active key.
    Rewrap,
    /// Takes a key that nothing needs out of the ring's file.
    Remove { file: PathBuf, key_id: String },
}

/// What looks after a store.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum UpkeepCommand {
    /// Copy the database to a new file while the server runs
    #[command(
        after_help = "Examples:\n  poolhouse backup --config /etc/poolhouse/poolhouse.toml /backup/poolhouse-2026-11-23.db\n  \
        poolhouse backup --data .poolhouse try.db\n\n\
        TO must not exist. The copy is whole, synced and verified before it gets its name. The master key is no part of it: \
        keep that elsewhere."
    )]
    Backup {
        #[command(flatten)]
        store: WhichStore,
        #[arg(value_name = "TO")]
        to: PathBuf,
    },
    /// Put a backup in the database's place, with the server stopped; the present database is moved aside
    #[command(
        after_help = "Example:\n  poolhouse restore --config /etc/poolhouse/poolhouse.toml /backup/poolhouse-2026-11-23.db\n\n\
        Everybody has to sign in again, since the backup does not know what was revoked after it was made. Passwords, users, \
        client secrets and access keys are the backup's too: delete again what was deleted since."
    )]
    Restore {
        #[command(flatten)]
        store: WhichStore,
        /// Leave the backup's sessions alive; what was revoked since is valid again
        #[arg(long)]
        keep_sessions: bool,
        #[arg(value_name = "FROM")]
        from: PathBuf,
    },
    /// Sign everybody out: after a restore with other tools, or after a theft
    #[command(after_help = "Examples:\n  poolhouse end-sessions --config /etc/poolhouse/poolhouse.toml\n  \
        poolhouse end-sessions --config /etc/poolhouse/poolhouse.toml --pool eu-central-1_AbCdEfGhI\n\n\
        Works while servers run. Refresh and access tokens, browser sessions and unused codes end at once.")]
    EndSessions {
        #[command(flatten)]
        store: WhichStore,
        /// Of this pool only
        #[arg(long, value_name = "POOL_ID")]
        pool: Option<String>,
    },
    /// Read the whole database and name every damaged row; changes nothing
    #[command(after_help = "Example:\n  poolhouse check --config /etc/poolhouse/poolhouse.toml\n\n\
        Works while servers run. Prints one line for every damaged row, and then exits with 1.")]
    Check {
        #[command(flatten)]
        store: WhichStore,
        /// Leave users and the audit trail unread
        #[arg(long)]
        quick: bool,
    },
}

/// `poolhouse seed …`
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum SeedCommand {
    /// Tell everything that is wrong with a file; needs no store
    Check {
        #[arg(value_name = "FILE", default_value = "poolhouse.yaml")]
        file: PathBuf,
    },
    /// Tell what `apply` would do; exits with 0 where nothing differs, with 1 where something does
    Diff {
        #[command(flatten)]
        store: WhichStore,
        #[command(flatten)]
        what: WhatDiffers,
        #[arg(value_name = "FILE", default_value = "poolhouse.yaml")]
        file: PathBuf,
    },
    /// Make and change what the file says; what it leaves out stays as it is
    Apply {
        #[command(flatten)]
        store: WhichStore,
        #[command(flatten)]
        what: WhatDiffers,
        #[arg(value_name = "FILE", default_value = "poolhouse.yaml")]
        file: PathBuf,
    },
    /// Print the store's pools as a seed file
    Export {
        #[command(flatten)]
        store: WhichStore,
        /// Of this pool only
        #[arg(long, value_name = "POOL_ID")]
        pool: Option<String>,
        /// With client secrets; else a client that has one gets another where the file is applied
        #[arg(long)]
        secrets: bool,
        /// With password hashes, which only a server with the same master keys takes
        #[arg(long)]
        hashes: bool,
    },
    /// Print the JSON Schema that editors check a file with
    Schema,
}

/// How far a seed goes, and how it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct WhatDiffers {
    /// Delete what the pools of the file hold beyond it; pools that the file does not name are not touched
    #[arg(long)]
    pub prune: bool,
    /// One JSON document
    #[arg(long)]
    pub json: bool,
}

/// The store of `serve`'s configuration, or that of `dev`'s directory.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct WhichStore {
    /// Configuration of `poolhouse serve`
    #[arg(long, value_name = "FILE", default_value = "poolhouse.toml")]
    pub config: PathBuf,
    /// Data directory of `poolhouse dev`, instead of a configuration
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub data: Option<PathBuf>,
}

impl UpkeepCommand {
    /// Which store it is about.
    #[must_use]
    pub fn store(&self) -> &WhichStore {
        match self {
            Self::Backup { store, .. }
            | Self::Restore { store, .. }
            | Self::EndSessions { store, .. }
            | Self::Check { store, .. } => store,
        }
    }
}

/// `poolhouse audit …`
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum AuditCommand {
    /// Print events, the oldest first
    List {
        #[command(flatten)]
        store: WhichStore,
        /// Only those of this pool
        #[arg(long, value_name = "POOL_ID")]
        pool: Option<String>,
        /// How far back, such as `90s`, `30m`, `2h` or `7d`
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = period_ms)]
        since: i64,
        /// Only alerts
        #[arg(long)]
        alerts: bool,
        /// Of so many the newest
        #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
        last: usize,
        /// One JSON document a line
        #[arg(long)]
        json: bool,
    },
    /// The events of one request in sentences: `poolhouse explain` asks so.
    #[command(skip)]
    Explain {
        store: WhichStore,
        /// A request's id, or an event's place: chain, `/`, number.
        id: String,
    },
    /// Prove that no row was changed, moved or taken out; names the first that was
    Verify {
        #[command(flatten)]
        store: WhichStore,
    },
}

impl AuditCommand {
    /// Which store it is about.
    #[must_use]
    pub fn store(&self) -> &WhichStore {
        match self {
            Self::List { store, .. } | Self::Explain { store, .. } | Self::Verify { store } => store,
        }
    }
}

/// A number and one of `s`, `m`, `h`, `d`, in milliseconds.
///
/// # Errors
/// A sentence: it is none.
pub fn period_ms(text: &str) -> Result<i64, String> {
    let bad = || "is not a time such as 30m, 2h or 7d".to_owned();
    let unit = text.chars().next_back().ok_or_else(bad)?;
    let number: i64 = text.trim_end_matches(unit).parse().map_err(|_| bad())?;
    let ms = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return Err(bad()),
    };
    number.checked_mul(ms).filter(|ms| *ms > 0).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_or_refused() {
        assert_eq!(period_ms("90s"), Ok(90_000));
        assert_eq!(period_ms("7d"), Ok(604_800_000));
        for bad in ["", "h", "2", "2w", "-1h", "0s", "99999999999999999d", "1é"] {
            assert!(period_ms(bad).is_err(), "{bad}");
        }
    }
}
