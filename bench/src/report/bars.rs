//! The goals, each with what was measured and whether it is met. Called by the report.

use super::curves::{self, GOODPUT_KEPT, MEMORY_LIMIT_MB};
use super::svg::figure;
use super::words::Limit;
use super::{OURSELVES, Results, beside, floors, sizes};
use crate::house::operations::Operation;
use crate::load::driver::as_f64;
use crate::measure::median;
use crate::results::{Durability, Meanwhile, Measured, Overload, SoakPoint, Start};

/// One goal. `met` is `None` where no run measured it.
pub struct Verdict {
    pub goal: String,
    pub figure: String,
    pub met: Option<bool>,
}

const READY_MS: f64 = 300.0;
const READY_AGAIN_MS: f64 = 100.0;
const IDLE_MB: f64 = 30.0;
const BINARY_MB: f64 = 30.0;
const RESET_MS: f64 = 50.0;
const DURABLE_KEPT: f64 = 0.7;
const RECOVERED_SECONDS: f64 = 10.0;
/// The median minute of the last third of a long run over that of its middle third.
const FLAT: f64 = 1.05;

fn verdict(goal: impl Into<String>, measured: Option<(String, bool)>) -> Verdict {
    let (figure, met) = measured.map_or_else(|| ("not measured yet".to_owned(), None), |(text, met)| (text, Some(met)));
    Verdict { goal: goal.into(), figure, met }
}

fn at_most(value: f64, limit: f64, unit: &str) -> (String, bool) {
    (format!("{} {unit}", figure(value)), value <= limit)
}

/// All of them, in the order of the project's list. `skips` says whether a server leaves out work of an operation.
pub fn verdicts(results: &Results, skips: &impl Fn(&Measured) -> bool) -> Vec<Verdict> {
    let mut all = over_floor(results.operations());
    all.extend(sizes_and_memory(results));
    all.push(durability(results.durability.as_ref()));
    all.extend(start(results.start.as_ref()));
    all.extend(overload(results.overload.as_ref()));
    all.push(ahead(results.beside(), skips));
    all
}

fn over_floor(measured: &[Measured]) -> Vec<Verdict> {
    let rows = floors::rows(measured);
    let limits = Operation::ALL.into_iter().map(|operation| (operation.name(), Limit::of(operation.name())));
    limits
        .filter(|(_, limit)| *limit != Limit::Unset)
        .map(|(name, limit)| {
            let row = rows.iter().find(|row| row.measured.operation == name);
            let words = row.and_then(|row| {
                let cpu = row.measured.cpu_ms;
                let words = match limit {
                    Limit::OverFloor(_) => format!("{:.2} × ({} over {} ms)", row.ratio, figure(cpu), figure(row.floor_ms)),
                    _ => format!("{} ms", figure(cpu)),
                };
                limit.met(cpu, row.ratio).map(|met| (words, met))
            });
            verdict(format!("{name}: CPU {}", limit.words()), words)
        })
        .collect()
}

fn sizes_and_memory(results: &Results) -> Vec<Verdict> {
    let groups = sizes::groups(results.sizes());
    let worst = groups.iter().max_by(|a, b| a.worst().total_cmp(&b.worst()));
    let grown =
        worst.map(|group| (format!("{:.2} × at worst: {}", group.worst(), group.operation), group.worst() <= sizes::LIMIT));
    let peak = results.sizes().iter().max_by(|a, b| a.peak_memory_mb.total_cmp(&b.peak_memory_mb)).map(|one| {
        let (words, met) = at_most(one.peak_memory_mb, MEMORY_LIMIT_MB, "MB");
        (format!("{words} at most, with {} users", super::words::users(one.users)), met)
    });
    vec![
        verdict(format!("More users, the same CPU: ≤ {} × that of the smallest size", sizes::LIMIT), grown),
        verdict(format!("Memory during load ≤ {MEMORY_LIMIT_MB} MB"), peak),
        verdict("A soak of 30 minutes is flat: the last third within 5 % of the middle third", flat(results.soak())),
    ]
}

fn flat(soak: &[SoakPoint]) -> Option<(String, bool)> {
    let third = soak.len() / 3;
    let (middle, last) = (soak.get(third..third * 2)?, soak.get(soak.len() - third..)?);
    if third == 0 {
        return None;
    }
    // Medians: a minute that ends while passwords are hashed holds the memory of that, and one in a few ends without.
    let of_minutes = |points: &[SoakPoint], of: fn(&SoakPoint) -> f64| median(points.iter().map(of).collect());
    let grown = |of: fn(&SoakPoint) -> f64| of_minutes(last, of) / of_minutes(middle, of);
    let (memory, cpu) = (grown(|one| one.memory_mb), grown(|one| one.cpu_ms));
    Some((format!("memory {memory:.3} ×, CPU {cpu:.3} ×, {} minutes", soak.len()), memory <= FLAT && cpu <= FLAT))
}

fn durability(durability: Option<&Durability>) -> Verdict {
    let kept = durability.map(|one| {
        let (full, unsynced) = (median(one.full_per_second.clone()), median(one.unsynced_per_second.clone()));
        let words = format!("{:.0} % ({} of {} a second)", full / unsynced * 100.0, figure(full), figure(unsynced));
        (words, full >= DURABLE_KEPT * unsynced)
    });
    let goal = "SQLite with full durability, 32 clients: ≥ 70 % of the code exchanges of a server that syncs nothing to the disk";
    verdict(goal, kept)
}

fn start(start: Option<&Start>) -> Vec<Verdict> {
    let goal = |goal: String, limit: f64, unit: &str, of: fn(&Start) -> f64| {
        verdict(goal, start.map(|start| at_most(of(start), limit, unit)))
    };
    vec![
        goal(format!("First start of `dev` ready in ≤ {READY_MS} ms"), READY_MS, "ms", |one| median(one.first_ms.clone())),
        goal(format!("Later starts ready in ≤ {READY_AGAIN_MS} ms"), READY_AGAIN_MS, "ms", |one| median(one.later_ms.clone())),
        goal(format!("Idle ≤ {IDLE_MB} MB"), IDLE_MB, "MB", |one| {
            median(one.first_idle_mb.clone()).max(median(one.later_idle_mb.clone()))
        }),
        goal(format!("Binary ≤ {BINARY_MB} MB"), BINARY_MB, "MB", |one| one.binary_mb),
        verdict(
            format!("Back at a seed of 1,000 users in ≤ {RESET_MS} ms"),
            start.filter(|one| !one.reset_ms.is_empty()).map(|one| at_most(median(one.reset_ms.clone()), RESET_MS, "ms")),
        ),
    ]
}

fn overload(overload: Option<&Overload>) -> Vec<Verdict> {
    let five = || overload.into_iter().flat_map(|one| &one.points).filter(|point| point.times >= 5.0);
    let kept = |point: &crate::results::Curve| point.good_per_second / curves::peak(&[point]);
    let least = five().min_by(|a, b| kept(a).total_cmp(&kept(b)));
    let goodput = least.map(|point| {
        let times = |seen: &Meanwhile| seen.sent_per_second / curves::peak(&[point]);
        let sent = point.meanwhile.as_ref().map_or(String::new(), |seen| format!(", asked {:.1} × it can do", times(seen)));
        (format!("{:.0} % at worst: {}{sent}", kept(point) * 100.0, point.operation), kept(point) >= GOODPUT_KEPT)
    });
    // Cognito's API says "too many" with a name, and with status 400.
    let refusal =
        |text: &str| ["429", "503"].iter().any(|code| text.starts_with(code)) || text.contains("TooManyRequestsException");
    let errors = overload.map(|one| {
        let said = one.points.iter().flat_map(|point| &point.refused).filter(|(text, _)| !refusal(text));
        let errors: u64 = said.map(|(_, count)| count).sum();
        (format!("{} others", figure(as_f64(errors))), errors == 0)
    });
    let slowest = overload.and_then(|one| one.recovery_seconds.iter().map(|(_, seconds)| *seconds).reduce(f64::max));
    vec![
        verdict("At five times its capacity: goodput ≥ 80 % of the peak", goodput),
        verdict("… no error but 429, 503, and `TooManyRequestsException` on Cognito's API", errors),
        verdict("… back to normal within 10 s", slowest.map(|seconds| at_most(seconds, RECOVERED_SECONDS, "s"))),
    ]
}

fn ahead(measured: &[Measured], skips: &impl Fn(&Measured) -> bool) -> Verdict {
    let mut compared = 0_u32;
    let mut behind = Vec::new();
    for group in beside::groups(measured) {
        let Some((ours, peers)) = group.rows.split_first().filter(|(first, _)| first.subject == OURSELVES) else { continue };
        for peer in peers.iter().filter(|peer| !skips(peer)) {
            compared += 1;
            if peer.cpu_ms < ours.cpu_ms {
                behind.push(format!("{} of {}", group.operation, peer.subject));
            }
        }
    }
    let words = match behind.as_slice() {
        [] => format!("ahead in all {compared} comparisons"),
        _ => format!("behind in {} of {compared}: {}", behind.len(), behind.join(", ")),
    };
    let goal = "Ahead of every peer in CPU on every operation that does the same work";
    verdict(goal, (compared > 0).then_some((words, behind.is_empty())))
}
