//! A reason not to start, told as what is wrong, why it matters and what to set. Called by the checks and the CLI.

use std::path::Path;

/// One thing that is missing or unsafe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, one sentence.
    pub what: String,
    /// What could happen, one sentence.
    pub why: String,
    /// A line or command to copy.
    pub set: String,
}

impl Refusal {
    pub fn new(what: impl Into<String>, why: impl Into<String>, set: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), set: set.into() }
    }

    /// For the caller that has opened the store and found no access key in it.
    #[must_use]
    pub fn no_access_keys(config: Option<&Path>) -> Self {
        let config = config.map_or_else(|| "poolhouse.toml".into(), Path::to_string_lossy);
        Self::new(
            "There is no access key.",
            "Administrators' calls are signed with access keys, so nobody could create a pool or a user.",
            format!("poolhouse access-key create --config {config} --name admin --allow '*'"),
        )
    }

    /// For `sandbox = "require"` on a kernel that lacks parts of it.
    #[must_use]
    pub fn no_sandbox(missing: &[String]) -> Self {
        Self::new(
            format!("The sandbox is required, and not in force: {}.", missing.join("; ")),
            "Whoever breaks into the process could do more than serving needs.",
            "sandbox = \"on\" (as far as the kernel can), or run Linux 6.12 or newer with Landlock and seccomp",
        )
    }
}

/// The numbered list that `serve` prints instead of starting.
#[must_use]
pub fn numbered(refusals: &[Refusal]) -> String {
    let things = if refusals.len() == 1 { "1 thing is".to_owned() } else { format!("{} things are", refusals.len()) };
    let mut text = format!("Poolhouse does not start: {things} missing or unsafe.\n");
    for (at, refusal) in refusals.iter().enumerate() {
        let Refusal { what, why, set } = refusal;
        let set = if set.contains('\n') { format!("\n       {}", set.replace('\n', "\n       ")) } else { format!(" {set}") };
        text.push_str(&format!("\n{:>3}. {what}\n     {why}\n     Set:{set}\n", at + 1));
    }
    text
}
