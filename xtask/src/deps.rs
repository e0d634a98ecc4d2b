//! What may be depended on. Two rules of `tidy`, without network or other tools: deny.toml's lists hold for everything that
//! cargo resolves, and docs/dependencies.tsv names every direct dependency with its owner. And `cargo xtask advisories`,
//! which does need a tool and a database.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use cargo_metadata::semver::{Version, VersionReq};
use toml::{Table, Value};

use crate::project::{check, root, succeeds};
use crate::sbom;

const LIST: &str = "docs/dependencies.tsv";

/// A resolved package of a registry.
struct Dependency {
    name: String,
    version: Version,
    license: String,
    /// As the registry shows it.
    repository: String,
}

/// Everything that breaks a rule.
///
/// # Errors
/// A file that cannot be read, or a lock file that does not fit the manifests.
pub fn findings() -> Result<Vec<String>, String> {
    let deny: Table = read("deny.toml")?.parse().map_err(|e| format!("deny.toml: {e}"))?;
    let resolved = resolved()?;
    let mut findings = sources(&deny, &sbom::locked()?);
    findings.extend(resolved.iter().flat_map(|one| judged(&deny, one)));
    findings.extend(unlisted(&named_in_manifests()?, &read(LIST)?));
    findings.extend(strangers(&read(LIST)?, &resolved));
    Ok(findings)
}

/// Asks the RustSec database; `--db DIR` is a checkout of it, for machines without a way to it.
///
/// # Errors
/// There is no cargo-audit, or it found something.
pub fn advisories(args: &[String]) -> Result<(), String> {
    let mut audit = Command::new("cargo");
    audit.args(["audit", "--deny", "warnings"]).current_dir(root());
    match args {
        [] => {}
        [flag, dir] if flag == "--db" => _ = audit.args(["--no-fetch", "--stale", "--db", dir]),
        _ => return Err("usage: cargo xtask advisories [--db DIR]".to_owned()),
    }
    if !succeeds(Command::new("cargo").args(["audit", "--version"])) {
        return Err("cargo-audit is needed: cargo install cargo-audit --locked".to_owned());
    }
    check(audit)
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"))
}

/// What the workspace compiles on this machine, tests and tools included.
fn resolved() -> Result<Vec<Dependency>, String> {
    let compiled = sbom::compiled(&["--workspace", "--edges", "normal,build,dev"])?;
    let metadata = sbom::metadata()?;
    let foreign = metadata.packages.into_iter().filter(|package| package.source.is_some());
    let kept = foreign.filter(|package| compiled.contains(&sbom::key(package)));
    Ok(kept
        .map(|package| Dependency {
            name: package.name.to_string(),
            version: package.version,
            license: package.license.unwrap_or_default(),
            repository: package.repository.unwrap_or_default(),
        })
        .collect())
}

fn texts<'t>(deny: &'t Table, section: &str, list: &str) -> Vec<&'t str> {
    let list = deny.get(section).and_then(|section| section.get(list)).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Every package of the lock file, for whatever platform, comes from an allowed registry and has a checksum.
fn sources(deny: &Table, locked: &[Table]) -> Vec<String> {
    let allowed: BTreeSet<String> =
        texts(deny, "sources", "allow-registry").iter().map(|index| format!("registry+{index}")).collect();
    let text = |package: &Table, field: &str| package.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ours = |package: &Table| text(package, "name").starts_with("poolhouse") || text(package, "name") == "xtask";
    let strange = |package: &&Table| match package.get("source") {
        None => !ours(package),
        Some(source) => source.as_str().is_none_or(|source| !allowed.contains(source)) || text(package, "checksum").len() != 64,
    };
    let named =
        |package: &Table| format!("Cargo.lock: {} comes from a source that deny.toml does not allow", text(package, "name"));
    locked.iter().filter(strange).map(named).collect()
}

/// Licence and bans.
fn judged(deny: &Table, one: &Dependency) -> Vec<String> {
    let mut findings = Vec::new();
    let name = format!("{} {}", one.name, one.version);
    if !satisfied(&one.license, &texts(deny, "licenses", "allow")) {
        findings.push(format!("{name}: the licence {:?} is not among those that deny.toml allows", one.license));
    }
    let bans = deny.get("bans").and_then(|bans| bans.get("deny")).and_then(Value::as_array);
    for ban in bans.into_iter().flatten() {
        let field = |field: &str| ban.get(field).and_then(Value::as_str).unwrap_or_default();
        let (banned, range) = field("crate").split_once('@').unwrap_or((field("crate"), "*"));
        let hit = VersionReq::parse(range).map(|range| range.matches(&one.version));
        if banned == one.name && hit.unwrap_or(true) {
            findings.push(format!("{name} is banned by deny.toml: {}", field("reason")));
        }
    }
    findings
}

/// Whether an SPDX expression can be met with the allowed licences. A slash is an old way to write OR.
fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+WITH+");
    let words: Vec<String> = expression.split_whitespace().map(|word| word.replace("+WITH+", " WITH ")).collect();
    let mut words = words.into_iter().peekable();
    any_of(&mut words, allowed) && words.next().is_none()
}

type Words = std::iter::Peekable<std::vec::IntoIter<String>>;

fn any_of(words: &mut Words, allowed: &[&str]) -> bool {
    let mut met = all_of(words, allowed);
    while words.next_if(|word| word == "OR").is_some() {
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Words, allowed: &[&str]) -> bool {
    let mut met = term(words, allowed);
    while words.next_if(|word| word == "AND").is_some() {
        met &= term(words, allowed);
    }
    met
}

fn term(words: &mut Words, allowed: &[&str]) -> bool {
    match words.next().as_deref() {
        Some("(") => {
            let met = any_of(words, allowed);
            words.next_if(|word| word == ")").is_some() && met
        }
        Some(license) => allowed.contains(&license),
        None => false,
    }
}

/// Registry and name of every package that a manifest names.
fn named_in_manifests() -> Result<BTreeSet<(String, String)>, String> {
    let mut named = BTreeSet::new();
    let members = ["crates/wire", "crates/store", "crates/engine", "crates/server", "bench", "xtask"]
        .map(|dir| format!("{dir}/Cargo.toml"));
    for path in members.iter().map(String::as_str).chain(["Cargo.toml"]) {
        let manifest: Table = read(path)?.parse().map_err(|e| format!("{path}: {e}"))?;
        let workspace = manifest.get("workspace").and_then(Value::as_table);
        for table in [Some(&manifest), workspace].into_iter().flatten() {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let names = table.get(kind).and_then(Value::as_table).into_iter().flat_map(Table::keys);
                named.extend(
                    names.filter(|name| !name.starts_with("poolhouse")).map(|name| ("crates.io".to_owned(), name.clone())),
                );
            }
        }
    }
    for path in ["compat/package.json", "bench/peers/cognito-local/package.json", "bench/peers/oidc-provider/package.json"] {
        let package: serde_json::Value = serde_json::from_str(&read(path)?).map_err(|e| format!("{path}: {e}"))?;
        for kind in ["dependencies", "devDependencies", "optionalDependencies"] {
            let names = package.get(kind).and_then(serde_json::Value::as_object).into_iter().flat_map(serde_json::Map::keys);
            named.extend(names.map(|name| ("npm".to_owned(), name.clone())));
        }
    }
    for path in ["compat/requirements.txt", "bench/peers/moto/requirements.txt", "bench/peers/ministack/requirements.txt"] {
        for line in read(path)?.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            let name = line.split("==").next().unwrap_or(line).split('[').next().unwrap_or(line).trim();
            named.insert(("PyPI".to_owned(), name.to_owned()));
        }
    }
    Ok(named)
}

/// The rows of the list: registry, name, repository, what for.
fn rows(list: &str) -> impl Iterator<Item = Vec<&str>> {
    list.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// The list has a whole row for each name, and for nothing else.
fn unlisted(named: &BTreeSet<(String, String)>, list: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut listed = BTreeSet::new();
    for row in rows(list) {
        match row.as_slice() {
            [registry, name, repository, what] if !repository.is_empty() && !what.is_empty() => {
                listed.insert(((*registry).to_owned(), (*name).to_owned()));
            }
            _ => findings.push(format!("{LIST}: not four fields: {}", row.join(" "))),
        }
    }
    findings.extend(named.difference(&listed).map(|(registry, name)| format!("{LIST}: {name} of {registry} is missing")));
    findings.extend(listed.difference(named).map(|(registry, name)| format!("{LIST}: no manifest names {name} of {registry}")));
    findings
}

/// A crate whose registry shows another repository than the list is another crate, or has another owner.
fn strangers(list: &str, resolved: &[Dependency]) -> Vec<String> {
    let shown: BTreeMap<&str, &str> = resolved.iter().map(|one| (one.name.as_str(), one.repository.as_str())).collect();
    let plain = |url: &str| url.trim_start_matches("https://").trim_end_matches('/').trim_end_matches(".git").to_owned();
    let crates = rows(list).filter(|row| row.first() == Some(&"crates.io"));
    crates
        .filter_map(|row| {
            let [_, name, repository, _] = row.as_slice() else { return None };
            let shown = plain(shown.get(name)?);
            (shown != *repository).then(|| format!("{LIST}: the registry shows {shown} for {name}, not {repository}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deny() -> Table {
        read("deny.toml").unwrap().parse().unwrap()
    }

    fn one(name: &str, version: &str, license: &str) -> Dependency {
        let repository = format!("https://github.com/owner/{name}");
        Dependency { name: name.into(), version: version.parse().unwrap(), license: license.into(), repository }
    }

    #[test]
    fn sec_187_what_is_resolved_comes_from_one_registry_under_known_licences_and_none_is_banned() {
        assert_eq!(findings(), Ok(Vec::new()));
        let resolved = resolved().unwrap();
        assert!(resolved.len() > 200 && resolved.iter().any(|one| one.name == "aws-lc-rs"));
        // Each rule can find something.
        let judge = |name: &str, version: &str, license: &str| judged(&deny(), &one(name, version, license)).len();
        assert_eq!(judge("h2", "0.4.20", "MIT"), 0);
        assert_eq!(judge("h2", "0.4.15", "MIT"), 1);
        assert_eq!(judge("lettre", "0.11.21", "MIT"), 1);
        for banned in ["rsa", "openssl-sys", "native-tls", "ring", "fancy-regex"] {
            assert_eq!(judge(banned, "9.9.9", "MIT"), 1, "{banned}");
        }
        assert_eq!(judge("new", "1.0.0", "GPL-3.0-only"), 1);
        assert_eq!(judge("new", "1.0.0", ""), 1);
        let lock =
            |source: &str| -> Vec<Table> { vec![format!("name = \"new\"\nversion = \"1.0.0\"\n{source}").parse().unwrap()] };
        let sum = format!("checksum = \"{}\"", "0".repeat(64));
        let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert_eq!(sources(&deny(), &lock(&format!("{registry}{sum}"))).len(), 0);
        for strange in
            ["", registry, "source = \"git+https://github.com/owner/new\"\n", "source = \"registry+https://elsewhere\"\n"]
        {
            let sum = if strange == registry { "" } else { sum.as_str() };
            assert_eq!(sources(&deny(), &lock(&format!("{strange}{sum}"))).len(), 1, "{strange}");
        }
    }

    #[test]
    fn an_expression_of_licences_is_read_as_spdx_says() {
        let allowed = ["MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
        for good in
            ["MIT", "GPL-2.0 OR MIT", "MIT/GPL-2.0", "ISC AND (GPL-2.0 OR MIT)", "Apache-2.0 WITH LLVM-exception", "(MIT)"]
        {
            assert!(satisfied(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-2.0", "MIT AND GPL-2.0", "ISC AND (GPL-2.0 OR X)", "MIT WITH Other-exception", "(MIT", "MIT ISC"] {
            assert!(!satisfied(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn sec_188_a_dependency_nobody_has_looked_at_is_found() {
        let (named, list) = (named_in_manifests().unwrap(), read(LIST).unwrap());
        for registry in ["crates.io", "npm", "PyPI"] {
            assert!(named.iter().any(|(one, _)| one == registry), "{registry}");
        }
        assert_eq!(unlisted(&named, &list), Vec::<String>::new());
        let mut more = named.clone();
        more.insert(("PyPI".into(), "pyoidc".into()));
        assert_eq!(unlisted(&more, &list), ["docs/dependencies.tsv: pyoidc of PyPI is missing"]);
        let stale = format!("{list}npm\tleft-pad\tgithub.com/left-pad/left-pad\tspaces\n");
        assert_eq!(unlisted(&named, &stale), ["docs/dependencies.tsv: no manifest names left-pad of npm"]);
        assert_eq!(unlisted(&named, &format!("{list}npm\tleft-pad\n")).len(), 1);
        let listed = "crates.io\tnew\tgithub.com/somebody/new\twhat for\n";
        assert_eq!(strangers(listed, &[one("new", "1.0.0", "MIT")]).len(), 1);
        assert_eq!(strangers(&listed.replace("somebody", "owner"), &[one("new", "1.0.0", "MIT")]).len(), 0);
    }
}
