//! One suite, two databases: every test of `both!` runs on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail the test")]
#![expect(clippy::disallowed_methods, reason = "tests spawn tasks to race them")]

mod complete;
mod following;
mod pg_only;
mod rows;
mod seam;
mod snapshots;
mod sqlite_only;
mod support;
mod tables_audit;
mod tables_auth;
mod tables_flow_runs;
mod tables_operators;
mod tables_pool;
mod tables_undo;
mod tables_user;
mod tls;
