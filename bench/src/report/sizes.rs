//! The plot of 1 k, 100 k and 1 M users: what each operation costs over its cost at the smallest size. Called by the report.

use super::svg::{Anchor, Drawing, WIDTH, figure};
use super::words::{place, users};
use crate::driver::as_f64;
use crate::results::Measured;

/// What an operation may cost at any size, over its cost at the smallest.
pub const LIMIT: f64 = 1.25;

const LEFT: f64 = 250.0;
const RIGHT: f64 = 150.0;
const ROW: f64 = 16.0;
const GAP: f64 = 14.0;
const TOP: f64 = 112.0;
const MOST: f64 = 2.5;

/// One operation on one store at every size, the smallest first.
pub struct Group<'r> {
    pub operation: &'r str,
    pub store: &'r str,
    pub sizes: Vec<&'r Measured>,
}

impl Group<'_> {
    /// CPU at a size over CPU at the smallest.
    pub fn over_first(&self, one: &Measured) -> f64 {
        self.sizes.first().map_or(1.0, |first| one.cpu_ms / first.cpu_ms)
    }

    pub fn worst(&self) -> f64 {
        self.sizes.iter().map(|one| self.over_first(one)).fold(0.0, f64::max)
    }
}

/// What was measured at two sizes or more.
pub fn groups(measured: &[Measured]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for one in measured.iter().filter(|one| one.cpu_ms > 0.0) {
        let known = groups.iter_mut().find(|group| group.operation == one.operation && group.store == one.store);
        match known {
            Some(group) => group.sizes.push(one),
            None => groups.push(Group { operation: &one.operation, store: &one.store, sizes: vec![one] }),
        }
    }
    for group in &mut groups {
        group.sizes.sort_by_key(|one| one.users);
        group.sizes.dedup_by_key(|one| one.users);
    }
    groups.retain(|group| group.sizes.len() > 1);
    groups.sort_by_key(|group| place(group.operation));
    groups
}

pub fn plot(groups: &[Group<'_>]) -> String {
    let height = |group: &Group<'_>| as_f64(group.sizes.len() as u64) * ROW + GAP;
    let bottom = TOP + groups.iter().map(height).sum::<f64>();
    let mut drawing = Drawing::new(bottom + 44.0);
    drawing.text(24.0, 36.0, Anchor::Start, "ink head", "More users, the same cost");
    drawing.text(24.0, 58.0, Anchor::Start, "muted", "Server CPU per operation over its CPU at the smallest size.");
    drawing.line((30.0, 70.0), (30.0, 88.0), "limit thick");
    drawing.text(42.0, 84.0, Anchor::Start, "ink small", &format!("limit, {LIMIT} × the smallest size"));
    let most = groups.iter().map(Group::worst).fold(1.5, f64::max).min(MOST);
    let scale = (WIDTH - LEFT - RIGHT) / most;
    let mut tick = 0.0;
    while tick <= most {
        drawing.line((LEFT + tick * scale, TOP - 6.0), (LEFT + tick * scale, bottom), "rule");
        drawing.text(LEFT + tick * scale, bottom + 18.0, Anchor::Middle, "muted small", &format!("{tick} ×"));
        tick += 0.5;
    }
    let mut y = TOP;
    for group in groups {
        let began = y;
        drawing.text(24.0, y + 12.0, Anchor::Start, "ink bold", group.operation);
        drawing.text(24.0, y + 28.0, Anchor::Start, "muted small", group.store);
        for (one, class) in group.sizes.iter().zip(["s4", "s2", "s1"].into_iter().cycle()) {
            let over = group.over_first(one);
            drawing.text(LEFT - 10.0, y + 12.0, Anchor::End, "muted small", &users(one.users));
            drawing.bar(LEFT, y + 2.0, over.min(most) * scale, ROW - 4.0, class);
            let words = format!("{} ms, {over:.2} ×", figure(one.cpu_ms));
            let class = if over > LIMIT { "limit small bold" } else { "ink small" };
            drawing.text(WIDTH - RIGHT + 12.0, y + 12.0, Anchor::Start, class, &words);
            y += ROW;
        }
        drawing.line((LEFT + LIMIT * scale, began), (LEFT + LIMIT * scale, y), "limit thick");
        y += GAP;
    }
    let said: Vec<String> = groups
        .iter()
        .map(|group| format!("{} on {}: at most {:.2} times", group.operation, group.store, group.worst()))
        .collect();
    drawing.finish("Server CPU per operation over the number of users", &said.join("; "))
}
