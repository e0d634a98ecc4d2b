//! The OAuth 2.0 and OpenID Connect endpoints through the wire: every refusal of the security checklist's first part, and
//! the modules of the OpenID conformance plans that apply, each as a test of its own.

mod authorize;
mod claims;
mod clients;
mod code;
mod implicit;
mod logout;
mod machine;
mod pkce;
mod prompt;
mod races;
mod redirects;
mod refresh;
mod revocation;
pub mod tools;
mod typing;
mod userinfo;
