//! What the flow needs of an app client's settings, added and taken out again by the one operation that writes all of them. Called by
//! the first step's page.

use poolhouse_wire::operation;
use serde_json::{Value as Json, json};

use super::callback_url;
use super::start::{address, is_machine};
use crate::console::kit::json::{text, texts};
use crate::console::kit::view::{Block, Field, Form, State, Table, Value};
use crate::console::kit::visit::{Answer, Posted};

pub const COMPLETE: &str = "/console/flow/settings";
pub const REMOVE: &str = "/console/flow/settings/remove";

/// A setting that the flow needs: what is added to it, and what it is then.
pub struct Missing {
    member: &'static str,
    added: String,
    needed: Json,
    why: &'static str,
}

pub fn missing(client: &Json, callback: &str) -> Vec<Missing> {
    let lacks = |member: &'static str, value: &str, why: &'static str| {
        let now = texts(client, member);
        let needed: Vec<String> = now.iter().cloned().chain([value.to_owned()]).collect();
        (!now.iter().any(|one| one == value)).then(|| Missing { member, added: value.to_owned(), needed: json!(needed), why })
    };
    let on = client.get("AllowedOAuthFlowsUserPoolClient").and_then(Json::as_bool).unwrap_or(false);
    let off = Missing {
        member: "AllowedOAuthFlowsUserPoolClient",
        added: "true".to_owned(),
        needed: Json::Bool(true),
        why: "Lets the app client use the OAuth endpoints at all.",
    };
    if is_machine(client) {
        return (!on).then_some(off).into_iter().collect();
    }
    let providers = client.get("SupportedIdentityProviders").is_some();
    [
        lacks("CallbackURLs", callback, "The sign-in page sends the browser to registered addresses only."),
        (!on).then_some(off),
        lacks("AllowedOAuthFlows", "code", "The authorization code grant."),
        lacks("AllowedOAuthScopes", "openid", "Without openid there is no ID token and no userInfo."),
        lacks("SupportedIdentityProviders", "COGNITO", "Users of the pool itself sign in.").filter(|_| providers),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The whole input of UpdateUserPoolClient: what it leaves out goes back to its default.
fn whole(client: &Json) -> serde_json::Map<String, Json> {
    let members = operation("UpdateUserPoolClient").into_iter().flat_map(|operation| operation.shape.members());
    members.filter_map(|member| Some((member.to_owned(), client.get(member)?.clone()))).collect()
}

/// The client with what is missing.
pub fn completed(client: &Json, callback: &str) -> Json {
    let mut input = whole(client);
    input.extend(missing(client, callback).into_iter().map(|missing| (missing.member.to_owned(), missing.needed)));
    Json::Object(input)
}

pub fn ask(client: &Json, missing: &[Missing]) -> Vec<Block> {
    let row = |missing: &Missing| vec![Value::text(missing.member), Value::copy(&missing.added), Value::text(missing.why)];
    let fields = vec![Field::hidden("pool", text(client, "UserPoolId")), Field::hidden("client", text(client, "ClientId"))];
    vec![
        Block::Notice {
            state: State::Warn,
            text: "Some settings of this app client stand in the way of the flow.".to_owned(),
            link: None,
        },
        Block::Table(Table {
            id: "missing".to_owned(),
            caption: "Missing settings".to_owned(),
            columns: ["Setting", "Is added", "Why"].map(str::to_owned).to_vec(),
            rows: missing.iter().map(row).collect(),
            next: None,
            first: None,
        }),
        Block::Form(
            Form::new("complete", COMPLETE, "Save app client", fields)
                .hinting("Adds these to the app client's settings and leaves everything else as it is."),
        ),
    ]
}

/// Adds what is missing to what the client is set to at this moment; whatever else was changed meanwhile stays.
pub async fn complete(posted: Posted) -> Answer {
    let (pool, client) = (posted.text("pool").to_owned(), posted.text("client").to_owned());
    let mut visit = posted.visit;
    let input = json!({ "UserPoolId": pool, "ClientId": client });
    let outcome = match visit.call_aside("DescribeUserPoolClient", input).await {
        Ok(described) => {
            let client = described.get("UserPoolClient").cloned().unwrap_or_default();
            let input = completed(&client, &callback_url(&visit));
            visit.call("UpdateUserPoolClient", input).await
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(_) => Ok(visit.go(&address(&pool, &client), "The app client was saved.")),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

/// The client without this callback URL; `None` where it does not have it.
pub fn without(client: &Json, callback: &str) -> Option<Json> {
    let now = texts(client, "CallbackURLs");
    let left: Vec<&String> = now.iter().filter(|one| *one != callback).collect();
    if left.len() == now.len() {
        return None;
    }
    let mut input = whole(client);
    match left.as_slice() {
        [] => drop(input.remove("CallbackURLs")),
        left => drop(input.insert("CallbackURLs".to_owned(), json!(left))),
    }
    Some(Json::Object(input))
}

/// The way to take the callback URL out again: an address that leads to the console is none of the app's.
pub fn offer_removal(client: &Json, callback: &str) -> Block {
    let fields = vec![Field::hidden("pool", text(client, "UserPoolId")), Field::hidden("client", text(client, "ClientId"))];
    let hint = format!(
        "Takes {callback} out of the app client's settings and leaves everything else as it is. The flow needs it again."
    );
    Block::Form(Form::new("remove", REMOVE, "Remove callback URL", fields).titled("When you have tested").beside().hinting(&hint))
}

/// Takes it out of what the client is set to at this moment, as [`complete`] puts it in.
pub async fn remove(posted: Posted) -> Answer {
    let (pool, client) = (posted.text("pool").to_owned(), posted.text("client").to_owned());
    let mut visit = posted.visit;
    let input = json!({ "UserPoolId": pool, "ClientId": client });
    let described = match visit.call_aside("DescribeUserPoolClient", input).await {
        Ok(described) => described.get("UserPoolClient").cloned().unwrap_or_default(),
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let back = address(&pool, &client);
    let Some(input) = without(&described, &callback_url(&visit)) else {
        return Ok(visit.go(&back, "Nothing was changed: the app client does not have this callback URL."));
    };
    match visit.call("UpdateUserPoolClient", input).await {
        Ok(_) => Ok(visit.go(&back, "The callback URL was removed.")),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}
