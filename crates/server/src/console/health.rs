//! Whether this instance is well, where it answers, and the configuration in force: for people what `/_poolhouse/status` is for
//! programs.

use poolhouse_engine::ctx::{IssuerMode, Settings};

use super::kit::destroy::counted;
use super::kit::paths;
use super::kit::view::{Block, Facts, Named, State, Value};
use super::kit::visit::{Answer, Visit};
use crate::config::Callers;
use crate::control::status::{STATUS, Status};
use crate::control::{HEALTH, METRICS, READY};
use crate::metrics;
use crate::pages::fields::{Link, Moment};

pub async fn get(visit: Visit) -> Answer {
    let status = Status::of(&visit.app, &visit.ctx).await;
    let mut view = visit.view(None, "Health", Vec::new()).await;
    view.lead = Some("How this instance is, where it answers, and the configuration in force.".to_owned());
    view.blocks.push(readiness(&status));
    view.blocks.extend(surprises(&visit));
    view.blocks.push(instance(&visit, &status));
    view.blocks.push(addresses(&visit));
    view.blocks.push(configuration(&visit));
    Ok(visit.show(view))
}

fn notice(state: State, text: String) -> Block {
    Block::Notice { state, text, link: None }
}

fn readiness(status: &Status) -> Block {
    match &status.ready {
        Ok(()) => notice(State::Ok, "Ready: the store reads and takes writes.".to_owned()),
        Err(cause) => notice(State::Bad, format!("Not ready: {cause}")),
    }
}

/// What was set on purpose, and is forgotten sooner than its effects are noticed.
pub fn surprises(visit: &Visit) -> Vec<Block> {
    let mut all = Vec::new();
    let clock = visit.app.engine.clock.read();
    let seconds = (clock.now - clock.real) / 1000;
    if clock.frozen {
        all.push(notice(State::Warn, "The clock stands still: nothing expires until it goes again.".to_owned()));
    } else if seconds != 0 {
        let to = if seconds > 0 { "ahead of" } else { "behind" };
        all.push(notice(State::Warn, format!("The clock is {} seconds {to} the real time.", seconds.abs())));
    }
    let faults = visit.app.faults.list().len();
    if faults > 0 {
        all.push(notice(State::Warn, format!("Calls are made to fail on purpose, by {}.", counted(faults, "fault"))));
    }
    all
}

fn instance(visit: &Visit, status: &Status) -> Block {
    let engine = &visit.app.engine;
    let unknown = || Value::none("unknown while the store does not answer");
    let kept = status.kept.as_ref().ok();
    let store = match engine.store.snapshots() {
        Some(file) => Named::text("Store", &format!("SQLite, {}", size(file.database_bytes())))
            .noting("The database file; what waits in its write-ahead log comes on top."),
        None => Named::text("Store", "PostgreSQL"),
    };
    let memory = metrics::resident_bytes().map_or_else(|| Value::none("unknown"), |bytes| Value::text(&size(bytes)));
    let mut facts = vec![
        Named::text("Version", status.version),
        Named::new("Serving since", Value::Moment { at: Moment::of(visit.app.started_at, engine.clock.real()) }),
        store,
        Named::new("Memory of the process", memory),
        Named::new("User pools", kept.map_or_else(unknown, |kept| Value::text(&kept.pools.to_string()))),
    ];
    if engine.inbox.is_some() {
        let count = kept.and_then(|kept| kept.messages).map(|count| format!("{count} in the inbox"));
        facts.push(Named::new("Messages", count.map_or_else(unknown, |count| Value::link(&count, paths::INBOX))));
    }
    if !engine.store.is_shared() {
        let names = kept.map(|kept| kept.snapshots.clone());
        facts.push(Named::new("Snapshots", names.map_or_else(unknown, |names| Value::list(names, "none"))));
    }
    Block::Facts(Facts { id: "instance".to_owned(), title: "This instance".to_owned(), hint: None, facts, links: Vec::new() })
}

fn addresses(visit: &Visit) -> Block {
    let settings = &visit.app.engine.settings;
    let mut links = vec![Link::new("Open liveness", HEALTH), Link::new("Open readiness", READY)];
    let metrics = match visit.app.front.open_control {
        true => {
            links.extend([Link::new("Open metrics", METRICS), Link::new("Open status as JSON", STATUS)]);
            Value::copy(&format!("{}{METRICS}", settings.public_url))
        }
        false => Value::none("on a listener of their own, where the configuration names one"),
    };
    Block::Facts(Facts {
        id: "addresses".to_owned(),
        title: "Addresses".to_owned(),
        hint: None,
        facts: vec![
            Named::copy("API, OAuth endpoints, issuer", &settings.public_url),
            Named::copy("Domains", &settings.domain_url),
            Named::copy("Liveness", &format!("{}{HEALTH}", settings.public_url))
                .noting("Whether the process lives; asks the store for nothing."),
            Named::copy("Readiness", &format!("{}{READY}", settings.public_url))
                .noting("200, or 503 while the store does not answer."),
            Named::new("Metrics", metrics),
        ],
        links,
    })
}

fn configuration(visit: &Visit) -> Block {
    let (engine, front) = (&visit.app.engine, &visit.app.front);
    let settings = &engine.settings;
    let on = |on: bool| if on { "on" } else { "off" };
    let proxies = match front.trusted_proxies.len() {
        0 => Value::none("none"),
        count => Value::text(&counted(count, "range")),
    };
    Block::Facts(Facts {
        id: "configuration".to_owned(),
        title: "Configuration in force".to_owned(),
        hint: Some("What this process was started with. A change takes a restart.".to_owned()),
        facts: vec![
            Named::copy("Region", &settings.region),
            Named::copy("Account ID", &settings.account_id),
            Named::text("Issuer", &issuer(settings)).noting("Unless a user pool chooses its own."),
            Named::text(
                "Who may call the API as administrator",
                match front.callers {
                    Callers::AnyKey => "whoever reaches it: any access key counts, unproved",
                    Callers::AccessKeys => "who proves an access key of the store",
                },
            ),
            Named::text("Control API and causes on error pages", on(front.open_control)),
            Named::text("Messages", if engine.inbox.is_some() { "kept in the inbox" } else { "sent by email" }),
            Named::text("Every code is the same", on(settings.fixed_code.is_some())),
            Named::text("Request quotas", on(settings.rates.quotas.is_some())),
            Named::text("Limits on guessing", on(settings.rates.guesses.is_some())),
            Named::text("Audit trail", &format!("kept for {} days", settings.audit_days)),
            Named::new("Trusted proxies", proxies),
        ],
        links: Vec::new(),
    })
}

fn issuer(settings: &Settings) -> String {
    match settings.issuer {
        IssuerMode::Local => settings.public_url.clone(),
        IssuerMode::Aws => format!("https://cognito-idp.{}.amazonaws.com", settings.region),
        IssuerMode::AwsUpdated => format!("https://issuer-cognito-idp.{}.amazonaws.com", settings.region),
    }
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes / KIB {
        0..KIB => format!("{} KiB", bytes.div_ceil(KIB)),
        kib => format!("{}.{} MiB", kib / KIB, kib % KIB * 10 / KIB),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!(
            [size(0), size(1), size(1_048_575), size(1_048_576), size(5_767_168)],
            ["0 KiB", "1 KiB", "1024 KiB", "1.0 MiB", "5.5 MiB"]
        );
    }
}
