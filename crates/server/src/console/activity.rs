//! Sign-ins, refusals and sign-ups over a day, a week or a month, counted from the audit trail: the chart on the console's home and
//! on a pool's overview. Called by those pages.

use poolhouse_engine::audit::{Event, Kind};
use poolhouse_engine::error::Error;

use super::kit::chart::{self, Chart, Lane, Row};
use super::kit::frame::Entry;
use super::kit::view::Block;
use super::kit::visit::Visit;
use crate::pages::fields::Moment;
use crate::pages::paths as pages;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A time that is looked back over.
struct Period {
    /// As `?period=` has it.
    name: &'static str,
    words: &'static str,
    span_ms: i64,
    parts: usize,
    /// What one part is called, in a sentence and over their beginnings.
    part: &'static str,
    column: &'static str,
}

const PERIODS: [Period; 3] = [
    Period { name: "24h", words: "24 hours", span_ms: DAY_MS, parts: 24, part: "an hour", column: "Hour from" },
    Period { name: "7d", words: "7 days", span_ms: 7 * DAY_MS, parts: 28, part: "six hours", column: "Six hours from" },
    Period { name: "30d", words: "30 days", span_ms: 30 * DAY_MS, parts: 30, part: "a day", column: "Day from" },
];

/// What is counted, in the order of [`what`].
const NAMES: [&str; 3] = ["Sign-ins", "Refused", "Sign-ups"];

/// What an event counts as: whoever was let in, whoever was not, whoever signed up. A refresh is none of them.
fn what(event: &Event) -> Option<usize> {
    if event.kind != Kind::Outcome {
        return None;
    }
    let done = event.result.as_deref() == Some("ok");
    match &*event.action {
        "SignUp" | pages::SIGN_UP => done.then_some(2),
        "InitiateAuth"
        | "AdminInitiateAuth"
        | "RespondToAuthChallenge"
        | "AdminRespondToAuthChallenge"
        | pages::LOGIN
        | pages::NEW_PASSWORD => match done {
            true => event.signed_in.then_some(0),
            false => (!event.target.contains_key("grant_type")).then_some(1),
        },
        _ => None,
    }
}

/// The chart of one pool, or of all, for a page at `url`. The page's `?period=` says how far back it goes.
///
/// # Errors
/// The trail's.
pub async fn chart(visit: &Visit, pool: Option<&str>, url: &str) -> Result<Block, Error> {
    let asked = visit.param("period");
    let period = PERIODS.iter().find(|period| period.name == asked).unwrap_or(&PERIODS[0]);
    let until = visit.ctx.now;
    let from = until - period.span_ms;
    let mut counts: [Vec<u64>; 3] = std::array::from_fn(|_| vec![0; period.parts]);
    let see = |event: &Event| {
        let concerned = pool.is_none() || event.pool.as_deref() == pool;
        let Some(kind) = what(event).filter(|_| concerned) else { return };
        let part = part_of(event.at - from, period);
        if let Some(count) = counts.get_mut(kind).and_then(|counts| counts.get_mut(part)) {
            *count += 1;
        }
    };
    let reached = visit.app.engine.audit.look_back(from, until + 1, see).await?;
    let bound = reached.map(|at| {
        let at = Moment::of(at, until).absolute;
        format!("There is more than can be counted for a page: only events since {at} are in it.")
    });
    Ok(Block::Chart(drawn(period, &counts, until, url, bound)))
}

fn part_of(since_ms: i64, period: &Period) -> usize {
    let parts = i64::try_from(period.parts).unwrap_or(1);
    let part = since_ms.saturating_mul(parts) / period.span_ms;
    usize::try_from(part).unwrap_or(0).min(period.parts - 1)
}

fn drawn(period: &Period, counts: &[Vec<u64>; 3], until: i64, url: &str, bound: Option<String>) -> Chart {
    let from = until - period.span_ms;
    let totals = counts.each_ref().map(|counts| counts.iter().sum::<u64>());
    let scale = counts.iter().flatten().copied().max().unwrap_or(0);
    let lane = |((name, counts), total): ((&str, &Vec<u64>), u64)| Lane {
        name: name.to_owned(),
        total,
        most: counts.iter().max().filter(|most| **most > 0).map(|most| format!("at most {most} in {}", period.part)),
        bars: chart::bars(counts, scale),
    };
    let row = |part: usize| {
        let counts: Vec<u64> = counts.iter().filter_map(|counts| counts.get(part).copied()).collect();
        let ms = i64::try_from(part).unwrap_or(0) * (period.span_ms / i64::try_from(period.parts).unwrap_or(1));
        counts.iter().any(|count| *count > 0).then(|| Row { from: Moment::of(from + ms, until), counts })
    };
    let entry = |one: &Period| Entry {
        text: one.words.to_owned(),
        url: format!("{url}?period={}", one.name),
        here: one.name == period.name,
    };
    Chart {
        id: "activity".to_owned(),
        title: "Sign-ins and sign-ups".to_owned(),
        summary: summary(totals, period),
        periods: PERIODS.iter().map(entry).collect(),
        lanes: match scale {
            0 => Vec::new(),
            _ => NAMES.into_iter().zip(counts).zip(totals).map(lane).collect(),
        },
        from: Moment::of(from, until),
        until: Moment::of(until, until),
        width: chart::width(period.parts),
        columns: std::iter::once(period.column.to_owned()).chain(NAMES.map(str::to_owned)).collect(),
        rows: (0..period.parts).filter_map(row).collect(),
        bound,
    }
}

fn summary([in_, refused, up]: [u64; 3], period: &Period) -> String {
    let counted = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    match in_ + refused + up {
        0 => format!("Nothing yet: in the last {} nobody signed in, was refused, or signed up.", period.words),
        _ => format!("{}, {refused} refused, {} in the last {}.", counted(in_, "sign-in"), counted(up, "sign-up"), period.words),
    }
}
