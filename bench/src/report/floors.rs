//! The plot of CPU over floor: one bar an operation, in multiples of its floor, the floor's parts stacked. Called by the report.

use super::svg::{Anchor, Drawing, WIDTH, figure};
use super::words::{Limit, place};
use crate::load::driver::as_f64;
use crate::results::{FloorPart, Measured};

const LEFT: f64 = 210.0;
const RIGHT: f64 = 214.0;
const ROW: f64 = 34.0;
const TOP: f64 = 132.0;
/// A bar longer than this is cut, with its figure beside it.
const MOST: f64 = 2.0;
const FILLS: [&str; 7] = ["s1", "s2", "s3", "s4", "s5", "s6", "s7"];

/// One measurement with its floor.
pub struct Row<'r> {
    pub measured: &'r Measured,
    pub parts: &'r [FloorPart],
    pub floor_ms: f64,
    /// CPU over the floor, the median of the runs.
    pub ratio: f64,
}

/// What has a floor, in the order of the page.
pub fn rows(measured: &[Measured]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = measured
        .iter()
        .filter_map(|measured| {
            let parts = measured.floor.as_slice();
            let floor_ms: f64 = parts.iter().map(total_ms).sum();
            let ratio = measured.ratio.unwrap_or(measured.cpu_ms / floor_ms);
            (floor_ms > 0.0).then_some(Row { measured, parts, floor_ms, ratio })
        })
        .collect();
    rows.sort_by_key(|row| place(&row.measured.operation));
    rows
}

fn total_ms(part: &FloorPart) -> f64 {
    part.ms * part.count
}

pub fn plot(rows: &[Row<'_>]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for part in rows.iter().flat_map(|row| row.parts) {
        if !names.contains(&part.name.as_str()) {
            names.push(&part.name);
        }
    }
    let bottom = TOP + ROW * as_f64(rows.len() as u64);
    let mut drawing = Drawing::new(bottom + 44.0);
    drawing.text(24.0, 36.0, Anchor::Start, "ink head", "Server CPU per operation, as a multiple of its floor");
    drawing.text(
        24.0,
        58.0,
        Anchor::Start,
        "muted",
        "The floor is what the operation cannot do without, measured in the same run.",
    );
    legend(&mut drawing, &names);
    let most = rows.iter().map(|row| row.ratio).fold(1.6, f64::max).min(MOST);
    let scale = (WIDTH - LEFT - RIGHT) / most;
    let mut tick = 0.0;
    while tick <= most {
        let x = LEFT + tick * scale;
        drawing.line((x, TOP - 6.0), (x, bottom), "rule");
        drawing.text(x, bottom + 20.0, Anchor::Middle, "muted small", &format!("{tick} ×"));
        tick += 0.5;
    }
    for (at, row) in rows.iter().enumerate() {
        draw(&mut drawing, row, &names, (TOP + ROW * as_f64(at as u64), scale));
    }
    drawing.finish("Server CPU per operation over its floor", &description(rows))
}

fn fill(names: &[&str], name: &str) -> &'static str {
    let at = names.iter().position(|one| *one == name).unwrap_or(0);
    FILLS.get(at.min(FILLS.len() - 1)).copied().unwrap_or("s7")
}

fn legend(drawing: &mut Drawing, names: &[&str]) {
    let (mut x, mut y) = (24.0, 73.0);
    let marks = names.iter().map(|name| (fill(names, name), *name)).chain([("own", "Poolhouse's own"), ("limit", "limit")]);
    for (class, name) in marks {
        let wide = 38.0 + 6.6 * as_f64(name.chars().count() as u64);
        if x + wide > WIDTH - 24.0 {
            (x, y) = (24.0, y + 20.0);
        }
        match class {
            "limit" => drawing.line((x + 6.0, y - 3.0), (x + 6.0, y + 15.0), "limit thick"),
            _ => drawing.bar(x, y, 12.0, 12.0, class),
        }
        drawing.text(x + 18.0, y + 11.0, Anchor::Start, "ink small", name);
        x += wide;
    }
}

fn draw(drawing: &mut Drawing, row: &Row<'_>, names: &[&str], (y, scale): (f64, f64)) {
    let Row { measured, parts, floor_ms, ratio } = row;
    let cpu = measured.cpu_ms;
    drawing.text(LEFT - 10.0, y + 17.0, Anchor::End, "ink", &measured.operation);
    let mut x = LEFT;
    for part in *parts {
        // A figure under the floor is a floor measured too high; the parts then end at the figure.
        let width = (total_ms(part) / floor_ms).min((ratio - (x - LEFT) / scale).max(0.0)) * scale;
        drawing.bar(x, y + 3.0, width, 20.0, fill(names, &part.name));
        x += width;
    }
    let end = LEFT + ratio.min(WIDTH_MULTIPLE) * scale;
    drawing.bar(x, y + 3.0, (end.min(WIDTH - RIGHT) - x).max(0.0), 20.0, "own");
    let limit = Limit::of(&measured.operation);
    let mark = match limit {
        Limit::OverFloor(times) => Some(times),
        Limit::Milliseconds(ms) => Some(ms / floor_ms),
        Limit::Unset => None,
    };
    if let Some(mark) = mark.filter(|mark| LEFT + mark * scale <= WIDTH - RIGHT) {
        drawing.line((LEFT + mark * scale, y - 1.0), (LEFT + mark * scale, y + 27.0), "limit thick");
    }
    let met = limit.met(cpu, *ratio);
    let sign = met.map_or("", |met| if met { " ✓" } else { " ✗" });
    let words = format!("{} ms = {ratio:.2} ×{sign}", figure(cpu));
    drawing.text(WIDTH - RIGHT + 12.0, y + 17.0, Anchor::Start, if met == Some(false) { "limit bold" } else { "ink" }, &words);
}

/// Further than any drawing reaches.
const WIDTH_MULTIPLE: f64 = 1e3;

fn description(rows: &[Row<'_>]) -> String {
    let said: Vec<String> = rows
        .iter()
        .map(|row| {
            let Row { measured, ratio, .. } = row;
            format!("{}: {} ms, {ratio:.2} times its floor", measured.operation, figure(measured.cpu_ms))
        })
        .collect();
    format!("{}.", said.join("; "))
}
