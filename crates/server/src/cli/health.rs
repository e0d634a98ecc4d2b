//! `poolhouse health [URL]`: one plain HTTP request to a server on this machine, for containers and other places that have no
//! client of their own. Called by `cli`.

use std::time::Duration;

use super::http;
use super::out::Out;
use crate::start_error::StartError;

/// Longest wait at each step.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks, and prints the status.
pub(super) fn ask(url: &str, out: Out) -> Result<(), StartError> {
    let bare = url.strip_prefix("http://").is_some_and(|rest| !rest.contains('/'));
    let asked = if bare { format!("{url}/_poolhouse/health") } else { url.to_owned() };
    let answer = http::call("GET", &asked, None, TIMEOUT).map_err(|why| StartError::Failed(format!("{url}: {why}")))?;
    if answer.status != 200 {
        return Err(StartError::Failed(format!("{url}: the server answers {}", answer.status)));
    }
    out.text("healthy");
    Ok(())
}
