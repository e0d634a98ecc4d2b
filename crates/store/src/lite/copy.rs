//! A consistent copy of a SQLite database that others go on writing to, and what is wrong with a file. Called by
//! `backup` and `Db::damage`.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::files::{failed, private_file, with_suffix};
use crate::{Error, Result};

/// Pages (of 4 KiB) copied between two words of progress.
const STEP: i32 = 2048;
/// Complaints of SQLite about one file; more would not help anybody.
const COMPLAINTS: usize = 100;

/// Copies `from` to `to`, which must not exist. `from` may be in use: one read transaction holds its state for as long as
/// the copying takes, and neither waits for writers nor keeps them waiting. `to` appears whole, synced and verified, or
/// not at all. `progress` is told pages done and pages in all.
pub(crate) fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    if to.exists() {
        return Err(Error::Config(format!("{} exists and is not overwritten", to.display())));
    }
    let part = with_suffix(to, ".part");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private_file(&mut options);
    // Nobody else's: of two that copy to the same place one is refused here.
    drop(
        options
            .open(&part)
            .map_err(|e| failed("create (another copy under way, or one that was cut off: remove it)", &part, &e))?,
    );
    let done = fill(from, &part, progress).and_then(|()| settle(&part, to));
    if done.is_err() {
        fs::remove_file(&part).ok();
        fs::remove_file(with_suffix(&part, "-journal")).ok();
    }
    done
}

fn fill(from: &Path, part: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    let source = open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // The first read begins the transaction. Without it every write of the server would make the copying start again.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
    let mut target = open(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Synced once, at the end.
    target.execute_batch("PRAGMA synchronous = OFF")?;
    let backup = Backup::new(&source, &mut target)?;
    loop {
        let step = backup.step(STEP)?;
        let now = backup.progress();
        let (all, left) = (u64::try_from(now.pagecount).unwrap_or(0), u64::try_from(now.remaining).unwrap_or(0));
        progress(all.saturating_sub(left), all);
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    drop(backup);
    // One file without companions, that can be copied as it is.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    match damage(&target)?.first() {
        None => Ok(()),
        Some(first) => Err(Error::Damaged(format!("{first}: the copy is not kept"))),
    }
}

fn settle(part: &Path, to: &Path) -> Result<()> {
    let file = File::open(part).and_then(|file| file.sync_all());
    file.map_err(|e| failed("sync", part, &e))?;
    if to.exists() {
        return Err(Error::Config(format!("{} exists and is not overwritten", to.display())));
    }
    fs::rename(part, to).map_err(|e| failed("rename to", to, &e))?;
    sync_directory(to)
}

/// Makes renames in the file's directory last.
pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|file| file.sync_all()).map_err(|e| failed("sync", directory, &e))
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    Ok(conn)
}

/// What SQLite itself finds wrong with the file: pages, indexes, foreign keys. Reads everything.
pub(crate) fn damage(conn: &Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = conn.prepare(&format!("PRAGMA integrity_check({COMPLAINTS})"))?;
    let mut rows = statement.query([])?;
    loop {
        match rows.next() {
            Ok(Some(row)) => found.extend(row.get::<_, String>(0)?.lines().map(str::to_owned)),
            Ok(None) => break,
            // The damage is such that not even the looking goes on.
            Err(error) => {
                found.push(error.to_string());
                break;
            }
        }
    }
    found.retain(|line| line != "ok" && !line.starts_with("***"));
    for line in &mut found {
        if let Some(table) = tree(line).and_then(|root| table_of(conn, root)) {
            *line = format!("{table}: {line}");
        }
    }
    let mut statement = conn.prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 100")?;
    let mut rows = statement.query([])?;
    while let Ok(Some(row)) = rows.next() {
        let (table, rowid, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        found.push(format!("{table}: row {} has no {parent}", rowid.unwrap_or(0)));
    }
    Ok(found)
}

/// The root page in `Tree 12 page 40 cell 3: …`.
fn tree(line: &str) -> Option<i64> {
    line.strip_prefix("Tree ")?.split(' ').next()?.parse().ok()
}

fn table_of(conn: &Connection, root: i64) -> Option<String> {
    conn.query_row("SELECT name FROM sqlite_master WHERE rootpage = ?1", [root], |row| row.get(0)).ok()
}
