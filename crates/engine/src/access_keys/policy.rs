//! What an access key may do: an allow-list of operations and of pools. What is not on it is denied (checklist 110).
use serde::{Deserialize, Serialize};

/// The service prefix of IAM action names, which people paste.
const SERVICE: &str = "cognito-idp:";

/// Operations and pools; empty lists allow nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Names of operations, `Prefix*`, or `*`.
    pub operations: Vec<String>,
    /// Pool ids, or `*`.
    pub pools: Vec<String>,
}

impl Policy {
    /// A policy from what an operator typed. No pools means every pool.
    ///
    /// # Errors
    /// A sentence that names what is not an operation: a typing error must not look like a permission.
    pub fn new(operations: &[String], pools: &[String]) -> Result<Self, String> {
        let operations: Vec<String> = operations.iter().map(|o| o.trim_start_matches(SERVICE).to_owned()).collect();
        for pattern in &operations {
            if !poolhouse_wire::OPERATIONS.iter().any(|operation| matches(pattern, operation.name)) {
                return Err(format!("{pattern:?} is no operation of cognito-idp and begins none"));
            }
        }
        let everywhere = ["*".to_owned()];
        let pools = if pools.is_empty() { &everywhere } else { pools };
        Ok(Self { operations, pools: pools.to_vec() })
    }

    pub fn allows_operation(&self, operation: &str) -> bool {
        self.operations.iter().any(|pattern| matches(pattern, operation))
    }

    /// Whether the operation may be called on this pool; `None` stands for calls that name no pool, which only a policy for
    /// every pool allows (tenant isolation, checklist 108).
    pub fn allows(&self, operation: &str, pool: Option<&str>) -> bool {
        let on_pool = |allowed: &String| allowed == "*" || pool.is_some_and(|pool| pool == allowed);
        self.allows_operation(operation) && self.pools.iter().any(on_pool)
    }
}

fn matches(pattern: &str, operation: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => operation.starts_with(prefix),
        None => pattern == operation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(operations: &[&str], pools: &[&str]) -> Result<Policy, String> {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        Policy::new(&owned(operations), &owned(pools))
    }

    #[test]
    fn sec_110_what_is_not_listed_is_denied() {
        let none = policy(&[], &[]).unwrap();
        assert!(!none.allows("ListUsers", Some("p_1")) && !none.allows("ListUserPools", None));
        let table = [
            ("ListUsers", "ListUsers", true),
            ("cognito-idp:ListUsers", "ListUsers", true),
            ("ListUsers", "ListUsersInGroup", false),
            ("Admin*", "AdminGetUser", true),
            ("Admin*", "ListUsers", false),
            ("*", "DeleteUserPool", true),
        ];
        for (pattern, operation, allowed) in table {
            assert_eq!(policy(&[pattern], &[]).unwrap().allows(operation, None), allowed, "{pattern} {operation}");
        }
    }

    #[test]
    fn sec_108_a_key_of_one_pool_reaches_no_other_and_no_call_without_a_pool() {
        let one = policy(&["*"], &["eu-central-1_one"]).unwrap();
        assert!(one.allows("ListUsers", Some("eu-central-1_one")));
        assert!(!one.allows("ListUsers", Some("eu-central-1_two")));
        assert!(!one.allows("ListUserPools", None));
    }

    #[test]
    fn an_operation_that_does_not_exist_is_refused() {
        for wrong in ["ListUser", "listUsers", "s3:ListUsers", "", "Foo*"] {
            assert!(policy(&[wrong], &[]).is_err(), "{wrong:?}");
        }
    }
}
