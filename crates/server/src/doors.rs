//! From a host name to a site. Every request passes [`enter`]: it tells by which door the request came, finds the pool
//! whose door it is, and hands on to that door's routes with a fresh context; on the way back it puts the headers on that
//! no handler may forget. Called by `app::handler` only.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use poolhouse_engine::ctx::{Caller, Ctx, Remote};
use poolhouse_engine::metrics::Metrics;
use poolhouse_engine::oauth::site::{self, Host};
use tower::ServiceExt as _;

use crate::client_ip;
use crate::control;
use crate::edge::Peer;
use crate::host::{self, HostClass};
use crate::metadata;
use crate::missing;
use crate::reached::Reached;
use crate::replies;
use crate::state::AppState;

/// The path form of a prefix domain on our own address: `/_domain/{prefix}/…`.
const DOMAIN_PATH: &str = "/_domain/";

/// The routes of each kind of host.
pub struct Doors {
    pub state: AppState,
    pub own: Router,
    pub domain: Router,
    pub api: Router,
    pub issuer: Router,
}

/// Answers one request.
pub async fn enter(doors: &Doors, request: Request) -> Response {
    let metrics = Arc::clone(&doors.state.engine.metrics);
    let _panics = CountPanics(&metrics);
    let mut ctx = doors.state.engine.ctx(Caller::Anonymous, None);
    let client_ip = client_ip::client_ip(peer(&request).0, request.headers(), &doors.state.front.trusted_proxies);
    ctx.remote = Some(Remote { address: client_ip, browser: false });
    let request_id = ctx.request_id.clone();
    let Some(authority) = host::authority(request.uri(), request.headers()).map(str::to_owned) else {
        metrics.request("none", "4xx");
        return finish(missing::no_host(), &request_id, false);
    };
    let (class, https) = (host::classify(&authority, doors.state.public_host.as_deref()), is_https(doors, &request));
    // HSTS holds for every port of a name: on loopback names it would break whatever else runs on this machine.
    let strict = https && !is_loopback(&authority);
    let door = name(class.as_ref());
    let response = match class {
        Some(class) => route(doors, request, ctx, class, Arrived { https, client_ip, authority }).await,
        None => missing::no_host(),
    };
    metrics.request(door, class_of(response.status()));
    finish(response, &request_id, strict)
}

/// What the connection tells.
struct Arrived {
    https: bool,
    client_ip: IpAddr,
    authority: String,
}

/// Counts a request that ends in a panic, on the panic's way out.
struct CountPanics<'a>(&'a Metrics);

impl Drop for CountPanics<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.panic();
        }
    }
}

/// The door as the metrics name it: a kind of host, never a host.
fn name(class: Option<&HostClass>) -> &'static str {
    match class {
        Some(HostClass::Local) => "own",
        Some(HostClass::Api { .. }) => "api",
        Some(HostClass::Issuer { .. }) => "issuer",
        Some(HostClass::Prefix { .. } | HostClass::Custom(_)) => "domain",
        None => "none",
    }
}

fn class_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

async fn route(doors: &Doors, request: Request, ctx: Ctx, class: HostClass, arrived: Arrived) -> Response {
    let (mut request, mut base) = (request, String::new());
    let named = match &class {
        HostClass::Local => match take_domain_path(&mut request) {
            Some(prefix) => {
                base = format!("{DOMAIN_PATH}{prefix}");
                Host::Path { prefix }
            }
            None => Host::Own,
        },
        HostClass::Api { .. } | HostClass::Issuer { .. } => Host::Own,
        HostClass::Prefix { prefix, region } => Host::Prefix { prefix: prefix.clone(), region: region.clone() },
        // A load balancer asks each machine by its address. The answer holds no link that a wrong host could spoil.
        HostClass::Custom(name) if host::address(name).is_some() && control::is_health(request.uri().path()) => Host::Own,
        HostClass::Custom(name) => Host::Custom(name.clone()),
    };
    let site = match site::resolve(&ctx, &named).await {
        Ok(Some(site)) => site,
        Ok(None) => return missing::no_such_domain(&named),
        Err(error) => return replies::error(&error),
    };
    if site.pool.is_none()
        && let Some(response) = metadata::quick(&ctx, class.region(), request.method(), request.uri().path()).await
    {
        return response;
    }
    let door = match (&class, &named) {
        (HostClass::Api { .. }, _) => &doors.api,
        (HostClass::Issuer { .. }, _) => &doors.issuer,
        (_, Host::Own) => &doors.own,
        _ => &doors.domain,
    };
    let Arrived { https, client_ip, authority } = arrived;
    let host_region = class.region().map(str::to_owned);
    request.extensions_mut().insert(Reached { site, base, https, client_ip, host_region, authority });
    request.extensions_mut().insert(ctx);
    door.clone().oneshot(request).await.into_response()
}

/// `/_domain/{prefix}/rest` becomes `/rest`; the prefix is returned.
fn take_domain_path(request: &mut Request) -> Option<String> {
    let rest = request.uri().path().strip_prefix(DOMAIN_PATH)?;
    let (prefix, _) = rest.split_once('/')?;
    if !host::is_prefix(prefix) {
        return None;
    }
    let prefix = prefix.to_owned();
    let whole = request.uri().path_and_query()?.as_str();
    let shorter = PathAndQuery::try_from(whole.get(DOMAIN_PATH.len() + prefix.len()..)?).ok()?;
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(shorter);
    *request.uri_mut() = http::Uri::from_parts(parts).ok()?;
    Some(prefix)
}

fn peer(request: &Request) -> (IpAddr, bool) {
    let peer = request.extensions().get::<Peer>();
    peer.map_or((IpAddr::V4(Ipv4Addr::UNSPECIFIED), false), |peer| (peer.address.ip(), peer.tls))
}

fn is_https(doors: &Doors, request: &Request) -> bool {
    let (address, tls) = peer(request);
    client_ip::is_https(tls, address, request.headers(), &doors.state.front.trusted_proxies)
}

fn is_loopback(authority: &str) -> bool {
    let name = host::host_of(authority).unwrap_or_default().to_ascii_lowercase();
    name.ends_with("localhost") || host::address(&name).is_some_and(|address| address.is_loopback())
}

type Header = (HeaderName, HeaderValue);

/// Names of the request's id, on the API and everywhere else.
static API_REQUEST_ID: HeaderName = HeaderName::from_static(poolhouse_wire::json::REQUEST_ID);
static REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-cognito-request-id");

/// Cognito's header set (developer guide, userInfo endpoint), where the handler has not said something stricter.
static ON_DOMAINS: [Header; 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, max-age=0, must-revalidate")),
    (header::PRAGMA, HeaderValue::from_static("no-cache")),
    (header::EXPIRES, HeaderValue::from_static("0")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("1; mode=block")),
    (header::SERVER, HeaderValue::from_static("Server")),
];

/// On every response: nothing is sniffed, and no address of ours is told to the next site (checklist 27).
static EVERYWHERE: [Header; 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

static STRICT: Header = (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000 ; includeSubDomains"));

/// What answers carry, put together once: a copy of it costs a fraction of putting in one after another.
static OF_API: LazyLock<HeaderMap> = LazyLock::new(|| together(&[]));
static OF_DOMAIN: LazyLock<HeaderMap> = LazyLock::new(|| together(&ON_DOMAINS));
/// A document that may be cached must not be told to expire at once.
static OF_CACHED: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = together(&ON_DOMAINS);
    headers.remove(header::PRAGMA);
    headers.remove(header::EXPIRES);
    headers
});

/// These and those of every answer, the first ones first, with room for what handlers say.
fn together(of_kind: &[Header]) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(24);
    for (name, value) in of_kind.iter().chain(&EVERYWHERE) {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    headers
}

fn finish(mut response: Response, request_id: &str, strict: bool) -> Response {
    let said = std::mem::take(response.headers_mut());
    let is_api = said.contains_key(&API_REQUEST_ID);
    let carried = match said.contains_key(header::CACHE_CONTROL) {
        _ if is_api => &OF_API,
        true => &OF_CACHED,
        false => &OF_DOMAIN,
    };
    let mut headers = HeaderMap::clone(carried);
    if strict {
        headers.insert(&STRICT.0, STRICT.1.clone());
    }
    if !is_api && let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(&REQUEST_ID, id);
    }
    // What the handler says counts.
    headers.extend(said);
    *response.headers_mut() = headers;
    response
}
