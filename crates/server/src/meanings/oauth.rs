//! The errors of the OAuth endpoints, and the two ends that are no answer. Part of `meanings`.

use super::Meaning;

/// Sorted by name.
pub(super) const ALL: &[Meaning] = &[
    Meaning {
        name: "abandoned",
        means: "whoever asked went away before the answer",
        causes: &["A time limit of the caller or of a proxy was over.", "A browser's page was closed."],
        next: "if it happens often, look at how long requests take: /metrics",
    },
    Meaning {
        name: "access_denied",
        means: "the person, or the server, said no",
        causes: &[
            "Poolhouse's sign-in pages have no such answer: a fault was set (poolhouse fault list), or the call went to AWS.",
        ],
        next: "start the sign-in again",
    },
    Meaning {
        name: "insufficient_scope",
        means: "the access token does not hold, or lacks a scope",
        causes: &[
            "Poolhouse says invalid_token where the scope openid is missing: a fault was set (poolhouse fault list), or the call went to AWS.",
        ],
        next: "ask for the scope in the authorization request; the token page of the console shows what a token has",
    },
    Meaning {
        name: "invalid_client",
        means: "the app client is not known, or its secret is wrong, missing, or sent by a client without one",
        causes: &[
            "client_id is mistyped, or of another pool or instance.",
            "The app client has a secret, and the request sends none (Basic authorization).",
            "The app client has no secret, and the request sends one.",
            "The secret was exchanged for another.",
        ],
        next: "describe-user-pool-client shows whether there is a secret; poolhouse env prints both",
    },
    Meaning {
        name: "invalid_grant",
        means: "the code or refresh token is wrong, used, expired, of another app client, or the PKCE verifier does not fit",
        causes: &[
            "The code was redeemed already, even by a reload of the callback page.",
            "The code is older than codes live: minutes.",
            "code_verifier is missing, is not the one whose hash was sent as code_challenge, or was sent without one.",
            "The code or token was issued to another app client.",
            "The refresh token has expired, was rotated or revoked, or the user is disabled.",
            "client_credentials asked for a scope that AllowedOAuthScopes lacks.",
        ],
        next: "the flow runner of the console does the same step by step and shows each request",
    },
    Meaning {
        name: "invalid_request",
        means: "a parameter is missing, repeated or not understood, or a form was too old",
        causes: &[
            "A parameter of the endpoint is missing or stands there twice.",
            "response_type is neither code nor token, or redirect_uri is missing at the token endpoint.",
            "The body is not application/x-www-form-urlencoded.",
            "A sign-in page was open for long, and its form is too old.",
        ],
        next: "compare with a request of the console's flow runner; error_description names the parameter",
    },
    Meaning {
        name: "invalid_scope",
        means: "a scope was asked for that the app client may not have",
        causes: &[
            "A sign-in asked for a scope that AllowedOAuthScopes of the app client lacks.",
            "email, phone or profile was asked for without openid.",
            "client_credentials asked for openid, email, phone or profile, or for a scope that no resource server has (identifier/scope).",
            "A refresh asked for more than the token was given for.",
        ],
        next: "describe-user-pool-client shows AllowedOAuthScopes",
    },
    Meaning {
        name: "invalid_token",
        means: "the access token does not hold, or lacks a scope",
        causes: &[
            "It has expired or was revoked, or its user was signed out.",
            "An ID token was sent: endpoints expect the access token.",
            "It lacks the scope openid, as tokens of the API's own sign-in do.",
            "It was issued by another pool, instance or address.",
        ],
        next: "paste it into the token page of the console: it says what is wrong",
    },
    Meaning {
        name: "login_required",
        means: "nobody is signed in, and prompt=none forbids to ask",
        causes: &[
            "The session of the browser ended, or the cookie is not sent.",
            "Another user is signed in than id_token_hint names.",
            "Another user pool's domain was used.",
        ],
        next: "send the person to the authorization endpoint without prompt=none",
    },
    Meaning {
        name: "panicked",
        means: "a fault of the server, which its log tells more about",
        causes: &["A defect of Poolhouse."],
        next: "report it with the lines of the log around this request id",
    },
    Meaning {
        name: "redirect_mismatch",
        means: "redirect_uri is not one of the app client's callback addresses, letter by letter",
        causes: &[
            "A slash at the end, http or https, localhost or 127.0.0.1, the port, or capitals differ.",
            "The address is registered for another app client.",
            "logout_uri is not among the LogoutURLs.",
        ],
        next: "in development the error page shows both addresses; put the one of the app into CallbackURLs",
    },
    Meaning {
        name: "request_not_supported",
        means: "the parameter request is not supported, as by Cognito",
        causes: &["A library sends the request as a JWT (request objects, JAR)."],
        next: "turn request objects off in the library",
    },
    Meaning {
        name: "request_uri_not_supported",
        means: "the parameter request_uri is not supported, as by Cognito",
        causes: &["A library uses pushed authorization requests (PAR)."],
        next: "turn pushed authorization requests off in the library",
    },
    Meaning {
        name: "server_error",
        means: "a fault of the server, which its log tells more about",
        causes: &["The database was away, full or damaged.", "A fault was set: poolhouse fault list."],
        next: "look for the request id in the log; poolhouse check reads the whole store",
    },
    Meaning {
        name: "temporarily_unavailable",
        means: "the server had too much to do, or its store was away",
        causes: &["More requests were in hand than the limits allow.", "A fault was set: poolhouse fault list."],
        next: "try again after the time that Retry-After names",
    },
    Meaning {
        name: "unauthorized_client",
        means: "the app client is not set up for this grant, or redirect_uri differs from that of the request before",
        causes: &[
            "AllowedOAuthFlowsUserPoolClient is off, or AllowedOAuthFlows lacks code, implicit or client_credentials.",
            "redirect_uri of the token request is not that of the authorization request.",
            "COGNITO is not among SupportedIdentityProviders of the app client.",
        ],
        next: "describe-user-pool-client shows AllowedOAuthFlows",
    },
    Meaning {
        name: "unsupported_grant_type",
        means: "there is no such grant_type",
        causes: &[
            "grant_type is mistyped; there are authorization_code, refresh_token and client_credentials.",
            "The password grant does not exist at the token endpoint, as on Cognito: use InitiateAuth.",
        ],
        next: "send one of the three",
    },
    Meaning {
        name: "unsupported_response_type",
        means: "there is no such response_type",
        causes: &[
            "Poolhouse says invalid_request where response_type is neither code nor token: a fault was set (poolhouse fault list), or the call went to AWS.",
        ],
        next: "use response_type=code",
    },
    Meaning {
        name: "unsupported_token_type",
        means: "only refresh tokens can be revoked",
        causes: &["An access or ID token was sent to the revocation endpoint."],
        next: "send the refresh token",
    },
];
