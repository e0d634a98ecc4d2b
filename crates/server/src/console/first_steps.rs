//! The checklist of the console's home: what an instance needs before a user can sign in, read from its state. Called by the home.

use poolhouse_engine::error::Error;

use super::kit::checklist::{Checklist, Task};
use super::kit::paths;
use super::kit::visit::Visit;
use super::pools::Counted;
use crate::pages::fields::Link;

/// The steps, or none once all are done. `pools` are those that were counted.
///
/// # Errors
/// The trail's.
pub async fn checklist(visit: &Visit, pools: &[Counted]) -> Result<Option<Checklist>, Error> {
    let signed_in = !visit.app.engine.audit.newest(|event| event.signed_in, None, 1).await?.0.is_empty();
    let first = pools.first().map(|pool| pool.id.as_str());
    let below = |rest: &str| first.map(|pool| paths::pool(pool, rest));
    let (act, way) = match visit.reach().flow {
        true => ("Test a flow", Some(paths::FLOW.to_owned())),
        false => ("Open app clients", below("/clients")),
    };
    let client = pools.iter().any(|pool| pool.clients > 0);
    let task = |done: bool, text: &str, hint: &str, act: &str, url: Option<String>| Task {
        done,
        text: text.to_owned(),
        hint: hint.to_owned(),
        link: url.filter(|_| !done).map(|url| Link::new(act, &url)),
    };
    let tasks = vec![
        task(
            first.is_some(),
            "A user pool",
            "The directory of users with its own sign-in.",
            "Quick create",
            Some(paths::QUICK_CREATE.to_owned()),
        ),
        task(client, "An app client", "Lets one application ask for tokens.", "Create app client", below("/clients/new")),
        task(
            pools.iter().any(|pool| pool.domain.is_some()),
            "A domain",
            "Where the sign-in pages and OAuth endpoints are.",
            "Open domain",
            below("/domain"),
        ),
        task(pools.iter().any(|pool| pool.users > 0), "A user", "Somebody who can sign in.", "Create user", below("/users/new")),
        task(signed_in, "A first sign-in", "Proves that all of it works together.", act, way.filter(|_| client)),
    ];
    let done = tasks.iter().filter(|task| task.done).count();
    Ok((done < tasks.len()).then(|| Checklist {
        id: "steps".to_owned(),
        title: "First steps".to_owned(),
        done,
        tasks,
        hide_url: paths::CHECKLIST,
    }))
}
