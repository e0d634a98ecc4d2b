//! Answers for what is not there: paths, methods, hosts. JSON that names the right path, or in a browser a page.
//! Called as the routers' fallbacks, and by `doors` for hosts.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use poolhouse_engine::oauth::site::Host;

use crate::nearest;
use crate::pages::fields::Link;
use crate::pages::tools::NotFound;
use crate::reached::{Reached, plain};
use crate::shell;
use crate::state::AppState;

/// Paths worth offering to somebody who missed one.
const KNOWN: [&str; 14] = [
    "/oauth2/authorize",
    "/oauth2/token",
    "/oauth2/userInfo",
    "/oauth2/revoke",
    "/login",
    "/signup",
    "/confirm",
    "/forgotPassword",
    "/confirmforgotPassword",
    "/changePassword",
    "/resendcode",
    "/logout",
    "/error",
    "/.well-known/openid-configuration",
];

pub async fn not_found(State(state): State<AppState>, reached: Extension<Reached>, request: Request) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path());
    let near = nearest(path);
    if wants_html(request.headers()) && method == Method::GET {
        let mut links: Vec<Link> = near.iter().map(|known| Link::new(known, &format!("{}{known}", reached.base))).collect();
        if state.front.open_control {
            links.push(Link::new("What is served here", "/"));
        }
        let page = NotFound { shell: shell::of_instance(&state), asked: format!("{method} {path}"), links };
        return shell::draw(&state, StatusCode::NOT_FOUND, &page);
    }
    let hint = match near {
        Some("/.well-known/openid-configuration") => {
            " The documents of a pool are at /{userPoolId}/.well-known/openid-configuration and /{userPoolId}/.well-known/jwks.json.".to_owned()
        }
        Some(known) => format!(" Did you mean {known}?"),
        None if reached.site.pool.is_none() => " The API of cognito-idp is POST / with X-Amz-Target.".to_owned(),
        None => " This is a user pool's domain: /oauth2/authorize, /oauth2/token, /oauth2/userInfo, /oauth2/revoke, /logout, /login.".to_owned(),
    };
    plain(StatusCode::NOT_FOUND, "not_found", &format!("Nothing answers {method} {path}.{hint}"))
}

pub async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    plain(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &format!("{} does not take {method}.", uri.path()))
}

/// The known path that this one was probably meant to be.
fn nearest(path: &str) -> Option<&'static str> {
    if path.contains("/.well-known/") {
        return Some("/.well-known/openid-configuration");
    }
    nearest::nearest(path.trim_end_matches('/'), KNOWN)
}

/// No host, two hosts, or one that is no host name (checklist 60).
pub fn no_host() -> Response {
    plain(StatusCode::BAD_REQUEST, "invalid_host", "The request names no host, or more than one.")
}

/// A host that nobody here owns (checklist 60). The name is not repeated: it is the caller's.
pub fn no_such_domain(host: &Host) -> Response {
    let message = match host {
        Host::Prefix { .. } => "No user pool has this domain prefix in this region. Make it with CreateUserPoolDomain.",
        Host::Path { .. } => {
            "No user pool has this domain prefix, or pools in several regions have it. Use PREFIX.auth.REGION.localhost."
        }
        _ => "This server does not answer to this host name. Is it a user pool's custom domain, or the server's public_url?",
    };
    plain(StatusCode::MISDIRECTED_REQUEST, "unknown_host", message)
}

/// Whether the caller is a browser that would rather read a page.
pub fn wants_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelt_paths_are_recognised() {
        let table = [
            ("/oauth2/authorise", Some("/oauth2/authorize")),
            ("/oauth2/userinfo", Some("/oauth2/userInfo")),
            ("/Login", Some("/login")),
            ("/oauth2/token/", Some("/oauth2/token")),
            ("/eu-central-1_x/.well-known/jwks", Some("/.well-known/openid-configuration")),
            ("/wp-admin/setup.php", None),
            ("/", None),
        ];
        for (path, known) in table {
            assert_eq!(nearest(path), known, "{path}");
        }
    }
}
