//! A peer made ready to be measured: started, with a pool, clients and users made through its API, and some users signed in.
//! Called by the side-by-side run; its scripts are in `scripts`.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::table::{Peer, Speaks};
use crate::house::browser::Browser;
use crate::house::world::{CALLBACK, ClientOfPool, PASSWORD, SCOPE, SignedIn, id_of, user};
use crate::load::http::{Answer, CREDENTIAL, Call, Connection};
use crate::process::{Process, free_address};

/// Long enough for PKCE (RFC 7636).
const VERIFIER: &str = "the-driver-proves-itself-with-the-same-words-each-time";
/// Sign-ins whose tokens the operations draw from.
const SIGN_INS: usize = 128;
const GIVEN: [&str; 8] = ["Ada", "Barbara", "Claude", "Dana", "Grace", "Ivan", "Margaret", "Peter"];
/// How long after the first answer idle memory is read.
const IDLE: Duration = Duration::from_secs(10);

pub struct Scene {
    pub peer: &'static Peer,
    pub process: Process,
    pub idle_mb: f64,
    pub users: usize,
    pub pool: String,
    pub web: ClientOfPool,
    pub machine: ClientOfPool,
    pub signed_in: Vec<SignedIn>,
    host: String,
    fresh: Cell<u64>,
}

impl Scene {
    /// Starts a peer that is installed in `installed`, on an empty `work`, and fills it with `users`.
    ///
    /// # Errors
    /// It does not start, or refuses what it is asked for.
    pub async fn start(peer: &'static Peer, installed: &Path, work: &Path, users: usize) -> Result<Self, String> {
        let _ = fs::remove_dir_all(work);
        fs::create_dir_all(work).map_err(|e| format!("{}: {e}", work.display()))?;
        let address = free_address()?;
        let filled = |text: &str| {
            let text = text.replace("{dir}", &installed.display().to_string()).replace("{work}", &work.display().to_string());
            text.replace("{port}", &address.port().to_string()).replace("{users}", &users.to_string())
        };
        let mut words = peer.start.iter().map(|word| filled(word));
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(work);
        command.envs(peer.environment.iter().map(|(name, value)| (*name, filled(value))));
        let log = work.with_extension("log");
        let process = Process::start(command, address, peer.ready, &log).await?;
        tokio::time::sleep(IDLE).await;
        let none = || ClientOfPool { id: String::new(), secret: String::new() };
        let idle_mb = process.memory_mb();
        let (pool, host) = (String::new(), address.to_string());
        let (web, machine, signed_in) = (none(), none(), Vec::new());
        let mut scene = Self { peer, process, idle_mb, users, pool, web, machine, signed_in, host, fresh: Cell::new(0) };
        match peer.speaks {
            Speaks::Cognito => scene.pool_and_users().await?,
            Speaks::OpenId => {
                // As the configuration names them.
                let client = |id: &str| ClientOfPool { id: id.to_owned(), secret: "bench-secret".to_owned() };
                (scene.web, scene.machine) = (client("web"), client("machine"));
            }
        }
        scene.sign_in().await?;
        Ok(scene)
    }

    /// A call to this server by its own name.
    pub fn here(&self, call: Call) -> Call {
        call.with("host", &self.host)
    }

    /// An operation of Cognito's API.
    pub fn operation(&self, name: &str, input: &Value) -> Call {
        self.here(Call::operation(name, input)).with("authorization", CREDENTIAL)
    }

    /// A request to the token endpoint, the client's id and secret in its form.
    pub fn token(&self, client: &ClientOfPool, fields: &[(&str, &str)]) -> Call {
        let mut all = fields.to_vec();
        all.extend([("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())]);
        let path = if self.peer.speaks == Speaks::OpenId { "/token" } else { "/oauth2/token" };
        self.here(Call::form(path, &all))
    }

    pub fn exchange(&self, client: &ClientOfPool, code: &str) -> Call {
        let grant =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
        self.token(client, &grant)
    }

    /// A number that was not given before.
    pub fn next(&self) -> u64 {
        self.fresh.set(self.fresh.get() + 1);
        self.fresh.get()
    }

    async fn call(&self, connection: &mut Connection, name: &str, input: &Value) -> Result<Value, String> {
        let answer = connection.send(&self.operation(name, input)).await?.expect(200);
        let answer = answer.map_err(|e| format!("{} {name}: {e}", self.peer.name))?;
        if answer.body.is_empty() { Ok(Value::Null) } else { answer.json() }
    }

    async fn pool_and_users(&mut self) -> Result<(), String> {
        let mut connection = Connection::to(self.process.address);
        let pool = json!({ "PoolName": "bench", "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] });
        self.pool = id_of(&self.call(&mut connection, "CreateUserPool", &pool).await?, "/UserPool/Id")?;
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let web = json!({ "UserPoolId": self.pool, "ClientName": "web", "ExplicitAuthFlows": flows,
            "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "CallbackURLs": [CALLBACK],
            "AllowedOAuthScopes": SCOPE.split(' ').collect::<Vec<_>>(), "SupportedIdentityProviders": ["COGNITO"] });
        self.web = client(&self.call(&mut connection, "CreateUserPoolClient", &web).await?)?;
        if self.offers(crate::house::operations::Operation::ClientCredentials) {
            let scopes = json!([{ "ScopeName": "read", "ScopeDescription": "read" }]);
            let server = json!({ "UserPoolId": self.pool, "Identifier": "api", "Name": "api", "Scopes": scopes });
            self.call(&mut connection, "CreateResourceServer", &server).await?;
            let machine = json!({ "UserPoolId": self.pool, "ClientName": "machine", "GenerateSecret": true,
                "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["api/read"] });
            self.machine = client(&self.call(&mut connection, "CreateUserPoolClient", &machine).await?)?;
        }
        for number in 0..self.users {
            let (name, given) = (user(number), GIVEN.get(number % GIVEN.len()).copied().unwrap_or_default());
            let attributes = json!([{ "Name": "email", "Value": name }, { "Name": "email_verified", "Value": "true" },
                { "Name": "given_name", "Value": given }]);
            let made = json!({ "UserPoolId": self.pool, "Username": name, "MessageAction": "SUPPRESS",
                "TemporaryPassword": PASSWORD, "UserAttributes": attributes });
            self.call(&mut connection, "AdminCreateUser", &made).await?;
            let password = json!({ "UserPoolId": self.pool, "Username": name, "Password": PASSWORD, "Permanent": true });
            self.call(&mut connection, "AdminSetUserPassword", &password).await?;
            crate::console::progress(&format!("{}: {} users", self.peer.name, self.users), number + 1, self.users);
        }
        Ok(())
    }

    pub fn offers(&self, operation: crate::house::operations::Operation) -> bool {
        self.peer.offers.iter().any(|offer| offer.operation == operation)
    }

    /// Signs users from all over the pool in: by the pages where there are any, else by the API.
    async fn sign_in(&mut self) -> Result<(), String> {
        let count = SIGN_INS.min(self.users);
        let lanes = (0..4).map(async |lane| {
            let mut connection = Connection::to(self.process.address);
            let mut done = Vec::new();
            for at in (lane..count).step_by(4) {
                done.push(self.session(&mut connection, at * (self.users / count.max(1)).max(1)).await?);
            }
            Ok::<_, String>(done)
        });
        let done = join_all(lanes).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.signed_in = done.into_iter().flatten().collect();
        Ok(())
    }

    async fn session(&self, connection: &mut Connection, number: usize) -> Result<SignedIn, String> {
        let mut browser = Browser::default();
        if self.peer.speaks == Speaks::Cognito && self.peer.form.is_none() {
            let answer = connection.send(&self.password(&user(number))).await?.expect(200)?.json()?;
            let token = |name: &str| id_of(&answer, &format!("/AuthenticationResult/{name}"));
            return Ok(SignedIn { access_token: token("AccessToken")?, refresh_token: token("RefreshToken")?, browser });
        }
        let code = self.code(connection, &mut browser, &self.web, number).await?;
        let tokens = connection.send(&self.exchange(&self.web, &code)).await?.expect(200)?.json()?;
        let token = |name: &str| id_of(&tokens, &format!("/{name}"));
        Ok(SignedIn { access_token: token("access_token")?, refresh_token: token("refresh_token")?, browser })
    }

    /// InitiateAuth with a password.
    pub fn password(&self, name: &str) -> Call {
        let parameters = json!({ "USERNAME": name, "PASSWORD": PASSWORD });
        let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.web.id, "AuthParameters": parameters });
        self.operation("InitiateAuth", &input)
    }

    /// From the application's link to a code: by form, or by redirects to where somebody is signed in.
    ///
    /// # Errors
    /// A page other than the expected one.
    pub async fn code(
        &self,
        connection: &mut Connection,
        browser: &mut Browser,
        of: &ClientOfPool,
        number: usize,
    ) -> Result<String, String> {
        let openid = self.peer.speaks == Speaks::OpenId;
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()));
        let hint = format!("user-{number}");
        let mut asked = vec![
            ("response_type", "code"),
            ("client_id", of.id.as_str()),
            ("redirect_uri", CALLBACK),
            ("scope", if openid { "openid email" } else { SCOPE }),
            ("state", "bench"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        if openid {
            asked.push(("login_hint", hint.as_str()));
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&asked).finish();
        let path = if openid { "/auth" } else { "/oauth2/authorize" };
        let mut answer = browser.send(connection, self.here(Call::get(&format!("{path}?{query}")))).await?;
        if let Some(form) = self.peer.form {
            let name = user(number);
            asked.extend([("username", name.as_str()), ("password", PASSWORD)]);
            answer = browser.send(connection, self.here(Call::form(form, &asked))).await?;
        }
        // At most from the link to the sign-in, from there back, and from there to the application.
        for _ in 0..3 {
            if let Some(code) = answer.redirected("code") {
                return Ok(code);
            }
            let next = self.path_of(&answer)?;
            answer = browser.send(connection, self.here(Call::get(&next))).await?;
        }
        answer.redirected("code").ok_or_else(|| format!("no code: {} {:?}", answer.status, answer.location()))
    }

    /// Where a redirect within this server leads.
    fn path_of(&self, answer: &Answer) -> Result<String, String> {
        let to = answer.location();
        let path = to.strip_prefix("http://").and_then(|rest| rest.strip_prefix(&self.host)).unwrap_or(to);
        if path.starts_with('/') { Ok(path.to_owned()) } else { Err(format!("{}: {} {to:?}", self.peer.name, answer.status)) }
    }
}

fn client(made: &Value) -> Result<ClientOfPool, String> {
    let secret = made.pointer("/UserPoolClient/ClientSecret").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(ClientOfPool { id: id_of(made, "/UserPoolClient/ClientId")?, secret })
}
