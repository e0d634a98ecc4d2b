//! The format of a seed file, version 1: one table, from which files are checked ([`super::walk`]) and the editors' schema is made
//! ([`super::schema`]). Names in lower case are the file's own; what stands under `settings` are Cognito's members, which
//! are not listed here but read from the model.

use poolhouse_wire::shape::{Kind, Member};

/// What a value may be.
#[derive(Debug)]
pub enum Form {
    /// The number of this format.
    Version,
    Text,
    /// A text that no message quotes.
    Secret,
    Flag,
    OneOf(&'static [&'static str]),
    /// Texts by name.
    Texts,
    List(&'static Form),
    Fields(&'static [Field]),
    Settings(&'static Settings),
    /// Known and refused by name.
    NotBuilt,
}

/// A member of the file's own.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub form: Form,
    pub required: bool,
    /// For editors.
    pub about: &'static str,
}

/// The members of an operation's input, less those that have a name of the file's own.
#[derive(Debug)]
pub struct Settings {
    pub operation: &'static str,
    pub without: &'static [&'static str],
}

impl Settings {
    pub fn members(&self) -> impl Iterator<Item = &'static Member> + '_ {
        let members = match poolhouse_wire::operation(self.operation).map(|operation| &operation.shape.kind) {
            Some(Kind::Struct(members)) => *members,
            _ => &[],
        };
        members.iter().filter(|member| !self.without.contains(&member.name))
    }
}

const fn required(name: &'static str, form: Form, about: &'static str) -> Field {
    Field { name, form, required: true, about }
}

const fn optional(name: &'static str, form: Form, about: &'static str) -> Field {
    Field { name, form, required: false, about }
}

pub static POOL_SETTINGS: Settings = Settings { operation: "CreateUserPool", without: &["PoolName"] };
pub static CLIENT_SETTINGS: Settings =
    Settings { operation: "CreateUserPoolClient", without: &["UserPoolId", "ClientName", "GenerateSecret", "ClientSecret"] };
pub static DOMAIN_SETTINGS: Settings = Settings { operation: "CreateUserPoolDomain", without: &["UserPoolId", "Domain"] };
pub static SERVER_SETTINGS: Settings =
    Settings { operation: "CreateResourceServer", without: &["UserPoolId", "Identifier", "Name"] };
pub static GROUP_SETTINGS: Settings = Settings { operation: "CreateGroup", without: &["UserPoolId", "GroupName"] };

/// Statuses that a user can be placed in.
pub const STATUSES: &[&str] = &["CONFIRMED", "FORCE_CHANGE_PASSWORD", "UNCONFIRMED", "RESET_REQUIRED"];

pub static SEED: Form = Form::Fields(&[
    required("version", Form::Version, "The version of this format: 1"),
    required("region", Form::Text, "Region of pools without an id, such as eu-central-1"),
    required("pools", Form::List(&POOL), "User pools"),
]);

static POOL: Form = Form::Fields(&[
    optional("id", Form::Text, "Such as eu-central-1_AbCdEfGhI; without one it follows from region and name"),
    required("name", Form::Text, "PoolName"),
    optional("settings", Form::Settings(&POOL_SETTINGS), "Members of CreateUserPool"),
    optional("domain", DOMAIN, "The prefix domain"),
    optional("custom_domain", DOMAIN, "The custom domain; its settings need CustomDomainConfig"),
    optional("resource_servers", Form::List(&RESOURCE_SERVER), "Resource servers and their scopes"),
    optional("groups", Form::List(&GROUP), "Groups"),
    optional("clients", Form::List(&CLIENT), "App clients"),
    optional("users", Form::List(&USER), "Users"),
    optional("identity_providers", Form::NotBuilt, ""),
    optional("branding", Form::NotBuilt, ""),
]);

const DOMAIN: Form = Form::Fields(&[
    required("name", Form::Text, "Domain"),
    optional("settings", Form::Settings(&DOMAIN_SETTINGS), "Members of CreateUserPoolDomain"),
]);

static RESOURCE_SERVER: Form = Form::Fields(&[
    required("identifier", Form::Text, "Identifier: what scopes begin with"),
    optional("name", Form::Text, "Name; the identifier unless given"),
    optional("settings", Form::Settings(&SERVER_SETTINGS), "Members of CreateResourceServer"),
]);

static GROUP: Form = Form::Fields(&[
    required("name", Form::Text, "GroupName"),
    optional("settings", Form::Settings(&GROUP_SETTINGS), "Members of CreateGroup"),
]);

static CLIENT: Form = Form::Fields(&[
    optional("id", Form::Text, "ClientId; without one it follows from the pool's id and the name"),
    required("name", Form::Text, "ClientName"),
    optional("secret", Form::Secret, "ClientSecret; without this and generate_secret the client has none"),
    optional("generate_secret", Form::Flag, "Make a secret with a new client"),
    optional("settings", Form::Settings(&CLIENT_SETTINGS), "Members of CreateUserPoolClient"),
]);

static USER: Form = Form::Fields(&[
    optional(
        "username",
        Form::Text,
        "The chosen name, or the address in pools that sign in with one, where attributes may say it too",
    ),
    optional("sub", Form::Text, "A UUID in lower case; without one it follows from the pool's id and the user name"),
    optional("status", Form::OneOf(STATUSES), "CONFIRMED for a new user, unless given"),
    optional("enabled", Form::Flag, "true for a new user, unless given"),
    optional("password", Form::Secret, "Permanent, or temporary with FORCE_CHANGE_PASSWORD"),
    optional("password_hash", Form::Secret, "A record that `poolhouse seed export --hashes` printed, under the same master keys"),
    optional("attributes", Form::Texts, "Attributes by name, all of them texts; an empty one deletes"),
    optional("groups", Form::List(&Form::Text), "Names of groups the user is in"),
    optional("totp_secret", Form::NotBuilt, ""),
    optional("mfa", Form::NotBuilt, ""),
    optional("devices", Form::NotBuilt, ""),
    optional("passkeys", Form::NotBuilt, ""),
]);
