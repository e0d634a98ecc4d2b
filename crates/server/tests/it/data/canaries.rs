//! One walk through nearly everything that has to do with secrets, and the secrets it met.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::auth::srp_client::{self, Client};
use crate::auth::{Door, secret_hash, text};
use crate::harness::{App, CALLBACK, House, PASSWORD, encode};

pub const EVE: &str = "eve.canary@example.com";
const OWN: &str = "Canary-Own-Pass-1";
const CHANGED: &str = "Canary-Changed-Pass-2";
const RESET: &str = "Canary-Reset-Pass-3";
const TEMPORARY: &str = "Canary-Temporary-Pass-4";
const CHOSEN: &str = "Canary-Chosen-Pass-5";
const WRONG: &str = "Canary-Wrong-Pass-6";

pub struct Canary {
    pub name: &'static str,
    value: Vec<u8>,
}

impl Canary {
    /// As it is, in hex and in base64.
    pub fn spellings(&self) -> Vec<Vec<u8>> {
        let hex: String = self.value.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut all = vec![self.value.clone(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
        // Short codes have no base64 of their own that would not be found by chance.
        if self.value.len() > 8 {
            all.push(STANDARD.encode(&self.value).into_bytes());
            all.push(URL_SAFE_NO_PAD.encode(&self.value).into_bytes());
        }
        all
    }
}

#[derive(Default)]
struct Met(Vec<Canary>);

impl Met {
    fn add(&mut self, name: &'static str, value: impl AsRef<[u8]>) {
        self.0.push(Canary { name, value: value.as_ref().to_vec() });
    }

    fn tokens(&mut self, result: &Value) {
        for (name, members) in [
            ("access token", ["AccessToken", "access_token"]),
            ("ID token", ["IdToken", "id_token"]),
            ("refresh token", ["RefreshToken", "refresh_token"]),
        ] {
            for member in members {
                if let Some(token) = result[member].as_str() {
                    self.add(name, token);
                }
            }
        }
    }

    fn code(&mut self, house: &House) -> String {
        let code = house.post.0.lock().unwrap().last().and_then(|message| message.code.clone()).expect("a code was sent");
        self.add("code", &code);
        code
    }
}

/// Walks; what must be nowhere afterwards.
pub async fn broad(house: &House) -> Vec<Canary> {
    let mut met = Met::default();
    for (name, password) in [
        ("own", OWN),
        ("changed", CHANGED),
        ("reset", RESET),
        ("temporary", TEMPORARY),
        ("chosen", CHOSEN),
        ("wrong", WRONG),
        ("harness", PASSWORD),
    ] {
        met.add(name, password);
    }
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    let secret = app.secret.clone().unwrap();
    met.add("client secret", &secret);
    let named = json!({ "UserPoolId": app.pool, "ClientId": app.client });
    let second = house.ok("AddUserPoolClientSecret", named).await;
    met.add("second client secret", text(&second["ClientSecretDescriptor"]["ClientSecretValue"]));
    let (_, key) = house.access_key("canary", &["*"], &[]).await;
    met.add("access key", key);
    account(house, &app, &mut met).await;
    sign_ins(house, &app, &mut met).await;
    pages(house, &app, &secret, &mut met).await;
    met.0
}

async fn account(house: &House, app: &App, met: &mut Met) {
    let hash = secret_hash(app.secret.as_deref().unwrap(), EVE, &app.client);
    let call = |more: Value| {
        let mut input = json!({ "ClientId": app.client, "Username": EVE, "SecretHash": hash });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    met.add("secret hash", &hash);
    house.ok("SignUp", call(json!({ "Password": OWN, "UserAttributes": [{ "Name": "email", "Value": EVE }] }))).await;
    met.code(house);
    house.ok("ResendConfirmationCode", call(json!({}))).await;
    let code = met.code(house);
    house.refused("ConfirmSignUp", call(json!({ "ConfirmationCode": "canary" }))).await;
    house.ok("ConfirmSignUp", call(json!({ "ConfirmationCode": code }))).await;
    let parameters = json!({ "USERNAME": EVE, "PASSWORD": OWN, "SECRET_HASH": hash });
    let (operation, input) = Door::Public.initiate(app, "USER_PASSWORD_AUTH", parameters);
    let signed = house.ok(operation, input).await["AuthenticationResult"].clone();
    met.tokens(&signed);
    let change = json!({ "AccessToken": signed["AccessToken"], "PreviousPassword": OWN, "ProposedPassword": CHANGED });
    house.ok("ChangePassword", change).await;
    house.ok("ForgotPassword", call(json!({}))).await;
    let code = met.code(house);
    house.ok("ConfirmForgotPassword", call(json!({ "ConfirmationCode": code, "Password": RESET }))).await;
    // A code that stays open.
    house.ok("ForgotPassword", call(json!({}))).await;
    met.code(house);
}

async fn sign_ins(house: &House, app: &App, met: &mut Met) {
    let secret = app.secret.as_deref().unwrap();
    let hash = secret_hash(secret, EVE, &app.client);
    let (operation, input) =
        Door::Public.initiate(app, "USER_PASSWORD_AUTH", json!({ "USERNAME": EVE, "PASSWORD": WRONG, "SECRET_HASH": hash }));
    house.refused(operation, input).await;
    let client = Client::new(141);
    let start = json!({ "USERNAME": EVE, "SRP_A": client.a_hex, "SECRET_HASH": hash });
    let (operation, input) = Door::Public.initiate(app, "USER_SRP_AUTH", start.clone());
    let asked = house.ok(operation, input).await;
    met.add("SRP verifier", srp_client::verifier(&app.pool, &asked, RESET));
    met.add("SRP salt", text(&asked["ChallengeParameters"]["SALT"]));
    met.add("SRP A", &client.a_hex);
    met.add("SRP B", text(&asked["ChallengeParameters"]["SRP_B"]));
    met.add("secret block", text(&asked["ChallengeParameters"]["SECRET_BLOCK"]));
    let mut responses = client.answer(&app.pool, &asked, RESET);
    let id = text(&asked["ChallengeParameters"]["USER_ID_FOR_SRP"]);
    responses["SECRET_HASH"] = json!(secret_hash(secret, id, &app.client));
    met.add("SRP proof", text(&responses["PASSWORD_CLAIM_SIGNATURE"]));
    let (operation, input) = Door::Public.respond(app, "PASSWORD_VERIFIER", None, responses);
    let signed = house.ok(operation, input).await["AuthenticationResult"].clone();
    met.tokens(&signed);
    // An exchange and a challenge that stay open.
    let (operation, input) = Door::Public.initiate(app, "USER_SRP_AUTH", start);
    met.add("open secret block", text(&house.ok(operation, input).await["ChallengeParameters"]["SECRET_BLOCK"]));
    for (username, open) in [("ian@example.com", false), ("joe@example.com", true)] {
        let invited = json!({
            "UserPoolId": app.pool, "Username": username, "TemporaryPassword": TEMPORARY,
            "UserAttributes": [{ "Name": "email", "Value": username }],
        });
        house.ok("AdminCreateUser", invited).await;
        let hash = secret_hash(secret, username, &app.client);
        let parameters = json!({ "USERNAME": username, "PASSWORD": TEMPORARY, "SECRET_HASH": hash });
        let (operation, input) = Door::Admin.initiate(app, "ADMIN_USER_PASSWORD_AUTH", parameters);
        let asked = house.ok(operation, input).await;
        met.add("session", text(&asked["Session"]));
        if !open {
            let responses = json!({ "USERNAME": username, "NEW_PASSWORD": CHOSEN, "SECRET_HASH": hash });
            let (operation, input) = Door::Admin.respond(app, "NEW_PASSWORD_REQUIRED", Some(text(&asked["Session"])), responses);
            met.tokens(&house.ok(operation, input).await["AuthenticationResult"]);
        }
    }
    let refresh = json!({ "ClientId": app.client, "ClientSecret": secret, "RefreshToken": signed["RefreshToken"] });
    met.tokens(&house.ok("GetTokensFromRefreshToken", refresh).await["AuthenticationResult"]);
    house.refused("GetUser", json!({ "AccessToken": format!("{}x", text(&signed["AccessToken"])) })).await;
}

async fn pages(house: &House, app: &App, secret: &str, met: &mut Met) {
    let fields = [
        ("client_id", app.client.as_str()),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "s"),
    ];
    for redeemed in [true, false] {
        let mut browser = house.browser();
        let start = browser.get(&format!("/oauth2/authorize?{}", encode(&fields))).await;
        let page = browser.follow(start).await;
        let answer = browser.submit(&page, &[("username", EVE), ("password", RESET)]).await;
        let answer = browser.follow(answer).await;
        let code = answer.redirected("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
        met.add("authorization code", &code);
        for value in browser.jar.values().filter(|value| value.len() > 8) {
            met.add("cookie", value);
        }
        if redeemed {
            let fields = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
            met.tokens(&house.form("/oauth2/token", &fields, Some((&app.client, secret))).await.json());
        }
        let wrong = [("grant_type", "refresh_token"), ("refresh_token", "canary-no-refresh-token")];
        house.form("/oauth2/token", &wrong, Some((&app.client, secret))).await;
    }
    met.add("refused refresh token", "canary-no-refresh-token");
}
