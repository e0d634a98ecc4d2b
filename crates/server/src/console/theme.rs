//! Light, dark, or as the system has it: a choice kept in a cookie of the browser. Called by the form in every page's footer, and
//! by whoever draws a page of the console.

use axum::response::Response;
use http::{HeaderMap, header};
use poolhouse_engine::error::Error;

use super::kit::paths;
use super::kit::visit::{Answer, Posted};
use crate::cookies;
use crate::refusal::see;

const COOKIE: &str = "poolhouse-theme";
const KEPT_SECONDS: u32 = 365 * 24 * 3600;

/// What was chosen: `light`, `dark`, or empty.
pub fn of(headers: &HeaderMap) -> &'static str {
    cookies::get(headers, COOKIE).and_then(known).unwrap_or_default()
}

fn known(theme: &str) -> Option<&'static str> {
    ["", "light", "dark"].into_iter().find(|known| *known == theme)
}

pub async fn post(posted: Posted) -> Answer {
    let Some(theme) = known(posted.text("theme")) else {
        let refusal = Error::invalid_parameter("theme is none of light, dark and nothing.");
        return Err(posted.visit.failed(&refusal).await.into());
    };
    let cookie = match theme {
        "" => cookies::clear(COOKIE, posted.visit.https),
        chosen => cookies::keep(COOKIE, chosen, posted.visit.https, KEPT_SECONDS),
    };
    let mut response: Response = see(local(posted.text("back")));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// The address if it is one of this host, else the console's home (open redirect): behind the first slash a second one, or the
/// backslash that browsers take for it, would begin the name of another host.
fn local(back: &str) -> &str {
    let inside = back.strip_prefix('/').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
    if inside && back.bytes().all(|b| b.is_ascii_graphic()) { back } else { paths::HOME }
}
