//! Turns a page context into HTML and serves what pages need. Owns the template engine, the escaping, the stylesheet and the headers that every
//! page carries. Called by the handlers of `pages`, the error renderer of `oauth`, and later the console.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use minijinja::value::{Kwargs, Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use crate::pages::contexts::Page;

#[cfg(test)]
mod markup;
#[cfg(test)]
mod style_tests;
#[cfg(test)]
mod tests;

const STYLE: &str = include_str!("../assets/style.css");
const SIGN: &str = include_str!("../assets/sign.svg");

/// `/assets/style-<first 64 bits of SHA-256>.css`: a new address for new contents, so it may be cached for ever.
pub static STYLE_PATH: LazyLock<String> = LazyLock::new(|| hashed("style", STYLE, "css"));
/// As it is served: without the comments and the indentation that only its readers need. None of its texts goes over a line's end.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("../assets/console.js").lines().map(str::trim_start);
    lines.filter(|line| !line.starts_with("//")).flat_map(|line| [line, "\n"]).collect()
});
/// `/assets/console-<hash>.js`: what the console's pages gain by a script.
pub static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| hashed("console", &SCRIPT, "js"));
/// `/assets/sign-<hash>.svg`: the sign of the house, for the browser's tab.
pub static SIGN_PATH: LazyLock<String> = LazyLock::new(|| hashed("sign", SIGN, "svg"));

macro_rules! templates {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../templates/", $name)))),*] };
}

const TEMPLATES: &[(&str, &str)] = templates![
    "kit.html",
    "layout.html",
    "auth.html",
    "tool.html",
    "sign_in.html",
    "new_password.html",
    "sign_up.html",
    "confirm.html",
    "forgot.html",
    "reset.html",
    "signed_out.html",
    "done.html",
    "confirm_sign_out.html",
    "error.html",
    "not_found.html",
    "home.html",
    "landing.html",
    "console.html",
    "blocks.html",
];

/// Draws pages. One for the whole process; cheap to share, never changes.
pub struct Renderer {
    templates: Environment<'static>,
}

impl Renderer {
    /// # Errors
    /// A template that does not parse; the tests see it first.
    pub fn new() -> Result<Self, Error> {
        let mut templates = Environment::new();
        // A name that a context does not have is a mistake, not an empty string.
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        // Stored and reflected XSS: everything is escaped whatever a template is called, and there is no way out of it.
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        templates.remove_filter("safe");
        templates.set_formatter(|out, _, value| {
            let mut text = String::new();
            write_value(&mut text, value)?;
            out.write_str(&text).map_err(Error::from)
        });
        templates.add_filter("href", href);
        templates.add_function("ids", ids);
        templates.add_global("style_path", Value::from(STYLE_PATH.as_str()));
        templates.add_global("script_path", Value::from(SCRIPT_PATH.as_str()));
        templates.add_global("sign_path", Value::from(SIGN_PATH.as_str()));
        for (name, source) in TEMPLATES {
            templates.add_template(name, source)?;
        }
        Ok(Self { templates })
    }

    /// # Errors
    /// A context that does not fit its template; every sample is rendered by the tests.
    pub fn render<P: Page>(&self, page: &P) -> Result<Html, Error> {
        let policy = match (P::SCRIPTED, P::FORM_LEAVES_SITE) {
            (true, _) => POLICY_SCRIPTED,
            (false, true) => POLICY_FORM_LEAVES_SITE,
            (false, false) => POLICY,
        };
        Ok(Html { body: self.draw(P::TEMPLATE, Value::from(Serde(page)))?, policy })
    }

    fn draw(&self, template: &str, context: Value) -> Result<String, Error> {
        self.templates.get_template(template)?.render(context)
    }
}

/// A finished page. As a response it carries every header that keeps it safe, so no handler can forget one; combine it with a status as
/// `(StatusCode, Html)`.
pub struct Html {
    body: String,
    policy: &'static str,
}

impl Html {
    pub fn as_str(&self) -> &str {
        &self.body
    }
}

/// Frames: none (clickjacking). `base-uri` stops an injected `<base>` from turning our relative addresses around. Scripts: none, but
/// on pages that say so ([`Page::SCRIPTED`]) our own files; never one within the page (stored and reflected XSS).
macro_rules! policy {
    ($more:literal) => {
        concat!("default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'", $more)
    };
}

const POLICY: &str = policy!("; form-action 'self'");
/// `connect-src` is for following a list.
const POLICY_SCRIPTED: &str = policy!("; form-action 'self'; script-src 'self'; connect-src 'self'");
/// For pages whose form ends at the app's callback: see [`Page::FORM_LEAVES_SITE`].
const POLICY_FORM_LEAVES_SITE: &str = policy!("");

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        let headers: [(HeaderName, HeaderValue); 6] = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            // Codes and state in the address must not reach a cache or the next site.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(self.policy)),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        (headers, self.body).into_response()
    }
}

/// A file that pages load. As a response it may be cached for a year: its address changes with its contents.
pub struct Asset {
    content_type: &'static str,
    body: &'static str,
}

/// The asset at `path` (whole path, `/assets/…`), or `None` for 404.
pub fn asset(path: &str) -> Option<Asset> {
    if path == STYLE_PATH.as_str() {
        Some(Asset { content_type: "text/css; charset=utf-8", body: STYLE })
    } else if path == SCRIPT_PATH.as_str() {
        Some(Asset { content_type: "text/javascript; charset=utf-8", body: SCRIPT.as_str() })
    } else if path == SIGN_PATH.as_str() {
        Some(Asset { content_type: "image/svg+xml", body: SIGN })
    } else {
        None
    }
}

impl IntoResponse for Asset {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.content_type)),
            (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        (headers, self.body).into_response()
    }
}

fn hashed(stem: &str, contents: &str, extension: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, contents.as_bytes());
    let mut path = format!("/assets/{stem}-");
    for byte in digest.as_ref().iter().take(8) {
        // Writing into a String cannot fail.
        let _ = write!(path, "{byte:02x}");
    }
    path.push('.');
    path.push_str(extension);
    path
}

/// Escapes the five characters that mean something in HTML, and no other: `/` stays as it is, since simple clients that read `action="…"` out of
/// the page undo `&amp;` only. A missing value is refused rather than printed as "none".
fn write_value(out: &mut String, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => {
            return Err(Error::new(ErrorKind::UndefinedError, "a template printed a value that is not there"));
        }
        _ => {}
    }
    let text = value.to_string();
    if value.is_safe() {
        // Only what a macro or block has already written, and so already escaped.
        out.push_str(&text);
        return Ok(());
    }
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Browsers read NUL in ways of their own; no text needs it.
            '\0' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    Ok(())
}

/// Schemes that run or reveal something instead of going somewhere.
const REFUSED_SCHEMES: [&str; 9] =
    ["javascript", "data", "vbscript", "file", "blob", "filesystem", "view-source", "about", "jar"];

/// An address for `href`, `action` or `formaction`. Escaping does not stop `javascript:`, and a link may come out of a message's body; so an
/// address with such a scheme, or with characters that browsers drop while reading the scheme, becomes `#`. Apps' own schemes pass.
fn href(address: &str) -> String {
    let hidden = |c: char| c.is_control() || c.is_whitespace();
    let scheme = address.split_once(':').map(|(head, _)| head).filter(|head| !head.contains(['/', '?', '#']));
    let refused = scheme.is_some_and(|scheme| REFUSED_SCHEMES.iter().any(|bad| scheme.eq_ignore_ascii_case(bad)));
    if refused || address.chars().any(hidden) { "#".to_owned() } else { address.to_owned() }
}

/// `ids(a=cond, b=cond)` → the names whose condition holds, joined by spaces, `_` in names as `-`: the value of `aria-describedby`.
fn ids(prefix: &str, conditions: Kwargs) -> Result<String, Error> {
    let mut found = String::new();
    let names: Vec<String> = conditions.args().map(str::to_owned).collect();
    for name in names {
        if conditions.get::<Value>(&name)?.is_true() {
            if !found.is_empty() {
                found.push(' ');
            }
            found.push_str(prefix);
            found.push('-');
            found.push_str(&name);
        }
    }
    Ok(found)
}
