//! Reading the trail: listing it, proving that nobody changed it, and forgetting what is past its time. Called by the
//! operator's commands and by the purge.
use std::collections::VecDeque;

use poolhouse_store::tables::audit::{self as table, AuditRow};

use super::writer::mac;
use super::{Audit, Event, Kind};
use crate::error::{Error, Result};
use crate::keys::secret::equal;

/// Rows of one read.
const PAGE: i64 = 1000;
/// Rows looked at for one page of the newest events; a rare event may be further back, and the next page goes on there.
const LOOKED_AT_MAX: usize = 20_000;
/// Rows before and after one event among which those of the same request are looked for.
const AROUND: i64 = 64;

/// Which events are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Milliseconds since the epoch.
    pub since: i64,
    pub pool: Option<String>,
    pub alerts_only: bool,
    /// Only those by or about this user, under any of these names.
    pub user: Vec<String>,
    /// Only this action, or this kind of event by its word.
    pub what: Option<String>,
    /// Only those behind this one, in the order of the trail; `since` does not count then.
    pub after: Option<Place>,
    /// Of so many the newest; behind a place, the first.
    pub most: usize,
}

impl Filter {
    fn wants(&self, event: &Event) -> bool {
        let by_or_about =
            |user: &String| event.actor.strip_prefix("user ") == Some(user) || event.target.values().any(|name| name == user);
        let is = |what: &String| event.action == *what || event.kind.as_str() == what;
        (self.pool.is_none() || self.pool == event.pool)
            && (!self.alerts_only || event.kind == Kind::Alert)
            && (self.user.is_empty() || self.user.iter().any(by_or_about))
            && self.what.as_ref().is_none_or(is)
    }
}

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Milliseconds since the epoch.
    pub at: i64,
    pub chain: String,
    pub seq: i64,
}

impl Place {
    /// A text that [`Place::parse`] reads.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}.{}.{}", self.at, self.seq, self.chain)
    }

    /// The place of such a text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, rest) = text.split_once('.')?;
        let (seq, chain) = rest.split_once('.')?;
        let plain = chain.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        Some(Self { at: at.parse().ok()?, seq: seq.parse().ok()?, chain: chain.to_owned() }).filter(|_| plain)
    }
}

/// An event and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub chain: String,
    pub seq: i64,
    pub event: Event,
}

impl Listed {
    #[must_use]
    pub fn place(&self) -> Place {
        Place { at: self.event.at, chain: self.chain.clone(), seq: self.seq }
    }
}

/// What was found in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    pub rows: u64,
    pub chains: u64,
    /// Chains without their closing row: of processes that run, or did not stop in good order.
    pub open: u64,
    /// Chains whose first rows are gone: past their time, or taken away.
    pub shortened: u64,
}

/// The first row that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub chain: String,
    pub seq: i64,
    pub why: &'static str,
}

/// The row before, within its chain.
struct Last {
    chain: String,
    seq: i64,
    mac: Vec<u8>,
    closed: bool,
}

fn listed(row: AuditRow) -> Result<Listed> {
    let mut event: Event = serde_json::from_str(&row.event)
        .map_err(|e| Error::internal(format!("audit row {} {}: it does not parse: {e}", row.chain, row.seq)))?;
    event.at = row.at;
    Ok(Listed { chain: row.chain, seq: row.seq, event })
}

impl Audit {
    /// Events in the order of their time, and whether older ones were left out.
    ///
    /// # Errors
    /// The store's; a row that does not parse.
    pub async fn list(&self, filter: &Filter) -> Result<(Vec<Listed>, bool)> {
        let (mut kept, mut more) = (VecDeque::new(), false);
        let mut place = match &filter.after {
            Some(Place { at, chain, seq }) => (*at, chain.clone(), *seq),
            None => (filter.since.saturating_sub(1), "\u{10FFFF}".to_owned(), i64::MAX),
        };
        loop {
            let mut reader = self.store.reader().await?;
            let page = table::by_time(&mut reader, place.0, &place.1, place.2, PAGE).await?;
            drop(reader);
            let Some(last) = page.last() else { return Ok((kept.into(), more)) };
            place = (last.at, last.chain.clone(), last.seq);
            for row in page {
                let listed = listed(row)?;
                if !filter.wants(&listed.event) {
                    continue;
                }
                if kept.len() >= filter.most {
                    if filter.after.is_some() {
                        return Ok((kept.into(), true));
                    }
                    kept.pop_front();
                    more = true;
                }
                kept.push_back(listed);
            }
        }
    }

    /// The newest events that are wanted, at most `most`, of those before `before`; and where to go on, if there may be more.
    ///
    /// # Errors
    /// The store's; a row that does not parse.
    pub async fn newest(
        &self,
        wanted: impl Fn(&Event) -> bool,
        before: Option<Place>,
        most: usize,
    ) -> Result<(Vec<Listed>, Option<Place>)> {
        self.newest_within(LOOKED_AT_MAX, wanted, before, most).await
    }

    /// As [`Audit::newest`], looking at no more than so many rows.
    ///
    /// # Errors
    /// As [`Audit::newest`].
    pub async fn newest_within(
        &self,
        rows: usize,
        wanted: impl Fn(&Event) -> bool,
        before: Option<Place>,
        most: usize,
    ) -> Result<(Vec<Listed>, Option<Place>)> {
        let mut place = before.unwrap_or_else(|| Place { at: i64::MAX, chain: String::new(), seq: 0 });
        let (mut kept, mut looked_at) = (Vec::new(), 0);
        loop {
            let mut reader = self.store.reader().await?;
            let page = table::by_time_back(&mut reader, place.at, &place.chain, place.seq, PAGE).await?;
            drop(reader);
            if page.is_empty() {
                return Ok((kept, None));
            }
            for row in page {
                place = Place { at: row.at, chain: row.chain.clone(), seq: row.seq };
                looked_at += 1;
                let listed = listed(row)?;
                if wanted(&listed.event) {
                    kept.push(listed);
                }
                if kept.len() >= most || looked_at >= rows {
                    return Ok((kept, Some(place)));
                }
            }
        }
    }

    /// Shows every event from `from` to before `until` (milliseconds since the epoch), the newest first, but no more than 20,000.
    /// Returns the time of the oldest one looked at where there were more.
    ///
    /// # Errors
    /// The store's; a row that does not parse.
    pub async fn look_back(&self, from: i64, until: i64, mut see: impl FnMut(&Event)) -> Result<Option<i64>> {
        let (mut at, mut chain, mut seq) = (until, String::new(), 0);
        let mut looked_at = 0;
        loop {
            let mut reader = self.store.reader().await?;
            let page = table::by_time_back(&mut reader, at, &chain, seq, PAGE).await?;
            drop(reader);
            if page.is_empty() {
                return Ok(None);
            }
            for row in page {
                if row.at < from {
                    return Ok(None);
                }
                if looked_at == LOOKED_AT_MAX {
                    return Ok(Some(at));
                }
                looked_at += 1;
                let listed = listed(row)?;
                see(&listed.event);
                (at, chain, seq) = (listed.event.at, listed.chain, listed.seq);
            }
        }
    }

    /// The event at a place and those of the same request near it, in their order; none where there is no such event.
    ///
    /// # Errors
    /// The store's; a row that does not parse.
    pub async fn of_request(&self, chain: &str, seq: i64) -> Result<Vec<Listed>> {
        let mut reader = self.store.reader().await?;
        let rows = table::by_chain(&mut reader, chain, seq.saturating_sub(AROUND), 2 * AROUND).await?;
        drop(reader);
        let rows = rows.into_iter().filter(|row| row.chain == chain).map(listed).collect::<Result<Vec<Listed>>>()?;
        let Some(request) = rows.iter().find(|row| row.seq == seq).map(|row| row.event.request_id.clone()) else {
            return Ok(Vec::new());
        };
        let same = |row: &Listed| row.seq == seq || (!request.is_empty() && row.event.request_id == request);
        Ok(rows.into_iter().filter(same).collect())
    }

    /// Walks every chain. What it cannot see: a chain whose last rows are gone looks like one whose process was killed,
    /// one whose first rows are gone like one that was purged, and a whole chain that is gone like none.
    ///
    /// # Errors
    /// The store's.
    pub async fn verify(&self) -> Result<std::result::Result<Verified, Broken>> {
        let (mut found, mut last) = (Verified::default(), None::<Last>);
        loop {
            let (chain, seq) = last.as_ref().map_or(("", 0), |last| (last.chain.as_str(), last.seq));
            let mut reader = self.store.reader().await?;
            let page = table::by_chain(&mut reader, chain, seq, PAGE).await?;
            drop(reader);
            if page.is_empty() {
                found.open += u64::from(last.is_some_and(|last| !last.closed));
                return Ok(Ok(found));
            }
            for row in page {
                if let Some(before) = last.take_if(|last| last.chain != row.chain) {
                    found.open += u64::from(!before.closed);
                }
                if last.is_none() {
                    found.chains += 1;
                    found.shortened += u64::from(row.seq > 1);
                }
                if let Some(broken) = self.broken(last.as_ref(), &row) {
                    return Ok(Err(broken));
                }
                found.rows += 1;
                let closed = serde_json::from_str::<Event>(&row.event).is_ok_and(|event| event.kind == Kind::Closed);
                last = Some(Last { chain: row.chain, seq: row.seq, mac: row.mac, closed });
            }
        }
    }

    fn broken(&self, last: Option<&Last>, row: &AuditRow) -> Option<Broken> {
        let broken = |seq, why| Some(Broken { chain: row.chain.clone(), seq, why });
        if !equal(&mac(&self.key, row), &row.mac) {
            return broken(row.seq, "it is not as it was written");
        }
        match last {
            Some(last) if last.closed => broken(row.seq, "it follows the end of its chain"),
            Some(last) if row.seq != last.seq + 1 => broken(last.seq + 1, "it is missing"),
            Some(last) if row.previous != last.mac => broken(row.seq, "it does not follow the row before it"),
            None if (row.seq == 1) != row.previous.is_empty() => broken(row.seq, "it cannot begin a chain"),
            _ => None,
        }
    }
}
