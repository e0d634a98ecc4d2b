//! Undoing what the console deletes: the rows that go are copied in the very transaction that deletes them, and put back in one.
//! Called inside the operations that delete ([`Copying`]) and by the console's pages. An operation copies only for a caller who
//! asked for it ([`Ctx::keep_deleted`]): what an API call deletes is gone, as on Cognito.
//!
//! Rows are copied as they are. Passwords in them are hashed, secrets are sealed under the pool's key and bound to their pool, row
//! and field, so that a copy opens nowhere but where it came from, and the pool's key is wrapped by the master key: a kept copy
//! says no more than the tables did. The key has a column of its own, where a change of the master key finds it.
use poolhouse_store::tables::belongings::{self, Of, TABLES, Table};
use poolhouse_store::tables::undo::{self as table, UndoRow};
use poolhouse_store::tables::{pools, sign_in_names, users};
use poolhouse_store::{Cell, Cells, Error as StoreError, Result as StoreResult, Tx};

use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// Rows and bytes above which nothing is kept: on SQLite nobody else writes while they are copied.
pub const ROWS_MAX: i64 = 20_000;
pub const BYTES_MAX: i64 = 64 * 1024 * 1024;
/// Bytes of a part.
const PART_BYTES: usize = 1024 * 1024;
/// Rows on their way to PostgreSQL at a time: each has the time of a statement, from when it is sent.
const UNAWAITED_MAX: usize = 128;
const DAY_MS: i64 = 86_400_000;

/// What can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Pool,
    Client,
    User,
    Group,
    ResourceServer,
    Domain,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Pool, Self::Client, Self::User, Self::Group, Self::ResourceServer, Self::Domain];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pool => "user pool",
            Self::Client => "app client",
            Self::User => "user",
            Self::Group => "group",
            Self::ResourceServer => "resource server",
            Self::Domain => "domain",
        }
    }

    fn of(self) -> Of {
        match self {
            Self::Pool => Of::Pool,
            Self::Client => Of::Client,
            Self::User => Of::User,
            Self::Group => Of::Group,
            Self::ResourceServer => Of::ResourceServer,
            Self::Domain => Of::Domain,
        }
    }
}

/// Whether a deletion could be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// For so many days.
    Days(i64),
    /// This instance keeps nothing.
    Off,
    /// So many rows, about so many bytes.
    TooLarge { rows: i64, bytes: i64 },
}

/// Whether the deletion of this could be undone, as it stands now.
///
/// # Errors
/// The store's.
pub async fn outlook(ctx: &Ctx, kind: Kind, pool_id: &str, target: &str) -> Result<Outlook> {
    let days = ctx.engine.settings.undo_days;
    if days <= 0 {
        return Ok(Outlook::Off);
    }
    let mut reader = ctx.store().reader().await?;
    let (rows, bytes) = belongings::count(&mut reader, kind.of(), pool_id, target).await?;
    Ok(if rows > ROWS_MAX || bytes > BYTES_MAX { Outlook::TooLarge { rows, bytes } } else { Outlook::Days(days) })
}

impl Ctx {
    /// Whether what this request deletes from now on is kept: as one deletion, however many operations it takes.
    pub fn keep_deleted(&mut self, keep: bool) {
        let kept = keep && self.engine.settings.undo_days > 0;
        self.deletion = kept.then(|| crate::keys::entropy::uuid(self.entropy()));
    }

    /// The id under which what this request deletes is kept.
    pub fn deletion(&self) -> Option<&str> {
        self.deletion.as_deref()
    }
}

/// The copy that an operation makes of what it deletes.
#[derive(Clone)]
pub struct Copying(Option<(Of, UndoRow)>);

impl Copying {
    /// `target` is what statements know it by, `title` what people call it. Nothing is copied where nobody asked for it.
    pub fn of(ctx: &Ctx, kind: Kind, pool_id: &str, target: &str, title: &str) -> Self {
        // Its time is the machine's: a clock that is set forwards for a test must not cost the undo.
        let at = ctx.real_now();
        Self(ctx.deletion().map(|id| {
            let row = UndoRow {
                id: id.to_owned(),
                at,
                expires_at: at.saturating_add(ctx.engine.settings.undo_days.saturating_mul(DAY_MS)),
                kind: kind.name().to_owned(),
                title: title.to_owned(),
                target: target.to_owned(),
                pool_id: pool_id.to_owned(),
                deleted_by: ctx.actor(),
                ..UndoRow::default()
            };
            (kind.of(), row)
        }))
    }

    /// Copies what belongs to it, in the write that deletes it and before that.
    pub async fn copy(&self, tx: &mut Tx) -> StoreResult<()> {
        let Some((of, row)) = &self.0 else { return Ok(()) };
        add(tx, *of, row.clone()).await
    }

    /// Copies the SRP verifiers of the pool as well, which the deletion of an app client may take with it. Of a pool too large
    /// for that none is kept: each is made anew at its user's next sign-in by password.
    pub async fn copy_verifiers(&self, tx: &mut Tx) -> StoreResult<()> {
        let Some((_, row)) = &self.0 else { return Ok(()) };
        let (rows, bytes) = belongings::count(tx, Of::Verifiers, &row.pool_id, "").await?;
        if rows > ROWS_MAX || bytes > BYTES_MAX { Ok(()) } else { add(tx, Of::Verifiers, row.clone()).await }
    }

    /// Forgets the copy where nothing was deleted: somebody else was first.
    pub async fn unless(&self, tx: &mut Tx, deleted: bool) -> StoreResult<()> {
        match &self.0 {
            Some((_, row)) if !deleted => table::remove(tx, &row.id).await.map(drop),
            _ => Ok(()),
        }
    }
}

async fn add(tx: &mut Tx, of: Of, mut row: UndoRow) -> StoreResult<()> {
    let mut tables = belongings::read(tx, of, &row.pool_id, &row.target).await?;
    let Some(pool) = pools::get(tx, &row.pool_id).await?.filter(|_| !tables.is_empty()) else { return Ok(()) };
    (row.pool_name, row.pool_made_at) = (pool.name, pool.created_at);
    let mut parts = Vec::new();
    for (table, rows) in &mut tables {
        row.row_count = row.row_count.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        let mut content = Vec::new();
        for cells in rows {
            if let Some(Cell::Bytes(key)) = table.value(cells, WRAPPED).map(|cell| std::mem::replace(cell, Cell::Null)) {
                row.wrapped_key = Some(key);
            }
            cells.write(&mut content);
            if content.len() >= PART_BYTES {
                parts.push((table.name, std::mem::take(&mut content)));
            }
        }
        if !content.is_empty() {
            parts.push((table.name, content));
        }
    }
    row.size = parts.iter().map(|(_, content)| i64::try_from(content.len()).unwrap_or(i64::MAX)).sum();
    table::add(tx, &row).await?;
    for (part, (name, content)) in (table::parts(tx, &row.id).await?..).zip(&parts) {
        table::add_part(tx, &row.id, part, name, content).await?;
    }
    Ok(())
}

/// The column of `pools` that is kept apart.
const WRAPPED: &str = "wrapped_key";

/// Something that was deleted and can be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    pub id: String,
    pub kind: Kind,
    pub title: String,
    /// What operations know it by: a sub, a client's id, a group's name …
    pub target: String,
    pub pool_id: String,
    pub pool_name: String,
    pub by: String,
    /// Milliseconds since the epoch, by the machine's clock.
    pub at: i64,
    pub expires_at: i64,
    pub rows: i64,
    pub bytes: i64,
}

fn deleted(row: UndoRow) -> Result<Deleted> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == row.kind);
    Ok(Deleted {
        kind: kind.ok_or_else(|| Error::internal(format!("deletion {}: unknown kind {}", row.id, row.kind)))?,
        id: row.id,
        title: row.title,
        target: row.target,
        pool_id: row.pool_id,
        pool_name: row.pool_name,
        by: row.deleted_by,
        at: row.at,
        expires_at: row.expires_at,
        rows: row.row_count,
        bytes: row.size,
    })
}

/// A page of what can be undone, the newest first; `after` is the time and id of the last one of the page before.
///
/// # Errors
/// The store's.
pub async fn list(ctx: &Ctx, after: Option<(i64, &str)>, limit: i64) -> Result<Vec<Deleted>> {
    let (at, id) = after.unwrap_or((i64::MAX, ""));
    let mut reader = ctx.store().reader().await?;
    table::list(&mut reader, ctx.real_now(), at, id, limit).await?.into_iter().map(deleted).collect()
}

/// What can be undone under this id.
///
/// # Errors
/// ResourceNotFoundException where there is nothing, or no more.
pub async fn get(ctx: &Ctx, id: &str) -> Result<Deleted> {
    // From an address anybody may type; NUL is no text to PostgreSQL.
    if id.contains('\0') {
        return Err(missing());
    }
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, id).await?.filter(|row| row.expires_at > ctx.real_now());
    deleted(row.ok_or_else(missing)?)
}

fn missing() -> Error {
    Error::not_found("It is not kept any more: it was put back, deleted for good, or its time is over.")
}

/// Forgets what was kept: from then on it is gone for good. For whoever has a right to be erased.
///
/// # Errors
/// As [`get`].
pub async fn forget(ctx: &Ctx, id: &str) -> Result<Deleted> {
    let kept = get(ctx, id).await?;
    concerns(ctx, &kept);
    let id = id.to_owned();
    let work = async {
        let removed: StoreResult<bool> = ctx.store().write(async move |tx: &mut Tx| table::remove(tx, &id).await).await;
        if removed? { Ok(kept) } else { Err(missing()) }
    };
    ctx.change("DeleteForGood", work).await
}

fn concerns(ctx: &Ctx, kept: &Deleted) {
    ctx.concerns_pool(&kept.pool_id);
    ctx.concerns("Kind", kept.kind.name());
    ctx.concerns("Target", &kept.target);
}

/// Why nothing was put back.
enum Stop {
    Store(StoreError),
    /// Was undone meanwhile, or its time is over.
    Gone,
    Refused(String),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Puts it back: every row, in one transaction, or none. Sessions of a pool come back with it; those of a user or of an app
/// client, which its deletion ended, stay ended, since who else might have ended them meanwhile cannot be known.
///
/// # Errors
/// As [`get`]; InvalidParameterException with a sentence that names what is in the way.
pub async fn restore(ctx: &Ctx, id: &str) -> Result<Deleted> {
    let kept = get(ctx, id).await?;
    concerns(ctx, &kept);
    let (id, kind, version) = (kept.id.clone(), kept.kind, fresh_version(ctx));
    let work = async {
        let done = ctx.store().write(async move |tx: &mut Tx| put_back(tx, &id, kind, version).await).await;
        match done {
            Ok(()) => Ok(kept),
            Err(Stop::Gone) => Err(missing()),
            Err(Stop::Refused(sentence)) => Err(Error::invalid_parameter(sentence)),
            Err(Stop::Store(StoreError::Reference)) => {
                Err(Error::invalid_parameter("Nothing was put back: something that it belongs to is gone."))
            }
            Err(Stop::Store(error)) => Err(error.into()),
        }
    };
    ctx.change("UndoDeletion", work).await
}

/// A version that no row has had: caches, of other nodes too, must see that a row is another one. By the machine's clock, since a
/// version that was given while the clock stood elsewhere must not come again.
fn fresh_version(ctx: &Ctx) -> i64 {
    let [high, low] = crate::keys::entropy::bytes::<2>(ctx.entropy());
    (ctx.real_now().max(ctx.now) << 16) | i64::from(u16::from_be_bytes([high, low]))
}

async fn put_back(tx: &mut Tx, id: &str, kind: Kind, version: i64) -> Result<(), Stop> {
    let head = table::get(tx, id).await?.ok_or(Stop::Gone)?;
    may_return(tx, kind, &head).await?;
    let mut parts = Vec::new();
    for table in TABLES {
        for content in table::content(tx, id, table.name).await? {
            parts.push((table, content));
        }
    }
    // Of two at the same moment the second finds nothing to delete here, and has written nothing.
    if !table::remove(tx, id).await? {
        return Err(Stop::Gone);
    }
    let mut written = 0_usize;
    for (table, content) in parts {
        let mut rest = content.as_slice();
        while !rest.is_empty() {
            let mut row = Cells::read(&mut rest, table.columns.len())?;
            if let Some(cell) = table.value(&mut row, WRAPPED) {
                *cell = head.wrapped_key.clone().map_or(Cell::Null, Cell::Bytes);
            }
            written = written.wrapping_add(1);
            one(tx, kind, table, row, version, written.is_multiple_of(UNAWAITED_MAX)).await?;
        }
    }
    // What is cached with the pool may have changed.
    pools::raise_version(tx, &head.pool_id).await?;
    Ok(())
}

/// What no index refuses.
async fn may_return(tx: &mut Tx, kind: Kind, head: &UndoRow) -> Result<(), Stop> {
    let pool = pools::get(tx, &head.pool_id).await?;
    let name = &head.pool_name;
    match (kind, pool) {
        (Kind::Pool, None) => return Ok(()),
        (Kind::Pool, Some(_)) => return refused(format!("there is a user pool with the id {} again", head.pool_id)),
        (_, None) => return refused(format!("the user pool {name} is deleted: undo that first")),
        // Its key is another one: what is sealed in the copy would open nowhere.
        (_, Some(pool)) if pool.created_at != head.pool_made_at => {
            return refused(format!("the user pool {name} was deleted and made again"));
        }
        (_, Some(_)) => {}
    }
    // Administrators may name a user by its sub: it must not be another user's name meanwhile.
    if kind == Kind::User {
        let taken = sign_in_names::get(tx, &head.pool_id, &head.target).await?;
        if taken.is_some() || users::get(tx, &head.pool_id, &head.target).await?.is_some() {
            return refused(format!("another user is called {}", head.target));
        }
    }
    Ok(())
}

fn refused<T>(why: String) -> Result<T, Stop> {
    Err(Stop::Refused(format!("Nothing was put back: {why}.")))
}

async fn one(tx: &mut Tx, kind: Kind, table: &Table, mut row: Cells, version: i64, wait: bool) -> Result<(), Stop> {
    let name = match taken(kind, table, &mut row) {
        Some(name) => name,
        // Nothing stands in the way of a row in a pool that was not there; and there are many.
        None => {
            let waiting = wait || (kind != Kind::Pool && !matches!(table.name, "memberships" | "users srp_sealed"));
            return Ok(belongings::put_back(tx, table, row, version, waiting).await?);
        }
    };
    match belongings::put_back(tx, table, row, version, true).await {
        Err(StoreError::Unique(index)) if index == "domains(pool_id, kind)" => {
            refused("the user pool has another domain meanwhile".to_owned())
        }
        Err(StoreError::Unique(_)) => refused(format!("{name} is taken meanwhile")),
        other => Ok(other?),
    }
}

/// How people call a row whose name somebody else may have taken.
fn taken(kind: Kind, table: &Table, row: &mut Cells) -> Option<String> {
    let (what, column) = match table.name {
        "pools" => ("the user pool id", "id"),
        "clients" => ("the client ID", "id"),
        "domains" => ("the domain", "domain"),
        "resource_servers" => ("the resource server identifier", "identifier"),
        "user_groups" => ("the group name", "name"),
        "users" if kind != Kind::Pool => ("the sub", "sub"),
        "sign_in_names" if kind != Kind::Pool => ("the sign-in name", "name"),
        _ => return None,
    };
    match table.value(row, column) {
        Some(Cell::Text(name)) => Some(format!("{what} {name}")),
        _ => None,
    }
}
