//! What the checks of the doctor found, as text and as JSON. Called by `doctor`.

use std::path::Path;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// Works, and may surprise.
    Warn,
    Bad,
}

/// The outcome of one check.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    status: Status,
    what: String,
    /// Lines to copy.
    next: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, what: what.into(), next: None }
    }

    pub(super) fn warn(check: &'static str, what: impl Into<String>, next: Option<&str>) -> Self {
        Self { check, status: Status::Warn, what: what.into(), next: next.map(str::to_owned) }
    }

    pub(super) fn bad(check: &'static str, what: impl Into<String>, next: &str) -> Self {
        Self { check, status: Status::Bad, what: what.into(), next: Some(next.to_owned()) }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }
}

/// All of them, in the order of looking.
#[derive(Debug)]
pub(super) struct Findings {
    about: String,
    all: Vec<Finding>,
}

impl Findings {
    /// None yet, on a directory or file.
    pub(super) fn on(path: &Path) -> Self {
        Self { about: path.display().to_string(), all: Vec::new() }
    }

    pub(super) fn push(&mut self, finding: Finding) {
        self.all.push(finding);
    }

    pub(super) fn extend(&mut self, more: Vec<Finding>) {
        self.all.extend(more);
    }

    pub(super) fn any_bad(&self) -> bool {
        self.count(Status::Bad) > 0
    }

    fn count(&self, status: Status) -> usize {
        self.all.iter().filter(|finding| finding.status == status).count()
    }

    pub(super) fn json(&self) -> String {
        let document = serde_json::json!({
            "about": self.about,
            "version": env!("CARGO_PKG_VERSION"),
            "checks": self.all,
            "ok": self.count(Status::Ok),
            "warn": self.count(Status::Warn),
            "bad": self.count(Status::Bad),
        });
        format!("{document:#}")
    }

    /// A headline, two columns and the sentence, the next step below it, and how many of each there are.
    pub(super) fn text(&self) -> String {
        let width = self.all.iter().map(|finding| finding.check.len()).max().unwrap_or_default();
        let mut text = format!("Poolhouse {} looks at {}\n\n", env!("CARGO_PKG_VERSION"), self.about);
        for Finding { check, status, what, next } in &self.all {
            let word = match status {
                Status::Ok => "ok",
                Status::Warn => "warn",
                Status::Bad => "bad",
            };
            text.push_str(&format!("{word:<4}  {check:<width$}  {}\n", what.replace('\n', "; ")));
            for line in next.iter().flat_map(|next| next.lines()) {
                text.push_str(&format!("{:1$}{line}\n", "", width + 8));
            }
        }
        let [ok, warn, bad] = [Status::Ok, Status::Warn, Status::Bad].map(|status| self.count(status));
        text.push_str(&format!("\n{bad} bad, {warn} to look at, {ok} in order\n"));
        text
    }
}
