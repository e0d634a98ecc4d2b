//! What somebody probably meant who mistyped a name. Asked by the answers for what is not there.

/// Longest name that is looked at, bytes: a longer one is nobody's typing error.
const LONGEST: usize = 64;

/// The known name that this one was probably meant to be: the same but for case, or a few letters off.
pub fn nearest<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    some(asked, known, 1).into_iter().next()
}

/// At most `count` such names, the nearest first.
pub fn some<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>, count: usize) -> Vec<&'a str> {
    let asked = asked.to_ascii_lowercase();
    let scored = known.into_iter().map(|known| (distance(&asked, &known.to_ascii_lowercase()), known));
    let mut near: Vec<_> = scored.filter(|(distance, known)| *distance <= (known.len() / 4).max(1)).collect();
    near.sort_unstable();
    near.into_iter().take(count).map(|(_, known)| known).collect()
}

/// Edit distance.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > LONGEST {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let changed = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = changed.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_few_letters_off_are_known() {
        let known = ["InitiateAuth", "AdminInitiateAuth", "SignUp", "ListUsers"];
        let table = [
            ("initiateauth", vec!["InitiateAuth"]),
            ("InitateAuth", vec!["InitiateAuth"]),
            ("Signup", vec!["SignUp"]),
            ("ListUser", vec!["ListUsers"]),
            ("Mow", vec![]),
        ];
        for (asked, near) in table {
            assert_eq!(some(asked, known, 3), near, "{asked}");
        }
        assert_eq!(nearest(&"InitiateAuth".repeat(9), known), None);
    }
}
