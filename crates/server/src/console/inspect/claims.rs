//! The meaning of every claim and header member that Cognito's tokens have, in a sentence. Pure.

use serde_json::Value as Json;

use super::{Jwt, Use};
use crate::pages::fields::Moment;

/// A value as it is shown: texts without quotes.
pub fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub fn of_header(member: &str) -> &'static str {
    match member {
        "kid" => "Which key signed it: look it up in the pool's JWKS.",
        "alg" => "How it was signed. Take RS256 and nothing else, whatever a token says.",
        "typ" => "What kind of document it is.",
        _ => "Not in Cognito's tokens.",
    }
}

/// A claim in words; times also as a date, and from now.
pub fn meaning(token: &Jwt, claim: &str, value: &Json, now: i64) -> String {
    let about = about(token.used(), claim);
    match (claim, value.as_i64()) {
        ("exp" | "iat" | "auth_time" | "nbf", Some(seconds)) => {
            let moment = Moment::of(seconds.saturating_mul(1000), now);
            format!("{about} {} ({}).", moment.absolute, moment.relative)
        }
        _ => about.to_owned(),
    }
}

fn about(used: Use, claim: &str) -> &'static str {
    match claim {
        "sub" => {
            "The user's id: never changes, never used again. Store this one, not the email. Of a machine, the app client's id."
        }
        "iss" => "Who issued it: the user pool. The JWKS is under this address.",
        "aud" if used == Use::Access => "The API that this token is for, as the app named it with resource.",
        "aud" => "The app client that it was issued to. An app takes only its own.",
        "client_id" => "The app client that it was issued to. Access tokens have this instead of aud.",
        "token_use" => "Which kind of token it is: id tells an app who the user is, access lets it call an API.",
        "scope" => "What the bearer may do. An API checks that its own scope is among these words.",
        "exp" => "Not to be taken at or after",
        "iat" => "Issued at",
        "auth_time" => "The user signed in at",
        "nbf" => "Not to be taken before",
        "jti" => "The id of this one token.",
        "origin_jti" => {
            "The id of the session: every token refreshed from one sign-in has the same, and dies when it is revoked."
        }
        "event_id" => "The request that the sign-in was made with; only from sign-ins by the API.",
        "version" => "2 for tokens that came from the OAuth endpoints.",
        "username" => "The user's name in the pool.",
        "cognito:username" => "The user's name in the pool. In ID tokens it is called so.",
        "cognito:groups" => "The groups that the user was in when the token was issued, the first by precedence first.",
        "cognito:roles" => "IAM roles of those groups.",
        "cognito:preferred_role" => "The IAM role of the group that goes first.",
        "nonce" => "What the app sent with its request: ties the token to it.",
        "at_hash" => "The half of a hash of the access token that came with it.",
        "email" => "The user's email address.",
        "email_verified" => {
            "Whether the user, or an administrator, has proven that the address is theirs. Trust the address only then."
        }
        "phone_number" => "The user's phone number.",
        "phone_number_verified" => "Whether the phone number is proven to be theirs.",
        "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "preferred_username" | "profile" | "picture"
        | "website" | "gender" | "birthdate" | "zoneinfo" | "locale" | "address" | "updated_at" => {
            "An attribute of the user that this app client may read (OIDC Core §5.1)."
        }
        _ if claim.starts_with("custom:") => "An attribute of the pool's own that this app client may read.",
        _ => "Not a claim of Cognito's.",
    }
}
