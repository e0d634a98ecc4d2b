//! Sign-in and token operations: thin names over [`crate::auth::flow`] and [`crate::tokens`].
pub mod admin_initiate_auth;
pub mod admin_respond_to_auth_challenge;
pub mod get_tokens_from_refresh_token;
pub mod initiate_auth;
pub mod respond_to_auth_challenge;
pub mod revoke_token;

/// The twin operations answer with the same members under two names.
macro_rules! answer {
    ($response:ident, $answer:expr) => {
        match $answer {
            $crate::auth::flow::Answer::Tokens(tokens) => $response {
                challenge_parameters: Some(Default::default()),
                authentication_result: Some($crate::auth::flow::result(tokens)),
                ..Default::default()
            },
            $crate::auth::flow::Answer::Challenge(challenge) => $response {
                challenge_name: Some(challenge.name),
                session: challenge.session.map(Into::into),
                challenge_parameters: Some(challenge.parameters),
                ..Default::default()
            },
        }
    };
}
use answer;
