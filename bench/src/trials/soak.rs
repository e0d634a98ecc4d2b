//! A steady mix for a long time: does memory grow, does an operation cost more after half an hour than at the beginning?

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::try_join_all;

use crate::console::say;
use crate::house::operations::Operation;
use crate::house::world::World;
use crate::load::driver::{Offer, as_f64, open};
use crate::machine;
use crate::measure::Subject as _;
use crate::results::{Soak, SoakPoint};

/// What is asked, how often a second: some two fifths of two processors.
const MIX: [(Operation, f64); 9] = [
    (Operation::Jwks, 100.0),
    (Operation::ClientCredentials, 200.0),
    (Operation::Refresh, 100.0),
    (Operation::RefreshRotating, 50.0),
    (Operation::FlowWithSession, 50.0),
    (Operation::PasswordSignIn, 8.0),
    (Operation::SignUp, 2.0),
    (Operation::GetUser, 300.0),
    (Operation::ListUsersByEmail, 20.0),
];
const CONNECTIONS: usize = 4;

/// # Errors
/// An operation that cannot be prepared.
pub async fn run(world: &Rc<World>, minutes: usize) -> Result<Soak, String> {
    let mut soak = Soak { machine: machine::this()?, users: world.users, points: Vec::new() };
    let time = Duration::from_secs(60);
    for minute in 1..=minutes {
        let before = world.cpu();
        let loads = MIX.map(async |(operation, per_second)| {
            // Some more than the rate asks for, where each step needs something new.
            let scripts = operation.scripts(world, CONNECTIONS, 200).await?;
            Ok::<_, String>(
                open(&world.addresses(), scripts, Offer { per_second, time, patience: Duration::from_secs(10) }).await,
            )
        });
        let tallies = try_join_all(loads).await?;
        let steps: u64 = tallies.iter().map(|tally| tally.steps()).sum();
        let point = SoakPoint {
            minute: as_f64(minute as u64),
            memory_mb: world.processes.iter().map(|process| process.memory_mb()).sum(),
            cpu_ms: (world.cpu() - before).as_secs_f64() * 1000.0 / as_f64(steps.max(1)),
            per_second: as_f64(steps) / time.as_secs_f64(),
            failures: tallies.iter().map(|tally| tally.failed()).sum(),
        };
        say(&format!(
            "minute {minute:>3}: {:>6.1} MB, {:>6.4} ms of processor time a step, {:>5.0} steps/s, {} failures",
            point.memory_mb, point.cpu_ms, point.per_second, point.failures
        ));
        for text in tallies.iter().flat_map(|tally| tally.failures.iter()) {
            say(&format!("    {text:?}"));
        }
        soak.points.push(point);
    }
    Ok(soak)
}
