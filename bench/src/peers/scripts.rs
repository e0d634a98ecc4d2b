//! What is asked of a peer for each operation: the same as of Poolhouse, in the peer's words. Called by the side-by-side run.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::scene::Scene;
use super::table::Speaks;
use crate::house::browser::Browser;
use crate::house::operations::{Cycle, Once, Operation, Rotating, Srp};
use crate::house::srp;
use crate::house::world::{ClientOfPool, PASSWORD, id_of, user};
use crate::load::driver::{Failed, Script};
use crate::load::http::{Call, Connection};

/// Requests that a cycle holds at most.
const CYCLE: usize = 512;

/// Scripts for so many clients, together good for about `steps` steps where each step needs something new.
///
/// # Errors
/// What the peer said while they were prepared, and an operation that it does not have.
pub async fn scripts(
    scene: &Rc<Scene>,
    operation: Operation,
    clients: usize,
    steps: usize,
) -> Result<Vec<Box<dyn Script>>, String> {
    let openid = scene.peer.speaks == Speaks::OpenId;
    let pool = &scene.pool;
    let get = |cognito: String, other: &str| vec![scene.here(Call::get(if openid { other } else { &cognito }))];
    let list = |filter: Option<String>| {
        let filter = filter.map_or(Value::Null, |filter| json!(filter));
        let mut input = json!({ "UserPoolId": pool, "Limit": 10, "Filter": filter });
        if let Some(input) = input.as_object_mut().filter(|input| input.get("Filter") == Some(&Value::Null)) {
            input.remove("Filter");
        }
        scene.operation("ListUsers", &input)
    };
    let calls = match operation {
        Operation::Jwks => get(format!("/{pool}/.well-known/jwks.json"), "/jwks"),
        Operation::Discovery => get(format!("/{pool}/.well-known/openid-configuration"), "/.well-known/openid-configuration"),
        Operation::ClientCredentials => {
            vec![scene.token(&scene.machine, &[("grant_type", "client_credentials"), ("scope", "api/read")])]
        }
        Operation::Refresh => scene.signed_in.iter().map(|one| refresh(scene, &one.refresh_token)).collect(),
        Operation::PasswordSignIn => users(scene).map(|name| scene.password(&name)).collect(),
        Operation::GetUser => {
            let call = |token: &str| scene.operation("GetUser", &json!({ "AccessToken": token }));
            scene.signed_in.iter().map(|one| call(&one.access_token)).collect()
        }
        Operation::UserInfo => user_info(scene).await?,
        Operation::ListUsers => vec![list(None)],
        Operation::ListUsersByEmail => users(scene).map(|name| list(Some(format!("email = \"{name}\"")))).collect(),
        Operation::ListUsersByPrefix => {
            ["Ada", "Gra", "Iva", "Mar"].map(|name| list(Some(format!("given_name ^= \"{name}\"")))).into()
        }
        Operation::CodeExchange => return Ok(Once::scripts(codes(scene, steps).await?, clients)),
        Operation::AdminCreateUser | Operation::SignUp => {
            return Ok(Once::scripts((0..steps).map(|_| new_user(scene, operation)).collect(), clients));
        }
        Operation::RefreshRotating => return rotating(scene, clients).await,
        Operation::FlowWithSignIn | Operation::FlowWithSession => {
            let session = operation == Operation::FlowWithSession;
            return Ok((0..clients).map(|at| Box::new(Flow::new(scene, at, session)) as Box<dyn Script>).collect());
        }
        Operation::SrpSignIn => {
            return (0..clients).map(|at| srp(scene, at)).collect();
        }
    };
    Ok(Cycle::scripts(calls, clients))
}

/// Users from all over the pool, in no order.
fn users(scene: &Scene) -> impl Iterator<Item = String> {
    let all = scene.users.max(1);
    (0..CYCLE).map(move |at| user(at * 7919 % all))
}

/// By the token endpoint, or by the API of one that has none.
fn refresh(scene: &Scene, token: &str) -> Call {
    if scene.peer.speaks == Speaks::OpenId || scene.peer.form.is_some() {
        return scene.token(&scene.web, &[("grant_type", "refresh_token"), ("refresh_token", token)]);
    }
    let parameters = json!({ "REFRESH_TOKEN": token });
    let input = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": scene.web.id, "AuthParameters": parameters });
    scene.operation("InitiateAuth", &input)
}

/// A client of the configuration that its tokens are like the others' but for one thing.
fn like_web(scene: &Scene, id: &str) -> ClientOfPool {
    ClientOfPool { id: id.to_owned(), secret: scene.web.secret.clone() }
}

async fn user_info(scene: &Scene) -> Result<Vec<Call>, String> {
    let with = |path: &str, token: &str| scene.here(Call::get(path)).with("authorization", &format!("Bearer {token}"));
    if scene.peer.speaks == Speaks::Cognito {
        return Ok(scene.signed_in.iter().map(|one| with("/oauth2/userInfo", &one.access_token)).collect());
    }
    let mut connection = Connection::to(scene.process.address);
    let client = like_web(scene, "opaque");
    let mut calls = Vec::new();
    for (number, one) in scene.signed_in.iter().enumerate() {
        let code = scene.code(&mut connection, &mut one.browser.clone(), &client, number).await?;
        let tokens = connection.send(&scene.exchange(&client, &code)).await?.expect(200)?.json()?;
        calls.push(with("/me", &id_of(&tokens, "/access_token")?));
    }
    Ok(calls)
}

/// So many codes, ready to be redeemed.
async fn codes(scene: &Scene, count: usize) -> Result<Vec<Call>, String> {
    let lanes = (0..8).map(async |lane| {
        let mut connection = Connection::to(scene.process.address);
        let mut calls = Vec::new();
        for at in (lane..count).step_by(8) {
            let one = scene.signed_in.get(at % scene.signed_in.len().max(1)).ok_or("nobody is signed in")?;
            let number = at * 7919 % scene.users.max(1);
            let code = scene.code(&mut connection, &mut one.browser.clone(), &scene.web, number).await?;
            calls.push(scene.exchange(&scene.web, &code));
        }
        Ok::<_, String>(calls)
    });
    let calls = futures_util::future::join_all(lanes).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(calls.into_iter().flatten().collect())
}

fn new_user(scene: &Scene, operation: Operation) -> Call {
    let name = format!("made-{}@example.com", scene.next());
    let attributes = json!([{ "Name": "email", "Value": name }]);
    if operation == Operation::SignUp {
        let input = json!({ "ClientId": scene.web.id, "Username": name, "Password": PASSWORD, "UserAttributes": attributes });
        return scene.operation("SignUp", &input);
    }
    let input = json!({ "UserPoolId": scene.pool, "Username": name, "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD,
        "UserAttributes": attributes });
    scene.operation("AdminCreateUser", &input)
}

async fn rotating(scene: &Rc<Scene>, clients: usize) -> Result<Vec<Box<dyn Script>>, String> {
    let mut connection = Connection::to(scene.process.address);
    let mut scripts: Vec<Box<dyn Script>> = Vec::new();
    for (number, one) in scene.signed_in.iter().cycle().take(clients).enumerate() {
        let client = like_web(scene, "rotating");
        let code = scene.code(&mut connection, &mut one.browser.clone(), &client, number).await?;
        let tokens = connection.send(&scene.exchange(&client, &code)).await?.expect(200)?.json()?;
        let by = Rc::clone(scene);
        let call = Box::new(move |token: &str| by.token(&client, &[("grant_type", "refresh_token"), ("refresh_token", token)]));
        scripts.push(Box::new(Rotating { call, token: id_of(&tokens, "/refresh_token")? }));
    }
    Ok(scripts)
}

/// The authorization code flow to its tokens, by a new browser each time or by one that has a session.
struct Flow {
    scene: Rc<Scene>,
    at: usize,
    session: Option<Browser>,
}

impl Flow {
    fn new(scene: &Rc<Scene>, at: usize, session: bool) -> Self {
        let browser = scene.signed_in.get(at % scene.signed_in.len().max(1)).map(|one| one.browser.clone());
        Self { scene: Rc::clone(scene), at: at * 37, session: browser.filter(|_| session) }
    }
}

impl Script for Flow {
    fn step<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<(), Failed>> {
        async {
            self.at += 1;
            let (scene, number) = (&self.scene, self.at * 7919 % self.scene.users.max(1));
            let mut new = Browser::default();
            let browser = self.session.as_mut().unwrap_or(&mut new);
            let code = scene.code(connection, browser, &scene.web, number).await?;
            Ok(connection.send(&scene.exchange(&scene.web, &code)).await?.expect(200).map(drop)?)
        }
        .boxed_local()
    }
}

fn srp(scene: &Rc<Scene>, at: usize) -> Result<Box<dyn Script>, String> {
    let (users, by) = (scene.users.max(1), Rc::clone(scene));
    Ok(Box::new(Srp {
        pool: scene.pool.clone(),
        client_id: scene.web.id.clone(),
        user: Box::new(move |at| user(at * 7919 % users)),
        call: Box::new(move |name, input| by.operation(name, input)),
        at: at * 5,
        client: srp::Client::new()?,
    }))
}
