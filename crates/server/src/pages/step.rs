//! What one page leaves for the next: a sealed value in the query parameter `step`, good for one hour and for the
//! visitor it was made for. Each tab has its own, so that two sign-ins in one browser do not mix (checklist 70), and a
//! page that needs an earlier one cannot be opened without it (checklist 58, 59). Called by the handlers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::keys::seal::{self, Place};
use poolhouse_engine::oauth::authorize::Request;
use poolhouse_wire::types::{CodeDeliveryDetailsType, DeliveryMediumType};
use serde::{Deserialize, Serialize};

use super::fields::Delivery;

/// The query parameter.
pub const PARAMETER: &str = "step";
const LIFETIME_MS: i64 = 60 * 60 * 1000;

/// What the next page has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// `/login`: good news about this user.
    SignIn { username: String, news: News },
    /// `/confirm`: whose account, where the code went, and why.
    Confirm { username: String, sent: Option<Sent>, why: Why },
    /// `/forgotPassword`: this user has to choose a new password.
    Forgot { username: String },
    /// `/confirmforgotPassword`: whose password, and where the code went.
    Reset { username: String, sent: Option<Sent>, again: bool },
    /// `/changePassword`: the session of the challenge.
    NewPassword { session: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    Confirmed,
    PasswordChanged,
    /// A step took too long, or was never taken.
    Again,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    SignedUp,
    /// Tried to sign in before confirming.
    NotConfirmed,
    /// Asked for another code.
    SentAgain,
}

/// Where a code went; the destination is masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    sms: bool,
    destination: String,
}

impl Sent {
    pub fn from_details(details: &CodeDeliveryDetailsType) -> Option<Self> {
        let destination = details.destination.as_deref()?.to_owned();
        Some(Self { sms: details.delivery_medium == Some(DeliveryMediumType::Sms), destination })
    }

    pub fn shown(&self) -> Delivery {
        if self.sms { Delivery::sms(&self.destination) } else { Delivery::email(&self.destination) }
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    until: i64,
    step: Step,
}

impl Step {
    /// Seals the step for this client and this visitor's form token.
    pub fn seal(&self, ctx: &Ctx, request: &Request, visitor: &str) -> Result<String> {
        let envelope = Envelope { until: ctx.now + LIFETIME_MS, step: self.clone() };
        let plain = serde_json::to_vec(&envelope).map_err(|e| Error::internal(e.to_string()))?;
        let row = row(request, visitor);
        let sealed = seal::seal(&request.pool.key, place(request, &row), &plain, ctx.entropy())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The step, unless it is altered, too old, or somebody else's: then the visitor starts again.
    pub fn open(ctx: &Ctx, request: &Request, visitor: &str, text: &str) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let row = row(request, visitor);
        let plain = seal::open(&request.pool.key, place(request, &row), &sealed).ok()?;
        let envelope: Envelope = serde_json::from_slice(plain.expose()).ok()?;
        (envelope.until > ctx.now).then_some(envelope.step)
    }
}

/// A step moved to another client or another browser does not open (checklist 59).
fn row(request: &Request, visitor: &str) -> String {
    format!("{}/{visitor}", request.client.id)
}

fn place<'a>(request: &'a Request, row: &'a str) -> Place<'a> {
    Place { pool: &request.pool.id, row, field: "page step" }
}
