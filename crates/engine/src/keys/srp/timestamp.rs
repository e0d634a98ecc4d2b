//! The TIMESTAMP a client signs: `Wed Apr 5 22:42:34 UTC 2017`.
//!
//! Called by the sign-in machine before the claim is checked. Only this spelling is read, and only near the present: a claim caught on the
//! way cannot be kept for later, nor be made to mean another time by a looser reader.

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// How far a client's clock may be off, in milliseconds.
pub const TOLERANCE_MS: i64 = 5 * 60 * 1_000;

/// Milliseconds since the epoch. English names, one space between words, UTC, day of one or two digits (`5` and `05`), the other fields of
/// exactly two and four; the day of the week must be that of the date. `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split(' ').collect();
    let &[weekday, month, day, time, "UTC", year] = words.as_slice() else {
        return None;
    };
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    let day = number(day, 1).or_else(|| number(day, 2))?;
    let year = number(year, 4)?;
    let parts: Vec<&str> = time.split(':').collect();
    let &[hour, minute, second] = parts.as_slice() else {
        return None;
    };
    let (hour, minute, second) = (number(hour, 2)?, number(minute, 2)?, number(second, 2)?);
    if !(1..=days_in(month, year)).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_since_epoch(year, month, day);
    // 1 January 1970 was a Thursday.
    let name = DAYS.get(usize::try_from((days + 4).rem_euclid(7)).ok()?)?;
    (*name == weekday).then_some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000)
}

/// Whether the text is a timestamp within five minutes of `now` (milliseconds since the epoch).
#[must_use]
pub fn is_fresh(text: &str, now: i64) -> bool {
    // A client writes whole seconds, so compare with the whole seconds of ours.
    parse(text).is_some_and(|at| (now.div_euclid(1_000) * 1_000).abs_diff(at) <= TOLERANCE_MS.unsigned_abs())
}

fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// In the proleptic Gregorian calendar, for years from 0.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let years = 365 * before + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    // 719,162 days lie between 1 January of year 1 and of 1970.
    years - 719_162 + (1..month).map(|month| days_in(month, year)).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        // From `date -u -d … +%s`.
        for (text, seconds) in [
            ("Wed Apr 5 22:42:34 UTC 2017", 1_491_432_154),
            ("Wed Apr 05 22:42:34 UTC 2017", 1_491_432_154),
            ("Thu Jan 1 00:00:00 UTC 1970", 0),
            ("Wed Dec 31 23:59:59 UTC 1969", -1),
            ("Tue Feb 29 12:00:00 UTC 2000", 951_825_600),
            ("Thu Feb 29 00:00:00 UTC 2024", 1_709_164_800),
            ("Mon Nov 23 05:39:20 UTC 2026", 1_795_412_360),
            ("Fri Dec 31 23:59:59 UTC 2100", 4_133_980_799),
        ] {
            assert_eq!(parse(text), Some(seconds * 1_000), "{text}");
        }
    }

    #[test]
    fn sec_045_other_spellings_are_refused() {
        for text in [
            "",
            "Wed Apr 5 22:42:34 UTC 2017 ",
            " Wed Apr 5 22:42:34 UTC 2017",
            "Wed Apr  5 22:42:34 UTC 2017",
            "Wed Apr 005 22:42:34 UTC 2017",
            "Thu Apr 5 22:42:34 UTC 2017",
            "wed Apr 5 22:42:34 UTC 2017",
            "Mi Apr 5 22:42:34 UTC 2017",
            "mer. avr. 5 22:42:34 UTC 2017",
            "Wed April 5 22:42:34 UTC 2017",
            "Wed Apr 5 22:42:34 GMT 2017",
            "Wed Apr 5 22:42:34 CEST 2017",
            "Wed Apr 5 22:42:34 2017",
            "Wed Apr 5 22:42 UTC 2017",
            "Wed Apr 5 2:42:34 UTC 2017",
            "Wed Apr 5 10:42:34 PM UTC 2017",
            "Wed Apr 5 24:00:00 UTC 2017",
            "Wed Apr 5 22:60:34 UTC 2017",
            "Wed Apr 5 22:42:60 UTC 2017",
            "Wed Apr 5 22:42:-4 UTC 2017",
            "Wed Apr +5 22:42:34 UTC 2017",
            "Fri Apr 31 00:00:00 UTC 2017",
            "Wed Feb 29 00:00:00 UTC 2017",
            "Thu Mar 0 00:00:00 UTC 2017",
            "Wed Apr 5 22:42:34 UTC 17",
            "Wed Apr ٥ 22:42:34 UTC 2017",
            "2017-04-05T22:42:34Z",
            "Wed, 05 Apr 2017 22:42:34 GMT",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn sec_045_five_minutes_either_way_and_no_more() {
        let (text, at) = ("Wed Apr 5 22:42:34 UTC 2017", 1_491_432_154_000);
        for (off_ms, fresh) in [
            (0, true),
            (999, true),
            (300_000, true),
            (300_999, true),
            (301_000, false),
            (-300_000, true),
            (-300_001, false),
            (86_400_000, false),
        ] {
            assert_eq!(is_fresh(text, at + off_ms), fresh, "{off_ms}");
        }
        assert!(!is_fresh("junk", at));
    }
}
