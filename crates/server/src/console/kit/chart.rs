//! How often things happened over time, as bars that are drawn here: the page's part of a chart, with its table. Filled by pages
//! that count; knows nothing of what is counted.

use serde::Serialize;

use super::frame::Entry;
use crate::pages::fields::Moment;

/// Units of the drawing: a bar with its gap, and the tallest bar. The picture is scaled to its place.
const STEP: u64 = 10;
const TALLEST: u64 = 56;
/// What happened once is seen beside what happened a thousand times.
const SHORTEST: u64 = 3;

#[derive(Clone, Serialize)]
pub struct Chart {
    /// The heading's id, unique on the page.
    pub id: String,
    pub title: String,
    /// What the chart shows, in a sentence.
    pub summary: String,
    /// Links to the same over another time; the one that is shown is `here`.
    pub periods: Vec<Entry>,
    /// A picture each, told apart by its name and its pattern; three at most. Empty where nothing happened.
    pub lanes: Vec<Lane>,
    /// Both ends of the time.
    pub from: Moment,
    pub until: Moment,
    /// Width of a picture.
    pub width: u64,
    /// Names of the columns, and the parts of the time in which something happened.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
    /// What was not counted, in a sentence.
    pub bound: Option<String>,
}

/// One thing that is counted.
#[derive(Clone, Serialize)]
pub struct Lane {
    pub name: String,
    pub total: u64,
    /// What the tallest bar stands for, in words.
    pub most: Option<String>,
    pub bars: Vec<Bar>,
}

#[derive(Clone, Serialize)]
pub struct Bar {
    pub x: u64,
    pub y: u64,
    pub height: u64,
}

/// One part of the time.
#[derive(Clone, Serialize)]
pub struct Row {
    pub from: Moment,
    pub counts: Vec<u64>,
}

/// The width of a picture of so many parts.
pub fn width(parts: usize) -> u64 {
    u64::try_from(parts).unwrap_or(0) * STEP
}

/// The bars of one lane. All lanes of a chart have one `scale`: the highest count of any of them.
pub fn bars(counts: &[u64], scale: u64) -> Vec<Bar> {
    let bar = |(at, count): (usize, &u64)| {
        let height = (count * TALLEST / scale.max(1)).max(SHORTEST);
        (*count > 0).then(|| Bar { x: width(at) + 1, y: TALLEST + 2 - height, height })
    };
    counts.iter().enumerate().filter_map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_ground_and_one_is_seen_beside_a_thousand() {
        let drawn = bars(&[1000, 0, 1], 1000);
        let places: Vec<(u64, u64, u64)> = drawn.iter().map(|bar| (bar.x, bar.y + bar.height, bar.height)).collect();
        assert_eq!(places, [(1, 58, 56), (21, 58, 3)]);
        assert!(bars(&[0, 0], 0).is_empty());
    }
}
