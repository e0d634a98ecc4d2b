//! Making a user: AdminCreateUser, and AdminSetUserPassword after it where the password is for good.

use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use poolhouse_engine::error::{Code, Error};
use poolhouse_engine::pools::{Pool, SignInKind, schema};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::AuthFactorType;
use serde_json::{Value as Json, json};

use super::{name_of, password, refused};
use crate::console::kit::json::{put, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, State, View};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

/// Attributes that can be vouched for.
const ADDRESSES: [(&str, &str); 2] = [("email", "email"), ("phone_number", "phone number")];

/// What was typed, or nothing yet.
#[derive(Clone)]
struct Draft {
    username: String,
    /// By name, as typed.
    attributes: BTreeMap<String, String>,
    /// Addresses that are marked as verified.
    verified: Vec<String>,
    /// `generated`, `temporary` or `permanent`.
    kind: String,
    password: String,
    /// `EMAIL`, `SMS`.
    invite_by: Vec<String>,
}

impl Draft {
    fn blank(pool: &Pool) -> Self {
        let by = if is_username(pool, "phone_number") && !is_username(pool, "email") { "SMS" } else { "EMAIL" };
        Self {
            username: String::new(),
            attributes: BTreeMap::new(),
            verified: Vec::new(),
            kind: "generated".to_owned(),
            password: String::new(),
            invite_by: vec![by.to_owned()],
        }
    }

    fn read(posted: &Posted, pool: &Pool) -> Self {
        let typed = |name: &String| (name.clone(), posted.text(&format!("attribute.{name}")).to_owned());
        let ticked = ADDRESSES.iter().filter(|(name, _)| posted.ticked(&format!("verified.{name}")));
        Self {
            username: posted.text("username").to_owned(),
            attributes: asked(pool).iter().map(typed).collect(),
            verified: ticked.map(|(name, _)| (*name).to_owned()).collect(),
            kind: posted.text("kind").to_owned(),
            password: posted.raw("password").to_owned(),
            invite_by: posted.all("invite"),
        }
    }

    fn is_permanent(&self) -> bool {
        self.kind == "permanent"
    }

    /// Whether the user has such an address: typed as one, or as the name.
    fn has(&self, pool: &Pool, name: &str) -> bool {
        let typed = self.attributes.get(name).is_some_and(|value| !value.is_empty());
        typed || (is_username(pool, name) && self.username.starts_with('+') == (name == "phone_number"))
    }

    /// With an example for what the call cannot be made without: the name, and where the invitation goes.
    fn exemplary(&self, pool: &Pool) -> Self {
        const EMAIL: &str = "new-user@example.com";
        const NUMBER: &str = "+14155550100";
        let mut shown = self.clone();
        if shown.username.is_empty() {
            shown.username = match pool.sign_in_kind() {
                SignInKind::Username => "new-user",
                SignInKind::Attributes { email: false, .. } => NUMBER,
                SignInKind::Attributes { .. } => EMAIL,
            }
            .to_owned();
        }
        for (by, name, value) in [("EMAIL", "email", EMAIL), ("SMS", "phone_number", NUMBER)] {
            let invited = !shown.is_permanent() && shown.invite_by.iter().any(|one| one == by);
            if invited && !shown.has(pool, name) {
                shown.attributes.insert(name.to_owned(), value.to_owned());
            }
        }
        shown
    }

    /// The call, with this in place of the typed password: passwords are not printed.
    fn input(&self, pool: &Pool, password: &str) -> Json {
        let pair = |name: &str, value: &str| json!({ "Name": name, "Value": value });
        let typed = self.attributes.iter().filter(|(_, value)| !value.is_empty());
        let mut attributes: Vec<Json> = typed.map(|(name, value)| pair(name, value)).collect();
        let vouched = self.verified.iter().filter(|name| self.has(pool, name));
        attributes.extend(vouched.map(|name| pair(&format!("{name}_verified"), "true")));
        let mut input = json!({ "UserPoolId": pool.id, "Username": self.username });
        if !attributes.is_empty() {
            put(&mut input, "UserAttributes", attributes);
        }
        if self.kind == "temporary" {
            put(&mut input, "TemporaryPassword", password);
        }
        if self.is_permanent() || self.invite_by.is_empty() {
            put(&mut input, "MessageAction", "SUPPRESS");
        } else {
            put(&mut input, "DesiredDeliveryMediums", self.invite_by.clone());
        }
        input
    }

    fn done(&self, pool: &Pool) -> String {
        let name = &self.username;
        match self.invite_by.as_slice() {
            _ if self.kind == "generated" && takes_codes(pool) => {
                format!("User {name} was created without a password, and signs in with one-time codes.")
            }
            _ if self.is_permanent() => format!("User {name} was created with a permanent password and can sign in."),
            [] => format!("User {name} was created. No invitation was sent."),
            [by] => format!("User {name} was created and invited by {}.", if by == "EMAIL" { "email" } else { "text message" }),
            _ => format!("User {name} was created and invited."),
        }
    }
}

/// Whether users of the pool sign in with this kind of address as their name.
fn is_username(pool: &Pool, address: &str) -> bool {
    match pool.sign_in_kind() {
        SignInKind::Username => false,
        SignInKind::Attributes { email, phone_number } => {
            if address == "email" {
                email
            } else {
                phone_number
            }
        }
    }
}

/// Attributes to ask for: both addresses, but for one that is the user name, and what else the pool requires.
fn asked(pool: &Pool) -> Vec<String> {
    let both = is_username(pool, "email") && is_username(pool, "phone_number");
    let addresses = ADDRESSES.iter().map(|(name, _)| *name).filter(|name| both || !is_username(pool, name));
    let others = schema::required(pool).filter(|name| !ADDRESSES.iter().any(|(address, _)| address == name));
    addresses.chain(others).map(str::to_owned).collect()
}

/// Whether a user without a password can sign in here.
fn takes_codes(pool: &Pool) -> bool {
    let factors = pool.document.policies.as_ref().and_then(|p| p.sign_in_policy.as_ref());
    let factors = factors.and_then(|policy| policy.allowed_first_auth_factors.as_deref()).unwrap_or_default();
    factors.iter().any(|factor| matches!(factor, AuthFactorType::EmailOtp | AuthFactorType::SmsOtp))
}

fn fields(pool: &Pool, draft: &Draft) -> Vec<Field> {
    let (label, hint) = match pool.sign_in_kind() {
        SignInKind::Username => ("Username", "It cannot be changed later."),
        SignInKind::Attributes { phone_number: false, .. } => ("Email", "What the user signs in with."),
        SignInKind::Attributes { email: false, .. } => ("Phone number", "With + and country code, as in +14155550100."),
        SignInKind::Attributes { .. } => ("Email or phone number", "A phone number with + and country code."),
    };
    let mut fields = vec![Field::text("username", label, &draft.username).must().at_most(128).hinting(hint)];
    let asked = asked(pool);
    let named_by = ADDRESSES.iter().find(|(address, _)| !asked.iter().any(|name| name == address));
    fields.extend(named_by.map(|(address, word)| vouching(draft, address, word)));
    let required: Vec<&str> = schema::required(pool).collect();
    for name in &asked {
        let value = draft.attributes.get(name).map(String::as_str).unwrap_or_default();
        let mut field = Field::text(&format!("attribute.{name}"), &label_of(name), value).at_most(2048);
        if required.contains(&name.as_str()) {
            field = field
                .hinting("The pool requires it. Left empty, the user is asked for it when the temporary password is changed.");
        }
        fields.push(field);
        let address = ADDRESSES.iter().find(|(address, _)| address == name);
        fields.extend(address.map(|(address, word)| vouching(draft, address, word)));
    }
    fields.extend(secrets(pool, draft));
    fields
}

/// The box beside an address.
fn vouching(draft: &Draft, address: &str, word: &str) -> Field {
    let ticked = draft.verified.iter().any(|verified| verified == address);
    let hint = format!("You vouch that the {word} is the user's. Codes for a forgotten password go to verified addresses only.");
    Field::check(&format!("verified.{address}"), &format!("Mark {word} as verified"), ticked).hinting(&hint)
}

fn label_of(name: &str) -> String {
    match name {
        "email" => "Email".to_owned(),
        "phone_number" => "Phone number".to_owned(),
        other => other.to_owned(),
    }
}

fn secrets(pool: &Pool, draft: &Draft) -> Vec<Field> {
    let kind = |value: &str, label: &str, hint: &str| Choice::new(value, label, draft.kind == value).hinting(hint);
    let days = pool.temporary_password_days();
    let first = match takes_codes(pool) {
        true => kind("generated", "No password", "The user signs in with one-time codes, and is CONFIRMED at once."),
        false => kind("generated", "Generate a temporary password", "Only the invitation tells it."),
    };
    let temporary = format!("FORCE_CHANGE_PASSWORD: the user changes it at the first sign-in, within {days} days.");
    let invite = |value: &str, label: &str| Choice::new(value, label, draft.invite_by.iter().any(|by| by == value));
    vec![
        Field::one_of(
            Input::Radio,
            "kind",
            "Password",
            vec![
                first,
                kind("temporary", "Set a temporary password", &temporary),
                kind("permanent", "Set a permanent password", "CONFIRMED: the user can sign in at once. No invitation is sent."),
            ],
        ),
        password::field(pool, "Temporary or permanent password"),
        Field::one_of(
            Input::Checks,
            "invite",
            "Send the invitation by",
            vec![invite("EMAIL", "Email"), invite("SMS", "Text message")],
        )
        .hinting("Untick both to send none."),
    ]
}

async fn page(visit: &mut Visit, pool: &Pool, draft: &Draft) -> (View, Form) {
    let here = paths::pool(&pool.id, "/users/new");
    let users = paths::pool(&pool.id, "/users");
    let shown = draft.exemplary(pool);
    let password = password::example(pool);
    visit.would_call("AdminCreateUser", &shown.input(pool, &password));
    if draft.is_permanent() {
        visit.would_call("AdminSetUserPassword", &password::input(pool, &shown.username, &password, true));
    }
    let mut view = visit.view(Some(&pool.id), "Create user", vec![Link::new("Users", &users)]).await;
    view.lead = Some("An account made by an administrator, whether or not people may sign up by themselves.".to_owned());
    (view, Form::new("new", &here, "Create user", fields(pool, draft)).or_cancel(&users))
}

pub async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let (mut visit, pool) = visit.enter(&id).await?;
    let (mut view, form) = page(&mut visit, &pool, &Draft::blank(&pool)).await;
    view.blocks.push(Block::Form(form));
    Ok(visit.show(view))
}

pub async fn post(Path(id): Path<String>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let draft = Draft::read(&posted, &pool);
    let visit = posted.visit;
    // Of two wishes that contradict each other none is granted: the operation would generate what was left out.
    if (draft.kind == "generated") != draft.password.is_empty() {
        let text = match draft.password.is_empty() {
            true => "Type the password, or choose the kind that needs none.",
            false => "A password was typed: choose whether it is temporary or permanent, or leave it out.",
        };
        return comes_back(visit, &pool, &draft, &Error::new(ErrorCode::InvalidPasswordException, text)).await;
    }
    let made = match visit.call_aside("AdminCreateUser", draft.input(&pool, &draft.password)).await {
        Ok(made) => made,
        Err(error) => return comes_back(visit, &pool, &draft, &error).await,
    };
    let user = made.get("User").cloned().unwrap_or_default();
    let username = text(&user, "Username");
    if draft.is_permanent() {
        let input = password::input(&pool, username, &draft.password, true);
        if let Err(error) = visit.call_aside("AdminSetUserPassword", input).await {
            return half_made(visit, &pool, &user, &error).await;
        }
    }
    Ok(visit.go(&paths::user(&pool.id, username, ""), &draft.done(&pool)))
}

async fn comes_back(visit: Visit, pool: &Pool, draft: &Draft, error: &Error) -> Answer {
    let (mut visit, said) = visit.said(error).await?;
    let (mut view, form) = page(&mut visit, pool, draft).await;
    view.blocks.push(Block::Form(refused(form, error, said)));
    Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
}

/// The user is there and the password is not: what was made, what was not, and the form for what is missing.
async fn half_made(mut visit: Visit, pool: &Pool, user: &Json, error: &Error) -> Answer {
    let why = match error.code() {
        Code::Aws(ErrorCode::InternalErrorException) => {
            tracing::error!(request_id = %visit.ctx.request_id, cause = ?error.detail().map(|d| d.cause.as_str()), "a password was not set");
            format!("the server failed (event {})", visit.ctx.request_id)
        }
        _ => error.message().trim_end_matches('.').to_owned(),
    };
    let name = name_of(pool, user);
    let (mut view, form) = password::page(&mut visit, pool, user, true).await;
    let text = format!(
        "User {name} was made, and no invitation was sent. The permanent password was not set: {why}. \
         The user stays FORCE_CHANGE_PASSWORD with a generated temporary password that nobody knows, until you set one here."
    );
    view.blocks.push(Block::Notice { state: State::Warn, text, link: None });
    view.blocks.push(Block::Form(refused(form, error, why)));
    Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
}
