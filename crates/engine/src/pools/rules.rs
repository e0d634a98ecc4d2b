//! What a pool's settings must agree on across members; the model's constraints on single members were checked before.
//! Called by CreateUserPool and UpdateUserPool on the document as asked, before defaults are filled in.
//! Sentences marked "ours" are our own: the service's were never seen.
use std::collections::{BTreeMap, BTreeSet};

use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{
    AdvancedSecurityModeType, AuthFactorType, DefaultEmailOptionType, EmailSendingAccountType, EncryptionKeyType,
    PreTokenGenerationLambdaVersionType, RecoveryOptionNameType, StatusType, UserPoolMfaType, UserPoolTierType, UserPoolType,
};

use super::defaults;
use crate::error::{Error, Result};

/// Tags one pool may have (AWS tagging quota).
const TAGS_MAX: usize = 50;

/// Refuses settings that contradict each other, naming the first contradiction.
pub fn check(pool: &UserPoolType) -> Result<()> {
    sign_in_names(pool)?;
    temporary_password_days(pool)?;
    mfa(pool)?;
    first_factors(pool)?;
    verification_template(pool)?;
    update_settings(pool)?;
    recovery(pool)?;
    senders(pool)?;
    triggers(pool)?;
    encryption_key(pool)?;
    acr_names(pool)?;
    tier(pool)?;
    if let Some(tags) = &pool.user_pool_tags {
        check_tags(tags).map_err(|e| Error::new(ErrorCode::UserPoolTaggingException, e.message().to_owned()))?;
    }
    Ok(())
}

/// Aliases and user name attributes exclude each other (observed).
fn sign_in_names(pool: &UserPoolType) -> Result<()> {
    if pool.alias_attributes.is_some() && pool.username_attributes.is_some() {
        return refuse("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.");
    }
    Ok(())
}

/// The old and the new name of one number may not both be given (observed); 0 counts as not given (API reference).
fn temporary_password_days(pool: &UserPoolType) -> Result<()> {
    let policy = pool.policies.as_ref().and_then(|p| p.password_policy.as_ref());
    let given = |days: Option<i32>| days.is_some_and(|days| days != 0);
    if given(policy.and_then(|p| p.temporary_password_validity_days))
        && given(pool.admin_create_user_config.as_ref().and_then(|c| c.unused_account_validity_days))
    {
        return refuse("Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays");
    }
    Ok(())
}

/// These two operations know second factors by SMS only; others are set with SetUserPoolMfaConfig (API reference).
fn mfa(pool: &UserPoolType) -> Result<()> {
    let wanted = matches!(pool.mfa_configuration, Some(UserPoolMfaType::On | UserPoolMfaType::Optional));
    if wanted && pool.sms_configuration.is_none() {
        return refuse("SMS configuration and Auto verification for phone_number are required when MFA is required/optional");
    }
    Ok(())
}

fn factors(pool: &UserPoolType) -> &[AuthFactorType] {
    pool.policies
        .as_ref()
        .and_then(|p| p.sign_in_policy.as_ref())
        .and_then(|p| p.allowed_first_auth_factors.as_deref())
        .unwrap_or_default()
}

/// A time-based code is no first factor (API reference, SignInPolicyType). Words ours.
fn first_factors(pool: &UserPoolType) -> Result<()> {
    if factors(pool).contains(&AuthFactorType::SoftwareToken) {
        return refuse("SOFTWARE_TOKEN is not supported in AllowedFirstAuthFactors.");
    }
    Ok(())
}

/// One kind of verification mail: with a code or with a link (API reference). Words ours.
fn verification_template(pool: &UserPoolType) -> Result<()> {
    let Some(template) = &pool.verification_message_template else { return Ok(()) };
    if template.email_message.is_some() && template.email_message_by_link.is_some() {
        return refuse("VerificationMessageTemplate can have EmailMessage or EmailMessageByLink, not both.");
    }
    let by_link = template.default_email_option == Some(DefaultEmailOptionType::ConfirmWithLink);
    if by_link && template.email_message.is_some() {
        return refuse("EmailMessage cannot be set when DefaultEmailOption is CONFIRM_WITH_LINK.");
    }
    Ok(())
}

/// Only what is verified at all can wait for its verification. Words ours.
fn update_settings(pool: &UserPoolType) -> Result<()> {
    let waiting =
        pool.user_attribute_update_settings.iter().flat_map(|s| s.attributes_require_verification_before_update.iter().flatten());
    let verified = pool.auto_verified_attributes.as_deref().unwrap_or_default();
    for attribute in waiting {
        if !verified.contains(attribute) {
            return refuse(format!(
                "AttributesRequireVerificationBeforeUpdate has {attribute}, which is not in AutoVerifiedAttributes."
            ));
        }
    }
    Ok(())
}

/// Every way of recovery once, each with its own priority; `admin_only` stands alone (API reference).
fn recovery(pool: &UserPoolType) -> Result<()> {
    let options = pool.account_recovery_setting.as_ref().and_then(|s| s.recovery_mechanisms.as_deref()).unwrap_or_default();
    let names: BTreeSet<_> = options.iter().map(|o| o.name).collect();
    let priorities: BTreeSet<_> = options.iter().map(|o| o.priority).collect();
    if options.len() > 1 && names.contains(&RecoveryOptionNameType::AdminOnly) {
        return refuse("Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.");
    }
    if names.len() < options.len() || priorities.len() < options.len() {
        // Ours.
        return refuse("Account Recovery Setting needs a different name and priority for each recovery mechanism.");
    }
    Ok(())
}

/// Who sends: SES needs an identity; SMS goes through SNS or through End User Messaging (API reference). Words ours.
fn senders(pool: &UserPoolType) -> Result<()> {
    if let Some(email) = &pool.email_configuration
        && email.email_sending_account == Some(EmailSendingAccountType::Developer)
        && email.source_arn.is_none()
    {
        return refuse("EmailConfiguration needs a SourceArn when EmailSendingAccount is DEVELOPER.");
    }
    if let Some(sms) = &pool.sms_configuration {
        let sns = sms.sns_caller_arn.as_deref().is_some_and(|arn| !arn.is_empty());
        if sns && sms.eums_sms.is_some() {
            return refuse("SmsConfiguration can have SnsCallerArn or EumsSms, not both.");
        }
        if !sns && sms.eums_sms.is_none() {
            return refuse("SmsConfiguration needs SnsCallerArn or EumsSms.");
        }
    }
    Ok(())
}

/// Two names of one function must agree; custom senders need the key that encrypts their codes. Words ours.
fn triggers(pool: &UserPoolType) -> Result<()> {
    let Some(config) = &pool.lambda_config else { return Ok(()) };
    if let (Some(old), Some(new)) = (&config.pre_token_generation, &config.pre_token_generation_config)
        && *old != new.lambda_arn
    {
        return refuse("PreTokenGeneration and the LambdaArn of PreTokenGenerationConfig must be the same.");
    }
    if (config.custom_sms_sender.is_some() || config.custom_email_sender.is_some()) && config.kms_key_id.is_none() {
        return refuse("LambdaConfig needs a KMSKeyID when it has CustomSMSSender or CustomEmailSender.");
    }
    Ok(())
}

/// A customer's key is named, ours is not. Words ours.
fn encryption_key(pool: &UserPoolType) -> Result<()> {
    let Some(key) = &pool.key_configuration else { return Ok(()) };
    let own = key.key_type == Some(EncryptionKeyType::CustomerManagedKey);
    match (own, key.kms_key_arn.is_some()) {
        (true, false) => refuse("KeyConfiguration needs a KmsKeyArn when KeyType is CUSTOMER_MANAGED_KEY."),
        (false, true) => refuse("KeyConfiguration can have a KmsKeyArn only when KeyType is CUSTOMER_MANAGED_KEY."),
        _ => Ok(()),
    }
}

/// The names in force differ: a level must not call itself by a higher one's name (API reference). Words ours.
fn acr_names(pool: &UserPoolType) -> Result<()> {
    let names = defaults::acr(pool.acr_configuration.clone().unwrap_or_default());
    let distinct: BTreeSet<&str> = names.values().map(|level| level.acr_value.as_str()).collect();
    if distinct.len() < names.len() {
        return refuse("AcrConfiguration needs a different AcrValue for each level, default names included.");
    }
    Ok(())
}

/// What each feature plan permits (API reference, per member). Words ours.
fn tier(pool: &UserPoolType) -> Result<()> {
    let tier = pool.user_pool_tier.unwrap_or(UserPoolTierType::Essentials);
    let threat_protection =
        pool.user_pool_add_ons.as_ref().is_some_and(|add_ons| add_ons.advanced_security_mode != AdvancedSecurityModeType::Off);
    if threat_protection && tier != UserPoolTierType::Plus {
        return Err(unavailable("Threat protection", tier));
    }
    if tier != UserPoolTierType::Lite {
        return Ok(());
    }
    let dcr = pool.dcr_configuration.as_ref().is_some_and(|dcr| dcr.enable_status != Some(StatusType::Disabled));
    let own_acr = pool.acr_configuration.as_ref().is_some_and(|own| {
        own.iter().any(|(level, name)| !defaults::ACR_DEFAULTS.contains(&(level.as_str(), name.acr_value.as_str())))
    });
    let token_version =
        pool.lambda_config.as_ref().and_then(|c| c.pre_token_generation_config.as_ref()).map(|c| c.lambda_version);
    let history = pool.policies.as_ref().and_then(|p| p.password_policy.as_ref()).and_then(|p| p.password_history_size);
    let refused = [
        (factors(pool).iter().any(|f| *f != AuthFactorType::Password), "Passwordless sign-in"),
        (dcr, "Dynamic client registration"),
        (own_acr, "AcrConfiguration"),
        (token_version.is_some_and(|v| v != PreTokenGenerationLambdaVersionType::V1_0), "Access token customization"),
        (history.is_some_and(|size| size > 0), "PasswordHistorySize"),
    ];
    match refused.iter().find(|(on, _)| *on) {
        Some((_, feature)) => Err(unavailable(feature, tier)),
        None => Ok(()),
    }
}

/// A feature that the pool's plan does not have. Words ours.
pub fn unavailable(feature: &str, tier: UserPoolTierType) -> Error {
    Error::new(
        ErrorCode::FeatureUnavailableInTierException,
        format!("{feature} is not available in the {tier} feature plan of this user pool."),
    )
}

/// Tag keys with `aws:` are AWS's own; the number is bounded. Words ours.
pub fn check_tags(tags: &BTreeMap<String, String>) -> Result<()> {
    if tags.len() > TAGS_MAX {
        return refuse(format!("A user pool can have at most {TAGS_MAX} tags."));
    }
    match tags.keys().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        Some(key) => refuse(format!("Tag key {key} is reserved: keys cannot begin with aws:.")),
        None => Ok(()),
    }
}

fn refuse(message: impl Into<std::borrow::Cow<'static, str>>) -> Result<()> {
    Err(Error::invalid_parameter(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outcome(mut settings: serde_json::Value) -> std::result::Result<(), (ErrorCode, String)> {
        settings["PoolName"] = json!("p");
        let pool = defaults::of_create(serde_json::from_value(settings).expect("a request"));
        check(&pool).map_err(|e| (e.aws_code(), e.message().to_owned()))
    }

    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

    #[test]
    fn what_agrees_is_taken() {
        for settings in [
            json!({}),
            json!({ "AliasAttributes": ["email"], "UsernameAttributes": [] }),
            json!({ "MfaConfiguration": "OPTIONAL", "SmsConfiguration": { "SnsCallerArn": ARN } }),
            json!({ "AutoVerifiedAttributes": ["email"],
                    "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] } }),
            json!({ "AccountRecoverySetting": { "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] } }),
            json!({ "UserPoolTier": "PLUS", "UserPoolAddOns": { "AdvancedSecurityMode": "ENFORCED" } }),
            json!({ "AcrConfiguration": { "Level4": { "AcrValue": "gold" } } }),
        ] {
            assert_eq!(outcome(settings.clone()), Ok(()), "{settings}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused_in_cognitos_words() {
        let table = [
            (
                json!({ "AliasAttributes": ["email"], "UsernameAttributes": ["email"] }),
                "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
            ),
            (
                json!({ "MfaConfiguration": "ON" }),
                "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
            ),
            (
                json!({ "Policies": { "PasswordPolicy": { "TemporaryPasswordValidityDays": 7 } },
                        "AdminCreateUserConfig": { "UnusedAccountValidityDays": 7 } }),
                "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
            ),
            (
                json!({ "AccountRecoverySetting": { "RecoveryMechanisms": [
                    { "Priority": 1, "Name": "admin_only" }, { "Priority": 2, "Name": "verified_email" }] } }),
                "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.",
            ),
        ];
        for (settings, text) in table {
            assert_eq!(outcome(settings), Err((ErrorCode::InvalidParameterException, text.to_owned())));
        }
    }

    #[test]
    fn contradictions_without_known_words_are_refused_too() {
        for settings in [
            json!({ "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "SOFTWARE_TOKEN"] } } }),
            json!({ "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] } }),
            json!({ "AccountRecoverySetting": { "RecoveryMechanisms": [
                { "Priority": 1, "Name": "verified_phone_number" }, { "Priority": 1, "Name": "verified_email" }] } }),
            json!({ "EmailConfiguration": { "EmailSendingAccount": "DEVELOPER" } }),
            json!({ "SmsConfiguration": {} }),
            json!({ "LambdaConfig": { "CustomEmailSender": { "LambdaVersion": "V1_0", "LambdaArn": ARN } } }),
            json!({ "LambdaConfig": { "PreTokenGeneration": ARN,
                "PreTokenGenerationConfig": { "LambdaVersion": "V2_0", "LambdaArn": format!("{ARN}2") } } }),
            json!({ "KeyConfiguration": { "KeyType": "CUSTOMER_MANAGED_KEY" } }),
            json!({ "KeyConfiguration": { "KmsKeyArn": ARN } }),
            json!({ "AcrConfiguration": { "Level1": { "AcrValue": "urn:cognito:loa:4" } } }),
        ] {
            assert_eq!(outcome(settings.clone()).map_err(|e| e.0), Err(ErrorCode::InvalidParameterException), "{settings}");
        }
    }

    #[test]
    fn plans_refuse_what_they_do_not_have() {
        for settings in [
            json!({ "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } }),
            json!({ "UserPoolTier": "LITE", "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["EMAIL_OTP"] } } }),
            json!({ "UserPoolTier": "LITE", "DcrConfiguration": {} }),
        ] {
            assert_eq!(
                outcome(settings.clone()).map_err(|e| e.0),
                Err(ErrorCode::FeatureUnavailableInTierException),
                "{settings}"
            );
        }
    }

    #[test]
    fn reserved_tags_are_a_tagging_error() {
        let refused = outcome(json!({ "UserPoolTags": { "AWS:x": "1" } })).map_err(|e| e.0);
        assert_eq!(refused, Err(ErrorCode::UserPoolTaggingException));
    }
}
