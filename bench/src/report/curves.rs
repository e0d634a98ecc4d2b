//! The plots over a running quantity: answers and latency over the offered load, memory and CPU over time. Called by the report.

use super::svg::{Anchor, Drawing, WIDTH, decades, figure, ticks};
use super::words::title;
use crate::results::{Overload, SoakPoint};

/// Of its peak, what a server has to keep answering when more is offered than it can do.
pub const GOODPUT_KEPT: f64 = 0.8;
/// Memory during load, MB.
pub const MEMORY_LIMIT_MB: f64 = 150.0;

const LEFT: f64 = 84.0;
const RIGHT: f64 = 132.0;
const PANEL: f64 = 200.0;

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

pub fn overload(overload: &Overload) -> String {
    let curve = &overload.curve;
    let most = |of: fn(&crate::results::Curve) -> f64| curve.iter().map(of).fold(0.0, f64::max);
    let x_most = ticks(most(|one| one.offered), 6.0).last().copied().unwrap_or(1.0);
    let rates = most(|one| one.good_per_second).max(most(|one| one.refused)).max(overload.peak_per_second);
    let mut drawing = Drawing::new(654.0);
    let heading = format!("Offered more than it can do: {}", title(&overload.operation).to_lowercase());
    drawing.text(24.0, 36.0, Anchor::Start, "ink head", &heading);
    drawing.text(24.0, 58.0, Anchor::Start, "muted", "Open loop; latency counts from the moment a request was due.");
    let upper = Panel { top: 112.0, x_most, y: Scale::Linear(reach(rates)) };
    upper.axes(&mut drawing, "Answers a second", "offered a second");
    let kept = overload.peak_per_second * GOODPUT_KEPT;
    upper.limit(&mut drawing, kept, &format!("{:.0} % of the peak", GOODPUT_KEPT * 100.0));
    let points = |of: fn(&crate::results::Curve) -> f64| -> Vec<(f64, f64)> { curve.iter().map(|one| (one.offered, of(one))).collect() };
    upper.series(&mut drawing, &points(|one| one.refused), "peer", "refused");
    upper.series(&mut drawing, &points(|one| one.good_per_second), "accent", "good");
    let (low, high) = decades(curve.iter().flat_map(|one| [one.p50, one.p99]));
    let lower = Panel { top: 400.0, x_most, y: Scale::Powers(low, high) };
    lower.axes(&mut drawing, "Latency of the good answers, ms, logarithmic", "offered a second");
    lower.series(&mut drawing, &points(|one| one.p99), "peer", "p99");
    lower.series(&mut drawing, &points(|one| one.p50), "accent", "p50");
    let said: Vec<String> = curve
        .iter()
        .map(|one| {
            let (offered, good) = (figure(one.offered), figure(one.good_per_second));
            format!("{offered} offered, {good} good, {} refused, p99 {} ms", figure(one.refused), figure(one.p99))
        })
        .collect();
    drawing.finish("Throughput and latency over the offered load", &said.join("; "))
}

pub fn soak(points: &[SoakPoint]) -> String {
    let most = |of: fn(&SoakPoint) -> f64| points.iter().map(of).fold(0.0, f64::max);
    let x_most = ticks(most(|one| one.minute), 6.0).last().copied().unwrap_or(1.0);
    let mut drawing = Drawing::new(654.0);
    let minutes = format!("{:.0} minutes of load", most(|one| one.minute));
    drawing.text(24.0, 36.0, Anchor::Start, "ink head", &minutes);
    drawing.text(24.0, 58.0, Anchor::Start, "muted", "A mix of all operations in a closed loop; a point a minute.");
    let series = |of: fn(&SoakPoint) -> f64| -> Vec<(f64, f64)> { points.iter().map(|one| (one.minute, of(one))).collect() };
    let upper = Panel { top: 112.0, x_most, y: Scale::Linear(reach(most(|one| one.memory_mb).max(MEMORY_LIMIT_MB))) };
    upper.axes(&mut drawing, "Memory, MB", "minutes");
    upper.limit(&mut drawing, MEMORY_LIMIT_MB, "limit");
    upper.series(&mut drawing, &series(|one| one.memory_mb), "accent", "memory");
    let lower = Panel { top: 400.0, x_most, y: Scale::Linear(reach(most(|one| one.cpu_ms_per_operation))) };
    lower.axes(&mut drawing, "Server CPU per operation, ms", "minutes");
    lower.series(&mut drawing, &series(|one| one.cpu_ms_per_operation), "accent", "CPU");
    let first = points.first().cloned().unwrap_or_default();
    let last = points.last().cloned().unwrap_or_default();
    let said = format!(
        "Memory {} MB after minute {:.0}, {} MB after minute {:.0}; CPU per operation {} and {} ms.",
        figure(first.memory_mb),
        first.minute,
        figure(last.memory_mb),
        last.minute,
        figure(first.cpu_ms_per_operation),
        figure(last.cpu_ms_per_operation)
    );
    drawing.finish("Memory and CPU per operation over a long run", &said)
}
