//! `cargo xtask tidy`: the house rules that no compiler checks. Each rule is a function from the source tree to findings;
//! called by people and by the test command.
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::project::root;

/// Longest file, lines.
const FILE_LINES_MAX: usize = 500;
/// Longest function, lines from its signature to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// The floors of the engine, lowest first: a module may use its own floor and those below.
const FLOORS: &[&[&str]] = &[
    &["error", "work", "keys", "cache", "turns", "rates", "metrics"],
    &["keyring", "audit"],
    &["ctx"],
    &["delivery", "undo"],
    &["pools", "clients", "users", "groups", "access_keys"],
    &["tokens"],
    &["auth"],
    &["account"],
    &["oauth"],
    &["ops"],
    &["check", "nodes", "purge", "rewrap", "start", "testing", "watch"],
    &["backup", "snapshots"],
];

/// Seams by which a floor is shown types of a higher one, each with its reason.
const SEAMS: &[(&str, &str, &str)] = &[("ctx", "delivery", "the context carries the door that messages leave by")];

struct Source {
    /// Path from the project's root, with `/`.
    path: String,
    text: String,
}

pub fn run() -> Result<(), String> {
    let root = root();
    let mut sources = Vec::new();
    for folder in ["crates", "xtask", "bench"] {
        collect(&root, &root.join(folder), &mut sources)?;
    }
    let mut findings = Vec::new();
    for source in &sources {
        if source.path.contains("/generated/") {
            continue;
        }
        long_file(source, &mut findings);
        long_functions(source, &mut findings);
        header(source, &mut findings);
        dead_file(source, &sources, &mut findings);
        forbidden_names(source, &mut findings);
        arrows(source, &mut findings);
    }
    conformance(&sources, &mut findings);
    stale_seams(&sources, &mut findings);
    findings.extend(crate::deps::findings()?);
    findings.sort();
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!("{}\ntidy: {} findings", findings.join("\n"), findings.len()))
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, sources)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            sources.push(Source { path: relative, text });
        }
    }
    Ok(())
}

fn long_file(source: &Source, findings: &mut Vec<String>) {
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        findings.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", source.path));
    }
}

/// A function begins at a line with `fn ` at some indentation and ends at the `}` of the same indentation (the tree is
/// formatted by rustfmt).
fn long_functions(source: &Source, findings: &mut Vec<String>) {
    let mut open: Option<(usize, usize, &str)> = None;
    for (at, line) in source.text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let trimmed = line.trim_start();
        match open {
            None => {
                let starts = [
                    "fn ",
                    "pub fn ",
                    "async fn ",
                    "pub async fn ",
                    "pub(crate) fn ",
                    "pub(super) fn ",
                    "pub(crate) async fn ",
                    "pub(super) async fn ",
                ];
                if starts.iter().any(|s| trimmed.starts_with(s))
                    && !line.trim_end().ends_with(';')
                    && !line.trim_end().ends_with('}')
                {
                    open = Some((at, indent, trimmed));
                }
            }
            Some((start, level, name)) => {
                if indent == level && (trimmed.starts_with('}') || trimmed.ends_with(';')) {
                    let lines = at - start + 1;
                    if lines > FUNCTION_LINES_MAX {
                        let name = name.split('(').next().unwrap_or(name);
                        findings.push(format!(
                            "{}:{}: {name} has {lines} lines, at most {FUNCTION_LINES_MAX}",
                            source.path,
                            start + 1
                        ));
                    }
                    open = None;
                }
            }
        }
    }
}

/// Every module says what it owns and who calls it.
fn header(source: &Source, findings: &mut Vec<String>) {
    if !source.text.starts_with("//!") {
        findings.push(format!("{}: does not open with //!", source.path));
    }
}

/// A file that no `mod` names is compiled by nobody.
fn dead_file(source: &Source, sources: &[Source], findings: &mut Vec<String>) {
    let path = Path::new(&source.path);
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let root_of_target = ["lib", "main", "build"].contains(&stem.as_str())
        || folder.ends_with("/tests")
        || folder.ends_with("/examples")
        || folder.ends_with("/benches");
    if root_of_target {
        return;
    }
    let (name, parent_folder) = if stem == "mod" {
        let name = folder.rsplit('/').next().unwrap_or_default().to_owned();
        let parent = folder.rsplit_once('/').map(|(parent, _)| parent.to_owned()).unwrap_or_default();
        (name, parent)
    } else {
        (stem, folder)
    };
    let file_name = path.file_name().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let declared = sources.iter().any(|other| {
        let near = other.path.starts_with(&format!("{parent_folder}/")) || other.path == format!("{parent_folder}.rs");
        near && (other.text.contains(&format!("mod {name};")) || other.text.contains(&format!("{file_name}\"]")))
    });
    if !declared {
        findings.push(format!("{}: no `mod {name};` names this file", source.path));
    }
}

/// The server never names the store; nobody but the store names a database driver.
fn forbidden_names(source: &Source, findings: &mut Vec<String>) {
    let rules: [(&str, &str, &str); 4] = [
        ("crates/server/src/", "poolhouse_store", "the server asks the engine, never the store"),
        ("crates/engine/src/", "axum", "the engine knows no HTTP"),
        ("crates/store/src/", "poolhouse_wire", "the store knows no wire"),
        ("crates/wire/src/", "tokio", "the wire has no async"),
    ];
    for (folder, name, why) in rules {
        if source.path.starts_with(folder) && source.text.contains(name) {
            findings.push(format!("{}: names {name}: {why}", source.path));
        }
    }
    let sql = ["SELECT ", "INSERT INTO ", "DELETE FROM "];
    if source.path.starts_with("crates/engine/src/") && sql.iter().any(|word| source.text.contains(&format!("\"{word}"))) {
        findings.push(format!("{}: SQL text outside the store", source.path));
    }
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("crates/engine/src/")?;
    let first = inside.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first)).filter(|m| *m != "lib")
}

/// Modules of the engine named in a source by `crate::…`, tests left out.
fn used_modules(source: &Source) -> BTreeSet<String> {
    let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut used = BTreeSet::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for part in line.split("crate::").skip(1) {
            if let Some(list) = part.strip_prefix('{') {
                let list = list.split("};").next().unwrap_or(list);
                used.extend(list.split(',').map(|item| item.trim().split("::").next().unwrap_or_default().to_owned()));
            } else {
                used.insert(part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
        }
    }
    used
}

/// Arrows inside the engine run downwards.
fn arrows(source: &Source, findings: &mut Vec<String>) {
    let Some(module) = module_of(&source.path) else { return };
    if source.path.ends_with("tests.rs") {
        return;
    }
    let Some(own) = floor_of(module) else {
        findings.push(format!("{}: the module {module} stands on no floor; add it to FLOORS", source.path));
        return;
    };
    for used in used_modules(source) {
        let seam = SEAMS.iter().any(|(from, to, _)| *from == module && *to == used);
        if floor_of(&used).is_some_and(|floor| floor > own) && !seam {
            findings.push(format!("{}: {module} uses {used}, which stands above it", source.path));
        }
    }
}

fn stale_seams(sources: &[Source], findings: &mut Vec<String>) {
    for (from, to, _) in SEAMS {
        let alive = sources.iter().any(|s| module_of(&s.path) == Some(from) && used_modules(s).contains(*to));
        if !alive {
            findings.push(format!("xtask/src/tidy.rs: the seam {from} → {to} is no longer needed"));
        }
    }
}

/// Every public function of a store table is called by name in the conformance suite, on both databases.
fn conformance(sources: &[Source], findings: &mut Vec<String>) {
    let suite: String = sources.iter().filter(|s| s.path.starts_with("crates/store/tests/")).map(|s| s.text.as_str()).collect();
    for source in sources.iter().filter(|s| s.path.starts_with("crates/store/src/tables/")) {
        let table = Path::new(&source.path).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        for line in source.text.lines() {
            let Some(rest) = line.strip_prefix("pub async fn ").or_else(|| line.strip_prefix("pub fn ")) else { continue };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !suite.contains(&format!("{table}::{name}")) {
                findings.push(format!("{}: {table}::{name} is not named in the conformance suite", source.path));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> String {
        fs::read_to_string(root().join(path)).unwrap_or_default()
    }

    /// The pure-Rust `rsa` crate leaks private keys by its timing and has no patched version; the others would bring a second
    /// TLS or cryptographic library (RUSTSEC-2023-0071).
    #[test]
    fn sec_040_no_dependency_is_a_banned_one() {
        let lock = read("Cargo.lock");
        assert!(lock.contains("name = \"aws-lc-rs\""));
        for banned in ["rsa", "openssl-sys", "native-tls"] {
            assert!(!lock.contains(&format!("name = \"{banned}\"")), "{banned} is in Cargo.lock");
        }
    }

    /// An engine that backtracks can be kept busy for years by forty bytes (ReDoS).
    #[test]
    fn sec_149_patterns_run_on_a_linear_engine_and_are_compiled_in_one_place() {
        let lock = read("Cargo.lock");
        assert!(lock.contains("name = \"regex\""));
        for backtracking in ["fancy-regex", "pcre", "pcre2", "onig", "onig_sys", "regress", "hyperscan"] {
            assert!(!lock.contains(&format!("name = \"{backtracking}\"")), "{backtracking} is in Cargo.lock");
        }
        let mut sources = Vec::new();
        collect(&root(), &root().join("crates"), &mut sources).unwrap();
        let compiles = |source: &&Source| source.path.contains("/src/") && source.text.contains("regex::");
        let places: Vec<&str> = sources.iter().filter(compiles).map(|source| source.path.as_str()).collect();
        assert_eq!(places, ["crates/wire/src/pattern.rs"]);
    }

    #[test]
    fn sec_191_no_crate_may_hold_unsafe_code() {
        assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""));
        for member in ["crates/wire", "crates/store", "crates/engine", "crates/server", "xtask"] {
            assert!(read(&format!("{member}/Cargo.toml")).contains("[lints]\nworkspace = true"), "{member}");
        }
    }

    #[test]
    fn sec_202_a_way_to_report_a_weakness_is_written_down() {
        let page = read("docs/SECURITY.md");
        assert!(page.contains("## Reporting") && page.contains("privately") && page.contains("Supported:"));
    }
}
