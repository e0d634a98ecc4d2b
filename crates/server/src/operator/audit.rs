//! `poolhouse audit`: from the command to the engine's trail, and how the answer looks. Called by `assembly`, and by the
//! control API for the look of an event.

use poolhouse_engine::audit::{Broken, Event, Filter, Kind, Listed, Verified};
use poolhouse_engine::ctx::Engine;
use poolhouse_engine::error::Error;
use serde_json::{Value, json};

use super::commands::AuditCommand;
use crate::console::events::words;
use crate::meanings;

/// More than one request leaves in the trail.
const EVENTS_OF_A_REQUEST: usize = 64;

/// Does it. `Ok` is to be printed; a trail that does not verify is an `Err` that names the row.
///
/// # Errors
/// The store's, in a sentence; a row that is not as it was written.
pub async fn run(engine: &Engine, command: &AuditCommand) -> Result<String, String> {
    let told = |error: Error| error.detail().map_or_else(|| error.message().to_owned(), |detail| detail.cause.clone());
    match command {
        AuditCommand::List { store: _, pool, since, alerts, last, json } => {
            let since = engine.clock.now().saturating_sub(*since);
            let filter = Filter { since, pool: pool.clone(), alerts_only: *alerts, most: (*last).max(1), ..Filter::default() };
            let (events, more) = engine.audit.list(&filter).await.map_err(told)?;
            Ok(if *json { lines(&events) } else { table(&events, more) })
        }
        AuditCommand::Explain { store: _, id } => {
            let events = match id.split_once('/').map(|(chain, seq)| (chain, seq.parse())) {
                Some((chain, Ok(seq))) => engine.audit.of_request(chain, seq).await.map_err(told)?,
                _ => {
                    let mut events =
                        engine.audit.newest(|event| event.request_id == *id, None, EVENTS_OF_A_REQUEST).await.map_err(told)?.0;
                    events.reverse();
                    events
                }
            };
            explained(id, &events)
        }
        AuditCommand::Verify { .. } => match engine.audit.verify().await.map_err(told)? {
            Ok(found) => Ok(verified(&found)),
            Err(Broken { chain, seq, why }) => Err(format!(
                "The audit trail is broken: row {seq} of chain {chain}: {why}.\nWhoever did this could write to the database. \
                 Rows of other chains, and those before it, have to be looked at with a copy from before."
            )),
        },
    }
}

/// Events of one request, as sentences; then what to do about the error they end with.
fn explained(id: &str, events: &[Listed]) -> Result<String, String> {
    if events.is_empty() {
        return Err(plain(&format!(
            "No event of {id} is in the audit trail. Calls that only read are not in it, and this may be another instance's: name its \
             --data or --config."
        )));
    }
    let mut text = String::new();
    for listed in events {
        text.push_str(&format!("{}\n{}\n\n", plain(&words::sentence(&listed.event)), line(&listed.event)));
    }
    let ends = events.iter().rev().find_map(|listed| listed.event.result.as_deref());
    match ends.and_then(meanings::of) {
        Some(known) => text.push_str(&format!("Next: {}.\n    poolhouse explain {}\n", known.next, known.name)),
        None => text.push_str("Nothing is left to do: it was allowed, and done.\n"),
    }
    Ok(text)
}

fn verified(found: &Verified) -> String {
    let mut text = format!("{} in {}: all as they were written.\n", many(found.rows, "row"), many(found.chains, "chain"));
    if found.open > 0 {
        text.push_str(&format!("{} without an end: of a process that runs, or was killed.\n", many(found.open, "chain")));
    }
    if found.shortened > 0 {
        text.push_str(&format!(
            "{} without a beginning: older than they are kept for, or taken away.\n",
            many(found.shortened, "chain")
        ));
    }
    text
}

fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn lines(events: &[Listed]) -> String {
    let mut text = String::new();
    for listed in events {
        text.push_str(&format!("{}\n", document(listed)));
    }
    text
}

/// An event as JSON, with its place in the trail.
pub fn document(Listed { chain, seq, event }: &Listed) -> Value {
    let mut document = json!({ "at": time(event.at), "chain": chain, "seq": seq });
    if let (Some(into), Ok(Value::Object(members))) = (document.as_object_mut(), serde_json::to_value(event)) {
        into.extend(members);
    }
    document
}

fn table(events: &[Listed], more: bool) -> String {
    if events.is_empty() {
        return "There is no such event.\n".to_owned();
    }
    let mut text = String::new();
    if more {
        text.push_str("(older events are left out; --last NUMBER shows more)\n");
    }
    for Listed { event, .. } in events {
        text.push_str(&line(event));
        text.push('\n');
    }
    text
}

fn line(event: &Event) -> String {
    let state = match event.kind {
        Kind::Intent => "begins",
        Kind::Outcome => event.result.as_deref().unwrap_or("-"),
        Kind::Alert => "ALERT",
        Kind::Closed => "closed",
    };
    let mut text = format!("{}  {:<28}  {:<24}  {}", time(event.at), event.action, state, event.actor);
    for (name, value) in [("pool", &event.pool), ("client", &event.client)] {
        if let Some(value) = value {
            text.push_str(&format!("  {name} {value}"));
        }
    }
    for (name, value) in &event.target {
        text.push_str(&format!("  {name}={value}"));
    }
    if let Some(ip) = event.ip {
        text.push_str(&format!("  from {ip}"));
    }
    if !event.request_id.is_empty() {
        text.push_str(&format!("  request {}", event.request_id));
    }
    plain(&text)
}

/// Names come from callers: nothing in them may speak to the terminal, or turn the line around (log injection, checklist 141).
pub fn plain(text: &str) -> String {
    let harmless =
        |c: char| !c.is_control() && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if harmless(c) { out.push(c) } else { out.extend(c.escape_unicode()) }
    }
    out
}

fn time(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_141_a_name_cannot_speak_to_the_terminal() {
        assert_eq!(plain("a\u{1b}[2J\n\u{202e}b"), "a\\u{1b}[2J\\u{a}\\u{202e}b");
    }
}
