//! The plots over a running quantity: answers and latency over the offered load, memory and CPU over time. Called by the report.

use super::svg::{Anchor, Drawing, WIDTH, decades, figure, ticks};
use crate::results::{Curve, SoakPoint};

/// Of its peak, what a server has to keep answering when more is offered than it can do.
pub const GOODPUT_KEPT: f64 = 0.8;
/// Memory during load, MB.
pub const MEMORY_LIMIT_MB: f64 = 150.0;

const LEFT: f64 = 84.0;
const RIGHT: f64 = 132.0;
const PANEL: f64 = 200.0;
const HEIGHT: f64 = 654.0;

/// A coordinate system: what its axes reach, and where it stands.
struct Panel {
    top: f64,
    x_most: f64,
    /// Linear from zero, or powers of ten.
    y: Scale,
}

enum Scale {
    Linear(f64),
    Powers(i32, i32),
}

impl Panel {
    fn x(&self, value: f64) -> f64 {
        LEFT + value / self.x_most * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let part = match self.y {
            Scale::Linear(most) => value / most,
            Scale::Powers(low, high) => (value.max(f64::MIN_POSITIVE).log10() - f64::from(low)) / f64::from(high - low),
        };
        self.top + PANEL - part.clamp(0.0, 1.0) * PANEL
    }

    fn axes(&self, drawing: &mut Drawing, heading: &str, x_unit: &str) {
        drawing.text(24.0, self.top - 16.0, Anchor::Start, "ink bold", heading);
        let lines: Vec<f64> = match self.y {
            Scale::Linear(most) => ticks(most, 4.0),
            Scale::Powers(low, high) => (low..=high).map(|power| 10_f64.powi(power)).collect(),
        };
        for value in lines {
            let y = self.y(value);
            drawing.line((LEFT, y), (WIDTH - RIGHT, y), "rule");
            drawing.text(LEFT - 10.0, y + 4.0, Anchor::End, "muted small", &plain(value));
        }
        for value in ticks(self.x_most, 6.0) {
            drawing.text(self.x(value), self.top + PANEL + 20.0, Anchor::Middle, "muted small", &plain(value));
        }
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        drawing.text(middle, self.top + PANEL + 38.0, Anchor::Middle, "muted small", x_unit);
    }

    /// A line through the points, its name at its end.
    fn series(&self, drawing: &mut Drawing, points: &[(f64, f64)], class: &str, name: &str) {
        let placed: Vec<(f64, f64)> = points.iter().map(|(x, y)| (self.x(*x), self.y(*y))).collect();
        drawing.path(&placed, class);
        if placed.len() <= 40 {
            for (x, y) in &placed {
                drawing.dot(*x, *y, 3.0, true, class);
            }
        }
        if let Some((x, y)) = placed.last() {
            drawing.text(x + 10.0, y + 4.0, Anchor::Start, "ink small bold", name);
        }
    }

    fn limit(&self, drawing: &mut Drawing, value: f64, name: &str) {
        let y = self.y(value);
        drawing.line((LEFT, y), (WIDTH - RIGHT, y), "limit dash");
        drawing.text(WIDTH - RIGHT - 8.0, y + 15.0, Anchor::End, "limit small", name);
    }
}

/// A value of an axis: as short as it can be.
fn plain(value: f64) -> String {
    if value >= 1_000.0 { figure(value) } else { format!("{}", (value * 1e6).round() / 1e6) }
}

fn reach(most: f64) -> f64 {
    ticks(most, 4.0).last().copied().unwrap_or(1.0)
}

/// What an operation does at its best, a second.
pub fn peak(curve: &[&Curve]) -> f64 {
    curve.iter().find(|one| one.times > 0.0).map_or(0.0, |one| one.offered_per_second / one.times)
}

/// Requests a second that were not answered as wanted.
pub fn refused(one: &Curve) -> f64 {
    (one.offered_per_second - one.good_per_second).max(0.0)
}

/// One operation's points.
pub fn overload(curve: &[&Curve]) -> String {
    let peak = peak(curve);
    let most = |of: fn(&Curve) -> f64| curve.iter().map(|one| of(one)).fold(0.0, f64::max);
    let x_most = ticks(most(|one| one.offered_per_second), 6.0).last().copied().unwrap_or(1.0);
    let rates = most(|one| one.good_per_second).max(most(refused)).max(peak);
    let mut drawing = Drawing::new(HEIGHT);
    let name = curve.first().map_or("", |one| one.operation.as_str());
    drawing.text(24.0, 36.0, Anchor::Start, "ink head", &format!("Offered more than it can do: {name}"));
    drawing.text(24.0, 58.0, Anchor::Start, "muted", "Open loop; latency counts from the moment a request was due.");
    let upper = Panel { top: 112.0, x_most, y: Scale::Linear(reach(rates)) };
    upper.axes(&mut drawing, "Answers a second", "offered a second");
    upper.limit(&mut drawing, peak * GOODPUT_KEPT, &format!("{:.0} % of the peak", GOODPUT_KEPT * 100.0));
    let points =
        |of: fn(&Curve) -> f64| -> Vec<(f64, f64)> { curve.iter().map(|one| (one.offered_per_second, of(one))).collect() };
    upper.series(&mut drawing, &points(refused), "peer", "not answered");
    upper.series(&mut drawing, &points(|one| one.good_per_second), "accent", "good");
    let (low, high) = decades(curve.iter().flat_map(|one| [one.p50_ms, one.p99_ms]));
    let lower = Panel { top: 400.0, x_most, y: Scale::Powers(low, high) };
    lower.axes(&mut drawing, "Latency of the good answers, ms, logarithmic", "offered a second");
    lower.series(&mut drawing, &points(|one| one.p99_ms), "peer", "p99");
    lower.series(&mut drawing, &points(|one| one.p50_ms), "accent", "p50");
    let said: Vec<String> = curve
        .iter()
        .map(|one| {
            let (offered, good) = (figure(one.offered_per_second), figure(one.good_per_second));
            format!("{offered} offered, {good} good, p99 {} ms", figure(one.p99_ms))
        })
        .collect();
    drawing.finish(&format!("Throughput and latency over the offered load: {name}"), &said.join("; "))
}

pub fn soak(points: &[SoakPoint]) -> String {
    let most = |of: fn(&SoakPoint) -> f64| points.iter().map(of).fold(0.0, f64::max);
    let x_most = ticks(most(|one| one.minute), 6.0).last().copied().unwrap_or(1.0);
    let mut drawing = Drawing::new(HEIGHT);
    let minutes = format!("{:.0} minutes of load", most(|one| one.minute));
    drawing.text(24.0, 36.0, Anchor::Start, "ink head", &minutes);
    drawing.text(24.0, 58.0, Anchor::Start, "muted", "A steady mix of operations; a point a minute.");
    let series = |of: fn(&SoakPoint) -> f64| -> Vec<(f64, f64)> { points.iter().map(|one| (one.minute, of(one))).collect() };
    let upper = Panel { top: 112.0, x_most, y: Scale::Linear(reach(most(|one| one.memory_mb).max(MEMORY_LIMIT_MB))) };
    upper.axes(&mut drawing, "Memory, MB", "minutes");
    upper.limit(&mut drawing, MEMORY_LIMIT_MB, "limit");
    upper.series(&mut drawing, &series(|one| one.memory_mb), "accent", "memory");
    let lower = Panel { top: 400.0, x_most, y: Scale::Linear(reach(most(|one| one.cpu_ms))) };
    lower.axes(&mut drawing, "Server CPU per operation, ms", "minutes");
    lower.series(&mut drawing, &series(|one| one.cpu_ms), "accent", "CPU");
    let said = |one: &SoakPoint| format!("Minute {:.0}: {} MB, {} ms.", one.minute, figure(one.memory_mb), figure(one.cpu_ms));
    let said: Vec<String> = points.first().into_iter().chain(points.last()).map(said).collect();
    drawing.finish("Memory and CPU per operation over a long run", &said.join(" "))
}
