//! What belongs to what: every table that goes with a pool, an app client, a user and so on, its columns, and which of its rows.
//! Reads all of it before a deletion and writes it again. Called by `engine::undo`.
//!
//! The list is written out; a test holds it against the schema.

use std::sync::LazyLock;

use crate::cell::{Cell, Cells};
use crate::{Error, Param, Result, Tx};

/// What is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Pool,
    Client,
    User,
    Group,
    ResourceServer,
    Domain,
    /// No deletion of its own: the SRP verifiers of a pool, which go with the last client that uses them.
    Verifiers,
}

/// A table of which rows go.
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
    /// By whose deletion, and which: `$1` is the pool, `$2` what is deleted in it.
    of: &'static [(Of, &'static str)],
    /// How a row comes back, where that is no plain INSERT of its columns.
    back: Option<&'static str>,
    /// What makes its rows large.
    weight: &'static str,
    /// Its `version` names what caches have of a row: none may ever come back with another content.
    versioned: bool,
}

const PLAIN: Table = Table { name: "", columns: &[], of: &[], back: None, weight: "0", versioned: false };
/// Bytes of a row besides its weight, roughly.
const ROW_BYTES: i64 = 400;
/// More rows than this are not counted.
pub const COUNTED_MAX: i64 = 200_000;
const IN_POOL: &str = "pool_id = $1";

/// Parents first: rows come back in this order, and are read in the other, so that no child is read whose parent came later.
pub const TABLES: &[Table] = &[
    Table {
        name: "pools",
        columns: &["id", "region", "name", "document", "version", "wrapped_key", "created_at", "modified_at"],
        of: &[(Of::Pool, "id = $1")],
        versioned: true,
        ..PLAIN
    },
    Table {
        name: "clients",
        columns: &["id", "pool_id", "name", "document", "version", "created_at", "modified_at"],
        of: &[(Of::Pool, IN_POOL), (Of::Client, "pool_id = $1 AND id = $2")],
        versioned: true,
        ..PLAIN
    },
    Table {
        name: "client_secrets",
        columns: &["client_id", "id", "sealed", "created_at"],
        of: &[
            (Of::Pool, "client_id IN (SELECT c.id FROM clients c WHERE c.pool_id = $1)"),
            (Of::Client, "client_id IN (SELECT c.id FROM clients c WHERE c.pool_id = $1 AND c.id = $2)"),
        ],
        ..PLAIN
    },
    Table {
        name: "domains",
        columns: &["domain", "region", "pool_id", "kind", "document", "version", "created_at", "modified_at"],
        of: &[(Of::Pool, IN_POOL), (Of::Domain, "pool_id = $1 AND domain = $2")],
        versioned: true,
        ..PLAIN
    },
    Table {
        name: "resource_servers",
        columns: &["pool_id", "identifier", "name", "scopes", "created_at", "modified_at"],
        of: &[(Of::Pool, IN_POOL), (Of::ResourceServer, "pool_id = $1 AND identifier = $2")],
        ..PLAIN
    },
    Table {
        name: "signing_keys",
        columns: &["kid", "pool_id", "purpose", "state", "sealed", "public_key", "created_at", "retire_at", "activate_at"],
        of: &[(Of::Pool, IN_POOL)],
        weight: "2000",
        ..PLAIN
    },
    Table {
        name: "users",
        columns: &[
            "pool_id",
            "sub",
            "username",
            "status",
            "enabled",
            "email",
            "phone_number",
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "attributes",
            "password_hash",
            "srp_sealed",
            "temporary_expires_at",
            "signed_out_at",
            "created_at",
            "modified_at",
            "version",
        ],
        of: &[(Of::Pool, IN_POOL), (Of::User, "pool_id = $1 AND sub = $2")],
        weight: "800 + 2 * LENGTH(attributes)",
        ..PLAIN
    },
    Table {
        name: "sign_in_names",
        columns: &["pool_id", "name", "kind", "sub"],
        of: &[(Of::Pool, IN_POOL), (Of::User, "pool_id = $1 AND sub = $2")],
        ..PLAIN
    },
    Table {
        name: "user_groups",
        columns: &["pool_id", "name", "description", "role_arn", "precedence", "created_at", "modified_at"],
        of: &[(Of::Pool, IN_POOL), (Of::Group, "pool_id = $1 AND name = $2")],
        weight: "COALESCE(LENGTH(description), 0)",
        ..PLAIN
    },
    // Into groups, and of users, that are still there.
    Table {
        name: "memberships",
        columns: &["pool_id", "group_name", "sub", "created_at"],
        of: &[(Of::Pool, IN_POOL), (Of::User, "pool_id = $1 AND sub = $2"), (Of::Group, "pool_id = $1 AND group_name = $2")],
        back: Some(
            "INSERT INTO memberships (pool_id, group_name, sub, created_at)
                SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT)
                WHERE EXISTS (SELECT 1 FROM user_groups g WHERE g.pool_id = $1 AND g.name = $2)
                AND EXISTS (SELECT 1 FROM users u WHERE u.pool_id = $1 AND u.sub = $3)
                ON CONFLICT (pool_id, group_name, sub) DO NOTHING",
        ),
        ..PLAIN
    },
    Table {
        name: "codes",
        columns: &[
            "pool_id",
            "sub",
            "purpose",
            "mac",
            "destination",
            "medium",
            "attribute",
            "pending",
            "client_id",
            "attempts",
            "created_at",
            "expires_at",
        ],
        of: &[(Of::Pool, IN_POOL), (Of::User, "pool_id = $1 AND sub = $2")],
        ..PLAIN
    },
    // Of a pool alone: nobody could have ended a session of a pool that was not there. Those of a user or an app client are ended
    // by its deletion, stay in the table as ended, and stay so.
    Table {
        name: "refresh_families",
        columns: &["origin_jti", "pool_id", "client_id", "sub", "document", "issued_at", "expires_at", "revoked_at"],
        of: &[(Of::Pool, IN_POOL)],
        weight: "LENGTH(document)",
        ..PLAIN
    },
    Table {
        name: "refresh_tokens",
        columns: &["hash", "origin_jti", "created_at", "expires_at", "replaced_at", "replaced_until"],
        of: &[(Of::Pool, "origin_jti IN (SELECT f.origin_jti FROM refresh_families f WHERE f.pool_id = $1)")],
        ..PLAIN
    },
    Table {
        name: "browser_sessions",
        columns: &["hash", "pool_id", "sub", "auth_time", "created_at", "expires_at"],
        of: &[(Of::Pool, IN_POOL)],
        ..PLAIN
    },
    Table {
        name: "users srp_sealed",
        columns: &["srp_sealed", "pool_id", "sub", "password_hash"],
        of: &[(Of::Verifiers, "pool_id = $1 AND srp_sealed IS NOT NULL")],
        // Of the password that they were made from, and no other.
        back: Some(
            "UPDATE users SET srp_sealed = $1 WHERE pool_id = $2 AND sub = $3 AND password_hash = $4 AND srp_sealed IS NULL",
        ),
        ..PLAIN
    },
];

/// Tables that name a pool, a client or a session, and do not come back; each with the reason.
pub const LEFT: &[(&str, &str)] = &[
    ("challenge_sessions", "a sign-in under way lasts three minutes and is begun again"),
    ("flow_runs", "a test run ends an hour after its last step and is begun again"),
    ("authorization_codes", "good for minutes and only once: one that is gone is refused, as a used one is"),
    ("attempts", "counters of a day, which outlive a pool as it is"),
    ("messages", "mail that was sent stays where it is"),
    ("undo", "what is kept of other deletions has a time of its own"),
];

struct Statements {
    table: &'static Table,
    read: Vec<(Of, String)>,
    count: Vec<(Of, String)>,
    back: String,
}

/// Made once of the list above, and of nothing else.
static STATEMENTS: LazyLock<Vec<Statements>> = LazyLock::new(|| TABLES.iter().map(statements).collect());

fn statements(table: &'static Table) -> Statements {
    let (columns, weight) = (table.columns.join(", "), table.weight);
    let from = table.name.split(' ').next().unwrap_or_default();
    let read = |filter: &str| format!("SELECT {columns} FROM {from} WHERE {filter}");
    let count = |filter: &str| {
        let rows = format!("SELECT {weight} AS weight FROM {from} WHERE {filter} LIMIT {COUNTED_MAX}");
        format!("SELECT count(*), CAST(COALESCE(SUM(weight), 0) AS BIGINT) FROM ({rows}) AS counted")
    };
    let values: Vec<String> = (1..=table.columns.len()).map(|number| format!("${number}")).collect();
    let insert = || format!("INSERT INTO {from} ({columns}) VALUES ({})", values.join(", "));
    Statements {
        table,
        read: table.of.iter().map(|(of, filter)| (*of, read(filter))).collect(),
        count: table.of.iter().map(|(of, filter)| (*of, count(filter))).collect(),
        back: table.back.map_or_else(insert, str::to_owned),
    }
}

fn find(of: Of, all: &'static [(Of, String)]) -> Option<&'static str> {
    all.iter().find(|(one, _)| *one == of).map(|(_, sql)| sql.as_str())
}

/// `$1`, and `$2` where the statement has one.
fn params<'a>(sql: &str, pool_id: &'a &str, target: &'a &str) -> Vec<&'a dyn Param> {
    let mut params: Vec<&dyn Param> = vec![pool_id];
    if sql.contains("$2") {
        params.push(target);
    }
    params
}

/// How many rows go with it and about how many bytes they are, counted up to a bound.
pub async fn count(tx: &mut Tx, of: Of, pool_id: &str, target: &str) -> Result<(i64, i64)> {
    let (mut rows, mut bytes) = (0_i64, 0_i64);
    for sql in STATEMENTS.iter().filter_map(|one| find(of, &one.count)) {
        let (some, weight): (i64, i64) = tx.one(sql, &params(sql, &pool_id, &target)).await?;
        rows = rows.saturating_add(some);
        bytes = bytes.saturating_add(weight).saturating_add(some.saturating_mul(ROW_BYTES));
    }
    Ok((rows, bytes))
}

/// Every row that goes with it, table by table; tables without one are left out.
pub async fn read(tx: &mut Tx, of: Of, pool_id: &str, target: &str) -> Result<Vec<(&'static Table, Vec<Cells>)>> {
    let mut all = Vec::new();
    for one in STATEMENTS.iter().rev() {
        let Some(sql) = find(of, &one.read) else { continue };
        let rows: Vec<Cells> = tx.all(sql, &params(sql, &pool_id, &target)).await?;
        if !rows.is_empty() {
            all.push((one.table, rows));
        }
    }
    Ok(all)
}

/// Writes a row again; `version` is one that no row has had. `waiting` for its own error, which is that of a later statement else.
pub async fn put_back(tx: &mut Tx, table: &Table, mut row: Cells, version: i64, waiting: bool) -> Result<()> {
    let one = STATEMENTS.iter().find(|one| one.table.name == table.name);
    let one = one.ok_or_else(|| Error::Db(format!("no rows are kept of {}", table.name)))?;
    let place = table.columns.iter().position(|column| *column == "version").filter(|_| table.versioned);
    if let Some(cell) = place.and_then(|place| row.0.get_mut(place)) {
        *cell = Cell::Int(version);
    }
    let params: Vec<&dyn Param> = row.0.iter().map(|cell| cell as &dyn Param).collect();
    match waiting {
        true => tx.exec(&one.back, &params).await.map(drop),
        false => tx.exec_later(&one.back, &params).await,
    }
}

impl Table {
    /// A row's value in this column.
    #[must_use]
    pub fn value<'a>(&self, row: &'a mut Cells, column: &str) -> Option<&'a mut Cell> {
        let place = self.columns.iter().position(|name| *name == column)?;
        row.0.get_mut(place)
    }
}
