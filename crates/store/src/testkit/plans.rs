//! How SQLite means to run the statements that this process has prepared: for tests that a statement finds its rows by an
//! index and does not look through a table. Filled by every SQLite connection, on a statement's first use.

use std::sync::{Mutex, PoisonError};

static PLANS: Mutex<Vec<(&str, String)>> = Mutex::new(Vec::new());

/// The plan of every statement whose text contains `part`.
#[must_use]
pub fn of(part: &str) -> Vec<String> {
    let plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    plans.iter().filter(|(sql, _)| sql.contains(part)).map(|(_, plan)| plan.clone()).collect()
}

pub(crate) fn note(conn: &rusqlite::Connection, sql: &'static str) {
    if sql.starts_with("EXPLAIN") || sql.starts_with("PRAGMA") {
        return;
    }
    let steps = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).and_then(|mut statement| {
        let steps: rusqlite::Result<Vec<String>> = statement.raw_query().mapped(|row| row.get(3)).collect();
        steps
    });
    let plan = steps.map_or_else(|error| error.to_string(), |steps| steps.join("\n"));
    PLANS.lock().unwrap_or_else(PoisonError::into_inner).push((sql, plan));
}
