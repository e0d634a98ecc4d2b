//! How long a client's tokens live: units, defaults and the ranges that are allowed. Called by the rules of clients and
//! by [`super::Client`] when tokens are issued.
use poolhouse_wire::types::{TimeUnitsType, UserPoolClientType};

use crate::error::{Error, Result};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Days a refresh token lives where nothing is said, or 0 (API reference).
const REFRESH_DAYS: i64 = 30;

/// Seconds each kind of token lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    pub access: i64,
    pub id: i64,
    pub refresh: i64,
}

impl Lifetimes {
    /// The lifetimes in force: an hour for access and ID tokens, 30 days for refresh tokens, unless set.
    pub fn of(client: &UserPoolClientType) -> Self {
        let units = client.token_validity_units.as_ref();
        let access_unit = units.and_then(|u| u.access_token).unwrap_or(TimeUnitsType::Hours);
        let id_unit = units.and_then(|u| u.id_token).unwrap_or(TimeUnitsType::Hours);
        Self {
            access: client.access_token_validity.map_or(HOUR, |n| i64::from(n) * seconds(access_unit)),
            id: client.id_token_validity.map_or(HOUR, |n| i64::from(n) * seconds(id_unit)),
            refresh: match client.refresh_token_validity {
                None | Some(0) => REFRESH_DAYS * DAY,
                Some(n) => i64::from(n) * seconds(refresh_unit(client)),
            },
        }
    }
}

/// Writes the refresh lifetime down, in the client's unit: it is always described, the others only where they were set.
pub fn complete(client: &mut UserPoolClientType) {
    if matches!(client.refresh_token_validity, None | Some(0)) {
        let default = REFRESH_DAYS * DAY / seconds(refresh_unit(client));
        client.refresh_token_validity = i32::try_from(default).ok();
    }
    client.token_validity_units.get_or_insert_default();
}

/// Access and ID tokens: 5 minutes to 1 day. Refresh tokens: 1 hour to 10 years, and no shorter than the others
/// (API reference, TokenValidityUnitsType).
///
/// # Errors
/// InvalidParameterException, in Cognito's words (observed) for the ranges and in ours for the order.
pub fn check(client: &UserPoolClientType) -> Result<()> {
    let lives = Lifetimes::of(client);
    let short = 5 * MINUTE..=DAY;
    let long = HOUR..=3650 * DAY;
    if !short.contains(&lives.access) || !short.contains(&lives.id) || !long.contains(&lives.refresh) {
        return Err(Error::invalid_parameter("Invalid range for token validity."));
    }
    if lives.refresh < lives.access || lives.refresh < lives.id {
        return Err(Error::invalid_parameter(
            "Refresh token validity cannot be shorter than access token validity or ID token validity.",
        ));
    }
    Ok(())
}

fn refresh_unit(client: &UserPoolClientType) -> TimeUnitsType {
    client.token_validity_units.as_ref().and_then(|u| u.refresh_token).unwrap_or(TimeUnitsType::Days)
}

fn seconds(unit: TimeUnitsType) -> i64 {
    match unit {
        TimeUnitsType::Seconds => 1,
        TimeUnitsType::Minutes => MINUTE,
        TimeUnitsType::Hours => HOUR,
        TimeUnitsType::Days => DAY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn client(settings: serde_json::Value) -> UserPoolClientType {
        serde_json::from_value(settings).expect("a client")
    }

    #[test]
    fn unset_lifetimes_are_an_hour_and_thirty_days() {
        let expected = Lifetimes { access: 3600, id: 3600, refresh: 2_592_000 };
        assert_eq!(Lifetimes::of(&client(json!({}))), expected);
        assert_eq!(Lifetimes::of(&client(json!({ "RefreshTokenValidity": 0 }))), expected);
    }

    #[test]
    fn the_refresh_lifetime_is_completed_in_the_clients_unit() {
        for (unit, number) in [("seconds", 2_592_000), ("minutes", 43_200), ("hours", 720), ("days", 30)] {
            let mut made = client(json!({ "TokenValidityUnits": { "RefreshToken": unit } }));
            complete(&mut made);
            assert_eq!(made.refresh_token_validity, Some(number));
            assert_eq!(Lifetimes::of(&made).refresh, 2_592_000);
        }
    }

    #[test]
    fn ranges_are_inclusive_at_both_ends() {
        let units = json!({ "AccessToken": "seconds", "IdToken": "seconds", "RefreshToken": "seconds" });
        let outcome = |access: i64, id: i64, refresh: i64| {
            check(&client(json!({
                "AccessTokenValidity": access, "IdTokenValidity": id, "RefreshTokenValidity": refresh, "TokenValidityUnits": units
            })))
        };
        assert!(outcome(300, 300, 3600).is_ok());
        assert!(outcome(86_400, 86_400, 315_360_000).is_ok());
        for (access, id, refresh) in [
            (299, 300, 3600),
            (300, 299, 3600),
            (300, 300, 3599),
            (86_401, 300, 100_000),
            (300, 86_401, 100_000),
            (300, 300, 315_360_001),
        ] {
            let error = outcome(access, id, refresh).expect_err("refused");
            assert_eq!(error.message(), "Invalid range for token validity.", "{access} {id} {refresh}");
        }
    }

    #[test]
    fn a_refresh_token_outlives_the_tokens_it_renews() {
        let settings =
            json!({ "AccessTokenValidity": 2, "RefreshTokenValidity": 1, "TokenValidityUnits": { "RefreshToken": "hours" } });
        assert!(check(&client(settings)).is_err());
    }
}
