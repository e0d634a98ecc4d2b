//! The pages a browser sees: sign-in pages on every pool domain, and in development the front page. Owns what a page may say
//! ([`contexts`]), the requests to it ([`visit`], [`posted`]) and which page follows which; how it looks is the templates' business, and what is allowed
//! is the engine's.

pub mod contexts;
mod errors;
pub mod fields;
mod form;
pub mod look;
mod new_password;
pub mod paths;
mod posted;
mod recovery;
mod samples;
mod sign_in;
mod sign_up;
mod step;
mod tool_samples;
pub mod tools;
mod visit;

use axum::Router;
use axum::routing::{MethodRouter, get, post};

use crate::missing;
use crate::state::AppState;

/// The sign-in pages, for a pool's domain and for our own address.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route(paths::LOGIN, page(get(sign_in::get).post(sign_in::post)))
        .route(paths::LOGIN_ALIAS, post(sign_in::post))
        .route(paths::NEW_PASSWORD, page(get(new_password::get).post(new_password::post)))
        .route(paths::SIGN_UP, page(get(sign_up::get).post(sign_up::post)))
        .route(paths::CONFIRM, page(get(sign_up::confirm_get).post(sign_up::confirm_post)))
        .route(paths::RESEND, page(get(sign_up::resend_get).post(sign_up::resend)))
        .route(paths::LINK, get(sign_up::link))
        .route(paths::FORGOT, page(get(recovery::get).post(recovery::post)))
        .route(paths::RESET, page(get(recovery::reset_get).post(recovery::reset_post)))
        .route(paths::RESET_ALIAS, page(get(recovery::reset_get).post(recovery::reset_post)))
}

/// HEAD would otherwise run the GET handler, which may hand out a code that nobody sees.
fn page(methods: MethodRouter<AppState>) -> MethodRouter<AppState> {
    methods.head(missing::method_not_allowed)
}
