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
        Self::parse_at_most(text, PARAMETERS_MAX)
    }

    /// As [`Params::parse`], for a form of our own with a known number of fields.
    pub fn parse_at_most(text: &str, most: usize) -> Result<Self> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().take(most + 1).collect();
        if pairs.len() > most {
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

    /// Every value of a parameter that may be repeated: boxes ticked in a form.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Every pair, in the order they came.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn required(&self, name: &'static str) -> Result<&str> {
        self.get(name)?.ok_or_else(|| invalid_request(format!("{name} is missing")))
    }

    /// A whole number of at most `most`, in decimal digits and nothing else: no sign, no space, no digits of other scripts.
    pub fn number(&self, name: &'static str, most: u32) -> Result<Option<u32>> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
        match number.filter(|number| *number <= most) {
            Some(number) => Ok(Some(number)),
            None => Err(invalid_request(format!("{name} must be a whole number from 0 to {most}"))),
        }
    }

    /// Refuses parameters that nobody reads here: a misspelt name would ask for something else without a word.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            // Not the name itself: it is the caller's text.
            Some(_) => Err(invalid_request(format!("Unknown parameter; known here: {}", known.join(", ")))),
            None => Ok(()),
        }
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

pub fn invalid_request(description: impl Into<std::borrow::Cow<'static, str>>) -> Error {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_203_parameters_written_out_are_the_same_parameters() {
        let corpus =
            ["a=1&b=2&a=3", "scope=openid+email&state=%C3%A9%00", "=&&=x&%3D=%26", "max_age=10&prompt=none", "a[]=1;b=2"];
        poolhouse_store::testkit::fuzz::text(&corpus, |text| {
            let Ok(params) = Params::parse(text) else { return };
            assert_eq!(Params::parse(&params.query_without(&[])).unwrap().0, params.0);
            for (name, value) in &params.0 {
                let once = params.0.iter().filter(|(other, _)| other == name).count() == 1;
                assert_eq!(params.get_raw(name).ok().flatten(), once.then_some(value.as_str()), "two readers, two values");
            }
            assert_eq!(params.no_repeats().is_ok(), params.0.iter().all(|(name, _)| params.get_raw(name).is_ok()));
        });
    }

    #[test]
    fn sec_150_a_number_is_digits_within_bounds_or_refused_by_name() {
        let number = |value: &str| Params::default().with("wait", value).number("wait", 60).map_err(|e| e.message().to_owned());
        assert_eq!((number(""), number("0"), number("007"), number("60")), (Ok(None), Ok(Some(0)), Ok(Some(7)), Ok(Some(60))));
        for junk in
            ["61", "4294967296", "99999999999999999999", "-1", "+1", "1.0", "1e1", "0x1", " 1", "1 ", "\u{0661}", "\0", "true"]
        {
            assert_eq!(number(junk), Err("wait must be a whole number from 0 to 60".to_owned()), "{junk:?}");
        }
        let twice = Params::parse("wait=1&wait=2").unwrap();
        assert!(twice.number("wait", 60).is_err());
    }
}
