//! The page of made-up results: every section is filled, and says when it has nothing.

use super::*;
use crate::house::operations::Operation;
use crate::results::{FloorPart, Meanwhile, Subject};

fn measured(subject: &str, operation: Operation, users: usize, cpu: f64) -> Measured {
    Measured {
        operation: operation.name().into(),
        subject: subject.into(),
        store: if subject == OURSELVES { "SQLite" } else { "memory" }.into(),
        users,
        clients: 8,
        runs: 5,
        steps: 10_000,
        per_second: 1_500.0 / cpu,
        p50_ms: cpu * 4.0,
        p99_ms: cpu * 9.0,
        cpu_ms: cpu,
        cpu_ms_range: (cpu * 0.98, cpu * 1.03),
        database_cpu_ms: None,
        peak_memory_mb: 61.0,
        failures: Vec::new(),
        floor: Vec::new(),
        ratio: None,
    }
}

fn floored(operation: Operation, cpu: f64, parts: &[(&str, f64, f64)]) -> Measured {
    let floor = parts.iter().map(|(name, ms, count)| FloorPart { name: (*name).into(), ms: *ms, count: *count }).collect();
    Measured { floor, ..measured(OURSELVES, operation, 1_000, cpu) }
}

fn machine() -> Machine {
    let text = |text: &str| text.to_owned();
    Machine {
        cpu: text("A <processor>"),
        cores: 2,
        memory_mb: 24_105,
        kernel: text("6.1"),
        rustc: text("rustc 1"),
        date: text("2026-01-01"),
    }
}

fn run(measured: Vec<Measured>) -> Option<Run> {
    let subject = Subject {
        name: "moto".into(),
        version: "5".into(),
        ready_ms: 600.0,
        idle_mb: 50.0,
        loaded_mb: 100.0,
        installed_mb: 290.0,
        unequal: vec!["Plain-text passwords.".into()],
    };
    Some(Run { machine: machine(), measured, subjects: vec![subject] })
}

fn operations() -> Vec<Measured> {
    let (http, sign, store) =
        (("bare POST reply", 0.021, 1.0), ("RSA-2048 signature", 0.335, 1.0), ("bare transaction", 0.06, 1.0));
    let two = ("RSA-2048 signature", 0.335, 2.0);
    vec![
        floored(Operation::Jwks, 0.024, &[("bare GET reply", 0.021, 1.0)]),
        floored(Operation::Discovery, 0.033, &[("bare GET reply", 0.021, 1.0)]),
        floored(Operation::ClientCredentials, 0.38, &[http, sign]),
        floored(Operation::Refresh, 0.79, &[http, two]),
        floored(Operation::RefreshRotating, 0.81, &[http, two, store]),
        floored(Operation::UserInfo, 0.028, &[("bare GET reply", 0.021, 1.0), ("RSA-2048 verification", 0.009, 1.0)]),
        floored(Operation::CodeExchange, 0.92, &[http, two, store]),
        floored(Operation::PasswordSignIn, 20.1, &[("Argon2id", 18.9, 1.0), http, two, store]),
        floored(Operation::SrpSignIn, 5.4, &[("SRP power", 1.9, 2.0), http, two, store]),
        floored(Operation::GetUser, 0.031, &[http, ("RSA-2048 verification", 0.009, 1.0)]),
    ]
}

fn beside() -> Vec<Measured> {
    let one = measured;
    vec![
        one(OURSELVES, Operation::Jwks, 1_000, 0.024),
        one("cognito-local", Operation::Jwks, 1_000, 0.6),
        one("moto", Operation::Jwks, 1_000, 1.5),
        one("ministack", Operation::Jwks, 1_000, 0.53),
        one("oidc-provider", Operation::Jwks, 1_000, 0.21),
        one(OURSELVES, Operation::ClientCredentials, 1_000, 0.38),
        one("ministack", Operation::ClientCredentials, 1_000, 1.47),
        one(OURSELVES, Operation::PasswordSignIn, 1_000, 20.1),
        one("moto", Operation::PasswordSignIn, 1_000, 3.0),
    ]
}

fn results() -> Results {
    let sizes = [(1_000, 1.0), (100_000, 1.02), (1_000_000, 1.11)];
    let sizes = sizes.map(|(users, over)| measured(OURSELVES, Operation::ListUsersByEmail, users, 0.09 * over));
    let point = |times: f64| Curve {
        operation: Operation::ClientCredentials.name().into(),
        times,
        offered_per_second: 2_000.0 * times,
        good_per_second: 2_000.0 * times.min(1.0) - 60.0 * (times - 1.0).max(0.0),
        p50_ms: 1.0 + 20.0 * (times - 1.0).max(0.0),
        p99_ms: 4.0 + 60.0 * (times - 0.9).max(0.0),
        refused: vec![("429 busy".into(), 10)],
        meanwhile: Some(Meanwhile {
            sent_per_second: 2_000.0 * times,
            refused_p50_ms: 8.0,
            refused_p99_ms: 21.0,
            health_p99_ms: 12.0,
            jwks_p99_ms: 13.0,
            watch_failed: 0,
            server_processors: 1.4,
            driver_processors: 0.5,
        }),
    };
    let soak = |minute: u32| {
        let memory_mb = 58.0 + f64::from(minute % 3);
        SoakPoint { minute: f64::from(minute), memory_mb, cpu_ms: 0.8, per_second: 1_500.0, failures: 0 }
    };
    Results {
        operations: run(operations()),
        sizes: run(sizes.into()),
        stores: run(operations()),
        peers: run(beside()),
        overload: Some(Overload {
            machine: machine(),
            points: [0.5, 1.0, 1.5, 2.0, 3.0, 5.0].map(point).into(),
            recovery_seconds: vec![(Operation::ClientCredentials.name().into(), 1.0)],
        }),
        soak: Some(Soak { machine: machine(), users: 1_000, points: (1..=30).map(soak).collect() }),
        start: Some(Start {
            machine: machine(),
            first_ms: vec![140.0],
            later_ms: vec![40.0],
            first_idle_mb: vec![21.0],
            later_idle_mb: vec![20.0],
            binary_mb: 24.0,
            reset_ms: vec![12.0],
        }),
        durability: Some(Durability { machine: machine(), full_per_second: vec![800.0], unsynced_per_second: vec![1_000.0] }),
    }
}

#[test]
fn a_whole_run_fills_every_section_and_five_plots() {
    let files = files(&results());
    let page = &files[0].1;
    assert!(!page.contains("{{") && !page.contains(NOT_MEASURED) && !page.contains("not measured yet |"), "{page}");
    let names: Vec<&str> = files.iter().skip(1).map(|(path, _)| path.as_str()).collect();
    let wanted = ["floor", "peers", "sizes", "soak", "overload-client-credentials"];
    assert_eq!(names, wanted.map(|name| format!("benchmarks/{name}.svg")));
    for (path, svg) in &files[1..] {
        assert!(page.contains(&format!("]({path})")), "{path}");
        assert!(svg.contains("<title") && svg.contains("<desc") && svg.contains("prefers-color-scheme:dark"), "{path}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{path}");
    }
}

#[test]
fn what_was_not_measured_is_said() {
    let files = files(&Results::default());
    assert_eq!(files.len(), 1);
    let page = &files[0].1;
    assert!(page.contains(NOT_MEASURED) && page.contains("not measured yet") && !page.contains("{{"));
    assert!(!page.contains("✓ met"));
}

#[test]
fn a_goal_that_is_missed_is_not_called_met() {
    let judged = |results: &Results, goal: &str| {
        let page = files(results)[0].1.clone();
        page.lines().find(|line| line.contains(goal)).unwrap_or_else(|| panic!("{goal}")).contains("✓ met")
    };
    let goals = [
        "client_credentials: CPU",
        "Ahead of every peer",
        "is flat",
        "full durability",
        "Later starts ready",
        "no error but 429, 503",
    ];
    let mut slow = results();
    for goal in goals {
        assert!(judged(&slow, goal), "{goal}");
    }
    assert!(!judged(&slow, "GetUser: CPU"), "0.031 ms is over 0.03");
    for one in [&mut slow.operations, &mut slow.peers].into_iter().flatten().flat_map(|run| &mut run.measured) {
        one.cpu_ms *= if one.subject == OURSELVES { 5.0 } else { 1.0 };
    }
    slow.soak.iter_mut().for_each(|soak| soak.points.iter_mut().skip(20).for_each(|point| point.memory_mb *= 1.2));
    slow.durability.iter_mut().for_each(|one| one.full_per_second = vec![699.0]);
    slow.start.iter_mut().for_each(|one| one.later_ms = vec![101.0]);
    slow.overload.iter_mut().for_each(|one| one.points[0].refused.push(("500 oh".into(), 1)));
    for goal in goals {
        assert!(!judged(&slow, goal), "{goal}");
    }
}

/// A peer that hashes no password is said to do less, and its figure is no defeat.
#[test]
fn work_that_is_left_out_is_said_beside_the_figure() {
    let page = files(&results())[0].1.clone();
    let row = page.lines().find(|line| line.contains("| moto |") && line.contains("3.00")).unwrap();
    assert!(row.contains("Plain-text password"), "{row}");
    assert!(page.contains("ahead in all 5 comparisons"), "{page}");
}
