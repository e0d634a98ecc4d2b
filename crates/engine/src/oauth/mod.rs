//! The OAuth2 and OpenID Connect endpoints of a pool, without HTTP: parameters in, decisions out. The server's routes
//! and the sign-in pages call these; nothing is decided twice.
pub mod authorize;
pub mod browser;
pub mod client;
pub mod discovery;
pub mod grants;
pub mod logout;
pub mod params;
pub mod revoke;
pub mod runs;
pub mod scopes;
pub mod site;
pub mod token;
pub mod userinfo;
