//! How model names become Rust names. Used by `rust`.

const KEYWORDS: [&str; 9] = ["type", "match", "ref", "use", "mod", "move", "where", "self", "static"];

/// `UserPoolId` → `user_pool_id`, `CallbackURLs` → `callback_urls`, `AllowedOAuthFlows` → `allowed_oauth_flows`.
pub fn snake(name: &str) -> String {
    let name = name.replace("OAuth", "Oauth").replace("URLs", "Urls").replace("IPs", "Ips");
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| chars.get(j));
        let after = chars.get(i + 1);
        let starts_word = before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
            || (before.is_some_and(|b| b.is_uppercase()) && after.is_some_and(|a| a.is_lowercase()));
        if c.is_uppercase() && starts_word {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// A member's field name; a keyword becomes a raw identifier.
pub fn field(name: &str) -> String {
    let snake = snake(name);
    if KEYWORDS.contains(&snake.as_str()) { format!("r#{snake}") } else { snake }
}

pub fn screaming(name: &str) -> String {
    snake(name).to_uppercase()
}

/// An enum value's variant: `ALLOW_USER_SRP_AUTH` → `AllowUserSrpAuth`, `V1_0` → `V1_0`, `TokenGeneration` unchanged.
pub fn variant(value: &str) -> String {
    let mut out = String::new();
    for part in value.split(['_', '-', ':', '.', ' ']).filter(|p| !p.is_empty()) {
        let digits_meet = out.ends_with(|c: char| c.is_ascii_digit()) && part.starts_with(|c: char| c.is_ascii_digit());
        if digits_meet {
            out.push('_');
        }
        let shouted = !part.chars().any(char::is_lowercase);
        let mut chars = part.chars();
        out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        out.extend(chars.map(|c| if shouted { c.to_ascii_lowercase() } else { c }));
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) { format!("N{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_rust() {
        let fields =
            ["UserPoolId", "MFAOptions", "CallbackURLs", "AllowedOAuthFlows", "CSSVersion", "Type", "SmsMfaConfiguration"];
        let expected = [
            "user_pool_id",
            "mfa_options",
            "callback_urls",
            "allowed_oauth_flows",
            "css_version",
            "r#type",
            "sms_mfa_configuration",
        ];
        assert_eq!(fields.map(field), expected);
        let values = ["ALLOW_USER_SRP_AUTH", "V1_0", "phone_number", "TokenGeneration", "HEX"];
        assert_eq!(values.map(variant), ["AllowUserSrpAuth", "V1_0", "PhoneNumber", "TokenGeneration", "Hex"]);
    }
}
