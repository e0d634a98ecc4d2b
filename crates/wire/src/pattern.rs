//! The model's patterns, which are Java regular expressions matched against the whole string, on a linear-time engine.
//! Used by the generated table and `decode`.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use crate::generated::shapes::PATTERNS;

/// One look-behind stands in the model: "does not end in a dot". The engine has none, so it is checked by hand.
const NO_FINAL_DOT: &str = "(?<!\\.)$";

/// Most bytes of one compiled pattern, and of the tables that grow while it runs: a few times what the largest takes.
const COMPILED_MAX: usize = 8 << 20;
const TABLES_MAX: usize = 4 << 20;

/// A pattern of the model, compiled at its first use.
#[derive(Debug)]
pub struct Pattern {
    /// As the model writes it, and as messages quote it.
    pub text: &'static str,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, regex: OnceLock::new() }
    }

    /// Whether the whole value matches. A pattern that does not compile matches nothing (a test compiles them all).
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        if self.text.ends_with(NO_FINAL_DOT) && value.ends_with('.') {
            return false;
        }
        self.regex().is_some_and(|regex| regex.is_match(value))
    }

    /// Whether the pattern could be compiled.
    #[must_use]
    pub fn compiles(&self) -> bool {
        self.regex().is_some()
    }

    fn regex(&self) -> Option<&Regex> {
        let compile = || RegexBuilder::new(&from_java(self.text)).size_limit(COMPILED_MAX).dfa_size_limit(TABLES_MAX).build();
        self.regex.get_or_init(|| compile().ok()).as_ref()
    }
}

/// Compiles every pattern of the model, so that no request pays for it (some tens of milliseconds in all). Call it once
/// at the start; the error is the text of a pattern that does not compile.
pub fn compile_patterns() -> Result<(), &'static str> {
    match PATTERNS.iter().find(|pattern| !pattern.compiles()) {
        Some(broken) => Err(broken.text),
        None => Ok(()),
    }
}

/// Java's meaning in this engine's syntax: `\w` and `\s` are ASCII, `.` stops at every Java line terminator.
fn from_java(pattern: &str) -> String {
    let dotall = pattern.starts_with("(?s)");
    let pattern = pattern.strip_suffix(NO_FINAL_DOT).unwrap_or(pattern);
    let mut out = String::from(r"\A(?:");
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match (chars.next().unwrap_or('\\'), in_class) {
                ('w', true) => out.push_str("[:word:]"),
                ('w', false) => out.push_str("[[:word:]]"),
                ('d', true) => out.push_str("0-9"),
                ('d', false) => out.push_str("[0-9]"),
                ('s', true) => out.push_str(r"\t\n\x0B\f\r\x20"),
                ('s', false) => out.push_str(r"[\t\n\x0B\f\r\x20]"),
                ('S', _) => out.push_str(r"[^\t\n\x0B\f\r\x20]"),
                (other, _) => out.extend(['\\', other]),
            },
            '.' if !in_class && !dotall => out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            _ => {
                in_class = (in_class || c == '[') && c != ']';
                out.push(c);
            }
        }
    }
    out.push_str(r")\z");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &'static str, value: &str) -> bool {
        Pattern::new(pattern).matches(value)
    }

    #[test]
    fn every_pattern_of_the_model_compiles() {
        assert_eq!(compile_patterns(), Ok(()));
        assert!(PATTERNS.len() > 30, "{}", PATTERNS.len());
    }

    #[test]
    fn a_pattern_must_match_the_whole_value() {
        assert!(matches(r"[\w-]+_[0-9a-zA-Z]+", "us-east-1_aBc9"));
        assert!(!matches(r"[\w-]+_[0-9a-zA-Z]+", "us-east-1_aBc9\n"));
        assert!(!matches("[0-9]+", "1a"));
        assert!(!matches("^[0-9a-fA-F]+$", "ab\n"));
    }

    #[test]
    fn word_and_space_classes_are_ascii() {
        assert!(!matches(r"[\w+]+", "é"));
        assert!(matches(r"[\S]+", "pä\u{a0}ss"));
        assert!(!matches(r"[\S]+", "a b"));
        assert!(matches(r"^[\S]+.*[\S]+$", "a b"));
        assert!(!matches(r"^[\S]+.*[\S]+$", "a b "));
        assert!(!matches(r"^[\S]+.*[\S]+$", "a \u{2028} b"));
        assert!(matches("(?s).*", "a\n\u{2028}b"));
    }

    #[test]
    fn the_look_behind_refuses_a_final_dot() {
        let pattern = r"^[0-9A-Za-z\.\-_]*(?<!\.)$";
        assert!(matches(pattern, "a.b-c") && matches(pattern, ""));
        assert!(!matches(pattern, "a.b.") && !matches(pattern, "a b"));
    }

    /// Strings on which a backtracking engine doubles its work with every byte: repetitions that almost match, at the most
    /// bytes that any request may have, and at half and a quarter of that.
    #[test]
    fn sec_149_strings_that_almost_match_are_answered_at_every_length() {
        let pieces =
            ["a", "a ", "=", "1.", "+-", "\u{e9}", "\u{2028}", "\u{ff21}", "arn:aws:", "a@", ":/", "é\u{301}", "{####}", "_"];
        for length in [32 << 10, 64 << 10, 128 << 10] {
            for pattern in PATTERNS {
                for piece in pieces {
                    let mut text = piece.repeat(length / piece.len());
                    let whole = pattern.matches(&text);
                    text.push('\0');
                    // Whether it matches is not the point; that NUL at the end decides at most once is.
                    assert!(whole || !pattern.matches(&text) || pattern.text.contains('.'), "{}", pattern.text);
                }
            }
        }
    }
}
