//! `cargo xtask release [DIR]`: the binary, its bill of materials and their checksums; `cargo xtask reproducible`: the
//! proof that the same sources give the same binary wherever they lie. The test command builds the binary it tests here
//! too, so that what is tested is what is shipped.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{check, root, target};
use crate::sbom;

/// Where the release profile leaves the binary, below a target directory.
const BINARY: &str = "release/poolhouse";

/// Builds everything that is published into `dir`, by default `dist/`.
///
/// # Errors
/// A build that fails, or a file that cannot be written.
pub fn run(args: &[String]) -> Result<(), String> {
    let root = root();
    let dir = match args {
        [] => root.join("dist"),
        [dir] => PathBuf::from(dir),
        _ => return Err("usage: cargo xtask release [DIR]".to_owned()),
    };
    let target = target()?;
    build(&root, &target)?;
    fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let binary = dir.join("poolhouse");
    fs::copy(target.join(BINARY), &binary).map_err(|e| format!("{}: {e}", binary.display()))?;
    sbom::run(&[dir.join("poolhouse.cdx.json").to_string_lossy().into_owned()])?;
    let mut sums = Command::new("sh");
    sums.args(["-c", "sha256sum poolhouse poolhouse.cdx.json > SHA256SUMS && cat SHA256SUMS"]).current_dir(&dir);
    check(sums)
}

/// The shipped binary: locked dependencies, and no trace of where it was built.
///
/// # Errors
/// The build fails.
pub fn build(root: &Path, target: &Path) -> Result<(), String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--package", "poolhouse"]).current_dir(root);
    cargo.env("CARGO_TARGET_DIR", target);
    for (name, value) in recipe(root, target)? {
        cargo.env(name, value);
    }
    check(cargo)
}

/// What the compilers are told beyond `[profile.release]`: paths become the same everywhere, in panic messages and
/// `__FILE__`, and the date of a build is no input (`__DATE__`).
fn recipe(root: &Path, target: &Path) -> Result<Vec<(&'static str, OsString)>, String> {
    let paths = [(target, "/target"), (root, "/poolhouse"), (&cargo_home()?, "/cargo")].map(|(from, to)| (text(from), to));
    let rust: Vec<String> = paths.iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}")).collect();
    let c: Vec<String> = paths.iter().map(|(from, to)| format!("-ffile-prefix-map={from}={to}")).collect();
    // rustc lets the last rule that fits win, compilers of C the last too: the most special goes last.
    let reversed = |flags: Vec<String>| flags.into_iter().rev().collect::<Vec<_>>();
    let (rust, c) = (reversed(rust).join("\u{1f}"), reversed(c).join(" "));
    Ok(vec![
        ("CARGO_ENCODED_RUSTFLAGS", rust.into()),
        ("CFLAGS", c.clone().into()),
        ("CXXFLAGS", c.into()),
        ("SOURCE_DATE_EPOCH", "0".into()),
        ("CARGO_INCREMENTAL", "0".into()),
    ])
}

/// The directory that dependencies' sources are unpacked in, as cargo itself tells.
fn cargo_home() -> Result<PathBuf, String> {
    let told = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    told("CARGO_HOME")
        .or_else(|| Some(told("HOME")?.join(".cargo")))
        .ok_or_else(|| "neither CARGO_HOME nor HOME is set".to_owned())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Builds the sources of this tree in two other places and compares.
///
/// # Errors
/// A build that fails, or two binaries that differ; both are then left to be looked at.
pub fn reproducible() -> Result<(), String> {
    let base = std::env::temp_dir().join(format!("poolhouse-reproducible-{}", std::process::id()));
    let places = ["one", "another/and/deeper"].map(|place| base.join(place));
    // Both before the first build: the tree may change meanwhile.
    for place in &places {
        copy_tracked(&root(), place)?;
    }
    let mut built = Vec::new();
    for place in &places {
        let target = place.join("build");
        build(place, &target)?;
        built.push(target.join(BINARY));
    }
    let [one, other] = built.as_slice() else { return Err("two builds are two".to_owned()) };
    let mut sums = Command::new("sha256sum");
    sums.args([one, other]);
    check(sums)?;
    let read = |path: &PathBuf| fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    if read(one)? != read(other)? {
        return Err(format!("the two binaries differ: {} and {}", one.display(), other.display()));
    }
    fs::remove_dir_all(&base).map_err(|e| format!("{}: {e}", base.display()))
}

/// The files git knows, as they stand in the tree.
fn copy_tracked(root: &Path, to: &Path) -> Result<(), String> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output().map_err(|e| format!("git: {e}"))?;
    for name in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), to.join(name));
        let done = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(&from, &to));
        done.map_err(|e| format!("{}: {e}", from.display()))?;
    }
    Ok(())
}
