//! `poolhouse operator …`: who may use the console, from the command line; and how the address of a one-time link is written.
//! Called by the assembly.

use std::sync::Arc;

use poolhouse_engine::ctx::{Caller, Engine};
use poolhouse_engine::operators::{self, Link};

use super::commands::OperatorCommand;
use super::keys::day;
use crate::config::{Console, Settings};
use crate::console::kit::paths;
use crate::opening::failed;
use crate::start_error::StartError;

/// Where a link is opened, from the machine that the server runs on.
#[must_use]
pub fn address(settings: &Settings, link: &Link) -> String {
    let origin = match settings.console {
        Console::Operators { listen: Some(address), .. } => format!("http://{address}"),
        _ => settings.public_url.clone(),
    };
    format!("{origin}{}/{}", paths::WELCOME, link.token)
}

/// # Errors
/// A sentence for the operator.
pub async fn run(engine: &Arc<Engine>, settings: &Settings, command: &OperatorCommand) -> Result<String, StartError> {
    let ctx = engine.ctx(Caller::Operator, None);
    match command {
        OperatorCommand::Link { role } => {
            if settings.console == Console::Closed {
                return Err(StartError::Failed("The console is switched off: console.enabled = false.".to_owned()));
            }
            let link = operators::link(&ctx, *role).await.map_err(failed)?;
            let until = day(link.expires_at);
            Ok(format!(
                "{}\n\nGood once, until {until}. It makes an operator with the role {}.\n",
                address(settings, &link),
                role.as_str()
            ))
        }
        OperatorCommand::List => {
            let all = operators::list(&ctx).await.map_err(failed)?;
            let mut text = String::new();
            for one in &all {
                let used = one.last_used_at.map_or_else(|| "never".to_owned(), day);
                let role = one.role.map_or_else(|| format!("({:?} is no role)", one.role_word), |role| role.as_str().to_owned());
                text.push_str(&format!("{}  {role}  made {}  used {used}\n", one.name, day(one.created_at)));
            }
            Ok(if text.is_empty() { "There is no operator.\n".to_owned() } else { text })
        }
        OperatorCommand::Remove { name } => {
            let found = operators::find(&ctx, name).await.map_err(failed)?;
            let found = found.ok_or_else(|| StartError::Failed(format!("There is no operator {name}.")))?;
            operators::remove(&ctx, &found).await.map_err(failed)?;
            Ok(format!("{name} is removed and signed out. One-time links that were still open are void.\n"))
        }
    }
}
