//! Delete user pool: everything in it is lost, so everything in it is counted first.

use axum::extract::Path;
use poolhouse_engine::error::Error;
use poolhouse_engine::undo::Kind;
use serde_json::{Value as Json, json};

use crate::console::kit::destroy::{Loss, all, counted, was_promised};
use crate::console::kit::json::{number, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Named, State};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

pub async fn get(mut visit: Visit, Path(pool): Path<String>) -> Answer {
    match loss(&visit, &pool).await {
        Ok((loss, domains)) => {
            would_call(&mut visit, &pool, &domains);
            Ok(loss.show(visit, None).await)
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

pub async fn post(Path(pool): Path<String>, posted: Posted) -> Answer {
    let (loss, domains) = match loss(&posted.visit, &pool).await {
        Ok(found) => found,
        Err(error) => return Err(posted.visit.failed(&error).await.into()),
    };
    if !loss.possible || !loss.confirmed_by(&posted) {
        return Ok(loss.mistyped(posted.visit).await);
    }
    let promised = was_promised(&posted);
    let mut visit = posted.visit;
    match loss.perform(&mut visit, promised, &calls(&pool, &domains)).await {
        Ok(()) => Ok(visit.go_undoable(paths::POOLS, &format!("User pool {} was deleted.", loss.typed.unwrap_or_default()))),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            Ok(loss.show(visit, Some(said)).await)
        }
    }
}

/// A pool with a domain cannot be deleted (Cognito's rule): its domains go first.
fn calls(pool: &str, domains: &[String]) -> Vec<(&'static str, Json)> {
    let domain = |domain: &String| ("DeleteUserPoolDomain", json!({ "Domain": domain, "UserPoolId": pool }));
    domains.iter().map(domain).chain([("DeleteUserPool", json!({ "UserPoolId": pool }))]).collect()
}

fn would_call(visit: &mut Visit, pool: &str, domains: &[String]) {
    for (operation, input) in calls(pool, domains) {
        visit.would_call(operation, &input);
    }
}

/// What is lost, and the domains that are.
async fn loss(visit: &Visit, pool: &str) -> Result<(Loss, Vec<String>), Error> {
    let input = json!({ "UserPoolId": pool });
    let answer = visit.call_aside("DescribeUserPool", input.clone()).await?;
    let described = answer.get("UserPool").cloned().unwrap_or_default();
    let clients = all(visit, "ListUserPoolClients", &json!({ "UserPoolId": pool, "MaxResults": 60 }), "UserPoolClients").await?;
    let groups = all(visit, "ListGroups", &input, "Groups").await?;
    let servers = all(visit, "ListResourceServers", &json!({ "UserPoolId": pool, "MaxResults": 50 }), "ResourceServers").await?;
    let domains: Vec<String> = ["CustomDomain", "Domain"]
        .iter()
        .map(|name| text(&described, name))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let protected = text(&described, "DeletionProtection") == "ACTIVE";
    let domain = if domains.is_empty() { "no domain".to_owned() } else { domains.join(", ") };
    let name = text(&described, "Name").to_owned();
    let loss = Loss {
        pool: pool.to_owned(),
        crumbs: Vec::new(),
        submit: "Delete user pool",
        url: paths::pool(pool, "/delete"),
        back: paths::pool(pool, ""),
        lost: vec![
            Named::text("Users", &users(&described)).noting("With their passwords, attributes and sessions."),
            Named::text("App clients", &counted(clients.len(), "app client"))
                .noting("Apps that use one can no longer sign anybody in."),
            Named::text("Domain", &domain).noting("Its sign-in page goes with it, and its name becomes free for others."),
            Named::text("Groups", &counted(groups.len(), "group")),
            Named::text("Resource servers", &counted(servers.len(), "resource server")),
            Named::text("Signing keys", "all").noting("No token of this pool can be verified any more."),
        ],
        stays: "Messages in the inbox, the audit trail, and every other user pool.".to_owned(),
        warning: protected.then(|| protection(pool)),
        possible: !protected,
        hidden: Vec::new(),
        after: None,
        typed: Some(name),
        undo: Some((Kind::Pool, pool.to_owned())),
    };
    Ok((loss, domains))
}

fn users(described: &Json) -> String {
    let users = number(described, "EstimatedNumberOfUsers");
    format!("{users} user{}", if users == "1" { "" } else { "s" })
}

fn protection(pool: &str) -> (State, String, Option<Link>) {
    let text = "Deletion protection is on: this user pool cannot be deleted.".to_owned();
    (State::Warn, text, Some(Link::new("Change deletion protection", &paths::pool(pool, "/settings/protection"))))
}
