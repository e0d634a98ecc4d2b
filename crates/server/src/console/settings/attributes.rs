//! The attributes that users of a pool can have: the standard ones, the custom ones with the app clients that read and write
//! them, and the form that adds one. AWS lets nobody change or take away an attribute, so there is no other form.

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::error::Error;
use serde_json::{Value as Json, json};

use super::url;
use crate::console::kit::json::{list, text};
use crate::console::kit::members::{at, put, text_at, texts_at};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, State, Table, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

/// App clients that are looked at; ListUserPoolClients gives no more at a time.
const CLIENTS_MAX: usize = 60;
/// Fields of the form.
const NAME: &str = "Name";
const TYPE: &str = "AttributeDataType";
const LEAST: &str = "least";
const MOST: &str = "most";
const MUTABLE: &str = "Mutable";
/// Value, label, hint.
const TYPES: [(&str, &str, &str); 4] = [
    ("String", "String", "Limits are lengths in characters, 0 to 2048."),
    ("Number", "Number", "Limits are values, whole numbers."),
    ("DateTime", "DateTime", "Has no limits."),
    ("Boolean", "Boolean", "Has no limits. Tokens say true and false as text."),
];

/// What is shown of a pool.
struct Known {
    pool: String,
    schema: Vec<Json>,
    /// As DescribeUserPoolClient says.
    clients: Vec<Json>,
    more_clients: bool,
}

impl Known {
    async fn of(visit: &mut Visit, pool: &str) -> Result<Self, Error> {
        let answer = visit.call("DescribeUserPool", json!({ "UserPoolId": pool })).await?;
        let schema = answer.get("UserPool").map(|pool| list(pool, "SchemaAttributes").to_vec()).unwrap_or_default();
        let listed = visit.call_aside("ListUserPoolClients", json!({ "UserPoolId": pool, "MaxResults": CLIENTS_MAX })).await?;
        let mut clients = Vec::new();
        if schema.iter().any(is_custom) {
            for client in list(&listed, "UserPoolClients") {
                let input = json!({ "UserPoolId": pool, "ClientId": text(client, "ClientId") });
                // It may have been deleted since it was listed.
                let answer = visit.call_aside("DescribeUserPoolClient", input).await.unwrap_or_default();
                clients.extend(answer.get("UserPoolClient").cloned());
            }
        }
        Ok(Self { pool: pool.to_owned(), schema, clients, more_clients: !text(&listed, "NextToken").is_empty() })
    }
}

fn is_custom(attribute: &Json) -> bool {
    text(attribute, "Name").contains(':')
}

/// `0 to 2048 characters`.
fn limits(attribute: &Json) -> Value {
    let (of, unit) = match text(attribute, TYPE) {
        "String" => (["StringAttributeConstraints.MinLength", "StringAttributeConstraints.MaxLength"], " characters"),
        _ => (["NumberAttributeConstraints.MinValue", "NumberAttributeConstraints.MaxValue"], ""),
    };
    let [least, most] = of.map(|path| text_at(attribute, path));
    match (least.as_str(), most.as_str()) {
        ("", "") => Value::none("none"),
        (least, "") => Value::text(&format!("at least {least}{unit}")),
        ("", most) => Value::text(&format!("at most {most}{unit}")),
        (least, most) if least == most => Value::text(&format!("{least}{unit}")),
        (least, most) => Value::text(&format!("{least} to {most}{unit}")),
    }
}

fn word(attribute: &Json, name: &str) -> Value {
    let on = at(attribute, name).and_then(Json::as_bool).unwrap_or_default();
    Value::text(if on { "yes" } else { "no" })
}

fn table(id: &str, caption: &str, columns: &[&str], rows: Vec<Vec<Value>>) -> Block {
    Block::Table(Table {
        id: id.to_owned(),
        caption: caption.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        rows,
        next: None,
        first: None,
    })
}

fn standard(known: &Known) -> Block {
    let row = |one: &Json| {
        vec![Value::text(text(one, "Name")), Value::text(text(one, TYPE)), limits(one), word(one, "Required"), word(one, MUTABLE)]
    };
    let rows = known.schema.iter().filter(|one| !is_custom(one)).map(row).collect();
    let columns = ["Attribute", "Type", "Limits", "Required · fixed on AWS", "Can change · fixed on AWS"];
    table("standard", "Standard attributes", &columns, rows)
}

fn custom(known: &Known) -> Vec<Block> {
    let all: Vec<&Json> = known.schema.iter().filter(|one| is_custom(one)).collect();
    if all.is_empty() {
        return vec![Block::Empty {
            title: "No custom attributes yet".to_owned(),
            text: "A custom attribute keeps what the standard ones have no place for, such as a tenant or a plan.".to_owned(),
            link: Some(Link::new("Add a custom attribute", "#add")),
        }];
    }
    let row = |one: &&Json| vec![Value::copy(text(one, "Name")), Value::text(text(one, TYPE)), limits(one), word(one, MUTABLE)];
    let rows = all.iter().map(row).collect();
    let columns = ["Attribute", "Type", "Limits", "Can change · fixed on AWS"];
    let mut blocks = vec![table("custom", "Custom attributes", &columns, rows)];
    blocks.extend(permissions(known));
    blocks
}

/// Which app clients read and write the custom attributes.
fn permissions(known: &Known) -> Vec<Block> {
    let customs = |client: &Json, path: &str| texts_at(client, path).into_iter().filter(|name| name.contains(':')).collect();
    let row = |client: &Json| {
        let link = paths::client(&known.pool, text(client, "ClientId"), "/attributes");
        let reads = match at(client, "ReadAttributes") {
            Some(_) => Value::list(customs(client, "ReadAttributes"), "none"),
            None => Value::text("all: it has no list of its own"),
        };
        let writes = Value::list(customs(client, "WriteAttributes"), "none");
        vec![Value::link(text(client, "ClientName"), &link), reads, writes]
    };
    let writing = |client: &&Json| texts_at(client, "WriteAttributes").iter().any(|name| name.contains(':'));
    let names: Vec<&str> = known.clients.iter().filter(writing).map(|client| text(client, "ClientName")).collect();
    let mut blocks = Vec::new();
    if !names.is_empty() {
        // Self-granted roles: who signs up through such a client chooses the value.
        let text = format!(
            "Users themselves can write custom attributes through {}: an API must not take such a value for a permission.",
            names.join(", ")
        );
        blocks.push(Block::Notice { state: State::Warn, text, link: None });
    }
    if !known.clients.is_empty() {
        let rows = known.clients.iter().map(row).collect();
        blocks.push(table("permissions", "App clients and custom attributes", &["App client", "May read", "May write"], rows));
    }
    if known.more_clients {
        let text = format!("There are more app clients than the {CLIENTS_MAX} that are listed.");
        blocks.push(Block::Notice { state: State::Info, text, link: None });
    }
    blocks
}

/// The form, with what was typed; `wrong` is the field that was refused, and why.
fn form(known: &Known, typed: &Json, refused: Option<&Refused>) -> Form {
    let wrong = |name: &str| refused.filter(|refused| refused.field == name).map(|refused| refused.said.clone());
    let types = TYPES.map(|(value, label, hint)| Choice::new(value, label, text(typed, TYPE) == value).hinting(hint));
    let fields = vec![
        Field::text(NAME, "Name", text(typed, NAME))
            .must()
            .at_most(20)
            .hinting("1 to 20 characters; it is called custom:name then.")
            .wrong(wrong(NAME)),
        Field::one_of(Input::Radio, TYPE, "Type", types.to_vec()).must().wrong(wrong(TYPE)),
        Field::new(Input::Number, LEAST, "Minimum length or value", text(typed, LEAST)).wrong(wrong(LEAST)),
        Field::new(Input::Number, MOST, "Maximum length or value", text(typed, MOST)).wrong(wrong(MOST)),
        Field::check(MUTABLE, "The value can be changed after it was set", word_of(typed)),
    ];
    Form::new("add", &url(&known.pool, "/attributes"), "Add custom attribute", fields)
        .titled("Add a custom attribute")
        .refused(refused.map(|refused| refused.said.clone()))
}

fn word_of(typed: &Json) -> bool {
    typed.get(MUTABLE).and_then(Json::as_bool).unwrap_or_default()
}

/// A refusal, and the field that it is about; empty for none.
struct Refused {
    field: &'static str,
    said: String,
}

/// The operation's input.
fn input(pool: &str, typed: &Json) -> Json {
    let mut one = json!({ NAME: text(typed, NAME), TYPE: text(typed, TYPE), MUTABLE: word_of(typed) });
    let members = match text(typed, TYPE) {
        "Number" => ["NumberAttributeConstraints.MinValue", "NumberAttributeConstraints.MaxValue"],
        _ => ["StringAttributeConstraints.MinLength", "StringAttributeConstraints.MaxLength"],
    };
    for (member, field) in members.into_iter().zip([LEAST, MOST]) {
        let value = text(typed, field);
        put(&mut one, member, (!value.is_empty()).then(|| json!(value)));
    }
    json!({ "UserPoolId": pool, "CustomAttributes": [one] })
}

/// What the operation would keep silent about: it takes no limits for these types.
fn objection(typed: &Json) -> Option<Refused> {
    let limited = matches!(text(typed, TYPE), "String" | "Number");
    let field = [LEAST, MOST].into_iter().find(|field| !limited && !text(typed, field).is_empty())?;
    Some(Refused { field, said: format!("A {} has no minimum and no maximum: leave both empty.", text(typed, TYPE)) })
}

/// The field that the operation's sentence is about.
fn blamed(said: &str, typed: &Json) -> &'static str {
    let over = |field: &str| text(typed, field).parse::<i64>().is_ok_and(|length| !(0..=2048).contains(&length));
    if said.contains("at most 50") {
        ""
    } else if said.contains("ttributeDataType") {
        TYPE
    } else if said.contains("Invalid constraint value") {
        if said.ends_with(&format!("value {}.", text(typed, LEAST))) { LEAST } else { MOST }
    } else if said.contains("cannot have a length") {
        if over(LEAST) { LEAST } else { MOST }
    } else if said.contains("Minimum") {
        LEAST
    } else {
        NAME
    }
}

pub(super) async fn get(visit: Visit, Path(pool): Path<String>) -> Answer {
    page(visit, &pool, &json!({ TYPE: "String", MUTABLE: true }), None).await
}

async fn page(mut visit: Visit, pool: &str, typed: &Json, refused: Option<Refused>) -> Answer {
    let known = match Known::of(&mut visit, pool).await {
        Ok(known) => known,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut example = typed.clone();
    if text(typed, NAME).is_empty() {
        put(&mut example, NAME, Some(json!("tier")));
    }
    visit.would_call("AddCustomAttributes", &input(pool, &example));
    let above = vec![Link::new("Sign-in and sign-up settings", &url(pool, ""))];
    let mut view = visit.view(Some(pool), "Sign-up attributes", above).await;
    view.lead = Some("What a user can have, what is asked for at sign-up, and which apps read and write it.".to_owned());
    let fixed = "Which standard attributes are required and which can change is fixed on AWS when the pool is made.".to_owned();
    view.blocks.push(Block::Notice { state: State::Info, text: fixed, link: None });
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let form = Block::Form(form(&known, typed, refused.as_ref()));
    let rights = "Fixed on AWS: an attribute can never be changed or taken away. No app client can write a new one before it is given \
                  the right; those with a list of what they may read cannot read it either.";
    let clients = Some(Link::new("Give rights to app clients", &paths::pool(pool, "/clients")));
    let rights = Block::Notice { state: State::Warn, text: rights.to_owned(), link: clients };
    // What was typed is not to be looked for below the tables.
    if status == StatusCode::OK {
        view.blocks.extend(custom(&known));
        view.blocks.extend([rights, form]);
    } else {
        view.blocks.extend([rights, form]);
        view.blocks.extend(custom(&known));
    }
    view.blocks.push(standard(&known));
    Ok(visit.show_as(status, view))
}

pub(super) async fn post(Path(pool): Path<String>, posted: Posted) -> Answer {
    let typed = json!({
        NAME: posted.text(NAME), TYPE: posted.text(TYPE), LEAST: posted.text(LEAST), MOST: posted.text(MOST),
        MUTABLE: posted.ticked(MUTABLE),
    });
    let mut visit = posted.visit;
    if let Some(refused) = objection(&typed) {
        return page(visit, &pool, &typed, Some(refused)).await;
    }
    match visit.call("AddCustomAttributes", input(&pool, &typed)).await {
        Ok(_) => Ok(added(visit, &pool, text(&typed, NAME))),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            let refused = Refused { field: blamed(&said, &typed), said };
            page(visit, &pool, &typed, Some(refused)).await
        }
    }
}

fn added(visit: Visit, pool: &str, name: &str) -> Response {
    let bare = name.strip_prefix("custom:").unwrap_or(name);
    let said = format!("Attribute custom:{bare} was added. No app client can write it yet: give the right to those that shall.");
    visit.go(&url(pool, "/attributes"), &said)
}
