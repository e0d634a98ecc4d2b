//! Random sequences of calls against a house and against a reference that shares no line with it: after each call both
//! must say the same, and from time to time show the same users, names, groups and living tokens. A sequence follows from
//! its seed; one that parts them is shrunk by leaving calls out, and printed with the words that replay it.
//!
//! The generator and the shrinker are our own: calls are asynchronous, and since actions name things by position any part
//! of a sequence is a sequence, so that leaving out is all the shrinking there is to do.
mod actions;
mod calls;
mod play;
mod reference;
mod rules_sessions;
mod rules_users;

use std::collections::BTreeSet;

use serde_json::json;

use self::actions::{Action, sequence};
use self::play::{Parting, Place, Play};
use self::reference::{Kind, TERMS};
use crate::harness::{House, Options, Store};
use poolhouse_store::testkit::dice::Dice;

/// How many sequences: [`DEFAULT`] unless told; ten thousand before a release.
const SEQUENCES: &str = "POOLHOUSE_MODEL_SEQUENCES";
/// The seed of the first sequence; the next ones count on.
const SEED: &str = "POOLHOUSE_MODEL_SEED";
/// Positions, `0,4,7`, to keep of the one sequence of that seed.
const KEEP: &str = "POOLHOUSE_MODEL_KEEP";
const DEFAULT: u64 = 40;
/// Calls of a sequence.
const LENGTH: usize = 80;
/// Operations that every run must have seen succeed, or it says less than it seems to.
const OPERATIONS: usize = 31;

/// The kinds of pools, by turns.
const KINDS: [Kind; 4] = [
    Kind { by_address: false, keeps: false, history: false },
    Kind { by_address: true, keeps: false, history: true },
    Kind { by_address: false, keeps: true, history: true },
    Kind { by_address: true, keeps: true, history: false },
];

#[tokio::test]
async fn sec_175_sequences_on_sqlite_equal_the_reference() {
    sequences_equal_the_reference(Options::default()).await;
}

#[tokio::test]
async fn sec_175_sequences_on_postgres_equal_the_reference() {
    sequences_equal_the_reference(Options { store: Store::Postgres, ..Options::default() }).await;
}

#[expect(clippy::disallowed_methods, reason = "what a person sets for one run of the tests")]
fn said(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number(name: &str) -> Option<u64> {
    said(name).map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

async fn sequences_equal_the_reference(options: Options) {
    let house = House::with(options).await;
    let mut places = Vec::new();
    for kind in KINDS {
        places.push(place(&house, kind).await);
    }
    let keep = said(KEEP).map(|text| text.split(',').map(|n| n.trim().parse().unwrap()).collect::<Vec<usize>>());
    let first = number(SEED).unwrap_or(1);
    let count = if keep.is_some() { 1 } else { number(SEQUENCES).unwrap_or(DEFAULT) };
    let mut bench = Bench { house: &house, runs: 0, succeeded: BTreeSet::new() };
    for seed in first..first + count {
        let place = &places[usize::try_from(seed % 4).unwrap()];
        let whole = sequence(&mut Dice::new(seed), LENGTH, place.kind.by_address);
        let kept = keep.clone().unwrap_or_else(|| (0..whole.len()).collect());
        if bench.run(place, &whole, &kept).await.is_err() {
            let (kept, why) = bench.shrink(place, &whole, kept).await;
            let steps: Vec<String> = kept.iter().map(|at| format!("  {at}: {:?}", whole[*at])).collect();
            let positions: Vec<String> = kept.iter().map(usize::to_string).collect();
            panic!(
                "the house and the reference part ({:?}):\n{}\n{why}\n\nreplay: {SEED}={seed} {KEEP}={}",
                place.kind,
                steps.join("\n"),
                positions.join(",")
            );
        }
    }
    assert!(count < DEFAULT || bench.succeeded.len() == OPERATIONS, "only these ever succeeded: {:?}", bench.succeeded);
}

async fn place(house: &House, kind: Kind) -> Place {
    let mut settings = json!({
        "UsernameAttributes": if kind.by_address { json!(["email"]) } else { json!([]) },
        "AliasAttributes": if kind.by_address { json!([]) } else { json!(["email", "preferred_username"]) },
        "UsernameConfiguration": { "CaseSensitive": false },
    });
    if kind.keeps {
        settings["UserAttributeUpdateSettings"] = json!({ "AttributesRequireVerificationBeforeUpdate": ["email"] });
    }
    if kind.history {
        settings["Policies"] = json!({ "PasswordPolicy": { "PasswordHistorySize": 1, "MinimumLength": 8 } });
    }
    let pool = house.pool(settings).await;
    let mut clients = Vec::new();
    for terms in TERMS {
        let mut flows = vec!["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"];
        let mut settings = json!({
            "PreventUserExistenceErrors": if terms.hides { "ENABLED" } else { "LEGACY" },
            "EnableTokenRevocation": terms.revocable,
        });
        match terms.grace {
            None => flows.push("ALLOW_REFRESH_TOKEN_AUTH"),
            Some(seconds) => {
                settings["RefreshTokenRotation"] = json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": seconds });
            }
        }
        settings["ExplicitAuthFlows"] = json!(flows);
        clients.push(house.client(&pool, settings).await.0);
    }
    for group in ["group0", "group1"] {
        house.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": group })).await;
    }
    Place { kind, pool, clients }
}

struct Bench<'a> {
    house: &'a House,
    runs: u64,
    succeeded: BTreeSet<&'static str>,
}

impl Bench<'_> {
    async fn run(&mut self, place: &Place, whole: &[Action], kept: &[usize]) -> Result<(), Parting> {
        self.runs += 1;
        let actions: Vec<Action> = kept.iter().map(|at| whole[*at].clone()).collect();
        let mut play = Play::new(self.house, place, self.runs).await;
        let result = play.all(&actions).await;
        play.clean().await;
        self.succeeded.extend(play.succeeded);
        result
    }

    /// Leaves out halves, then quarters, down to single actions, as long as the rest still parts them.
    async fn shrink(&mut self, place: &Place, whole: &[Action], mut kept: Vec<usize>) -> (Vec<usize>, Parting) {
        let mut why = Parting::new();
        let mut piece = kept.len().max(1);
        loop {
            let mut smaller = false;
            let mut from = 0;
            while from < kept.len() {
                let mut fewer = kept.clone();
                fewer.drain(from..(from + piece).min(kept.len()));
                match self.run(place, whole, &fewer).await {
                    Err(parting) => (kept, why, smaller) = (fewer, parting, true),
                    Ok(()) => from += piece,
                }
            }
            if piece == 1 && !smaller {
                break;
            }
            piece = (piece / 2).max(1);
        }
        if why.is_empty() {
            why = self.run(place, whole, &kept).await.err().unwrap_or_else(|| "it did not happen again".to_owned());
        }
        (kept, why)
    }
}
