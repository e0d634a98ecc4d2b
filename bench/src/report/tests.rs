//! The page of made-up results: every section is filled, and says when it has nothing.

use super::*;
use crate::results::{Curve, FloorPart, Machine, Overload, SoakPoint, Subject};

fn measured(subject: &str, operation: &str, users: u64, cpu: f64) -> Measured {
    Measured {
        operation: operation.into(),
        subject: subject.into(),
        store: if subject == OURSELVES { "sqlite" } else { "memory" }.into(),
        users,
        clients: 8,
        operations: 10_000,
        seconds: 5.0,
        ops_per_second: 1.0 / cpu * 1_500.0,
        p50_ms: cpu * 4.0,
        p99_ms: cpu * 9.0,
        cpu_ms_per_operation: cpu,
        peak_memory_mb: 61.0,
        runs: 5,
        ..Measured::default()
    }
}

fn floored(operation: &str, cpu: f64, parts: &[(&str, f64, f64)]) -> Measured {
    let floor = parts.iter().map(|(name, ms, count)| FloorPart { name: (*name).into(), ms: *ms, count: *count }).collect();
    Measured { floor: Some(floor), ..measured(OURSELVES, operation, 1_000, cpu) }
}

fn results() -> Results {
    let (http, sign, store) = (("HTTP reply", 0.021, 1.0), ("RSA-2048 signature", 0.335, 1.0), ("store transaction", 0.06, 1.0));
    let two = ("RSA-2048 signature", 0.335, 2.0);
    let mut all = vec![
        floored("jwks", 0.024, &[http]),
        floored("discovery", 0.033, &[http]),
        floored("client_credentials", 0.38, &[http, sign]),
        floored("refresh", 0.79, &[http, two, store]),
        floored("refresh_rotating", 0.81, &[http, two, store]),
        floored("code_exchange", 0.92, &[http, two, store]),
        floored("password", 20.1, &[("Argon2id", 18.9, 1.0), http, two, store]),
        floored("srp", 5.4, &[("SRP power", 1.9, 2.0), http, two, store]),
        floored("get_user", 0.031, &[http]),
        floored("user_info", 0.028, &[http]),
    ];
    for (operation, cpu) in [("client_credentials", 0.38), ("password", 20.2), ("list_users_filtered", 0.09)] {
        for (users, over) in [(1_000, 1.0), (100_000, 1.02), (1_000_000, 1.11)] {
            if users > 1_000 || operation == "list_users_filtered" {
                all.push(measured(OURSELVES, operation, users, cpu * over));
            }
        }
    }
    for (subject, operation, cpu) in [
        ("cognito-local", "jwks", 0.6),
        ("moto", "jwks", 1.5),
        ("ministack", "jwks", 0.53),
        ("oidc-provider", "jwks", 0.21),
        ("ministack", "client_credentials", 1.47),
        ("oidc-provider", "client_credentials", 1.1),
        ("moto", "password", 3.0),
        ("cognito-local", "password", 8.4),
    ] {
        all.push(measured(subject, operation, 1_000, cpu));
    }
    let curve = [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0].map(|times: f64| Curve {
        offered: 2_000.0 * times,
        good_per_second: 2_000.0 * times.min(1.0) - 60.0 * (times - 1.0).max(0.0),
        p50: 1.0 + 20.0 * (times - 1.0).max(0.0),
        p99: 4.0 + 60.0 * (times - 0.9).max(0.0),
        refused: 2_000.0 * (times - 1.0).max(0.0),
        errors: 0,
    });
    Results {
        machine: Machine { cpu: "A <processor>".into(), cores: 2, memory_mb: 24_105, date: "2026-01-01".into(), ..Machine::default() },
        subjects: vec![Subject { name: OURSELVES.into(), ready_ms: 140.0, ready_again_ms: Some(40.0), idle_mb: 21.0, installed_mb: 24.0, ..Subject::default() }],
        measured: all,
        overload: Some(Overload { operation: "client_credentials".into(), peak_per_second: 2_000.0, curve: curve.into(), recovered_seconds: Some(1.0) }),
        soak: (1..=30).map(|minute| SoakPoint { minute: f64::from(minute), memory_mb: 58.0 + f64::from(minute % 3), cpu_ms_per_operation: 0.8, ops_per_second: 1_500.0 }).collect(),
    }
}

#[test]
fn a_whole_run_fills_every_section_and_five_plots() {
    let files = files(&results());
    let page = &files[0].1;
    assert!(!page.contains("{{") && !page.contains(NOT_MEASURED), "{page}");
    let names: Vec<&str> = files.iter().skip(1).map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["floor", "peers", "sizes", "overload", "soak"].map(|name| format!("benchmarks/{name}.svg")));
    for (path, svg) in &files[1..] {
        assert!(page.contains(&format!("]({path})")), "{path}");
        assert!(svg.contains("<title") && svg.contains("<desc") && svg.contains("prefers-color-scheme:dark"), "{path}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{path}");
    }
    if let Ok(folder) = option_env!("BENCH_PREVIEW").ok_or(()) {
        for (path, text) in &files {
            std::fs::create_dir_all(format!("{folder}/benchmarks")).unwrap();
            std::fs::write(format!("{folder}/{path}"), text).unwrap();
        }
    }
}

#[test]
fn what_was_not_measured_is_said() {
    let files = files(&Results::default());
    assert_eq!(files.len(), 1);
    let page = &files[0].1;
    assert!(page.contains(NOT_MEASURED) && page.contains("not measured in this run") && !page.contains("{{"));
    assert!(!page.contains("✓ met"));
}

#[test]
fn a_goal_that_is_missed_is_not_called_met() {
    let mut slow = results();
    let judged = |results: &Results, goal: &str| {
        let page = files(results)[0].1.clone();
        page.lines().find(|line| line.contains(goal)).unwrap_or_else(|| panic!("{goal}")).contains("✓ met")
    };
    assert!(judged(&slow, "Client credentials: CPU") && judged(&slow, "Ahead of every peer") && judged(&slow, "is flat"));
    assert!(!judged(&slow, "GetUser: CPU"), "0.031 ms is over 0.03");
    for one in slow.measured.iter_mut().filter(|one| one.subject == OURSELVES) {
        one.cpu_ms_per_operation *= 5.0;
    }
    slow.soak.iter_mut().skip(20).for_each(|point| point.memory_mb *= 1.2);
    assert!(!judged(&slow, "Client credentials: CPU") && !judged(&slow, "Ahead of every peer") && !judged(&slow, "is flat"));
}
