//! Mail that leaves the house: one SMTP relay, by lettre. Called by the engine's delivery rules through [`Delivery`].
//! There is no SMS: a message to a phone number is refused with a sentence that says so.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use poolhouse_engine::delivery::{Delivery, DeliveryFailed, Medium, Message};

use crate::config::{Secret, Smtp, SmtpSecurity};

/// Longest wait for the relay at each step: users wait on the page meanwhile.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The relay and the sender used where a pool names none.
pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Relay {
    /// # Errors
    /// A sentence for the operator: the sender is no address, or TLS cannot be set up for the host.
    pub fn new(settings: &Smtp) -> Result<Self, String> {
        let from = settings.from.parse().map_err(|e| format!("smtp.from {:?} is not an address: {e}", settings.from))?;
        let tls =
            || TlsParameters::new(settings.host.clone()).map_err(|e| format!("TLS to {} cannot be set up: {e}", settings.host));
        let tls = match settings.security {
            SmtpSecurity::None => Tls::None,
            // Required, not opportunistic: an attacker on the way could strip the offer and read codes.
            SmtpSecurity::Starttls => Tls::Required(tls()?),
            SmtpSecurity::Tls => Tls::Wrapper(tls()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if let (Some(user), Some(password)) = (&settings.username, settings.password.as_ref().map(Secret::expose)) {
            builder = builder.credentials(Credentials::new(user.clone(), password.to_owned()));
        }
        Ok(Self { transport: builder.build(), from })
    }

    fn compose(&self, message: &Message) -> Result<lettre::Message, String> {
        let parse = |address: &str| address.parse::<Mailbox>().map_err(|e| format!("an address cannot be used: {e}"));
        let from = message.from.as_deref().map(parse).transpose()?.unwrap_or_else(|| self.from.clone());
        let mut builder = lettre::Message::builder()
            .from(from)
            .to(parse(&message.address)?)
            .subject(message.subject.clone().unwrap_or_default())
            .header(content_type(&message.body));
        if let Some(reply_to) = &message.reply_to {
            builder = builder.reply_to(parse(reply_to)?);
        }
        builder.body(message.body.clone()).map_err(|e| e.to_string())
    }
}

/// Pools' templates may be HTML (developer guide, message customizations); plain texts have no tags.
pub fn is_html(body: &str) -> bool {
    ["<br", "<p", "<a ", "<html", "<div", "<b>"].iter().any(|tag| body.contains(tag))
}

fn content_type(body: &str) -> ContentType {
    if is_html(body) { ContentType::TEXT_HTML } else { ContentType::TEXT_PLAIN }
}

#[async_trait]
impl Delivery for Relay {
    async fn deliver(&self, id: String, _: i64, message: Message) -> Result<(), DeliveryFailed> {
        if message.medium == Medium::Sms {
            return Err(DeliveryFailed("no SMS gateway is configured".to_owned()));
        }
        let letter = self.compose(&message).map_err(DeliveryFailed)?;
        match tokio::time::timeout(TIMEOUT * 3, self.transport.send(letter)).await {
            Ok(Ok(_)) => {
                tracing::info!(message = %id, pool = %message.pool_id, kind = message.kind, "mail handed over");
                Ok(())
            }
            Ok(Err(error)) => Err(DeliveryFailed(format!("the mail relay refused or failed: {error}"))),
            Err(_) => Err(DeliveryFailed("the mail relay did not answer in time".to_owned())),
        }
    }
}
