//! Which attributes a client may read and write (checklist 101, 102, 103). Called wherever attributes are shown to or
//! taken from a client: sign-up, challenges, self-service, ID tokens, userInfo.
use super::Client;
use crate::pools::{Pool, schema};

/// Attributes nobody sets through a client: what says who the user is, what was proven, and what others link to it.
pub fn reserved(name: &str) -> bool {
    matches!(name, "sub" | "identities" | "email_verified" | "phone_number_verified")
        || name.starts_with("cognito:")
        || name.starts_with("dev:")
}

/// Whether tokens and replies for this client show the attribute. `sub` always; without ReadAttributes every attribute
/// but developer-only ones. (AWS's prose names the standard attributes alone, pools in use show custom ones too.)
pub fn readable(pool: &Pool, client: &Client, name: &str) -> bool {
    if name == "sub" {
        return true;
    }
    if name.starts_with("dev:") {
        return false;
    }
    match listed(client.document.read_attributes.as_deref()) {
        Some(names) => names.iter().any(|n| n == name),
        None => schema::find(pool, name).is_some() || name == "identities",
    }
}

/// Whether the client's users may set the attribute. Without WriteAttributes: the standard attributes only, so that a
/// custom attribute added later (a role, a tenant) is not writable by accident.
pub fn writable(pool: &Pool, client: &Client, name: &str) -> bool {
    if reserved(name) {
        return false;
    }
    match listed(client.document.write_attributes.as_deref()) {
        Some(names) => names.iter().any(|n| n == name),
        None => !schema::is_custom(name) && schema::find(pool, name).is_some(),
    }
}

/// An empty list is no list.
fn listed(names: Option<&[String]>) -> Option<&[String]> {
    names.filter(|names| !names.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools::testing::pool;
    use poolhouse_wire::types::{AttributeDataType, SchemaAttributeType, UserPoolClientType, UserPoolType};

    fn with_custom() -> Pool {
        let attribute_data_type = Some(AttributeDataType::String);
        let custom = SchemaAttributeType { name: Some("role".to_owned()), attribute_data_type, ..Default::default() };
        let schema_attributes = schema::for_new_pool(vec![custom]).ok();
        pool(UserPoolType { schema_attributes, ..Default::default() })
    }

    fn client(read: Option<&[&str]>, write: Option<&[&str]>) -> Client {
        let list = |names: Option<&[&str]>| names.map(|l| l.iter().map(|n| (*n).to_owned()).collect());
        Client {
            id: "c".to_owned(),
            pool_id: "p".to_owned(),
            document: UserPoolClientType { read_attributes: list(read), write_attributes: list(write), ..Default::default() },
            secrets: Vec::new(),
            version: 1,
            created_at: 0,
            modified_at: 0,
        }
    }

    #[test]
    fn sec_103_a_custom_attribute_is_not_writable_unless_it_is_listed() {
        let pool = with_custom();
        assert!(!writable(&pool, &client(None, None), "custom:role"));
        assert!(!writable(&pool, &client(None, Some(&["email"])), "custom:role"));
        assert!(writable(&pool, &client(None, Some(&["custom:role"])), "custom:role"));
        assert!(writable(&pool, &client(None, None), "email"));
        assert!(writable(&pool, &client(None, Some(&[])), "email"));
        assert!(!writable(&pool, &client(None, Some(&["email"])), "name"));
    }

    #[test]
    fn sec_102_reserved_names_are_not_writable_even_if_listed() {
        let pool = with_custom();
        for name in ["sub", "identities", "email_verified", "phone_number_verified", "cognito:user_status", "dev:custom:role"] {
            assert!(!writable(&pool, &client(None, Some(&[name])), name), "{name}");
        }
    }

    #[test]
    fn reading_follows_the_list_and_always_has_sub() {
        let pool = with_custom();
        let narrow = client(Some(&["email"]), None);
        assert!(readable(&pool, &narrow, "sub") && readable(&pool, &narrow, "email"));
        assert!(!readable(&pool, &narrow, "name"));
        let open = client(None, None);
        assert!(readable(&pool, &open, "email_verified") && readable(&pool, &open, "custom:role"));
        assert!(!readable(&pool, &open, "dev:custom:role") && !readable(&pool, &open, "unknown"));
    }
}
