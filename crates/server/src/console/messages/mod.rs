//! Message templates: what a pool sends, with its limits and placeholders, drawn with a user's values by the engine's own
//! composer. The words themselves are changed on the settings pages.

mod preview;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http::StatusCode;
use poolhouse_engine::account;
use poolhouse_engine::delivery::compose::{Composer, Template, Words};
use poolhouse_engine::delivery::{Medium, Message};
use poolhouse_engine::error::Error;
use poolhouse_engine::pools::Pool;
use poolhouse_wire::operation;
use serde_json::json;

use self::preview::Person;
use super::kit::members::shape_at;
use super::kit::paths;
use super::kit::view::{Block, Facts, Field, Form, Input, Named, State, Table, Value, View};
use super::kit::visit::{Answer, Posted, Visit};
use super::kit::{edit, mail};
use crate::pages::fields::Link;
use crate::state::AppState;

/// What the pages know of a template.
struct Known {
    template: Template,
    /// In addresses.
    slug: &'static str,
    title: &'static str,
    occasions: &'static str,
    /// Where UpdateUserPool has them; the subject's is empty for text messages.
    subject: &'static str,
    body: &'static str,
    /// The page that changes it.
    settings: &'static str,
}

const VERIFICATION: &str = "/settings/verification-messages";
const INVITATION: &str = "/settings/invitation-messages";

static ALL: [Known; 5] = [
    Known {
        template: Template::CodeEmail,
        slug: "code-email",
        title: "Verification email with a code",
        occasions: "Sign-up, resent codes, forgotten and reset passwords, new addresses",
        subject: "VerificationMessageTemplate.EmailSubject",
        body: "VerificationMessageTemplate.EmailMessage",
        settings: VERIFICATION,
    },
    Known {
        template: Template::LinkEmail,
        slug: "link-email",
        title: "Verification email with a link",
        occasions: "Sign-up and resent confirmations, where the pool confirms with a link",
        subject: "VerificationMessageTemplate.EmailSubjectByLink",
        body: "VerificationMessageTemplate.EmailMessageByLink",
        settings: VERIFICATION,
    },
    Known {
        template: Template::CodeSms,
        slug: "code-sms",
        title: "Verification text message",
        occasions: "Sign-up, resent codes, forgotten and reset passwords, new numbers",
        subject: "",
        body: "VerificationMessageTemplate.SmsMessage",
        settings: VERIFICATION,
    },
    Known {
        template: Template::InvitationEmail,
        slug: "invitation-email",
        title: "Invitation email",
        occasions: "An administrator creates a user, or resends the invitation",
        subject: "AdminCreateUserConfig.InviteMessageTemplate.EmailSubject",
        body: "AdminCreateUserConfig.InviteMessageTemplate.EmailMessage",
        settings: INVITATION,
    },
    Known {
        template: Template::InvitationSms,
        slug: "invitation-sms",
        title: "Invitation text message",
        occasions: "An administrator creates a user, or resends the invitation",
        subject: "",
        body: "AdminCreateUserConfig.InviteMessageTemplate.SMSMessage",
        settings: INVITATION,
    },
];

impl Known {
    fn url(&self, pool: &str, rest: &str) -> String {
        paths::pool(pool, &format!("/messages/{}{rest}", self.slug))
    }

    fn channel(&self) -> &'static str {
        if self.template.medium() == Medium::Email { "Email" } else { "Text message" }
    }

    /// Placeholders and what becomes of them.
    fn places(&self) -> &'static [(&'static str, &'static str)] {
        match self.template {
            Template::CodeEmail | Template::CodeSms => &[("{####}", "The code.")],
            Template::LinkEmail => &[("{##Verify your email##}", "A link; the words between the signs are yours.")],
            Template::InvitationEmail | Template::InvitationSms => {
                &[("{username}", "The user name, or the address to sign in with."), ("{####}", "The temporary password.")]
            }
        }
    }
}

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/console/pools/{pool}/messages", get(index))
        .route("/console/pools/{pool}/messages/{message}", get(one))
        .route("/console/pools/{pool}/messages/{message}/html", get(html))
        .route("/console/pools/{pool}/messages/{message}/test", post(test))
}

fn words(pool: &Pool, template: Template) -> Words<'_> {
    Composer { pool_id: &pool.id, document: &pool.document }.words(template)
}

async fn index(visit: Visit, Path(pool): Path<String>) -> Answer {
    let (visit, pool) = visit.enter(&pool).await?;
    let (visit, _) = visit.must("DescribeUserPool", json!({ "UserPoolId": pool.id })).await?;
    let mut view = visit.view(Some(&pool.id), "Message templates", Vec::new()).await;
    view.lead = Some("Every message that this pool can send.".to_owned());
    let row = |known: &Known| {
        let words = words(&pool, known.template);
        vec![
            Value::link(known.title, &known.url(&pool.id, "")),
            Value::text(known.channel()),
            Value::text(known.occasions),
            Value::text(words.subject.unwrap_or(words.body)),
        ]
    };
    view.blocks.push(Block::Table(Table {
        id: "templates".to_owned(),
        caption: "Message templates".to_owned(),
        columns: ["Message", "Channel", "Sent at", "Subject or text"].map(str::to_owned).to_vec(),
        rows: ALL.iter().map(row).collect(),
        next: None,
        first: None,
    }));
    Ok(visit.show(view))
}

/// The pool and the message of an address.
async fn find(
    visit: Visit,
    pool: &str,
    slug: &str,
) -> Result<(Visit, std::sync::Arc<Pool>, &'static Known), super::kit::visit::Stop> {
    let (visit, pool) = visit.enter(pool).await?;
    match ALL.iter().find(|known| known.slug == slug) {
        Some(known) => Ok((visit, pool, known)),
        None => Err(super::home::missing(visit).await.into()),
    }
}

async fn one(visit: Visit, Path((pool, message)): Path<(String, String)>) -> Answer {
    let (mut visit, pool, known) = find(visit, &pool, &message).await?;
    match visit.call("DescribeUserPool", json!({ "UserPoolId": pool.id })).await {
        Ok(described) => {
            let described = described.get("UserPool").cloned().unwrap_or_default();
            let whole = edit::Subject::Pool { pool: pool.id.clone() }.whole(&described);
            visit.would_call("UpdateUserPool", &whole);
        }
        Err(error) => return Err(visit.failed(&error).await.into()),
    }
    let asked = visit.param("user").trim().to_owned();
    page(visit, &pool, known, &asked, None).await
}

/// The page, with a user's values; `wrong` is the address that no test could go to, and why.
async fn page(visit: Visit, pool: &Pool, known: &Known, asked: &str, wrong: Option<(String, String)>) -> Answer {
    let (visit, person, nobody) = match Person::of(&visit, pool, asked).await {
        Ok(person) => (visit, person, None),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            (visit, Person::sample(), Some(said))
        }
    };
    let drawn = match preview::draw(&visit, pool, known.template, &person, None).await {
        Ok(drawn) => drawn,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let above = vec![Link::new("Message templates", &paths::pool(&pool.id, "/messages"))];
    let mut view = visit.view(Some(&pool.id), known.title, above).await;
    view.lead = Some(format!("{}.", known.occasions));
    view.actions = vec![Link::new("Change the words", &paths::pool(&pool.id, known.settings))];
    if known.template == Template::LinkEmail && !(Composer { pool_id: &pool.id, document: &pool.document }).confirms_with_link() {
        let text = "This pool confirms with a code: this message is not sent.".to_owned();
        let link = Some(Link::new("Change verification messages", &paths::pool(&pool.id, VERIFICATION)));
        view.blocks.push(Block::Notice { state: State::Info, text, link });
    }
    let refused = nobody.is_some() || wrong.is_some();
    templates(&mut view, pool, known);
    previews(&mut view, pool, known, &person, &drawn, asked, nobody);
    tests(&mut view, pool, known, asked, wrong);
    Ok(visit.show_as(if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK }, view))
}

/// The words and their limits.
fn templates(view: &mut View, pool: &Pool, known: &Known) {
    let words = words(pool, known.template);
    let mut facts = Vec::new();
    if let Some(subject) = words.subject {
        facts.push(Named::text("Subject", subject));
        facts.push(Named::text("Subject's length", &length(subject, known.subject)));
    }
    facts.push(Named::text("Text's length", &length(words.body, known.body)).noting("As AWS limits it, placeholders and all."));
    view.blocks.push(Block::Facts(Facts {
        id: "template".to_owned(),
        title: "Template".to_owned(),
        hint: None,
        facts,
        links: Vec::new(),
    }));
    view.blocks.push(Block::Code { title: "Text of the template".to_owned(), hint: None, text: words.body.to_owned() });
    view.blocks.push(Block::Table(Table {
        id: "placeholders".to_owned(),
        caption: "Placeholders".to_owned(),
        columns: ["Placeholder", "Becomes"].map(str::to_owned).to_vec(),
        rows: known.places().iter().map(|(place, meaning)| vec![Value::copy(place), Value::text(meaning)]).collect(),
        next: None,
        first: None,
    }));
}

/// `26 of at most 140 characters`, counted as AWS counts.
fn length(text: &str, path: &str) -> String {
    let count = text.encode_utf16().count();
    let limits = operation("UpdateUserPool").and_then(|update| shape_at(update.shape, path)).map(|shape| shape.limits);
    match limits.and_then(|limits| limits.max) {
        Some(most) => format!("{count} of at most {most} characters"),
        None => format!("{count} characters"),
    }
}

fn previews(view: &mut View, pool: &Pool, known: &Known, person: &Person, drawn: &Message, asked: &str, nobody: Option<String>) {
    let field = Field::text("user", "Preview for the user", asked).hinting("A user name, an address or a sub.").wrong(nobody);
    view.blocks.push(Block::Form(Form::asking("preview-for", &known.url(&pool.id, ""), "Show preview", vec![field])));
    let mut facts = vec![Named::new("For", person.value(pool)), Named::text("To", &drawn.address)];
    facts.extend(drawn.from.as_deref().map(|from| Named::text("From", from)));
    facts.extend(drawn.subject.as_deref().map(|subject| Named::text("Subject", subject)));
    if drawn.medium == Medium::Sms {
        let count = drawn.body.encode_utf16().count();
        facts.push(Named::text("Text", &drawn.body).noting(&format!("{count} characters.")));
    }
    let mut links = Vec::new();
    if drawn.medium == Medium::Email {
        let url = format!("{}?user={}", known.url(&pool.id, "/html"), paths::segment(asked));
        links.push(Link::new("Show as a mail program does", &url));
    }
    view.blocks.push(Block::Facts(Facts {
        id: "preview".to_owned(),
        title: "Preview".to_owned(),
        hint: Some("As the server composes it; code and password are examples.".to_owned()),
        facts,
        links,
    }));
    if drawn.medium == Medium::Email {
        view.blocks.push(Block::Code { title: "HTML as it is sent".to_owned(), hint: None, text: drawn.body.clone() });
    }
}

fn tests(view: &mut View, pool: &Pool, known: &Known, asked: &str, wrong: Option<(String, String)>) {
    let (typed, said) = wrong.map_or((String::new(), None), |(typed, said)| (typed, Some(said)));
    let (label, input) = match known.template.medium() {
        Medium::Email => ("Email address", Input::Email),
        Medium::Sms => ("Phone number", Input::Text),
    };
    let field = Field::new(input, "address", label, &typed).must().wrong(said.clone());
    let fields = vec![field, Field::hidden("user", asked)];
    let form = Form::new("test", &known.url(&pool.id, "/test"), "Send a test message", fields).titled("Test");
    let hint = "The preview above, sent like any message. The code in it opens nothing. At most 30 an hour. AWS has no operation for it.";
    view.blocks.push(Block::Form(form.hinting(hint).refused(said)));
}

async fn html(visit: Visit, Path((pool, message)): Path<(String, String)>) -> Answer {
    let (visit, pool, known) = find(visit, &pool, &message).await?;
    if known.template.medium() != Medium::Email {
        return Err(super::home::missing(visit).await.into());
    }
    let asked = visit.param("user").trim().to_owned();
    let drawn = match Person::of(&visit, &pool, &asked).await {
        Ok(person) => preview::draw(&visit, &pool, known.template, &person, None).await,
        Err(error) => Err(error),
    };
    match drawn {
        Ok(drawn) => Ok(mail::html(drawn.body)),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

async fn test(Path((pool, message)): Path<(String, String)>, posted: Posted) -> Answer {
    let (address, asked) = (posted.text("address").to_owned(), posted.text("user").to_owned());
    let (visit, pool, known) = find(posted.visit, &pool, &message).await?;
    let outcome = send(&visit, &pool, known, &address, &asked).await;
    match outcome {
        Ok(()) => {
            let said = match visit.app.engine.inbox {
                Some(_) => format!("A test message to {address} is in the inbox."),
                None => format!("A test message was sent to {address}."),
            };
            Ok(visit.go(&format!("{}?user={}", known.url(&pool.id, ""), paths::segment(&asked)), &said))
        }
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            page(visit, &pool, known, &asked, Some((address, said))).await
        }
    }
}

async fn send(visit: &Visit, pool: &Pool, known: &Known, address: &str, asked: &str) -> Result<(), Error> {
    preview::check(known.template.medium(), address)?;
    let person = Person::of(visit, pool, asked).await?;
    let message = preview::draw(visit, pool, known.template, &person, Some(address)).await?;
    let ctx = &visit.ctx;
    ctx.concerns_pool(&pool.id);
    ctx.change("SendTestMessage", account::send_test(ctx, pool, message)).await
}
