//! Parameters of a query string or form. A parameter that comes twice is refused by whoever asks for it: two readers
//! of one request must never see two values (RFC 6749 §3.1; checklist 5).
use crate::error::{Error, OAuthCode, Result};

/// Most parameters of one request; more is noise or an attack on us.
const PARAMETERS_MAX: usize = 100;

/// Decoded `application/x-www-form-urlencoded` pairs, in the order they came.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Parses a query string or form body.
    pub fn parse(text: &str) -> Result<Self> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(text.as_bytes()).into_owned().take(PARAMETERS_MAX + 1).collect();
        if pairs.len() > PARAMETERS_MAX {
            return Err(invalid_request("Too many parameters"));
        }
        Ok(Self(pairs))
    }

    /// The value; an empty value counts as absent (RFC 6749 §3.1). A repeated parameter is `invalid_request`.
    pub fn get(&self, name: &str) -> Result<Option<&str>> {
        Ok(self.get_raw(name)?.filter(|value| !value.is_empty()))
    }

    /// As [`Params::get`], but an empty value is one.
    pub fn get_raw(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(invalid_request("A parameter is repeated").because(format!("{name} comes more than once")));
        }
        Ok(first)
    }

    pub fn required(&self, name: &'static str) -> Result<&str> {
        self.get(name)?.ok_or_else(|| invalid_request(format!("{name} is missing")))
    }

    /// Refuses a request in which any parameter comes twice.
    pub fn no_repeats(&self) -> Result<()> {
        self.0.iter().try_for_each(|(name, _)| self.get_raw(name).map(|_| ()))
    }

    /// The pairs again as a query string, without those named.
    pub fn query_without(&self, dropped: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !dropped.contains(&name.as_str()));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }

    /// Adds or replaces a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }
}

pub(super) fn invalid_request(description: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::oauth(OAuthCode::InvalidRequest, description)
}

/// Adds parameters to a URL that may have a query of its own.
pub(super) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    join(url, if url.contains('?') { '&' } else { '?' }, pairs)
}

/// Adds parameters as a fragment.
pub(super) fn with_fragment(url: &str, pairs: &[(&str, &str)]) -> String {
    join(url, '#', pairs)
}

fn join(url: &str, separator: char, pairs: &[(&str, &str)]) -> String {
    let tail = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if tail.is_empty() { url.to_owned() } else { format!("{url}{separator}{tail}") }
}
