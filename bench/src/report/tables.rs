//! The tables of the page, as Markdown. Called by the report.

use super::bars::Verdict;
use super::beside::{Group, shown};
use super::floors;
use super::svg::figure;
use super::words::{Limit, users};
use super::{curves, sizes};
use crate::load::driver::as_f64;
use crate::measure::median;
use crate::results::{Curve, FloorPart, Machine, Meanwhile, Measured, Start, Subject};

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
    let rows = [
        ("Measured on".to_owned(), machine.date.clone()),
        ("Processor".to_owned(), format!("{}, {} cores", machine.cpu, machine.cores)),
        ("Memory".to_owned(), format!("{} MB", figure(as_f64(machine.memory_mb)))),
        ("Kernel".to_owned(), machine.kernel.clone()),
        ("Compiler".to_owned(), machine.rustc.clone()),
    ];
    table(&[("", Left), ("", Left)], rows.into_iter().map(|(name, value)| vec![name, value]))
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
        let limit = Limit::of(&one.operation);
        let met = limit.met(one.cpu_ms, row.ratio).map_or("", |met| if met { " ✓" } else { " ✗" });
        vec![
            one.operation.clone(),
            figure(one.cpu_ms),
            figure(row.floor_ms),
            row.parts.iter().map(part).collect::<Vec<_>>().join(" + "),
            format!("{:.2}", row.ratio),
            format!("{}{met}", limit.words()),
        ]
    });
    let columns = [
        ("Operation", Left),
        ("CPU, ms", Right),
        ("Floor, ms", Right),
        ("Floor's parts, ms", Left),
        ("Ratio", Right),
        ("Goal", Left),
    ];
    table(&columns, rows)
}

/// Every figure of some runs, by operation and store.
pub fn every_figure(measured: &[&Measured]) -> String {
    let columns = [
        ("Operation", Left),
        ("Store", Left),
        ("Users", Right),
        ("Op/s", Right),
        ("p50, ms", Right),
        ("p99, ms", Right),
        ("CPU, ms", Right),
        ("least – most", Right),
        ("Database CPU, ms", Right),
        ("Peak memory, MB", Right),
        ("Failed", Right),
    ];
    let rows = measured.iter().map(|one| {
        let (least, most) = one.cpu_ms_range;
        vec![
            one.operation.clone(),
            one.store.clone(),
            users(one.users),
            figure(one.per_second),
            figure(one.p50_ms),
            figure(one.p99_ms),
            figure(one.cpu_ms),
            format!("{} – {}", figure(least), figure(most)),
            one.database_cpu_ms.map_or("–".to_owned(), figure),
            figure(one.peak_memory_mb),
            failed(one).to_string(),
        ]
    });
    table(&columns, rows)
}

fn failed(one: &Measured) -> u64 {
    one.failures.iter().map(|(_, count)| count).sum()
}

pub fn start(start: &Start) -> String {
    let middle = |values: &[f64]| figure(median(values.to_vec()));
    let row = |name: &str, ms: &[f64], mb: &[f64]| vec![name.to_owned(), middle(ms), middle(mb)];
    let rows =
        [row("First start", &start.first_ms, &start.first_idle_mb), row("Later starts", &start.later_ms, &start.later_idle_mb)];
    table(&[("`poolhouse dev`", Left), ("Ready after, ms", Right), ("Idle, MB", Right)], rows)
}

pub fn subjects(subjects: &[Subject]) -> String {
    let rows = subjects.iter().map(|one| {
        vec![
            format!("**{}** {}", shown(&one.name), one.version),
            figure(one.ready_ms),
            figure(one.idle_mb),
            figure(one.loaded_mb),
            figure(one.installed_mb),
            one.unequal.join(" "),
        ]
    });
    let columns = [
        ("Server", Left),
        ("Ready after, ms", Right),
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
            let name = if at == 0 { format!("**{}**", group.operation) } else { String::new() };
            let failed = match failed(one) {
                0 => String::new(),
                failed => format!(" **{failed} failed.**"),
            };
            vec![
                name,
                shown(&one.subject).to_owned(),
                figure(one.cpu_ms),
                figure(one.per_second),
                figure(one.p50_ms),
                figure(one.p99_ms),
                format!("{}{failed}", unequal(one)).trim().to_owned(),
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
                group.operation.to_owned(),
                group.store.to_owned(),
                users(one.users),
                figure(one.cpu_ms),
                format!("{over:.2}{}", if over > sizes::LIMIT { " ✗" } else { "" }),
                figure(one.peak_memory_mb),
            ]
        })
    });
    let columns = [
        ("Operation", Left),
        ("Store", Left),
        ("Users", Right),
        ("CPU, ms/op", Right),
        ("Over the smallest", Right),
        ("Peak memory, MB", Right),
    ];
    table(&columns, rows)
}

/// One operation's points, and how soon all was as before.
pub fn overload(curve: &[&Curve], recovered_seconds: Option<f64>) -> String {
    let peak = curves::peak(curve);
    let rows = curve.iter().map(|one| {
        let said: Vec<String> = one.refused.iter().map(|(text, count)| format!("{count} × {text}")).collect();
        let seen = |of: fn(&Meanwhile) -> f64| one.meanwhile.as_ref().map_or("–".to_owned(), |seen| figure(of(seen)));
        vec![
            format!("{} ×", one.times),
            figure(one.offered_per_second),
            seen(|seen| seen.sent_per_second),
            figure(one.good_per_second),
            format!("{:.0} %", one.good_per_second / peak * 100.0),
            figure(one.p50_ms),
            figure(one.p99_ms),
            if one.refused.is_empty() { "–".to_owned() } else { seen(|seen| seen.refused_p99_ms) },
            seen(|seen| seen.health_p99_ms),
            seen(|seen| seen.jwks_p99_ms),
            seen(|seen| seen.driver_processors),
            said.join(", ").replace('`', "'"),
        ]
    });
    let columns = [
        ("Of capacity", Right),
        ("Offered/s", Right),
        ("Sent/s", Right),
        ("Good/s", Right),
        ("Of the peak", Right),
        ("p50, ms", Right),
        ("p99, ms", Right),
        ("Refusal p99, ms", Right),
        ("Health p99, ms", Right),
        ("JWKS p99, ms", Right),
        ("Driver, processors", Right),
        ("Refused, in all", Left),
    ];
    let recovered = recovered_seconds
        .map(|seconds| format!("\nA light load was answered as before {} s after the flood.", figure(seconds)))
        .unwrap_or_default();
    table(&columns, rows) + &recovered
}
