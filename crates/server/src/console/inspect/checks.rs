//! What a careful app or API checks before it believes a token, done here one by one, each with its reason.

use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::keys::jwt::TokenRejected;
use poolhouse_engine::tokens;

use super::{Judged, Jwt, Signature, Use};
use crate::console::kit::json::text;
use crate::console::kit::view::{State, Table, Value};

/// Milliseconds in which an issuer's clock may be ahead.
const SKEW_MS: i64 = 60_000;

/// Whoever is shown the token.
#[derive(Default)]
pub struct Expected<'a> {
    /// The app client that it has to be for; empty for any.
    pub client: &'a str,
    /// The scope that the API wants; empty for none.
    pub scope: &'a str,
    pub used: Option<Use>,
    /// The nonce that the app sent.
    pub nonce: Option<&'a str>,
    /// The access token that came with an ID token.
    pub access_token: Option<&'a str>,
}

/// One check: what, how it went, why.
pub struct Check(&'static str, State, String);

/// Every check that the expectation calls for, the one that explains most first.
pub fn all(ctx: &Ctx, token: &Jwt, judged: &Judged, expected: &Expected<'_>) -> Vec<Check> {
    let all = [
        Some(kind(token, expected.used)),
        Some(signature(judged)),
        Some(issuer(ctx, token, judged)),
        Some(expiry(ctx, token)),
        client(token, expected.client),
        scope(token, expected.scope),
        nonce(token, expected.nonce),
        at_hash(token, expected.access_token),
        standing(judged),
    ];
    all.into_iter().flatten().collect()
}

/// The first reason to refuse the token, if there is one, and how many there are.
pub fn refusal(checks: &[Check]) -> Option<(&str, usize)> {
    let bad = || checks.iter().filter(|Check(_, state, _)| *state == State::Bad);
    bad().next().map(|Check(_, _, why)| (why.as_str(), bad().count()))
}

pub fn table(checks: Vec<Check>) -> Table {
    let row = |Check(what, state, why): Check| {
        let word = match state {
            State::Ok => "holds",
            State::Info => "not known",
            State::Warn => "look",
            State::Bad => "refuse it",
        };
        vec![Value::text(what), Value::state(state, word), Value::text(&why)]
    };
    Table {
        id: String::new(),
        caption: String::new(),
        columns: ["Check", "Result", "Why"].map(str::to_owned).to_vec(),
        rows: checks.into_iter().map(row).collect(),
        next: None,
        first: None,
    }
}

fn check(what: &'static str, right: bool, holds: String, fails: String) -> Check {
    if right { Check(what, State::Ok, holds) } else { Check(what, State::Bad, fails) }
}

fn signature(judged: &Judged) -> Check {
    let (state, why) = match (&judged.signature, &judged.pool) {
        (Signature::Holds, _) => (State::Ok, "Made with a key of this user pool (RS256), checked against its JWKS."),
        (Signature::Unknown, _) => {
            (State::Info, "Its issuer is no user pool of this server, so its keys are not here: nothing in it is proven.")
        }
        (Signature::Fails(TokenRejected::Algorithm), _) => (State::Bad, "It names another algorithm than RS256. Never take it."),
        (Signature::Fails(TokenRejected::UnknownKey), _) => (
            State::Bad,
            "Its kid is no key of the pool for this kind of token: the key was retired or revoked, or the token is of a pool that \
             had the same id before.",
        ),
        (Signature::Fails(TokenRejected::Signature), _) => (
            State::Bad,
            "It was not made with the key it names: somebody changed the token, or a part of it was lost in copying.",
        ),
        (Signature::Fails(_), _) => (State::Bad, "Its form is none that a token of this server has."),
    };
    Check("Signature", state, why.to_owned())
}

fn issuer(ctx: &Ctx, token: &Jwt, judged: &Judged) -> Check {
    let came = text(&token.claims, "iss");
    match &judged.pool {
        Some(pool) => {
            let expected = tokens::issuer(ctx, pool);
            let fails = format!(
                "It says {came}, and this pool issues tokens as {expected}. The token was issued under another public address or \
                 issuer mode, or the app is set up with the other one."
            );
            check("Issuer", came == expected, format!("{came}, as this pool issues tokens."), fails)
        }
        None if came.is_empty() => Check("Issuer", State::Bad, "It names no issuer, so nobody can be asked for keys.".to_owned()),
        None => Check("Issuer", State::Bad, format!("{came} is no user pool of this server: an API of this pool refuses it.")),
    }
}

fn expiry(ctx: &Ctx, token: &Jwt) -> Check {
    let Some(exp) = token.seconds("exp") else {
        return Check("Time", State::Bad, "It has no exp, so it would be good for ever.".to_owned());
    };
    let now = ctx.now / 1000;
    let lives =
        token.seconds("iat").map_or_else(String::new, |iat| format!(" It lives for {} in all.", span(exp.saturating_sub(iat))));
    if token.seconds("iat").is_some_and(|iat| iat.saturating_mul(1000) > ctx.now.saturating_add(SKEW_MS)) {
        return Check("Time", State::Bad, "It was issued in the future: the clocks of issuer and API differ.".to_owned());
    }
    let left = exp.saturating_sub(now);
    check(
        "Time",
        left > 0,
        format!("{} left.{lives}", span(left)),
        format!("It expired {} ago.{lives}", span(left.saturating_neg())),
    )
}

/// Seconds in words.
fn span(seconds: i64) -> String {
    let many = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match seconds {
        ..60 => many(seconds, "second"),
        60..3600 => format!("{} {}", many(seconds / 60, "minute"), many(seconds % 60, "second")),
        3600..86_400 => format!("{} {}", many(seconds / 3600, "hour"), many(seconds % 3600 / 60, "minute")),
        _ => many(seconds / 86_400, "day"),
    }
}

fn kind(token: &Jwt, expected: Option<Use>) -> Check {
    let said = text(&token.claims, "token_use");
    let (state, why) = match (token.used(), expected) {
        (Use::Id, Some(Use::Access)) => {
            (State::Bad, "This is an ID token; your API expects an access token. Send the other one of the same answer.")
        }
        (Use::Access, Some(Use::Id)) => {
            (State::Bad, "This is an access token; your app expects an ID token, which tells it who the user is.")
        }
        (Use::Id, _) => (State::Ok, "An ID token: it tells an app who the user is. It is not for calling an API."),
        (Use::Access, _) => (State::Ok, "An access token: it is for calling an API."),
        (Use::Unsaid, _) if said.is_empty() => (State::Bad, "It has no token_use, which every token of Cognito has."),
        (Use::Unsaid, _) => (State::Bad, "Its token_use is neither id nor access."),
    };
    Check("Kind (token_use)", state, why.to_owned())
}

fn client(token: &Jwt, expected: &str) -> Option<Check> {
    let claim = if token.used() == Use::Access { "client_id" } else { "aud" };
    let came = text(&token.claims, claim);
    (!expected.is_empty()).then(|| {
        let fails = format!("It was issued to another app client: its {claim} is {came}, and {expected} is expected.");
        check("App client", came == expected, format!("Issued to {came} ({claim})."), fails)
    })
}

fn scope(token: &Jwt, expected: &str) -> Option<Check> {
    if expected.is_empty() {
        return None;
    }
    let came = text(&token.claims, "scope");
    let missing: Vec<&str> =
        expected.split_whitespace().filter(|wanted| !came.split(' ').any(|scope| scope == *wanted)).collect();
    let fails = match token.used() {
        Use::Id => "ID tokens have no scope at all: send the access token.".to_owned(),
        _ => format!(
            "It lacks {}: it has only \"{came}\". The app client has to be allowed the scope (AllowedOAuthScopes), and the app has to \
             ask for it when the user signs in.",
            missing.join(" ")
        ),
    };
    Some(check("Scope", missing.is_empty(), format!("It has {expected}."), fails))
}

fn nonce(token: &Jwt, expected: Option<&str>) -> Option<Check> {
    let expected = expected.filter(|_| token.used() == Use::Id)?;
    let came = text(&token.claims, "nonce");
    Some(check(
        "Nonce",
        came == expected,
        "The one that was sent with the authorization request.".to_owned(),
        format!("It is \"{came}\", and {expected} was sent: the token belongs to another request."),
    ))
}

fn at_hash(token: &Jwt, access: Option<&str>) -> Option<Check> {
    let came = text(&token.claims, "at_hash");
    let access = access.filter(|_| token.used() == Use::Id && !came.is_empty())?;
    let fails = "It belongs to another access token; after a refresh that is so until both are new.";
    Some(check(
        "Access token hash",
        came == tokens::left_half_hash(access),
        "The access token beside it is the one it came with.".to_owned(),
        fails.to_owned(),
    ))
}

/// What only this server knows.
fn standing(judged: &Judged) -> Option<Check> {
    let error = judged.refused.as_ref()?;
    let cause = error.detail().map(|detail| format!(" ({})", detail.cause)).unwrap_or_default();
    Some(Check(
        "This server",
        State::Bad,
        format!(
            "This server refuses it: {}{cause}. An API that only checks the signature does not notice.",
            error.message().trim_end_matches('.')
        ),
    ))
}
