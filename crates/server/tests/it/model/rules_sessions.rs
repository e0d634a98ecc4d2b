//! What the reference does for people who sign in, and with their tokens.
use super::reference::*;
use super::rules_users::strong;
use std::collections::BTreeMap;

const REFRESH_DAYS: i64 = 30;
const ACCESS_SECONDS: i64 = 3600;
const SESSION_MS: i64 = 180_000;
const QUARTER: i64 = 900_000;

impl Reference {
    pub fn forget_failures(&mut self, subject: &str) {
        self.clear(subject, "password");
        self.clear(subject, "password of the day");
    }

    /// Leave for one guess: from the fifth failure on each locks for twice as long, a quarter of an hour at most, and so
    /// does each after the first twelve of a day.
    fn may_guess(&mut self, subject: &str) -> bool {
        let now = self.now;
        let window = self.windows.entry((subject.to_owned(), "password")).or_default();
        if window.locked > now {
            return false;
        }
        if window.last + QUARTER <= now {
            window.count = 0;
        }
        window.count += 1;
        window.last = now;
        window.locked = match window.count - 5 {
            ..0 => 0,
            doublings @ 0..10 => now + (1000_i64 << doublings).min(QUARTER),
            _ => now + QUARTER,
        };
        self.counts(subject, "password of the day", DAY, i64::MAX);
        if self.windows[&(subject.to_owned(), "password of the day")].count >= 12 {
            let window = self.windows.entry((subject.to_owned(), "password")).or_default();
            window.locked = window.locked.max(now + QUARTER);
        }
        true
    }

    fn guess(&mut self, subject: &str, uid: Option<Uid>, password: &str) -> Result<Uid, Refusal> {
        if !self.may_guess(subject) {
            return Err(NOT_AUTHORIZED);
        }
        let uid = uid.filter(|uid| self.people[*uid].password == password).ok_or(NOT_AUTHORIZED)?;
        self.clear(subject, "password");
        self.windows.entry((subject.to_owned(), "password of the day")).or_default().count -= 1;
        Ok(uid)
    }

    fn may_sign_in(&self, uid: Uid) -> Result<(), Refusal> {
        let person = &self.people[uid];
        match person.status {
            _ if !person.enabled => Err(NOT_AUTHORIZED),
            Status::Unconfirmed => Err(UNCONFIRMED),
            Status::Reset => Err(RESET),
            Status::Force if person.temporary_until.is_some_and(|until| until <= self.now) => Err(NOT_AUTHORIZED),
            _ => Ok(()),
        }
    }

    pub fn sign_in(&mut self, client: usize, name: &str, password: &str) -> Outcome {
        let (found, subject) = (self.find(name), self.subject(name));
        if !TERMS[client].hides {
            self.may_sign_in(found.ok_or(NOT_FOUND)?)?;
        }
        let uid = self.guess(&subject, found, password)?;
        self.may_sign_in(uid)?;
        if self.people[uid].status == Status::Force {
            return Ok(Fact::Challenge { uid, client });
        }
        Ok(self.grant(client, uid))
    }

    /// A new family of tokens.
    fn grant(&mut self, client: usize, uid: Uid) -> Fact {
        self.families.push(Family { client, uid, expires: self.now + REFRESH_DAYS * DAY, revoked: false });
        Fact::Tokens { family: self.families.len() - 1, refresh: true }
    }

    pub fn challenged(&mut self, uid: Uid, client: usize, text: String) {
        self.sessions.push(Session { client, uid, expires: self.now + SESSION_MS, open: true, text });
    }

    pub fn new_password(&mut self, session: Option<usize>, name: &str, password: usize) -> Outcome {
        let at = session.ok_or(NOT_AUTHORIZED)?;
        let Session { client, uid, expires, open, .. } = self.sessions[at];
        if expires <= self.now || !open || self.find(name) != Some(uid) {
            return Err(NOT_AUTHORIZED);
        }
        self.may_sign_in(uid)?;
        if self.people[uid].status != Status::Force {
            return Err(NOT_AUTHORIZED);
        }
        let password = strong(password)?;
        self.or_not(uid, ALIAS, |this| {
            this.set_password(uid, password)?;
            this.people[uid].status = Status::Confirmed;
            this.people[uid].temporary_until = None;
            Ok(())
        })?;
        self.sessions[at].open = false;
        Ok(self.grant(client, uid))
    }

    pub fn refresh(&mut self, token: Option<usize>, client: usize, by_flow: bool) -> Outcome {
        if by_flow && TERMS[client].grace.is_some() {
            return Err(PARAMETER);
        }
        let at = token.ok_or(NOT_AUTHORIZED)?;
        let id = self.refresh[at].family;
        let family = &self.families[id];
        if family.client != client || family.revoked || family.expires <= self.now {
            return Err(NOT_AUTHORIZED);
        }
        if self.refresh[at].replaced.is_some_and(|(_, until)| until <= self.now) {
            self.families[id].revoked = true;
            return Err("RefreshTokenReuseException");
        }
        let person = &self.people[family.uid];
        if person.gone || !person.enabled || person.status == Status::Reset {
            return Err("a family outlived its user's sessions");
        }
        if let Some(grace) = TERMS[client].grace {
            let replaced = Some((self.now, self.now + grace * 1000));
            // One head: what stands in the place of a token presented again is replaced with it.
            self.refresh.iter_mut().filter(|t| t.family == id && t.replaced.is_none()).for_each(|t| t.replaced = replaced);
        }
        Ok(Fact::Tokens { family: id, refresh: TERMS[client].grace.is_some() })
    }

    pub fn revoke(&mut self, token: Option<usize>, client: usize) -> Outcome {
        if !TERMS[client].revocable {
            return Err("UnsupportedOperationException");
        }
        let Some(at) = token else { return Ok(Fact::Nothing) };
        let family = &mut self.families[self.refresh[at].family];
        if family.client != client {
            return Err("UnauthorizedException");
        }
        family.revoked = true;
        Ok(Fact::Nothing)
    }

    /// The user of an access token, and its client.
    pub fn authenticate(&self, access: Option<usize>) -> Result<(Uid, usize), Refusal> {
        let token = &self.access[access.ok_or(NOT_AUTHORIZED)?];
        let family = &self.families[token.family];
        let person = &self.people[family.uid];
        if (token.issued + ACCESS_SECONDS) * 1000 <= self.now {
            return Err(NOT_AUTHORIZED);
        }
        match person.status {
            _ if person.gone => return Err(NOT_FOUND),
            _ if !person.enabled => return Err(NOT_AUTHORIZED),
            Status::Reset => return Err(RESET),
            Status::Unconfirmed => return Err(UNCONFIRMED),
            _ => {}
        }
        let revoked = match TERMS[family.client].revocable {
            true => family.revoked,
            // Without a name for its family a token only knows its second.
            false => token.issued * 1000 <= person.signed_out_at,
        };
        if revoked { Err(NOT_AUTHORIZED) } else { Ok((family.uid, family.client)) }
    }

    pub fn global_sign_out(&mut self, access: Option<usize>) -> Outcome {
        // This operation alone does not declare UserNotFoundException.
        let (uid, _) =
            self.authenticate(access).map_err(|refusal| if refusal == NOT_FOUND { NOT_AUTHORIZED } else { refusal })?;
        self.sign_out(uid);
        Ok(Fact::Nothing)
    }

    pub fn change_password(&mut self, access: Option<usize>, old: &str, new: usize) -> Outcome {
        let (uid, _) = self.authenticate(access)?;
        let new = strong(new)?;
        let subject = subject_of(uid);
        self.hourly(&subject, "change password", 5)?;
        self.guess(&subject, Some(uid), old)?;
        self.set_password(uid, new)?;
        self.people[uid].codes.remove(&Purpose::Reset);
        self.close_sessions(uid);
        Ok(Fact::Nothing)
    }

    /// A user changes attributes; an empty value deletes.
    pub fn update(&mut self, access: Option<usize>, new: BTreeMap<String, String>) -> Outcome {
        let (uid, client) = self.authenticate(access)?;
        self.deletable(&new)?;
        if new.contains_key("email_verified") {
            return Err(NOT_AUTHORIZED);
        }
        let current = self.people[uid].attributes.get("email").cloned();
        let sends = new.get("email").is_some_and(|email| !email.is_empty() && Some(email) != current.as_ref());
        if sends && !self.counts(&subject_of(uid), "change address", HOUR, 10) {
            return Err(BUSY);
        }
        let taken_back =
            self.kind.keeps && new.get("email").is_some_and(|email| email.is_empty() || Some(email) == current.as_ref());
        self.or_not(uid, ALIAS, |this| {
            // Nobody waits for an address that signs somebody else in.
            let owner = new.get("email").filter(|_| sends).and_then(|email| this.find(email));
            if owner.is_some_and(|owner| owner != uid) {
                return Err(ALIAS);
            }
            this.apply(uid, new, Some(client));
            if taken_back {
                this.people[uid].codes.remove(&Purpose::Email);
            }
            Ok(())
        })?;
        if sends {
            self.send(uid, Purpose::Email, true).map_err(|_| BUSY)?;
        }
        Ok(Fact::Nothing)
    }

    pub fn admin_update(&mut self, uid: Uid, new: BTreeMap<String, String>) -> Outcome {
        self.deletable(&new)?;
        let mut sends = false;
        self.or_not(uid, ALIAS, |this| {
            sends = this.apply(uid, new, None);
            Ok(())
        })?;
        if sends {
            self.send(uid, Purpose::Email, false)?;
        }
        Ok(Fact::Nothing)
    }

    fn deletable(&self, new: &BTreeMap<String, String>) -> Result<(), Refusal> {
        if self.kind.by_address && new.get("email").is_some_and(String::is_empty) { Err(PARAMETER) } else { Ok(()) }
    }

    /// Sets attributes; true where a code has to be sent to a new address.
    fn apply(&mut self, uid: Uid, mut new: BTreeMap<String, String>, client: Option<usize>) -> bool {
        let old = self.people[uid].attributes.get("email").cloned();
        let mut waits_for = None;
        if let Some(email) = new.get("email").cloned().filter(|email| Some(email) != old.as_ref()) {
            let vouched = new.get("email_verified").is_some_and(|v| v == "true");
            let pending = self.kind.keeps && old.is_some() && !vouched && !email.is_empty();
            if !vouched && !email.is_empty() {
                waits_for = Some((email.clone(), pending));
            }
            let proof = if email.is_empty() { String::new() } else { vouched.to_string() };
            new.insert("email_verified".to_owned(), proof);
            if pending {
                new.remove("email");
                new.remove("email_verified");
            } else if let Some(old) = old {
                self.void_address(uid, &old);
            }
        }
        let attributes = &mut self.people[uid].attributes;
        for (name, value) in new {
            if value.is_empty() {
                attributes.remove(&name)
            } else {
                attributes.insert(name, value)
            };
        }
        if let Some((address, pending)) = &waits_for {
            self.issue(uid, Purpose::Email, address, client, *pending);
        }
        waits_for.is_some()
    }

    pub fn ask_code(&mut self, access: Option<usize>) -> Outcome {
        let (uid, client) = self.authenticate(access)?;
        self.hourly(&subject_of(uid), "attribute code", 5)?;
        let person = &self.people[uid];
        let waiting = person.codes.get(&Purpose::Email).filter(|code| code.pending && code.expires > self.now);
        let waiting = waiting.map(|code| (code.address.clone(), true));
        let own = person.attributes.get("email").cloned().map(|email| (email, false));
        let (address, pending) = waiting.or(own).ok_or(PARAMETER)?;
        self.issue(uid, Purpose::Email, &address, Some(client), pending);
        self.send(uid, Purpose::Email, true)?;
        Ok(Fact::Nothing)
    }

    pub fn verify(&mut self, access: Option<usize>, code: &str) -> Outcome {
        let (uid, client) = self.authenticate(access)?;
        self.hourly(&subject_of(uid), "verify", 15)?;
        let before = self.people.clone();
        let (address, pending) = self.take(uid, Purpose::Email, client, code)?;
        let done = self.or_not(uid, ALIAS, |this| {
            let attributes = &mut this.people[uid].attributes;
            let old = attributes.get("email").cloned();
            if pending {
                attributes.insert("email".to_owned(), address.clone());
            }
            attributes.insert("email_verified".to_owned(), "true".to_owned());
            if let Some(lost) = old.filter(|old| *old != address) {
                this.void_address(uid, &lost);
            }
            Ok(())
        });
        done.inspect_err(|_| self.people = before)?;
        Ok(Fact::Nothing)
    }
}
