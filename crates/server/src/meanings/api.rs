//! The errors of the API. Part of `meanings`.

use super::Meaning;

/// Sorted by name.
pub(super) const ALL: &[Meaning] = &[
    Meaning {
        name: "AccessDeniedException",
        means: "the access key that signed the request may not do this",
        causes: &["The key's policy names neither this operation nor a pattern of it.", "The key is bound to other user pools."],
        next: "poolhouse access-key list shows what each key may; make another with --allow OPERATION",
    },
    Meaning {
        name: "AliasExistsException",
        means: "another user has this address or number as a name",
        causes: &[
            "Somebody confirms or verifies an email, a phone number or a preferred user name that a confirmed user of the pool already signs in with.",
        ],
        next: "find the other user (list-users with a filter), or confirm with ForceAliasCreation to take the name over",
    },
    Meaning {
        name: "CodeDeliveryFailureException",
        means: "the message with the code could not be handed over",
        causes: &["The mail relay refused it or did not answer.", "The user has no address or number for this medium."],
        next: "the server's log has what the relay answered",
    },
    Meaning {
        name: "CodeMismatchException",
        means: "the confirmation code was not the right one",
        causes: &[
            "A newer code was sent: only the newest counts.",
            "The code was for another purpose (sign-up, forgotten password, attribute) or another user.",
            "Digits were mistyped.",
        ],
        next: "read the newest message in the inbox (/_poolhouse/inbox), or have a new code sent",
    },
    Meaning {
        name: "ConcurrentModificationException",
        means: "somebody else changed the same thing at the same moment",
        causes: &["Two requests changed one object, and this one came second."],
        next: "read it again, and repeat the change on what it is now",
    },
    Meaning {
        name: "ExpiredCodeException",
        means: "the confirmation code has expired, or there is none",
        causes: &[
            "The code is older than codes live, or was used already.",
            "Five wrong codes were given: the right one is void then.",
            "No code was sent for this purpose, or the address has changed since.",
            "There is no such user, and the app client hides that (PreventUserExistenceErrors).",
        ],
        next: "have a new code sent: resend-confirmation-code or forgot-password",
    },
    Meaning {
        name: "FeatureUnavailableInTierException",
        means: "the pool's tier (LITE, ESSENTIALS, PLUS) does not have this feature",
        causes: &["The setting needs a higher UserPoolTier than the pool's."],
        next: "update-user-pool with a higher UserPoolTier; it costs nothing here",
    },
    Meaning {
        name: "ForbiddenException",
        means: "a firewall of AWS refused the request",
        causes: &["Poolhouse has no such firewall and never gives this error: the call went to AWS."],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "GroupExistsException",
        means: "the pool has a group of this name already",
        causes: &["A group of this name was made before; names are compared letter by letter."],
        next: "update-group changes the one that is there",
    },
    Meaning {
        name: "IncompleteSignatureException",
        means: "the signature of the request lacks a part",
        causes: &["The Authorization header is cut or not of Signature Version 4.", "A proxy took the x-amz-date header away."],
        next: "sign with an AWS SDK, and let the proxy pass all headers",
    },
    Meaning {
        name: "InternalErrorException",
        means: "a fault of the server, which its log tells more about",
        causes: &["The database was away, full or damaged.", "A fault was set: poolhouse fault list."],
        next: "look for the request id in the log; poolhouse check reads the whole store",
    },
    Meaning {
        name: "InternalServerException",
        means: "a fault of the server, which its log tells more about",
        causes: &["As InternalErrorException, for some operations."],
        next: "look for the request id in the log; poolhouse check reads the whole store",
    },
    Meaning {
        name: "InvalidEmailRoleAccessPolicyException",
        means: "Cognito may not send mail in the way the pool says",
        causes: &["Poolhouse sends mail by its own relay and never gives this error: the call went to AWS, or a fault was set."],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "InvalidLambdaResponseException",
        means: "a trigger of the pool answered with something that is not an answer",
        causes: &["Poolhouse does not call triggers yet and never gives this error: the call went to AWS, or a fault was set."],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "InvalidOAuthFlowException",
        means: "the OAuth settings of the app client contradict each other",
        causes: &[
            "AllowedOAuthFlows has client_credentials together with code or implicit.",
            "client_credentials is allowed for an app client without a secret.",
            "client_credentials is allowed with a scope that speaks of a user: openid, email, phone, profile.",
        ],
        next: "describe-user-pool-client shows the settings; make a second app client for machines",
    },
    Meaning {
        name: "InvalidParameterException",
        means: "a value is not one that this setting can have",
        causes: &[
            "A member is missing, too long, or not one of the allowed words: the message names it.",
            "The app client does not allow this AuthFlow (ExplicitAuthFlows).",
            "An attribute is not in the pool's schema, or may not be written by this app client.",
        ],
        next: "read the message: it says which member and which rule",
    },
    Meaning {
        name: "InvalidPasswordException",
        means: "the password does not keep the pool's password policy",
        causes: &["It is too short, or lacks a lowercase or capital letter, a digit or a symbol: the message says which."],
        next: "describe-user-pool shows Policies.PasswordPolicy",
    },
    Meaning {
        name: "InvalidSignatureException",
        means: "the signature of the request does not fit it",
        causes: &[
            "The secret access key is wrong.",
            "A proxy changed the Host header, the path or the body.",
            "The clock of the caller is more than five minutes off.",
        ],
        next: "compare the keys; have the proxy pass Host on; set the clocks",
    },
    Meaning {
        name: "InvalidSmsRoleAccessPolicyException",
        means: "Cognito may not send SMS in the way the pool says",
        causes: &["Poolhouse does not use the role and never gives this error: the call went to AWS, or a fault was set."],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "InvalidSmsRoleTrustRelationshipException",
        means: "the role for SMS does not trust Cognito",
        causes: &["Poolhouse does not use the role and never gives this error: the call went to AWS, or a fault was set."],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "InvalidUserPoolConfigurationException",
        means: "the settings of the user pool do not allow what was asked",
        causes: &["The pool requires a second factor (MfaConfiguration ON), which Poolhouse does not challenge for yet."],
        next: "set MfaConfiguration to OPTIONAL or OFF",
    },
    Meaning {
        name: "LimitExceededException",
        means: "there is a limit on how many or how often, and it is reached",
        causes: &[
            "Too many messages went to this address, or from this pool, within the hour.",
            "Too many passwords or codes were tried for this user.",
            "The app client has as many secrets as there may be.",
        ],
        next: "wait some minutes; in development, poolhouse reset forgets the counts",
    },
    Meaning {
        name: "MFAMethodNotFoundException",
        means: "there is no second factor that could be asked for",
        causes: &[
            "Poolhouse does not challenge for a second factor yet and never gives this error: the call went to AWS, or a fault was set.",
        ],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "MissingAuthenticationTokenException",
        means: "the request is not signed, and must be",
        causes: &[
            "An administrator's operation was called without an access key.",
            "The SDK found no credentials: AWS_ACCESS_KEY_ID is not set.",
        ],
        next: "poolhouse env --for cli prints what to set; in production, poolhouse access-key create",
    },
    Meaning {
        name: "NotAuthorizedException",
        means: "a password, secret, token or session was wrong or has expired, or the user is disabled",
        causes: &[
            "The password is wrong, or the temporary password has expired.",
            "There is no such user, and the app client hides that (PreventUserExistenceErrors).",
            "The user is disabled, or was signed out: the access or refresh token was revoked.",
            "SECRET_HASH is missing or wrong: it is of user name and client id, by the app client's secret.",
            "The access token has expired, or an ID token was sent in its place.",
            "Too many wrong passwords: wait, then try again.",
        ],
        next: "the message says which group of causes; the event says who and where: poolhouse audit list --since 10m",
    },
    Meaning {
        name: "NotImplementedException",
        means: "Poolhouse does not offer this operation yet",
        causes: &["The operation is in Cognito's model, and is not built."],
        next: "docs/COMPATIBILITY.md lists what is built",
    },
    Meaning {
        name: "OperationNotEnabledException",
        means: "the pool does not have this operation turned on",
        causes: &[
            "Poolhouse has no operation that a setting turns on and never gives this error: the call went to AWS, or a fault was set.",
        ],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "PasswordHistoryPolicyViolationException",
        means: "the password was used before, and the pool's policy counts",
        causes: &["The password is among the last PasswordHistorySize passwords of this user."],
        next: "choose another password",
    },
    Meaning {
        name: "PasswordResetRequiredException",
        means: "an administrator has asked for a new password, which has to be chosen first",
        causes: &["admin-reset-user-password was called, or the user was imported."],
        next: "forgot-password sends a code, confirm-forgot-password sets the new password",
    },
    Meaning {
        name: "PreconditionNotMetException",
        means: "something that has to be there first is missing",
        causes: &[
            "Poolhouse has no import of users by a job yet and never gives this error: the call went to AWS, or a fault was set.",
        ],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "RefreshTokenReuseException",
        means: "the refresh token had been replaced before, so its session was revoked",
        causes: &[
            "An app kept the old refresh token though rotation gave it a new one.",
            "Two tabs or processes refreshed with the same token, later than the grace period.",
            "Somebody else has a copy of it.",
        ],
        next: "store the new refresh token with every answer; the user has to sign in anew",
    },
    Meaning {
        name: "ResourceNotFoundException",
        means: "the pool, app client, group or domain that was named does not exist",
        causes: &[
            "The id is of another region, server or data directory: calls go to where the environment says.",
            "The instance was reset, or its data directory is another.",
        ],
        next: "poolhouse status shows the instance, env | grep AWS_ where calls go, list-user-pools what there is",
    },
    Meaning {
        name: "ScopeDoesNotExistException",
        means: "a scope was named that no resource server of the pool has",
        causes: &[
            "AllowedOAuthScopes has a custom scope that was never made, or was deleted.",
            "It is written without its resource server: identifier/scope.",
        ],
        next: "list-resource-servers shows the scopes",
    },
    Meaning {
        name: "SerializationException",
        means: "the body of the request is no JSON of this operation",
        causes: &["A member has the wrong type: a number where a text belongs.", "The body is empty or cut."],
        next: "call it through an AWS SDK, which writes it rightly",
    },
    Meaning {
        name: "SoftwareTokenMFANotFoundException",
        means: "the user has no authenticator app set up",
        causes: &[
            "Poolhouse has no authenticator apps yet and never gives this error: the call went to AWS, or a fault was set.",
        ],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "TierChangeNotAllowedException",
        means: "the pool cannot go to this tier",
        causes: &["The pool is to become LITE and uses managed login or choice-based sign-in, which only higher tiers have."],
        next: "take the settings back first: the message names them",
    },
    Meaning {
        name: "TooManyFailedAttemptsException",
        means: "there were too many wrong codes or passwords; for a while nothing is tried any more",
        causes: &[
            "Poolhouse answers wrong codes with CodeMismatchException, then with ExpiredCodeException and never gives this error: the call went to AWS, or a fault was set.",
        ],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "TooManyRequestsException",
        means: "more was asked than the limits allow; later it may work",
        causes: &[
            "The quota of this kind of operation is used up: --quotas aws in development, [rates] in production.",
            "A fault was set: poolhouse fault list.",
            "The server has more in hand than it can do.",
        ],
        next: "back off and try again, as the SDKs do; the answer names the wait",
    },
    Meaning {
        name: "UnauthorizedException",
        means: "the caller is not allowed to use this token",
        causes: &["The refresh token was issued to another app client."],
        next: "send the id (and secret) of the app client that the token was issued to",
    },
    Meaning {
        name: "UnexpectedLambdaException",
        means: "a trigger of the pool could not be called",
        causes: &["The pool's LambdaConfig names a trigger for this step, and Poolhouse does not call triggers yet."],
        next: "update-user-pool without the trigger; the message names it",
    },
    Meaning {
        name: "UnknownOperationException",
        means: "there is no operation of this name",
        causes: &["X-Amz-Target is mistyped, or names another service."],
        next: "the Coverage page of the console lists every operation",
    },
    Meaning {
        name: "UnrecognizedClientException",
        means: "the access key that signed the request is not known",
        causes: &["The key was deleted, or is one of AWS's own.", "The call was meant for AWS, or for another instance."],
        next: "poolhouse access-key list shows the keys, env | grep AWS_ where calls go",
    },
    Meaning {
        name: "UnsupportedOperationException",
        means: "what was asked is turned off for this app client",
        causes: &["Tokens of this client cannot be revoked: EnableTokenRevocation is off."],
        next: "update-user-pool-client with EnableTokenRevocation",
    },
    Meaning {
        name: "UnsupportedTokenTypeException",
        means: "this kind of token cannot be revoked",
        causes: &["An access or ID token was sent: only refresh tokens can be revoked."],
        next: "send the refresh token",
    },
    Meaning {
        name: "UnsupportedUserStateException",
        means: "the user's status does not allow it",
        causes: &[
            "An invitation was to be sent again to a user who has chosen a password already: the status is no longer FORCE_CHANGE_PASSWORD.",
        ],
        next: "admin-get-user shows UserStatus",
    },
    Meaning {
        name: "UserImportInProgressException",
        means: "users are being imported into the pool",
        causes: &[
            "Poolhouse has no import of users by a job yet and never gives this error: the call went to AWS, or a fault was set.",
        ],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "UserLambdaValidationException",
        means: "a trigger of the pool said no",
        causes: &["Poolhouse does not call triggers yet and never gives this error: the call went to AWS, or a fault was set."],
        next: "env | grep AWS_ shows where your calls go; poolhouse env --for cli what leads them here",
    },
    Meaning {
        name: "UserNotConfirmedException",
        means: "the user has not confirmed the account yet",
        causes: &[
            "The sign-up code was never entered.",
            "No administrator has confirmed the user, and there is no trigger that does.",
        ],
        next: "confirm-sign-up with the code of the inbox, or admin-confirm-sign-up",
    },
    Meaning {
        name: "UserNotFoundException",
        means: "the pool has no such user",
        causes: &[
            "The name is written otherwise: the pool compares capitals unless it was made with CaseSensitive false.",
            "In pools whose names are addresses, the user name is the sub: look by email.",
            "The user is in another pool.",
        ],
        next: "list-users with a filter such as 'email ^= \"ada\"'",
    },
    Meaning {
        name: "UserPoolTaggingException",
        means: "the tags of the pool are not as tags have to be",
        causes: &["There are more than 50 tags, or a key begins with aws: or is too long."],
        next: "read the message: it names the rule",
    },
    Meaning {
        name: "UsernameExistsException",
        means: "the pool has a user of this name already",
        causes: &[
            "Somebody signed up with it before, perhaps without confirming.",
            "An address was given as a name that another user has as an alias.",
        ],
        next: "admin-get-user shows the user and the status",
    },
];
