//! An event in plain words: who tried what, and what the outcome means. Pure. Called by the event's page and by `poolhouse explain`.

use poolhouse_engine::audit::{Event, Kind};

use crate::meanings;

/// One or two sentences.
pub fn sentence(event: &Event) -> String {
    let (who, what) = (who(&event.actor), what(event));
    match (event.kind, event.result.as_deref()) {
        (Kind::Alert, _) => alert(&event.action).to_owned(),
        (Kind::Closed, _) => "A process of this server ended in good order, and its part of the trail with it.".to_owned(),
        (Kind::Intent, _) => format!("{who} was about to {what}, and was allowed to. What came of it is an event of its own."),
        (Kind::Outcome, Some("ok") | None) => format!("{who} wanted to {what}. It was done."),
        (Kind::Outcome, Some(broken @ ("abandoned" | "panicked"))) => {
            format!("{who} wanted to {what}. It has no end: {}.", meaning(broken))
        }
        (Kind::Outcome, Some(result)) => format!("{who} wanted to {what}. It was refused with {result}: {}.", meaning(result)),
    }
}

fn who(actor: &str) -> String {
    match actor.split_once(' ') {
        Some(("user", sub)) => format!("The user {sub}"),
        Some(("operator", name)) => format!("The operator {name}"),
        Some(("access", rest)) => format!("The holder of access {rest}"),
        _ if actor == "operator" => "An operator".to_owned(),
        _ => "Somebody who had not proven who they are".to_owned(),
    }
}

fn what(event: &Event) -> String {
    let target = |name: &str| event.target.get(name).map(String::as_str);
    match (&*event.action, target("grant_type")) {
        ("/oauth2/token", Some("authorization_code")) => "exchange an authorization code for tokens".to_owned(),
        ("/oauth2/token", Some("refresh_token")) => "get new tokens by a refresh token".to_owned(),
        ("/oauth2/token", Some("client_credentials")) => "get an access token as a machine".to_owned(),
        ("/oauth2/token", _) => "get tokens".to_owned(),
        ("/oauth2/revoke", _) => "revoke a refresh token".to_owned(),
        ("/login", _) => "sign in on the sign-in page".to_owned(),
        ("/logout", _) => "sign out of a browser".to_owned(),
        ("/signup", _) => "sign up on the sign-up page".to_owned(),
        ("RotateSigningKeys", _) => "change the signing keys of the user pool".to_owned(),
        ("RevokeSigningKey", _) => "take a signing key away".to_owned(),
        ("RevealClientSecret", _) => "see the secret of the app client".to_owned(),
        ("RevealFlowRun", _) => "see the tokens of a test run".to_owned(),
        ("RevealToken", _) => "see a token in full in the inspector".to_owned(),
        ("UndoDeletion", _) => "put back what was deleted".to_owned(),
        ("DeleteMessages", _) => "delete messages from the inbox".to_owned(),
        ("OperatorSignIn", _) => "sign in to the console".to_owned(),
        ("OperatorSignOut", _) => "sign out of the console".to_owned(),
        ("MakeOperatorLink", _) => {
            format!("make a one-time link for an operator with the role {}", target("Role").unwrap_or("?"))
        }
        ("VoidOperatorLink", _) => "void a one-time link that makes an operator".to_owned(),
        ("EnrolOperator", _) => format!("become the operator {} by a one-time link", target("Operator").unwrap_or("?")),
        ("SetOperatorRole", _) => {
            format!("give the operator {} the role {}", target("Operator").unwrap_or("?"), target("Role").unwrap_or("?"))
        }
        ("RemoveOperator", _) => format!("remove the operator {}", target("Operator").unwrap_or("?")),
        ("EndOperatorSessions", _) => format!("end sessions of the operator {}", target("Operator").unwrap_or("?")),
        ("ChangeOperatorPassword", _) => "change the own password".to_owned(),
        ("RenewOperatorKey", _) => "renew the key of the own one-time codes".to_owned(),
        ("DeleteForGood", _) => "erase what was deleted before its time".to_owned(),
        (page, _) if page.starts_with('/') => format!("use the page {page}"),
        (operation, _) => match target("Username").or(target("ClientName")).or(target("GroupName")).or(target("PoolName")) {
            Some(name) => format!("call {operation} on {name}"),
            None => format!("call {operation}"),
        },
    }
}

fn alert(word: &str) -> &'static str {
    match word {
        "refresh_token_reuse" => {
            "A refresh token was used again after it had been replaced: somebody has a copy. The session was revoked; its user has \
             to sign in anew."
        }
        "code_replay" => {
            "An authorization code was used twice: somebody may have read it. The tokens of the first use were revoked."
        }
        "signature_failures" => {
            "Many signatures failed within a minute from one address, or for one access key: somebody is trying, or an app has the \
             wrong secret."
        }
        "access_key_created" => "An access key was made. Whoever has it may call what its policy allows.",
        "access_key_deleted" => "An access key was deleted. Whoever used it is refused from now on.",
        _ => "Somebody should look at this.",
    }
}

/// What an outcome means, as it follows a colon.
fn meaning(result: &str) -> &'static str {
    meanings::of(result).map_or("the error has the same name in the API's reference", |known| known.means)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: Kind, action: &'static str, result: Option<&'static str>, actor: &str) -> Event {
        Event {
            at: 0,
            kind,
            action: action.into(),
            result: result.map(Into::into),
            actor: actor.to_owned(),
            pool: None,
            client: None,
            target: [("Username".into(), "ada".to_owned())].into(),
            ip: None,
            signed_in: false,
            request_id: String::new(),
        }
    }

    #[test]
    fn events_are_sentences() {
        let table = [
            (
                event(Kind::Outcome, "AdminCreateUser", Some("ok"), "operator"),
                "An operator wanted to call AdminCreateUser on ada. It was done.",
            ),
            (
                event(Kind::Outcome, "/login", Some("NotAuthorizedException"), "anonymous"),
                "Somebody who had not proven who they are wanted to sign in on the sign-in page. It was refused with \
                 NotAuthorizedException: a password, secret, token or session was wrong or has expired, or the user is disabled.",
            ),
            (
                event(Kind::Intent, "DeleteUser", None, "user 1-2"),
                "The user 1-2 was about to call DeleteUser on ada, and was allowed to. What came of it is an event of its own.",
            ),
            (
                event(Kind::Outcome, "/oauth2/revoke", Some("abandoned"), "access key AKIA"),
                "The holder of access key AKIA wanted to revoke a refresh token. It has no end: whoever asked went away before the \
                 answer.",
            ),
        ];
        for (event, text) in table {
            assert_eq!(sentence(&event), text);
        }
        assert!(sentence(&event(Kind::Alert, "code_replay", None, "anonymous")).contains("used twice"));
    }
}
