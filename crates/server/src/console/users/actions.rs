//! What is done to a user by one call that names it and nothing else. Each has a page that says what happens, and a button.

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::error::Error;
use poolhouse_engine::pools::Pool;
use poolhouse_engine::undo::Kind;
use serde_json::{Value as Json, json};

use super::super::{home, paths};
use super::{attributes_of, crumbs, enabled, name_of, read};
use crate::console::kit::destroy::{self, What, was_promised};
use crate::console::kit::json::{list, text};
use crate::console::kit::view::{Block, Facts, Field, Form, Named, Value, View};
use crate::console::kit::visit::{Answer, Posted, Stop, Visit};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Confirm,
    Reset,
    Disable,
    Enable,
    SignOut,
    Delete,
}

impl Action {
    pub const ALL: [Self; 6] = [Self::Confirm, Self::Reset, Self::Enable, Self::Disable, Self::SignOut, Self::Delete];

    /// The last part of its page's address.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reset => "reset",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::SignOut => "sign-out",
            Self::Delete => "delete",
        }
    }

    fn of(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.slug() == slug)
    }

    fn operation(self) -> &'static str {
        match self {
            Self::Confirm => "AdminConfirmSignUp",
            Self::Reset => "AdminResetUserPassword",
            Self::Disable => "AdminDisableUser",
            Self::Enable => "AdminEnableUser",
            Self::SignOut => "AdminUserGlobalSignOut",
            Self::Delete => "AdminDeleteUser",
        }
    }

    /// The button, and the page's title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Confirm => "Confirm sign-up",
            Self::Reset => "Reset password",
            Self::Disable => "Disable user",
            Self::Enable => "Enable user",
            Self::SignOut => "Sign out everywhere",
            Self::Delete => "Delete user",
        }
    }

    /// What happens.
    pub fn about(self) -> &'static str {
        match self {
            Self::Confirm => "The user becomes CONFIRMED without the code. No address is verified by it.",
            Self::Reset => {
                "The password is of no use until the user sets another with the code that is sent now. Every session ends."
            }
            Self::Disable => "Signing in and renewing tokens is refused until the user is enabled. Nothing is deleted.",
            Self::Enable => "The user may sign in again, with the password and the groups of before.",
            Self::SignOut => {
                "Every refresh token and access token of the user is revoked. Apps that only check a token's signature accept it \
                 until it expires, and sessions of the sign-in page in browsers stay."
            }
            Self::Delete => "The user and all that belongs to it is deleted.",
        }
    }

    fn done(self, name: &str) -> String {
        match self {
            Self::Confirm => format!("User {name} was confirmed."),
            Self::Reset => format!("The password of {name} was reset and a code was sent."),
            Self::Disable => format!("User {name} was disabled."),
            Self::Enable => format!("User {name} was enabled."),
            Self::SignOut => format!("User {name} was signed out everywhere."),
            Self::Delete => format!("User {name} was deleted."),
        }
    }

    /// Whether it does something to a user that stands so.
    pub fn fits(self, user: &Json) -> bool {
        let status = text(user, "UserStatus");
        match self {
            Self::Confirm => status == "UNCONFIRMED",
            Self::Reset => enabled(user) && matches!(status, "CONFIRMED" | "RESET_REQUIRED"),
            Self::Disable => enabled(user),
            Self::Enable => !enabled(user),
            Self::SignOut | Self::Delete => true,
        }
    }

    fn takes_away(self) -> bool {
        !matches!(self, Self::Confirm | Self::Enable)
    }
}

fn input(pool: &Pool, username: &str) -> Json {
    json!({ "UserPoolId": pool.id, "Username": username })
}

async fn page(mut visit: Visit, pool: &Pool, user: &Json, action: Action) -> Result<(Visit, View, Form), Stop> {
    let username = text(user, "Username");
    let lost = match action {
        Action::Delete => match lost(&visit, pool, user).await {
            Ok(lost) => Some(lost),
            Err(error) => return Err(visit.failed(&error).await.into()),
        },
        _ => None,
    };
    visit.would_call(action.operation(), &input(pool, username));
    let title = format!("{}: {}", action.title(), name_of(pool, user));
    let mut view = visit.view(Some(&pool.id), &title, crumbs(pool, user)).await;
    view.lead = Some(action.about().to_owned());
    let (block, promised): (Option<Block>, Option<Field>) = lost.unzip();
    view.blocks.extend(block);
    let here = paths::user(&pool.id, username, &format!("/{}", action.slug()));
    let form =
        Form::new("act", &here, action.title(), promised.into_iter().collect()).or_cancel(&paths::user(&pool.id, username, ""));
    Ok((visit, view, if action.takes_away() { form.destroying() } else { form }))
}

/// What is lost, and the field with what was promised.
async fn lost(visit: &Visit, pool: &Pool, user: &Json) -> Result<(Block, Field), Error> {
    let groups = &visit.call_aside("AdminListGroupsForUser", input(pool, text(user, "Username"))).await?;
    let sub = attributes_of(user).remove("sub").unwrap_or_default();
    let (undo, promised) = destroy::promise(visit, &What { kind: Kind::User, pool: &pool.id, target: &sub }).await?;
    let attributes: Vec<String> = attributes_of(user).into_keys().collect();
    let groups_in: Vec<String> = list(groups, "Groups").iter().map(|group| text(group, "GroupName").to_owned()).collect();
    let more = if groups.get("NextToken").is_some() { " or more" } else { "" };
    let block = Block::Facts(Facts {
        id: "lost".to_owned(),
        title: "What is lost".to_owned(),
        hint: None,
        facts: vec![
            Named::new("Status", Value::text(text(user, "UserStatus"))),
            Named::new(&format!("Attributes: {}", attributes.len()), Value::list(attributes, "none")),
            Named::new(&format!("Memberships: {}{more}", groups_in.len()), Value::list(groups_in, "in no group"))
                .noting("The groups themselves stay."),
            Named::text("Sessions, tokens and codes", "all end at once"),
            Named::text("What stays", "the audit trail, and messages that were sent"),
            Named::text("Undo", &undo),
        ],
        links: Vec::new(),
    });
    Ok((block, promised))
}

pub async fn ask(visit: Visit, Path((id, username, slug)): Path<(String, String, String)>) -> Answer {
    let Some(action) = Action::of(&slug) else { return Ok(home::missing(visit).await) };
    let (visit, pool) = visit.enter(&id).await?;
    let (visit, user) = read(visit, &pool, &username).await?;
    let (visit, mut view, form) = page(visit, &pool, &user, action).await?;
    view.blocks.push(Block::Form(form));
    Ok(visit.show(view))
}

pub async fn act(Path((id, username, slug)): Path<(String, String, String)>, posted: Posted) -> Answer {
    let Some(action) = Action::of(&slug) else { return Ok(home::missing(posted.visit).await) };
    let (posted, pool) = posted.enter(&id).await?;
    let promised = was_promised(&posted);
    let (mut visit, user) = read(posted.visit, &pool, &username).await?;
    let done_so = match action {
        Action::Delete => {
            let sub = attributes_of(&user).remove("sub").unwrap_or_default();
            let what = What { kind: Kind::User, pool: &pool.id, target: &sub };
            destroy::perform(&mut visit, &what, promised, &[(action.operation(), input(&pool, &username))]).await
        }
        _ => visit.call_aside(action.operation(), input(&pool, &username)).await.map(drop),
    };
    match done_so {
        Ok(()) => Ok(done(visit, &pool, &user, action)),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            let (visit, mut view, form) = page(visit, &pool, &user, action).await?;
            view.blocks.push(Block::Form(form.refused(Some(said))));
            Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
        }
    }
}

fn done(visit: Visit, pool: &Pool, user: &Json, action: Action) -> Response {
    let url = match action {
        Action::Delete => paths::pool(&pool.id, "/users"),
        _ => paths::user(&pool.id, text(user, "Username"), ""),
    };
    let said = action.done(&name_of(pool, user));
    if action == Action::Delete { visit.go_undoable(&url, &said) } else { visit.go(&url, &said) }
}
