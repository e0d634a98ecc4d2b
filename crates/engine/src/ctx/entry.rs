//! A request as the audit trail sees it: what is known of it while it runs, and the events it leaves. Whoever learns
//! something on the way (which client, which user, who acts) says so here; whoever owns the action begins an [`Entry`]
//! and ends it.
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Caller, Ctx};
use crate::audit::{Alert, Event, Kind, bounded};
use crate::error::{Error, Result};

/// What is known so far. Shared by the clones of a context.
#[derive(Clone, Default)]
pub(super) struct About(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    pool: Option<String>,
    client: Option<String>,
    /// The sub of the user who has proven to be the one who acts.
    user: Option<String>,
    target: BTreeMap<Cow<'static, str>, String>,
    /// The last factor of a sign-in was given, and no outcome has said so yet.
    signed_in: bool,
    /// A change that may begin once its user is proven.
    due: Option<&'static str>,
    /// The name of the operator who acts, where operators have names.
    operator: Option<String>,
}

impl About {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ctx {
    /// The request concerns this pool.
    pub fn concerns_pool(&self, pool_id: &str) {
        self.about.lock().pool = Some(bounded(pool_id));
    }

    /// The request comes through, or concerns, this client of this pool.
    pub fn concerns_client(&self, pool_id: &str, client_id: &str) {
        let mut known = self.about.lock();
        (known.pool, known.client) = (Some(bounded(pool_id)), Some(bounded(client_id)));
    }

    /// Whom or what the request is about: a name, never a secret, and nothing that an unknown caller typed.
    pub fn concerns(&self, what: &'static str, name: &str) {
        self.about.lock().target.insert(what.into(), bounded(name));
    }

    /// The user with this sub has proven who they are.
    pub fn proven(&self, sub: &str) {
        self.about.lock().user = Some(bounded(sub));
    }

    /// The user with this sub has given the last factor of a sign-in.
    pub fn signed_in(&self, sub: &str) {
        self.proven(sub);
        self.about.lock().signed_in = true;
    }

    /// The operator of this name acts.
    pub fn operated_by(&self, name: &str) {
        self.about.lock().operator = Some(bounded(name));
    }

    /// The name of the operator who acts, where operators have names.
    pub fn operator(&self) -> Option<String> {
        self.about.lock().operator.clone()
    }

    /// Announces a change on disk before its first effect; an error refuses the change (checklist 118, 198).
    pub async fn intend(&self, action: &'static str) -> Result<()> {
        self.engine.audit.record_durably(self.event(Kind::Intent, action, None)).await
    }

    /// As [`Ctx::intend`], but once the user is proven: what nobody may do is not worth a write to disk.
    pub fn intend_once_proven(&self, action: &'static str) {
        self.about.lock().due = Some(action);
    }

    /// The user with this sub has proven who they are and may act: announces what is due.
    pub async fn begin_as(&self, sub: &str) -> Result<()> {
        self.proven(sub);
        let due = self.about.lock().due.take();
        match due {
            Some(action) => self.intend(action).await,
            None => Ok(()),
        }
    }

    /// Does what no operation does, with the same trail: announced, done, and its outcome.
    pub async fn change<T>(&self, action: &'static str, work: impl Future<Output = Result<T>>) -> Result<T> {
        let entry = self.entry(action);
        let outcome = match self.intend(action).await {
            Ok(()) => work.await,
            Err(refusal) => Err(refusal),
        };
        entry.end(outcome.as_ref().err());
        outcome
    }

    /// Begins an action that leaves exactly one outcome, also where its caller goes away or it panics.
    pub fn entry(&self, action: &'static str) -> Entry<'_> {
        Entry { ctx: self, action, open: true }
    }

    /// Somebody should look: an event, a line in the log, a count.
    pub fn alert(&self, alert: Alert) {
        let event = self.event(Kind::Alert, alert.as_str(), None);
        let (pool, client) = (event.pool.as_deref().unwrap_or("-"), event.client.as_deref().unwrap_or("-"));
        let (ip, request_id) = (self.address().map(tracing::field::display), self.request_id.as_str());
        tracing::warn!(alert = alert.as_str(), request_id, ip, pool, client, "{}", alert.sentence());
        self.engine.metrics.alert(alert.as_str());
        self.engine.audit.record(event);
    }

    /// A signature did not verify: of a request by `key` (an id of our own making, or none), or of a token. Many from one
    /// address or for one key are an alert (checklist 201).
    pub fn signature_failed(&self, key: Option<&str>) {
        let bursts = &self.engine.audit.bursts;
        // A whole network of IPv6 addresses is one sender's.
        let from_address = self.address().is_some_and(|ip| bursts.count(&format!("address {}", network(ip)), self.real_now()));
        let for_key = key.is_some_and(|key| bursts.count(&format!("key {key}"), self.real_now()));
        if from_address || for_key {
            self.alert(Alert::SignatureFailures);
        }
    }

    fn address(&self) -> Option<IpAddr> {
        self.remote.map(|remote| remote.address)
    }

    /// Who acts, as the trail calls them.
    pub fn actor(&self) -> String {
        let known = self.about.lock();
        match (&self.caller, &known.user) {
            (Caller::AccessKey { id }, _) => format!("access key {}", bounded(id)),
            (Caller::Operator, _) => match &known.operator {
                Some(name) => format!("operator {name}"),
                None => "operator".to_owned(),
            },
            (Caller::Anonymous, Some(sub)) => format!("user {sub}"),
            (Caller::Anonymous, None) => "anonymous".to_owned(),
        }
    }

    fn event(&self, kind: Kind, action: &'static str, result: Option<&'static str>) -> Event {
        let actor = self.actor();
        let mut known = self.about.lock();
        // One request may have several outcomes, of a page and of the endpoint it ends in: the sign-in is the first one's.
        let signed_in = kind == Kind::Outcome && std::mem::take(&mut known.signed_in);
        Event {
            at: self.now,
            kind,
            action: action.into(),
            result: result.map(Cow::Borrowed),
            actor,
            pool: known.pool.clone(),
            client: known.client.clone(),
            target: known.target.clone(),
            ip: self.address(),
            signed_in,
            request_id: self.request_id.clone(),
        }
    }
}

fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

/// An action under way. Dropped without an end, it leaves that as its outcome: whoever guesses passwords and hangs up
/// before the answer is in the trail too.
#[must_use]
pub struct Entry<'a> {
    ctx: &'a Ctx,
    action: &'static str,
    open: bool,
}

impl Entry<'_> {
    /// The outcome: done, or refused with this error. A refused call that named no client and no pool of ours concerned
    /// nobody, and leaves nothing: else anybody could fill the trail without knowing a thing.
    pub fn end(mut self, refused: Option<&Error>) {
        if refused.is_some() && self.ctx.caller == Caller::Anonymous && self.ctx.about.lock().pool.is_none() {
            self.open = false;
            return;
        }
        self.end_as(refused.map_or("ok", |error| error.code().as_str()));
    }

    /// The outcome in a word.
    pub fn end_as(mut self, result: &'static str) {
        self.open = false;
        self.ctx.engine.audit.record(self.ctx.event(Kind::Outcome, self.action, Some(result)));
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if self.open {
            let result = if std::thread::panicking() { "panicked" } else { "abandoned" };
            self.ctx.engine.audit.record(self.ctx.event(Kind::Outcome, self.action, Some(result)));
        }
    }
}
