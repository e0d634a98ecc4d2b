//! Forgetting what has expired. Called once a minute by the server's one background task; every deletion is bounded, so
//! that requests never wait behind a long one.
use poolhouse_store::tables::{
    attempts, audit, authorization_codes, browser_sessions, challenge_sessions, codes, flow_runs, messages, operator_links,
    operator_sessions, refresh, undo,
};

use crate::ctx::Engine;
use crate::error::Result;

/// Rows of one deletion.
const BATCH: i64 = 500;
/// Deletions of one table in one run; what is left waits for the next minute.
const ROUNDS: usize = 20;
/// Milliseconds. Used codes are kept so that a replay is noticed; families because access tokens ask for them (they live
/// a day at most); counters past every window.
const DAY_MS: i64 = 86_400_000;
/// No setting lets an operator's session last longer.
const SESSIONS_MS: i64 = 31 * DAY_MS;
/// Messages the inbox keeps.
const INBOX_MAX: i64 = 1_000;

macro_rules! in_batches {
    ($engine:expr, $purge:path, $before:expr) => {{
        let (before, mut gone) = ($before, 0);
        for _ in 0..ROUNDS {
            let batch: u64 = $engine.store.write(async move |tx| $purge(tx, before, BATCH).await).await?;
            gone += batch;
            if batch == 0 {
                break;
            }
        }
        gone
    }};
}

impl Engine {
    /// Deletes expired rows; returns how many.
    ///
    /// # Errors
    /// The store's; what was deleted before stays deleted.
    pub async fn purge(&self) -> Result<u64> {
        let now = self.clock.now();
        let mut gone = 0;
        gone += in_batches!(self, codes::purge, now);
        gone += in_batches!(self, challenge_sessions::purge, now);
        gone += in_batches!(self, flow_runs::purge, now);
        gone += in_batches!(self, browser_sessions::purge, now);
        gone += in_batches!(self, authorization_codes::purge, now - DAY_MS);
        gone += in_batches!(self, refresh::purge_tokens, now);
        gone += in_batches!(self, refresh::purge_families, now - DAY_MS);
        gone += in_batches!(self, operator_links::purge, now);
        gone += in_batches!(self, operator_sessions::purge, now - SESSIONS_MS);
        gone += in_batches!(self, attempts::purge, now - DAY_MS);
        // A clock that is set forwards for a test must not cost the trail.
        let kept_since = self.clock.real().saturating_sub(self.settings.audit_days.saturating_mul(DAY_MS));
        gone += in_batches!(self, audit::purge, kept_since);
        gone += in_batches!(self, undo::purge, self.clock.real());
        if self.inbox.is_some() {
            gone += self.store.write(async move |tx| messages::keep_newest(tx, INBOX_MAX).await).await?;
        }
        Ok(gone)
    }
}
