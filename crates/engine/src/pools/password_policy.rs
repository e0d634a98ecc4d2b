//! The password policy and Cognito's three wordings of a refusal. Called wherever a password is set (checklist 96).
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::PasswordPolicyType;

use crate::error::{Error, Result};

/// Which operation refuses: each has its own words (observed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// SignUp: `Password did not conform with policy: …`
    SignUp,
    /// ConfirmForgotPassword, ChangePassword, AdminSetUserPassword, NEW_PASSWORD_REQUIRED: `Password does not conform to policy: …`
    Set,
    /// AdminCreateUser: `Password did not conform with password policy: …`
    AdminCreate,
}

impl Wording {
    fn prefix(self) -> &'static str {
        match self {
            Self::SignUp => "Password did not conform with policy",
            Self::Set => "Password does not conform to policy",
            Self::AdminCreate => "Password did not conform with password policy",
        }
    }
}

/// The policy of a pool made without one (cognito-idp, composed from real replies).
pub fn default() -> PasswordPolicyType {
    PasswordPolicyType {
        minimum_length: Some(8),
        require_uppercase: Some(true),
        require_lowercase: Some(true),
        require_numbers: Some(true),
        require_symbols: Some(true),
        temporary_password_validity_days: Some(7),
        ..Default::default()
    }
}

/// Characters that count as symbols (developer guide, "Password requirements"); an inner space counts too.
const SYMBOLS: &str = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ";

/// The model's limit; answers to challenges are maps of strings, which it does not measure.
const LENGTH_MAX: usize = 256;

/// Refuses a password that breaks the policy, naming the first rule broken: length, upper, lower, number, symbol.
pub fn check(policy: &PasswordPolicyType, password: &str, wording: Wording) -> Result<()> {
    let wanted = |flag: Option<bool>| flag.unwrap_or(false);
    let minimum = usize::try_from(policy.minimum_length.unwrap_or(8)).unwrap_or(8);
    let length = password.chars().count();
    let broken = if length < minimum {
        "Password not long enough"
    } else if length > LENGTH_MAX {
        "Password too long"
    } else if wanted(policy.require_uppercase) && !password.chars().any(char::is_uppercase) {
        "Password must have uppercase characters"
    } else if wanted(policy.require_lowercase) && !password.chars().any(char::is_lowercase) {
        "Password must have lowercase characters"
    } else if wanted(policy.require_numbers) && !password.chars().any(|c| c.is_ascii_digit()) {
        "Password must have numeric characters"
    } else if wanted(policy.require_symbols) && !password.chars().any(|c| SYMBOLS.contains(c)) {
        "Password must have symbol characters"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorCode::InvalidPasswordException, format!("{}: {broken}", wording.prefix())))
}
