//! Mail and SMS going out: what is said ([`compose`]) and the door it leaves by ([`Delivery`]). In dev the door is the
//! inbox; in production the server brings SMTP. Never called while a write is open.
use async_trait::async_trait;

pub mod compose;
pub mod inbox;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    Email,
    Sms,
}

impl Medium {
    /// `EMAIL` or `SMS`, as CodeDeliveryDetails has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Sms => "SMS",
        }
    }

    /// The attribute that holds the address.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "phone_number",
        }
    }
}

/// One message, complete. Debug shows neither body nor code: they are secrets until used.
#[derive(Clone)]
pub struct Message {
    pub pool_id: String,
    pub address: String,
    pub medium: Medium,
    /// What it is for: `SignUp`, `ResendCode`, `ForgotPassword`, `AdminCreateUser`, `VerifyUserAttribute`, `UpdateUserAttribute`.
    pub kind: &'static str,
    /// Mail only.
    pub subject: Option<String>,
    pub body: String,
    /// The code or temporary password inside the body.
    pub code: Option<String>,
    /// The link inside the body.
    pub link: Option<String>,
    /// The pool's own sender address, where it has one (EmailConfiguration.From).
    pub from: Option<String>,
    pub reply_to: Option<String>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("pool_id", &self.pool_id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a message could not be handed over. The sentence is for the operator.
#[derive(Debug)]
pub struct DeliveryFailed(pub String);

/// A door that messages leave by.
#[async_trait]
pub trait Delivery: Send + Sync {
    /// Hands the message over: returns when the next hop has accepted it.
    async fn deliver(&self, id: String, now: i64, message: Message) -> Result<(), DeliveryFailed>;
}
