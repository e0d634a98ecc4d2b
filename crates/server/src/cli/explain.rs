//! `poolhouse explain`: an error by its name, from the table of [`crate::meanings`]; a request or event by its id, from the audit
//! trail. Called by `cli`.

use std::path::PathBuf;
use std::process::ExitCode;

use poolhouse_wire::ErrorCode;

use super::out::Out;
use super::{runtime, store_of};
use crate::config::Ambient;
use crate::meanings::{self, Meaning};
use crate::nearest;
use crate::operator::audit::plain;
use crate::operator::commands::{AuditCommand, WhichStore};
use crate::run::{self, Assembly};
use crate::start_error::StartError;

pub(super) const HELP: &str = "Examples:\n  poolhouse explain NotAuthorizedException\n  poolhouse explain redirect_mismatch\n  \
    poolhouse explain 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed    a request: the header x-amzn-requestid, the log, or an event\n  \
    poolhouse explain CHAIN/NUMBER --config /etc/poolhouse/poolhouse.toml    an event, as its page in the console names it\n\n\
    An unknown name ends with 2.";

/// Names that are said to have been meant.
const NEAR: usize = 3;

#[derive(Debug, clap::Args)]
pub(super) struct ExplainOptions {
    /// Name of an error, id of a request, or place of an event
    #[arg(value_name = "ERROR|EVENT")]
    what: String,
    /// Data directory of `poolhouse dev`, where an event is looked for
    #[arg(long, value_name = "DIR", default_value = ".poolhouse", conflicts_with = "config")]
    data: PathBuf,
    /// Configuration of `poolhouse serve`, instead of a data directory
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(options: ExplainOptions, ambient: &Ambient, out: Out, assembly: &dyn Assembly) -> Result<ExitCode, StartError> {
    if let Some(known) = meanings::of(&options.what) {
        out.page(&text(known));
        return Ok(ExitCode::SUCCESS);
    }
    if !is_id(&options.what) {
        out.error(&unknown(&options.what));
        return Ok(ExitCode::from(2));
    }
    let ExplainOptions { what: id, data, config } = options;
    let store = match config {
        Some(config) => WhichStore { config, data: None },
        None => WhichStore { config: PathBuf::new(), data: Some(data) },
    };
    let settings = store_of(&store, ambient)?;
    run::harden();
    out.page(&runtime()?.block_on(assembly.audit(&settings, &AuditCommand::Explain { store, id }))?);
    Ok(ExitCode::SUCCESS)
}

/// Ids are hexadecimal digits and strokes; no error's name is.
fn is_id(what: &str) -> bool {
    what.contains(['-', '/']) && what.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'/'))
}

fn text(known: &Meaning) -> String {
    let Meaning { name, means, causes, next } = known;
    let (status, reference) = match name.parse::<ErrorCode>() {
        Ok(code) => (
            format!(" (HTTP {})", code.status()),
            "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_Operations.html",
        ),
        Err(_) => (String::new(), "https://www.rfc-editor.org/rfc/rfc6749#section-5.2"),
    };
    let causes: String = causes.iter().map(|cause| format!("  - {cause}\n")).collect();
    format!(
        "{name}{status}: {means}\n\nUsual causes\n{causes}\nWhat to do\n  {next}\n\nWhich of them it was\n  The answer's header \
         x-amzn-requestid, and the event in the console, name the request:\n    poolhouse explain REQUEST_ID\n\nReference\n  {reference}\n"
    )
}

fn unknown(what: &str) -> String {
    let near = nearest::some(what, meanings::all().map(|one| one.name), NEAR);
    let mut text = plain(&format!("There is no error {what}, and it is no id of a request."));
    if !near.is_empty() {
        text.push_str("\nDid you mean:");
        for name in near {
            text.push_str(&format!("\n    poolhouse explain {name}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_taken_for_an_id() {
        assert!(meanings::all().all(|one| !is_id(one.name)));
        assert!(is_id("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed") && is_id("1b9d6bcd-bbfd/12") && !is_id("bad") && !is_id("a-z"));
    }

    #[test]
    fn every_entry_fits_a_terminal_and_names_what_to_do() {
        for known in meanings::all() {
            let text = text(known);
            assert!(text.starts_with(known.name) && text.contains(known.next), "{text}");
        }
    }
}
