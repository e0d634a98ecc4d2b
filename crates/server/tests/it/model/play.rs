//! Plays a sequence against a house and its reference side by side, and says where they part.
use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use poolhouse_engine::delivery::inbox::Filter;
use serde_json::{Value, json};

use super::actions::{Action, Pick};
use super::calls::{Call, GROUPS, call};
use super::reference::*;
use crate::harness::House;
use crate::reply::Reply;

/// A pool that sequences of one kind share; each has names of its own and cleans up after itself.
pub struct Place {
    pub kind: Kind,
    pub pool: String,
    pub clients: Vec<String>,
}

/// Where the house and the reference part.
pub type Parting = String;

pub struct Play<'a> {
    house: &'a House,
    place: &'a Place,
    pub model: Reference,
    /// The newest message there was.
    last_message: Option<String>,
    /// Tokens that were once refused as revoked.
    dead: BTreeSet<String>,
    /// Operations that did what they were asked for.
    pub succeeded: BTreeSet<&'static str>,
}

impl<'a> Play<'a> {
    pub async fn new(house: &'a House, place: &'a Place, run: u64) -> Self {
        let model = Reference::new(place.kind, run, house.clock.now_ms());
        let inbox = house.engine.inbox.as_ref().unwrap();
        let last_message = inbox.list(&Filter::default()).await.unwrap().first().map(|message| message.id.clone());
        Self { house, place, model, last_message, dead: BTreeSet::new(), succeeded: BTreeSet::new() }
    }

    /// All of it, with looks at the whole state in between and at the end.
    pub async fn all(&mut self, actions: &[Action]) -> Result<(), Parting> {
        for (at, action) in actions.iter().enumerate() {
            self.step(action).await.map_err(|why| format!("at {at}, {action:?}: {why}"))?;
            if at % 12 == 11 {
                self.compare().await.map_err(|why| format!("after {at}, {action:?}: {why}"))?;
            }
        }
        self.compare().await.map_err(|why| format!("at the end: {why}"))?;
        // Which tokens still work: refreshing comes last, because it changes what it asks about.
        let all = |length: usize| (0..length).map(|back| Pick { back, good: false });
        let accesses = all(self.model.access.len()).map(|access| Action::GetUser { access });
        let refreshes = all(self.model.refresh.len()).map(|token| Action::Refresh { token, by_flow: false, client: None });
        for probe in accesses.chain(refreshes).collect::<Vec<_>>() {
            self.step(&probe).await.map_err(|why| format!("probing at the end, {probe:?}: {why}"))?;
        }
        Ok(())
    }

    /// Deletes whoever is left in the pool.
    pub async fn clean(&self) {
        for user in self.listed().await {
            let input = json!({ "UserPoolId": self.place.pool, "Username": user["Username"] });
            self.house.ok("AdminDeleteUser", input).await;
        }
    }

    async fn step(&mut self, action: &Action) -> Result<(), Parting> {
        // Every call has its own moment, so that messages have an order.
        self.house.clock.advance_ms(1);
        if let Action::Wait { ms } = action {
            self.house.clock.advance_ms(*ms);
            self.model.now = self.house.clock.now_ms();
            return Ok(());
        }
        self.model.now = self.house.clock.now_ms();
        let Call { operation, input, rule } = call(&self.model, self.place, action);
        let expected = rule(&mut self.model);
        let reply = self.house.api(operation, input.clone()).await;
        let seen = if reply.status == StatusCode::OK { "success".to_owned() } else { reply.error().0 };
        let wanted = expected.err().unwrap_or("success");
        if seen != wanted {
            return Err(format!("{operation} {input}\n  expected {wanted}\n  got      {seen}: {}", reply.text));
        }
        if expected.is_ok() {
            self.succeeded.insert(operation);
        }
        self.revoked_stays_revoked(operation, &input, &reply)?;
        if let Ok(fact) = expected {
            self.learn(fact, &reply).map_err(|why| format!("{operation} {input}\n  {why}\n  {}", reply.text))?;
        }
        self.messages().await.map_err(|why| format!("{operation} {input}\n  {why}"))
    }

    /// Whatever the reference thinks: a token that was refused as revoked is never accepted again.
    fn revoked_stays_revoked(&mut self, operation: &str, input: &Value, reply: &Reply) -> Result<(), Parting> {
        let given = [&input["AccessToken"], &input["RefreshToken"], &input["AuthParameters"]["REFRESH_TOKEN"]];
        let Some(token) = given.into_iter().find_map(Value::as_str) else { return Ok(()) };
        if reply.status != StatusCode::OK && reply.error().1.ends_with("has been revoked") {
            self.dead.insert(token.to_owned());
        } else if reply.status == StatusCode::OK && self.dead.contains(token) {
            return Err(format!("{operation} accepted a token that was revoked before"));
        }
        Ok(())
    }

    /// What the answer tells that the reference could not know, and what it must agree with.
    fn learn(&mut self, fact: Fact, reply: &Reply) -> Result<(), Parting> {
        let body = if reply.text.is_empty() { Value::Null } else { reply.json() };
        match fact {
            Fact::Nothing => {}
            Fact::Made(uid) => {
                let sub = body["UserSub"].as_str().map(str::to_owned);
                let sub = sub.or_else(|| attributes_of(&body["User"]["Attributes"]).remove("sub"));
                self.model.people[uid].sub = sub.ok_or("no sub")?;
            }
            Fact::Tokens { family, refresh } => {
                let tokens = &body["AuthenticationResult"];
                let text = tokens["AccessToken"].as_str().ok_or("no access token")?.to_owned();
                self.model.access.push(Access { family, issued: self.model.now / 1000, text });
                let text = tokens["RefreshToken"].as_str().map(str::to_owned);
                if text.is_some() != refresh {
                    return Err(format!("a refresh token: expected {refresh}"));
                }
                self.model.refresh.extend(text.map(|text| Refresh { family, replaced: None, text }));
            }
            Fact::Challenge { uid, client } => {
                if body["ChallengeName"] != "NEW_PASSWORD_REQUIRED" {
                    return Err("expected to be asked for a new password".to_owned());
                }
                let text = body["Session"].as_str().ok_or("no session")?.to_owned();
                self.model.challenged(uid, client, text);
            }
            Fact::Shown(uid) => {
                let seen = attributes_of(&body["UserAttributes"]);
                let wanted = self.shown(uid).2;
                if seen != wanted {
                    return Err(format!("attributes: expected {wanted:?}"));
                }
            }
        }
        Ok(())
    }

    /// The messages of this step, and no others.
    async fn messages(&mut self) -> Result<(), Parting> {
        let inbox = self.house.engine.inbox.as_ref().unwrap();
        let came = inbox.list(&Filter { after: self.last_message.clone(), ..Filter::default() }).await.unwrap();
        if let Some(newest) = came.first() {
            self.last_message = Some(newest.id.clone());
        }
        let expected = std::mem::take(&mut self.model.sent);
        let (to, wanted): (Vec<_>, Vec<_>) =
            (came.iter().map(|m| m.address.as_str()).collect(), expected.iter().map(|s| s.to.as_str()).collect());
        if to != wanted {
            return Err(format!("messages: expected {wanted:?}, got {to:?}"));
        }
        for (sent, message) in expected.into_iter().zip(came) {
            let Some((uid, purpose)) = sent.code else { continue };
            let text = message.code.ok_or("a message without a code")?;
            if let Some(code) = self.model.people[uid].codes.get_mut(&purpose) {
                code.text.clone_from(&text);
            }
            self.model.codes_seen.push(text);
        }
        Ok(())
    }

    /// Status, enabled and attributes as they have to be shown.
    fn shown(&self, uid: Uid) -> (&'static str, bool, BTreeMap<String, String>) {
        let person = &self.model.people[uid];
        let mut attributes = person.attributes.clone();
        attributes.insert("sub".to_owned(), person.sub.clone());
        (person.status.text(), person.enabled, attributes)
    }

    async fn listed(&self) -> Vec<Value> {
        let mut users = Vec::new();
        let mut input = json!({ "UserPoolId": self.place.pool });
        loop {
            let page = self.house.ok("ListUsers", input.clone()).await;
            users.extend(page["Users"].as_array().unwrap().iter().cloned());
            if page["PaginationToken"].is_null() {
                return users;
            }
            input["PaginationToken"] = page["PaginationToken"].clone();
        }
    }

    /// Everything that can be seen: who there is, in which groups, and whom each name leads to.
    async fn compare(&self) -> Result<(), Parting> {
        let listed = self.listed().await;
        one_owner_each(self.place.kind, &listed)?;
        let living: Vec<Uid> = self.model.living().collect();
        if listed.len() != living.len() {
            return Err(format!("{} users, expected {}", listed.len(), living.len()));
        }
        for uid in living {
            let sub = &self.model.people[uid].sub;
            let found = listed.iter().find(|user| attributes_of(&user["Attributes"]).get("sub") == Some(sub));
            let user = found.ok_or_else(|| format!("user {uid} is missing"))?;
            let seen = (user["UserStatus"].as_str().unwrap(), user["Enabled"] == true, attributes_of(&user["Attributes"]));
            let wanted = self.shown(uid);
            if seen != wanted {
                return Err(format!("user {uid}:\n  expected {wanted:?}\n  got      {seen:?}"));
            }
            let groups = self.house.ok("AdminListGroupsForUser", json!({ "UserPoolId": self.place.pool, "Username": sub })).await;
            let groups = groups["Groups"].as_array().unwrap();
            let seen: BTreeSet<&str> = groups.iter().map(|group| group["GroupName"].as_str().unwrap()).collect();
            let wanted: BTreeSet<&str> = self.model.people[uid].groups.iter().map(|group| GROUPS[*group]).collect();
            if seen != wanted {
                return Err(format!("groups of user {uid}: expected {wanted:?}, got {seen:?}"));
            }
        }
        let mut names: Vec<String> = (0..3).flat_map(|n| [self.model.chosen(n), self.model.address(n, true)]).collect();
        names.extend((0..2).map(|n| self.model.preferred(n)));
        for name in names {
            let reply = self.house.api("AdminGetUser", json!({ "UserPoolId": self.place.pool, "Username": name })).await;
            let seen = attributes_of(&reply.json()["UserAttributes"]).remove("sub");
            let wanted = self.model.find(&name).map(|uid| self.model.people[uid].sub.clone());
            if seen != wanted {
                return Err(format!("the name {name} leads to {seen:?}, expected {wanted:?}"));
            }
        }
        Ok(())
    }
}

/// Whatever the reference thinks: no two users have the same user name or the same alias.
fn one_owner_each(kind: Kind, listed: &[Value]) -> Result<(), Parting> {
    let mut owned = BTreeSet::new();
    for user in listed {
        let attributes = attributes_of(&user["Attributes"]);
        let proven = attributes.get("email_verified").is_some_and(|v| v == "true");
        let email = attributes.get("email").filter(|_| kind.by_address || proven).map(|email| key(email));
        let arrived = matches!(user["UserStatus"].as_str(), Some("CONFIRMED" | "RESET_REQUIRED"));
        let preferred = attributes.get("preferred_username").filter(|_| arrived && !kind.by_address).map(|name| key(name));
        let names: BTreeSet<String> = [user["Username"].as_str().map(key), email, preferred].into_iter().flatten().collect();
        for name in names {
            if !owned.insert(name.clone()) {
                return Err(format!("{name} belongs to two users"));
            }
        }
    }
    Ok(())
}

fn attributes_of(list: &Value) -> BTreeMap<String, String> {
    let pair = |a: &Value| (a["Name"].as_str().unwrap().to_owned(), a["Value"].as_str().unwrap().to_owned());
    list.as_array().into_iter().flatten().map(pair).collect()
}
