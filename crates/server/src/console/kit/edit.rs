//! Settings forms: read the whole object, change some members, write the whole object, so that nothing is reset by omission.
//! More than one change is shown before it is made, and a change by somebody else in the meantime is noticed. Called by the
//! pages of app clients and of pool settings.

use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::error::Error;
use poolhouse_engine::pools::defaults::ACR_DEFAULTS;
use serde_json::Value as Json;

use super::changes::{self, Change, SEEN, VERSION};
use super::members::{self, blame, take};
use super::paths;
use super::view::{Block, Field, Form, State, View};
use super::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

/// The object that a form is about.
pub enum Subject {
    Pool { pool: String },
    Client { pool: String, client: String },
}

/// One settings form.
pub trait Settings: Sync {
    /// The page's title: `Password policy`.
    fn title(&self) -> &'static str;
    /// What the form is for, in a sentence.
    fn lead(&self) -> &'static str;
    /// The button: `Save password policy`.
    fn submit(&self) -> &'static str;
    /// What stands in the address after the subject's.
    fn rest(&self) -> &'static str;
    /// The fields, filled from the object.
    fn fields(&self, object: &Json) -> Vec<Field>;
    /// After the fields were taken into what was `before`: what they mean for each other.
    fn settle(&self, _before: &Json, _object: &mut Json, _form: &Posted) {}
    /// What is to be said above the form.
    fn notices(&self, _object: &Json) -> Vec<Block> {
        Vec::new()
    }
    /// Why an object is not even sent: a field's name, and a sentence.
    fn objection(&self, _object: &Json) -> Option<(&'static str, String)> {
        None
    }
}

impl Subject {
    fn pool(&self) -> &str {
        match self {
            Self::Pool { pool } | Self::Client { pool, .. } => pool,
        }
    }

    fn ids(&self) -> Json {
        match self {
            Self::Pool { pool } => serde_json::json!({ "UserPoolId": pool }),
            Self::Client { pool, client } => serde_json::json!({ "UserPoolId": pool, "ClientId": client }),
        }
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::Pool { .. } => "DescribeUserPool",
            Self::Client { .. } => "DescribeUserPoolClient",
        }
    }

    fn update(&self) -> &'static str {
        match self {
            Self::Pool { .. } => "UpdateUserPool",
            Self::Client { .. } => "UpdateUserPoolClient",
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Pool { .. } => "user pool",
            Self::Client { .. } => "app client",
        }
    }

    fn url(&self, rest: &str) -> String {
        match self {
            Self::Pool { pool } => paths::pool(pool, &format!("/settings{rest}")),
            Self::Client { pool, client } => paths::client(pool, client, rest),
        }
    }

    fn crumbs(&self, described: &Json) -> Vec<Link> {
        match self {
            Self::Pool { .. } => vec![Link::new("Sign-in and sign-up settings", &self.url(""))],
            Self::Client { pool, client } => {
                let name = match super::json::text(described, "ClientName") {
                    "" => client,
                    name => name,
                };
                vec![Link::new("App clients", &paths::pool(pool, "/clients")), Link::new(name, &self.url(""))]
            }
        }
    }

    fn described(&self, answer: &Json) -> Json {
        let member = match self {
            Self::Pool { .. } => "UserPool",
            Self::Client { .. } => "UserPoolClient",
        };
        answer.get(member).cloned().unwrap_or_default()
    }

    /// The whole input of the update that changes nothing.
    pub fn whole(&self, described: &Json) -> Json {
        let mut whole = members::writable(self.update(), described);
        for (name, value) in self.ids().as_object().into_iter().flatten() {
            members::put(&mut whole, name, Some(value.clone()));
        }
        if let Self::Pool { .. } = self {
            members::put(&mut whole, "PoolName", described.get("Name").cloned());
            // The older name of TemporaryPasswordValidityDays: it is described beside it, and may not be sent beside it.
            members::put(&mut whole, "AdminCreateUserConfig.UnusedAccountValidityDays", None);
            // Levels with their default names are the same when they are left out, and the AWS CLI does not know the member.
            if has_default_levels(&whole) {
                members::put(&mut whole, "AcrConfiguration", None);
            }
        }
        whole
    }
}

/// Whether a pool gives no level of authentication assurance a name of its own.
fn has_default_levels(pool: &Json) -> bool {
    ACR_DEFAULTS.iter().all(|(level, name)| members::text_at(pool, &format!("AcrConfiguration.{level}.AcrValue")) == *name)
}

/// What distinguishes two states of an object: when it was changed, and what was set, since a clock that stands still or
/// goes back gives two changes one time.
fn version(described: &Json, whole: &Json) -> String {
    format!("{}-{}", super::json::number(described, "LastModifiedDate"), members::digest(whole))
}

/// The form, as the object is now.
pub async fn show<S: Settings>(mut visit: Visit, subject: Subject, settings: S) -> Answer {
    let described = match visit.call(subject.describe(), subject.ids()).await {
        Ok(answer) => subject.described(&answer),
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let whole = subject.whole(&described);
    visit.would_call(subject.update(), &whole);
    let version = version(&described, &whole);
    let page = Page { subject: &subject, settings: &settings, described: &described };
    let view = page.form(&visit, &whole, &version, None).await;
    Ok(visit.show(view))
}

/// The form, posted: refused, reviewed or saved.
pub async fn save<S: Settings>(posted: Posted, subject: Subject, settings: S) -> Answer {
    let described = match posted.visit.call_aside(subject.describe(), subject.ids()).await {
        Ok(answer) => subject.described(&answer),
        Err(error) => return Err(posted.visit.failed(&error).await.into()),
    };
    let before = subject.whole(&described);
    let page = Page { subject: &subject, settings: &settings, described: &described };
    let mut after = before.clone();
    take(&mut after, subject.update(), &settings.fields(&before), &posted);
    settings.settle(&before, &mut after, &posted);
    let version = version(&described, &before);
    let differing = changes::between(&before, &after);

    if let Some(objection) = settings.objection(&after) {
        let view = page.form(&posted.visit, &after, posted.text(VERSION), Some(objection)).await;
        return Ok(posted.visit.show_as(StatusCode::BAD_REQUEST, view));
    }
    if changes::meanwhile(&posted, &version) {
        return Ok(page.meanwhile(posted, &after, &version, &differing).await);
    }
    if differing.is_empty() {
        return Ok(posted.visit.go(&subject.url(settings.rest()), "Nothing was changed: all is as it was."));
    }
    if changes::to_be_seen(&posted, &differing) {
        return Ok(page.review(posted, &after, &version, &differing).await);
    }
    let mut visit = posted.visit;
    match visit.call(subject.update(), after.clone()).await {
        Ok(_) => Ok(visit.go(&subject.url(settings.rest()), &done(settings.title(), &differing))),
        Err(error) => page.refused(visit, &after, &version, &error).await,
    }
}

fn done(title: &str, changed: &[Change]) -> String {
    match changed {
        [one] => format!("{title}: {} was saved.", one.path),
        several => format!("{title}: {} changes were saved.", several.len()),
    }
}

struct Page<'a, S> {
    subject: &'a Subject,
    settings: &'a S,
    described: &'a Json,
}

impl<S: Settings> Page<'_, S> {
    async fn view(&self, visit: &Visit) -> View {
        let (title, crumbs) = (self.settings.title(), self.subject.crumbs(self.described));
        visit.view(Some(self.subject.pool()), title, crumbs).await
    }

    fn url(&self) -> String {
        self.subject.url(self.settings.rest())
    }

    /// The form with what is in `object`, and what is wrong with it.
    async fn form(&self, visit: &Visit, object: &Json, version: &str, wrong: Option<(&'static str, String)>) -> View {
        let mut view = self.view(visit).await;
        view.lead = Some(self.settings.lead().to_owned());
        view.blocks = self.settings.notices(object);
        let mut fields = self.settings.fields(object);
        if let Some((name, said)) = &wrong {
            blame(&mut fields, said);
            fields.iter_mut().filter(|field| field.name == *name).for_each(|field| field.error = Some(said.clone()));
        }
        fields.push(Field::hidden(VERSION, version));
        let form = Form::new("settings", &self.url(), self.settings.submit(), fields);
        let form = form.or_cancel(&self.subject.url("")).refused(wrong.map(|(_, said)| said));
        view.blocks.push(Block::Form(form));
        view
    }

    async fn refused(&self, visit: Visit, after: &Json, version: &str, error: &Error) -> Answer {
        let (visit, said) = visit.said(error).await?;
        let view = self.form(&visit, after, version, Some(("", said))).await;
        Ok(visit.show_as(StatusCode::BAD_REQUEST, view))
    }

    /// What is about to change, member by member.
    async fn review(&self, posted: Posted, after: &Json, version: &str, differing: &[Change]) -> Response {
        let mut view = self.view(&posted.visit).await;
        view.title = "Review the changes".to_owned();
        view.lead = Some(format!("{} settings of this {} change. Nothing is saved yet.", differing.len(), self.subject.what()));
        view.blocks.push(changes::table(differing));
        view.blocks.push(Block::Form(self.again(&posted, version, self.settings.submit())));
        let mut visit = posted.visit;
        visit.would_call(self.subject.update(), after);
        visit.show(view)
    }

    /// Somebody else was faster.
    async fn meanwhile(&self, posted: Posted, after: &Json, version: &str, differing: &[Change]) -> Response {
        let mut view = self.view(&posted.visit).await;
        view.title = "Changed meanwhile".to_owned();
        let text = format!(
            "This {} was changed after you opened the form. Nothing of yours is saved yet. Reload to see it as it is now, \
             or overwrite what is listed here.",
            self.subject.what()
        );
        let link = Some(Link::new("Reload the form", &self.url()));
        view.blocks.push(Block::Notice { state: State::Warn, text, link });
        let mut visit = if differing.is_empty() {
            let text = "What you typed is what is set now.".to_owned();
            view.blocks.push(Block::Prose { title: None, text });
            posted.visit
        } else {
            view.blocks.push(changes::table(differing));
            view.blocks.push(Block::Form(self.again(&posted, version, "Overwrite settings").destroying()));
            posted.visit
        };
        visit.would_call(self.subject.update(), after);
        visit.show_as(StatusCode::CONFLICT, view)
    }

    /// What was posted once more, with another button.
    fn again(&self, posted: &Posted, version: &str, submit: &str) -> Form {
        let ours = ["_csrf", VERSION, SEEN];
        let typed = posted.form.pairs().filter(|(name, _)| !ours.contains(name));
        let mut fields: Vec<Field> = typed.map(|(name, value)| Field::hidden(name, value)).collect();
        fields.push(Field::hidden(VERSION, version));
        changes::confirming(&self.url(), submit, fields)
    }
}
