//! `cargo xtask sbom FILE`: the bill of materials of the shipped binary as CycloneDX 1.6 (ECMA-424), JSON. Called by people
//! and by `release`. The same lock file gives the same bytes: no clock, no random serial number.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use serde_json::{Value, json};

use crate::project::root;

/// The package whose binary is shipped.
const SHIPPED: &str = "poolhouse";

/// # Errors
/// The lock file is out of date, or the file cannot be written.
pub fn run(args: &[String]) -> Result<(), String> {
    let [file] = args else { return Err("usage: cargo xtask sbom FILE".to_owned()) };
    let document = document(&metadata()?, &checksums()?)?;
    fs::write(file, format!("{document:#}\n")).map_err(|e| format!("{file}: {e}"))
}

/// What cargo resolves for this machine's platform.
///
/// # Errors
/// Cargo's own, such as a lock file that does not fit.
pub fn metadata() -> Result<Metadata, String> {
    let rustc = Command::new("rustc").arg("-vV").output().map_err(|e| format!("rustc: {e}"))?;
    let told = String::from_utf8_lossy(&rustc.stdout).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not tell its host")?;
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    command.other_options(["--locked", "--filter-platform", host].map(str::to_owned));
    command.exec().map_err(|e| e.to_string())
}

/// SHA-256 of each package from a registry, by name and version, from the lock file.
///
/// # Errors
/// A lock file that cannot be read.
pub fn checksums() -> Result<BTreeMap<(String, String), String>, String> {
    let mut sums = BTreeMap::new();
    for package in locked()? {
        let field = |name: &str| package.get(name).and_then(toml::Value::as_str).map(str::to_owned);
        if let (Some(name), Some(version), Some(sum)) = (field("name"), field("version"), field("checksum")) {
            sums.insert((name, version), sum);
        }
    }
    Ok(sums)
}

/// The packages of Cargo.lock.
///
/// # Errors
/// A lock file that cannot be read.
pub fn locked() -> Result<Vec<toml::Table>, String> {
    let text = fs::read_to_string(root().join("Cargo.lock")).map_err(|e| format!("Cargo.lock: {e}"))?;
    let mut lock: toml::Table = text.parse().map_err(|e| format!("Cargo.lock: {e}"))?;
    let packages = lock.remove("package").and_then(|list| list.try_into().ok());
    packages.ok_or_else(|| "Cargo.lock holds no packages".to_owned())
}

/// Name and version of what cargo compiles for a selection, such as `--workspace`. Asked of `cargo tree`: the graph of
/// `cargo metadata` also holds what only development dependencies or unused features would bring.
///
/// # Errors
/// Cargo's own.
pub fn compiled(selection: &[&str]) -> Result<BTreeSet<(String, String)>, String> {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--locked", "--prefix", "none", "--format", "{p}"]).args(selection);
    let output = tree.current_dir(root()).output().map_err(|e| format!("cargo tree: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr)));
    }
    // `name v1.2.3`, and perhaps `(proc-macro)` or a path.
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let pair = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    Ok(text.lines().filter_map(pair).collect())
}

/// The shipped packages, each with those of them that it needs.
fn graph(metadata: &Metadata) -> Result<Vec<(&Package, BTreeSet<String>)>, String> {
    // What goes into the binary or runs while it is built.
    let shipped = compiled(&["--package", SHIPPED, "--edges", "normal,build"])?;
    let packages = metadata.packages.iter().filter(|package| shipped.contains(&key(package)));
    let packages: BTreeMap<&PackageId, &Package> = packages.map(|package| (&package.id, package)).collect();
    if packages.len() != shipped.len() {
        return Err("cargo tree and cargo metadata do not agree".to_owned());
    }
    let nodes = &metadata.resolve.as_ref().ok_or("cargo resolves nothing")?.nodes;
    let nodes: BTreeMap<&PackageId, _> = nodes.iter().map(|node| (&node.id, node)).collect();
    let needs = |id: &PackageId| {
        let needed = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let needed = needed.filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development));
        needed.filter_map(|dep| packages.get(&dep.pkg)).map(|package| purl(package)).collect()
    };
    Ok(packages.iter().map(|(id, package)| (*package, needs(id))).collect())
}

/// Name and version.
pub fn key(package: &Package) -> (String, String) {
    (package.name.to_string(), package.version.to_string())
}

fn document(metadata: &Metadata, sums: &BTreeMap<(String, String), String>) -> Result<Value, String> {
    let (mut components, mut dependencies, mut main) = (BTreeMap::new(), BTreeMap::new(), Value::Null);
    for (package, needs) in graph(metadata)? {
        dependencies.insert(purl(package), json!({ "ref": purl(package), "dependsOn": needs }));
        let sum = sums.get(&key(package));
        match package.name == SHIPPED {
            true => main = component(package, "application", sum),
            false => _ = components.insert(purl(package), component(package, "library", sum)),
        }
    }
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": main },
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.into_values().collect::<Vec<_>>(),
    }))
}

fn component(package: &Package, kind: &str, sum: Option<&String>) -> Value {
    // Older manifests write a slash for OR, which SPDX does not know.
    let license = package.license.as_ref().map(|text| text.replace(" / ", "/").replace('/', " OR "));
    let component = json!({
        "type": kind,
        "bom-ref": purl(package),
        "name": package.name,
        "version": package.version,
        "purl": purl(package),
        "licenses": license.map(|text| json!([{ "expression": text }])),
        "hashes": sum.map(|sum| json!([{ "alg": "SHA-256", "content": sum }])),
        "externalReferences": package.repository.as_ref().map(|url| json!([{ "type": "vcs", "url": url }])),
    });
    let members = component.as_object().cloned().unwrap_or_default();
    members.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// The package's name across registries (<https://github.com/package-url/purl-spec>).
fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version.to_string().replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that Cargo.lock lets the shipped package reach, on whatever platform.
    fn reachable() -> BTreeSet<String> {
        let locked = locked().unwrap();
        let text = |package: &toml::Table, name: &str| package[name].as_str().unwrap().to_owned();
        let (mut found, mut next) = (BTreeSet::new(), vec![SHIPPED.to_owned()]);
        while let Some(wanted) = next.pop() {
            // `name`, or `name version` where there are several.
            let (name, version) = wanted.split_once(' ').unwrap_or((&wanted, ""));
            for package in locked.iter().filter(|p| text(p, "name") == name && text(p, "version").starts_with(version)) {
                if found.insert(format!("{name} {}", text(package, "version"))) {
                    let needs = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
                    next.extend(needs.filter_map(|need| need.as_str().map(str::to_owned)));
                }
            }
        }
        found
    }

    /// The dependencies of this kind in a member's manifest.
    fn direct(member: &str, kind: &str) -> Vec<String> {
        let text = fs::read_to_string(root().join(format!("crates/{member}/Cargo.toml"))).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        manifest.get(kind).and_then(toml::Value::as_table).map(|table| table.keys().cloned().collect()).unwrap_or_default()
    }

    #[test]
    fn sec_189_the_bill_of_materials_names_what_is_shipped_and_nothing_else() {
        let sums = checksums().unwrap();
        let made = document(&metadata().unwrap(), &sums).unwrap();
        assert_eq!(made, document(&metadata().unwrap(), &sums).unwrap());
        let components = made["components"].as_array().unwrap();
        let all: Vec<&Value> = components.iter().chain([&made["metadata"]["component"]]).collect();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let named: BTreeSet<String> = all.iter().map(|one| format!("{} {}", text(&one["name"]), text(&one["version"]))).collect();
        assert!(named.len() == all.len() && named.is_subset(&reachable()), "{:?}", named.difference(&reachable()));
        let has = |name: &String| named.iter().any(|one| one.split(' ').next() == Some(name));
        let members = ["wire", "store", "engine", "server"];
        let of = |kind: &str| members.iter().flat_map(|member| direct(member, kind)).collect::<BTreeSet<_>>();
        assert!(of("dependencies").len() > 40 && of("dependencies").iter().all(has));
        assert!(!has(&"nix".to_owned()) && !has(&"reqwest".to_owned()), "development dependencies are not shipped");

        // What the specification requires, and what makes a component findable.
        assert_eq!((&made["bomFormat"], &made["specVersion"]), (&json!("CycloneDX"), &json!("1.6")));
        assert!(made["version"].as_u64().is_some_and(|version| version >= 1));
        for one in &all {
            let name = (text(&one["name"]), text(&one["version"]));
            assert!(["application", "library"].contains(&text(&one["type"]).as_str()), "{one}");
            assert!(text(&one["purl"]).starts_with(&format!("pkg:cargo/{}@", name.0)), "{one}");
            assert!(!text(&one["licenses"][0]["expression"]).is_empty(), "{one}");
            let ours = name.0.starts_with("poolhouse");
            assert_eq!(one["hashes"][0]["content"].as_str(), sums.get(&name).map(String::as_str), "{one}");
            assert_eq!(one["hashes"].is_null(), ours, "{one}");
        }
        // Unique references, and from the binary a way to each.
        let refs: BTreeSet<String> = all.iter().map(|one| text(&one["bom-ref"])).collect();
        assert_eq!(refs.len(), all.len());
        let (mut seen, mut next) = (BTreeSet::new(), vec![text(&made["metadata"]["component"]["bom-ref"])]);
        while let Some(at) = next.pop() {
            if seen.insert(at.clone()) {
                let edge = made["dependencies"].as_array().unwrap().iter().find(|edge| text(&edge["ref"]) == at).unwrap();
                next.extend(edge["dependsOn"].as_array().unwrap().iter().map(text));
            }
        }
        assert_eq!(seen, refs);
    }
}
