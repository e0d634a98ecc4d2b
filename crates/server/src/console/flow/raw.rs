//! Requests and answers as they go over the wire, for people to read; and the same request as curl. Pure but for reading a body.

use axum::response::Response;
use poolhouse_engine::oauth::params::Params;

use crate::cli::snippets::shell;

/// Largest answer that is shown, bytes; tokens stay far below.
const BODY_MAX: usize = 256 * 1024;
/// What stands for a client's secret until it is revealed.
pub const SECRET: &str = "YOUR_CLIENT_SECRET";

/// How a client proves itself at the token endpoint (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// HTTP Basic.
    Header,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// A public client only names itself.
    None,
}

impl Proof {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Body => "body",
            Self::None => "none",
        }
    }

    pub fn parse(text: &str) -> Self {
        match text {
            "header" => Self::Header,
            "body" => Self::Body,
            _ => Self::None,
        }
    }
}

/// A request of a client to one of the form endpoints.
pub struct Asking<'a> {
    pub base: &'a str,
    pub path: &'a str,
    pub client: &'a str,
    pub secret: &'a str,
    pub proof: Proof,
    pub fields: Vec<(&'a str, &'a str)>,
}

impl Asking<'_> {
    /// The whole body: the fields, and what the proof adds.
    pub fn form(&self) -> Params {
        let named = match self.proof {
            Proof::Header => Params::default(),
            Proof::Body => Params::default().with("client_id", self.client).with("client_secret", self.secret),
            Proof::None => Params::default().with("client_id", self.client),
        };
        self.fields.iter().fold(named, |form, (name, value)| form.with(name, value))
    }

    /// The `Authorization` header, where the proof has one.
    pub fn authorization(&self) -> Option<String> {
        use base64::Engine as _;
        let both = format!("{}:{}", self.client, self.secret);
        (self.proof == Proof::Header).then(|| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(both)))
    }

    /// Raw HTTP. The secret is written as `self.secret` says.
    pub fn http(&self) -> String {
        let authorization = match (self.authorization(), self.secret) {
            (None, _) => String::new(),
            (Some(_), SECRET) => format!("Authorization: Basic base64({}:{SECRET})\n", self.client),
            (Some(header), _) => format!("Authorization: {header}\n"),
        };
        format!(
            "POST {} HTTP/1.1\nHost: {}\n{authorization}Content-Type: application/x-www-form-urlencoded\n\n{}",
            self.path,
            host(self.base),
            self.form().query_without(&[])
        )
    }

    pub fn curl(&self) -> String {
        let mut text = format!("curl -i {}", shell(&format!("{}{}", self.base, self.path)));
        if self.proof == Proof::Header {
            text.push_str(&format!(" \\\n  --user {}", shell(&format!("{}:{}", self.client, self.secret))));
        }
        for (name, value) in self.form().pairs() {
            text.push_str(&format!(" \\\n  --data-urlencode {}", shell(&format!("{name}={value}"))));
        }
        text
    }
}

/// `host:port` of an address of ours.
pub fn host(base: &str) -> &str {
    base.split_once("://").map_or(base, |(_, rest)| rest)
}

/// An answer as raw HTTP, JSON on several lines, and the JSON.
pub async fn answer(response: Response) -> (u16, String, serde_json::Value) {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_MAX).await.unwrap_or_default();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut text = format!("HTTP/1.1 {}\n", parts.status);
    for (name, value) in &parts.headers {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap_or("?")));
    }
    if !json.is_null() {
        text.push_str(&format!("\n{}", serde_json::to_string_pretty(&json).unwrap_or_default()));
    }
    (parts.status.as_u16(), text, json)
}
