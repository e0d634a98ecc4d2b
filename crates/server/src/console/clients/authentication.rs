//! An app client's name, authentication flows, sessions and token lifetimes: one settings form.

use serde_json::Value as Json;

use crate::console::kit::edit::Settings;
use crate::console::kit::members::{any_of, check, number, one_of, put, text, text_at};
use crate::console::kit::view::{Field, Input};
use crate::console::kit::visit::Posted;

/// The flows of InitiateAuth and AdminInitiateAuth, each with its risk in a line.
pub const FLOWS: [(&str, &str, &str); 6] = [
    ("ALLOW_USER_SRP_AUTH", "Secure remote password (SRP)", "The password never leaves the device."),
    ("ALLOW_USER_PASSWORD_AUTH", "Password", "The app sends the password itself: keep it for apps you trust with it."),
    ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "Password, by a server with AWS credentials", "AdminInitiateAuth only."),
    ("ALLOW_REFRESH_TOKEN_AUTH", "Refresh tokens", "New tokens without a new sign-in. Not together with rotation."),
    ("ALLOW_CUSTOM_AUTH", "Custom challenges", "Stored only: triggers are not called yet."),
    ("ALLOW_USER_AUTH", "Choice-based sign-in", "Stored only: a password is the one choice yet."),
];

const UNITS: [(&str, &str, &str); 4] =
    [("seconds", "seconds", ""), ("minutes", "minutes", ""), ("hours", "hours", ""), ("days", "days", "")];

const ROTATION: &str = "RefreshTokenRotation";

pub struct Authentication;

impl Settings for Authentication {
    fn title(&self) -> &'static str {
        "Authentication flows and tokens"
    }

    fn lead(&self) -> &'static str {
        "How this app may sign users in by the API, and how long what it gets is good for."
    }

    fn submit(&self) -> &'static str {
        "Save app client"
    }

    fn rest(&self) -> &'static str {
        "/authentication"
    }

    fn fields(&self, client: &Json) -> Vec<Field> {
        let unit = |path: &str, label: &str, default: &'static str| {
            let mut units = vec![("", default, "")];
            units.extend(UNITS);
            one_of(Input::Select, client, path, label, &units)
        };
        let hidden = [
            ("ENABLED", "Hide whether a user exists", "Unknown users get the same answers as wrong passwords."),
            ("LEGACY", "Tell when a user does not exist", "Lets anybody find out who has an account."),
            ("", "Not set", "As LEGACY."),
        ];
        let rotation =
            [("", "Not set", ""), ("ENABLED", "On: each refresh gives a new refresh token", ""), ("DISABLED", "Off", "")];
        vec![
            text(client, "ClientName", "App client name").must().at_most(128),
            any_of(client, "ExplicitAuthFlows", "Authentication flows", &FLOWS)
                .hinting("None at all means SRP, custom challenges and refresh tokens."),
            number(client, "AuthSessionValidity", "Authentication session, minutes")
                .hinting("3 to 15: how long a challenge waits for its answer."),
            number(client, "AccessTokenValidity", "Access token lifetime").hinting("5 minutes to 1 day. Empty: 60 minutes."),
            unit("TokenValidityUnits.AccessToken", "Unit of the access token lifetime", "not set (hours)").must(),
            number(client, "IdTokenValidity", "ID token lifetime").hinting("5 minutes to 1 day. Empty: 60 minutes."),
            unit("TokenValidityUnits.IdToken", "Unit of the ID token lifetime", "not set (hours)").must(),
            number(client, "RefreshTokenValidity", "Refresh token lifetime")
                .hinting("1 hour to 10 years, and no shorter than the others. Empty: 30 days."),
            unit("TokenValidityUnits.RefreshToken", "Unit of the refresh token lifetime", "not set (days)").must(),
            one_of(Input::Select, client, "RefreshTokenRotation.Feature", "Refresh token rotation", &rotation)
                .must()
                .hinting("Needs the flow Refresh tokens to be off."),
            number(client, "RefreshTokenRotation.RetryGracePeriodSeconds", "Grace period of rotation, seconds")
                .hinting("0 to 60: how long the old token is good for a retry."),
            check(client, "EnableTokenRevocation", "Refresh tokens can be revoked"),
            one_of(Input::Radio, client, "PreventUserExistenceErrors", "Errors about users that do not exist", &hidden),
        ]
    }

    /// Rotation without a word about whether it is on is no rotation.
    fn settle(&self, _before: &Json, client: &mut Json, _form: &Posted) {
        if text_at(client, "RefreshTokenRotation.Feature").is_empty() {
            put(client, ROTATION, None);
        }
    }
}
