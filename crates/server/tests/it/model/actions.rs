//! What a sequence is made of, and how one is thrown. Actions name things by position ("the last token but two"), so that any
//! part of a sequence is a sequence: that is what makes shrinking a matter of leaving things out.
use poolhouse_store::testkit::dice::Dice;

/// A name to sign in with, or to find a user by.
#[derive(Debug, Clone, Copy)]
pub enum Name {
    Chosen(usize),
    Address(usize),
    /// As [`Name::Address`] in capitals.
    Shouted(usize),
    /// The sub of somebody who was made, counted from the last.
    Sub(usize),
    /// The user name of somebody who is there, counted from the last.
    Someone(usize),
}

/// A token or session, counted from the last: among those that are good, or among all.
#[derive(Debug, Clone, Copy)]
pub struct Pick {
    pub back: usize,
    pub good: bool,
}

/// The client that a code was made for.
pub const ASKER: usize = 4;
/// The password that is right, whatever it is.
pub const RIGHT: Password = 4;

/// An answer to "which code came?".
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// The newest code for this purpose.
    Right,
    Wrong,
    /// Any code that was ever sent in this sequence, counted from the last.
    Earlier(usize),
}

/// Attributes of a new user or a change; `None` leaves out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given {
    pub email: Option<usize>,
    pub shouted: bool,
    pub verified: Option<bool>,
    pub preferred: Option<usize>,
    pub nickname: Option<usize>,
}

/// Passwords by number: 0 to 2 are good, 3 breaks the policy.
pub type Password = usize;

/// One call, or time that passes. `client` and positions are taken modulo what there is.
#[derive(Debug, Clone)]
pub enum Action {
    AdminCreateUser { name: Name, given: Given, password: Password, force: bool, silent: bool },
    SignUp { client: usize, name: Name, given: Given, password: Password },
    ConfirmSignUp { client: usize, name: Name, answer: Answer, force: bool },
    ResendCode { client: usize, name: Name },
    AdminConfirmSignUp { name: Name },
    AdminSetPassword { name: Name, password: Password, permanent: bool },
    SignIn { client: usize, name: Name, password: Password, admin: bool },
    NewPassword { session: Pick, name: Option<Name>, password: Password },
    Refresh { token: Pick, by_flow: bool, client: Option<usize> },
    Revoke { token: Pick, client: Option<usize> },
    GlobalSignOut { access: Pick },
    AdminGlobalSignOut { name: Name },
    AdminDisable { name: Name },
    AdminEnable { name: Name },
    AdminDelete { name: Name },
    Delete { access: Pick },
    ChangePassword { access: Pick, old: Password, new: Password },
    Forgot { client: usize, name: Name },
    ConfirmForgot { client: usize, name: Name, answer: Answer, password: Password },
    AdminReset { name: Name },
    Update { access: Pick, given: Given },
    AdminUpdate { name: Name, given: Given },
    DeleteAttribute { access: Pick, attribute: &'static str },
    AdminDeleteAttribute { name: Name, attribute: &'static str },
    AskCode { access: Pick },
    Verify { access: Pick, answer: Answer },
    AddToGroup { name: Name, group: usize },
    RemoveFromGroup { name: Name, group: usize },
    GetUser { access: Pick },
    AdminGetUser { name: Name },
    Wait { ms: i64 },
}

pub const ATTRIBUTES: [&str; 3] = ["email", "preferred_username", "nickname"];
const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
/// Past a grace period, a session, a lock, a token, a code, a temporary password, a sign-in; mostly less.
const WAITS: [i64; 16] = [
    400,
    400,
    SECOND,
    SECOND,
    4 * SECOND,
    4 * SECOND,
    31 * SECOND,
    31 * SECOND,
    31 * SECOND,
    200 * SECOND,
    1000 * SECOND,
    1000 * SECOND,
    HOUR,
    25 * HOUR,
    8 * 24 * HOUR,
    31 * 24 * HOUR,
];

/// A sequence for pools whose users are named by their addresses, or by names they choose.
pub fn sequence(dice: &mut Dice, length: usize, by_address: bool) -> Vec<Action> {
    let mut thrower = Thrower { dice, by_address };
    let mut actions: Vec<Action> = Vec::with_capacity(length);
    while actions.len() < length {
        let next = actions.last().and_then(|last| thrower.what_follows(last));
        actions.push(next.unwrap_or_else(|| thrower.action()));
    }
    actions
}

struct Thrower<'a> {
    dice: &'a mut Dice,
    by_address: bool,
}

impl Thrower<'_> {
    /// Mostly the last few; sometimes anything.
    fn position(&mut self) -> usize {
        if self.dice.chance(80) { self.dice.below(3) } else { self.dice.below(20) }
    }

    fn token(&mut self) -> Pick {
        Pick { back: self.position(), good: self.dice.chance(75) }
    }

    /// For codes, which are bound to who asked.
    fn asker(&mut self) -> usize {
        if self.dice.chance(80) { ASKER } else { self.client() }
    }

    fn known_password(&mut self) -> Password {
        if self.dice.chance(75) { RIGHT } else { self.password() }
    }

    fn client(&mut self) -> usize {
        self.dice.below(4)
    }

    fn other_client(&mut self) -> Option<usize> {
        self.dice.chance(12).then(|| self.client())
    }

    fn address(&mut self) -> Name {
        let n = self.dice.below(3);
        if self.dice.chance(15) { Name::Shouted(n) } else { Name::Address(n) }
    }

    /// A name for a new user.
    fn own(&mut self) -> Name {
        match self.dice.below(20) {
            0 => Name::Sub(self.position()),
            1 if self.by_address => Name::Chosen(0),
            1 => self.address(),
            _ if self.by_address => self.address(),
            _ => Name::Chosen(self.dice.below(3)),
        }
    }

    fn any(&mut self) -> Name {
        match self.dice.below(20) {
            0 => Name::Sub(self.position()),
            1..4 => self.address(),
            4..6 => self.own(),
            _ => Name::Someone(self.dice.below(3)),
        }
    }

    fn password(&mut self) -> Password {
        if self.dice.chance(8) { self.dice.below(4) } else { usize::from(self.dice.chance(15)) }
    }

    fn answer(&mut self) -> Answer {
        match self.dice.below(10) {
            0..7 => Answer::Right,
            7 => Answer::Wrong,
            _ => Answer::Earlier(self.position()),
        }
    }

    fn given(&mut self, administrator: bool) -> Given {
        Given {
            email: self.dice.chance(65).then(|| self.dice.below(3)),
            shouted: self.dice.chance(10),
            verified: self.dice.chance(if administrator { 60 } else { 3 }).then(|| self.dice.chance(80)),
            preferred: self.dice.chance(if administrator { 20 } else { 12 }).then(|| self.dice.below(3)),
            nickname: self.dice.chance(15).then(|| self.dice.below(3)),
        }
    }

    /// A change that says something.
    fn change(&mut self, administrator: bool) -> Given {
        let given = self.given(administrator);
        let nothing = given.email.is_none() && given.verified.is_none() && given.preferred.is_none() && given.nickname.is_none();
        if nothing { Given { nickname: Some(0), ..given } } else { given }
    }

    /// Left to chance alone, hardly any code would ever be answered.
    fn what_follows(&mut self, last: &Action) -> Option<Action> {
        if self.dice.chance(40) {
            return None;
        }
        let (client, answer, newest) = (self.asker(), self.answer(), Name::Someone(0));
        match *last {
            Action::SignUp { .. } => Some(Action::ConfirmSignUp { client, name: newest, answer, force: self.dice.chance(25) }),
            Action::ResendCode { name, .. } => Some(Action::ConfirmSignUp { client, name, answer, force: false }),
            Action::Forgot { name, .. } | Action::AdminReset { name } => {
                Some(Action::ConfirmForgot { client, name, answer, password: self.password() })
            }
            Action::Update { access, .. } | Action::AskCode { access } => Some(Action::Verify { access, answer }),
            Action::AdminUpdate { .. } => Some(Action::Verify { access: self.token(), answer }),
            Action::SignIn { .. } => {
                Some(Action::NewPassword { session: Pick { back: 0, good: true }, name: None, password: self.password() })
            }
            Action::AdminSetPassword { name, .. } => {
                Some(Action::SignIn { client: self.client(), name, password: RIGHT, admin: self.dice.chance(20) })
            }
            Action::AdminCreateUser { .. } => {
                Some(Action::AdminSetPassword { name: newest, password: self.password(), permanent: self.dice.chance(70) })
            }
            _ => None,
        }
    }

    fn action(&mut self) -> Action {
        match self.dice.below(100) {
            0..16 => self.making(),
            16..42 => self.signing_in(),
            42..58 => self.tokens(),
            58..74 => self.own_account(),
            74..84 => self.recovery(),
            84..95 => self.administration(),
            _ => Action::Wait { ms: WAITS[self.dice.below(WAITS.len())] },
        }
    }

    fn making(&mut self) -> Action {
        match self.dice.below(10) {
            0..4 => Action::AdminCreateUser {
                name: self.own(),
                given: self.given(true),
                password: self.password(),
                force: self.dice.chance(20),
                silent: self.dice.chance(50),
            },
            4..7 => {
                Action::SignUp { client: self.client(), name: self.own(), given: self.given(false), password: self.password() }
            }
            7..9 => Action::ConfirmSignUp {
                client: self.asker(),
                name: self.any(),
                answer: self.answer(),
                force: self.dice.chance(25),
            },
            _ => Action::AdminConfirmSignUp { name: self.any() },
        }
    }

    fn signing_in(&mut self) -> Action {
        match self.dice.below(10) {
            0..6 => Action::SignIn {
                client: self.client(),
                name: self.any(),
                password: self.known_password(),
                admin: self.dice.chance(20),
            },
            6 => Action::NewPassword {
                session: self.token(),
                name: self.dice.chance(10).then(|| self.any()),
                password: self.password(),
            },
            _ => Action::AdminSetPassword { name: self.any(), password: self.password(), permanent: self.dice.chance(70) },
        }
    }

    fn tokens(&mut self) -> Action {
        match self.dice.below(10) {
            0..5 => Action::Refresh { token: self.token(), by_flow: self.dice.chance(25), client: self.other_client() },
            5 => Action::Revoke { token: self.token(), client: self.other_client() },
            6 => Action::GlobalSignOut { access: self.token() },
            7 => Action::AdminGlobalSignOut { name: self.any() },
            _ => Action::GetUser { access: self.token() },
        }
    }

    fn own_account(&mut self) -> Action {
        let access = self.token();
        match self.dice.below(16) {
            0 => Action::Delete { access },
            1..3 => Action::ChangePassword { access, old: self.known_password(), new: self.password() },
            3..8 => Action::Update { access, given: self.change(false) },
            8 => Action::DeleteAttribute { access, attribute: ATTRIBUTES[self.dice.below(3)] },
            9..11 => Action::AskCode { access },
            _ => Action::Verify { access, answer: self.answer() },
        }
    }

    fn recovery(&mut self) -> Action {
        match self.dice.below(10) {
            0..4 => Action::Forgot { client: self.client(), name: self.any() },
            4..8 => {
                Action::ConfirmForgot { client: self.asker(), name: self.any(), answer: self.answer(), password: self.password() }
            }
            8 => Action::AdminReset { name: self.any() },
            _ => Action::ResendCode { client: self.client(), name: self.any() },
        }
    }

    fn administration(&mut self) -> Action {
        let name = self.any();
        match self.dice.below(16) {
            0 => Action::AdminDisable { name },
            1..3 => Action::AdminEnable { name },
            3 => Action::AdminDelete { name },
            4..10 => Action::AdminUpdate { name, given: self.change(true) },
            10 => Action::AdminDeleteAttribute { name, attribute: ATTRIBUTES[self.dice.below(3)] },
            11..13 => Action::AddToGroup { name, group: self.dice.below(3) },
            13 => Action::RemoveFromGroup { name, group: self.dice.below(3) },
            _ => Action::AdminGetUser { name },
        }
    }
}
