//! What the wizard makes, part by part, each by one operation; and the operations' own checks of a draft, before there is anything
//! they could be run on. Called by the pages of the wizard.

use std::collections::BTreeSet;

use poolhouse_engine::clients::rules;
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::error::Error;
use poolhouse_engine::keys::seal::PoolKey;
use poolhouse_engine::ops::pools::create_user_pool;
use poolhouse_engine::pools::domains::{self, Kind};
use poolhouse_engine::pools::password_policy::{self, Wording};
use poolhouse_engine::pools::{Pool, resource_servers};
use poolhouse_wire::operation;
use poolhouse_wire::types::{CreateUserPoolClientRequest, CreateUserPoolRequest, ResourceServerScopeType};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::drafts::Draft;
use super::steps::Step;
use crate::console::kit::json::{list, text};
use crate::console::kit::members::{at, put, texts_at};
use crate::console::resource_servers::scopes_of;

/// In the order they are made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Pool,
    Domain,
    Server,
    Client,
    User,
    Password,
}

impl Part {
    pub const ALL: [Self; 6] = [Self::Pool, Self::Domain, Self::Server, Self::Client, Self::User, Self::Password];

    pub fn label(self) -> &'static str {
        match self {
            Self::Pool => "User pool",
            Self::Domain => "Domain",
            Self::Server => "Resource server",
            Self::Client => "App client",
            Self::User => "Sample user",
            Self::Password => "Permanent password",
        }
    }

    /// The step where it is told.
    pub fn step(self) -> Step {
        match self {
            Self::Pool => Step::Pool,
            Self::Domain => Step::Domain,
            Self::Server => Step::Server,
            Self::Client => Step::Client,
            Self::User | Self::Password => Step::User,
        }
    }

    pub fn operation(self) -> &'static str {
        match self {
            Self::Pool => "CreateUserPool",
            Self::Domain => "CreateUserPoolDomain",
            Self::Server => "CreateResourceServer",
            Self::Client => "CreateUserPoolClient",
            Self::User => "AdminCreateUser",
            Self::Password => "AdminSetUserPassword",
        }
    }

    pub fn wanted(self, draft: &Draft) -> bool {
        let has = |step: Step| draft.goal.has_users() && !draft.skipped.contains(&step);
        match self {
            Self::Pool | Self::Client => true,
            Self::Domain => !draft.skipped.contains(&Step::Domain),
            Self::Server => !draft.skipped.contains(&Step::Server),
            Self::User => has(Step::User),
            Self::Password => has(Step::User) && draft.user.permanent,
        }
    }

    /// The operation's input, in this pool and with this for the user's password.
    pub fn input(self, draft: &Draft, pool: &str, password: &str) -> Json {
        let mut input = match self {
            Self::Pool => return draft.pool.clone(),
            Self::Domain => draft.domain.clone(),
            Self::Server => draft.server.clone(),
            Self::Client => client(draft),
            Self::User => user(draft, password),
            Self::Password => json!({ "Username": draft.user.name, "Password": password, "Permanent": true }),
        };
        put(&mut input, "UserPoolId", Some(json!(pool)));
        input
    }
}

/// Names the scopes that there will be: a custom one goes with its resource server.
fn client(draft: &Draft) -> Json {
    let mut client = draft.client.clone();
    let custom = custom_scopes(draft);
    let scopes = texts_at(&client, "AllowedOAuthScopes");
    let kept: Vec<String> = scopes.into_iter().filter(|scope| !scope.contains('/') || custom.contains(scope)).collect();
    put(&mut client, "AllowedOAuthScopes", Some(json!(kept)));
    client
}

/// The scopes of the draft's resource server as tokens spell them.
pub fn custom_scopes(draft: &Draft) -> Vec<String> {
    if Part::Server.wanted(draft) { scopes_of(&draft.server) } else { Vec::new() }
}

/// Which address users of the draft's pool sign in with: `email`, `phone_number`, or none.
pub fn named_by(draft: &Draft) -> Option<&'static str> {
    let names = texts_at(&draft.pool, "UsernameAttributes");
    ["email", "phone_number"].into_iter().find(|kind| names.iter().any(|name| name == kind))
}

fn user(draft: &Draft, password: &str) -> Json {
    let user = &draft.user;
    // Where either will do, a name that begins with + is a number.
    let (kind, address) = match named_by(draft) {
        Some(_) if user.name.starts_with('+') => ("phone_number", &user.name),
        Some(_) => ("email", &user.name),
        None => ("email", &user.email),
    };
    let mut input = json!({ "Username": user.name });
    if !address.is_empty() {
        let mut attributes = vec![json!({ "Name": kind, "Value": address })];
        if user.verified {
            attributes.push(json!({ "Name": format!("{kind}_verified"), "Value": "true" }));
        }
        put(&mut input, "UserAttributes", Some(json!(attributes)));
    }
    if !user.permanent {
        put(&mut input, "TemporaryPassword", Some(json!(password)));
    }
    match user.invite {
        true => put(&mut input, "DesiredDeliveryMediums", Some(json!([if kind == "email" { "EMAIL" } else { "SMS" }]))),
        false => put(&mut input, "MessageAction", Some(json!("SUPPRESS"))),
    }
    input
}

/// Why an operation would refuse what this step says, as far as that can be known before the pool is there.
///
/// # Errors
/// The operation's own.
pub fn check(ctx: &Ctx, draft: &Draft, step: Step) -> Result<(), Error> {
    // Any pool: the model's constraints do not ask whether it exists.
    let pool = example_pool(ctx);
    let modelled = |part: Part| modelled(part.operation(), &part.input(draft, &pool, &draft.user.password));
    match step {
        Step::Pool => {
            let input = typed::<CreateUserPoolRequest>(modelled(Part::Pool)?)?;
            create_user_pool::document(input).map(|_| ())
        }
        Step::Domain => {
            modelled(Part::Domain)?;
            domains::check_name(Kind::Prefix, text(&draft.domain, "Domain"), domains::own_host(ctx))
        }
        Step::Server => {
            let input = modelled(Part::Server)?;
            let scopes: Vec<ResourceServerScopeType> =
                list(&input, "Scopes").iter().cloned().map(typed).collect::<Result<_, _>>()?;
            resource_servers::check(text(&input, "Identifier"), &scopes)
        }
        Step::Client | Step::SignIn => client_rules(ctx, draft, modelled(Part::Client)?),
        Step::User => {
            if draft.user.password.is_empty() {
                return Err(Error::invalid_parameter("Type a password for the sample user."));
            }
            modelled(Part::User)?;
            let wording = if draft.user.permanent { Wording::Set } else { Wording::AdminCreate };
            password_policy::check(&password_policy::default(), &draft.user.password, wording)
        }
        _ => Ok(()),
    }
}

fn client_rules(ctx: &Ctx, draft: &Draft, input: Json) -> Result<(), Error> {
    let input = typed::<CreateUserPoolClientRequest>(input)?;
    let has_secret = input.generate_secret.unwrap_or(false);
    let pool = Pool {
        id: example_pool(ctx),
        region: ctx.region().to_owned(),
        document: create_user_pool::document(typed(draft.pool.clone())?)?,
        version: 1,
        // Never kept: the rules want a pool, and this one is none.
        key: PoolKey::generate(1, ctx.entropy()),
        created_at: ctx.now,
        modified_at: ctx.now,
    };
    let custom: BTreeSet<String> = custom_scopes(draft).into_iter().collect();
    let facts = rules::Facts { pool: &pool, custom_scopes: &custom, has_secret, change: rules::Change::Creating };
    rules::check(&rules::of_create(input), &facts)
}

/// Stands for the id that the pool will get.
pub fn example_pool(ctx: &Ctx) -> String {
    format!("{}_YourPool1", ctx.region())
}

fn modelled(name: &str, input: &Json) -> Result<Json, Error> {
    let operation = operation(name).ok_or_else(|| Error::internal(format!("{name} is not built")))?;
    poolhouse_wire::decode(operation, input.to_string().as_bytes())
        .map_err(|rejection| Error::new(rejection.code, rejection.message.unwrap_or_default()))
}

fn typed<T: DeserializeOwned>(input: Json) -> Result<T, Error> {
    serde_json::from_value(input).map_err(|error| Error::internal(error.to_string()))
}

/// The id of what was made, from the operation's answer.
pub fn id_of(part: Part, input: &Json, answer: &Json) -> String {
    let from_answer = |path: &str| at(answer, path).and_then(Json::as_str).unwrap_or_default().to_owned();
    match part {
        Part::Pool => from_answer("UserPool.Id"),
        Part::Domain => text(input, "Domain").to_owned(),
        Part::Server => text(input, "Identifier").to_owned(),
        Part::Client => from_answer("UserPoolClient.ClientId"),
        Part::User => from_answer("User.Username"),
        Part::Password => text(input, "Username").to_owned(),
    }
}
