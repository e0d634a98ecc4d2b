//! What a person told the wizard so far, and where it is kept: in this process, for a day, under a handle of 128 random bits that
//! stands in the addresses of its pages. Not in the pages: a draft may hold the sample user's password, and nobody can forge
//! what is not sent. A restart forgets it; nothing is made before the last page, so nothing is lost but the typing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use poolhouse_engine::keys::entropy::{self, Entropy};
use serde_json::{Value as Json, json};

use super::goal::Goal;
use super::parts::{Part, named_by};
use super::steps::Step;
use crate::console::domain;
use crate::console::kit::json::text;

/// Drafts kept at a time; the one that was left longest makes room.
const DRAFTS_MAX: usize = 64;
/// Milliseconds a draft is kept after it was last changed.
const LIFETIME_MS: i64 = 24 * 60 * 60 * 1000;
/// The sample user's address.
pub const SAMPLE_EMAIL: &str = "user@example.com";
const HANDLE_LENGTH: usize = 22;

/// One set-up in the making. Objects are inputs of the operations, without `UserPoolId`.
#[derive(Debug, Clone)]
pub struct Draft {
    pub goal: Goal,
    /// CreateUserPool.
    pub pool: Json,
    /// CreateUserPoolDomain.
    pub domain: Json,
    /// CreateResourceServer.
    pub server: Json,
    /// CreateUserPoolClient.
    pub client: Json,
    pub user: User,
    /// Steps that were passed over on purpose.
    pub skipped: BTreeSet<Step>,
    /// Steps that were gone through.
    pub done: BTreeSet<Step>,
    pub made: Made,
    /// What was refused when the rest was made, and why.
    pub refused: Option<(Part, String)>,
}

impl Draft {
    /// Lets pages that nobody was on yet start from what the pool is now.
    pub fn follow_pool(&mut self) {
        if !self.done.contains(&Step::Domain) && self.goal != Goal::Article {
            self.domain = json!({ "Domain": domain::suggested(text(&self.pool, "PoolName")) });
        }
        if !self.done.contains(&Step::User) {
            let (name, email) = match named_by(self) {
                Some("email") => (SAMPLE_EMAIL, ""),
                Some(_) => ("+14155550100", ""),
                None => ("sample-user", SAMPLE_EMAIL),
            };
            (self.user.name, self.user.email) = (name.to_owned(), email.to_owned());
        }
    }
}

/// The sample user.
#[derive(Debug, Clone, Default)]
pub struct User {
    /// What it signs in with.
    pub name: String,
    /// Where that is a name of its own.
    pub email: String,
    /// Whether the address is marked as verified.
    pub verified: bool,
    pub permanent: bool,
    pub password: String,
    pub invite: bool,
}

/// What is there already, by its id: made once, never again.
#[derive(Debug, Clone, Default)]
pub struct Made(BTreeMap<Part, String>);

impl Made {
    pub fn of(&self, part: Part) -> Option<&str> {
        self.0.get(&part).map(String::as_str)
    }

    pub fn note(&mut self, part: Part, id: &str) {
        self.0.insert(part, id.to_owned());
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// All drafts of this process.
#[derive(Debug, Default)]
pub struct Drafts(Mutex<BTreeMap<String, Kept>>);

#[derive(Debug)]
struct Kept {
    draft: Draft,
    changed_at: i64,
    /// Whether it is being made at this moment.
    busy: bool,
}

impl Drafts {
    /// Keeps a new draft; its handle.
    pub fn begin(&self, draft: Draft, now: i64, random: &dyn Entropy) -> String {
        let id = entropy::alphanumerics(random, HANDLE_LENGTH);
        self.locked(now, |kept| {
            if kept.len() >= DRAFTS_MAX {
                let oldest = kept.iter().filter(|(_, one)| !one.busy).min_by_key(|(_, one)| one.changed_at);
                if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                    kept.remove(&oldest);
                }
            }
            kept.insert(id.clone(), Kept { draft, changed_at: now, busy: false });
        });
        id
    }

    pub fn get(&self, id: &str, now: i64) -> Option<Draft> {
        self.locked(now, |kept| kept.get(id).map(|kept| kept.draft.clone()))
    }

    /// Handle, draft and time of the last change of each, the latest first.
    pub fn all(&self, now: i64) -> Vec<(String, Draft, i64)> {
        let mut all = self.locked(now, |kept| -> Vec<_> {
            kept.iter().map(|(id, kept)| (id.clone(), kept.draft.clone(), kept.changed_at)).collect()
        });
        all.sort_by_key(|(_, _, changed_at)| std::cmp::Reverse(*changed_at));
        all
    }

    /// Changes a draft, unless there is none or it is being made.
    pub fn change(&self, id: &str, now: i64, change: impl FnOnce(&mut Draft)) -> bool {
        self.locked(now, |kept| match kept.get_mut(id).filter(|kept| !kept.busy) {
            Some(kept) => {
                change(&mut kept.draft);
                kept.changed_at = now;
                true
            }
            None => false,
        })
    }

    pub fn drop(&self, id: &str, now: i64) {
        self.locked(now, |kept| kept.remove(id));
    }

    /// The draft for one who makes it: of two at once one gets it, so that nothing is made twice.
    pub fn make(&self, id: &str, now: i64) -> Option<Making<'_>> {
        let draft = self.locked(now, |kept| {
            let kept = kept.get_mut(id).filter(|kept| !kept.busy)?;
            kept.busy = true;
            Some(kept.draft.clone())
        })?;
        Some(Making { drafts: self, id: id.to_owned(), now, draft })
    }

    fn locked<R>(&self, now: i64, work: impl FnOnce(&mut BTreeMap<String, Kept>) -> R) -> R {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, one| one.busy || now - one.changed_at < LIFETIME_MS);
        work(&mut kept)
    }
}

/// A draft in one maker's hands. What it notes is kept even where the browser goes away meanwhile.
pub struct Making<'a> {
    drafts: &'a Drafts,
    id: String,
    now: i64,
    pub draft: Draft,
}

impl Making<'_> {
    /// Keeps what was noted in the draft.
    pub fn keep(&self) {
        self.drafts.locked(self.now, |kept| {
            if let Some(kept) = kept.get_mut(&self.id) {
                kept.draft = self.draft.clone();
                kept.changed_at = self.now;
            }
        });
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.drafts.locked(self.now, |kept| {
            if let Some(kept) = kept.get_mut(&self.id) {
                kept.busy = false;
            }
        });
    }
}
