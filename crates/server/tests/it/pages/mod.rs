//! The sign-in pages through the whole router, on a real database: a browser that keeps cookies and fills in forms, against a pool made by the
//! same operations as any other.

mod forgery;
mod new_password;
mod recovery;
mod refusals;
mod sessions;
mod sign_in;
mod sign_up;
mod steps;
mod world;
