//! Delete app client.

use axum::extract::Path;
use poolhouse_engine::error::Error;
use poolhouse_engine::undo::Kind;
use serde_json::Value as Json;

use super::{Ids, above, describe_aside, ids, kind};
use crate::console::kit::destroy::{Loss, counted, was_promised};
use crate::console::kit::json::{list, text, texts};
use crate::console::kit::paths;
use crate::console::kit::view::{Named, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

pub async fn get(mut visit: Visit, Path((pool, client)): Ids) -> Answer {
    match loss(&visit, &pool, &client).await {
        Ok(loss) => {
            visit.would_call("DeleteUserPoolClient", &ids(&pool, &client));
            Ok(loss.show(visit, None).await)
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

pub async fn post(Path((pool, client)): Ids, posted: Posted) -> Answer {
    let loss = match loss(&posted.visit, &pool, &client).await {
        Ok(loss) => loss,
        Err(error) => return Err(posted.visit.failed(&error).await.into()),
    };
    if !loss.confirmed_by(&posted) {
        return Ok(loss.mistyped(posted.visit).await);
    }
    let promised = was_promised(&posted);
    let mut visit = posted.visit;
    match loss.perform(&mut visit, promised, &[("DeleteUserPoolClient", ids(&pool, &client))]).await {
        Ok(()) => {
            let said = format!("App client {} was deleted.", loss.typed.unwrap_or_default());
            Ok(visit.go_undoable(&paths::pool(&pool, "/clients"), &said))
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

async fn loss(visit: &Visit, pool: &str, client: &str) -> Result<Loss, Error> {
    let described: Json = describe_aside(visit, pool, client).await?;
    let answer = visit.call_aside("ListUserPoolClientSecrets", ids(pool, client)).await?;
    let secrets = list(&answer, "ClientSecrets").len();
    let callbacks = texts(&described, "CallbackURLs");
    let name = text(&described, "ClientName");
    Ok(Loss {
        pool: pool.to_owned(),
        crumbs: vec![above(pool), Link::new(name, &paths::client(pool, client, ""))],
        submit: "Delete app client",
        url: paths::client(pool, client, "/delete"),
        back: paths::client(pool, client, ""),
        typed: Some(name.to_owned()),
        undo: Some((Kind::Client, client.to_owned())),
        lost: vec![
            Named::copy("Client ID", client).noting("A new app client gets another one."),
            Named::text("Kind", kind(&described)),
            Named::text("Secrets", &counted(secrets, "secret")),
            Named::text("Callback URLs", &counted(callbacks.len(), "callback URL")),
            Named::new("Sign-in through it", Value::text("ends at once"))
                .noting("Its refresh tokens are revoked. Access and ID tokens are good until they expire."),
        ],
        stays: "Users, groups, resource servers, and every other app client.".to_owned(),
        warning: None,
        possible: true,
        hidden: Vec::new(),
        after: None,
    })
}
