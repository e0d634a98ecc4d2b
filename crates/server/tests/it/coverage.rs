//! Which operations are built. The list below may only shrink: an operation that is built leaves it, none ever joins.

use http::StatusCode;
use poolhouse_engine::ops;
use poolhouse_wire::OPERATIONS;
use serde_json::json;

use crate::harness::House;

/// The operations that answer 501.
const NOT_BUILT: &[&str] = &[
    "AdminDeleteSoftwareToken",
    "AdminDisableProviderForUser",
    "AdminForgetDevice",
    "AdminGetDevice",
    "AdminGetUserAuthFactors",
    "AdminLinkProviderForUser",
    "AdminListDevices",
    "AdminListUserAuthEvents",
    "AdminListUserSessions",
    "AdminRevokeUserSession",
    "AdminSetUserMFAPreference",
    "AdminSetUserSettings",
    "AdminUpdateAuthEventFeedback",
    "AdminUpdateDeviceStatus",
    "AssociateSoftwareToken",
    "CompleteWebAuthnRegistration",
    "ConfirmDevice",
    "CreateIdentityProvider",
    "CreateManagedLoginBranding",
    "CreateTerms",
    "CreateUserImportJob",
    "CreateUserPoolReplica",
    "DeleteIdentityProvider",
    "DeleteManagedLoginBranding",
    "DeleteTerms",
    "DeleteUserPoolReplica",
    "DeleteWebAuthnCredential",
    "DescribeIdentityProvider",
    "DescribeManagedLoginBranding",
    "DescribeManagedLoginBrandingByClient",
    "DescribeRiskConfiguration",
    "DescribeTerms",
    "DescribeTermsByClient",
    "DescribeUserImportJob",
    "ForgetDevice",
    "GetCSVHeader",
    "GetClientToken",
    "GetDerivedToken",
    "GetDevice",
    "GetIdentityProviderByIdentifier",
    "GetLogDeliveryConfiguration",
    "GetProvisionedLimit",
    "GetSigningCertificate",
    "GetUICustomization",
    "GetUserAuthFactors",
    "GetUserPoolClientSessionConfiguration",
    "GetUserPoolMfaConfig",
    "GetUserPoolSessionConfiguration",
    "ListDevices",
    "ListIdentityProviders",
    "ListTerms",
    "ListUserImportJobs",
    "ListUserPoolReplicas",
    "ListUserSessions",
    "ListWebAuthnCredentials",
    "RevokeUserSession",
    "SetLogDeliveryConfiguration",
    "SetRiskConfiguration",
    "SetUICustomization",
    "SetUserMFAPreference",
    "SetUserPoolClientSessionConfiguration",
    "SetUserPoolMfaConfig",
    "SetUserPoolSessionConfiguration",
    "SetUserSettings",
    "StartUserImportJob",
    "StartWebAuthnRegistration",
    "StopUserImportJob",
    "UpdateAuthEventFeedback",
    "UpdateDeviceStatus",
    "UpdateIdentityProvider",
    "UpdateManagedLoginBranding",
    "UpdateProvisionedLimit",
    "UpdateTerms",
    "UpdateUserPoolReplica",
    "VerifySoftwareToken",
];

#[test]
fn the_list_of_operations_not_built_is_exact() {
    let missing: Vec<&str> =
        OPERATIONS.iter().map(|operation| operation.name).filter(|name| ops::handler(name).is_none()).collect();
    assert_eq!(missing, NOT_BUILT);
    let built = ops::built();
    assert_eq!(built.len() + NOT_BUILT.len(), OPERATIONS.len());
    assert!(built.windows(2).all(|pair| pair[0] < pair[1]), "the registry is in alphabetical order");
}

#[tokio::test]
async fn what_is_not_built_is_refused_by_name() {
    let house = House::start().await;
    for name in NOT_BUILT {
        let reply = house.api(name, json!({})).await;
        let (kind, message) = reply.error();
        assert_eq!((reply.status, kind.as_str()), (StatusCode::NOT_IMPLEMENTED, "NotImplementedException"), "{name}");
        assert!(message.starts_with(name) && message.contains("docs/COMPATIBILITY.md"), "{message}");
    }
}

#[tokio::test]
async fn an_empty_call_of_what_is_built_gets_the_validators_words() {
    let house = House::start().await;
    for name in ops::built() {
        let reply = house.api(name, json!({})).await;
        let (kind, message) = reply.error();
        // ListUserPools: an absent number is 0 (observed).
        assert_eq!((reply.status, kind.as_str()), (StatusCode::BAD_REQUEST, "InvalidParameterException"), "{name}: {message}");
        assert!(
            message.contains("validation error") && message.contains("failed to satisfy constraint: Member must"),
            "{name}: {message}"
        );
    }
}
