//! The tables of the page, as Markdown. Called by the report.

use super::bars::Verdict;
use super::beside::{Group, shown};
use super::floors;
use super::svg::figure;
use super::words::{limit, place, store, title, users};
use super::{curves, sizes};
use crate::results::{FloorPart, Machine, Measured, Overload, Subject};

/// A table: what stands over each column, how it is aligned, and its rows.
pub fn table(columns: &[(&str, Align)], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(columns.iter().map(|(name, _)| (*name).to_owned()).collect());
    let rule = |align: &Align| if *align == Align::Right { "---:".to_owned() } else { "---".to_owned() };
    text.push_str(&line(columns.iter().map(|(_, align)| rule(align)).collect()));
    for row in rows {
        text.push_str(&line(row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect()));
    }
    text
}

#[derive(Clone, Copy, PartialEq)]
pub enum Align {
    Left,
    Right,
}
use Align::{Left, Right};

pub fn machine(machine: &Machine) -> String {
    let mut rows = vec![
        ("Measured on".to_owned(), machine.date.clone()),
        ("Processor".to_owned(), format!("{}, {} cores", machine.cpu, machine.cores)),
        ("Memory".to_owned(), format!("{} MB", figure_of(machine.memory_mb))),
        ("Kernel".to_owned(), machine.kernel.clone()),
        ("Compiler".to_owned(), machine.rustc.clone()),
    ];
    rows.extend(machine.versions.iter().cloned());
    table(&[("", Left), ("", Left)], rows.into_iter().map(|(name, value)| vec![name, value]))
}

fn figure_of(count: u64) -> String {
    figure(count as f64)
}

pub fn verdicts(verdicts: &[Verdict]) -> String {
    let rows = verdicts.iter().map(|one| {
        let met = one.met.map_or("–", |met| if met { "✓ met" } else { "✗ **not met**" });
        vec![one.goal.clone(), one.figure.clone(), met.to_owned()]
    });
    table(&[("Goal", Left), ("Measured", Left), ("", Left)], rows)
}

/// The operations with a floor, its parts spelt out.
pub fn over_floor(rows: &[floors::Row<'_>]) -> String {
    let part = |part: &FloorPart| {
        let count = if (part.count - 1.0).abs() < 1e-9 { String::new() } else { format!("{} × ", figure(part.count)) };
        format!("{count}{} {}", part.name, figure(part.ms))
    };
    let rows = rows.iter().map(|row| {
        let one = row.measured;
        let limit = limit(&one.operation);
        let met = limit.met(one.cpu_ms_per_operation, row.floor_ms).map_or("", |met| if met { " ✓" } else { " ✗" });
        vec![
            title(&one.operation).to_owned(),
            figure(one.cpu_ms_per_operation),
            figure(row.floor_ms),
            row.parts.iter().map(part).collect::<Vec<_>>().join(" + "),
            format!("{:.2}", one.cpu_ms_per_operation / row.floor_ms),
            format!("{}{met}", limit.words()),
        ]
    });
    let columns =
        [("Operation", Left), ("CPU, ms", Right), ("Floor, ms", Right), ("Floor's parts, ms", Left), ("Ratio", Right), ("Goal", Left)];
    table(&columns, rows)
}

/// Every figure of some measurements of ours, those of one store under one heading.
pub fn every_figure(measured: &[&Measured]) -> String {
    let mut stores: Vec<&str> = measured.iter().map(|one| one.store.as_str()).collect();
    stores.sort_unstable_by_key(|id| (*id != "sqlite", *id));
    stores.dedup();
    let mut text = String::new();
    for id in stores {
        let mut rows: Vec<&&Measured> = measured.iter().filter(|one| one.store == id).collect();
        rows.sort_by_key(|one| (place(&one.operation), one.users, one.clients));
        let columns = [
            ("Operation", Left),
            ("Users", Right),
            ("Clients", Right),
            ("Op/s", Right),
            ("p50, ms", Right),
            ("p99, ms", Right),
            ("CPU, ms/op", Right),
            ("Database CPU, ms/op", Right),
            ("Peak memory, MB", Right),
            ("Errors", Right),
        ];
        let rows = rows.into_iter().map(|one| {
            vec![
                title(&one.operation).to_owned(),
                users(one.users),
                one.clients.to_string(),
                figure(one.ops_per_second),
                figure(one.p50_ms),
                figure(one.p99_ms),
                figure(one.cpu_ms_per_operation),
                one.database_cpu_ms_per_operation.map_or("–".to_owned(), figure),
                figure(one.peak_memory_mb),
                one.errors.to_string(),
            ]
        });
        text.push_str(&format!("**{}**\n\n{}\n", store(id), table(&columns, rows)));
    }
    text.trim_end().to_owned()
}

pub fn subjects(subjects: &[Subject]) -> String {
    let rows = subjects.iter().map(|one| {
        vec![
            format!("**{}** {}", shown(&one.name), one.version),
            figure(one.ready_ms),
            one.ready_again_ms.map_or("the same".to_owned(), figure),
            figure(one.idle_mb),
            figure(one.loaded_mb),
            figure(one.installed_mb),
            one.unequal.join(" "),
        ]
    });
    let columns = [
        ("Server", Left),
        ("First start, ms", Right),
        ("Later starts, ms", Right),
        ("Idle, MB", Right),
        ("After load, MB", Right),
        ("Installed, MB", Right),
        ("What is unequal", Left),
    ];
    table(&columns, rows)
}

/// Each operation side by side; `unequal` says what a server leaves out, or nothing.
pub fn beside(groups: &[Group<'_>], unequal: impl Fn(&Measured) -> String) -> String {
    let rows = groups.iter().flat_map(|group| {
        group.rows.iter().enumerate().map(|(at, one)| {
            let name = if at == 0 { format!("**{}**", title(group.operation)) } else { String::new() };
            let errors = if one.errors == 0 { String::new() } else { format!(" **{} errors.**", one.errors) };
            vec![
                name,
                shown(&one.subject).to_owned(),
                figure(one.cpu_ms_per_operation),
                figure(one.ops_per_second),
                figure(one.p50_ms),
                figure(one.p99_ms),
                format!("{}{errors}", unequal(one)),
            ]
        })
    });
    let columns = [
        ("Operation", Left),
        ("Server", Left),
        ("CPU, ms/op", Right),
        ("Op/s", Right),
        ("p50, ms", Right),
        ("p99, ms", Right),
        ("What is unequal", Left),
    ];
    table(&columns, rows)
}

pub fn sizes(groups: &[sizes::Group<'_>]) -> String {
    let rows = groups.iter().flat_map(|group| {
        group.sizes.iter().map(|one| {
            let over = group.over_first(one);
            vec![
                title(group.operation).to_owned(),
                store(group.store).to_owned(),
                users(one.users),
                figure(one.cpu_ms_per_operation),
                format!("{over:.2}{}", if over > sizes::LIMIT { " ✗" } else { "" }),
                figure(one.peak_memory_mb),
            ]
        })
    });
    let columns =
        [("Operation", Left), ("Store", Left), ("Users", Right), ("CPU, ms/op", Right), ("Over the smallest", Right), ("Peak memory, MB", Right)];
    table(&columns, rows)
}

pub fn overload(overload: &Overload) -> String {
    let rows = overload.curve.iter().map(|one| {
        vec![
            figure(one.offered),
            figure(one.good_per_second),
            format!("{:.0} %", one.good_per_second / overload.peak_per_second * 100.0),
            figure(one.p50),
            figure(one.p99),
            figure(one.refused),
            one.errors.to_string(),
        ]
    });
    let columns = [
        ("Offered/s", Right),
        ("Good/s", Right),
        ("Of the peak", Right),
        ("p50, ms", Right),
        ("p99, ms", Right),
        ("Refused/s", Right),
        ("Errors", Right),
    ];
    let recovered = match overload.recovered_seconds {
        Some(seconds) => format!("Latency was back to normal {} s after the overload ended.", figure(seconds)),
        None => "Latency did not come back to normal within the run.".to_owned(),
    };
    format!("{}\n{recovered} The line of the plot is {:.0} % of the peak.", table(&columns, rows), curves::GOODPUT_KEPT * 100.0)
}
