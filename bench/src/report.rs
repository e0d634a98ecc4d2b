//! The page of the benchmarks, docs/benchmarks.md, and its plots, made of what a run measured. Called by the command line.
//! Words that no run can change stand in `report/page.md`; where it says `{{name}}`, a table or a plot comes in.

mod bars;
mod beside;
mod curves;
mod floors;
mod sizes;
mod svg;
mod tables;
mod words;

use crate::peers;
use crate::results::{Measured, OURSELVES, Results};

const PAGE: &str = include_str!("report/page.md");
/// Beside the page.
const FOLDER: &str = "benchmarks";

/// A file to write: its path under `docs/`, its text.
pub type File = (String, String);

/// The page and its plots. What a run did not measure has no plot, and the page says so.
pub fn files(results: &Results) -> Vec<File> {
    let mut plots: Vec<File> = Vec::new();
    let mut page = PAGE.to_owned();
    for (name, text) in sections(results, &mut plots) {
        page = page.replace(&format!("{{{{{name}}}}}"), text.trim_end());
    }
    let mut files = vec![("benchmarks.md".to_owned(), page)];
    files.extend(plots);
    files
}

const NOT_MEASURED: &str = "*Not measured in this run.*";

fn sections(results: &Results, plots: &mut Vec<File>) -> Vec<(&'static str, String)> {
    let base = smallest(&results.measured);
    let sqlite: Vec<&Measured> = base.iter().copied().filter(|one| one.store == "sqlite").collect();
    let ours: Vec<&Measured> = results.measured.iter().filter(|one| one.subject == OURSELVES).collect();
    let skips = |one: &Measured| peers::skips(&one.subject, &one.operation).is_some();
    let unequal = |one: &Measured| match peers::skips(&one.subject, &one.operation) {
        Some(words) => words.to_owned(),
        None => String::new(),
    };

    let floors = floors::rows(&sqlite);
    let beside = beside::groups(&results.measured);
    let sizes = sizes::groups(&results.measured);
    let mut shown = |name: &str, what: &str, there: bool, svg: &dyn Fn() -> String, table: &dyn Fn() -> String| {
        if !there {
            return NOT_MEASURED.to_owned();
        }
        plots.push((format!("{FOLDER}/{name}.svg"), svg()));
        format!("![{what}]({FOLDER}/{name}.svg)\n\n{}", table())
    };
    vec![
        ("machine", tables::machine(&results.machine)),
        ("verdicts", tables::verdicts(&bars::verdicts(results, &sqlite, &skips))),
        (
            "floor",
            shown("floor", "Server CPU per operation over its floor", !floors.is_empty(), &|| floors::plot(&floors), &|| {
                tables::over_floor(&floors)
            }),
        ),
        ("figures", if ours.is_empty() { NOT_MEASURED.to_owned() } else { tables::every_figure(&ours) }),
        ("subjects", if results.subjects.is_empty() { NOT_MEASURED.to_owned() } else { tables::subjects(&results.subjects) }),
        (
            "peers",
            shown("peers", "CPU per operation, side by side", !beside.is_empty(), &|| beside::plot(&beside, skips), &|| {
                tables::beside(&beside, unequal)
            }),
        ),
        (
            "sizes",
            shown("sizes", "CPU per operation over the number of users", !sizes.is_empty(), &|| sizes::plot(&sizes), &|| {
                tables::sizes(&sizes)
            }),
        ),
        ("overload", {
            let overload = results.overload.clone().unwrap_or_default();
            shown("overload", "Answers and latency over the offered load", !overload.curve.is_empty(), &|| curves::overload(&overload), &|| {
                tables::overload(&overload)
            })
        }),
        (
            "soak",
            shown("soak", "Memory and CPU over a long run", results.soak.len() > 2, &|| curves::soak(&results.soak), &String::new),
        ),
    ]
}

/// Our figures at the smallest number of users, the one with the most clients of each operation and store.
fn smallest(measured: &[Measured]) -> Vec<&Measured> {
    let ours = || measured.iter().filter(|one| one.subject == OURSELVES);
    let Some(users) = ours().map(|one| one.users).min() else { return Vec::new() };
    let mut kept: Vec<&Measured> = Vec::new();
    for one in ours().filter(|one| one.users == users) {
        match kept.iter_mut().find(|other| other.operation == one.operation && other.store == one.store) {
            // A run for one goal alone (32 clients, durability) has no floor beside it.
            Some(other) if other.floor.is_none() && one.floor.is_some() => *other = one,
            Some(_) => {}
            None => kept.push(one),
        }
    }
    kept
}

#[cfg(test)]
mod tests;
