//! What a pool's settings are where the request does not say, and how a request becomes the stored document.
//! CreateUserPool and UpdateUserPool (which resets what it is not told, API reference) both go through [`complete`].
use std::collections::BTreeMap;

use poolhouse_wire::types::{
    AccountRecoverySettingType, AcrLevelConfigType, AuthFactorType, CreateUserPoolRequest, DcrConfigurationType,
    DefaultEmailOptionType, DeletionProtectionType, EmailSendingAccountType, EncryptionKeyType, IssuerType, LambdaConfigType,
    OAuthFlowType, PasswordPolicyType, RecoveryOptionNameType, RecoveryOptionType, StatusType, UpdateUserPoolRequest,
    UserPoolMfaType, UserPoolTierType, UserPoolType,
};

use super::password_policy;

/// Days a temporary password lives where nothing else is said (API reference, PasswordPolicyType).
const TEMPORARY_PASSWORD_DAYS: i32 = 7;

/// The settings of a new pool, as asked: nothing filled in yet. Id, dates and schema are the operation's.
pub fn of_create(input: CreateUserPoolRequest) -> UserPoolType {
    UserPoolType {
        name: Some(input.pool_name),
        policies: input.policies,
        deletion_protection: input.deletion_protection,
        lambda_config: input.lambda_config,
        auto_verified_attributes: input.auto_verified_attributes,
        alias_attributes: input.alias_attributes.filter(|list| !list.is_empty()),
        username_attributes: input.username_attributes.filter(|list| !list.is_empty()),
        sms_verification_message: input.sms_verification_message,
        email_verification_message: input.email_verification_message,
        email_verification_subject: input.email_verification_subject,
        verification_message_template: input.verification_message_template,
        sms_authentication_message: input.sms_authentication_message,
        user_attribute_update_settings: input.user_attribute_update_settings,
        mfa_configuration: input.mfa_configuration,
        device_configuration: input.device_configuration,
        email_configuration: input.email_configuration,
        sms_configuration: input.sms_configuration,
        user_pool_tags: input.user_pool_tags,
        admin_create_user_config: input.admin_create_user_config,
        user_pool_add_ons: input.user_pool_add_ons,
        dcr_configuration: input.dcr_configuration,
        username_configuration: input.username_configuration,
        account_recovery_setting: input.account_recovery_setting,
        user_pool_tier: input.user_pool_tier,
        key_configuration: input.key_configuration,
        issuer_configuration: input.issuer_configuration,
        acr_configuration: input.acr_configuration,
        ..UserPoolType::default()
    }
}

/// The settings after an update. Kept: what cannot change after creation (schema, aliases, user name attributes and
/// case), the name, and DcrConfiguration (its members' prose). Everything else that is left out is reset.
pub fn of_update(input: UpdateUserPoolRequest, old: &UserPoolType) -> UserPoolType {
    UserPoolType {
        id: old.id.clone(),
        arn: old.arn.clone(),
        creation_date: old.creation_date,
        schema_attributes: old.schema_attributes.clone(),
        alias_attributes: old.alias_attributes.clone(),
        username_attributes: old.username_attributes.clone(),
        username_configuration: old.username_configuration.clone(),
        name: input.pool_name.or_else(|| old.name.clone()),
        policies: input.policies,
        deletion_protection: input.deletion_protection,
        lambda_config: input.lambda_config,
        auto_verified_attributes: input.auto_verified_attributes,
        sms_verification_message: input.sms_verification_message,
        email_verification_message: input.email_verification_message,
        email_verification_subject: input.email_verification_subject,
        verification_message_template: input.verification_message_template,
        sms_authentication_message: input.sms_authentication_message,
        user_attribute_update_settings: input.user_attribute_update_settings,
        mfa_configuration: input.mfa_configuration,
        device_configuration: input.device_configuration,
        email_configuration: input.email_configuration,
        sms_configuration: input.sms_configuration,
        user_pool_tags: input.user_pool_tags,
        admin_create_user_config: input.admin_create_user_config,
        user_pool_add_ons: input.user_pool_add_ons,
        dcr_configuration: input.dcr_configuration.or_else(|| old.dcr_configuration.clone()),
        account_recovery_setting: input.account_recovery_setting,
        user_pool_tier: input.user_pool_tier,
        key_configuration: input.key_configuration,
        issuer_configuration: input.issuer_configuration,
        acr_configuration: input.acr_configuration,
        ..UserPoolType::default()
    }
}

/// Fills in every default (composed from real replies of DescribeUserPool). Call after [`super::rules::check`], which
/// must see what was asked and not what we filled in.
pub fn complete(pool: &mut UserPoolType) {
    complete_passwords(pool);
    complete_messages(pool);
    pool.deletion_protection.get_or_insert(DeletionProtectionType::Inactive);
    complete_triggers(pool.lambda_config.get_or_insert_default());
    pool.auto_verified_attributes = pool.auto_verified_attributes.take().filter(|list| !list.is_empty());
    pool.user_attribute_update_settings
        .get_or_insert_default()
        .attributes_require_verification_before_update
        .get_or_insert_default();
    pool.mfa_configuration.get_or_insert(UserPoolMfaType::Off);
    pool.estimated_number_of_users = None;
    pool.email_configuration.get_or_insert_default().email_sending_account.get_or_insert(EmailSendingAccountType::CognitoDefault);
    pool.user_pool_tags.get_or_insert_default();
    pool.account_recovery_setting.get_or_insert_with(account_recovery);
    pool.user_pool_tier.get_or_insert(UserPoolTierType::Essentials);
    pool.key_configuration.get_or_insert_default().key_type.get_or_insert(EncryptionKeyType::AwsOwnedKey);
    pool.issuer_configuration.get_or_insert_default().r#type.get_or_insert(IssuerType::Original);
    pool.acr_configuration = Some(acr(pool.acr_configuration.take().unwrap_or_default()));
    if let Some(dcr) = pool.dcr_configuration.as_mut() {
        complete_dcr(dcr);
    }
}

/// The password policy, and the two names of one number: the days a temporary password lives.
fn complete_passwords(pool: &mut UserPoolType) {
    let admin = pool.admin_create_user_config.get_or_insert_default();
    let policies = pool.policies.get_or_insert_default();
    let policy = policies
        .password_policy
        .get_or_insert_with(|| PasswordPolicyType { temporary_password_validity_days: None, ..password_policy::default() });
    let days = [policy.temporary_password_validity_days, admin.unused_account_validity_days]
        .into_iter()
        .flatten()
        .find(|days| *days != 0)
        .unwrap_or(TEMPORARY_PASSWORD_DAYS);
    policy.temporary_password_validity_days = Some(days);
    // A policy that is given says no where it says nothing: these are plain booleans on the wire.
    policy.minimum_length.get_or_insert(8);
    policy.require_uppercase.get_or_insert(false);
    policy.require_lowercase.get_or_insert(false);
    policy.require_numbers.get_or_insert(false);
    policy.require_symbols.get_or_insert(false);
    policies
        .sign_in_policy
        .get_or_insert_default()
        .allowed_first_auth_factors
        .get_or_insert_with(|| vec![AuthFactorType::Password]);
    admin.unused_account_validity_days = Some(days);
    admin.allow_admin_create_user_only.get_or_insert(false);
}

/// The template, and the three members that older clients set in its place.
fn complete_messages(pool: &mut UserPoolType) {
    let template = pool.verification_message_template.get_or_insert_default();
    template.default_email_option.get_or_insert(DefaultEmailOptionType::ConfirmWithCode);
    let inherit = |member: &mut Option<String>, old: &Option<String>| {
        if member.is_none() {
            member.clone_from(old);
        }
    };
    inherit(&mut template.sms_message, &pool.sms_verification_message);
    if template.default_email_option == Some(DefaultEmailOptionType::ConfirmWithCode) {
        inherit(&mut template.email_message, &pool.email_verification_message);
        inherit(&mut template.email_subject, &pool.email_verification_subject);
    }
}

/// PreTokenGeneration and the ARN of PreTokenGenerationConfig are one function under two names.
fn complete_triggers(config: &mut LambdaConfigType) {
    if let Some(versioned) = &config.pre_token_generation_config {
        config.pre_token_generation = Some(versioned.lambda_arn.clone());
    }
}

/// Email first, then telephone (observed in replies for pools made without the setting).
fn account_recovery() -> AccountRecoverySettingType {
    let option = |priority, name| RecoveryOptionType { priority, name };
    AccountRecoverySettingType {
        recovery_mechanisms: Some(vec![
            option(1, RecoveryOptionNameType::VerifiedEmail),
            option(2, RecoveryOptionNameType::VerifiedPhoneNumber),
        ]),
    }
}

/// The four levels of authentication assurance and their names where the pool gives none (API reference).
pub const ACR_DEFAULTS: [(&str, &str); 4] = [
    ("Level1", "urn:cognito:loa:1"),
    ("Level2", "urn:cognito:loa:2"),
    ("Level3", "urn:cognito:loa:3"),
    ("Level4", "urn:cognito:loa:4"),
];

/// The names in force: the pool's own, and the default for every other level.
pub fn acr(mut own: BTreeMap<String, AcrLevelConfigType>) -> BTreeMap<String, AcrLevelConfigType> {
    for (level, name) in ACR_DEFAULTS {
        own.entry(level.to_owned()).or_insert_with(|| AcrLevelConfigType { acr_value: name.to_owned() });
    }
    own
}

/// A configuration that is given switches registration on and permits what its prose says.
fn complete_dcr(dcr: &mut DcrConfigurationType) {
    dcr.enable_status.get_or_insert(StatusType::Enabled);
    dcr.open_dcr_enabled.get_or_insert(false);
    dcr.authenticated_grant_types.get_or_insert_with(|| vec![OAuthFlowType::Code, OAuthFlowType::ClientCredentials]);
    dcr.open_dcr_grant_types.get_or_insert_with(|| vec![OAuthFlowType::Code]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn created(body: serde_json::Value) -> serde_json::Value {
        let mut pool = of_create(serde_json::from_value(body).expect("a request"));
        complete(&mut pool);
        serde_json::to_value(pool).expect("a document")
    }

    #[test]
    fn a_pool_with_only_a_name_has_cognitos_defaults() {
        let expected = json!({
            "Name": "p",
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true,
                    "RequireSymbols": true, "TemporaryPasswordValidityDays": 7
                },
                "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD"] }
            },
            "DeletionProtection": "INACTIVE",
            "LambdaConfig": {},
            "VerificationMessageTemplate": { "DefaultEmailOption": "CONFIRM_WITH_CODE" },
            "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": [] },
            "MfaConfiguration": "OFF",
            "EmailConfiguration": { "EmailSendingAccount": "COGNITO_DEFAULT" },
            "UserPoolTags": {},
            "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7 },
            "AccountRecoverySetting": { "RecoveryMechanisms": [
                { "Priority": 1, "Name": "verified_email" }, { "Priority": 2, "Name": "verified_phone_number" }
            ] },
            "UserPoolTier": "ESSENTIALS",
            "KeyConfiguration": { "KeyType": "AWS_OWNED_KEY" },
            "IssuerConfiguration": { "Type": "ORIGINAL" },
            "AcrConfiguration": {
                "Level1": { "AcrValue": "urn:cognito:loa:1" }, "Level2": { "AcrValue": "urn:cognito:loa:2" },
                "Level3": { "AcrValue": "urn:cognito:loa:3" }, "Level4": { "AcrValue": "urn:cognito:loa:4" }
            }
        });
        assert_eq!(created(json!({ "PoolName": "p" })), expected);
    }

    #[test]
    fn a_given_policy_requires_only_what_it_says() {
        let pool = created(json!({ "PoolName": "p", "Policies": { "PasswordPolicy": { "RequireNumbers": true } } }));
        let expected = json!({
            "MinimumLength": 8, "RequireUppercase": false, "RequireLowercase": false, "RequireNumbers": true,
            "RequireSymbols": false, "TemporaryPasswordValidityDays": 7
        });
        assert_eq!(pool["Policies"]["PasswordPolicy"], expected);
    }

    #[test]
    fn the_old_name_of_the_temporary_passwords_days_still_counts() {
        let pool = created(json!({ "PoolName": "p", "AdminCreateUserConfig": { "UnusedAccountValidityDays": 3 } }));
        assert_eq!(pool["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"], 3);
        let zero = created(json!({ "PoolName": "p", "Policies": { "PasswordPolicy": { "TemporaryPasswordValidityDays": 0 } } }));
        assert_eq!(zero["AdminCreateUserConfig"]["UnusedAccountValidityDays"], 7);
    }

    #[test]
    fn an_update_resets_what_it_leaves_out_and_keeps_what_cannot_change() {
        let mut old = of_create(
            serde_json::from_value(json!({
                "PoolName": "p", "DeletionProtection": "ACTIVE", "AliasAttributes": ["email"],
                "UsernameConfiguration": { "CaseSensitive": false }, "UserPoolTags": { "a": "b" },
                "DcrConfiguration": { "EnableStatus": "Disabled" }
            }))
            .expect("a request"),
        );
        complete(&mut old);
        let mut new = of_update(serde_json::from_value(json!({ "UserPoolId": "r_p" })).expect("a request"), &old);
        complete(&mut new);
        let new = serde_json::to_value(new).expect("a document");
        assert_eq!(new["Name"], "p");
        assert_eq!(new["DeletionProtection"], "INACTIVE");
        assert_eq!(new["UserPoolTags"], json!({}));
        assert_eq!(new["AliasAttributes"], json!(["email"]));
        assert_eq!(new["UsernameConfiguration"], json!({ "CaseSensitive": false }));
        assert_eq!(new["DcrConfiguration"]["EnableStatus"], "Disabled");
    }
}
