//! What happens when more is asked than can be done: offered load in multiples of the capacity, how much of it is answered well, how the
//! rest is refused, whether health and keys are told meanwhile, and how soon a light load is answered as before.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::console::{note, say};
use crate::house::operations::{Cycle, Operation};
use crate::house::world::World;
use crate::load::driver::{Offer, Tally, as_f64, closed, open};
use crate::load::http::Call;
use crate::machine;
use crate::measure::Subject as _;
use crate::process::own_cpu;
use crate::results::{Curve, Meanwhile, Overload};

/// Connections that the flood may hold at once.
const CONNECTIONS: usize = 3000;
/// How often health and keys are asked for meanwhile, a second.
const WATCH: f64 = 25.0;
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
            let curve = point(world, *operation, times, peak, time).await?;
            tell(&curve, peak);
            overload.points.push(curve);
        }
        let seconds = recovery(world, *operation, peak * LIGHT, calm_ms).await?;
        say(&format!("{:<20} as before {seconds:.0} s after the flood (p99 {calm_ms:.1} ms)", operation.name()));
        overload.recovery_seconds.push((operation.name().to_owned(), seconds));
    }
    Ok(overload)
}

async fn point(world: &Rc<World>, operation: Operation, times: f64, peak: f64, time: Duration) -> Result<Curve, String> {
    let cpu = || (Instant::now(), world.cpu(), own_cpu());
    let before = cpu();
    let flood = async {
        let tally = load(world, operation, peak * times, CONNECTIONS, time).await;
        (tally, cpu())
    };
    let watched = ["/_poolhouse/health".to_owned(), format!("/{}/.well-known/jwks.json", world.pool)].map(|path| {
        let script = Cycle::scripts(vec![Call::get(&path)], 1);
        async { open(&world.addresses(), script, Offer { per_second: WATCH, time, patience: PATIENCE }).await }
    });
    let ((tally, after), watched) = futures_util::join!(flood, futures_util::future::join_all(watched));
    let mut tally = tally?;
    let wall = after.0.duration_since(before.0).as_secs_f64();
    let mut watched = watched.into_iter();
    let (mut health, mut jwks) = (watched.next().unwrap_or_default(), watched.next().unwrap_or_default());
    let meanwhile = Meanwhile {
        sent_per_second: as_f64(tally.sent) / time.as_secs_f64(),
        refused_p50_ms: tally.failed_percentile_ms(0.5),
        refused_p99_ms: tally.failed_percentile_ms(0.99),
        health_p99_ms: health.percentile_ms(0.99),
        jwks_p99_ms: jwks.percentile_ms(0.99),
        watch_failed: health.failed() + jwks.failed(),
        server_processors: (after.1 - before.1).as_secs_f64() / wall,
        driver_processors: (after.2 - before.2).as_secs_f64() / wall,
    };
    Ok(Curve {
        operation: operation.name().to_owned(),
        times,
        offered_per_second: peak * times,
        good_per_second: tally.per_second(),
        p50_ms: tally.percentile_ms(0.5),
        p99_ms: tally.percentile_ms(0.99),
        refused: tally.failures.into_iter().collect(),
        meanwhile: Some(meanwhile),
    })
}

fn tell(curve: &Curve, peak: f64) {
    let Curve { operation, times, offered_per_second, good_per_second, p50_ms, p99_ms, refused, meanwhile } = curve;
    let kept = 100.0 * good_per_second / peak;
    say(&format!(
        "{operation:<20} {times:>4.1} x: offered {offered_per_second:>8.0}/s, answered {good_per_second:>8.0}/s ({kept:>4.0} % of the peak), \
        p50 {p50_ms:>7.1} ms, p99 {p99_ms:>7.1} ms, refused {refused:?}"
    ));
    if let Some(one) = meanwhile {
        say(&format!(
            "{:>28} sent {:.0}/s; refusals p50 {:.1} ms, p99 {:.1} ms; health p99 {:.1} ms, JWKS p99 {:.1} ms, {} failed; \
            {:.2} processors, driver {:.2}",
            "",
            one.sent_per_second,
            one.refused_p50_ms,
            one.refused_p99_ms,
            one.health_p99_ms,
            one.jwks_p99_ms,
            one.watch_failed,
            one.server_processors,
            one.driver_processors,
        ));
    }
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
