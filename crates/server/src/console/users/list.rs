//! The list of a pool's users, searched as ListUsers searches: by one condition.

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::pools::{Pool, SignInKind};
use serde_json::{Value as Json, json};

use super::{columns, condition, row};
use crate::console::kit::json::{list, put, text};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, State, Table};
use crate::console::kit::visit::{Answer, Visit};
use crate::pages::fields::Link;

/// Users on a page.
const PAGE: u32 = 25;

/// What ListUsers can search (API reference, ListUsers), in the order of use.
const ATTRIBUTES: [(&str, &str); 8] = [
    ("email", "Email"),
    ("username", "Username"),
    ("phone_number", "Phone number"),
    ("name", "Name"),
    ("given_name", "Given name"),
    ("family_name", "Family name"),
    ("preferred_username", "Preferred username"),
    ("sub", "Sub"),
];

const STANDINGS: [(&str, &str); 7] = [
    ("", "All"),
    ("CONFIRMED", "CONFIRMED"),
    ("UNCONFIRMED", "UNCONFIRMED"),
    ("FORCE_CHANGE_PASSWORD", "FORCE_CHANGE_PASSWORD"),
    ("RESET_REQUIRED", "RESET_REQUIRED"),
    ("Enabled", "Enabled"),
    ("Disabled", "Disabled"),
];

/// What was asked for.
struct Search {
    attribute: String,
    /// `^=`, not `=`.
    prefix: bool,
    text: String,
    /// A status, or `Enabled` or `Disabled`.
    standing: String,
    after: String,
}

impl Search {
    fn read(visit: &Visit, pool: &Pool) -> Self {
        let usual = match pool.sign_in_kind() {
            SignInKind::Username => "username",
            SignInKind::Attributes { email: true, .. } => "email",
            SignInKind::Attributes { .. } => "phone_number",
        };
        let attribute = Some(visit.param("attribute")).filter(|name| !name.is_empty()).unwrap_or(usual);
        Self {
            attribute: attribute.to_owned(),
            prefix: visit.param("match") != "equals",
            text: visit.param("q").trim().to_owned(),
            standing: visit.param("status").to_owned(),
            after: visit.param("after").to_owned(),
        }
    }

    fn by_enabled(&self) -> bool {
        matches!(self.standing.as_str(), "Enabled" | "Disabled")
    }

    /// The condition for ListUsers, which takes one.
    fn filter(&self) -> Option<String> {
        match (self.text.as_str(), self.standing.as_str()) {
            ("", "") => None,
            ("", standing) if self.by_enabled() => Some(condition("status", "=", standing)),
            ("", standing) => Some(condition("cognito:user_status", "=", standing)),
            (text, _) => Some(condition(&self.attribute, if self.prefix { "^=" } else { "=" }, text)),
        }
    }

    /// Whether two conditions are asked for: then the second is ours.
    fn is_double(&self) -> bool {
        !self.text.is_empty() && !self.standing.is_empty()
    }

    fn keeps(&self, user: &Json) -> bool {
        match self.standing.as_str() {
            _ if !self.is_double() => true,
            "Enabled" => super::enabled(user),
            "Disabled" => !super::enabled(user),
            status => text(user, "UserStatus") == status,
        }
    }

    fn form(&self, action: &str) -> Form {
        let of = |all: &[(&str, &str)], chosen: &str| {
            all.iter().map(|(value, label)| Choice::new(value, label, *value == chosen)).collect::<Vec<_>>()
        };
        let matches = [("begins", "begins with"), ("equals", "equals")];
        let fields = vec![
            Field::one_of(Input::Select, "attribute", "Search by", of(&ATTRIBUTES, &self.attribute)),
            Field::one_of(Input::Select, "match", "Match", of(&matches, if self.prefix { "begins" } else { "equals" })),
            Field::text("q", "Text", &self.text),
            Field::one_of(Input::Select, "status", "Status", of(&STANDINGS, &self.standing)),
        ];
        Form::asking("search", action, "Search users", fields)
    }

    fn notice(&self) -> Option<Block> {
        let filter = self.filter()?;
        let also = match self.is_double() {
            true => format!(
                " ListUsers takes one condition: of each page only users that are {} are shown, so that a page may be short.",
                self.standing
            ),
            false => String::new(),
        };
        Some(Block::Notice { state: State::Info, text: format!("The Filter of ListUsers: {filter}.{also}"), link: None })
    }
}

pub async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let (mut visit, pool) = visit.enter(&id).await?;
    let search = Search::read(&visit, &pool);
    let mut input = json!({ "UserPoolId": pool.id, "Limit": PAGE });
    if let Some(filter) = search.filter() {
        put(&mut input, "Filter", filter);
    }
    if !search.after.is_empty() {
        put(&mut input, "PaginationToken", search.after.as_str());
    }
    match visit.call("ListUsers", input).await {
        Ok(listed) => Ok(found(visit, &pool, &search, &listed).await),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            let mut view = visit.view(Some(&pool.id), "Users", Vec::new()).await;
            let mut form = search.form(&paths::pool(&pool.id, "/users"));
            if let Some(field) = form.fields.iter_mut().find(|field| field.name == "q") {
                field.error = Some(said.clone());
            }
            view.blocks.push(Block::Form(form.refused(Some(said))));
            Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
        }
    }
}

async fn found(visit: Visit, pool: &Pool, search: &Search, listed: &Json) -> Response {
    let (here, new) = (paths::pool(&pool.id, "/users"), paths::pool(&pool.id, "/users/new"));
    let mut view = visit.view(Some(&pool.id), "Users", Vec::new()).await;
    let users = list(listed, "Users");
    let nobody = users.is_empty() && search.filter().is_none() && search.after.is_empty();
    if nobody {
        view.blocks.push(Block::Empty {
            title: "No users yet".to_owned(),
            text: "Users sign in to the apps of this pool. Make one here, or let people sign up by themselves.".to_owned(),
            link: Some(Link::new("Create user", &new)),
        });
        return visit.show(view);
    }
    view.lead = Some("Who may sign in to the apps of this pool.".to_owned());
    view.actions = vec![Link::new("Create user", &new)];
    view.blocks.push(Block::Form(search.form(&here)));
    view.blocks.extend(search.notice());
    let next = listed.get("PaginationToken").and_then(Json::as_str).map(|token| {
        let kept = visit.params.query_without(&["after"]);
        format!("{here}?{kept}{}after={}", if kept.is_empty() { "" } else { "&" }, paths::segment(token))
    });
    let kept = visit.params.query_without(&["after"]);
    view.blocks.push(Block::Table(Table {
        id: "users".to_owned(),
        caption: "Users".to_owned(),
        columns: columns(pool),
        rows: users.iter().filter(|user| search.keeps(user)).map(|user| row(pool, user, visit.ctx.now)).collect(),
        next,
        first: (!search.after.is_empty()).then(|| if kept.is_empty() { here.clone() } else { format!("{here}?{kept}") }),
    }));
    visit.show(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(text: &str, standing: &str) -> Search {
        let standing = standing.to_owned();
        Search { attribute: "email".to_owned(), prefix: true, text: text.to_owned(), standing, after: String::new() }
    }

    #[test]
    fn a_search_is_one_condition() {
        let filter = |text: &str, standing: &str| search(text, standing).filter().unwrap_or_default();
        assert_eq!(filter("", ""), "");
        assert_eq!(filter("ada", ""), "email ^= \"ada\"");
        assert_eq!(filter("", "Disabled"), "status = \"Disabled\"");
        assert_eq!(filter("", "CONFIRMED"), "cognito:user_status = \"CONFIRMED\"");
        assert_eq!(filter("ada", "CONFIRMED"), "email ^= \"ada\"");
    }

    #[test]
    fn sec_114_quotes_of_a_search_stay_text() {
        assert_eq!(search(r#"a" or \"#, "").filter().unwrap_or_default(), r#"email ^= "a\" or \\""#);
    }

    #[test]
    fn of_two_conditions_the_second_is_ours() {
        let user = json!({ "UserStatus": "CONFIRMED", "Enabled": true });
        assert!(search("ada", "CONFIRMED").keeps(&user) && search("ada", "Enabled").keeps(&user));
        assert!(!search("ada", "UNCONFIRMED").keeps(&user) && !search("ada", "Disabled").keeps(&user));
        assert!(search("", "UNCONFIRMED").keeps(&user), "the operation has chosen already");
    }
}
