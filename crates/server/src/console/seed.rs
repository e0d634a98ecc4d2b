//! How a seed file is loaded: the commands, since a file on the server's machine is no browser's business.

use super::kit::paths;
use super::kit::view::{Block, Card};
use super::kit::visit::{Answer, Visit};
use crate::pages::fields::Link;

const START: &str = "poolhouse dev --seed poolhouse.yaml";
const APPLY: &str = "poolhouse seed check poolhouse.yaml\npoolhouse seed diff --data .poolhouse poolhouse.yaml\npoolhouse seed apply --data .poolhouse poolhouse.yaml";
const EXPORT: &str = "poolhouse seed export --data .poolhouse > poolhouse.yaml";

pub async fn get(visit: Visit) -> Answer {
    let mut view = visit.view(None, "Load a seed file", Vec::new()).await;
    view.lead = Some(
        "A file that says which user pools, app clients, groups and users there are. The same file makes the same ids on every machine."
            .to_owned(),
    );
    let code = |title: &str, hint: &str, text: &str| Block::Code {
        title: title.to_owned(),
        hint: Some(hint.to_owned()),
        text: text.to_owned(),
    };
    view.blocks.extend([
        code("At the start", "Without --seed, poolhouse.yaml in the working directory is applied if it is there.", START),
        code(
            "While the server runs",
            "Finds mistakes, tells what would change, and changes it; done twice it changes nothing. For poolhouse serve write \
             --config FILE in place of --data DIR.",
            APPLY,
        ),
        code("From what is here", "Writes the file of all user pools of this instance: a start for your own.", EXPORT),
        Block::Cards {
            title: Some("Without a file".to_owned()),
            cards: vec![Card {
                title: "Quick create".to_owned(),
                text: "A user pool, an app client, a domain and a user, in a few questions.".to_owned(),
                url: paths::QUICK_CREATE.to_owned(),
            }],
        },
    ]);
    view.actions = vec![Link::new("Go to user pools", paths::POOLS)];
    Ok(visit.show(view))
}
