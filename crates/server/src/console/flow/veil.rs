//! Tokens are shortened wherever a page repeats them: whoever looks over a shoulder, or at a screenshot in a ticket, could use one until
//! it expires. What is left tells one token from another kind of thing, and is the same in every token. Pure. Called by the flow runner's
//! pages and the token inspector, for all their blocks at once, so that no block is forgotten.

use crate::console::kit::view::{Block, Value};

/// What every JWT and JWE begins with: `{"`.
const BEGINS: &str = "eyJ";
/// Characters of a token that stay: of its header, which is no secret.
const STAYS: usize = 10;
/// A shorter one is no token of ours.
const LEAST: usize = 40;

/// A text with every token in it shortened; `None` where there is none. A token is looked for by its form and not among those that are
/// known: old ones, and those of other servers, are tokens as well.
pub fn text(text: &str) -> Option<String> {
    let (mut out, mut rest, mut found) = (String::new(), text, false);
    while let Some((before, from)) = rest.find(BEGINS).and_then(|at| rest.split_at_checked(at)) {
        let end = from.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(from.len());
        let (token, after) = from.split_at_checked(end).unwrap_or((from, ""));
        let whole = token.len() < LEAST || !token.contains('.');
        out.push_str(before);
        out.push_str(if whole { token } else { token.get(..STAYS).unwrap_or_default() });
        if !whole {
            out.push('…');
            found = true;
        }
        rest = after;
    }
    out.push_str(rest);
    found.then_some(out)
}

fn shorten(place: &mut String) -> bool {
    match text(place) {
        Some(short) => {
            *place = short;
            true
        }
        None => false,
    }
}

/// Every one is shortened, not only the first that has something to shorten.
fn each<'a, T: 'a>(all: impl IntoIterator<Item = &'a mut T>, shorten: impl Fn(&mut T) -> bool) -> bool {
    let mut any = false;
    for one in all {
        any |= shorten(one);
    }
    any
}

fn value(value: &mut Value) -> bool {
    match value {
        Value::Text { text }
        | Value::Copy { text }
        | Value::Link { text, .. }
        | Value::State { text, .. }
        | Value::None { text } => shorten(text),
        Value::List { items } => each(items, shorten),
        Value::Moment { .. } | Value::Qr { .. } => false,
    }
}

/// Shortens every token that these blocks show; whether there was any. What a form sends stays as it is: none of ours has a token.
pub fn blocks(blocks: &mut [Block]) -> bool {
    each(blocks, one)
}

fn one(block: &mut Block) -> bool {
    match block {
        Block::Notice { text, .. } | Block::Prose { text, .. } | Block::Code { text, .. } | Block::Empty { text, .. } => {
            shorten(text)
        }
        Block::Facts(facts) => each(&mut facts.facts, |fact| value(&mut fact.value)),
        Block::Table(table) => each(table.rows.iter_mut().flatten(), value),
        Block::Chart(_) | Block::Checklist(_) | Block::Form(_) | Block::Steps { .. } | Block::Cards { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn sec_109_tokens_are_shortened_wherever_they_stand() {
        let (jwt, jwe) = ("eyJraWQiOiJhYmMifQ.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", "eyJjdHkiOiJKV1QiLCJlbmMi..aXY.Y2lwaGVydGV4dA.dGFn");
        for token in [jwt, jwe] {
            let short = format!("{}…", token.get(..10).unwrap());
            for (before, after) in
                [("", ""), ("Bearer ", "\n"), ("\"", "\","), ("token=", "&x=y"), ("--data 'refresh_token=", "'"), ("é", "é")]
            {
                assert_eq!(text(&format!("{before}{token}{after}")), Some(format!("{before}{short}{after}")));
            }
            assert_eq!(text(&format!("{token} {token}")), Some(format!("{short} {short}")));
        }
        for plain in ["", "eyJ", "no token", "eyJhbGciOiJSUzI1NiJ9", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "eyJeyJeyJ"] {
            assert_eq!(text(plain), None, "{plain}");
        }
    }

    #[test]
    fn what_is_veiled_stays_so_wherever_a_text_is_cut() {
        let whole = "eyJraWQiOiJhYmMifQ.eyJzdWIiOiJ4In0.c2lnbmF0dXJl é eyJ…eyJ.é eyJraWQiOiJhYmMifQ.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
        for (at, _) in whole.char_indices() {
            for part in [whole.get(at..).unwrap(), whole.get(..at).unwrap()] {
                let veiled = text(part).unwrap_or_else(|| part.to_owned());
                assert_eq!(text(&veiled), None, "{veiled}");
            }
        }
    }
}
