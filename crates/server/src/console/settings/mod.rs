//! A pool's sign-in and sign-up settings: an overview, and one form for each part of UpdateUserPool.

mod attributes;
mod general;
mod messages;
mod passwords;
mod sign_up;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value as Json, json};

use crate::console::kit::edit::{self, Settings, Subject};
use crate::console::kit::json::{list, text, texts};
use crate::console::kit::members::{text_at, texts_at};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Named, State, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    let router = Router::new()
        .route("/console/pools/{pool}/settings", get(index))
        .route("/console/pools/{pool}/settings/attributes", get(attributes::get).post(attributes::post));
    let router = form(router, || passwords::Passwords);
    let router = form(router, || sign_up::SignUp);
    let router = form(router, || messages::Verification);
    let router = form(router, || messages::Invitation);
    let router = form(router, || general::Protection);
    form(router, || general::Tags)
}

/// A form at its own address.
fn form<S: Settings + Send + 'static>(router: Router<AppState>, settings: fn() -> S) -> Router<AppState> {
    let show = move |visit: Visit, Path(pool): Path<String>| edit::show(visit, Subject::Pool { pool }, settings());
    let save = move |Path(pool): Path<String>, posted: Posted| edit::save(posted, Subject::Pool { pool }, settings());
    router.route(&format!("/console/pools/{{pool}}/settings{}", settings().rest()), get(show).post(save))
}

async fn index(mut visit: Visit, Path(pool): Path<String>) -> Answer {
    let described = match visit.call("DescribeUserPool", json!({ "UserPoolId": pool })).await {
        Ok(answer) => answer.get("UserPool").cloned().unwrap_or_default(),
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(Some(&pool), "Sign-in and sign-up settings", Vec::new()).await;
    view.lead = Some("What users sign in with, what they must give, and what they are sent.".to_owned());
    view.blocks = vec![passwords(&pool, &described), sign_up(&pool, &described), messages(&pool, &described)];
    view.blocks.push(general(&pool, &described));
    view.blocks.push(user_attributes(&pool, &described));
    Ok(visit.show(view))
}

fn facts(id: &str, title: &str, facts: Vec<Named>, links: &[(&str, String)]) -> Block {
    Block::Facts(Facts {
        id: id.to_owned(),
        title: title.to_owned(),
        hint: None,
        facts,
        links: links.iter().map(|(text, url)| Link::new(text, url)).collect(),
    })
}

fn url(pool: &str, rest: &str) -> String {
    paths::pool(pool, &format!("/settings{rest}"))
}

fn passwords(pool: &str, described: &Json) -> Block {
    let policy = |name: &str| text_at(described, &format!("Policies.PasswordPolicy.{name}"));
    let kinds = [
        ("RequireLowercase", "a lower case letter"),
        ("RequireUppercase", "an upper case letter"),
        ("RequireNumbers", "a number"),
        ("RequireSymbols", "a special character"),
    ];
    let asked = kinds.iter().filter(|(name, _)| policy(name) == "true").map(|(_, words)| (*words).to_owned()).collect();
    facts(
        "passwords",
        "Password policy",
        vec![
            Named::text("At least", &format!("{} characters", policy("MinimumLength"))),
            Named::new("With", Value::list(asked, "nothing else")),
            Named::text("Temporary passwords expire after", &format!("{} days", policy("TemporaryPasswordValidityDays"))),
        ],
        &[("Change password policy", url(pool, "/passwords"))],
    )
}

fn sign_up(pool: &str, described: &Json) -> Block {
    let only_admins = text_at(described, "AdminCreateUserConfig.AllowAdminCreateUserOnly") == "true";
    let waiting = texts_at(described, "UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate");
    facts(
        "sign-up",
        "Sign-up",
        vec![
            Named::text("Self sign-up", if only_admins { "off: administrators create users" } else { "on" }),
            Named::new("Verified by a code", Value::list(texts(described, "AutoVerifiedAttributes"), "nothing")),
            Named::new("Old value kept until the new one is verified", Value::list(waiting, "for no attribute")),
        ],
        &[("Change sign-up", url(pool, "/sign-up"))],
    )
}

fn messages(pool: &str, described: &Json) -> Block {
    let own = |path: &str| match text_at(described, path).as_str() {
        "" => Value::none("Cognito's own words"),
        words => Value::text(words),
    };
    let kind = match text_at(described, "VerificationMessageTemplate.DefaultEmailOption").as_str() {
        "CONFIRM_WITH_LINK" => "with a link",
        _ => "with a code",
    };
    facts(
        "messages",
        "Messages",
        vec![
            Named::text("Verification email", kind),
            Named::new("Verification subject", own("VerificationMessageTemplate.EmailSubject")),
            Named::new("Invitation subject", own("AdminCreateUserConfig.InviteMessageTemplate.EmailSubject")),
        ],
        &[
            ("Change verification messages", url(pool, "/verification-messages")),
            ("Change invitation messages", url(pool, "/invitation-messages")),
        ],
    )
}

fn general(pool: &str, described: &Json) -> Block {
    let tags = described.get("UserPoolTags").and_then(Json::as_object);
    let tag = |(name, value): (&String, &Json)| format!("{name} = {}", value.as_str().unwrap_or_default());
    let protection = match text(described, "DeletionProtection") {
        "ACTIVE" => Value::state(State::Ok, "on"),
        _ => Value::state(State::Warn, "off"),
    };
    facts(
        "general",
        "Deletion protection and tags",
        vec![
            Named::new("Deletion protection", protection),
            Named::new("Tags", Value::list(tags.into_iter().flatten().map(tag).collect(), "none")),
        ],
        &[("Change deletion protection", url(pool, "/protection")), ("Change tags", url(pool, "/tags"))],
    )
}

fn user_attributes(pool: &str, described: &Json) -> Block {
    let schema = list(described, "SchemaAttributes");
    let names = |keep: &dyn Fn(&Json) -> bool| -> Vec<String> {
        schema.iter().filter(|one| keep(one)).map(|one| text(one, "Name").to_owned()).collect()
    };
    let required = names(&|one| text(one, "Name") != "sub" && one.get("Required").and_then(Json::as_bool) == Some(true));
    facts(
        "attributes",
        "Attributes",
        vec![
            Named::new("Required at sign-up", Value::list(required, "none")),
            Named::new("Custom", Value::list(names(&|one| text(one, "Name").contains(':')), "none")),
        ],
        &[("Show and add attributes", url(pool, "/attributes"))],
    )
}
