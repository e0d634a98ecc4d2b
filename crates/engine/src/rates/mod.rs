//! How often may it be asked? Two kinds of limits: Cognito's request quotas, by category and pool ([`quotas`]), and
//! limits on guessing secrets, by address, app client and pool ([`guesses`]). Counted in the memory of one process: of
//! several processes each allows as much. What must not be guessed at all is counted in the store, user by user. Held by
//! the engine; quotas are asked by the doors, guesses are counted where secrets are compared.
pub mod bucket;
pub mod guesses;
pub mod quotas;

use crate::error::Error;
use bucket::Empty;
use guesses::Guesses;
use quotas::{Category, Quotas};

/// What is limited; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub quotas: Option<quotas::Rates>,
    pub guesses: Option<guesses::Rates>,
}

impl Settings {
    /// Cognito's quotas, and limits on guessing that an honest office behind one address does not meet.
    pub fn aws() -> Self {
        Self { quotas: Some(quotas::Rates::default()), guesses: Some(guesses::Rates::default()) }
    }
}

/// The limits of one process.
pub struct Rates {
    pub quotas: Option<Quotas>,
    pub guesses: Option<Guesses>,
}

impl Rates {
    pub fn new(settings: &Settings) -> Self {
        Self { quotas: settings.quotas.as_ref().map(Quotas::new), guesses: settings.guesses.as_ref().map(Guesses::new) }
    }

    /// How often each limit has refused since the start: a category's name, or `guesses`.
    pub fn refusals(&self) -> Vec<(&'static str, u64)> {
        let quotas = self.quotas.iter().flat_map(Quotas::refusals);
        quotas.chain(self.guesses.iter().map(|guesses| ("guesses", guesses.refusals()))).collect()
    }

    /// Asks the quotas, where there are any, for one request of a category for a pool.
    ///
    /// # Errors
    /// `Rate exceeded` (observed), with the time to wait.
    pub fn ask(&self, category: Category, pool_id: &str, take: impl FnOnce(&Quotas) -> Result<(), Empty>) -> Result<(), Error> {
        let Some(quotas) = &self.quotas else { return Ok(()) };
        take(quotas).map_err(|empty| {
            Error::too_fast(empty.wait_ms).because(format!("the quota {} of {pool_id:?} is used up", category.name()))
        })
    }
}
