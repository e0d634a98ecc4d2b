//! The stylesheet: its size, its manners, and the contrast of its colours.

use super::{SCRIPT, STYLE};

#[test]
fn stylesheet_is_small_and_loads_nothing() {
    assert!(STYLE.len() < 20_000, "{} bytes", STYLE.len());
    for word in ["@import", "url(", "expression(", "!important"] {
        assert!(!STYLE.contains(word), "{word}");
    }
    for physical in ["margin-left", "margin-right", "padding-left", "padding-right", "border-left", "border-right", "float:"] {
        assert!(!STYLE.contains(physical), "{physical} does not turn around right to left");
    }
}

#[test]
fn script_is_small_and_makes_nothing_of_texts() {
    assert!(SCRIPT.len() < 6_144, "{} bytes", SCRIPT.len());
    for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "http:", "https:"] {
        assert!(!SCRIPT.contains(word), "{word}");
    }
}

#[test]
fn dark_is_the_same_by_the_system_and_by_choice() {
    let block = |selector: &str| {
        let text = STYLE.split(&format!("{selector} {{")).nth(1).unwrap().split('}').next().unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(block(DARK), block(":root:where([data-theme=dark])"));
}

const DARK: &str = ":root:where(:not([data-theme=light]))";

/// `--name` of the first (light) or second (dark) token block.
fn token(block: usize, name: &str) -> [f64; 3] {
    let text = STYLE.split([":root {", &format!("{DARK} {{")][block]).nth(1).unwrap().split('}').next().unwrap();
    let value = text.split(&format!("--{name}: #")).nth(1).unwrap_or_else(|| panic!("--{name}")).get(..6).unwrap();
    let part = |at: usize| f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
    [part(0), part(2), part(4)]
}

/// WCAG 2 contrast ratio.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let light = |c: [f64; 3]| {
        let [r, g, b] = c.map(|v| if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (x, y) = (light(a), light(b));
    (x.max(y) + 0.05) / (x.min(y) + 0.05)
}

#[test]
fn colours_can_be_read_in_light_and_dark() {
    for block in [0, 1] {
        for surface in ["page", "card", "code"] {
            for word in ["text", "muted", "accent", "accent-strong", "ok", "warn", "bad"] {
                let ratio = contrast(token(block, word), token(block, surface));
                assert!(ratio >= 4.5, "{word} on {surface} in theme {block}: {ratio:.2}");
            }
        }
        for (word, surface) in [("on-accent", "accent"), ("on-accent", "accent-strong"), ("on-bad", "bad")] {
            let ratio = contrast(token(block, word), token(block, surface));
            assert!(ratio >= 4.5, "{word} on {surface} in theme {block}: {ratio:.2}");
        }
        for (mark, surface) in [("control", "page"), ("control", "card"), ("accent", "page"), ("accent", "card"), ("bad", "card")]
        {
            let ratio = contrast(token(block, mark), token(block, surface));
            assert!(ratio >= 3.0, "{mark} against {surface} in theme {block}: {ratio:.2}");
        }
    }
}
