//! What the command line prints: the only place in the program that writes to standard output or standard error
//! (log lines apart). Colours go to terminals only, and not where `NO_COLOR` is set. Called by `cli`.

use std::io::{IsTerminal as _, Write as _};

/// A printer that knows whether it may use colours.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    colour: bool,
    colour_errors: bool,
}

impl Out {
    #[must_use]
    pub fn new(no_color: bool) -> Self {
        Self { colour: !no_color && std::io::stdout().is_terminal(), colour_errors: !no_color && std::io::stderr().is_terminal() }
    }

    /// Text for people or for another program, as is. A closed pipe is not an error.
    pub fn text(self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = out.write_all(b"\n");
        }
        let _ = out.flush();
    }

    /// Text whose first line is a headline, and in which `command` lines (those that start with four spaces) and warnings (`! `)
    /// stand out.
    pub fn page(self, text: &str) {
        if !self.colour {
            return self.text(text);
        }
        let mut lines = text.lines();
        let mut painted = format!("\x1b[1m{}\x1b[0m\n", lines.next().unwrap_or_default());
        for line in lines {
            match line.strip_prefix("    ") {
                Some(command) => painted.push_str(&format!("    \x1b[36m{command}\x1b[0m\n")),
                None if line.starts_with("! ") => painted.push_str(&format!("\x1b[1;33m{line}\x1b[0m\n")),
                None => painted.push_str(&format!("{line}\n")),
            }
        }
        self.text(&painted);
    }

    /// Lines that begin with `+`, `~` or `-`: what is added, changed, deleted.
    pub fn changes(self, text: &str) {
        if !self.colour {
            return self.text(text);
        }
        let mut painted = String::new();
        for line in text.lines() {
            let colour = match line.get(..2) {
                Some("+ ") => "32",
                Some("~ ") => "33",
                Some("- ") => "31",
                _ => "0",
            };
            painted.push_str(&format!("\x1b[{colour}m{line}\x1b[0m\n"));
        }
        self.text(&painted);
    }

    /// A headline, and lines that begin with `ok`, `warn` or `bad`, or with spaces: commands.
    pub fn findings(self, text: &str) {
        if !self.colour {
            return self.text(text);
        }
        let mut painted = String::new();
        for (at, line) in text.lines().enumerate() {
            let word = line.split(' ').next().unwrap_or_default();
            let (colour, part) = match word {
                _ if at == 0 => ("1", line),
                _ if line.is_empty() => ("0", line),
                "ok" => ("32", word),
                "warn" => ("1;33", word),
                "bad" => ("1;31", word),
                "" => ("36", line),
                _ => ("0", word),
            };
            let rest = line.get(part.len()..).unwrap_or_default();
            painted.push_str(&format!("\x1b[{colour}m{part}\x1b[0m{rest}\n"));
        }
        self.text(&painted);
    }

    /// How far a long run has come, on standard error: standard output is the result's.
    pub fn progress(self, line: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }

    /// A complaint, on standard error.
    pub fn error(self, text: &str) {
        let text = text.trim_end();
        let painted = match text.split_once('\n') {
            _ if !self.colour_errors => text.to_owned(),
            Some((first, rest)) => format!("\x1b[1;31m{first}\x1b[0m\n{rest}"),
            None => format!("\x1b[1;31m{text}\x1b[0m"),
        };
        let mut out = std::io::stderr().lock();
        let _ = out.write_all(painted.as_bytes());
        let _ = out.write_all(b"\n");
    }
}
