//! A drawing as SVG text: shapes, words, axes, and the colours of both themes. Called by the plots of the report.
//! An image that a page shows by `<img>` still knows whether the reader prefers a dark theme, so one file serves both.

use std::fmt::Write as _;

/// Width of every drawing, in its own units; its height is what it needs.
pub const WIDTH: f64 = 860.0;

/// Colours by class, light then dark. `s1`…`s5` are the parts of a stack; `own` is what a server adds of its own.
const COLOURS: [(&str, &str, &str); 15] = [
    ("page", "#ffffff", "#152027"),
    ("ink", "#16222b", "#e4edf2"),
    ("muted", "#52626e", "#9bb0bc"),
    ("rule", "#d5dee3", "#2a3942"),
    ("accent", "#0a6677", "#5fc9dc"),
    ("peer", "#7b8d99", "#8ea3b0"),
    ("limit", "#b3261e", "#ff9489"),
    ("own", "#d98a1f", "#f0b354"),
    ("s1", "#0a6677", "#2f93a5"),
    ("s2", "#5aa7b4", "#7fd0de"),
    ("s3", "#35506a", "#5b7fa6"),
    ("s4", "#93b7d4", "#a9c8e6"),
    ("s5", "#8a9a5b", "#a9bd72"),
    ("s6", "#b9c3c9", "#5d6f7a"),
    ("s7", "#c08aa8", "#9a5f80"),
];

pub struct Drawing {
    body: String,
    height: f64,
}

/// Where a word stands over its point.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Drawing {
    pub fn new(height: f64) -> Self {
        Drawing { body: String::new(), height }
    }

    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let words = escaped(words);
        self.add(&format!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" class="{class}">{words}</text>"#));
    }

    /// A rectangle; one of no width is left out.
    pub fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, class: &str) {
        if width > 0.0 {
            self.add(&format!(r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" class="{class}"/>"#));
        }
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(&format!(r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="line {class}"/>"#));
    }

    pub fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.add(&format!(r#"<polyline points="{}" class="line path {class}"/>"#, points.join(" ")));
    }

    /// A filled dot, or a ring.
    pub fn dot(&mut self, x: f64, y: f64, radius: f64, filled: bool, class: &str) {
        let class = if filled { class.to_owned() } else { format!("ring line {class}") };
        self.add(&format!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius:.1}" class="{class}"/>"#));
    }

    fn add(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// The whole file. `title` and `description` are what a screen reader says.
    pub fn finish(self, title: &str, description: &str) -> String {
        let Drawing { body, height } = self;
        let (title, description) = (escaped(title), escaped(description));
        let style = style();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" \
             height=\"{height:.0}\" role=\"img\" aria-labelledby=\"title description\">\n\
             <title id=\"title\">{title}</title>\n<desc id=\"description\">{description}</desc>\n\
             <style>\n{style}</style>\n\
             <rect x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"12\" class=\"page line edge\"/>\n{body}</svg>\n",
            WIDTH - 1.0,
            height - 1.0,
        )
    }
}

fn style() -> String {
    let mut css = String::from(
        "text{font:13px system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif;font-variant-numeric:tabular-nums}\n\
         .head{font-size:18px;font-weight:600}.bold{font-weight:600}.small{font-size:12px}\n\
         .line{stroke-width:1}.path{fill:none;stroke-width:2;stroke-linejoin:round}\n\
         .ring{stroke-width:2}.thick{stroke-width:2}.dash{stroke-dasharray:5 4;stroke-width:1.5}\n",
    );
    for (theme, dark) in [("", false), ("@media (prefers-color-scheme:dark){\n", true)] {
        css.push_str(theme);
        for (class, light_colour, dark_colour) in COLOURS {
            let colour = if dark { dark_colour } else { light_colour };
            _ = writeln!(css, ".{class}{{fill:{colour}}}.line.{class}{{stroke:{colour}}}");
        }
        let (page, rule) = if dark { ("#152027", "#2a3942") } else { ("#ffffff", "#d5dee3") };
        _ = writeln!(css, ".line.path{{fill:none}}.ring{{fill:{page}}}.edge.line{{stroke:{rule}}}");
        css.push_str(if dark { "}\n" } else { "" });
    }
    css
}

pub fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Steps of 1, 2 or 5 times a power of ten, from zero to the first at or over `most`; about `wanted` of them.
pub fn ticks(most: f64, wanted: f64) -> Vec<f64> {
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let rough = most / wanted.max(1.0);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough).unwrap_or(power);
    let mut ticks = vec![0.0];
    let mut count = 0.0;
    while ticks.last().is_none_or(|last| *last < most - step * 1e-9) {
        count += 1.0;
        ticks.push(step * count);
    }
    ticks
}

/// The powers of ten that hold every value.
pub fn decades(values: impl Iterator<Item = f64>) -> (i32, i32) {
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for value in values.filter(|value| value.is_finite() && *value > 0.0) {
        least = least.min(value);
        most = most.max(value);
    }
    if most == 0.0 {
        return (0, 1);
    }
    let (low, high) = (power_under(least), power_under(most) + 1);
    (low, high.max(low + 1))
}

#[expect(clippy::cast_possible_truncation, reason = "a power of ten of a finite f64 is within ±330")]
fn power_under(value: f64) -> i32 {
    (value.log10() + 1e-9).floor() as i32
}

/// A figure with three digits that count, and thousands apart.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let digits = match value.abs() {
        0.0 => 0,
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        v if v >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut apart = String::new();
    for (at, digit) in whole.chars().enumerate() {
        let left = whole.len() - at;
        if at > 0 && left % 3 == 0 && !apart.ends_with('-') {
            apart.push(',');
        }
        apart.push(digit);
    }
    rest.map_or(apart.clone(), |rest| format!("{apart}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits() {
        let shown = [0.0312, 0.498, 1.0, 20.24, 498.4, 1_234_567.0, 0.0].map(figure);
        assert_eq!(shown, ["0.0312", "0.498", "1.00", "20.2", "498", "1,234,567", "0"]);
    }

    #[test]
    fn ticks_reach_the_largest_value_in_round_steps() {
        assert_eq!(ticks(148.0, 5.0), [0.0, 50.0, 100.0, 150.0]);
        assert_eq!(ticks(0.0, 5.0).len(), 6);
        assert_eq!(decades([0.03, 20.0].into_iter()), (-2, 2));
        assert_eq!(decades([0.01, 10.0].into_iter()), (-2, 2));
        assert_eq!(decades([].into_iter()), (0, 1));
    }

    #[test]
    fn words_cannot_leave_their_element() {
        let mut drawing = Drawing::new(20.0);
        drawing.text(1.0, 1.0, Anchor::Start, "ink", "<script>&\"");
        let file = drawing.finish("<t>", "d");
        assert!(!file.contains("<script>") && !file.contains("<t>") && file.contains("&lt;script&gt;&amp;&quot;"));
    }
}
