//! The page of the benchmarks, docs/benchmarks.md, and its plots, made of the results that the runs have kept. Called by the command line.
//! Words that no run can change stand in `report/page.md`; where it says `{{name}}`, a table or a plot comes in.

mod bars;
mod beside;
mod curves;
mod floors;
mod sizes;
mod svg;
mod tables;
mod words;

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::peers;
use crate::results::{Curve, Durability, Machine, Measured, Overload, Run, Soak, SoakPoint, Start};

const PAGE: &str = include_str!("report/page.md");
const NOT_MEASURED: &str = "*Not measured yet.*";
/// The name of Poolhouse among the subjects.
const OURSELVES: &str = "poolhouse";

/// What the last runs measured; each is kept in a file of its own.
#[derive(Default)]
struct Results {
    operations: Option<Run>,
    sizes: Option<Run>,
    stores: Option<Run>,
    peers: Option<Run>,
    overload: Option<Overload>,
    soak: Option<Soak>,
    start: Option<Start>,
    durability: Option<Durability>,
}

/// Writes the page and its plots into `docs` of the results in `results`.
///
/// # Errors
/// A file that cannot be read or written, or that holds something else.
pub fn write(results: &Path, docs: &Path) -> Result<(), String> {
    let results = Results {
        operations: kept(results, "operations")?,
        sizes: kept(results, "sizes")?,
        stores: kept(results, "stores")?,
        peers: kept(results, "peers")?,
        overload: kept(results, "overload")?,
        soak: kept(results, "soak")?,
        start: kept(results, "start")?,
        durability: kept(results, "durability")?,
    };
    for (path, text) in files(&results) {
        let path = docs.join(path);
        let folder = path.parent().unwrap_or(docs);
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// The results of one command, if it has run.
fn kept<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Option<T>, String> {
    let path = folder.join(format!("{name}.json"));
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map(Some).map_err(|e| format!("{}: {e}", path.display()))
}

impl Results {
    fn operations(&self) -> &[Measured] {
        self.operations.as_ref().map_or(&[], |run| &run.measured)
    }

    fn sizes(&self) -> &[Measured] {
        self.sizes.as_ref().map_or(&[], |run| &run.measured)
    }

    fn beside(&self) -> &[Measured] {
        self.peers.as_ref().map_or(&[], |run| &run.measured)
    }

    fn soak(&self) -> &[SoakPoint] {
        self.soak.as_ref().map_or(&[], |soak| &soak.points)
    }

    /// Of the run that most of the page is made of.
    fn machine(&self) -> Option<&Machine> {
        let runs = [&self.operations, &self.sizes, &self.stores, &self.peers];
        runs.into_iter().flatten().map(|run| &run.machine).next()
    }
}

/// A file to write: its path under `docs/`, its text.
type File = (String, String);

/// The page and its plots. What was not measured has no plot, and the page says so.
fn files(results: &Results) -> Vec<File> {
    let mut plots: Vec<File> = Vec::new();
    let mut page = PAGE.to_owned();
    for (name, text) in sections(results, &mut plots) {
        page = page.replace(&format!("{{{{{name}}}}}"), text.trim_end());
    }
    let mut files = vec![("benchmarks.md".to_owned(), page)];
    files.append(&mut plots);
    files
}

fn sections(results: &Results, plots: &mut Vec<File>) -> Vec<(&'static str, String)> {
    let skips = |one: &Measured| peers::does_less(&one.subject, &one.operation);
    let unequal = |one: &Measured| peers::unequal(&one.subject, &one.operation).to_owned();
    let floors = floors::rows(results.operations());
    let beside = beside::groups(results.beside());
    let sizes = sizes::groups(results.sizes());
    let mut drawn = |there: bool, name: &str, what: &str, svg: &dyn Fn() -> String, table: &dyn Fn() -> String| {
        if !there {
            return NOT_MEASURED.to_owned();
        }
        plots.push((format!("benchmarks/{name}.svg"), svg()));
        format!("![{what}](benchmarks/{name}.svg)\n\n{}", table())
    };
    let floor = drawn(!floors.is_empty(), "floor", "Server CPU per operation over its floor", &|| floors::plot(&floors), &|| {
        tables::over_floor(&floors)
    });
    let peers = drawn(!beside.is_empty(), "peers", "CPU per operation, side by side", &|| beside::plot(&beside, skips), &|| {
        tables::beside(&beside, unequal)
    });
    let sizes = drawn(!sizes.is_empty(), "sizes", "CPU per operation over the number of users", &|| sizes::plot(&sizes), &|| {
        tables::sizes(&sizes)
    });
    let soak = results.soak();
    let soak = drawn(soak.len() > 2, "soak", "Memory and CPU over a long run", &|| curves::soak(soak), &String::new);
    vec![
        ("machine", or_not(results.machine().map(tables::machine))),
        ("verdicts", tables::verdicts(&bars::verdicts(results, &skips))),
        ("floor", floor),
        ("figures", figures(results)),
        ("start", or_not(results.start.as_ref().map(tables::start))),
        ("subjects", or_not(results.peers.as_ref().map(|run| tables::subjects(&run.subjects)))),
        ("peers", peers),
        ("sizes", sizes),
        ("overload", overload(results.overload.as_ref(), plots)),
        ("soak", soak),
    ]
}

fn or_not(text: Option<String>) -> String {
    text.unwrap_or_else(|| NOT_MEASURED.to_owned())
}

/// Every figure of the operations, and of them on other stores.
fn figures(results: &Results) -> String {
    let runs = [&results.operations, &results.stores];
    let mut all: Vec<&Measured> = runs.into_iter().flatten().flat_map(|run| &run.measured).collect();
    // Both runs measure SQLite; within a run it stands first, and the first of the same kind is kept.
    let mut seen = Vec::new();
    all.retain(|one| {
        let kind = (one.operation.as_str(), one.store.as_str(), one.users);
        let new = !seen.contains(&kind);
        seen.push(kind);
        new
    });
    all.sort_by_key(|one| words::place(&one.operation));
    if all.is_empty() { NOT_MEASURED.to_owned() } else { tables::every_figure(&all) }
}

/// A plot and a table for each operation.
fn overload(overload: Option<&Overload>, plots: &mut Vec<File>) -> String {
    let mut curves: Vec<Vec<&Curve>> = Vec::new();
    for point in overload.into_iter().flat_map(|one| &one.points) {
        match curves.last_mut().filter(|curve| curve.first().is_some_and(|first| first.operation == point.operation)) {
            Some(curve) => curve.push(point),
            None => curves.push(vec![point]),
        }
    }
    let mut text = String::new();
    for curve in &curves {
        let name = curve.first().map_or("", |point| point.operation.as_str());
        let file: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        plots.push((format!("benchmarks/overload-{file}.svg"), curves::overload(curve)));
        let recovered = overload.and_then(|one| one.recovery_seconds.iter().find(|(operation, _)| operation == name));
        let table = tables::overload(curve, recovered.map(|(_, seconds)| *seconds));
        text += &format!("![Answers and latency over the offered load: {name}](benchmarks/overload-{file}.svg)\n\n{table}\n");
    }
    if text.is_empty() { NOT_MEASURED.to_owned() } else { text }
}

#[cfg(test)]
mod tests;
