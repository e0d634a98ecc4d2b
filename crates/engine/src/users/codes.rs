//! One-time codes of sign-up, reset and attribute verification: six digits, kept as a MAC bound to pool, user, purpose,
//! destination and client (checklist 81), one alive for each purpose (83), dead after five wrong tries (79).
use poolhouse_store::Tx;
use poolhouse_store::tables::codes::{self as table, CodeRow, Taken};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{CodeDeliveryDetailsType, DeliveryMediumType, RecoveryOptionNameType};

use super::{User, aliases, attributes};
use crate::ctx::Ctx;
use crate::delivery::Medium;
use crate::error::{Error, Result};
use crate::keys::entropy;
use crate::pools::Pool;

const DIGITS: usize = 6;
/// Answers to one code that are looked at.
const ATTEMPTS_MAX: i64 = 5;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// What a code proves. A code for one purpose is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    SignUp,
    /// ForgotPassword and AdminResetUserPassword.
    Reset,
    /// The address is the user's, or becomes it.
    Email,
    PhoneNumber,
}

impl Purpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Reset => "reset",
            Self::Email => "verify_email",
            Self::PhoneNumber => "verify_phone_number",
        }
    }

    /// The purpose of verifying this attribute; `None` for what cannot be verified.
    pub fn of_attribute(name: &str) -> Option<Self> {
        match name {
            "email" => Some(Self::Email),
            "phone_number" => Some(Self::PhoneNumber),
            _ => None,
        }
    }

    /// 24 hours, one for a reset (developer guide, "Code validity").
    fn lifetime_ms(self) -> i64 {
        match self {
            Self::Reset => HOUR_MS,
            Self::SignUp | Self::Email | Self::PhoneNumber => 24 * HOUR_MS,
        }
    }
}

/// Where a code goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub medium: Medium,
    pub address: String,
}

impl Target {
    /// What the caller is told: the masked address, the medium, the attribute.
    pub fn details(&self) -> CodeDeliveryDetailsType {
        CodeDeliveryDetailsType {
            destination: Some(mask(self.medium, &self.address)),
            delivery_medium: Some(match self.medium {
                Medium::Email => DeliveryMediumType::Email,
                Medium::Sms => DeliveryMediumType::Sms,
            }),
            attribute_name: Some(self.medium.attribute().to_owned()),
        }
    }
}

/// A code and the row that makes it valid once it is written with [`put`].
#[derive(Clone)]
pub struct Issued {
    pub code: String,
    pub target: Target,
    pub row: CodeRow,
}

/// A code for `target`, for the client that asked (`None`: for any client, where an administrator asked). With
/// `pending`, the address becomes the user's only when the code comes back.
pub fn issue(
    ctx: &Ctx,
    pool: &Pool,
    sub: &str,
    purpose: Purpose,
    target: Target,
    client_id: Option<&str>,
    pending: bool,
) -> Issued {
    let code = match &ctx.engine.settings.fixed_code {
        Some(code) => code.clone(),
        None => entropy::digits(ctx.entropy(), DIGITS),
    };
    let row = CodeRow {
        pool_id: pool.id.clone(),
        sub: sub.to_owned(),
        purpose: purpose.as_str().to_owned(),
        mac: mac(ctx, pool, sub, purpose, &target.address, client_id, &code),
        destination: target.address.clone(),
        medium: target.medium.as_str().to_owned(),
        attribute: Some(target.medium.attribute().to_owned()),
        pending: pending.then(|| target.address.clone()),
        client_id: client_id.map(str::to_owned),
        attempts: 0,
        created_at: ctx.now,
        expires_at: ctx.now + purpose.lifetime_ms(),
    };
    Issued { code, target, row }
}

/// Inside a write: makes the code valid; an older one for the same purpose dies (checklist 83).
pub async fn put(tx: &mut Tx, issued: &Issued) -> poolhouse_store::Result<()> {
    table::put(tx, &issued.row).await
}

/// An answer to be taken inside a write.
#[derive(Clone)]
pub struct Answer {
    pool_id: String,
    sub: String,
    purpose: &'static str,
    /// `None` where no code can match: none was issued, or it was sent to an address the user no longer has.
    mac: Option<Vec<u8>>,
    now: i64,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Right, and used up. The address it was sent to is proven; with `pending` it is to be made the user's.
    Matched {
        address: String,
        pending: bool,
    },
    Mismatch,
    /// Never issued, expired, used, or tried too often: nothing this user can still answer.
    Expired,
}

impl Verdict {
    /// The refusal, unless it matched.
    pub fn refusal(&self) -> Option<Error> {
        match self {
            Self::Matched { .. } => None,
            Self::Mismatch => Some(mismatch()),
            Self::Expired => Some(expired()),
        }
    }
}

/// `Invalid verification code provided, please try again.` (observed).
pub fn mismatch() -> Error {
    Error::new(ErrorCode::CodeMismatchException, "Invalid verification code provided, please try again.")
}

/// `Invalid code provided, please request a code again.`: expired, or never issued (observed).
pub fn expired() -> Error {
    Error::new(ErrorCode::ExpiredCodeException, "Invalid code provided, please request a code again.")
}

/// Prepares an answer: the MAC is made here, so that the write only compares.
pub async fn answer(ctx: &Ctx, pool: &Pool, user: &User, purpose: Purpose, client_id: &str, code: &str) -> Result<Answer> {
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, &pool.id, user.sub(), purpose.as_str()).await?;
    drop(reader);
    let usable = row.filter(|row| {
        let current = user.attribute(row.attribute.as_deref().unwrap_or_default());
        // A code for an address that is no longer the user's proves nothing about the new one (checklist 82).
        row.pending.is_some() || current == Some(row.destination.as_str())
    });
    let mac = usable.map(|row| {
        let bound = row.client_id.as_deref().map(|_| client_id);
        mac(ctx, pool, user.sub(), purpose, &row.destination, bound, code.trim())
    });
    Ok(Answer { pool_id: pool.id.clone(), sub: user.sub().to_owned(), purpose: purpose.as_str(), mac, now: ctx.now })
}

/// Inside a write: uses the code up if it is the right one, else counts a wrong try, so that of many answers at once one
/// matches at most and five are looked at at most (guessing in parallel, checklist 79). The caller commits a refusal
/// too: rolled back, a wrong try would not count.
pub async fn take(tx: &mut Tx, answer: &Answer) -> poolhouse_store::Result<Verdict> {
    let Some(mac) = &answer.mac else { return Ok(Verdict::Expired) };
    let taken = table::take_if_matches(tx, &answer.pool_id, &answer.sub, answer.purpose, mac, answer.now, ATTEMPTS_MAX).await?;
    Ok(match taken {
        Taken::Matched(row) => Verdict::Matched { pending: row.pending.is_some(), address: row.destination },
        Taken::Mismatch { .. } => Verdict::Mismatch,
        Taken::Unavailable => Verdict::Expired,
    })
}

/// Inside a write: voids the user's code for this purpose.
pub async fn void(tx: &mut Tx, pool_id: &str, sub: &str, purpose: Purpose) -> poolhouse_store::Result<()> {
    table::delete(tx, pool_id, sub, purpose.as_str()).await.map(|_| ())
}

/// Inside a write: voids every code that was sent to an address the user no longer has.
pub async fn void_address(tx: &mut Tx, pool_id: &str, sub: &str, address: &str) -> poolhouse_store::Result<()> {
    table::delete_for_destination(tx, pool_id, sub, address).await.map(|_| ())
}

fn mac(ctx: &Ctx, pool: &Pool, sub: &str, purpose: Purpose, address: &str, client_id: Option<&str>, code: &str) -> Vec<u8> {
    let parts = [
        pool.id.as_bytes(),
        sub.as_bytes(),
        purpose.as_str().as_bytes(),
        address.as_bytes(),
        client_id.unwrap_or_default().as_bytes(),
        code.as_bytes(),
    ];
    ctx.engine.keys.mac("code", &parts).to_vec()
}

/// Where the code of a new sign-up goes: the phone before the mail, of those the pool verifies by itself
/// (developer guide, "Verifying at sign-up").
pub fn sign_up_target(pool: &Pool, user: &User) -> Option<Target> {
    [Medium::Sms, Medium::Email]
        .into_iter()
        .filter(|medium| pool.auto_verifies(medium.attribute()))
        .find_map(|medium| target(user, medium))
}

/// The user's address for a medium, verified or not.
pub fn target(user: &User, medium: Medium) -> Option<Target> {
    let address = user.attribute(medium.attribute()).filter(|a| !a.is_empty())?;
    Some(Target { medium, address: address.to_owned() })
}

/// Media a reset may use, in order: AccountRecoverySetting by priority; without one the phone, then the mail. Empty
/// where only an administrator may help.
pub fn recovery_media(pool: &Pool) -> Vec<Medium> {
    let setting = pool.document.account_recovery_setting.as_ref().and_then(|s| s.recovery_mechanisms.as_deref());
    let Some(mechanisms) = setting.filter(|m| !m.is_empty()) else { return vec![Medium::Sms, Medium::Email] };
    let mut ordered: Vec<_> = mechanisms.iter().collect();
    ordered.sort_by_key(|m| m.priority);
    ordered
        .into_iter()
        .filter_map(|m| match m.name {
            RecoveryOptionNameType::VerifiedEmail => Some(Medium::Email),
            RecoveryOptionNameType::VerifiedPhoneNumber => Some(Medium::Sms),
            RecoveryOptionNameType::AdminOnly => None,
        })
        .collect()
}

/// Where a reset code goes: the first recovery medium whose address is verified (an unverified one may be a
/// stranger's, checklist 89).
pub fn recovery_target(user: &User, media: &[Medium]) -> Option<Target> {
    media.iter().filter(|medium| user.verified(medium.attribute())).find_map(|medium| target(user, *medium))
}

/// `Cannot reset password for the user as there is no registered/verified email or phone_number` (observed).
pub fn no_recovery_target() -> Error {
    Error::invalid_parameter("Cannot reset password for the user as there is no registered/verified email or phone_number")
}

/// What a caller is told about a user that does not exist: the mask of the address they typed, or an invented one that
/// is the same at every try (checklist 74).
pub fn simulated_details(ctx: &Ctx, pool: &Pool, name: &str) -> CodeDeliveryDetailsType {
    let name = name.trim();
    if attributes::is_email(name) {
        return Target { medium: Medium::Email, address: name.to_owned() }.details();
    }
    if attributes::is_phone_number(name) {
        return Target { medium: Medium::Sms, address: name.to_owned() }.details();
    }
    let key = aliases::sign_in_key(pool, name);
    let seed = ctx.engine.keys.mac("simulated destination", &[pool.id.as_bytes(), key.as_bytes()]);
    let medium = recovery_media(pool).first().copied().unwrap_or(Medium::Email);
    Target { medium, address: invented(medium, &seed) }.details()
}

/// An address that is only ever shown masked.
fn invented(medium: Medium, seed: &[u8]) -> String {
    let pick = |at: usize, count: u8| seed.get(at).copied().unwrap_or(0) % count;
    let letter = |at: usize| char::from(b'a' + pick(at, 26));
    match medium {
        Medium::Email => format!("{}@{}", letter(0), letter(1)),
        Medium::Sms => {
            let digits: String = (0..4).map(|at| char::from(b'0' + pick(at, 10))).collect();
            format!("+1000000{digits}")
        }
    }
}

/// `t***@t***` for mail, `+*******9934` for phones: as many stars as hidden digits.
pub fn mask(medium: Medium, address: &str) -> String {
    match medium {
        Medium::Email => {
            let (local, domain) = address.split_once('@').unwrap_or((address, ""));
            let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
            format!("{}***@{}***", first(local), first(domain))
        }
        Medium::Sms => {
            let digits: Vec<char> = address.chars().filter(char::is_ascii_digit).collect();
            let hidden = digits.len().saturating_sub(4);
            let shown: String = digits.iter().skip(hidden).collect();
            format!("+{}{shown}", "*".repeat(hidden))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools::testing::pool;
    use poolhouse_wire::types::{AccountRecoverySettingType, RecoveryOptionType, UserPoolType};

    #[test]
    fn addresses_are_masked() {
        assert_eq!(mask(Medium::Email, "test@test.com"), "t***@t***");
        assert_eq!(mask(Medium::Sms, "+12345679934"), "+*******9934");
        assert_eq!(mask(Medium::Sms, "+123"), "+123");
    }

    #[test]
    fn recovery_goes_by_priority() {
        let option = |priority, name| RecoveryOptionType { priority, name };
        let setting = AccountRecoverySettingType {
            recovery_mechanisms: Some(vec![
                option(2, RecoveryOptionNameType::VerifiedPhoneNumber),
                option(1, RecoveryOptionNameType::VerifiedEmail),
            ]),
        };
        let by_setting = pool(UserPoolType { account_recovery_setting: Some(setting), ..Default::default() });
        assert_eq!(recovery_media(&by_setting), [Medium::Email, Medium::Sms]);
        assert_eq!(recovery_media(&pool(UserPoolType::default())), [Medium::Sms, Medium::Email]);
        let admin = AccountRecoverySettingType { recovery_mechanisms: Some(vec![option(1, RecoveryOptionNameType::AdminOnly)]) };
        assert!(recovery_media(&pool(UserPoolType { account_recovery_setting: Some(admin), ..Default::default() })).is_empty());
    }

    #[test]
    fn sec_089_an_unverified_address_is_no_recovery_target() {
        let mut user = User { row: crate::users::testing::row("ann"), attributes: Default::default() };
        user.attributes.insert("email".into(), "a@b.c".into());
        assert_eq!(recovery_target(&user, &[Medium::Sms, Medium::Email]), None);
        user.attributes.insert("email_verified".into(), "true".into());
        assert_eq!(recovery_target(&user, &[Medium::Sms, Medium::Email]).map(|t| t.medium), Some(Medium::Email));
    }

    #[test]
    fn sec_074_invented_addresses_are_masked_like_real_ones() {
        assert_eq!(mask(Medium::Email, &invented(Medium::Email, &[0, 25])), "a***@z***");
        assert_eq!(mask(Medium::Sms, &invented(Medium::Sms, &[1, 2, 3, 14])), "+*******1234");
    }
}
