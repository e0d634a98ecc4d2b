//! The reference: a pool of users, their names, codes, counters and tokens, as plain data. What operations do to it is in
//! `rules_*.rs`; it shares no line with the engine, only the documented facts.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::actions::{Answer, Given, Name, Pick};

pub type Uid = usize;
/// The name of an exception.
pub type Refusal = &'static str;
/// What a call answers with.
pub type Outcome = Result<Fact, Refusal>;

pub const NOT_AUTHORIZED: Refusal = "NotAuthorizedException";
pub const NOT_FOUND: Refusal = "UserNotFoundException";
pub const PARAMETER: Refusal = "InvalidParameterException";
pub const LIMIT: Refusal = "LimitExceededException";
pub const ALIAS: Refusal = "AliasExistsException";
pub const EXISTS: Refusal = "UsernameExistsException";
pub const WEAK: Refusal = "InvalidPasswordException";
pub const USED: Refusal = "PasswordHistoryPolicyViolationException";
pub const RESET: Refusal = "PasswordResetRequiredException";
pub const UNCONFIRMED: Refusal = "UserNotConfirmedException";
pub const MISMATCH: Refusal = "CodeMismatchException";
pub const EXPIRED: Refusal = "ExpiredCodeException";
pub const BUSY: Refusal = "TooManyRequestsException";

pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;
pub const PASSWORDS: [&str; 4] = ["Correct-Horse-9", "Battery-Staple-7", "Tr0ub4dor-and-3", "short"];

/// What kind of pool a sequence is played in.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Users are named by their addresses; else they choose a name, and a proven address and a preferred name are aliases.
    pub by_address: bool,
    /// A changed address waits until it is proven.
    pub keeps: bool,
    /// The password in use cannot be set again.
    pub history: bool,
}

/// The four clients of every pool.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub hides: bool,
    /// Seconds of grace where refresh tokens are rotated.
    pub grace: Option<i64>,
    pub revocable: bool,
}

pub const TERMS: [Terms; 4] = [
    Terms { hides: false, grace: None, revocable: true },
    Terms { hides: true, grace: None, revocable: true },
    Terms { hides: true, grace: Some(30), revocable: true },
    Terms { hides: false, grace: Some(0), revocable: false },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Unconfirmed,
    Confirmed,
    Force,
    Reset,
}

impl Status {
    pub fn text(self) -> &'static str {
        match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Confirmed => "CONFIRMED",
            Self::Force => "FORCE_CHANGE_PASSWORD",
            Self::Reset => "RESET_REQUIRED",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    SignUp,
    Reset,
    Email,
}

#[derive(Debug, Clone)]
pub struct Code {
    /// Filled in from the message.
    pub text: String,
    pub address: String,
    /// `None`: for any client.
    pub client: Option<usize>,
    pub tries: usize,
    pub expires: i64,
    /// The address is not the user's yet.
    pub pending: bool,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub sub: String,
    /// Chosen; `None` where the sub stands for it.
    pub chosen: Option<String>,
    pub status: Status,
    pub enabled: bool,
    pub attributes: BTreeMap<String, String>,
    pub password: String,
    pub temporary_until: Option<i64>,
    pub signed_out_at: i64,
    pub groups: BTreeSet<usize>,
    pub codes: BTreeMap<Purpose, Code>,
    pub gone: bool,
}

#[derive(Debug)]
pub struct Family {
    pub client: usize,
    pub uid: Uid,
    pub expires: i64,
    pub revoked: bool,
}

#[derive(Debug)]
pub struct Access {
    pub family: usize,
    /// Seconds.
    pub issued: i64,
    pub text: String,
}

#[derive(Debug)]
pub struct Refresh {
    pub family: usize,
    /// When it was replaced, and until when that is forgiven.
    pub replaced: Option<(i64, i64)>,
    pub text: String,
}

#[derive(Debug)]
pub struct Session {
    pub client: usize,
    pub uid: Uid,
    pub expires: i64,
    pub open: bool,
    pub text: String,
}

/// What a success tells, beyond that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    Nothing,
    /// The answer names the sub of a new user.
    Made(Uid),
    /// The answer has an access token of this family, and a refresh token where there is a new one.
    Tokens {
        family: usize,
        refresh: bool,
    },
    /// NEW_PASSWORD_REQUIRED.
    Challenge {
        uid: Uid,
        client: usize,
    },
    /// The answer describes this user.
    Shown(Uid),
}

/// A message that has to arrive, and the code that it carries.
#[derive(Debug, PartialEq, Eq)]
pub struct Sent {
    pub to: String,
    pub code: Option<(Uid, Purpose)>,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Window {
    pub count: i64,
    pub first: i64,
    pub last: i64,
    pub locked: i64,
}

#[derive(Debug)]
pub struct Reference {
    pub kind: Kind,
    /// Makes the names of this run unlike those of any other in the same pool.
    pub run: u64,
    pub now: i64,
    pub people: Vec<Person>,
    pub families: Vec<Family>,
    pub access: Vec<Access>,
    pub refresh: Vec<Refresh>,
    pub sessions: Vec<Session>,
    pub windows: HashMap<(String, &'static str), Window>,
    /// Every code that was ever read.
    pub codes_seen: Vec<String>,
    /// Messages of the step.
    pub sent: Vec<Sent>,
}

pub fn key(name: &str) -> String {
    name.to_lowercase()
}

impl Reference {
    pub fn new(kind: Kind, run: u64, now: i64) -> Self {
        Self {
            kind,
            run,
            now,
            people: vec![],
            families: vec![],
            access: vec![],
            refresh: vec![],
            sessions: vec![],
            windows: HashMap::new(),
            codes_seen: vec![],
            sent: vec![],
        }
    }

    pub fn chosen(&self, n: usize) -> String {
        format!("{}-{}", ["ann", "bob", "Cem"][n % 3], self.run)
    }

    pub fn address(&self, n: usize, shouted: bool) -> String {
        let address = format!("{}.{}@mail.example", ["one", "two", "three"][n % 3], self.run);
        if shouted { address.to_uppercase() } else { address }
    }

    /// Preferred names: two of their own, and one that is somebody's user name.
    pub fn preferred(&self, n: usize) -> String {
        if n == 2 { self.chosen(0) } else { format!("pref{n}-{}", self.run) }
    }

    pub fn written(&self, name: Name) -> String {
        match name {
            Name::Chosen(n) => self.chosen(n),
            Name::Address(n) => self.address(n, false),
            Name::Shouted(n) => self.address(n, true),
            Name::Sub(back) => from_last(&self.people, back).map_or_else(|| self.nobody(), |p| p.sub.clone()),
            Name::Someone(back) => {
                let living: Vec<Uid> = self.living().collect();
                from_last(&living, back).map_or_else(|| self.nobody(), |uid| self.called(*uid))
            }
        }
    }

    fn nobody(&self) -> String {
        if self.kind.by_address { format!("nobody.{}@mail.example", self.run) } else { format!("nobody-{}", self.run) }
    }

    /// What the user would type.
    pub fn called(&self, uid: Uid) -> String {
        let person = &self.people[uid];
        person.chosen.clone().unwrap_or_else(|| person.attributes["email"].clone())
    }

    /// A password as it is typed by somebody under this name.
    pub fn typed(&self, password: usize, uid: Option<Uid>) -> String {
        match (PASSWORDS.get(password), uid) {
            (Some(password), _) => (*password).to_owned(),
            (None, Some(uid)) => self.people[uid].password.clone(),
            (None, None) => PASSWORDS[0].to_owned(),
        }
    }

    /// The client that answers a code: this one, or the one that the code was made for.
    pub fn answering(&self, client: usize, uid: Option<Uid>, purpose: Purpose) -> usize {
        let asker = || uid.and_then(|uid| self.people[uid].codes.get(&purpose)).and_then(|code| code.client);
        if client < TERMS.len() { client } else { asker().unwrap_or(0) }
    }

    pub fn picked_access(&self, pick: Pick) -> Option<usize> {
        let good = |at: &usize| self.authenticate(Some(*at)).is_ok();
        picked(self.access.len(), pick, good)
    }

    pub fn picked_refresh(&self, pick: Pick) -> Option<usize> {
        let good = |at: &usize| {
            let (token, family) = (&self.refresh[*at], &self.families[self.refresh[*at].family]);
            !family.revoked && family.expires > self.now && token.replaced.is_none_or(|(_, until)| until > self.now)
        };
        picked(self.refresh.len(), pick, good)
    }

    pub fn picked_session(&self, pick: Pick) -> Option<usize> {
        picked(self.sessions.len(), pick, |at| self.sessions[*at].open && self.sessions[*at].expires > self.now)
    }

    /// Attributes as they are sent.
    pub fn attributes(&self, given: Given) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let mut put = |name: &str, value: Option<String>| value.map(|value| all.insert(name.to_owned(), value));
        put("email", given.email.map(|n| self.address(n, given.shouted)));
        put("email_verified", given.verified.map(|v| v.to_string()));
        put("preferred_username", given.preferred.map(|n| self.preferred(n)));
        put("nickname", given.nickname.map(|n| format!("nick{n}")));
        all
    }

    pub fn answer(&self, answer: Answer, uid: Option<Uid>, purpose: Purpose) -> String {
        let right = uid.and_then(|uid| self.people[uid].codes.get(&purpose)).map(|code| code.text.clone());
        match answer {
            Answer::Right => right.unwrap_or_else(|| "000000".to_owned()),
            Answer::Wrong => "000000".to_owned(),
            Answer::Earlier(back) => from_last(&self.codes_seen, back).cloned().unwrap_or_else(|| "000000".to_owned()),
        }
    }

    /// Every name that leads to a user. In a pool of addresses the address is one, proven or not; else a proven address is,
    /// and the preferred name of a user who has arrived.
    pub fn names(&self, uid: Uid) -> Vec<String> {
        let person = &self.people[uid];
        let mut names = vec![key(person.chosen.as_deref().unwrap_or(&person.sub))];
        let get = |name: &str| person.attributes.get(name).map(|value| key(value));
        let proven = get("email_verified").as_deref() == Some("true");
        if self.kind.by_address || proven {
            names.extend(get("email"));
        }
        if !self.kind.by_address && matches!(person.status, Status::Confirmed | Status::Reset) {
            names.extend(get("preferred_username"));
        }
        names
    }

    pub fn living(&self) -> impl Iterator<Item = Uid> + '_ {
        (0..self.people.len()).filter(|uid| !self.people[*uid].gone)
    }

    pub fn find(&self, name: &str) -> Option<Uid> {
        let key = key(name);
        self.living().find(|uid| self.names(*uid).contains(&key))
    }

    /// As administrators find users: by sub, too.
    pub fn find_or_sub(&self, name: &str) -> Option<Uid> {
        self.find(name).or_else(|| self.living().find(|uid| self.people[*uid].sub == name))
    }

    /// Whether one of the user's names is another user's.
    pub fn collides(&self, uid: Uid) -> bool {
        let mine = self.names(uid);
        self.living().any(|other| other != uid && self.names(other).iter().any(|name| mine.contains(name)))
    }

    /// Does `change`; takes it back where it is refused or the user's names are then somebody else's.
    pub fn or_not(
        &mut self,
        uid: Uid,
        taken: Refusal,
        change: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let before = self.people.clone();
        let done = change(self).and_then(|()| if self.collides(uid) { Err(taken) } else { Ok(()) });
        if done.is_err() {
            self.people = before;
        }
        done
    }

    /// What attempts are counted under.
    pub fn subject(&self, name: &str) -> String {
        self.find(name).map_or_else(|| format!("name {}", key(name)), subject_of)
    }

    /// One more in this window; false where `most` are spent.
    pub fn counts(&mut self, subject: &str, kind: &'static str, span: i64, most: i64) -> bool {
        let now = self.now;
        let window = self.windows.entry((subject.to_owned(), kind)).or_insert(Window { first: now, ..Window::default() });
        if window.first + span <= now {
            *window = Window { first: now, ..Window::default() };
        } else if window.count >= most {
            return false;
        }
        window.count += 1;
        window.last = now;
        true
    }

    pub fn hourly(&mut self, subject: &str, kind: &'static str, most: i64) -> Result<(), Refusal> {
        if self.counts(subject, kind, HOUR, most) { Ok(()) } else { Err(LIMIT) }
    }

    pub fn clear(&mut self, subject: &str, kind: &'static str) {
        self.windows.remove(&(subject.to_owned(), kind));
    }

    /// A code for an address is made; the one before for the same purpose is void.
    pub fn issue(&mut self, uid: Uid, purpose: Purpose, address: &str, client: Option<usize>, pending: bool) {
        let lives = if purpose == Purpose::Reset { HOUR } else { DAY };
        let expires = self.now + lives;
        let code = Code { text: "unread".to_owned(), address: address.to_owned(), client, tries: 0, expires, pending };
        self.people[uid].codes.insert(purpose, code);
    }

    /// The message with the code; people who are no administrators cause twenty an hour to one address at most.
    pub fn send(&mut self, uid: Uid, purpose: Purpose, capped: bool) -> Result<(), Refusal> {
        let to = self.people[uid].codes[&purpose].address.clone();
        if capped {
            self.hourly(&format!("to {}", key(&to)), "destination", 20)?;
        }
        self.sent.push(Sent { to, code: Some((uid, purpose)) });
        Ok(())
    }

    /// An answer to a code. `Ok`: right, and used up; the address that is proven, and whether it was pending.
    pub fn take(&mut self, uid: Uid, purpose: Purpose, client: usize, given: &str) -> Result<(String, bool), Refusal> {
        let now = self.now;
        let person = &mut self.people[uid];
        let current = person.attributes.get("email").cloned();
        let Some(code) = person.codes.get_mut(&purpose) else { return Err(EXPIRED) };
        if (!code.pending && current.as_ref() != Some(&code.address)) || code.expires <= now || code.tries >= 5 {
            return Err(EXPIRED);
        }
        code.tries += 1;
        if code.text != given || code.client.is_some_and(|bound| bound != client) {
            return Err(MISMATCH);
        }
        let (address, pending) = (code.address.clone(), code.pending);
        person.codes.remove(&purpose);
        Ok((address, pending))
    }

    /// Codes sent to an address that is no longer the user's are void.
    pub fn void_address(&mut self, uid: Uid, address: &str) {
        self.people[uid].codes.retain(|_, code| code.address != address);
    }

    pub fn close_sessions(&mut self, uid: Uid) {
        self.sessions.iter_mut().filter(|session| session.uid == uid).for_each(|session| session.open = false);
    }

    pub fn sign_out(&mut self, uid: Uid) -> Fact {
        self.people[uid].signed_out_at = self.now;
        self.families.iter_mut().filter(|family| family.uid == uid).for_each(|family| family.revoked = true);
        Fact::Nothing
    }
}

pub fn subject_of(uid: Uid) -> String {
    format!("user {uid}")
}

/// The element that many from the end; the same ones again where that is too far.
pub fn from_last<T>(list: &[T], back: usize) -> Option<&T> {
    list.get((list.len().checked_sub(1)?) - back % list.len())
}

fn picked(length: usize, pick: Pick, good: impl Fn(&usize) -> bool) -> Option<usize> {
    let choice: Vec<usize> = (0..length).filter(|at| !pick.good || good(at)).collect();
    from_last(&choice, pick.back).copied()
}
