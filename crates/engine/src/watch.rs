//! Watching the instance itself: whether the machine's clock was set, and what is in hand when somebody scrapes. Called
//! by the server's background task and by the page of the metrics.
use crate::ctx::Engine;

impl Engine {
    /// Compares the clock with one that nobody can set (`monotonic_ms`, from any beginning), since the last call. Codes,
    /// tokens and lock-outs live and die by the clock: whoever runs the instance should know that it jumped.
    pub fn watch_clock(&self, monotonic_ms: i64) {
        if let Some(step_ms) = self.metrics.clock_step(self.clock.real(), monotonic_ms) {
            tracing::warn!(step_ms, "the clock of this machine was set");
        }
    }

    /// The metrics as Prometheus scrapes them.
    #[must_use]
    pub fn metrics_text(&self) -> String {
        let (metrics, work) = (&self.metrics, &self.work);
        metrics.in_hand(self.audit.waiting(), self.store.writes_in_hand());
        let pools = [
            ("passwords", &work.passwords),
            ("srp", &work.srp),
            ("signing", &work.signing),
            ("key_generation", &work.key_generation),
        ];
        for (name, pool) in pools {
            metrics.work(name, pool.load());
            metrics.turned_away_by(name, pool.refused());
        }
        for (class, refused) in self.rates.refusals() {
            metrics.rate_limited(class, refused);
        }
        metrics.text()
    }
}
