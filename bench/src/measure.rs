//! Rounds: every operation of every world once a round, the floors beside them, so that whatever else the machine does falls on all alike.
//! A figure is the median of the rounds.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use crate::console::{note, say};
use crate::driver::{Tally, as_f64, closed};
use crate::floors::{Floors, Part};
use crate::operations::Operation;
use crate::results::{FloorPart, Measured};
use crate::world::World;

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    pub rounds: usize,
    /// Of one operation in one round.
    pub time: Duration,
    pub clients: usize,
}

/// What one round gave for one operation of one world.
struct Sample {
    tally: Tally,
    cpu_ms: f64,
    database_cpu_ms: Option<f64>,
    floor_ms: f64,
}

/// Measures; one line is printed for each operation as soon as its figures are known.
///
/// # Errors
/// An operation that does not work at all.
pub async fn run(
    worlds: &[Rc<World>],
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
            for (which, world) in worlds.iter().enumerate() {
                let sample = sample(*operation, world, rounds, floor_ms).await?;
                samples.entry((which, at)).or_default().push(sample);
            }
        }
    }
    let mut measured = Vec::new();
    for ((which, at), samples) in samples {
        if let (Some(world), Some(operation)) = (worlds.get(which), operations.get(at)) {
            measured.push(summary(*operation, world, rounds, samples, &parts));
        }
    }
    say(&table(&measured));
    Ok(measured)
}

/// The steps to prepare for are those of a short run before, and a half more.
async fn sample(operation: Operation, world: &Rc<World>, rounds: Rounds, floor_ms: f64) -> Result<Sample, String> {
    let addresses = world.addresses();
    let short = rounds.time / 5;
    let failed = |tally: &Tally| format!("{} failed: {:?}", operation.name(), tally.failures);
    let trial = closed(&addresses, operation.scripts(world, rounds.clients, 400).await?, short).await;
    if trial.steps() == 0 {
        return Err(failed(&trial));
    }
    let steps = trial.per_second() * rounds.time.as_secs_f64() * 1.5;
    let scripts = operation.scripts(world, rounds.clients, as_count(steps)).await?;
    let (cpu, database) = (world.cpu(), world.postgres.as_ref().map(|postgres| postgres.cpu()));
    let tally = closed(&addresses, scripts, rounds.time).await;
    let used = world.cpu() - cpu;
    let in_database = world.postgres.as_ref().map(|postgres| postgres.cpu()).zip(database);
    if tally.steps() == 0 {
        return Err(failed(&tally));
    }
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / as_f64(tally.steps());
    let database_cpu_ms = in_database.map(|(after, before)| each(after.saturating_sub(before)));
    Ok(Sample { cpu_ms: each(used), database_cpu_ms, tally, floor_ms })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive count far below the limits")]
pub fn as_count(number: f64) -> usize {
    number as usize
}

fn summary(
    operation: Operation,
    world: &World,
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
    let floor = operation.floor().iter().map(|(part, count)| FloorPart {
        name: part.name().to_owned(),
        count: *count,
        ms: median(parts.get(part).cloned().unwrap_or_default()),
    });
    Measured {
        operation: operation.name().to_owned(),
        subject: "poolhouse".to_owned(),
        store: world.store.name().to_owned(),
        users: world.users,
        clients: rounds.clients,
        runs: samples.len(),
        steps: samples.iter().map(|sample| sample.tally.steps()).sum::<u64>() / samples.len().max(1) as u64,
        per_second: median(samples.iter().map(|sample| sample.tally.per_second()).collect()),
        p50_ms: median(samples.iter_mut().map(|sample| sample.tally.percentile_ms(0.5)).collect()),
        p99_ms: median(samples.iter_mut().map(|sample| sample.tally.percentile_ms(0.99)).collect()),
        cpu_ms_range: (cpu.iter().copied().fold(f64::MAX, f64::min), cpu.iter().copied().fold(0.0, f64::max)),
        cpu_ms: median(cpu),
        database_cpu_ms: (!database.is_empty()).then(|| median(database)),
        peak_memory_mb: world.processes.iter().map(|process| process.peak_memory_mb()).sum(),
        failures: failures.into_iter().collect(),
        floor: floor.collect(),
        ratio: Some(median(samples.iter().map(|sample| sample.cpu_ms / sample.floor_ms).collect())),
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
        "{:<28} {:<26} {:>9} {:>9} {:>8} {:>8} {:>9} {:>9} {:>6} {:>7}\n",
        "operation", "store", "users", "ops/s", "p50 ms", "p99 ms", "cpu ms", "floor ms", "ratio", "MB"
    );
    for one in measured {
        let floor: f64 = one.floor.iter().map(|part| part.ms * part.count).sum();
        text += &format!(
            "{:<28} {:<26} {:>9} {:>9.1} {:>8.2} {:>8.2} {:>9.4} {:>9.4} {:>6.2} {:>7.0}{}\n",
            one.operation,
            one.store,
            one.users,
            one.per_second,
            one.p50_ms,
            one.p99_ms,
            one.cpu_ms,
            floor,
            one.ratio.unwrap_or(0.0),
            one.peak_memory_mb,
            if one.failures.is_empty() { String::new() } else { format!("  failures: {:?}", one.failures) },
        );
    }
    text
}
