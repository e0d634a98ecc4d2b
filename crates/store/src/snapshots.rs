//! Named states of a SQLite database, kept beside it and put back while the server runs. Called by `engine::snapshots`.
//!
//! A snapshot is a whole database file. Putting it back is one transaction of a connection of its own, beside the writer's,
//! as another process's would be: readers go on with what they had until its COMMIT, and whoever looks at the
//! [`Stamp`](crate::Stamp) sees that everything changed. Only rows that differ are written, so that it costs what has changed
//! and not what there is.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::backup::discard;
use crate::lite::copy::{copy, sync_directory};
use crate::lite::files::{failed, prepare_directory};
use crate::lite::open::for_writing;
use crate::{Error, Result};

/// What no snapshot puts back: the schema's own ledger, who runs now, what the master keys wrap, the audit trail, which
/// only ever grows, and who may use the console: an operator who was removed stays so.
const LEFT: [&str; 7] = ["schema_migrations", "nodes", "meta", "audit_rows", "operators", "operator_sessions", "operator_links"];
/// Tables whose `version` names what other processes and caches have of a row: no version may ever come back with another
/// content.
const VERSIONED: [&str; 3] = ["pools", "clients", "domains"];
const NAME_MAX: usize = 64;
const SUFFIX: &str = ".db";
/// Longest wait for the writer's transaction.
const WAIT: Duration = Duration::from_secs(5);

/// The snapshots of one database.
#[derive(Debug, Clone)]
pub struct Snapshots {
    database: PathBuf,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub name: String,
    pub bytes: u64,
    /// Milliseconds since the epoch, by the machine's clock.
    pub taken_at: i64,
}

/// What a table lost and got. Rows of the same key whose content differs are `changed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub table: String,
    pub gone: u64,
    pub back: u64,
    pub changed: u64,
}

/// What putting a snapshot back did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restored {
    /// Of tables in which anything differed.
    pub changes: Vec<Change>,
    /// Sessions with refresh tokens that lived and are no more.
    pub sessions_ended: u64,
    /// Those that had ended and live again.
    pub sessions_revived: u64,
}

/// Whether a snapshot may have this name: it becomes a file's. Letters, digits, `-`, `_` and `.`, which does not come first
/// (path traversal).
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}

impl Snapshots {
    pub(crate) fn of(database: &Path) -> Self {
        Self { database: database.to_owned() }
    }

    /// Keeps the state of now under this name, in place of one that had it. Blocks for as long as copying takes; others may
    /// go on writing.
    ///
    /// # Errors
    /// [`Error::Config`] for a wrong name or a file that cannot be written, [`Error::Damaged`] where the copy is not sound.
    pub fn take(&self, name: &str) -> Result<Snapshot> {
        let to = self.file(name)?;
        prepare_directory(&to)?;
        let fresh = to.with_extension("new");
        // Left behind by a process that was killed: only the one that owns the database takes snapshots.
        discard(&fresh);
        copy(&self.database, &fresh, &mut |_, _| {})?;
        fs::rename(&fresh, &to).map_err(|e| failed("rename to", &to, &e))?;
        sync_directory(&to)?;
        about(&to).ok_or_else(|| Error::Config(format!("{} is gone", to.display())))
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// [`Error::Config`] where the directory cannot be read.
    pub fn list(&self) -> Result<Vec<Snapshot>> {
        let directory = self.directory();
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", &directory, &error)),
        };
        let mut found: Vec<Snapshot> = entries.filter_map(|entry| about(&entry.ok()?.path())).collect();
        found.sort_by(|a, b| (a.taken_at, &a.name).cmp(&(b.taken_at, &b.name)));
        Ok(found)
    }

    /// Forgets one; false when there was none.
    ///
    /// # Errors
    /// [`Error::Config`] for a wrong name or a file that cannot be removed.
    pub fn remove(&self, name: &str) -> Result<bool> {
        let file = self.file(name)?;
        match fs::remove_file(&file) {
            Ok(()) => sync_directory(&file).map(|()| true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("remove", &file, &error)),
        }
    }

    /// Puts the database back to the state of this name; `None` where there is none. `version` is one that no row has had:
    /// it becomes that of every versioned row that is written. All or nothing; blocks.
    ///
    /// # Errors
    /// [`Error::Schema`] for a snapshot of another version of this program or under another master key, [`Error::Busy`]
    /// where the writer does not let go.
    pub fn restore(&self, name: &str, version: i64) -> Result<Option<Restored>> {
        let file = self.file(name)?;
        if !file.is_file() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let conn = Connection::open_with_flags(&self.database, flags)?;
        conn.busy_timeout(WAIT)?;
        for_writing(&conn)?;
        // Without foreign keys: a parent that is written anew would take its children with it. All tables that refer to each
        // other are put back together, so that what holds in the snapshot holds after it.
        conn.execute_batch("PRAGMA foreign_keys = OFF")?;
        conn.execute("ATTACH DATABASE ?1 AS kept", [file.to_string_lossy()])?;
        // Dropping the connection rolls back.
        conn.execute_batch("BEGIN IMMEDIATE")?;
        let restored = put_back(&conn, version)?;
        conn.execute_batch("COMMIT")?;
        Ok(Some(restored))
    }

    /// Bytes of the database file; what waits in its log comes on top.
    #[must_use]
    pub fn database_bytes(&self) -> u64 {
        fs::metadata(&self.database).map_or(0, |about| about.len())
    }

    fn directory(&self) -> PathBuf {
        self.database.with_file_name("snapshots")
    }

    fn file(&self, name: &str) -> Result<PathBuf> {
        if !is_name(name) {
            return Err(Error::Config("a snapshot's name has 1 to 64 letters, digits, - _ and . (not first)".to_owned()));
        }
        Ok(self.directory().join(format!("{name}{SUFFIX}")))
    }
}

fn about(file: &Path) -> Option<Snapshot> {
    let name = file.file_name()?.to_str()?.strip_suffix(SUFFIX)?.to_owned();
    let about = fs::metadata(file).ok()?;
    let taken = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Snapshot { name, bytes: about.len(), taken_at: i64::try_from(taken.as_millis()).ok()? })
}

fn put_back(conn: &Connection, version: i64) -> Result<Restored> {
    same_house(conn)?;
    let live = "revoked_at IS NULL";
    let ended = |of: &str, not_in: &str| {
        let sql = format!(
            "SELECT count(*) FROM {of}.refresh_families AS a WHERE {live} AND NOT EXISTS
                (SELECT 1 FROM {not_in}.refresh_families AS b WHERE b.origin_jti = a.origin_jti AND b.{live})"
        );
        count(conn, &sql)
    };
    let mut restored =
        Restored { sessions_ended: ended("main", "kept")?, sessions_revived: ended("kept", "main")?, changes: Vec::new() };
    for table in tables(conn)? {
        let change = table.put_back(conn, version)?;
        if change.gone + change.back + change.changed > 0 {
            restored.changes.push(change);
        }
    }
    Ok(restored)
}

/// Whether the two have one schema and one set of wrapped keys.
fn same_house(conn: &Connection) -> Result<()> {
    let differ = |table: &str, columns: &str| {
        let one_way = |of: &str, not_in: &str| {
            format!("SELECT 1 FROM (SELECT {columns} FROM {of}.{table} EXCEPT SELECT {columns} FROM {not_in}.{table})")
        };
        let sql = format!("SELECT EXISTS ({}) OR EXISTS ({})", one_way("main", "kept"), one_way("kept", "main"));
        conn.query_row(&sql, [], |row| row.get::<_, bool>(0)).map_err(Error::from)
    };
    if differ("schema_migrations", "version, checksum")? {
        return Err(Error::Schema("the snapshot is of another version of this program".to_owned()));
    }
    if differ("meta", "key, value")? {
        return Err(Error::Schema("the snapshot was taken under another master key".to_owned()));
    }
    Ok(())
}

/// A table that is put back.
struct Table {
    name: String,
    columns: Vec<String>,
    /// Of the primary key.
    key: Vec<String>,
}

fn tables(conn: &Connection) -> Result<Vec<Table>> {
    let mut names = conn.prepare("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let tables = names.into_iter().filter(|name| !LEFT.contains(&name.as_str()));
    tables.map(|name| Table::read(conn, name)).collect()
}

impl Table {
    fn read(conn: &Connection, name: String) -> Result<Self> {
        let mut about = conn.prepare("SELECT name, pk > 0 FROM pragma_table_info(?1, 'main') ORDER BY cid")?;
        let columns = about.query_map([&name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?;
        let columns = columns.collect::<rusqlite::Result<Vec<_>>>()?;
        let key = columns.iter().filter(|(_, key)| *key).map(|(name, _)| name.clone()).collect();
        Ok(Self { name, columns: columns.into_iter().map(|(name, _)| name).collect(), key })
    }

    fn put_back(&self, conn: &Connection, version: i64) -> Result<Change> {
        let name = &self.name;
        let (same_key, same) = (equal(&self.key), equal(&self.columns));
        let versioned = VERSIONED.contains(&name.as_str());
        // By keys alone: comparing whole rows is most of what this costs, and the DELETE does it.
        let gone =
            format!("SELECT count(*) FROM main.{name} AS m WHERE NOT EXISTS (SELECT 1 FROM kept.{name} AS k WHERE {same_key})");
        let gone = count(conn, &gone)?;
        let changed = if versioned { Some(self.changed_content(conn)?) } else { None };
        let delete =
            format!("DELETE FROM main.{name} AS m WHERE NOT EXISTS (SELECT 1 FROM kept.{name} AS k WHERE {same_key} AND {same})");
        let rewritten = rows(conn.execute(&delete, [])?).saturating_sub(gone);
        let values = self.columns.iter().map(|column| match column.as_str() {
            "version" if versioned => version.to_string(),
            other => format!("k.{other}"),
        });
        let insert = format!(
            "INSERT INTO main.{name} ({}) SELECT {} FROM kept.{name} AS k
                WHERE NOT EXISTS (SELECT 1 FROM main.{name} AS m WHERE {same_key})",
            self.columns.join(", "),
            values.collect::<Vec<_>>().join(", "),
        );
        let back = rows(conn.execute(&insert, [])?).saturating_sub(rewritten);
        Ok(Change { table: name.clone(), gone, back, changed: changed.unwrap_or(rewritten) })
    }

    /// Rows of the same key that differ in more than their version, which is no content.
    fn changed_content(&self, conn: &Connection) -> Result<u64> {
        let content: Vec<String> = self.columns.iter().filter(|column| *column != "version").cloned().collect();
        let (name, same_key, same) = (&self.name, equal(&self.key), equal(&content));
        count(conn, &format!("SELECT count(*) FROM main.{name} AS m JOIN kept.{name} AS k ON {same_key} WHERE NOT ({same})"))
    }
}

fn rows(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// `m.a IS k.a AND …`: as `=`, but nothing is equal to nothing.
fn equal(columns: &[String]) -> String {
    let mut sql = String::new();
    for column in columns {
        let and = if sql.is_empty() { "" } else { " AND " };
        // Writing to a text does not fail.
        write!(sql, "{and}m.{column} IS k.{column}").ok();
    }
    sql
}

fn count(conn: &Connection, sql: &str) -> Result<u64> {
    let count = conn.query_row(sql, [], |row| row.get::<_, i64>(0)).optional()?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
}
