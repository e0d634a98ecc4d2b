//! What applying a seed changed, or would change: one line for each thing, and under it the members that differ. Made by
//! `seed::apply`; printed by the command line.

use serde::Serialize;

/// Everything, in the order in which it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: Kind,
    /// What is changed, such as `client 1abc (web) of eu-central-1_AbCdEfGhI`.
    pub what: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Leaf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Add,
    Change,
    Delete,
}

/// One member that differs. Neither value where it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaf {
    pub member: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

impl Leaf {
    /// A secret that differs.
    #[must_use]
    pub fn secret(member: &str) -> Self {
        Self { member: member.to_owned(), from: None, to: None }
    }
}

impl Report {
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }

    /// For people: `+`, `~` and `-` lines, and a last one that sums up.
    #[must_use]
    pub fn text(&self, would: bool) -> String {
        let mut text = String::new();
        for Change { kind, what, members } in &self.changes {
            let sign = match kind {
                Kind::Add => '+',
                Kind::Change => '~',
                Kind::Delete => '-',
            };
            text.push_str(&format!("{sign} {}\n", plain(what)));
            for Leaf { member, from, to } in members {
                let (from, to) = (from.as_deref().unwrap_or("nothing"), to.as_deref().unwrap_or("nothing"));
                let line = if from == to { format!("{member} (not shown)") } else { format!("{member}: {from} -> {to}") };
                text.push_str(&format!("    {}\n", plain(&line)));
            }
        }
        let [added, changed, deleted] = [Kind::Add, Kind::Change, Kind::Delete].map(|kind| self.count(kind));
        match (self.changes.is_empty(), would) {
            (true, _) => text.push_str("Nothing differs.\n"),
            (false, true) => text.push_str(&format!("{added} to add, {changed} to change, {deleted} to delete.\n")),
            (false, false) => text.push_str(&format!("{added} added, {changed} changed, {deleted} deleted.\n")),
        }
        text
    }
}

/// Names come from callers: none may speak to the terminal (checklist 141).
fn plain(text: &str) -> String {
    crate::operator::audit::plain(text)
}
