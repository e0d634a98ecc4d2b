//! The pages before anything is made: one form each, which is checked as the operation would and then kept in the draft.

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::error::Error;
use serde_json::json;

use super::drafts::Draft;
use super::goal::Goal;
use super::parts::{self, Part};
use super::{ended, forms, progress, runner, url, way_out};
use crate::console::domain;
use crate::console::kit::json::text;
use crate::console::kit::members::blame;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Form, Named, State};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::console::pools;
use crate::pages::fields::Link;
use crate::refusal::see;

/// Prefixes tried for one that is free.
const SUGGESTIONS_MAX: u32 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Goal,
    Pool,
    Domain,
    Server,
    Client,
    SignIn,
    User,
    Create,
    Confirm,
    Test,
}

impl Step {
    pub const ALL: [Self; 10] = [
        Self::Goal,
        Self::Pool,
        Self::Domain,
        Self::Server,
        Self::Client,
        Self::SignIn,
        Self::User,
        Self::Create,
        Self::Confirm,
        Self::Test,
    ];

    /// In the address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Goal => "goal",
            Self::Pool => "pool",
            Self::Domain => "domain",
            Self::Server => "resource-server",
            Self::Client => "client",
            Self::SignIn => "sign-in-page",
            Self::User => "user",
            Self::Create => "create",
            Self::Confirm => "confirm",
            Self::Test => "test",
        }
    }

    pub fn title(self, goal: Goal) -> &'static str {
        match self {
            Self::Goal => "Goal",
            Self::Pool => "User pool",
            Self::Domain => "Domain",
            Self::Server => "Resource server",
            Self::Client => "App client",
            Self::SignIn if goal == Goal::Machine => "Scopes",
            Self::SignIn => "Sign-in page",
            Self::User => "Sample user",
            Self::Create => "Check and create",
            Self::Confirm => "Confirm user",
            Self::Test => "Test",
        }
    }

    fn lead(self, goal: Goal) -> &'static str {
        match self {
            Self::Pool => "A directory of users with its own sign-in. All else has Cognito's defaults and its own page later.",
            Self::Domain if goal == Goal::Machine => {
                "The address of the token endpoint. On AWS a machine needs one too; here it may ask at the server's own address."
            }
            Self::Domain => "The address of the sign-in page and of the OAuth endpoints.",
            Self::Server => "An API with scopes of its own, which tokens name as identifier/scope.",
            Self::Client => "The application that asks for tokens.",
            Self::SignIn if goal == Goal::Machine => "What the machine may do: custom scopes only, since there is no user.",
            Self::SignIn => "Where users come back to after signing in, and what the app may ask for.",
            Self::User => {
                "Somebody to sign in with. An account made by an administrator with a temporary password is FORCE_CHANGE_PASSWORD: it cannot use the API until a permanent one is set."
            }
            _ => "",
        }
    }

    /// The steps on the way to this goal.
    pub fn of(goal: Goal) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |step| goal.has_users() || !matches!(step, Self::User | Self::Confirm))
    }

    fn parse(path: &str) -> Option<Self> {
        let asks = |step: &Self| !matches!(step, Self::Goal | Self::Create | Self::Confirm | Self::Test);
        Self::ALL.into_iter().filter(asks).find(|step| step.path() == path)
    }

    /// What comes after it; what was told may be gone back to in any order.
    fn next(self, goal: Goal) -> Self {
        Self::of(goal).find(|step| *step > self).unwrap_or(Self::Create)
    }

    /// Whether the set-up works without it.
    fn may_be_skipped(self, goal: Goal) -> bool {
        match self {
            Self::Domain => goal == Goal::Machine,
            Self::Server => goal.has_users(),
            Self::User => true,
            _ => false,
        }
    }

    /// What is made of it.
    fn part(self) -> Option<Part> {
        match self {
            Self::SignIn => Some(Part::Client),
            _ => Part::ALL.into_iter().find(|part| part.step() == self),
        }
    }
}

pub async fn get(visit: Visit, Path((id, path)): Path<(String, String)>) -> Answer {
    let Some(step) = Step::parse(&path) else { return Ok(crate::console::home::missing(visit).await) };
    match visit.app.drafts.get(&id, visit.ctx.now) {
        Some(draft) => Ok(page(visit, &id, &draft, step, None).await),
        None => Ok(ended(visit).await),
    }
}

pub async fn post(Path((id, path)): Path<(String, String)>, posted: Posted) -> Answer {
    let Some(step) = Step::parse(&path) else { return Ok(crate::console::home::missing(posted.visit).await) };
    let now = posted.visit.ctx.now;
    let Some(mut draft) = posted.visit.app.drafts.get(&id, now) else { return Ok(ended(posted.visit).await) };
    if is_made(&draft, step) {
        return Ok(posted.visit.go(&url(&id, Step::Create), "That is made already; it has a page of its own."));
    }
    forms::take(&mut draft, step, &posted);
    let visit = posted.visit;
    let checked = match parts::check(&visit.ctx, &draft, step) {
        Ok(()) if step == Step::Domain => free(&visit, text(&draft.domain, "Domain")).await,
        checked => checked,
    };
    if let Err(error) = checked {
        let error = if step == Step::Pool { pools::create::nameless(error, &draft.pool) } else { error };
        let (visit, said) = visit.said(&error).await?;
        return Ok(page(visit, &id, &draft, step, Some(said)).await);
    }
    draft.skipped.remove(&step);
    if step == Step::Pool {
        draft.follow_pool();
        find_prefix(&visit, &mut draft).await;
    }
    Ok(keep(visit, &id, draft, step).await)
}

/// Passes a step over; what was typed there stays for whoever comes back.
pub async fn skip(Path((id, path)): Path<(String, String)>, posted: Posted) -> Answer {
    let visit = posted.visit;
    let Some(step) = Step::parse(&path) else { return Ok(crate::console::home::missing(visit).await) };
    let Some(mut draft) = visit.app.drafts.get(&id, visit.ctx.now) else { return Ok(ended(visit).await) };
    if !step.may_be_skipped(draft.goal) || is_made(&draft, step) {
        return Ok(visit.go(&url(&id, step), "This page cannot be skipped."));
    }
    draft.skipped.insert(step);
    Ok(keep(visit, &id, draft, step).await)
}

/// Goes on: to the summary where everything was told already.
async fn keep(visit: Visit, id: &str, mut draft: Draft, step: Step) -> Response {
    let now = visit.ctx.now;
    draft.done.insert(step);
    // It is mended, or at least another than the one that was refused.
    draft.refused = draft.refused.filter(|(part, _)| Some(*part) != step.part());
    let next = if draft.made.is_empty() { step.next(draft.goal) } else { Step::Create };
    if !visit.app.drafts.change(id, now, |kept| *kept = draft) {
        return ended(visit).await;
    }
    see(&url(id, next))
}

fn is_made(draft: &Draft, step: Step) -> bool {
    step.part().is_some_and(|part| draft.made.of(part).is_some())
}

/// A prefix that nobody has, from the one that the draft would start with: a suggestion is worth no refusal.
pub async fn find_prefix(visit: &Visit, draft: &mut Draft) {
    if draft.done.contains(&Step::Domain) {
        return;
    }
    let wish = text(&draft.domain, "Domain").to_owned();
    for number in 1..=SUGGESTIONS_MAX {
        let prefix = if number == 1 { wish.clone() } else { format!("{wish}-{number}") };
        if free(visit, &prefix).await.is_ok() {
            draft.domain = json!({ "Domain": prefix });
            return;
        }
    }
}

/// Whether nobody has the prefix.
async fn free(visit: &Visit, prefix: &str) -> Result<(), Error> {
    let described = visit.call_aside("DescribeUserPoolDomain", json!({ "Domain": prefix })).await?;
    match described.pointer("/DomainDescription/UserPoolId") {
        Some(_) => Err(Error::invalid_parameter(format!(
            "The prefix {prefix} is taken: Domain already associated with another user pool. Choose another one."
        ))),
        None => Ok(()),
    }
}

async fn page(mut visit: Visit, id: &str, draft: &Draft, step: Step, refused: Option<String>) -> Response {
    let title = step.title(draft.goal);
    let mut view = visit.view(None, title, vec![Link::new("Quick create", paths::QUICK_CREATE)]).await;
    view.lead = Some(step.lead(draft.goal).to_owned());
    view.blocks.push(progress(draft, id, step));
    if is_made(draft, step) {
        view.blocks.push(Block::Notice {
            state: State::Info,
            text: "This part is made already and can be changed on its own page.".to_owned(),
            link: Some(Link::new("Go to what is left to create", &url(id, Step::Create))),
        });
        return visit.show(view);
    }
    if draft.skipped.contains(&step) {
        let text = "This page was skipped: nothing will be made of it unless you continue here.".to_owned();
        view.blocks.push(Block::Notice { state: State::Info, text, link: None });
    }
    let mut fields = forms::fields(draft, step, runner(&visit).as_deref());
    if let Some(said) = &refused {
        blame(&mut fields, said);
        if !fields.iter().any(|field| field.error.is_some())
            && let Some(field) = fields.iter_mut().find(|field| matches!(step, Step::Domain) || field.name == "password")
        {
            field.error = Some(said.clone());
        }
    }
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let next = step.next(draft.goal).title(draft.goal);
    let on = format!("Continue to {}", lower(next));
    view.blocks.push(Block::Form(Form::new("step", &url(id, step), &on, fields).refused(refused)));
    if step.may_be_skipped(draft.goal) {
        let skip = Form::new("skip", &format!("{}/skip", url(id, step)), &format!("Skip {}", lower(title)), Vec::new());
        view.blocks.push(Block::Form(skip.hinting(forms::without(step)).beside()));
    }
    view.blocks.extend(preview(&visit, draft, step));
    view.blocks.push(way_out(id));
    let pool = draft.made.of(Part::Pool).map_or_else(|| parts::example_pool(&visit.ctx), str::to_owned);
    for part in step.part().into_iter().chain((step == Step::User && draft.user.permanent).then_some(Part::Password)) {
        visit.would_call(part.operation(), &part.input(draft, &pool, forms::EXAMPLE_PASSWORD));
    }
    visit.show_as(status, view)
}

pub fn lower(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// What the values on the page come to.
fn preview(visit: &Visit, draft: &Draft, step: Step) -> Option<Block> {
    let facts = match step {
        Step::Pool => {
            vec![Named::text("Region", visit.ctx.region()).noting("Fixed on AWS: it is the first part of the pool's id.")]
        }
        Step::Domain => {
            let settings = &visit.app.engine.settings;
            let prefix = text(&draft.domain, "Domain");
            let region = visit.ctx.region();
            let here = domain::of_prefix(settings, region, prefix);
            vec![
                Named::copy("Sign-in page", &format!("{here}/login")),
                Named::copy("Authorization endpoint", &format!("{here}/oauth2/authorize")),
                Named::copy("Token endpoint", &format!("{here}/oauth2/token")),
                Named::copy("The same on AWS", &format!("https://{prefix}.auth.{region}.amazoncognito.com")),
            ]
        }
        Step::Server => {
            let scopes = crate::console::resource_servers::scopes_of(&draft.server);
            scopes.iter().map(|scope| Named::copy("Scope in tokens", scope)).collect()
        }
        _ => return None,
    };
    Some(Block::Facts(Facts {
        id: "preview".to_owned(),
        title: "What it comes to".to_owned(),
        hint: (step != Step::Pool)
            .then(|| "With the values that were last kept; another one is worked out when you continue.".to_owned()),
        facts,
        links: Vec::new(),
    }))
}
