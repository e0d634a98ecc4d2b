//! Settings that are stored and described back before anything acts on them. Where ignoring one would weaken a
//! sign-in, the rule that would have asked it refuses instead: nothing fails silently.
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::UserPoolMfaType;

use super::Pool;
use crate::error::{Error, Result};

/// Members that are stored and described back while nothing acts on them yet, each with what would. Published in the
/// compatibility notes; a member leaves the list with the change that builds it.
pub const STORED_ONLY: &[(&str, &str)] = &[
    ("UserPool.AcrConfiguration", "step-up authentication: the acr claim of tokens"),
    ("UserPool.DcrConfiguration", "dynamic client registration"),
    ("UserPool.DeviceConfiguration", "remembered devices"),
    ("UserPool.EmailConfiguration", "choice of the mail service per pool; From and ReplyToEmailAddress are used"),
    ("UserPool.IssuerConfiguration", "choice of the issuer per pool (the server's issuer mode decides)"),
    ("UserPool.KeyConfiguration", "pool keys kept in an external key service"),
    ("UserPool.LambdaConfig", "triggers: what would have fired one refuses instead"),
    ("UserPool.MfaConfiguration", "second factors: sign-in to a pool with ON is refused"),
    ("UserPool.Policies.PasswordPolicy.PasswordHistorySize", "refusal of passwords that were used before"),
    ("UserPool.Policies.SignInPolicy", "choice-based sign-in (USER_AUTH) without a password"),
    ("UserPool.SmsAuthenticationMessage", "one-time codes and second factors by SMS"),
    ("UserPool.SmsConfiguration", "choice of the SMS sender per pool"),
    ("UserPool.UserPoolAddOns", "threat protection"),
    ("UserPoolClient.AnalyticsConfiguration", "campaign analytics; there is no service to report to"),
    ("UserPoolClient.EnablePropagateAdditionalUserContextData", "threat protection"),
    ("UserPoolClient.ExplicitAuthFlows ALLOW_CUSTOM_AUTH", "challenges defined by triggers"),
    ("UserPoolClient.ExplicitAuthFlows ALLOW_TOKEN_EXCHANGE_*", "GetDerivedToken"),
    ("UserPoolClient.ExplicitAuthFlows ALLOW_USER_AUTH", "choice-based sign-in"),
    ("UserPoolClient.SupportedIdentityProviders", "federation: only COGNITO exists"),
    ("UserPoolDomain.CustomDomainConfig", "certificates: TLS ends where the server's own configuration says"),
    ("UserPoolDomain.Routing", "replicas of a pool in other regions"),
];

/// The triggers of LambdaConfig that today's operations would fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    PreSignUp,
    PostConfirmation,
    PreAuthentication,
    PostAuthentication,
    PreTokenGeneration,
    CustomMessage,
}

/// Refuses, as a function that cannot be invoked does, where the pool has this trigger: a pre-sign-up or
/// pre-authentication check must not be skipped because it cannot run.
pub fn no_trigger(pool: &Pool, trigger: Trigger) -> Result<()> {
    let Some(config) = pool.document.lambda_config.as_ref() else { return Ok(()) };
    let (name, set) = match trigger {
        Trigger::PreSignUp => ("PreSignUp", config.pre_sign_up.is_some()),
        Trigger::PostConfirmation => ("PostConfirmation", config.post_confirmation.is_some()),
        Trigger::PreAuthentication => ("PreAuthentication", config.pre_authentication.is_some()),
        Trigger::PostAuthentication => ("PostAuthentication", config.post_authentication.is_some()),
        Trigger::PreTokenGeneration => {
            ("PreTokenGeneration", config.pre_token_generation.is_some() || config.pre_token_generation_config.is_some())
        }
        Trigger::CustomMessage => (
            "CustomMessage",
            config.custom_message.is_some() || config.custom_email_sender.is_some() || config.custom_sms_sender.is_some(),
        ),
    };
    if set {
        return Err(Error::new(
            ErrorCode::UnexpectedLambdaException,
            format!("{name} invocation failed due to error NotImplemented: Poolhouse does not call Lambda triggers yet."),
        )
        .because(format!("pool {} has a {name} trigger", pool.id))
        .fix("Remove the trigger from LambdaConfig with UpdateUserPool."));
    }
    Ok(())
}

/// Refuses a sign-in to a pool that requires a second factor: the challenge is not built yet, and leaving it out
/// would be an MFA bypass (checklist 85).
pub fn no_required_mfa(pool: &Pool) -> Result<()> {
    if pool.document.mfa_configuration == Some(UserPoolMfaType::On) {
        return Err(Error::new(
            ErrorCode::InvalidUserPoolConfigurationException,
            "This user pool requires multi-factor authentication, which Poolhouse does not challenge for yet.",
        )
        .fix("Set MfaConfiguration to OPTIONAL or OFF with UpdateUserPool."));
    }
    Ok(())
}
