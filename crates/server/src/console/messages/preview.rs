//! A message as it would be sent to a user, with an example of a code: composed by the engine, sent nowhere.

use poolhouse_engine::account;
use poolhouse_engine::delivery::compose::{Composer, Template, confirmation_link};
use poolhouse_engine::delivery::{Medium, Message};
use poolhouse_engine::error::Error;
use poolhouse_engine::pools::{Pool, SignInKind};
use serde_json::{Value as Json, json};

use crate::console::kit::json::{list, text};
use crate::console::kit::paths;
use crate::console::kit::view::Value;
use crate::console::kit::visit::Visit;

/// As long as real ones.
const CODE: &str = "123456";
const PASSWORD: &str = "Example-Passw0rd";
const CLIENT: &str = "1example23456789abcdefghij";
/// Longest address, bytes.
const ADDRESS_MAX: usize = 320;

/// Whom a message would go to.
pub(super) struct Person {
    username: String,
    email: Option<String>,
    phone_number: Option<String>,
    /// Whether there is such a user.
    real: bool,
}

impl Person {
    /// Where the pool has no user.
    pub(super) fn sample() -> Self {
        Self { username: "ada".to_owned(), email: None, phone_number: None, real: false }
    }

    /// The user of this name; without one the pool's first.
    pub(super) async fn of(visit: &Visit, pool: &Pool, name: &str) -> Result<Self, Error> {
        if !name.is_empty() {
            let user = visit.call_aside("AdminGetUser", json!({ "UserPoolId": pool.id, "Username": name })).await?;
            return Ok(Self::read(&user, "UserAttributes"));
        }
        let users = visit.call_aside("ListUsers", json!({ "UserPoolId": pool.id, "Limit": 1 })).await?;
        Ok(list(&users, "Users").first().map_or_else(Self::sample, |user| Self::read(user, "Attributes")))
    }

    fn read(user: &Json, attributes: &str) -> Self {
        let value = |name: &str| {
            let found = list(user, attributes).iter().find(|one| text(one, "Name") == name);
            found.map(|one| text(one, "Value").to_owned())
        };
        let username = text(user, "Username").to_owned();
        Self { username, email: value("email"), phone_number: value("phone_number"), real: true }
    }

    pub(super) fn value(&self, pool: &Pool) -> Value {
        match self.real {
            true => Value::link(&self.username, &paths::user(&pool.id, &self.username, "")),
            false => Value::none("an example: the pool has no user yet"),
        }
    }

    fn address(&self, medium: Medium) -> &str {
        match medium {
            Medium::Email => self.email.as_deref().unwrap_or("ada@example.com"),
            Medium::Sms => self.phone_number.as_deref().unwrap_or("+15550100"),
        }
    }

    /// What an invitation calls the user: the address to sign in with, where that is what the pool signs in with.
    fn invited(&self, pool: &Pool) -> &str {
        match pool.sign_in_kind() {
            SignInKind::Username => &self.username,
            SignInKind::Attributes { email: true, .. } if self.email.is_some() => self.address(Medium::Email),
            SignInKind::Attributes { phone_number: true, .. } if self.phone_number.is_some() => self.address(Medium::Sms),
            SignInKind::Attributes { .. } => &self.username,
        }
    }
}

/// The message, to `address` or to the user's own.
pub(super) async fn draw(
    visit: &Visit,
    pool: &Pool,
    template: Template,
    person: &Person,
    address: Option<&str>,
) -> Result<Message, Error> {
    let composer = Composer { pool_id: &pool.id, document: &pool.document };
    let medium = template.medium();
    let address = address.unwrap_or(person.address(medium));
    Ok(match template {
        Template::CodeEmail | Template::CodeSms => composer.code("SignUp", medium, address, CODE),
        Template::LinkEmail => {
            let clients = visit.call_aside("ListUserPoolClients", json!({ "UserPoolId": pool.id, "MaxResults": 1 })).await?;
            let client = list(&clients, "UserPoolClients").first().map_or(CLIENT, |client| text(client, "ClientId"));
            let base = account::base_address(&visit.ctx, pool).await?;
            composer.link("SignUp", address, &confirmation_link(&base, client, &person.username, CODE), CODE)
        }
        Template::InvitationEmail | Template::InvitationSms => {
            composer.invitation(medium, address, person.invited(pool), PASSWORD)
        }
    })
}

/// Refuses what no message can go to; an address with a line break in it could write headers of its own.
pub(super) fn check(medium: Medium, address: &str) -> Result<(), Error> {
    let plain = address.len() <= ADDRESS_MAX && !address.chars().any(|c| c.is_control() || c.is_whitespace());
    let fits = match medium {
        Medium::Email => address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
        Medium::Sms => address.strip_prefix('+').is_some_and(|n| n.len() > 3 && n.bytes().all(|b| b.is_ascii_digit())),
    };
    match (plain && fits, medium) {
        (true, _) => Ok(()),
        (false, Medium::Email) => Err(Error::invalid_parameter("Enter an email address.")),
        (false, Medium::Sms) => Err(Error::invalid_parameter("Enter a phone number: + and digits, with the country's.")),
    }
}
