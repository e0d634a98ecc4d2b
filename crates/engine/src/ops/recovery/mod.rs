//! Getting back in: thin names over [`crate::account::recovery`].
pub mod confirm_forgot_password;
pub mod forgot_password;
