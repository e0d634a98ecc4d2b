//! The console's blocks in every state worth looking at; see [`crate::pages::contexts::Page::samples`].

use serde_json::json;

use super::authenticator;
use super::chart::{self, Chart, Lane, Row};
use super::checklist::{Checklist, Task};
use super::equivalent::{Endpoint, Equivalent};
use super::frame::{self, Entry, Frame, PoolName, Reach, Signed};
use super::paths;
use super::view::{Block, Card, Choice, Facts, Field, Form, Input, Named, State, Step, Table, Value, View};
use crate::pages::contexts::Page;
use crate::pages::fields::{Link, Moment, Shell};

const POOL: &str = "us-east-1_DemoPool1";

impl Page for View {
    const TEMPLATE: &'static str = "console.html";
    const SCRIPTED: bool = true;

    fn samples() -> Vec<Self> {
        let full = Self {
            blocks: words().into_iter().chain(lists()).chain(counts()).chain(forms()).collect(),
            ..bare("Everything at once")
        };
        let nothing = Block::Empty {
            title: "No groups yet".to_owned(),
            text: "A group names users who may do the same.".to_owned(),
            link: Some(Link::new("Create group", "/console")),
        };
        let long = Self { lead: Some("x".repeat(1024)), ..bare(&"a-very-long-name".repeat(8)) };
        vec![full, Self { blocks: vec![nothing], equivalents: Vec::new(), ..bare("Groups") }, long]
    }
}

fn bare(title: &str) -> View {
    let pool = PoolName { id: POOL.to_owned(), name: "demo".to_owned() };
    let path = paths::pool(POOL, "");
    let endpoint = Endpoint { url: "http://localhost:9229".to_owned(), region: "us-east-1".to_owned(), any_key: true };
    View {
        shell: Shell { theme: "dark", ..Shell::new("en", "Poolhouse").with_inbox(paths::INBOX) },
        frame: Frame {
            version: "0.1.0".to_owned(),
            pools: vec![pool.clone()],
            menu: frame::menu(
                &path,
                Some(POOL),
                Reach { signed_in: true, inbox: true, flow: true, operators: true, account: true },
            ),
            pool: Some(pool),
            crumbs: vec![Link::new("Console", paths::HOME), Link::new("User pools", paths::POOLS)],
            back: path.clone(),
            clock: Some(frame::Clock {
                shown: Moment::of(1_795_413_600_000, 1_795_413_600_000),
                real: Moment::of(1_795_327_200_000, 1_795_413_600_000),
                frozen: true,
            }),
            themes: frame::themes("dark"),
            said: Some("User ada@example.com was created.".to_owned()),
            undo: Some(Link::new("Undo", paths::DELETED)),
            switch_url: paths::SWITCH,
            search_url: Some(paths::SEARCH),
            health_url: paths::HEALTH,
            coverage_url: Some(paths::COVERAGE),
            theme_url: paths::THEME,
            home_url: paths::HOME,
            operator: Some(Signed {
                name: "ada".to_owned(),
                role: "owner",
                account_url: paths::ACCOUNT,
                sign_out_url: paths::SIGN_OUT,
            }),
            production: true,
        },
        title: title.to_owned(),
        lead: Some("One sentence about this page.".to_owned()),
        actions: vec![Link::new("Create user", "/console"), Link::new("Export", "/console")],
        blocks: Vec::new(),
        equivalents: vec![Equivalent::new(&endpoint, "DescribeUserPool", false, &json!({ "UserPoolId": POOL }))],
        csrf: "3f2504e0-4f89-41d3-9a0c-0305e82c3301".to_owned(),
    }
}

fn words() -> Vec<Block> {
    let notice =
        |state, text: &str| Block::Notice { state, text: text.to_owned(), link: Some(Link::new("Fix this", "/console")) };
    let step = |text: &str, url: Option<&str>, here| Step { text: text.to_owned(), url: url.map(str::to_owned), here };
    vec![
        Block::Steps {
            steps: vec![step("1 Goal", Some("/console"), false), step("2 User pool", None, true), step("3 Domain", None, false)],
        },
        notice(State::Ok, "All is well."),
        notice(State::Info, "This is how it is."),
        notice(State::Warn, "This may surprise you."),
        notice(State::Bad, "InvalidParameterException: 1 validation error detected."),
        Block::Prose { title: Some("Words".to_owned()), text: "What this is for.".to_owned() },
        Block::Code { title: "Raw".to_owned(), hint: Some("As it came.".to_owned()), text: "{\n  \"a\": 1\n}".to_owned() },
    ]
}

fn lists() -> Vec<Block> {
    let at = Moment::of(1_795_413_600_000, 1_795_413_612_000);
    let values = vec![
        Named::copy("Client ID", "1demo2client3poolhouse4web"),
        Named::new("Status", Value::state(State::Warn, "FORCE_CHANGE_PASSWORD"))
            .noting("The temporary password expires in 6 days."),
        Named::new("Created", Value::Moment { at: at.clone() }),
        Named::new("Sign in with", Value::list(vec!["email".to_owned(), "phone_number".to_owned()], "none")),
        Named::new("Group", Value::none("in no group")),
        Named::text("Enabled", "yes"),
        Named::new("QR code", authenticator::qr("otpauth://totp/Poolhouse")),
    ];
    let row = |name: &str| vec![Value::link(name, "/console"), Value::copy("d3e0a1b2"), Value::Moment { at: at.clone() }];
    let table = |id: &str, rows| {
        let columns = ["Name", "Sub", "Created"].map(str::to_owned).to_vec();
        let next = Some("/console".to_owned());
        Block::Table(Table { id: id.to_owned(), caption: "Users".to_owned(), columns, rows, next, first: None })
    };
    let card = Card { title: "Inbox".to_owned(), text: "Mail lands here.".to_owned(), url: paths::INBOX.to_owned() };
    vec![
        Block::Facts(Facts {
            id: "facts".to_owned(),
            title: "Facts".to_owned(),
            hint: Some("A hint.".to_owned()),
            facts: values,
            links: vec![Link::new("Edit", "/console")],
        }),
        table("one", vec![row("ada@example.com"), row(&"x".repeat(128))]),
        table("none", Vec::new()),
        Block::Cards { title: Some("Go on".to_owned()), cards: vec![card.clone(), card] },
    ]
}

fn counts() -> Vec<Block> {
    let at = |hour: i64| Moment::of(1_795_413_600_000 + hour * 3_600_000, 1_795_500_000_000);
    let lane = |name: &str, counts: &[u64]| Lane {
        name: name.to_owned(),
        total: counts.iter().sum(),
        most: counts.iter().max().map(|most| format!("at most {most} in an hour")),
        bars: chart::bars(counts, 900),
    };
    let entry = |text: &str, here| Entry { text: text.to_owned(), url: "/console?period=24h".to_owned(), here };
    let full = Chart {
        id: "activity".to_owned(),
        title: "Sign-ins and sign-ups".to_owned(),
        summary: "905 sign-ins, 2 refused, 1 sign-up in the last 24 hours.".to_owned(),
        periods: vec![entry("24 hours", true), entry("7 days", false)],
        lanes: vec![lane("Sign-ins", &[0, 5, 900]), lane("Refused", &[0, 2, 0]), lane("Sign-ups", &[0, 0, 1])],
        from: at(0),
        until: at(24),
        width: chart::width(24),
        columns: ["From", "Sign-ins", "Refused", "Sign-ups"].map(str::to_owned).to_vec(),
        rows: vec![Row { from: at(1), counts: vec![5, 2, 0] }, Row { from: at(2), counts: vec![900, 0, 1] }],
        bound: Some("Only events since yesterday are in it.".to_owned()),
    };
    let empty = Chart { id: "nothing".to_owned(), lanes: Vec::new(), rows: Vec::new(), bound: None, ..full.clone() };
    let task = |done, link: bool| Task {
        done,
        text: "An app client".to_owned(),
        hint: "Lets one application ask for tokens.".to_owned(),
        link: link.then(|| Link::new("Create app client", "/console")),
    };
    let checklist = Checklist {
        id: "steps".to_owned(),
        title: "First steps".to_owned(),
        done: 1,
        tasks: vec![task(true, false), task(false, true), task(false, false)],
        hide_url: paths::CHECKLIST,
    };
    vec![Block::Checklist(checklist), Block::Chart(full), Block::Chart(empty)]
}

fn forms() -> Vec<Block> {
    let choices = || vec![Choice::new("a", "The first", true), Choice::new("b", "The second", false).hinting("Less usual.")];
    let mut lines = Field::new(Input::Lines, "urls", "Callback URLs", "https://app.example.com/callback");
    lines = lines.hinting("One a line.").wrong(Some("http is for localhost only.".to_owned()));
    let fields = vec![
        Field::text("name", "Name", "demo").must().at_most(128),
        Field::text("id", "Identifier", "demo").frozen(),
        Field::new(Input::Password, "password", "Password", "").must(),
        lines,
        Field::one_of(Input::Select, "select", "One of a list", choices()),
        Field::one_of(Input::Radio, "radio", "One of these", choices()).must(),
        Field::one_of(Input::Checks, "checks", "Any of these", choices()).hinting("As many as you like."),
        Field::one_of(Input::Column, "read", "May read", choices()).column("Attribute").hinting("In tokens."),
        Field::one_of(Input::Column, "write", "May write", vec![Choice::new("b", "The second", true)])
            .column("Attribute")
            .wrong(Some("Tick at least one attribute.".to_owned())),
        Field::check("check", "Mark as verified", true),
        Field::hidden("version", "7"),
    ];
    vec![
        Block::Form(Form::asking("search", "/console", "Search users", vec![Field::new(Input::Search, "q", "Search", "ada")])),
        Block::Form(
            Form::new("edit", "/console", "Save app client", fields)
                .titled("Settings")
                .hinting("What is changed here is changed at once.")
                .or_cancel("/console")
                .refused(Some("The callback URLs were refused.".to_owned())),
        ),
        Block::Form(Form::new("skip", "/console", "Skip domain", Vec::new()).hinting("Without one.").beside()),
        Block::Form(
            Form::new("drop", "/console", "Delete user pool", vec![Field::text("confirm", "Type demo to confirm", "").must()])
                .destroying()
                .or_cancel("/console"),
        ),
    ]
}
