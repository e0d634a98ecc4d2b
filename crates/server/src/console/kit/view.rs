//! What a console page may say: blocks, filled by the handlers and drawn by `console.html`. Nothing here knows an operation.
//!
//! Texts are plain; addresses (`url`, `action`) arrive ready.

use serde::Serialize;

use super::chart::Chart;
use super::checklist::Checklist;
use super::equivalent::Equivalent;
use super::frame::Frame;
use crate::pages::fields::{Link, Moment, Shell};

/// One page.
#[derive(Clone, Serialize)]
pub struct View {
    pub shell: Shell,
    pub frame: Frame,
    /// The `h1`, and the first part of the window's title.
    pub title: String,
    /// One sentence under it.
    pub lead: Option<String>,
    /// Buttons beside the title; the first is the page's main one.
    pub actions: Vec<Link>,
    #[serde(rename = "page_blocks")]
    pub blocks: Vec<Block>,
    /// The same as AWS CLI, boto3, JavaScript and curl.
    pub equivalents: Vec<Equivalent>,
    /// Value of the hidden `_csrf` field of every form.
    pub csrf: String,
}

/// How a thing stands; always said with a word beside the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ok,
    Info,
    Warn,
    Bad,
}

/// One part of a page.
#[derive(Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    /// A sentence about how something stands.
    Notice {
        state: State,
        text: String,
        link: Option<Link>,
    },
    /// Plain words, under a heading if there is one.
    Prose {
        title: Option<String>,
        text: String,
    },
    /// Names and values.
    Facts(Facts),
    Table(Table),
    Chart(Chart),
    Checklist(Checklist),
    Form(Form),
    /// Text to read and copy as it is: JSON, a request, a program.
    Code {
        title: String,
        hint: Option<String>,
        text: String,
    },
    /// Where one is on a way of several pages.
    Steps {
        steps: Vec<Step>,
    },
    /// Ways on, each with a line about it.
    Cards {
        title: Option<String>,
        cards: Vec<Card>,
    },
    /// What stands where a list would: what it is for, and the first step.
    Empty {
        title: String,
        text: String,
        link: Option<Link>,
    },
}

#[derive(Clone, Serialize)]
pub struct Facts {
    /// The heading's id, unique on the page.
    pub id: String,
    pub title: String,
    pub hint: Option<String>,
    pub facts: Vec<Named>,
    /// What can be done about them.
    pub links: Vec<Link>,
}

/// A value with its name.
#[derive(Clone, Serialize)]
pub struct Named {
    pub label: String,
    pub value: Value,
    /// Why it stands so and what comes next.
    pub note: Option<String>,
}

impl Named {
    pub fn new(label: &str, value: Value) -> Self {
        Self { label: label.to_owned(), value, note: None }
    }

    /// An id or an address, to be copied.
    pub fn copy(label: &str, text: &str) -> Self {
        Self::new(label, Value::Copy { text: text.to_owned() })
    }

    pub fn text(label: &str, text: &str) -> Self {
        Self::new(label, Value::text(text))
    }

    #[must_use]
    pub fn noting(mut self, note: &str) -> Self {
        self.note = Some(note.to_owned());
        self
    }
}

/// A value as it is shown.
#[derive(Clone, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Value {
    Text {
        text: String,
    },
    /// In mono, selected whole by one click.
    Copy {
        text: String,
    },
    Link {
        text: String,
        url: String,
    },
    /// A state in a word.
    State {
        state: State,
        text: String,
    },
    Moment {
        at: Moment,
    },
    /// Several short ones.
    List {
        items: Vec<String>,
    },
    /// A picture for an app's camera.
    Qr {
        /// Modules, with the white around them.
        side: i32,
        /// The dark ones, as an SVG path.
        path: String,
        /// What it is, for who does not see it.
        label: String,
    },
    /// Nothing there; says so in a word.
    None {
        text: String,
    },
}

impl Value {
    pub fn text(text: &str) -> Self {
        Self::Text { text: text.to_owned() }
    }

    pub fn copy(text: &str) -> Self {
        Self::Copy { text: text.to_owned() }
    }

    pub fn link(text: &str, url: &str) -> Self {
        Self::Link { text: text.to_owned(), url: url.to_owned() }
    }

    pub fn state(state: State, text: &str) -> Self {
        Self::State { state, text: text.to_owned() }
    }

    pub fn none(text: &str) -> Self {
        Self::None { text: text.to_owned() }
    }

    /// The items in order, or the word for nothing.
    pub fn list(items: Vec<String>, nothing: &str) -> Self {
        if items.is_empty() { Self::none(nothing) } else { Self::List { items } }
    }
}

#[derive(Clone, Serialize)]
pub struct Table {
    pub id: String,
    /// Says what is listed; read by everybody unless a heading says it already.
    pub caption: String,
    pub columns: Vec<String>,
    /// The first cell names its row.
    pub rows: Vec<Vec<Value>>,
    /// The address of the next page.
    pub next: Option<String>,
    /// Back to the first page, from a later one.
    pub first: Option<String>,
}

/// One page of a way.
#[derive(Clone, Serialize)]
pub struct Step {
    pub text: String,
    /// Where it can be gone to already, or again.
    pub url: Option<String>,
    pub here: bool,
}

#[derive(Clone, Serialize)]
pub struct Card {
    pub title: String,
    pub text: String,
    pub url: String,
}

/// A form. Posts, unless it only asks ([`Form::asking`]).
#[derive(Clone, Serialize)]
pub struct Form {
    pub id: String,
    pub title: Option<String>,
    pub hint: Option<String>,
    pub action: String,
    /// `post` or `get`.
    pub method: &'static str,
    pub fields: Vec<Field>,
    /// The button: a verb with its object.
    pub submit: String,
    /// Whether something is lost by it.
    pub danger: bool,
    /// Whether it stands beside a form that is the page's own: its button is no main one.
    pub aside: bool,
    /// Where to go instead; on a page of destruction it comes first, and is where the focus begins.
    pub cancel: Option<String>,
    /// One sentence about the whole form: why it was refused.
    pub error: Option<String>,
}

impl Form {
    pub fn new(id: &str, action: &str, submit: &str, fields: Vec<Field>) -> Self {
        Self {
            id: id.to_owned(),
            title: None,
            hint: None,
            action: action.to_owned(),
            method: "post",
            fields,
            submit: submit.to_owned(),
            danger: false,
            aside: false,
            cancel: None,
            error: None,
        }
    }

    /// A form that changes nothing: a search, a filter.
    pub fn asking(id: &str, action: &str, submit: &str, fields: Vec<Field>) -> Self {
        Self { method: "get", ..Self::new(id, action, submit, fields) }
    }

    #[must_use]
    pub fn titled(mut self, title: &str) -> Self {
        self.title = Some(title.to_owned());
        self
    }

    #[must_use]
    pub fn hinting(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }

    #[must_use]
    pub fn or_cancel(mut self, url: &str) -> Self {
        self.cancel = Some(url.to_owned());
        self
    }

    /// Something is lost by it: the button says so, and Cancel comes first.
    #[must_use]
    pub fn destroying(mut self) -> Self {
        self.danger = true;
        self
    }

    /// Not what the page is for.
    #[must_use]
    pub fn beside(mut self) -> Self {
        self.aside = true;
        self
    }

    #[must_use]
    pub fn refused(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }
}

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    Text,
    Email,
    Url,
    Number,
    Password,
    /// The words of a search.
    Search,
    /// Several lines.
    Lines,
    /// One of [`Field::choices`], in a list.
    Select,
    /// One of [`Field::choices`], all to be seen.
    Radio,
    /// Any of [`Field::choices`]; the name comes once for each.
    Checks,
    /// As [`Input::Checks`], as a column of one table with the form's other columns: the first one's choices are its rows.
    /// A later column without a row's choice says that it is never so.
    Column,
    /// Yes or no; `value` is sent for yes.
    Check,
    Hidden,
}

#[derive(Clone, Serialize)]
pub struct Field {
    pub name: String,
    pub label: String,
    pub input: Input,
    pub value: String,
    pub hint: Option<String>,
    pub error: Option<String>,
    pub required: bool,
    /// For [`Input::Check`].
    pub checked: bool,
    pub choices: Vec<Choice>,
    /// Set where AWS freezes the setting once it is made: the label says so, and the field cannot be changed.
    pub fixed: bool,
    pub autocomplete: &'static str,
    /// Most characters that are taken; 0 for no limit of the field's own.
    pub most: u32,
}

impl Field {
    pub fn new(input: Input, name: &str, label: &str, value: &str) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            input,
            value: value.to_owned(),
            hint: None,
            error: None,
            required: false,
            checked: false,
            choices: Vec::new(),
            fixed: false,
            autocomplete: if matches!(input, Input::Password) { "new-password" } else { "off" },
            most: 0,
        }
    }

    pub fn text(name: &str, label: &str, value: &str) -> Self {
        Self::new(Input::Text, name, label, value)
    }

    /// Yes or no; sends `true` for yes and nothing for no.
    pub fn check(name: &str, label: &str, checked: bool) -> Self {
        Self { checked, ..Self::new(Input::Check, name, label, "true") }
    }

    pub fn one_of(input: Input, name: &str, label: &str, choices: Vec<Choice>) -> Self {
        Self { choices, ..Self::new(input, name, label, "") }
    }

    pub fn hidden(name: &str, value: &str) -> Self {
        Self::new(Input::Hidden, name, "", value)
    }

    #[must_use]
    pub fn hinting(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }

    #[must_use]
    pub fn must(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub fn at_most(mut self, characters: u32) -> Self {
        self.most = characters;
        self
    }

    /// The boxes as a column of a table; `rows` says what its rows are.
    #[must_use]
    pub fn column(mut self, rows: &str) -> Self {
        self.input = Input::Column;
        self.value = rows.to_owned();
        self
    }

    #[must_use]
    pub fn frozen(mut self) -> Self {
        self.fixed = true;
        self
    }

    #[must_use]
    pub fn wrong(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }
}

#[derive(Clone, Serialize)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub hint: Option<String>,
    pub chosen: bool,
}

impl Choice {
    pub fn new(value: &str, label: &str, chosen: bool) -> Self {
        Self { value: value.to_owned(), label: label.to_owned(), hint: None, chosen }
    }

    #[must_use]
    pub fn hinting(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }
}
