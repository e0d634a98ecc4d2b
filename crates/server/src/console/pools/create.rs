//! Create user pool: the quick form. What AWS fixes for good when a pool is made says so; all else has its own page later.

use poolhouse_engine::error::Error;
use poolhouse_engine::pools::schema;
use serde_json::{Value as Json, json};

use crate::console::kit::json::{list, text};
use crate::console::kit::make::Making;
use crate::console::kit::members::{self, any_of, one_of, texts_at};
use crate::console::kit::paths;
use crate::console::kit::view::{Choice, Field, Input};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

/// The address of the form.
pub const URL: &str = "/console/pools/new";

/// Fields that become more than one member.
const SIGN_IN: &str = "sign_in";
const REQUIRED: &str = "required";

/// What users sign in with: value, label, username attributes, aliases.
const SIGN_IN_WITH: [(&str, &str, &[&str], &[&str]); 5] = [
    ("email", "Email", &["email"], &[]),
    ("phone_number", "Phone number", &["phone_number"], &[]),
    ("either", "Email or phone number", &["email", "phone_number"], &[]),
    ("username", "Username", &[], &[]),
    ("alias", "Username, with verified email as an alias", &[], &["email"]),
];

fn making() -> Making {
    Making {
        operation: "CreateUserPool",
        pool: None,
        crumbs: vec![Link::new("User pools", paths::POOLS)],
        submit: "Create user pool",
        lead: "A directory of users with its own sign-in. Everything that is not asked here has Cognito's defaults.",
        url: URL.to_owned(),
        back: paths::POOLS.to_owned(),
        fields,
    }
}

/// What the form starts from.
pub fn start() -> Json {
    json!({
        "UsernameAttributes": ["email"],
        "AutoVerifiedAttributes": ["email"],
        "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": false },
        "Schema": [required("email")],
    })
}

fn required(name: &str) -> Json {
    json!({ "Name": name, "Required": true })
}

pub async fn get(visit: Visit) -> Answer {
    let mut example = start();
    members::put(&mut example, "PoolName", Some(json!("my-pool")));
    Ok(making().show(visit, &start(), &example).await)
}

pub async fn post(posted: Posted) -> Answer {
    let making = making();
    let mut input = making.input(&start(), &posted);
    settle(&mut input, &posted);
    let mut visit = posted.visit;
    match visit.call("CreateUserPool", input.clone()).await {
        Ok(made) => {
            let pool = made.get("UserPool").cloned().unwrap_or_default();
            let said = format!("User pool {} was created.", text(&pool, "Name"));
            Ok(visit.go(&paths::pool(text(&pool, "Id"), ""), &said))
        }
        Err(error) => Ok(making.refused(visit, &input, &nameless(error, &input)).await?),
    }
}

/// The model's sentence for a member that is not there speaks of null; people left a field empty.
pub fn nameless(error: Error, input: &Json) -> Error {
    if input.get("PoolName").is_some() { error } else { Error::invalid_parameter("Enter a name for the user pool.") }
}

/// Writes the fields that become more than one member.
pub fn settle(input: &mut Json, posted: &Posted) {
    let chosen = SIGN_IN_WITH.iter().find(|(value, ..)| *value == posted.text(SIGN_IN));
    let (usernames, aliases) =
        chosen.map_or((&[] as &[&str], &[] as &[&str]), |(_, _, usernames, aliases)| (*usernames, *aliases));
    let some = |names: &[&str]| (!names.is_empty()).then(|| json!(names));
    members::put(input, "UsernameAttributes", some(usernames));
    members::put(input, "AliasAttributes", some(aliases));
    let schema: Vec<Json> = posted.all(REQUIRED).iter().map(|name| required(name)).collect();
    members::put(input, "Schema", (!schema.is_empty()).then(|| json!(schema)));
}

/// The fields, with what stands in them.
pub fn fields(input: &Json) -> Vec<Field> {
    let (usernames, aliases) = (texts_at(input, "UsernameAttributes"), texts_at(input, "AliasAttributes"));
    let sign_in = SIGN_IN_WITH.iter().map(|(value, label, names, also)| {
        Choice::new(value, label, *names == usernames.as_slice() && *also == aliases.as_slice())
    });
    let wanted = list(input, "Schema");
    let is_required = |name: &str| wanted.iter().any(|attribute| text(attribute, "Name") == name);
    let required = schema::requirable().map(|name| Choice::new(&name, &name, is_required(&name)));
    vec![
        members::text(input, "PoolName", "User pool name").must().at_most(128).hinting("Letters, digits, spaces and + = , . @ -"),
        Field::one_of(Input::Radio, SIGN_IN, "Users sign in with", sign_in.collect())
            .must()
            .hinting("Fixed on AWS: it cannot be changed after the pool is made."),
        Field::one_of(Input::Checks, REQUIRED, "Attributes required at sign-up", required.collect())
            .hinting("Fixed on AWS: none can be added or taken away after the pool is made."),
        any_of(
            input,
            "AutoVerifiedAttributes",
            "Verified by a code",
            &[
                ("email", "Email", "A code goes to a new address."),
                ("phone_number", "Phone number", "A code goes to a new number."),
            ],
        ),
        one_of(
            Input::Radio,
            input,
            "AdminCreateUserConfig.AllowAdminCreateUserOnly",
            "Self sign-up",
            &[("false", "Anybody can sign up", ""), ("true", "Only administrators create users", "")],
        ),
    ]
}
