//! What happens when more is asked than can be done: offered load in multiples of the capacity, how much of it is answered well, how the
//! rest is refused, and how soon a light load is answered as before.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::console::{note, say};
use crate::house::operations::Operation;
use crate::house::world::World;
use crate::load::driver::{Offer, Tally, closed, open};
use crate::machine;
use crate::measure::Subject as _;
use crate::results::{Curve, Overload};

/// Connections that the flood may hold at once.
const CONNECTIONS: usize = 3000;
/// How long a client of the flood waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long recovery is watched.
const WATCHED: Duration = Duration::from_secs(30);
/// A load that a server at peace does not notice, in parts of its capacity.
const LIGHT: f64 = 0.2;

/// # Errors
/// An operation that does not work at all.
pub async fn run(world: &Rc<World>, operations: &[Operation], time: Duration) -> Result<Overload, String> {
    let mut overload = Overload { machine: machine::this()?, points: Vec::new(), recovery_seconds: Vec::new() };
    for operation in operations {
        let peak = closed(&world.addresses(), operation.scripts(world, 32, 0).await?, time).await.per_second();
        note(&format!("{}: {peak:.0} a second at most", operation.name()));
        let mut calm = load(world, *operation, peak * LIGHT, 64, time).await?;
        let calm_ms = calm.percentile_ms(0.99);
        for times in [0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0] {
            let mut tally = load(world, *operation, peak * times, CONNECTIONS, time).await?;
            let curve = Curve {
                operation: operation.name().to_owned(),
                times,
                offered_per_second: peak * times,
                good_per_second: tally.per_second(),
                p50_ms: tally.percentile_ms(0.5),
                p99_ms: tally.percentile_ms(0.99),
                refused: tally.failures.into_iter().collect(),
            };
            say(&format!(
                "{:<20} {times:>4.1} x: offered {:>8.0}/s, answered {:>8.0}/s ({:>4.0} % of the peak), p50 {:>7.1} ms, p99 {:>7.1} ms, refused {:?}",
                curve.operation,
                curve.offered_per_second,
                curve.good_per_second,
                100.0 * curve.good_per_second / peak,
                curve.p50_ms,
                curve.p99_ms,
                curve.refused,
            ));
            overload.points.push(curve);
        }
        let seconds = recovery(world, *operation, peak * LIGHT, calm_ms).await?;
        say(&format!("{:<20} as before {seconds:.0} s after the flood (p99 {calm_ms:.1} ms)", operation.name()));
        overload.recovery_seconds.push((operation.name().to_owned(), seconds));
    }
    Ok(overload)
}

async fn load(
    world: &Rc<World>,
    operation: Operation,
    per_second: f64,
    connections: usize,
    time: Duration,
) -> Result<Tally, String> {
    let scripts = operation.scripts(world, connections, 0).await?;
    Ok(open(&world.addresses(), scripts, Offer { per_second, time, patience: PATIENCE }).await)
}

/// Seconds until a second passes in which nothing fails and the 99th percentile is at most twice that of peace (and never less than 50 ms,
/// where the driver's own noise lives).
async fn recovery(world: &Rc<World>, operation: Operation, per_second: f64, calm_ms: f64) -> Result<f64, String> {
    let began = Instant::now();
    while began.elapsed() < WATCHED {
        let mut tally = load(world, operation, per_second, 64, Duration::from_secs(1)).await?;
        if tally.failed() == 0 && tally.percentile_ms(0.99) <= (2.0 * calm_ms).max(50.0) {
            break;
        }
    }
    Ok(began.elapsed().as_secs_f64())
}
