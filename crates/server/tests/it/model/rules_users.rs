//! What the reference does for administrators, sign-up and recovery.
use std::collections::BTreeMap;

use super::reference::*;

const TEMPORARY_DAYS: i64 = 7;

pub fn strong(password: usize) -> Result<String, Refusal> {
    if password < 3 { Ok(PASSWORDS[password].to_owned()) } else { Err(WEAK) }
}

/// A user to be made.
pub struct New {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub password: usize,
}

impl Reference {
    /// A user under these names, or why there cannot be one.
    fn candidate(&self, new: &New) -> Result<Person, Refusal> {
        let (written, mut attributes) = (new.name.clone(), new.attributes.clone());
        let is_address = written.contains('@');
        if is_address != self.kind.by_address {
            return Err(PARAMETER);
        }
        if self.kind.by_address {
            if attributes.get("email").is_some_and(|email| key(email) != key(&written)) {
                return Err(PARAMETER);
            }
            attributes.insert("email".to_owned(), written.clone());
        }
        Ok(Person {
            sub: String::new(),
            chosen: (!self.kind.by_address).then_some(written),
            status: Status::Unconfirmed,
            enabled: true,
            attributes,
            password: String::new(),
            temporary_until: None,
            signed_out_at: 0,
            groups: Default::default(),
            codes: Default::default(),
            gone: false,
        })
    }

    /// Adds the user where its names are free. Nobody is named by another's sub.
    fn add(&mut self, person: Person) -> Result<Uid, Refusal> {
        let sub_taken = self.living().any(|uid| person.chosen.as_ref() == Some(&self.people[uid].sub));
        let uid = self.people.len();
        self.people.push(person);
        if sub_taken || self.collides(uid) {
            self.people.pop();
            return Err(EXISTS);
        }
        Ok(uid)
    }

    /// The address of this user, which is proven, is taken from whoever has it as an alias.
    fn take_over(&mut self, email: &str) {
        let owners: Vec<Uid> = self.living().collect();
        for uid in owners {
            let person = &mut self.people[uid];
            let theirs = person.attributes.get("email").cloned().filter(|address| key(address) == key(email));
            let proven = person.attributes.get("email_verified").is_some_and(|v| v == "true");
            if let (Some(address), true) = (theirs, proven) {
                person.attributes.insert("email_verified".to_owned(), "false".to_owned());
                self.void_address(uid, &address);
            }
        }
    }

    pub fn admin_create(&mut self, new: &New, force: bool, silent: bool) -> Outcome {
        let mut person = self.candidate(new)?;
        person.password = strong(new.password)?;
        person.status = Status::Force;
        person.temporary_until = Some(self.now + TEMPORARY_DAYS * DAY);
        let email = person.attributes.get("email").cloned();
        let before = self.people.clone();
        let proven = new.attributes.get("email_verified").is_some_and(|v| v == "true");
        if let (true, Some(email)) = (force && proven && !self.kind.by_address, &email) {
            self.take_over(email);
        }
        let uid = self.add(person).inspect_err(|_| self.people = before)?;
        if let (Some(to), false) = (email, silent) {
            self.sent.push(Sent { to, code: None });
        }
        Ok(Fact::Made(uid))
    }

    pub fn sign_up(&mut self, client: usize, new: &New) -> Outcome {
        if new.attributes.contains_key("email_verified") {
            return Err(NOT_AUTHORIZED);
        }
        if new.attributes.contains_key("preferred_username") && !self.kind.by_address {
            return Err(PARAMETER);
        }
        let mut person = self.candidate(new)?;
        person.password = strong(new.password)?;
        let email = person.attributes.get("email").cloned();
        if email.is_some() {
            person.attributes.insert("email_verified".to_owned(), "false".to_owned());
        }
        let uid = self.add(person)?;
        if let Some(email) = email {
            self.issue(uid, Purpose::SignUp, &email, Some(client), false);
            self.send(uid, Purpose::SignUp, true)?;
        }
        Ok(Fact::Made(uid))
    }

    /// Where the client hides users: what this name asked for and tried decides, and nothing else.
    fn hidden(&mut self, subject: &str, asked: bool, tries: &'static str) -> Refusal {
        self.counts(subject, tries, DAY, i64::MAX);
        if asked && self.windows[&(subject.to_owned(), tries)].count <= 5 { MISMATCH } else { EXPIRED }
    }

    pub fn confirm(&mut self, client: usize, name: &str, code: &str, force: bool) -> Outcome {
        let subject = self.subject(name);
        self.hourly(&subject, "confirm", 15)?;
        let hide = |refusal: Refusal, this: &mut Self| match TERMS[client].hides {
            true => this.hidden(&subject, true, "sign-up tries"),
            false => refusal,
        };
        let waiting = self.find(name).ok_or(NOT_FOUND).and_then(|uid| {
            let person = &self.people[uid];
            if person.enabled && person.status == Status::Unconfirmed { Ok(uid) } else { Err(NOT_AUTHORIZED) }
        });
        let uid = waiting.map_err(|refusal| hide(refusal, self))?;
        let before = self.people.clone();
        let (address, _) = self.take(uid, Purpose::SignUp, client, code).map_err(|refusal| hide(refusal, self))?;
        if force && !self.kind.by_address {
            self.take_over(&address);
        }
        let done = self.or_not(uid, ALIAS, |this| {
            this.people[uid].attributes.insert("email_verified".to_owned(), "true".to_owned());
            this.people[uid].status = Status::Confirmed;
            Ok(())
        });
        done.inspect_err(|_| self.people = before)?;
        Ok(Fact::Nothing)
    }

    pub fn resend(&mut self, client: usize, name: &str) -> Outcome {
        let subject = self.subject(name);
        self.hourly(&subject, "resend", 5)?;
        self.clear(&subject, "sign-up tries");
        let waiting = self.find(name).ok_or(NOT_FOUND).and_then(|uid| {
            let person = &self.people[uid];
            match (person.enabled, person.status, person.attributes.get("email")) {
                (false, ..) => Err(NOT_AUTHORIZED),
                (_, Status::Unconfirmed, Some(email)) => Ok((uid, email.clone())),
                _ => Err(PARAMETER),
            }
        });
        self.ask_for(client, Purpose::SignUp, waiting)
    }

    pub fn forgot(&mut self, client: usize, name: &str) -> Outcome {
        let subject = self.subject(name);
        self.hourly(&subject, "forgot", 5)?;
        self.clear(&subject, "reset tries");
        let found = self.find(name).ok_or(NOT_FOUND).and_then(|uid| {
            self.resettable(uid)?;
            self.proven_address(uid).map(|email| (uid, email)).ok_or(PARAMETER)
        });
        self.ask_for(client, Purpose::Reset, found)
    }

    /// Anybody may ask; where users are hidden every answer is a success.
    fn ask_for(&mut self, client: usize, purpose: Purpose, found: Result<(Uid, String), Refusal>) -> Outcome {
        let sent = found.and_then(|(uid, email)| {
            self.issue(uid, purpose, &email, Some(client), false);
            self.send(uid, purpose, true)
        });
        if TERMS[client].hides { Ok(Fact::Nothing) } else { sent.map(|()| Fact::Nothing) }
    }

    fn proven_address(&self, uid: Uid) -> Option<String> {
        let attributes = &self.people[uid].attributes;
        let proven = attributes.get("email_verified").is_some_and(|v| v == "true");
        attributes.get("email").filter(|_| proven).cloned()
    }

    fn resettable(&self, uid: Uid) -> Result<(), Refusal> {
        let person = &self.people[uid];
        if person.enabled && person.status != Status::Force { Ok(()) } else { Err(NOT_AUTHORIZED) }
    }

    pub fn confirm_forgot(&mut self, client: usize, name: &str, code: &str, password: usize) -> Outcome {
        let password = strong(password)?;
        let subject = self.subject(name);
        self.hourly(&subject, "reset", 15)?;
        let now = self.now;
        let asked = self.windows.get(&(subject.clone(), "forgot")).is_some_and(|window| window.last + HOUR > now);
        let hide = |refusal: Refusal, this: &mut Self| match TERMS[client].hides {
            true => this.hidden(&subject, asked, "reset tries"),
            false => refusal,
        };
        let found = self.find(name).ok_or(NOT_FOUND).and_then(|uid| self.resettable(uid).map(|()| uid));
        let uid = found.map_err(|refusal| hide(refusal, self))?;
        let before = self.people.clone();
        self.take(uid, Purpose::Reset, client, code).map_err(|refusal| hide(refusal, self))?;
        let done = self.or_not(uid, PARAMETER, |this| {
            this.set_password(uid, password)?;
            let person = &mut this.people[uid];
            person.status = Status::Confirmed;
            person.temporary_until = None;
            person.codes.clear();
            Ok(())
        });
        done.inspect_err(|_| self.people = before)?;
        self.sign_out(uid);
        self.close_sessions(uid);
        Ok(Fact::Nothing)
    }

    /// Sets a password that is strong; refuses the one in use where the pool remembers it.
    pub fn set_password(&mut self, uid: Uid, password: String) -> Result<(), Refusal> {
        if self.kind.history && self.people[uid].password == password {
            return Err(USED);
        }
        self.people[uid].password = password;
        Ok(())
    }

    pub fn admin_confirm(&mut self, uid: Uid) -> Outcome {
        if self.people[uid].status != Status::Unconfirmed {
            return Err(NOT_AUTHORIZED);
        }
        self.or_not(uid, PARAMETER, |this| {
            this.people[uid].status = Status::Confirmed;
            this.people[uid].codes.remove(&Purpose::SignUp);
            Ok(())
        })?;
        Ok(Fact::Nothing)
    }

    pub fn admin_set_password(&mut self, uid: Uid, password: usize, permanent: bool) -> Outcome {
        let password = strong(password)?;
        let until = self.now + TEMPORARY_DAYS * DAY;
        self.or_not(uid, PARAMETER, |this| {
            this.set_password(uid, password)?;
            let person = &mut this.people[uid];
            person.status = if permanent { Status::Confirmed } else { Status::Force };
            person.temporary_until = (!permanent).then_some(until);
            person.codes.remove(&Purpose::Reset);
            Ok(())
        })?;
        self.close_sessions(uid);
        self.forget_failures(&subject_of(uid));
        Ok(Fact::Nothing)
    }

    pub fn admin_reset(&mut self, uid: Uid) -> Outcome {
        let person = &self.people[uid];
        if !person.enabled || !matches!(person.status, Status::Confirmed | Status::Reset) {
            return Err(NOT_AUTHORIZED);
        }
        let email = self.proven_address(uid).ok_or(PARAMETER)?;
        self.people[uid].status = Status::Reset;
        self.issue(uid, Purpose::Reset, &email, None, false);
        self.sign_out(uid);
        self.send(uid, Purpose::Reset, false)?;
        Ok(Fact::Nothing)
    }

    pub fn enable(&mut self, uid: Uid, enabled: bool) -> Fact {
        self.people[uid].enabled = enabled;
        if enabled { Fact::Nothing } else { self.sign_out(uid) }
    }

    pub fn delete(&mut self, uid: Uid) -> Outcome {
        self.sign_out(uid);
        self.close_sessions(uid);
        self.people[uid].gone = true;
        Ok(Fact::Nothing)
    }

    /// The third group does not exist.
    pub fn group(&mut self, uid: Uid, group: usize, joins: bool) -> Outcome {
        if group == 2 {
            return Err("ResourceNotFoundException");
        }
        let groups = &mut self.people[uid].groups;
        if joins {
            groups.insert(group)
        } else {
            groups.remove(&group)
        };
        Ok(Fact::Nothing)
    }
}
