//! What signed-in users do about themselves, with an access token that has `aws.cognito.signin.user.admin`
//! (checklist 104): thin names over [`crate::account`].
pub mod change_password;
pub mod delete_user;
pub mod delete_user_attributes;
pub mod get_user;
pub mod get_user_attribute_verification_code;
pub mod global_sign_out;
pub mod update_user_attributes;
pub mod verify_user_attribute;
