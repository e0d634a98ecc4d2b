//! Rounds: every operation of every subject once a round, the floors beside them, so that whatever else the machine does falls on all alike.
//! A figure is the median of the rounds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use crate::console::{note, say};
use crate::floors::{Floors, Part};
use crate::house::operations::Operation;
use crate::load::driver::{Script, Tally, as_f64, closed};
use crate::process::Process;
use crate::results::{FloorPart, Measured};

/// What is measured.
pub trait Subject {
    fn name(&self) -> &'static str;
    /// What it keeps things in.
    fn store(&self) -> &'static str;
    /// How many users it has.
    fn users(&self) -> usize;
    /// Those that are asked, in turn.
    fn processes(&self) -> &[Process];
    fn addresses(&self) -> Vec<SocketAddr> {
        self.processes().iter().map(|process| process.address).collect()
    }
    /// Processor time of all of them since their start.
    fn cpu(&self) -> Duration {
        self.processes().iter().map(Process::cpu).sum()
    }
    /// Processor time of the database server beside them, where there is one.
    fn database_cpu(&self) -> Option<Duration> {
        None
    }
    /// Whether it does all the work that an operation's floor is made of.
    fn has_floor(&self) -> bool;
    fn has(&self, operation: Operation) -> bool;
    /// Scripts for so many clients, together good for about `steps` steps where each step needs something new.
    fn scripts(&self, operation: Operation, clients: usize, steps: usize) -> Scripts<'_>;
}

pub type Scripts<'a> = LocalBoxFuture<'a, Result<Vec<Box<dyn Script>>, String>>;

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    pub rounds: usize,
    /// Of one operation in one round.
    pub time: Duration,
    pub clients: usize,
}

/// Steps that are prepared for one run at most: what is prepared is kept by the subject too.
const PREPARED: f64 = 20_000.0;

/// What one round gave for one operation of one subject.
struct Sample {
    tally: Tally,
    cpu_ms: f64,
    database_cpu_ms: Option<f64>,
    floor_ms: f64,
}

/// Measures what at least one subject has and prints a table. A subject with a floor must do everything; another one's trouble is told and
/// leaves a gap.
///
/// # Errors
/// An operation of a subject with a floor that does not work, or did not always.
pub async fn run(
    subjects: &[&dyn Subject],
    operations: &[Operation],
    rounds: Rounds,
    directory: &Path,
) -> Result<Vec<Measured>, String> {
    let mut floors = Floors::prepare(directory).await?;
    let mut parts: BTreeMap<Part, Vec<f64>> = BTreeMap::new();
    let mut samples: BTreeMap<(usize, usize), Vec<Sample>> = BTreeMap::new();
    for round in 0..rounds.rounds {
        let mut costs = BTreeMap::new();
        for part in Part::ALL {
            let ms = floors.measure(part, rounds.time.min(Duration::from_secs(1)), directory).await?;
            costs.insert(part, ms);
            parts.entry(part).or_default().push(ms);
        }
        for (at, operation) in operations.iter().enumerate() {
            note(&format!("round {} of {}: {}", round + 1, rounds.rounds, operation.name()));
            let floor_ms = operation.floor().iter().map(|(part, count)| costs.get(part).unwrap_or(&0.0) * count).sum();
            for (which, subject) in subjects.iter().enumerate().filter(|(_, subject)| subject.has(*operation)) {
                match sample(*operation, *subject, rounds, floor_ms).await {
                    Ok(sample) => samples.entry((which, at)).or_default().push(sample),
                    Err(text) if subject.has_floor() => return Err(text),
                    Err(text) => note(&format!("  {}: {text}", subject.name())),
                }
            }
        }
    }
    let mut measured = Vec::new();
    for ((which, at), samples) in samples {
        if let (Some(subject), Some(operation)) = (subjects.get(which), operations.get(at)) {
            measured.push(summary(*operation, *subject, rounds, samples, &parts));
        }
    }
    say(&table(&measured));
    let failed = measured.iter().find(|one| one.ratio.is_some() && !one.failures.is_empty());
    match failed {
        Some(one) => Err(format!("{} did not always succeed, so these are no figures: {:?}", one.operation, one.failures)),
        None => Ok(measured),
    }
}

/// The steps to prepare for are those of a short run before, and a half more.
async fn sample(operation: Operation, subject: &dyn Subject, rounds: Rounds, floor_ms: f64) -> Result<Sample, String> {
    let addresses = subject.addresses();
    let some = |tally: Tally| match tally.steps() {
        0 => Err(format!("{} failed: {:?}", operation.name(), tally.failures)),
        _ => Ok(tally),
    };
    let trial = some(closed(&addresses, subject.scripts(operation, rounds.clients, 400).await?, rounds.time / 5).await)?;
    let steps = (trial.per_second() * rounds.time.as_secs_f64() * 1.5).min(PREPARED);
    let scripts = subject.scripts(operation, rounds.clients, as_count(steps)).await?;
    let (before, database) = (subject.cpu(), subject.database_cpu());
    let tally = some(closed(&addresses, scripts, rounds.time).await)?;
    let (used, in_database) = (subject.cpu().saturating_sub(before), subject.database_cpu().zip(database));
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / as_f64(tally.steps());
    let database_cpu_ms = in_database.map(|(after, before)| each(after.saturating_sub(before)));
    Ok(Sample { cpu_ms: each(used), database_cpu_ms, tally, floor_ms })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive count far below the limits")]
fn as_count(number: f64) -> usize {
    number as usize
}

fn summary(
    operation: Operation,
    subject: &dyn Subject,
    rounds: Rounds,
    mut samples: Vec<Sample>,
    parts: &BTreeMap<Part, Vec<f64>>,
) -> Measured {
    let mut failures: BTreeMap<String, u64> = BTreeMap::new();
    for (text, count) in samples.iter().flat_map(|sample| &sample.tally.failures) {
        *failures.entry(text.clone()).or_default() += count;
    }
    let cpu: Vec<f64> = samples.iter().map(|sample| sample.cpu_ms).collect();
    let database: Vec<f64> = samples.iter().filter_map(|sample| sample.database_cpu_ms).collect();
    let floor = operation.floor().iter().filter(|_| subject.has_floor()).map(|(part, count)| FloorPart {
        name: part.name().to_owned(),
        count: *count,
        ms: median(parts.get(part).cloned().unwrap_or_default()),
    });
    Measured {
        operation: operation.name().to_owned(),
        subject: subject.name().to_owned(),
        store: subject.store().to_owned(),
        users: subject.users(),
        clients: rounds.clients,
        runs: samples.len(),
        steps: samples.iter().map(|sample| sample.tally.steps()).sum::<u64>() / samples.len().max(1) as u64,
        per_second: median(samples.iter().map(|sample| sample.tally.per_second()).collect()),
        p50_ms: median(samples.iter_mut().map(|sample| sample.tally.percentile_ms(0.5)).collect()),
        p99_ms: median(samples.iter_mut().map(|sample| sample.tally.percentile_ms(0.99)).collect()),
        cpu_ms_range: (cpu.iter().copied().fold(f64::MAX, f64::min), cpu.iter().copied().fold(0.0, f64::max)),
        cpu_ms: median(cpu),
        database_cpu_ms: (!database.is_empty()).then(|| median(database)),
        peak_memory_mb: subject.processes().iter().map(Process::peak_memory_mb).sum(),
        failures: failures.into_iter().collect(),
        floor: floor.collect(),
        ratio: subject.has_floor().then(|| median(samples.iter().map(|sample| sample.cpu_ms / sample.floor_ms).collect())),
    }
}

/// The middle value; of an even number the mean of the middle two; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(0.0);
    if values.len().is_multiple_of(2) { (at(middle.saturating_sub(1)) + at(middle)) / 2.0 } else { at(middle) }
}

/// The figures as a table for a terminal.
pub fn table(measured: &[Measured]) -> String {
    let mut text = format!(
        "{:<28} {:<14} {:<26} {:>9} {:>9} {:>8} {:>8} {:>9} {:>9} {:>6} {:>7}\n",
        "operation", "subject", "store", "users", "ops/s", "p50 ms", "p99 ms", "cpu ms", "floor ms", "ratio", "MB"
    );
    for one in measured {
        let floor: f64 = one.floor.iter().map(|part| part.ms * part.count).sum();
        let (floor, ratio) = match one.ratio {
            Some(ratio) => (format!("{floor:.4}"), format!("{ratio:.2}")),
            None => (String::new(), String::new()),
        };
        text += &format!(
            "{:<28} {:<14} {:<26} {:>9} {:>9.1} {:>8.2} {:>8.2} {:>9.4} {:>9} {:>6} {:>7.0}{}\n",
            one.operation,
            one.subject,
            one.store,
            one.users,
            one.per_second,
            one.p50_ms,
            one.p99_ms,
            one.cpu_ms,
            floor,
            ratio,
            one.peak_memory_mb,
            if one.failures.is_empty() { String::new() } else { format!("  failures: {:?}", one.failures) },
        );
    }
    text
}
