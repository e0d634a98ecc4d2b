//! Cognito's request quotas: so many requests a second for each category of operations. AWS counts them over all pools of
//! an account and region; here each pool has its own, so that a busy pool takes nothing from another (checklist 116).
//! Source: developer guide, "Quotas in Amazon Cognito", operation categories and request rate quotas. Its limits for one
//! user, one domain and one source address of a domain are not here.
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bucket::{Buckets, Empty, Rate};

/// A category of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    UserAuthentication,
    UserCreation,
    UserFederation,
    UserAccountRecovery,
    UserRead,
    UserUpdate,
    UserToken,
    UserResourceRead,
    UserResourceUpdate,
    UserList,
    UserPoolRead,
    UserPoolUpdate,
    UserPoolResourceRead,
    UserPoolResourceUpdate,
    UserPoolClientRead,
    UserPoolClientUpdate,
    ClientAuthentication,
    LimitManagement,
}

/// One category: requests a second, and whose. Sign-in pages and the token endpoint name their category themselves.
struct Row {
    category: Category,
    name: &'static str,
    per_second: u32,
    operations: &'static [&'static str],
}

const TABLE: &[Row] = &[
    Row {
        category: Category::UserAuthentication,
        name: "UserAuthentication",
        per_second: 120,
        operations: &[
            "AdminInitiateAuth",
            "AdminRespondToAuthChallenge",
            "GetTokensFromRefreshToken",
            "InitiateAuth",
            "RespondToAuthChallenge",
        ],
    },
    Row {
        category: Category::UserCreation,
        name: "UserCreation",
        per_second: 50,
        operations: &["AdminConfirmSignUp", "AdminCreateUser", "ConfirmSignUp", "SignUp"],
    },
    Row { category: Category::UserFederation, name: "UserFederation", per_second: 25, operations: &[] },
    Row {
        category: Category::UserAccountRecovery,
        name: "UserAccountRecovery",
        per_second: 30,
        operations: &[
            "AdminResetUserPassword",
            "AdminSetUserPassword",
            "ChangePassword",
            "ConfirmForgotPassword",
            "ForgotPassword",
        ],
    },
    Row {
        category: Category::UserRead,
        name: "UserRead",
        per_second: 120,
        operations: &["AdminGetUser", "AdminGetUserAuthFactors", "GetUser"],
    },
    Row {
        category: Category::UserUpdate,
        name: "UserUpdate",
        per_second: 25,
        operations: &[
            "AdminAddUserToGroup",
            "AdminDeleteUser",
            "AdminDeleteUserAttributes",
            "AdminDisableProviderForUser",
            "AdminDisableUser",
            "AdminEnableUser",
            "AdminLinkProviderForUser",
            "AdminRemoveUserFromGroup",
            "AdminUpdateUserAttributes",
            "AdminUserGlobalSignOut",
            "DeleteUser",
            "DeleteUserAttributes",
            "GlobalSignOut",
            "UpdateUserAttributes",
            "VerifyUserAttribute",
        ],
    },
    Row { category: Category::UserToken, name: "UserToken", per_second: 120, operations: &["RevokeToken"] },
    Row {
        category: Category::UserResourceRead,
        name: "UserResourceRead",
        per_second: 50,
        operations: &[
            "AdminGetDevice",
            "AdminListDevices",
            "AdminListGroupsForUser",
            "AdminListUserAuthEvents",
            "GetDevice",
            "GetUserAttributeVerificationCode",
            "ListDevices",
            "ResendConfirmationCode",
        ],
    },
    Row {
        category: Category::UserResourceUpdate,
        name: "UserResourceUpdate",
        per_second: 25,
        operations: &[
            "AdminForgetDevice",
            "AdminSetUserMFAPreference",
            "AdminSetUserSettings",
            "AdminUpdateAuthEventFeedback",
            "AdminUpdateDeviceStatus",
            "AssociateSoftwareToken",
            "ConfirmDevice",
            "ForgetDevice",
            "SetUserMFAPreference",
            "SetUserSettings",
            "UpdateAuthEventFeedback",
            "UpdateDeviceStatus",
            "VerifySoftwareToken",
        ],
    },
    Row { category: Category::UserList, name: "UserList", per_second: 30, operations: &["ListUsers", "ListUsersInGroup"] },
    Row {
        category: Category::UserPoolRead,
        name: "UserPoolRead",
        per_second: 15,
        operations: &["DescribeUserPool", "ListUserPools"],
    },
    Row {
        category: Category::UserPoolUpdate,
        name: "UserPoolUpdate",
        per_second: 15,
        operations: &["CreateUserPool", "DeleteUserPool", "UpdateUserPool"],
    },
    Row {
        category: Category::UserPoolResourceRead,
        name: "UserPoolResourceRead",
        per_second: 20,
        operations: &[
            "DescribeIdentityProvider",
            "DescribeManagedLoginBranding",
            "DescribeManagedLoginBrandingByClient",
            "DescribeResourceServer",
            "DescribeRiskConfiguration",
            "DescribeUserImportJob",
            "DescribeUserPoolDomain",
            "GetCSVHeader",
            "GetGroup",
            "GetIdentityProviderByIdentifier",
            "GetSigningCertificate",
            "GetUICustomization",
            "GetUserPoolMfaConfig",
            "ListGroups",
            "ListIdentityProviders",
            "ListResourceServers",
            "ListTagsForResource",
            "ListUserImportJobs",
        ],
    },
    Row {
        category: Category::UserPoolResourceUpdate,
        name: "UserPoolResourceUpdate",
        per_second: 15,
        operations: &[
            "AddCustomAttributes",
            "CreateGroup",
            "CreateIdentityProvider",
            "CreateManagedLoginBranding",
            "CreateResourceServer",
            "CreateUserImportJob",
            "CreateUserPoolDomain",
            "DeleteGroup",
            "DeleteIdentityProvider",
            "DeleteManagedLoginBranding",
            "DeleteResourceServer",
            "DeleteUserPoolDomain",
            "SetRiskConfiguration",
            "SetUICustomization",
            "SetUserPoolMfaConfig",
            "StartUserImportJob",
            "StopUserImportJob",
            "TagResource",
            "UntagResource",
            "UpdateGroup",
            "UpdateIdentityProvider",
            "UpdateManagedLoginBranding",
            "UpdateResourceServer",
            "UpdateUserPoolDomain",
        ],
    },
    Row {
        category: Category::UserPoolClientRead,
        name: "UserPoolClientRead",
        per_second: 15,
        operations: &["DescribeUserPoolClient", "ListUserPoolClients"],
    },
    Row {
        category: Category::UserPoolClientUpdate,
        name: "UserPoolClientUpdate",
        per_second: 15,
        operations: &["CreateUserPoolClient", "DeleteUserPoolClient", "UpdateUserPoolClient"],
    },
    Row { category: Category::ClientAuthentication, name: "ClientAuthentication", per_second: 150, operations: &[] },
    Row {
        category: Category::LimitManagement,
        name: "LimitManagement",
        per_second: 1,
        operations: &["GetProvisionedLimit", "UpdateProvisionedLimit"],
    },
];

/// Operations that the guide puts in no category.
pub const WITHOUT: &[&str] = &[
    "AddUserPoolClientSecret",
    "AdminDeleteSoftwareToken",
    "AdminListUserSessions",
    "AdminRevokeUserSession",
    "CompleteWebAuthnRegistration",
    "CreateTerms",
    "CreateUserPoolReplica",
    "DeleteTerms",
    "DeleteUserPoolClientSecret",
    "DeleteUserPoolReplica",
    "DeleteWebAuthnCredential",
    "DescribeTerms",
    "DescribeTermsByClient",
    "GetClientToken",
    "GetDerivedToken",
    "GetLogDeliveryConfiguration",
    "GetUserAuthFactors",
    "GetUserPoolClientSessionConfiguration",
    "GetUserPoolSessionConfiguration",
    "ListTerms",
    "ListUserPoolClientSecrets",
    "ListUserPoolReplicas",
    "ListUserSessions",
    "ListWebAuthnCredentials",
    "RevokeUserSession",
    "SetLogDeliveryConfiguration",
    "SetUserPoolClientSessionConfiguration",
    "SetUserPoolSessionConfiguration",
    "StartWebAuthnRegistration",
    "UpdateTerms",
    "UpdateUserPoolReplica",
];

/// Categories whose operations may each be called five times a second for one pool (footnote 3).
const EACH: &[Category] = &[
    Category::UserPoolResourceRead,
    Category::UserPoolResourceUpdate,
    Category::UserPoolClientRead,
    Category::UserPoolClientUpdate,
];
const EACH_PER_SECOND: u32 = 5;
/// Answers to challenges have three times the quota of sign-ins; what is more counts as sign-ins.
const CHALLENGES: u32 = 3;

impl Category {
    /// The category of an operation.
    pub fn of(operation: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.operations.contains(&operation)).map(|row| row.category)
    }

    /// The name, as AWS writes it.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.category == self).map_or("", |row| row.name)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.category)
    }

    /// Requests a second that AWS allows before anything is bought.
    pub fn per_second(self) -> u32 {
        TABLE.iter().find(|row| row.category == self).map_or(1, |row| row.per_second)
    }
}

impl FromStr for Category {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.category).ok_or(())
    }
}

/// Categories with another rate than AWS's, requests a second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates(pub BTreeMap<Category, u32>);

/// The quotas of one process.
pub struct Quotas {
    categories: Vec<(Category, Limit)>,
    /// RespondToAuthChallenge and its twin.
    challenges: Buckets,
    /// Codes redeemed at the token endpoint have as much as sign-ins, for themselves (footnote 2).
    redemptions: Buckets,
}

struct Limit {
    all: Buckets,
    /// For one operation, in the categories that limit them.
    each: Option<Buckets>,
    refused: AtomicU64,
}

impl Quotas {
    pub fn new(rates: &Rates) -> Self {
        let of = |category: Category| rates.0.get(&category).copied().unwrap_or(category.per_second());
        let limit = |category: Category| Limit {
            all: Buckets::new(Rate::per_second(of(category))),
            // Whoever sets a category means its operations.
            each: (EACH.contains(&category) && !rates.0.contains_key(&category))
                .then(|| Buckets::new(Rate::per_second(EACH_PER_SECOND))),
            refused: AtomicU64::new(0),
        };
        let sign_ins = of(Category::UserAuthentication);
        Self {
            categories: Category::all().map(|category| (category, limit(category))).collect(),
            challenges: Buckets::new(Rate::per_second(sign_ins.saturating_mul(CHALLENGES))),
            redemptions: Buckets::new(Rate::per_second(sign_ins)),
        }
    }

    /// One request of a category.
    ///
    /// # Errors
    /// [`Empty`].
    pub fn take(&self, category: Category, pool_id: &str, now: i64) -> Result<(), Empty> {
        self.counted(category, |limit| limit.all.take(pool_id, now))
    }

    /// One call of an operation of a category.
    ///
    /// # Errors
    /// [`Empty`].
    pub fn take_for(&self, category: Category, operation: &str, pool_id: &str, now: i64) -> Result<(), Empty> {
        self.counted(category, |limit| {
            if let Some(each) = &limit.each {
                each.take((operation, pool_id), now)?;
            }
            limit.all.take(pool_id, now)
        })
    }

    /// One answer to a challenge.
    ///
    /// # Errors
    /// [`Empty`].
    pub fn take_challenge(&self, pool_id: &str, now: i64) -> Result<(), Empty> {
        self.challenges.take(pool_id, now).or_else(|_| self.take(Category::UserAuthentication, pool_id, now))
    }

    /// One authorization code redeemed.
    ///
    /// # Errors
    /// [`Empty`].
    pub fn take_redemption(&self, pool_id: &str, now: i64) -> Result<(), Empty> {
        self.counted(Category::UserAuthentication, |_| self.redemptions.take(pool_id, now))
    }

    /// How often each category has refused since the start.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.categories.iter().map(|(category, limit)| (category.name(), limit.refused.load(Ordering::Relaxed)))
    }

    fn counted(&self, category: Category, ask: impl FnOnce(&Limit) -> Result<(), Empty>) -> Result<(), Empty> {
        let Some((_, limit)) = self.categories.iter().find(|(known, _)| *known == category) else { return Ok(()) };
        ask(limit).inspect_err(|_| {
            limit.refused.fetch_add(1, Ordering::Relaxed);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_116_every_operation_has_one_category_or_is_known_to_have_none() {
        for operation in poolhouse_wire::OPERATIONS {
            let listed = TABLE.iter().filter(|row| row.operations.contains(&operation.name)).count();
            let without = WITHOUT.contains(&operation.name);
            assert_eq!(listed + usize::from(without), 1, "{}", operation.name);
        }
        let named = TABLE.iter().flat_map(|row| row.operations).chain(WITHOUT);
        for name in named {
            assert!(poolhouse_wire::operation(name).is_some(), "{name} is no operation");
        }
    }

    #[test]
    fn names_are_read_back() {
        for category in Category::all() {
            assert_eq!(category.name().parse(), Ok(category));
            assert_eq!(category.name(), format!("{category:?}"));
        }
        assert_eq!("userread".parse::<Category>(), Err(()));
    }

    #[test]
    fn sec_116_challenges_have_three_times_the_quota_and_then_share_it() {
        let quotas = Quotas::new(&Rates([(Category::UserAuthentication, 10)].into()));
        let answered = (0..100).filter(|_| quotas.take_challenge("p", 0).is_ok()).count();
        assert_eq!(answered, 40);
        assert!(quotas.take(Category::UserAuthentication, "p", 0).is_err());
        assert_eq!((0..100).filter(|_| quotas.take_redemption("p", 0).is_ok()).count(), 10);
    }

    #[test]
    fn sec_116_some_operations_have_five_a_second_of_their_own() {
        let quotas = &Quotas::new(&Rates::default());
        let of =
            |operation| (0..50).filter(move |_| quotas.take_for(Category::UserPoolResourceUpdate, operation, "p", 0).is_ok());
        assert_eq!([of("CreateGroup").count(), of("DeleteGroup").count(), of("UpdateGroup").count()], [5, 5, 5]);
        assert_eq!(of("TagResource").count(), 0, "fifteen in all");
        let set = Quotas::new(&Rates([(Category::UserPoolResourceUpdate, 30)].into()));
        let taken = (0..50).filter(|_| set.take_for(Category::UserPoolResourceUpdate, "CreateGroup", "p", 0).is_ok());
        assert_eq!(taken.count(), 30);
    }
}
