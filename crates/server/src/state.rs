//! What all handlers share ([`AppState`]): the engine, the templates, and how this instance looks from outside. Knows no
//! route. Built by `assembly` and by the test harness.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use poolhouse_engine::ctx::Engine;
use poolhouse_engine::error::Detail;

use crate::client_ip::Cidr;
use crate::config::{Callers, Console};
use crate::console::wizard::drafts::Drafts;
use crate::faults::Faults;
use crate::host;
use crate::render::Renderer;

/// How many causes are remembered between the refusal and the page that shows it.
const CAUSES_MAX: usize = 64;

/// How this instance looks from outside; the same routes run whatever it says.
#[derive(Debug, Clone)]
pub struct Front {
    pub callers: Callers,
    /// Offer the inbox and the rest of `/_poolhouse/` beyond health, and tell causes on error pages.
    pub open_control: bool,
    pub console: Console,
    /// Whose forwarded headers are believed.
    pub trusted_proxies: Vec<Cidr>,
    /// What the front page tells of the demo pool.
    pub demo: Option<DemoFacts>,
}

/// The demo pool, as the front page shows it.
#[derive(Debug, Clone)]
pub struct DemoFacts {
    pub sign_in_url: String,
    /// Label and value, in the order they are shown.
    pub facts: Vec<(&'static str, String)>,
}

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// The shared part of [`AppState`].
pub struct Shared {
    pub engine: Arc<Engine>,
    pub renderer: Renderer,
    pub front: Front,
    /// Host of the configured public address, without port.
    pub public_host: Option<String>,
    /// Why recent requests were refused; kept only where the error page may tell.
    pub causes: Causes,
    /// What the control API was told to break.
    pub faults: Faults,
    /// What the console's wizard was told so far.
    pub drafts: Drafts,
    /// When this process began to serve, by the clock that nobody can set; milliseconds since the epoch.
    pub started_at: i64,
}

impl Deref for AppState {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl AppState {
    /// # Errors
    /// A template that does not parse.
    pub fn new(engine: Arc<Engine>, front: Front) -> Result<Self, minijinja::Error> {
        let authority = engine.settings.public_url.split_once("://").map(|(_, rest)| rest);
        let public_host = authority.and_then(host::host_of).map(str::to_ascii_lowercase);
        let causes = Causes::new(front.open_control);
        Ok(Self(Arc::new(Shared {
            renderer: Renderer::new()?,
            public_host,
            causes,
            started_at: engine.clock.real(),
            engine,
            front,
            faults: Faults::default(),
            drafts: Drafts::default(),
        })))
    }
}

/// Causes of recent refusals by request id. Empty for ever where the page may not tell.
pub struct Causes {
    kept: Mutex<VecDeque<(String, Detail)>>,
    on: bool,
}

impl Causes {
    #[must_use]
    pub fn new(on: bool) -> Self {
        Self { kept: Mutex::new(VecDeque::new()), on }
    }

    /// Remembers why a request was refused, where it may be told; whether it may.
    pub fn keep(&self, id: &str, detail: Option<&Detail>) -> bool {
        let Some(detail) = detail.filter(|_| self.on) else { return false };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= CAUSES_MAX {
            kept.pop_front();
        }
        kept.push_back((id.to_owned(), detail.clone()));
        true
    }

    /// The cause of this request's refusal.
    pub fn find(&self, id: &str) -> Option<Detail> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == id).map(|(_, detail)| detail.clone())
    }
}
