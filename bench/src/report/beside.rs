//! The plot of the side-by-side run: CPU of each operation on a logarithmic scale, a row for each server. Called by the report.

use super::OURSELVES;
use super::svg::{Anchor, Drawing, WIDTH, decades, figure};
use super::words::place;
use crate::driver::as_f64;
use crate::results::Measured;

const LEFT: f64 = 320.0;
const RIGHT: f64 = 104.0;
const ROW: f64 = 22.0;
const GAP: f64 = 14.0;
const TOP: f64 = 112.0;

/// The figures of one operation, ours first, then the least first.
pub struct Group<'r> {
    pub operation: &'r str,
    pub rows: Vec<&'r Measured>,
}

/// Every operation that a peer has.
pub fn groups(measured: &[Measured]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for peer in measured.iter().filter(|one| one.subject != OURSELVES) {
        match groups.iter_mut().find(|group| group.operation == peer.operation) {
            Some(group) => group.rows.push(peer),
            None => groups.push(Group { operation: &peer.operation, rows: vec![peer] }),
        }
    }
    for group in &mut groups {
        group.rows.sort_by(|a, b| a.cpu_ms.total_cmp(&b.cpu_ms));
        let Some(peer) = group.rows.first() else { continue };
        let ours = measured.iter().find(|one| one.subject == OURSELVES && one.operation == peer.operation);
        group.rows.splice(0..0, ours);
    }
    groups.sort_by_key(|group| place(group.operation));
    groups
}

/// `skips` says whether a server leaves out work of an operation.
pub fn plot(groups: &[Group<'_>], skips: impl Fn(&Measured) -> bool) -> String {
    let rows: f64 = groups.iter().map(|group| height(group)).sum();
    let bottom = TOP + rows;
    let mut drawing = Drawing::new(bottom + 46.0);
    drawing.text(24.0, 36.0, Anchor::Start, "ink head", "Server CPU per operation, side by side");
    drawing.text(
        24.0,
        58.0,
        Anchor::Start,
        "muted",
        "Milliseconds on a logarithmic scale: each line is ten times the one before it. Less is better.",
    );
    legend(&mut drawing);
    let all = groups.iter().flat_map(|group| &group.rows).map(|one| one.cpu_ms);
    let (low, high) = decades(all);
    let scale = (WIDTH - LEFT - RIGHT) / f64::from(high - low);
    let place_of = |ms: f64| LEFT + (ms.log10() - f64::from(low)).max(0.0) * scale;
    for power in low..=high {
        let x = LEFT + f64::from(power - low) * scale;
        drawing.line((x, TOP - 8.0), (x, bottom), "rule");
        let ms = 10_f64.powi(power);
        drawing.text(x, bottom + 20.0, Anchor::Middle, "muted small", &format!("{ms} ms"));
    }
    let mut y = TOP;
    for group in groups {
        drawing.text(24.0, y + 15.0, Anchor::Start, "ink bold", group.operation);
        for one in &group.rows {
            let ours = one.subject == OURSELVES;
            let class = if ours { "accent" } else { "peer" };
            let x = place_of(one.cpu_ms);
            drawing.text(LEFT - 12.0, y + 15.0, Anchor::End, if ours { "ink bold" } else { "ink" }, shown(&one.subject));
            drawing.line((LEFT, y + 11.0), (x - 6.0, y + 11.0), &format!("{class} thick"));
            drawing.dot(x, y + 11.0, 6.0, !skips(one), class);
            drawing.text(x + 12.0, y + 15.0, Anchor::Start, if ours { "ink bold" } else { "ink" }, &figure(one.cpu_ms));
            y += ROW;
        }
        y += GAP;
    }
    drawing.finish("Server CPU per operation of Poolhouse and its peers", &description(groups))
}

pub fn shown(subject: &str) -> &str {
    if subject == OURSELVES { "Poolhouse" } else { subject }
}

fn height(group: &Group<'_>) -> f64 {
    as_f64(group.rows.len() as u64) * ROW + GAP
}

fn legend(drawing: &mut Drawing) {
    drawing.dot(30.0, 80.0, 6.0, true, "accent");
    drawing.text(42.0, 84.0, Anchor::Start, "ink small", "Poolhouse");
    drawing.dot(128.0, 80.0, 6.0, true, "peer");
    drawing.text(140.0, 84.0, Anchor::Start, "ink small", "a peer that does the same work");
    drawing.dot(350.0, 80.0, 6.0, false, "peer");
    drawing.text(362.0, 84.0, Anchor::Start, "ink small", "a peer that leaves work out: the table says what");
}

fn description(groups: &[Group<'_>]) -> String {
    let group = |group: &Group<'_>| {
        let rows: Vec<String> =
            group.rows.iter().map(|one| format!("{} {} ms", shown(&one.subject), figure(one.cpu_ms))).collect();
        format!("{}: {}", group.operation, rows.join(", "))
    };
    groups.iter().map(group).collect::<Vec<_>>().join(". ")
}
