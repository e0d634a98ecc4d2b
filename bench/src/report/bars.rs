//! The goals, each with what was measured and whether it is met. Called by the report.

use super::beside::{self, Group};
use super::curves::{GOODPUT_KEPT, MEMORY_LIMIT_MB};
use super::svg::figure;
use super::words::{Limit, limit, store, title};
use super::{floors, sizes};
use crate::results::{Measured, OURSELVES, Overload, Results, SoakPoint};

/// One goal. `met` is `None` where this run did not measure it.
pub struct Verdict {
    pub goal: String,
    pub figure: String,
    pub met: Option<bool>,
}

const READY_MS: f64 = 300.0;
const READY_AGAIN_MS: f64 = 100.0;
const IDLE_MB: f64 = 30.0;
const BINARY_MB: f64 = 30.0;
const DURABLE_KEPT: f64 = 0.7;
const RECOVERED_SECONDS: f64 = 10.0;
/// The last third of a long run over its middle third.
const FLAT: f64 = 1.05;

fn verdict(goal: impl Into<String>, measured: Option<(String, bool)>) -> Verdict {
    let (figure, met) = measured.map_or_else(|| ("not measured in this run".to_owned(), None), |(text, met)| (text, Some(met)));
    Verdict { goal: goal.into(), figure, met }
}

fn at_most(value: f64, limit: f64, unit: &str) -> (String, bool) {
    (format!("{} {unit}", figure(value)), value <= limit)
}

/// All of them, in the order of the project's list. `skips` says whether a server leaves out work of an operation.
pub fn verdicts(results: &Results, base: &[&Measured], skips: &impl Fn(&Measured) -> bool) -> Vec<Verdict> {
    let mut all = over_floor(base);
    all.extend(sizes_and_memory(results));
    all.push(durability(&results.measured));
    all.extend(start(results));
    all.extend(overload(results.overload.as_ref()));
    all.push(ahead(&beside::groups(&results.measured), skips));
    all
}

fn over_floor(base: &[&Measured]) -> Vec<Verdict> {
    let rows = floors::rows(base);
    let judged = super::words::OPERATIONS.iter().filter(|operation| operation.limit != Limit::Unset);
    judged
        .map(|operation| {
            let row = rows.iter().find(|row| row.measured.operation == operation.id);
            let alone = base.iter().find(|one| one.operation == operation.id);
            let cpu = alone.map(|one| one.cpu_ms_per_operation);
            let floor = row.map_or(0.0, |row| row.floor_ms);
            let met = cpu.and_then(|cpu| limit(operation.id).met(cpu, floor).map(|met| (cpu, met)));
            let words = met.map(|(cpu, met)| match operation.limit {
                Limit::OverFloor(_) => (format!("{:.2} × ({} over {} ms)", cpu / floor, figure(cpu), figure(floor)), met),
                _ => (format!("{} ms", figure(cpu)), met),
            });
            verdict(format!("{}: CPU {}", operation.title, operation.limit.words()), words)
        })
        .collect()
}

fn sizes_and_memory(results: &Results) -> Vec<Verdict> {
    let groups = sizes::groups(&results.measured);
    let worst = groups.iter().max_by(|a, b| a.worst().total_cmp(&b.worst()));
    let grown = worst.map(|group| {
        let words = format!("{:.2} × at worst: {} on {}", group.worst(), title(group.operation), store(group.store));
        (words, group.worst() <= sizes::LIMIT)
    });
    let ours = results.measured.iter().filter(|one| one.subject == OURSELVES && one.peak_memory_mb > 0.0);
    let peak = ours.max_by(|a, b| a.peak_memory_mb.total_cmp(&b.peak_memory_mb)).map(|one| {
        let (words, met) = at_most(one.peak_memory_mb, MEMORY_LIMIT_MB, "MB");
        (format!("{words} at most: {} on {}", title(&one.operation), store(&one.store)), met)
    });
    vec![
        verdict(format!("More users, the same CPU: ≤ {} × that of the smallest size", sizes::LIMIT), grown),
        verdict(format!("Memory during load ≤ {MEMORY_LIMIT_MB} MB"), peak),
        verdict("A soak of 30 minutes is flat: the last third within 5 % of the middle third", flat(&results.soak)),
    ]
}

fn flat(soak: &[SoakPoint]) -> Option<(String, bool)> {
    let third = soak.len() / 3;
    let (middle, last) = (soak.get(third..third * 2)?, soak.get(soak.len() - third..)?);
    if third == 0 {
        return None;
    }
    let grown = |of: fn(&SoakPoint) -> f64| {
        let mean = |points: &[SoakPoint]| points.iter().map(of).sum::<f64>() / f64::from(u32::try_from(points.len()).unwrap_or(1));
        mean(last) / mean(middle)
    };
    let (memory, cpu) = (grown(|one| one.memory_mb), grown(|one| one.cpu_ms_per_operation));
    Some((format!("memory {memory:.3} ×, CPU {cpu:.3} ×, {} minutes", soak.len()), memory <= FLAT && cpu <= FLAT))
}

fn durability(measured: &[Measured]) -> Verdict {
    let best = |store: &str| {
        let fits = |one: &&Measured| one.subject == OURSELVES && one.operation == "code_exchange" && one.store == store && one.clients == 32;
        measured.iter().find(fits).map(|one| one.ops_per_second)
    };
    let kept = best("sqlite").zip(best("sqlite-normal")).map(|(full, normal)| {
        let words = format!("{:.0} % ({} of {} a second)", full / normal * 100.0, figure(full), figure(normal));
        (words, full >= DURABLE_KEPT * normal)
    });
    verdict("SQLite with full durability, 32 clients: ≥ 70 % of the code exchanges of synchronous=NORMAL", kept)
}

fn start(results: &Results) -> Vec<Verdict> {
    let ours = results.subjects.iter().find(|subject| subject.name == OURSELVES);
    let with = |value: Option<f64>, limit: f64, unit: &str| value.map(|value| at_most(value, limit, unit));
    vec![
        verdict(format!("First start of dev ready in ≤ {READY_MS} ms"), with(ours.map(|one| one.ready_ms), READY_MS, "ms")),
        verdict(
            format!("Later starts ready in ≤ {READY_AGAIN_MS} ms"),
            with(ours.and_then(|one| one.ready_again_ms), READY_AGAIN_MS, "ms"),
        ),
        verdict(format!("Idle ≤ {IDLE_MB} MB"), with(ours.map(|one| one.idle_mb), IDLE_MB, "MB")),
        verdict(format!("Binary ≤ {BINARY_MB} MB"), with(ours.map(|one| one.installed_mb), BINARY_MB, "MB")),
    ]
}

fn overload(overload: Option<&Overload>) -> Vec<Verdict> {
    let most = overload.and_then(|one| one.curve.iter().max_by(|a, b| a.offered.total_cmp(&b.offered)).map(|point| (one, point)));
    let most = most.filter(|(one, point)| point.offered >= 4.5 * one.peak_per_second);
    let kept = most.map(|(one, point)| {
        let part = point.good_per_second / one.peak_per_second;
        let times = point.offered / one.peak_per_second;
        (format!("{:.0} % at {times:.1} × its capacity", part * 100.0), part >= GOODPUT_KEPT)
    });
    let errors = overload.map(|one| one.curve.iter().map(|point| point.errors).sum::<u64>());
    let recovered = overload.map(|one| match one.recovered_seconds {
        Some(seconds) => at_most(seconds, RECOVERED_SECONDS, "s"),
        None => ("not within the run".to_owned(), false),
    });
    vec![
        verdict("At five times its capacity: goodput ≥ 80 % of the peak", kept),
        verdict("… no error but 429 and 503", errors.map(|errors| (format!("{errors} others"), errors == 0))),
        verdict("… back to normal within 10 s", recovered),
    ]
}

fn ahead(groups: &[Group<'_>], skips: &impl Fn(&Measured) -> bool) -> Verdict {
    let mut compared = 0_u32;
    let mut behind = Vec::new();
    for group in groups {
        let Some((ours, peers)) = group.rows.split_first().filter(|(first, _)| first.subject == OURSELVES) else { continue };
        for peer in peers.iter().filter(|peer| !skips(peer)) {
            compared += 1;
            if peer.cpu_ms_per_operation < ours.cpu_ms_per_operation {
                behind.push(format!("{} of {}", title(group.operation), peer.subject));
            }
        }
    }
    let words = match behind.as_slice() {
        [] => format!("ahead in all {compared} comparisons"),
        _ => format!("behind in {} of {compared}: {}", behind.len(), behind.join(", ")),
    };
    verdict("Ahead of every peer in CPU on every operation that does the same work", (compared > 0).then_some((words, behind.is_empty())))
}
