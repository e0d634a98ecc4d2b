//! How a user stands, why, and what comes next: the sentence over a user's page. Pure.

use crate::console::kit::view::State;

/// What is known about a user.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub status: &'a str,
    pub enabled: bool,
    /// When the temporary password ends, if there is one; milliseconds since the epoch.
    pub temporary_until: Option<i64>,
    pub now: i64,
}

/// A user's standing in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    pub text: String,
    /// The page that helps on: what it is called, and its last part.
    pub next: Option<(&'static str, &'static str)>,
}

pub fn state(status: &str) -> State {
    match status {
        "CONFIRMED" => State::Ok,
        "UNCONFIRMED" | "FORCE_CHANGE_PASSWORD" | "RESET_REQUIRED" => State::Warn,
        _ => State::Info,
    }
}

/// Why the user stands so, and what comes next.
pub fn of(known: Known<'_>) -> Standing {
    if !known.enabled {
        let text = format!(
            "Disabled, and {}: signing in is refused and tokens are no longer renewed until the user is enabled.",
            known.status
        );
        return Standing { state: State::Bad, text, next: Some(("Enable user", "enable")) };
    }
    let (text, next) = match known.status {
        "CONFIRMED" => ("CONFIRMED: the user can sign in.".to_owned(), None),
        "UNCONFIRMED" => (
            "UNCONFIRMED: the user signed up and has not entered the code that was sent. Confirm here, or the user enters the code."
                .to_owned(),
            Some(("Confirm sign-up", "confirm")),
        ),
        "FORCE_CHANGE_PASSWORD" => temporary(known),
        "RESET_REQUIRED" => (
            "RESET_REQUIRED: the old password is of no use. The user chooses another with the code that was sent, or set one here."
                .to_owned(),
            Some(("Set password", "password")),
        ),
        other => (other.to_owned(), None),
    };
    Standing { state: state(known.status), text, next }
}

fn temporary(known: Known<'_>) -> (String, Option<(&'static str, &'static str)>) {
    let chooses = "The user chooses a password of their own at the first sign-in, or set a permanent one here.";
    match known.temporary_until {
        Some(until) if until <= known.now => (
            format!(
                "FORCE_CHANGE_PASSWORD: the temporary password expired {} ago, so that the user cannot sign in. \
                 Send another invitation or set a password.",
                span(known.now - until)
            ),
            Some(("Resend invitation", "invitation")),
        ),
        Some(until) => (
            format!("FORCE_CHANGE_PASSWORD: the temporary password expires in {}. {chooses}", span(until - known.now)),
            Some(("Set password", "password")),
        ),
        None => (format!("FORCE_CHANGE_PASSWORD. {chooses}"), Some(("Set password", "password"))),
    }
}

/// `6 d 4 h`, `4 h 5 min`, `5 min`: the two largest parts.
fn span(ms: i64) -> String {
    let minutes = ms / 60_000;
    let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) if rest == 0 => "less than a minute".to_owned(),
        (0, 0) => format!("{rest} min"),
        (0, _) => format!("{hours} h {rest} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn said(status: &str, enabled: bool, temporary_until: Option<i64>) -> String {
        of(Known { status, enabled, temporary_until, now: 1000 * HOUR }).text
    }

    #[test]
    fn a_temporary_password_says_how_long() {
        let left = |hours: i64| said("FORCE_CHANGE_PASSWORD", true, Some((1000 + hours) * HOUR));
        assert!(left(148).contains("expires in 6 d 4 h."), "{}", left(148));
        assert!(left(5).contains("expires in 5 h 0 min."), "{}", left(5));
        assert!(left(-2).contains("expired 2 h 0 min ago"), "{}", left(-2));
        assert!(left(0).contains("expired less than a minute ago"), "{}", left(0));
    }

    #[test]
    fn being_disabled_comes_first() {
        assert!(said("CONFIRMED", false, None).starts_with("Disabled, and CONFIRMED"));
        assert!(said("CONFIRMED", true, None).ends_with("can sign in."));
        assert!(said("UNCONFIRMED", true, None).contains("Confirm here"));
    }
}
