//! Where each page is: Cognito's paths. Called by the router and by whoever writes an address of ours.

pub const LOGIN: &str = "/login";
/// Older scripts post here (observed).
pub const LOGIN_ALIAS: &str = "/oauth2/login";
pub const NEW_PASSWORD: &str = "/changePassword";
pub const SIGN_UP: &str = "/signup";
pub const CONFIRM: &str = "/confirm";
pub const RESEND: &str = "/resendcode";
pub const LINK: &str = "/confirmUser";
pub const FORGOT: &str = "/forgotPassword";
pub const RESET: &str = "/confirmforgotPassword";
/// The spelling one would expect.
pub const RESET_ALIAS: &str = "/confirmForgotPassword";

/// Pages with a form.
pub const ALL: [&str; 7] = [LOGIN, NEW_PASSWORD, SIGN_UP, CONFIRM, RESEND, FORGOT, RESET];
