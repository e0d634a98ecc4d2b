//! What every error means: in one clause, by its usual causes, and what to do next. One table for the command line
//! (`poolhouse explain`) and the console's events. Complete by test: every error that the model declares for a built operation, every
//! one of the OAuth endpoints.

mod api;
mod oauth;

/// An error, or another end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// As it stands on the wire, and in the audit trail.
    pub name: &'static str,
    /// A clause, as it follows a colon.
    pub means: &'static str,
    /// Sentences: what has led there, the commonest first.
    pub causes: &'static [&'static str],
    /// A clause.
    pub next: &'static str,
}

/// Every one.
pub fn all() -> impl Iterator<Item = &'static Meaning> {
    api::ALL.iter().chain(oauth::ALL)
}

/// The meaning of this name, whatever its case.
#[must_use]
pub fn of(name: &str) -> Option<&'static Meaning> {
    all().find(|one| one.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use poolhouse_engine::error::OAuthCode;
    use poolhouse_engine::ops;
    use poolhouse_wire::OPERATIONS;

    use super::*;

    #[test]
    fn every_error_that_can_be_met_has_an_entry() {
        let built = OPERATIONS.iter().filter(|operation| ops::handler(operation.name).is_some());
        let mut met: BTreeSet<&str> = built.flat_map(|operation| operation.errors).map(|code| code.as_str()).collect();
        assert!(met.len() > 30, "{met:?}");
        met.extend(OAuthCode::ALL.iter().map(|code| code.as_str()));
        // Of the way to the operations.
        met.extend(["IncompleteSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException"]);
        met.extend(["NotImplementedException", "SerializationException", "UnknownOperationException"]);
        let missing: Vec<_> = met.into_iter().filter(|name| of(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn entries_are_clauses_and_sentences() {
        assert!(api::ALL.is_sorted_by_key(|one| one.name) && oauth::ALL.is_sorted_by_key(|one| one.name));
        for one in all() {
            assert!(!one.means.ends_with('.') && !one.next.ends_with('.') && !one.causes.is_empty(), "{}", one.name);
            assert!(one.causes.iter().all(|cause| cause.ends_with('.')), "{}", one.name);
        }
    }
}
