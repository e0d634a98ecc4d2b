//! Tests of what ships beside the binary: the systemd unit and the recipe of the image, in `packaging/`.

use std::process::Command;

use crate::project::root;

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The values that a unit gives a setting, in order.
fn values<'u>(unit: &'u str, setting: &str) -> Vec<&'u str> {
    unit.lines().filter_map(|line| line.strip_prefix(setting)?.strip_prefix('=')).collect()
}

#[test]
fn sec_194_the_unit_gives_the_service_what_it_needs_and_no_more() {
    let path = root().join("packaging/poolhouse.service");
    // Tenths: 2.0, of the ten that a service without any restriction has.
    let mut analyze = Command::new("systemd-analyze");
    let output = analyze.args(["security", "--no-pager", "--offline=true", "--threshold=20"]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let unit = read("packaging/poolhouse.service");
    assert!(values(&unit, "User") != [] as [&str; 0] && values(&unit, "User") != ["root"]);
    // Nothing but the state directory can be written.
    assert_eq!(values(&unit, "ProtectSystem"), ["strict"]);
    assert_eq!((values(&unit, "StateDirectory"), values(&unit, "StateDirectoryMode")), (vec!["poolhouse"], vec!["0700"]));
    for opened in ["ReadWritePaths", "BindPaths", "CacheDirectory", "LogsDirectory", "RuntimeDirectory", "AmbientCapabilities"] {
        assert!(values(&unit, opened).iter().all(|value| value.is_empty()), "{opened}");
    }
    // The master key reaches the service alone.
    assert_eq!(values(&unit, "LoadCredential"), ["master-key:/etc/poolhouse/master.key"]);
    // Where the server looks for its database is what the unit lets it write.
    assert!(read("docs/SERVING.md").contains("sqlite:/var/lib/poolhouse/"));
}

#[test]
fn sec_196_the_image_has_no_shell_a_numbered_user_and_a_health_check() {
    let recipe = read("packaging/Dockerfile").replace("\\\n", " ");
    let lines: Vec<&str> = recipe.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let last = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    let (built, shipped) = lines.split_at(last);
    assert!(built.iter().any(|line| line.starts_with("FROM ") && line.ends_with(" AS build")));
    assert!(built.iter().any(|line| line.contains("cargo xtask release")), "the recipe of releases is the recipe of images");
    assert!(shipped[0].starts_with("FROM gcr.io/distroless/") && !shipped[0].contains("debug"), "{}", shipped[0]);
    let of = |word: &str| shipped.iter().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' ')).collect::<Vec<_>>();
    assert!(of("RUN").is_empty() && of("ADD").is_empty() && of("SHELL").is_empty());
    let [user] = of("USER")[..] else { panic!("one user") };
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id != 0)), "{user}");
    // Without a shell every command is a list of words.
    for word in ["ENTRYPOINT", "CMD"] {
        assert!(of(word).len() == 1 && of(word)[0].starts_with('['), "{word}");
    }
    let [health] = of("HEALTHCHECK")[..] else { panic!("one health check") };
    assert!(health.ends_with("CMD [\"/usr/local/bin/poolhouse\", \"health\", \"http://127.0.0.1:8080\"]"), "{health}");
    // Nothing secret or local is sent to the builder.
    let ignored = read(".dockerignore");
    assert!([".git", ".poolhouse", "target"].iter().all(|name| ignored.lines().any(|line| line == *name)));
}
