//! Setting a user's password: for good, or until the next sign-in.

use axum::extract::Path;
use http::StatusCode;
use poolhouse_engine::error::Error;
use poolhouse_engine::pools::Pool;
use poolhouse_wire::ErrorCode;
use serde_json::{Value as Json, json};

use super::{crumbs, name_of, read, refused};
use crate::console::kit::json::text;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, View};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::look;

/// AdminSetUserPassword.
pub fn input(pool: &Pool, username: &str, password: &str, permanent: bool) -> Json {
    json!({ "UserPoolId": pool.id, "Username": username, "Password": password, "Permanent": permanent })
}

/// What stands for a password in printed calls: long enough for the pool, and known to everybody.
pub fn example(pool: &Pool) -> String {
    let least = pool.password_policy().minimum_length.and_then(|n| usize::try_from(n).ok()).unwrap_or(8);
    let mut example = "Choose-Your-Own-1".to_owned();
    while example.len() < least {
        example.push('x');
    }
    example
}

/// The field of a new password, with what the pool asks of it.
pub fn field(pool: &Pool, label: &str) -> Field {
    let rules: Vec<String> = look::rules(pool).into_iter().map(|rule| rule.text).collect();
    Field::new(Input::Password, "password", label, "").at_most(256).hinting(&format!("It has {}.", rules.join(", ")))
}

/// The page and its form.
pub async fn page(visit: &mut Visit, pool: &Pool, user: &Json, permanent: bool) -> (View, Form) {
    let username = text(user, "Username");
    visit.would_call("AdminSetUserPassword", &input(pool, username, &example(pool), permanent));
    let name = name_of(pool, user);
    let mut view = visit.view(Some(&pool.id), &format!("Set password of {name}"), crumbs(pool, user)).await;
    view.lead =
        Some("Codes that were sent for a forgotten password are void afterwards. Tokens that were issued stay valid.".to_owned());
    let days = pool.temporary_password_days();
    let kinds = vec![
        Choice::new("permanent", "Permanent", permanent).hinting("The user is CONFIRMED and can sign in."),
        Choice::new("temporary", "Temporary", !permanent)
            .hinting(&format!("FORCE_CHANGE_PASSWORD: the user changes it at the next sign-in, within {days} days.")),
    ];
    let fields = vec![field(pool, "New password").must(), Field::one_of(Input::Radio, "kind", "Kind", kinds)];
    let form = Form::new("password", &paths::user(&pool.id, username, "/password"), "Set password", fields);
    (view, form.or_cancel(&paths::user(&pool.id, username, "")))
}

pub async fn get(visit: Visit, Path((id, username)): Path<(String, String)>) -> Answer {
    let (visit, pool) = visit.enter(&id).await?;
    let (mut visit, user) = read(visit, &pool, &username).await?;
    let (mut view, form) = page(&mut visit, &pool, &user, true).await;
    view.blocks.push(Block::Form(form));
    Ok(visit.show(view))
}

pub async fn post(Path((id, username)): Path<(String, String)>, posted: Posted) -> Answer {
    let (posted, pool) = posted.enter(&id).await?;
    let (permanent, password) = (posted.text("kind") != "temporary", posted.raw("password").to_owned());
    let (visit, user) = read(posted.visit, &pool, &username).await?;
    let set = match password.is_empty() {
        true => Err(Error::new(ErrorCode::InvalidPasswordException, "Type the new password.")),
        false => visit.call_aside("AdminSetUserPassword", input(&pool, &username, &password, permanent)).await,
    };
    match set {
        Ok(_) => {
            let said = match permanent {
                true => "The password was set. The user is CONFIRMED.",
                false => "The temporary password was set. The user changes it at the next sign-in.",
            };
            Ok(visit.go(&paths::user(&pool.id, text(&user, "Username"), ""), said))
        }
        Err(error) => {
            let (mut visit, said) = visit.said(&error).await?;
            let (mut view, form) = page(&mut visit, &pool, &user, permanent).await;
            view.blocks.push(Block::Form(refused(form, &error, said)));
            Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
        }
    }
}
