//! `[limits]` of the file of `serve`: which request quotas hold, and how many wrong secrets are borne. Called by
//! `ServeConfig::settle`.

use poolhouse_engine::rates::quotas::Category;
use poolhouse_engine::rates::{self, guesses};

use super::file::LimitsFile;
use super::{QuotaMode, Refusal};

/// Highest limit, for both kinds: what is more is no limit.
const MOST: u32 = 1_000_000;

impl LimitsFile {
    /// AWS's quotas and the default limits on guessing, where the file says nothing else.
    pub(super) fn settle(&self, out: &mut Vec<Refusal>) -> rates::Settings {
        let off = self.quotas == Some(QuotaMode::Off);
        if off && !self.requests_per_second.is_empty() {
            out.push(Refusal::new(
                "[limits] turns quotas off and sets some.",
                "One of the two is a mistake.",
                "remove quotas = \"off\", or [limits.requests_per_second]",
            ));
        }
        let quotas = rates::quotas::Rates(
            self.requests_per_second.iter().filter_map(|(name, rate)| self.quota(name, *rate, out)).collect(),
        );
        rates::Settings { quotas: (!off).then_some(quotas), guesses: Some(self.guesses(out)) }
    }

    fn quota(&self, name: &str, rate: u32, out: &mut Vec<Refusal>) -> Option<(Category, u32)> {
        let Ok(category) = name.parse::<Category>() else {
            let known: Vec<&str> = Category::all().map(Category::name).collect();
            out.push(Refusal::new(
                format!("[limits.requests_per_second] {} is no category of requests.", name.escape_default()),
                "The limit that was meant would not hold.",
                format!("one of {}", known.join(", ")),
            ));
            return None;
        };
        bounded(&format!("[limits.requests_per_second] {name}"), rate, out);
        Some((category, rate))
    }

    fn guesses(&self, out: &mut Vec<Refusal>) -> guesses::Rates {
        let usual = guesses::Rates::default();
        let mut one = |name: &str, given: Option<u32>, usual: u32| {
            let count = given.unwrap_or(usual);
            bounded(&format!("[limits] guesses_per_minute_per_{name}"), count, out);
            count
        };
        guesses::Rates {
            per_address: one("address", self.guesses_per_minute_per_address, usual.per_address),
            per_client: one("client", self.guesses_per_minute_per_client, usual.per_client),
            per_pool: one("pool", self.guesses_per_minute_per_pool, usual.per_pool),
        }
    }
}

fn bounded(what: &str, count: u32, out: &mut Vec<Refusal>) {
    if !(1..=MOST).contains(&count) {
        out.push(Refusal::new(
            format!("{what} is not between 1 and {MOST}."),
            "At 0 nobody gets through.",
            "a number in between, or remove it for the default",
        ));
    }
}
