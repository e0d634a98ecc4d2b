//! The operations that are measured: what each sends, what counts as an answer, and what it cannot do without.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use crate::floors::Part;
use crate::house::browser::Browser;
use crate::house::site::{civil, seconds};
use crate::house::srp;
use crate::house::world::{PASSWORD, World, id_of, srp_user, user};
use crate::load::driver::{Failed, Script};
use crate::load::http::{Call, Connection};

/// Requests that a cycle of an operation holds at most: enough that no two in a row ask for the same rows.
const CYCLE: usize = 1024;

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Operation {
    Jwks,
    Discovery,
    ClientCredentials,
    Refresh,
    RefreshRotating,
    CodeExchange,
    FlowWithSignIn,
    FlowWithSession,
    PasswordSignIn,
    SrpSignIn,
    GetUser,
    UserInfo,
    AdminCreateUser,
    SignUp,
    ListUsers,
    ListUsersByEmail,
    ListUsersByPrefix,
}

impl Operation {
    pub const ALL: [Self; 17] = [
        Self::Jwks,
        Self::Discovery,
        Self::ClientCredentials,
        Self::Refresh,
        Self::RefreshRotating,
        Self::CodeExchange,
        Self::FlowWithSignIn,
        Self::FlowWithSession,
        Self::PasswordSignIn,
        Self::SrpSignIn,
        Self::GetUser,
        Self::UserInfo,
        Self::AdminCreateUser,
        Self::SignUp,
        Self::ListUsers,
        Self::ListUsersByEmail,
        Self::ListUsersByPrefix,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Jwks => "JWKS",
            Self::Discovery => "discovery",
            Self::ClientCredentials => "client_credentials",
            Self::Refresh => "refresh",
            Self::RefreshRotating => "refresh, rotating",
            Self::CodeExchange => "code exchange",
            Self::FlowWithSignIn => "code flow with sign-in",
            Self::FlowWithSession => "code flow with a session",
            Self::PasswordSignIn => "password sign-in",
            Self::SrpSignIn => "SRP sign-in",
            Self::GetUser => "GetUser",
            Self::UserInfo => "userInfo",
            Self::AdminCreateUser => "AdminCreateUser",
            Self::SignUp => "SignUp",
            Self::ListUsers => "ListUsers",
            Self::ListUsersByEmail => "ListUsers, email = …",
            Self::ListUsersByPrefix => "ListUsers, given_name ^= …",
        }
    }

    /// What nobody who does this work can do without.
    pub fn floor(self) -> &'static [(Part, f64)] {
        use Part::{Get, PasswordHash, Post, Signature, SrpPower, Transaction, Verification};
        match self {
            Self::Jwks | Self::Discovery => &[(Get, 1.0)],
            Self::ClientCredentials => &[(Signature, 1.0), (Post, 1.0)],
            Self::Refresh => &[(Signature, 2.0), (Post, 1.0)],
            Self::RefreshRotating | Self::CodeExchange => &[(Signature, 2.0), (Post, 1.0), (Transaction, 1.0)],
            // Link, page and form; the code and the session are written, then the tokens.
            Self::FlowWithSignIn => &[(PasswordHash, 1.0), (Signature, 2.0), (Get, 2.0), (Post, 2.0), (Transaction, 2.0)],
            Self::FlowWithSession => &[(Signature, 2.0), (Get, 1.0), (Post, 1.0), (Transaction, 2.0)],
            Self::PasswordSignIn => &[(PasswordHash, 1.0), (Signature, 2.0), (Post, 1.0), (Transaction, 1.0)],
            // g^b, v^u and (A v^u)^b; the challenge is written, then the tokens.
            Self::SrpSignIn => &[(SrpPower, 3.0), (Signature, 2.0), (Post, 2.0), (Transaction, 2.0)],
            Self::GetUser => &[(Verification, 1.0), (Post, 1.0)],
            Self::UserInfo => &[(Verification, 1.0), (Get, 1.0)],
            Self::AdminCreateUser | Self::SignUp => &[(PasswordHash, 1.0), (Post, 1.0), (Transaction, 1.0)],
            Self::ListUsers | Self::ListUsersByEmail | Self::ListUsersByPrefix => &[(Post, 1.0)],
        }
    }

    /// Scripts for so many clients, together good for about `steps` steps where each step needs something new.
    ///
    /// # Errors
    /// What the server said while the steps were prepared.
    pub async fn scripts(self, world: &Rc<World>, clients: usize, steps: usize) -> Result<Vec<Box<dyn Script>>, String> {
        let cycle = |calls: Vec<Call>| Cycle::scripts(calls, clients);
        let once = |calls: Vec<Call>| Once::scripts(calls, clients);
        let pool = &world.pool;
        Ok(match self {
            Self::Jwks => cycle(vec![Call::get(&format!("/{pool}/.well-known/jwks.json"))]),
            Self::Discovery => cycle(vec![Call::get(&format!("/{pool}/.well-known/openid-configuration"))]),
            Self::ClientCredentials => {
                cycle(vec![world.token(&world.machine, &[("grant_type", "client_credentials"), ("scope", "api/read")])])
            }
            Self::Refresh => cycle(
                world
                    .signed_in
                    .iter()
                    .map(|one| world.token(&world.web, &[("grant_type", "refresh_token"), ("refresh_token", &one.refresh_token)]))
                    .collect(),
            ),
            Self::RefreshRotating => rotating(world, clients).await?,
            Self::CodeExchange => once(codes(world, steps).await?),
            Self::FlowWithSignIn => (0..clients).map(|at| Box::new(Flow::with_sign_in(world, at)) as Box<dyn Script>).collect(),
            Self::FlowWithSession => (0..clients).map(|at| Box::new(Flow::with_session(world, at)) as Box<dyn Script>).collect(),
            Self::PasswordSignIn => cycle(users(world).map(|name| sign_in(&world.public, &name)).collect()),
            Self::SrpSignIn => (0..clients).map(|at| srp(world, at)).collect::<Result<_, String>>()?,
            Self::GetUser => cycle(
                world
                    .signed_in
                    .iter()
                    .map(|one| Call::operation("GetUser", &json!({ "AccessToken": one.access_token })))
                    .collect(),
            ),
            Self::UserInfo => cycle(
                world
                    .signed_in
                    .iter()
                    .map(|one| {
                        world
                            .at_domain(Call::get("/oauth2/userInfo"))
                            .with("authorization", &format!("Bearer {}", one.access_token))
                    })
                    .collect(),
            ),
            Self::AdminCreateUser => once((0..steps).map(|_| create_user(world)).collect()),
            Self::SignUp => once((0..steps).map(|_| sign_up(world)).collect()),
            Self::ListUsers => cycle(vec![list(world, None)]),
            Self::ListUsersByEmail => cycle(users(world).map(|name| list(world, Some(format!("email = \"{name}\"")))).collect()),
            Self::ListUsersByPrefix => {
                cycle(["Ada", "Gra", "Iva", "Mar"].map(|name| list(world, Some(format!("given_name ^= \"{name}\"")))).into())
            }
        })
    }
}

/// Users from all over the pool, in an order that walks no index.
fn users(world: &World) -> impl Iterator<Item = String> {
    let all = world.users.max(1);
    (0..CYCLE).map(move |at| user(at * 7919 % all))
}

fn sign_in(client: &str, name: &str) -> Call {
    let parameters = json!({ "USERNAME": name, "PASSWORD": PASSWORD });
    Call::operation(
        "InitiateAuth",
        &json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client, "AuthParameters": parameters }),
    )
}

/// By a user who was not there before.
fn sign_up(world: &World) -> Call {
    let name = format!("signed-up-{}@example.com", world.next());
    Call::operation("SignUp", &json!({ "ClientId": world.public, "Username": name, "Password": PASSWORD }))
}

/// Of a user who was not there before.
fn create_user(world: &World) -> Call {
    let name = format!("made-{}@example.com", world.next());
    let attributes = json!([{ "Name": "email", "Value": name }, { "Name": "email_verified", "Value": "true" }]);
    let input = json!({ "UserPoolId": world.pool, "Username": name, "MessageAction": "SUPPRESS",
        "TemporaryPassword": PASSWORD, "UserAttributes": attributes });
    world.key.sign("AdminCreateUser", &input)
}

fn list(world: &World, filter: Option<String>) -> Call {
    let mut input = json!({ "UserPoolId": world.pool, "Limit": 10 });
    if let (Some(input), Some(filter)) = (input.as_object_mut(), filter) {
        input.insert("Filter".to_owned(), json!(filter));
    }
    world.key.sign("ListUsers", &input)
}

/// So many codes of sessions that exist, ready to be redeemed.
async fn codes(world: &World, count: usize) -> Result<Vec<Call>, String> {
    let lanes = (0..8).map(async |lane| {
        let mut connection = Connection::to(world.process().address);
        let mut calls = Vec::new();
        for at in (lane..count).step_by(8) {
            let one = world.signed_in.get(at % world.signed_in.len().max(1)).ok_or("nobody is signed in")?;
            let code = one.browser.clone().authorize(&mut connection, world, &world.web).await?;
            calls.push(world.exchange(&world.web, &code));
        }
        Ok::<_, String>(calls)
    });
    let calls = futures_util::future::join_all(lanes).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(calls.into_iter().flatten().collect())
}

/// One request after another out of a list, from the beginning again at its end.
pub struct Cycle {
    calls: Rc<[Call]>,
    at: usize,
}

impl Cycle {
    /// For so many clients, each beginning elsewhere.
    pub fn scripts(calls: Vec<Call>, clients: usize) -> Vec<Box<dyn Script>> {
        let calls: Rc<[Call]> = calls.into();
        (0..clients).map(|at| Box::new(Self::new(&calls, at * 37)) as Box<dyn Script>).collect()
    }

    /// From place `at`; any other status than 200 is a failure.
    pub fn new(calls: &Rc<[Call]>, at: usize) -> Self {
        Self { calls: Rc::clone(calls), at }
    }
}

impl Script for Cycle {
    fn step<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<(), Failed>> {
        async {
            let call = self.calls.get(self.at % self.calls.len().max(1)).ok_or(Failed::Exhausted)?;
            self.at += 1;
            Ok(connection.send(call).await?.expect(200).map(drop)?)
        }
        .boxed_local()
    }
}

/// Requests that can be made once each, shared by all clients.
pub struct Once {
    calls: Rc<RefCell<VecDeque<Call>>>,
}

impl Once {
    /// For so many clients.
    pub fn scripts(calls: Vec<Call>, clients: usize) -> Vec<Box<dyn Script>> {
        let calls = Rc::new(RefCell::new(VecDeque::from(calls)));
        (0..clients).map(|_| Box::new(Self { calls: Rc::clone(&calls) }) as Box<dyn Script>).collect()
    }
}

impl Script for Once {
    fn step<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<(), Failed>> {
        async {
            let call = self.calls.borrow_mut().pop_front().ok_or(Failed::Exhausted)?;
            Ok(connection.send(&call).await?.expect(200).map(drop)?)
        }
        .boxed_local()
    }
}

/// A family of refresh tokens, each use giving the next one.
pub struct Rotating {
    /// The request that uses a token.
    pub call: Box<dyn Fn(&str) -> Call>,
    pub token: String,
}

async fn rotating(world: &Rc<World>, clients: usize) -> Result<Vec<Box<dyn Script>>, String> {
    let mut connection = Connection::to(world.process().address);
    let mut scripts: Vec<Box<dyn Script>> = Vec::new();
    for one in world.signed_in.iter().cycle().take(clients) {
        let code = one.browser.clone().authorize(&mut connection, world, &world.rotating).await?;
        let tokens = connection.send(&world.exchange(&world.rotating, &code)).await?.expect(200)?.json()?;
        let by = Rc::clone(world);
        let call =
            Box::new(move |token: &str| by.token(&by.rotating, &[("grant_type", "refresh_token"), ("refresh_token", token)]));
        scripts.push(Box::new(Rotating { call, token: id_of(&tokens, "/refresh_token")? }));
    }
    Ok(scripts)
}

impl Script for Rotating {
    fn step<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<(), Failed>> {
        async {
            let tokens = connection.send(&(self.call)(&self.token)).await?.expect(200)?.json()?;
            self.token = id_of(&tokens, "/refresh_token")?;
            Ok(())
        }
        .boxed_local()
    }
}

/// The authorization code flow to its tokens, by a new browser each time or by one that has a session.
struct Flow {
    world: Rc<World>,
    at: usize,
    session: Option<Browser>,
}

impl Flow {
    fn with_sign_in(world: &Rc<World>, at: usize) -> Self {
        Self { world: Rc::clone(world), at: at * 37, session: None }
    }

    fn with_session(world: &Rc<World>, at: usize) -> Self {
        let session = world.signed_in.get(at % world.signed_in.len().max(1)).map(|one| one.browser.clone());
        Self { session, ..Self::with_sign_in(world, at) }
    }
}

impl Script for Flow {
    fn step<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<(), Failed>> {
        async {
            let (world, client) = (&self.world, &self.world.web);
            self.at += 1;
            let code = match &mut self.session {
                Some(browser) => browser.authorize(connection, world, client).await?,
                None => {
                    let name = user(self.at * 7919 % world.users.max(1));
                    Browser::default().sign_in(connection, world, client, &name).await?
                }
            };
            Ok(connection.send(&world.exchange(client, &code)).await?.expect(200).map(drop)?)
        }
        .boxed_local()
    }
}

/// The request of an operation with this input.
pub type OfOperation = Box<dyn Fn(&str, &Value) -> Call>;

/// InitiateAuth with SRP_A, RespondToAuthChallenge with the claim.
pub struct Srp {
    pub pool: String,
    pub client_id: String,
    /// Who signs in at a step.
    pub user: Box<dyn Fn(usize) -> String>,
    pub call: OfOperation,
    pub at: usize,
    pub client: srp::Client,
}

impl Script for Srp {
    fn step<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<(), Failed>> {
        async {
            self.at += 1;
            let client = &self.client_id;
            let parameters = json!({ "USERNAME": (self.user)(self.at), "SRP_A": self.client.public() });
            let begin = json!({ "AuthFlow": "USER_SRP_AUTH", "ClientId": client, "AuthParameters": parameters });
            let asked: Value = connection.send(&(self.call)("InitiateAuth", &begin)).await?.expect(200)?.json()?;
            let responses = self.client.answer(&self.pool, &asked, PASSWORD, &timestamp())?;
            let answer = json!({ "ChallengeName": "PASSWORD_VERIFIER", "ClientId": client, "ChallengeResponses": responses });
            Ok(connection.send(&(self.call)("RespondToAuthChallenge", &answer)).await?.expect(200).map(drop)?)
        }
        .boxed_local()
    }
}

fn srp(world: &World, at: usize) -> Result<Box<dyn Script>, String> {
    Ok(Box::new(Srp {
        pool: world.srp_pool.clone(),
        client_id: world.srp_client.clone(),
        user: Box::new(srp_user),
        call: Box::new(Call::operation),
        at: at * 5,
        client: srp::Client::new()?,
    }))
}

/// `Mon Nov 23 06:00:00 UTC 2026`: the time in the form Cognito's clients send it.
fn timestamp() -> String {
    let now = seconds();
    let (date, time) = civil(now);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"].get((now / 86_400 % 7) as usize).unwrap_or(&"");
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = date.split('-').map(|part| part.parse::<usize>().unwrap_or(0));
    let (year, month, day) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let month = months.get(month.saturating_sub(1)).unwrap_or(&"");
    format!("{weekday} {month} {day} {time} UTC {year}")
}
