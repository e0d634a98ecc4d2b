//! Which operations of the API are built, from the registry itself: what is not listed there is refused by name.

use poolhouse_engine::ops::{self, Class};
use poolhouse_wire::{Auth, OPERATIONS, Operation};

use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, State, Table, Value};
use crate::console::kit::visit::{Answer, Visit};

pub async fn get(visit: Visit) -> Answer {
    let show = visit.param("show");
    let built = |operation: &Operation| ops::built().contains(&operation.name);
    let wanted = |operation: &&Operation| match show {
        "built" => built(operation),
        "refused" => !built(operation),
        _ => true,
    };
    let row = |operation: &Operation| {
        let (state, word) = if built(operation) { (State::Ok, "built") } else { (State::Warn, "refused by name") };
        vec![
            Value::text(operation.name),
            Value::state(state, word),
            Value::text(match operation.auth {
                Auth::Public => "anybody",
                Auth::AccessToken => "a user, by access token",
                Auth::Iam => "an administrator, by signature",
            }),
            Value::text(match ops::class(operation.name) {
                Some(Class::Read) => "reads",
                Some(Class::Auth) => "signs in",
                Some(Class::Change) | None => "changes",
            }),
        ]
    };
    let choice = |value: &str, label: &str| Choice::new(value, label, show == value);
    let choices = vec![choice("", "All operations"), choice("built", "Those built"), choice("refused", "Those refused")];
    let table = Table {
        id: "operations".to_owned(),
        caption: "Operations".to_owned(),
        columns: ["Operation", "State", "Who may call it", "What it does"].map(str::to_owned).to_vec(),
        rows: OPERATIONS.iter().filter(wanted).map(row).collect(),
        next: None,
        first: None,
    };
    let mut view = visit.view(None, "Coverage", Vec::new()).await;
    view.lead = Some(format!(
        "{} of the {} operations of Cognito user pools are built. The others answer 501 with their name, and change nothing.",
        ops::built().len(),
        OPERATIONS.len()
    ));
    let fields = vec![Field::one_of(Input::Select, "show", "Show", choices)];
    view.blocks.push(Block::Form(Form::asking("filter", paths::COVERAGE, "Show operations", fields)));
    view.blocks.push(Block::Table(table));
    Ok(visit.show(view))
}
