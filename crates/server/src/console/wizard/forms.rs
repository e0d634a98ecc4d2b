//! The fields of each step and how they are read. The same ones as on the pages that make these things one by one, where there
//! are such. Pure.

use serde_json::json;

use super::drafts::Draft;
use super::goal::{Goal, LOCAL, POSTMAN, POSTMAN_WEB};
use super::parts::{Part, custom_scopes, named_by};
use super::steps::Step;
use crate::console::clients;
use crate::console::clients::login_pages::{GRANTS, SCOPES};
use crate::console::kit::json::{list, text};
use crate::console::kit::members::{self, any_of, lines, number, put, texts_at};
use crate::console::kit::view::{Choice, Field, Input};
use crate::console::kit::visit::Posted;
use crate::console::pools;
use crate::console::resource_servers;

/// What stands for a password in printed calls.
pub const EXAMPLE_PASSWORD: &str = "Choose-Your-Own-1";

/// The boxes of the callbacks that are offered.
const READY: &str = "ready";
const LIFETIMES: [(&str, &str, &str, &str); 3] = [
    ("AccessTokenValidity", "AccessToken", "Access token lifetime, minutes", "5 to 1440. Left empty: 60."),
    ("IdTokenValidity", "IdToken", "ID token lifetime, minutes", "5 to 1440. Left empty: 60."),
    ("RefreshTokenValidity", "RefreshToken", "Refresh token lifetime, days", "1 to 3650. Left empty: 30."),
];

/// What is not there without this step.
pub fn without(step: Step) -> &'static str {
    match step {
        Step::Domain => "Without one, ask for tokens at this server's own address.",
        Step::Server => "Without one, tokens have the scopes of OpenID only.",
        Step::User => "Without one, nobody can sign in until you create a user or somebody signs up.",
        _ => "",
    }
}

pub fn fields(draft: &Draft, step: Step, runner: &str) -> Vec<Field> {
    match step {
        Step::Pool => pools::create::fields(&draft.pool),
        Step::Domain => vec![
            members::text(&draft.domain, "Domain", "Prefix")
                .must()
                .at_most(63)
                .hinting("Lower-case letters, digits and hyphens. Nobody else in the region can have the same. Fixed on AWS: another prefix is another domain."),
        ],
        Step::Server => resource_servers::fields(&draft.server, false),
        Step::Client => client_fields(draft),
        Step::SignIn if draft.goal == Goal::Machine => vec![scopes(draft)],
        Step::SignIn => sign_in_fields(draft, runner),
        Step::User => user_fields(draft),
        _ => Vec::new(),
    }
}

fn client_fields(draft: &Draft) -> Vec<Field> {
    let fields = clients::create::fields(&draft.client).into_iter().filter(|field| field.name != "CallbackURLs");
    let lifetime = |(path, _, label, hint): (&str, &str, &str, &str)| number(&draft.client, path, label).hinting(hint);
    // A machine has neither an ID token nor a refresh token.
    let lifetimes = LIFETIMES.into_iter().take(if draft.goal.has_users() { 3 } else { 1 });
    fields.filter(|field| draft.goal.has_users() || field.name != "ExplicitAuthFlows").chain(lifetimes.map(lifetime)).collect()
}

fn ready(goal: Goal, runner: &str) -> Vec<(&str, &'static str)> {
    let mut all =
        vec![(POSTMAN, "Postman, desktop"), (POSTMAN_WEB, "Postman, in the browser"), (LOCAL, "An app on this machine")];
    all.extend((goal == Goal::Mobile).then_some(("myapp://callback", "A mobile app's own scheme")));
    all.push((runner, "The flow runner of this console"));
    all
}

fn sign_in_fields(draft: &Draft, runner: &str) -> Vec<Field> {
    let callbacks = texts_at(&draft.client, "CallbackURLs");
    let ready = ready(draft.goal, runner);
    let choice = |(url, label): &(&str, &str)| Choice::new(url, label, callbacks.iter().any(|one| one == url)).hinting(url);
    let others: Vec<&str> = callbacks.iter().map(String::as_str).filter(|one| !ready.iter().any(|(url, _)| url == one)).collect();
    vec![
        Field::one_of(Input::Checks, READY, "Callback URLs", ready.iter().map(choice).collect())
            .hinting("An app's redirect_uri must be one of them, letter for letter. The flow runner works only with its own."),
        Field::new(Input::Lines, "CallbackURLs", "Other callback URLs", &others.join("\n"))
            .hinting("One a line. https, http for localhost only, or an app's own scheme."),
        lines(&draft.client, "LogoutURLs", "Sign-out URLs").hinting("One a line. Where users may be sent after signing out."),
        any_of(&draft.client, "AllowedOAuthFlows", "OAuth grant types", GRANTS.get(..2).unwrap_or_default()),
        scopes(draft),
    ]
}

fn scopes(draft: &Draft) -> Field {
    let custom = custom_scopes(draft);
    let about: Vec<&str> = list(&draft.server, "Scopes").iter().map(|scope| text(scope, "ScopeDescription")).collect();
    let custom = custom.iter().zip(about).map(|(name, about)| (name.as_str(), name.as_str(), about));
    let own = SCOPES.into_iter().filter(|_| draft.goal.has_users());
    let all: Vec<(&str, &str, &str)> = own.chain(custom).collect();
    let client = Part::Client.input(draft, "", "");
    any_of(&client, "AllowedOAuthScopes", "Scopes", &all)
}

fn user_fields(draft: &Draft) -> Vec<Field> {
    let user = &draft.user;
    let names = texts_at(&draft.pool, "UsernameAttributes").len();
    let (label, hint) = match named_by(draft) {
        None => ("Username", "It cannot be changed later."),
        Some(_) if names > 1 => ("Email or phone number", "A phone number with + and country code."),
        Some("email") => ("Email", "What the user signs in with."),
        Some(_) => ("Phone number", "With + and country code, as in +14155550100."),
    };
    let mut fields = vec![Field::text("name", label, &user.name).must().at_most(128).hinting(hint)];
    if named_by(draft).is_none() {
        fields.push(Field::new(Input::Email, "email", "Email", &user.email).at_most(2048));
    }
    let kind =
        |value: &str, label: &str, hint: &str| Choice::new(value, label, user.permanent == (value == "permanent")).hinting(hint);
    let password = Field::new(Input::Password, "password", "Password", "").at_most(256);
    let rules = "At least 8 characters, with upper and lower case, a digit and a symbol.";
    let password = match user.password.is_empty() {
        true => password.must().hinting(rules),
        false => password.hinting("Kept from before. Type another one to replace it."),
    };
    fields.extend([
        Field::check("verified", "Mark the address as verified", user.verified)
            .hinting("You vouch that it is the user's. Codes for a forgotten password go to verified addresses only."),
        Field::one_of(
            Input::Radio,
            "kind",
            "Kind of password",
            vec![
                kind(
                    "temporary",
                    "Temporary",
                    "FORCE_CHANGE_PASSWORD: it has to be changed at the first sign-in, or made permanent by you in a later step.",
                ),
                kind("permanent", "Permanent", "CONFIRMED: the user can sign in at once."),
            ],
        ),
        password,
        Field::check("invite", "Send an invitation", user.invite).hinting("With user name and password, to the address above."),
    ]);
    fields
}

/// Writes what was posted into the draft, right or wrong.
pub fn take(draft: &mut Draft, step: Step, posted: &Posted) {
    match step {
        Step::Pool => {
            let fields = pools::create::fields(&draft.pool);
            members::take(&mut draft.pool, "CreateUserPool", &fields, posted);
            pools::create::settle(&mut draft.pool, posted);
        }
        Step::Domain => draft.domain = json!({ "Domain": posted.text("Domain") }),
        Step::Server => take_server(draft, posted),
        Step::Client => {
            let fields = client_fields(draft);
            members::take(&mut draft.client, "CreateUserPoolClient", &fields, posted);
            for (path, unit, ..) in LIFETIMES {
                let given = draft.client.get(path).is_some();
                let units = if unit == "RefreshToken" { "days" } else { "minutes" };
                put(&mut draft.client, &format!("TokenValidityUnits.{unit}"), given.then(|| json!(units)));
            }
        }
        Step::SignIn => {
            let fields = if draft.goal == Goal::Machine { vec![scopes(draft)] } else { sign_in_fields(draft, "") };
            members::take(&mut draft.client, "CreateUserPoolClient", &fields, posted);
            if draft.goal.has_users() {
                let mut callbacks = posted.all(READY);
                callbacks.extend(posted.lines("CallbackURLs").into_iter().filter(|url| !posted.all(READY).contains(url)));
                put(&mut draft.client, "CallbackURLs", Some(json!(callbacks)));
            }
        }
        Step::User => take_user(draft, posted),
        _ => {}
    }
}

/// Scopes that are new are asked for: they are there for this client.
fn take_server(draft: &mut Draft, posted: &Posted) {
    let before = resource_servers::scopes_of(&draft.server);
    draft.server = json!({
        "Identifier": posted.text("Identifier"),
        "Name": posted.text("Name"),
        "Scopes": resource_servers::scopes(posted),
    });
    let after = resource_servers::scopes_of(&draft.server);
    let mut asked = texts_at(&draft.client, "AllowedOAuthScopes");
    asked.retain(|scope| !before.contains(scope) || after.contains(scope));
    asked.extend(after.into_iter().filter(|scope| !before.contains(scope)));
    put(&mut draft.client, "AllowedOAuthScopes", Some(json!(asked)));
}

fn take_user(draft: &mut Draft, posted: &Posted) {
    let user = &mut draft.user;
    user.name = posted.text("name").to_owned();
    user.email = posted.text("email").to_owned();
    user.verified = posted.ticked("verified");
    user.permanent = posted.text("kind") == "permanent";
    user.invite = posted.ticked("invite");
    if !posted.raw("password").is_empty() {
        user.password = posted.raw("password").to_owned();
    }
}
