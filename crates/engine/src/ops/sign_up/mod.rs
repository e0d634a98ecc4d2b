//! Signing up: thin names over [`crate::account::sign_up`].
pub mod confirm_sign_up;
pub mod resend_confirmation_code;
#[expect(clippy::module_inception, reason = "the operation has its family's name")]
pub mod sign_up;
