//! What a token is, what it says and whether it holds, in words. Reads whatever is pasted; asks no network. Called by the flow runner
//! and the token inspector.

pub mod checks;
mod claims;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::keys::jwe;
use poolhouse_engine::keys::jwt::{self, LONGEST_TOKEN, TokenRejected};
use poolhouse_engine::keys::rsa::KeyPurpose;
use poolhouse_engine::pools::{self, Pool};
use poolhouse_engine::tokens::{access, signing};
use serde_json::Value as Json;

use crate::console::kit::json::text;
use crate::console::kit::view::{Block, Facts, Named, Table, Value};

/// What was pasted.
pub enum Known {
    Jwt(Jwt),
    /// No token that can be read; a sentence about what it seems to be and what to paste instead.
    Other(String),
}

/// A token in three parts, read without believing it.
pub struct Jwt {
    pub token: String,
    pub header: Json,
    pub claims: Json,
}

/// What the token says it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Id,
    Access,
    /// It does not say, or something else.
    Unsaid,
}

impl Jwt {
    pub fn used(&self) -> Use {
        match text(&self.claims, "token_use") {
            "id" => Use::Id,
            "access" => Use::Access,
            _ => Use::Unsaid,
        }
    }

    pub fn seconds(&self, claim: &str) -> Option<i64> {
        self.claims.get(claim).and_then(Json::as_i64)
    }
}

/// What this server finds out about a token.
pub struct Judged {
    /// The pool of ours that it names as its issuer.
    pub pool: Option<Arc<Pool>>,
    pub signature: Signature,
    /// Of an access token whose signature holds: why it would be refused here none the less.
    pub refused: Option<Error>,
}

pub enum Signature {
    Holds,
    Fails(TokenRejected),
    /// Signed by somebody else: their keys are not here.
    Unknown,
}

/// Tells what was pasted, spaces, line breaks and `Bearer` taken away.
pub fn read(pasted: &str) -> Known {
    let plain: String = pasted.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
    let plain = plain.strip_prefix("Authorization:").unwrap_or(&plain);
    let token = plain.strip_prefix("Bearer").unwrap_or(plain);
    let other = |sentence: &str| Known::Other(sentence.to_owned());
    let parts = token.split('.').count();
    match (token.len(), parts) {
        (0, _) => other("Nothing was pasted."),
        _ if token.starts_with('{') => {
            other("This is a whole JSON document. Paste one of the tokens in it: access_token or id_token, without the quotes.")
        }
        (LONGEST_TOKEN.., _) => other("This is longer than any token that is taken here (16 KiB)."),
        (_, 5) if jwe::looks_like_refresh_token(token) => other(
            "This is a refresh token. It is encrypted for the server that made it, so nobody else can look inside. Send it to \
             /oauth2/token, or to InitiateAuth with REFRESH_TOKEN_AUTH, to get new tokens; no API takes it.",
        ),
        (_, 5) => other("This is an encrypted token (JWE): only whoever it is encrypted for can look inside. Cognito's ID and access tokens are signed, not encrypted."),
        (36, 1) if token.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') => {
            other("This looks like an authorization code, or the sub of a user. A code is no token: exchange it at /oauth2/token within five minutes.")
        }
        (_, 1) if token.starts_with("eyJ") => {
            other("This is the first part of a token. Copy all of it: three parts with dots between them.")
        }
        (_, 3) => jwt_of(token).map_or_else(
            || other("This has three parts as a token has, but they are no base64url of JSON. A character may be missing or too many."),
            Known::Jwt,
        ),
        _ => other("This is no token. A token of Cognito begins with eyJ and has three parts with dots between them."),
    }
}

fn jwt_of(token: &str) -> Option<Jwt> {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
        serde_json::from_slice::<Json>(&bytes).ok().filter(Json::is_object)
    });
    let (header, claims) = (parts.next()??, parts.next()??);
    Some(Jwt { token: token.to_owned(), header, claims })
}

/// Looks for the issuer among our pools, and checks the signature with that pool's keys.
///
/// # Errors
/// The store's.
pub async fn judge(ctx: &Ctx, token: &Jwt) -> Result<Judged> {
    let named = text(&token.claims, "iss").rsplit('/').next().unwrap_or_default();
    // NUL is no text to PostgreSQL, and in no id.
    let pool = if named.contains('\0') { None } else { pools::find(ctx, named).await? };
    let Some(pool) = pool else { return Ok(Judged { pool: None, signature: Signature::Unknown, refused: None }) };
    let keys = signing::keys(ctx, &pool).await?;
    let purpose = if token.used() == Use::Access { KeyPurpose::Access } else { KeyPurpose::Id };
    if let Err(rejected) = jwt::verify::<Json>(&token.token, &keys.public, purpose, &ctx.engine.verified) {
        return Ok(Judged { pool: Some(pool), signature: Signature::Fails(rejected), refused: None });
    }
    // Only now: what does not verify would be counted as an attack.
    let refused = match token.used() {
        Use::Access if token.claims.get("username").is_some() => access::authenticate(ctx, &token.token).await.err(),
        _ => None,
    };
    Ok(Judged { pool: Some(pool), signature: Signature::Holds, refused })
}

/// A token's checks, header and claims. `name` begins the headings and is unique on the page.
pub fn blocks(name: &str, token: &Jwt, checks: Table, now: i64) -> Vec<Block> {
    let id = name.to_lowercase().replace(' ', "-");
    let header = token.header.as_object().into_iter().flatten();
    let header = header.map(|(member, value)| {
        let meaning = claims::of_header(member);
        Named::new(member, Value::copy(&claims::shown(value))).noting(meaning)
    });
    let row = |(claim, value): (&String, &Json)| {
        vec![Value::text(claim), Value::copy(&claims::shown(value)), Value::text(&claims::meaning(token, claim, value, now))]
    };
    vec![
        Block::Table(Table { id: format!("{id}-checks"), caption: format!("{name}: checks"), ..checks }),
        Block::Facts(Facts {
            id: format!("{id}-header"),
            title: format!("{name}: header"),
            hint: None,
            facts: header.collect(),
            links: Vec::new(),
        }),
        Block::Table(Table {
            id: format!("{id}-claims"),
            caption: format!("{name}: claims"),
            columns: ["Claim", "Value", "Meaning"].map(str::to_owned).to_vec(),
            rows: token.claims.as_object().into_iter().flatten().map(row).collect(),
            next: None,
            first: None,
        }),
        Block::Code { title: name.to_owned(), hint: Some("As it is sent.".to_owned()), text: token.token.clone() },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pasted: &str) -> String {
        match read(pasted) {
            Known::Other(sentence) => sentence,
            Known::Jwt(jwt) => format!("jwt {}", jwt.claims),
        }
    }

    #[test]
    fn what_was_pasted_is_told_in_a_sentence() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln";
        for pasted in
            [token.to_owned(), format!(" Bearer {token}\n"), format!("Authorization: Bearer {token}"), format!("\"{token}\"")]
        {
            assert_eq!(said(&pasted), r#"jwt {"a":1}"#);
        }
        let table = [
            ("", "Nothing"),
            ("hello", "no token"),
            ("a.b.c", "no base64url"),
            ("eyJhbGciOiJSUzI1NiJ9", "first part"),
            ("{\"access_token\":\"x\"}", "JSON document"),
            ("eyJ.a.b.c.d", "encrypted token"),
            ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "authorization code"),
        ];
        for (pasted, word) in table {
            assert!(said(pasted).contains(word), "{pasted}: {}", said(pasted));
        }
        assert!(said(&"a".repeat(20_000)).contains("longer"));
    }

    #[test]
    fn sec_203_whatever_is_pasted_is_read_or_told() {
        let corpus = ["eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln", "Bearer a.b.c", "a.b.c.d.e", "{", "eyJ"];
        poolhouse_engine::keys::jwt::unverified::<Json>("").ok();
        for text in corpus {
            for cut in 0..text.len() {
                assert!(!said(text.get(cut..).unwrap()).is_empty());
            }
        }
    }
}
