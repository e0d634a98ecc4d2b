//! A request to the console, and the one way from a page to an operation. Owns the form token, the record of what was called
//! for the page's "equivalent calls", and the two answers there are: a page, or a redirect. Made by extraction.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use poolhouse_engine::ctx::{Caller, Ctx, Reading, Remote, region_of_pool};
use poolhouse_engine::error::{Code, Error};
use poolhouse_engine::oauth::params::Params;
use poolhouse_engine::oauth::runs::Owner;
use poolhouse_engine::operators::Need;
use poolhouse_engine::ops::{self, Class};
use poolhouse_engine::pools::{self, Pool};
use poolhouse_wire::{ErrorCode, operation};
use serde_json::Value as Json;

use super::equivalent::{Endpoint, Equivalent};
use super::frame::{self, Frame, PoolName, Reach};
use super::json::{list, text};
use super::paths;
use super::view::{Block, State, View};
use crate::config::{Callers, Console};
use crate::console::gate::Seat;
use crate::console::{flow, theme};
use crate::control::READY;
use crate::pages::fields::{Link, Moment, Shell};
use crate::reached::Reached;
use crate::refusal::see;
use crate::state::AppState;
use crate::{cookies, csrf, shell};

pub use crate::shell::{Answer, Stop};

/// Largest form, bytes: a page full of addresses at their longest.
const FORM_MAX: usize = 256 * 1024;
/// Most fields of a form: two boxes for each of a pool's 70 attributes, and room.
const FIELDS_MAX: usize = 300;
/// Pools offered by the switcher; ListUserPools gives no more at a time.
const SWITCH_MAX: u32 = 60;
/// A clock that is off by less shows the real time.
const MOVED_FROM_MS: i64 = 1000;
/// Longest address to lead back to, bytes.
const BACK_MAX: usize = 2048;
/// The cookie with what was just done, for the page that the redirect leads to. Not the address: a link from elsewhere could put
/// words into the console's mouth.
const SAID: &str = "poolhouse-said";

/// A request to a console page.
pub struct Visit {
    pub app: AppState,
    /// The operator's: what is called here is in the audit trail as theirs.
    pub ctx: Ctx,
    /// The query.
    pub params: Params,
    path: String,
    token: String,
    token_cookie: HeaderValue,
    pub https: bool,
    /// Where the console itself is, as a browser names it: `http://127.0.0.1:9230`.
    pub origin: String,
    /// Whose test runs this browser has.
    pub owner: Option<Owner>,
    said: Option<(String, Option<String>)>,
    /// What leads back to this page by a link.
    back: String,
    theme: &'static str,
    endpoint: Endpoint,
    called: Vec<Equivalent>,
    /// What the switcher offers, where the page has asked for it already.
    pools: Option<Vec<PoolName>>,
    seat: Seat,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Stop> {
        let extensions = &parts.extensions;
        let (Some(mut ctx), Some(reached), Some(seat)) =
            (extensions.get::<Ctx>().cloned(), extensions.get::<Reached>(), extensions.get::<Seat>())
        else {
            tracing::error!("a page was reached by no door, or past the gate");
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response().into());
        };
        ctx.remote = ctx.remote.map(|remote| Remote { browser: true, ..remote });
        ctx.caller = match seat {
            Seat::Door => Caller::Anonymous,
            Seat::Open | Seat::Operator(_) => Caller::Operator,
        };
        if let Seat::Operator(operator) = seat {
            ctx.operated_by(&operator.name);
        }
        let (token, token_cookie) = csrf::token(&ctx, reached, &parts.headers);
        let settings = &app.engine.settings;
        let endpoint = Endpoint {
            url: settings.public_url.clone(),
            region: settings.region.clone(),
            any_key: app.front.callers == Callers::AnyKey,
        };
        let mut visit = Self {
            app: app.clone(),
            ctx,
            params: Params::default(),
            path: parts.uri.path().to_owned(),
            token,
            token_cookie,
            https: reached.https,
            origin: shell::console_origin(app, reached),
            owner: flow::owner(seat, &parts.headers, reached.https),
            said: cookies::get(&parts.headers, SAID).and_then(heard),
            back: back(parts),
            theme: theme::of(&parts.headers),
            endpoint,
            called: Vec::new(),
            pools: None,
            seat: seat.clone(),
        };
        match Params::parse(parts.uri.query().unwrap_or_default()).and_then(|params| params.no_repeats().map(|()| params)) {
            Ok(params) => visit.params = params,
            Err(error) => return Err(visit.failed(&error).await.into()),
        }
        Ok(visit)
    }
}

impl Visit {
    /// Runs an operation as this operator, held to the API's own constraints, and notes it for the page's equivalent calls.
    ///
    /// # Errors
    /// The operation's own, in Cognito's words.
    pub async fn call(&mut self, name: &'static str, input: Json) -> Result<Json, Error> {
        let (output, equivalent) = self.perform(name, input).await;
        self.called.push(equivalent);
        output
    }

    /// As [`Visit::call`], where the page is nothing without the answer.
    ///
    /// # Errors
    /// [`Stop`] with a page that says what happened.
    pub async fn must(mut self, name: &'static str, input: Json) -> Result<(Self, Json), Stop> {
        match self.call(name, input).await {
            Ok(output) => Ok((self, output)),
            Err(error) => Err(self.failed(&error).await.into()),
        }
    }

    /// The pool that the page is about.
    ///
    /// # Errors
    /// [`Stop`] with a page that says what happened.
    pub async fn enter(self, pool: &str) -> Result<(Self, Arc<Pool>), Stop> {
        match pools::load(&self.ctx, pool).await {
            Ok(pool) => Ok((self, pool)),
            Err(error) => Err(self.failed(&error).await.into()),
        }
    }

    /// As [`Visit::call`], without a word about it: for what is no part of what the page is for.
    ///
    /// # Errors
    /// As [`Visit::call`].
    pub async fn call_aside(&self, name: &'static str, input: Json) -> Result<Json, Error> {
        self.perform(name, input).await.0
    }

    async fn perform(&self, name: &'static str, input: Json) -> (Result<Json, Error>, Equivalent) {
        let equivalent = self.equivalent(name, &input);
        let need = if ops::class(name) == Some(Class::Read) { Need::Read } else { Need::Write };
        if !self.seat.may(need) {
            return (Err(Error::new(ErrorCode::AccessDeniedException, lacking(need))), equivalent);
        }
        let (Some(operation), Some(handler)) = (operation(name), ops::handler(name)) else {
            return (Err(Error::internal(format!("{name} is not built"))), equivalent);
        };
        let input = match poolhouse_wire::decode(operation, input.to_string().as_bytes()) {
            Ok(input) => input,
            Err(rejection) => return (Err(Error::new(rejection.code, rejection.message.unwrap_or_default())), equivalent),
        };
        (ops::perform(&self.ctx, operation, handler, input).await, equivalent)
    }

    /// What a form on the page would call, for the page's equivalent calls.
    pub fn would_call(&mut self, name: &'static str, input: &Json) {
        let equivalent = self.equivalent(name, input);
        self.called.push(equivalent);
    }

    /// A call as a line for the AWS CLI, where the page itself says it.
    pub fn command(&self, name: &'static str, input: &Json) -> String {
        self.equivalent(name, input).cli
    }

    fn equivalent(&self, name: &'static str, input: &Json) -> Equivalent {
        // A pool lives in one region, whatever this instance's own is: asked in another one, it does not exist.
        let of_pool = input.get("UserPoolId").and_then(Json::as_str).map(region_of_pool).filter(|region| !region.is_empty());
        let region = of_pool.unwrap_or(&self.endpoint.region).to_owned();
        let endpoint = Endpoint { region, ..self.endpoint.clone() };
        Equivalent::new(&endpoint, name, ops::class(name) != Some(Class::Read), input)
    }

    /// The value of a query parameter; empty where there is none.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).ok().flatten().unwrap_or_default()
    }

    /// A page to fill, about a pool or not. `crumbs` lead from the page below the pool (or home) to the one above this.
    pub async fn view(&self, pool: Option<&str>, title: &str, crumbs: Vec<Link>) -> View {
        let mut all = vec![Link::new("Console", paths::HOME)];
        // The switcher is worth no failure of the page.
        let pools = match &self.pools {
            Some(pools) => pools.clone(),
            None => self.pools().await.unwrap_or_default(),
        };
        let pool = pool.map(|id| {
            let named = pools.iter().find(|known| known.id == id).cloned();
            named.unwrap_or_else(|| PoolName { id: id.to_owned(), name: id.to_owned() })
        });
        if let Some(pool) = &pool {
            all.push(Link::new("User pools", paths::POOLS));
            if self.path != paths::pool(&pool.id, "") {
                all.push(Link::new(&pool.name, &paths::pool(&pool.id, "")));
            }
        }
        all.extend(crumbs);
        if self.path == paths::HOME {
            all.clear();
        }
        let menu = frame::menu(&self.path, pool.as_ref().map(|pool| pool.id.as_str()), self.reach());
        let signed_in = self.reach().signed_in;
        View {
            shell: Shell { theme: self.theme, ..shell::of_instance(&self.app) },
            frame: Frame {
                back: self.back.clone(),
                clock: self.clock(),
                themes: frame::themes(self.theme),
                theme_url: paths::THEME,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pool,
                pools,
                menu,
                crumbs: all,
                said: self.said.as_ref().map(|(text, _)| text.clone()),
                undo: self.said.as_ref().and_then(|(_, id)| Some(Link::new("Undo", &paths::deleted(id.as_deref()?, "")))),
                switch_url: paths::SWITCH,
                search_url: signed_in.then_some(paths::SEARCH),
                health_url: if signed_in { paths::HEALTH } else { READY },
                coverage_url: signed_in.then_some(paths::COVERAGE),
                home_url: paths::HOME,
                operator: self.seat.named(),
                production: matches!(self.app.front.console, Console::Operators { .. }),
            },
            title: title.to_owned(),
            lead: None,
            actions: Vec::new(),
            blocks: Vec::new(),
            equivalents: Vec::new(),
            csrf: self.token.clone(),
        }
    }

    /// Both times, where the hands of a development instance's clock were moved.
    fn clock(&self) -> Option<frame::Clock> {
        let Reading { now, real, frozen } = self.app.engine.clock.read();
        let moved = frozen || (now - real).abs() >= MOVED_FROM_MS;
        moved.then(|| frame::Clock { shown: Moment::of(now, now), real: Moment::of(real, now), frozen })
    }

    async fn pools(&self) -> Result<Vec<PoolName>, Error> {
        let output = self.call_aside("ListUserPools", serde_json::json!({ "MaxResults": SWITCH_MAX })).await?;
        Ok(names(&output))
    }

    /// The page has the first answer of ListUserPools: the switcher need not ask again.
    pub fn knows_pools(&mut self, listed: &Json) {
        self.pools = Some(names(listed));
    }

    /// The page, with the calls that were noted.
    pub fn show(self, view: View) -> Response {
        self.show_as(StatusCode::OK, view)
    }

    /// As [`Visit::show`], with another status: 400 for a form that comes back.
    pub fn show_as(mut self, status: StatusCode, mut view: View) -> Response {
        view.equivalents = std::mem::take(&mut self.called);
        let mut response = shell::draw(&self.app, status, &view);
        response.headers_mut().append(header::SET_COOKIE, self.token_cookie);
        if self.said.is_some() {
            response.headers_mut().append(header::SET_COOKIE, cookies::clear(SAID, self.https));
        }
        response
    }

    /// After a form: on to `url`, where `said` is said.
    pub fn go(self, url: &str, said: &str) -> Response {
        self.gone(url, said, None)
    }

    /// As [`Visit::go`], after a deletion: with the way to its undo, if there is one.
    pub fn go_undoable(self, url: &str, said: &str) -> Response {
        let id = self.ctx.deletion().map(str::to_owned);
        self.gone(url, said, id.as_deref())
    }

    fn gone(self, url: &str, said: &str, undo: Option<&str>) -> Response {
        let said = format!("{}\0{said}", undo.unwrap_or_default());
        let mut response = see(url);
        response.headers_mut().append(header::SET_COOKIE, cookies::set(SAID, &URL_SAFE_NO_PAD.encode(&said), self.https));
        response
    }

    /// The page instead of one that cannot be made: what happened and the next step. Always with the event's id.
    pub async fn failed(self, error: &Error) -> Response {
        let (status, title) = match error.code() {
            Code::Aws(ErrorCode::ResourceNotFoundException | ErrorCode::UserNotFoundException) => {
                (StatusCode::NOT_FOUND, "Not found")
            }
            Code::Aws(ErrorCode::InternalErrorException) => (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be made"),
            Code::Aws(ErrorCode::TooManyRequestsException) => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            _ => (StatusCode::BAD_REQUEST, "This request cannot be answered"),
        };
        if status.is_server_error() {
            tracing::error!(request_id = %self.ctx.request_id, cause = ?error.detail().map(|d| d.cause.as_str()), "a console page");
        }
        let mut view = self.view(None, title, Vec::new()).await;
        view.blocks.push(Block::Notice {
            state: State::Bad,
            text: format!("{}: {}", error.code().as_str(), error.message()),
            link: None,
        });
        view.blocks.push(Block::Prose {
            title: None,
            text: format!(
                "Nothing was changed. The event's id is {}; the log of the server has more under it.",
                self.ctx.request_id
            ),
        });
        view.actions = vec![Link::new("Go to user pools", paths::POOLS), Link::new("Go to the console's home", paths::HOME)];
        self.show_as(status, view)
    }

    /// What the menu may lead to.
    pub fn reach(&self) -> Reach {
        let open = self.seat == Seat::Open;
        Reach {
            signed_in: self.seat != Seat::Door,
            inbox: open && self.app.engine.inbox.is_some(),
            flow: self.seat.may(Need::Write),
            operators: self.seat.may(Need::Operators),
            account: matches!(self.seat, Seat::Operator(_)),
        }
    }

    pub fn seat(&self) -> &Seat {
        &self.seat
    }

    /// A page instead of one that the operator's role does not reach.
    pub async fn forbidden(self, need: Need) -> Response {
        self.ctx.entry("ConsoleRequest").end_as("AccessDeniedException");
        let mut view = self.view(None, "Your role does not allow this", Vec::new()).await;
        view.blocks.push(Block::Notice { state: State::Bad, text: lacking(need), link: None });
        let text = format!("Nothing was changed. The event's id is {}. An owner can change your role.", self.ctx.request_id);
        view.blocks.push(Block::Prose { title: None, text });
        view.actions = vec![Link::new("Go to the console's home", paths::HOME)];
        self.show_as(StatusCode::FORBIDDEN, view)
    }

    /// The sentence to say above a form. A fault of ours is no sentence but a page.
    ///
    /// # Errors
    /// [`Stop`] with that page.
    pub async fn said(self, error: &Error) -> Result<(Self, String), Stop> {
        match error.code() {
            Code::Aws(ErrorCode::InternalErrorException) => Err(self.failed(error).await.into()),
            _ => {
                let said = error.message().to_owned();
                Ok((self, said))
            }
        }
    }
}

/// A form sent by one of our own pages. Whoever takes this has the proof that it was (checklist 51).
pub struct Posted {
    pub visit: Visit,
    pub form: Params,
}

impl Posted {
    /// As [`Visit::enter`].
    ///
    /// # Errors
    /// As [`Visit::enter`].
    pub async fn enter(self, pool: &str) -> Result<(Self, Arc<Pool>), Stop> {
        let (visit, pool) = self.visit.enter(pool).await?;
        Ok((Self { visit, form: self.form }, pool))
    }

    /// A field as typed, without the spaces around it; empty where it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.form.get(name).ok().flatten().unwrap_or_default().trim()
    }

    /// A field as typed, spaces and all: for passwords.
    pub fn raw(&self, name: &str) -> &str {
        self.form.get_raw(name).ok().flatten().unwrap_or_default()
    }

    /// Whether a box was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// Every value of a field that may come more than once.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.form.all(name).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// The lines of a field that are not empty.
    pub fn lines(&self, name: &str) -> Vec<String> {
        self.text(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

impl FromRequest<AppState> for Posted {
    type Rejection = Stop;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Stop> {
        let (mut parts, body) = request.into_parts();
        let mut visit = Visit::from_request_parts(&mut parts, app).await?;
        let Some(reached) = parts.extensions.get::<Reached>() else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response().into());
        };
        let text = axum::body::to_bytes(body, FORM_MAX).await.ok();
        let text = text.as_deref().and_then(|body| std::str::from_utf8(body).ok());
        let Some(form) = text.and_then(|text| Params::parse_at_most(text, FIELDS_MAX).ok()) else {
            return Err(unreadable(visit).await.into());
        };
        if !csrf::accepts(&visit.ctx, reached, &parts.headers, form.get("_csrf").ok().flatten()) {
            return Err(forged(visit).await.into());
        }
        // Whatever a form deletes can be put back: no page has to remember it.
        visit.ctx.keep_deleted(true);
        Ok(Self { visit, form })
    }
}

fn lacking(need: Need) -> String {
    format!("This needs the role {}.", need.role().as_str())
}

fn names(listed: &Json) -> Vec<PoolName> {
    let named = |pool: &Json| PoolName { id: text(pool, "Id").to_owned(), name: text(pool, "Name").to_owned() };
    list(listed, "UserPools").iter().map(named).collect()
}

/// Of a page that a link leads to its address; of another the console's home.
fn back(parts: &Parts) -> String {
    let address = parts.uri.path_and_query().map_or(parts.uri.path(), |whole| whole.as_str());
    let fits = parts.method == Method::GET && address.len() <= BACK_MAX;
    if fits { address.to_owned() } else { paths::HOME.to_owned() }
}

/// What was said, and the id of the deletion that it was about.
fn heard(cookie: &str) -> Option<(String, Option<String>)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cookie).ok()?).ok()?;
    let (undo, said) = text.split_once('\0')?;
    Some((said.to_owned(), Some(undo.to_owned()).filter(|id| !id.is_empty())))
}

async fn unreadable(visit: Visit) -> Response {
    let mut view = visit.view(None, "This request cannot be read", Vec::new()).await;
    let text = "It is not a form of this page, is too large, or did not arrive whole. Nothing was changed.".to_owned();
    view.blocks.push(Block::Notice { state: State::Bad, text, link: None });
    visit.show_as(StatusCode::BAD_REQUEST, view)
}

/// A post without the token of our form, or from elsewhere (cross-site request forgery). An old page in an honest browser
/// ends here too.
async fn forged(visit: Visit) -> Response {
    let mut view = visit.view(None, "This form is no longer valid", Vec::new()).await;
    let text =
        "Nothing was changed. The page may be old, cookies may be switched off, or the form may have been sent by another site.";
    let link = Some(Link::new("Open the page again", &visit.path));
    view.blocks.push(Block::Notice { state: State::Bad, text: text.to_owned(), link });
    visit.show_as(StatusCode::FORBIDDEN, view)
}
