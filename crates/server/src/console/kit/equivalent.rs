//! The same action elsewhere: an operation and its input as AWS CLI, boto3, AWS SDK for JavaScript v3 and curl, ready to paste.
//! Pure. Names are written as the AWS tools derive them from the model. Called by [`super::visit`].

use poolhouse_wire::json;
use serde::Serialize;
use serde_json::Value;

use crate::cli::snippets::{quoted, shell};

/// Where the calls go.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub url: String,
    pub region: String,
    /// Whether any access key is accepted; then one is written into the call.
    pub any_key: bool,
}

/// One operation, four ways to call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Equivalent {
    pub operation: String,
    /// Whether it changes something.
    pub changes: bool,
    pub cli: String,
    pub boto3: String,
    pub js: String,
    pub curl: String,
}

impl Equivalent {
    pub fn new(endpoint: &Endpoint, operation: &str, changes: bool, input: &Value) -> Self {
        Self {
            operation: operation.to_owned(),
            changes,
            cli: cli(endpoint, operation, input),
            boto3: boto3(endpoint, operation, input),
            js: js(endpoint, operation, input),
            curl: curl(endpoint, operation, input),
        }
    }
}

fn members(input: &Value) -> impl Iterator<Item = (&String, &Value)> {
    input.as_object().into_iter().flatten()
}

fn cli(endpoint: &Endpoint, operation: &str, input: &Value) -> String {
    let key = if endpoint.any_key { "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test " } else { "" };
    let mut text = format!("{key}aws cognito-idp {}", tool_name(operation, '-'));
    let fetched: serde_json::Map<String, Value> =
        members(input).filter(|(_, value)| is_fetched(value)).map(|(name, value)| (name.clone(), value.clone())).collect();
    if !fetched.is_empty() {
        text.push_str(&format!(" \\\n  --cli-input-json {}", shell(&Value::Object(fetched).to_string())));
    }
    for (name, value) in members(input).filter(|(_, value)| !is_fetched(value)) {
        let flag = tool_name(name, '-');
        text.push_str(" \\\n  ");
        match value {
            Value::Bool(true) => text.push_str(&format!("--{flag}")),
            Value::Bool(false) => text.push_str(&format!("--no-{flag}")),
            // With `=`, since a value may begin with a dash; a password may.
            Value::String(value) => text.push_str(&format!("--{flag}={}", shell(value))),
            other => text.push_str(&format!("--{flag} {}", shell(&other.to_string()))),
        }
    }
    text.push_str(&format!(" \\\n  --endpoint-url {} --region {}", shell(&endpoint.url), shell(&endpoint.region)));
    text
}

/// What the AWS CLI replaces by a file's or (version 1) an address's content, unless it is within JSON.
fn is_fetched(value: &Value) -> bool {
    let schemes = ["http://", "https://", "file://", "fileb://"];
    value.as_str().is_some_and(|text| schemes.iter().any(|scheme| text.starts_with(scheme)))
}

fn boto3(endpoint: &Endpoint, operation: &str, input: &Value) -> String {
    let key = if endpoint.any_key { ",\n    aws_access_key_id=\"test\", aws_secret_access_key=\"test\"" } else { "" };
    let mut text = format!(
        "import boto3\n\ncognito = boto3.client(\n    \"cognito-idp\", endpoint_url={}, region_name={}{key},\n)\n\
         print(cognito.{}(",
        quoted(&endpoint.url),
        quoted(&endpoint.region),
        tool_name(operation, '_')
    );
    for (name, value) in members(input) {
        text.push_str(&format!("\n    {name}={},", python(value)));
    }
    text.push_str(if members(input).next().is_some() { "\n))" } else { "))" });
    text
}

fn js(endpoint: &Endpoint, operation: &str, input: &Value) -> String {
    let key = if endpoint.any_key { "\n  credentials: { accessKeyId: \"test\", secretAccessKey: \"test\" }," } else { "" };
    format!(
        "import {{ CognitoIdentityProviderClient, {operation}Command }} from \"@aws-sdk/client-cognito-identity-provider\";\n\n\
         const cognito = new CognitoIdentityProviderClient({{\n  endpoint: {},\n  region: {},{key}\n}});\n\
         console.log(await cognito.send(new {operation}Command({})));",
        quoted(&endpoint.url),
        quoted(&endpoint.region),
        pretty(input)
    )
}

fn curl(endpoint: &Endpoint, operation: &str, input: &Value) -> String {
    let key = if endpoint.any_key { "test:test" } else { "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" };
    let data = input.to_string();
    format!(
        "curl --silent --show-error {} \\\n  --user \"{key}\" --aws-sigv4 aws:amz:{}:cognito-idp \\\n  \
         --header 'Content-Type: {}' \\\n  --header 'X-Amz-Target: {}{operation}' \\\n  --data {}",
        shell(&format!("{}/", endpoint.url)),
        endpoint.region,
        json::CONTENT_TYPE,
        json::TARGET_PREFIX,
        shell(&data)
    )
}

fn pretty(input: &Value) -> String {
    serde_json::to_string_pretty(input).unwrap_or_default()
}

/// JSON as a Python literal: the same but for three words.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let pairs = members.iter().map(|(name, value)| format!("{}: {}", quoted(name), python(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// `AllowedOAuthFlows` → `allowed-o-auth-flows`, `CallbackURLs` → `callback-urls`: as botocore names flags and methods
/// (observed: a capital before small letters begins a word; so does one after a small letter or digit; `URLs` at the end is one).
fn tool_name(name: &str, joint: char) -> String {
    let letters: Vec<char> = plural_capitals(name, joint).chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at).copied() {
        out.push(letter);
        at += 1;
        let begins = |at: usize| letters.get(at).is_some_and(char::is_ascii_uppercase);
        let small = |at: usize| letters.get(at).is_some_and(char::is_ascii_lowercase);
        if begins(at) && small(at + 1) {
            out.push(joint);
            out.extend(letters.get(at));
            at += 1;
            while small(at) {
                out.extend(letters.get(at));
                at += 1;
            }
        }
    }
    let mut split = String::new();
    let mut before = joint;
    for letter in out.chars() {
        if letter.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            split.push(joint);
        }
        split.push(letter);
        before = letter;
    }
    split.to_ascii_lowercase()
}

/// `CallbackURLs` → `Callback_urls`.
fn plural_capitals(name: &str, joint: char) -> String {
    let Some(stem) = name.strip_suffix('s') else { return name.to_owned() };
    let capitals = stem.bytes().rev().take_while(u8::is_ascii_uppercase).count();
    match stem.split_at_checked(stem.len() - capitals) {
        Some((head, tail)) if capitals >= 2 => format!("{head}{joint}{}s", tail.to_ascii_lowercase()),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint { url: "http://localhost:9229".to_owned(), region: "us-east-1".to_owned(), any_key: true }
    }

    #[test]
    fn names_are_those_of_the_aws_tools() {
        for (name, flag) in [
            ("UserPoolId", "user-pool-id"),
            ("AllowedOAuthFlowsUserPoolClient", "allowed-o-auth-flows-user-pool-client"),
            ("CallbackURLs", "callback-urls"),
            ("LogoutURLs", "logout-urls"),
            ("DefaultRedirectURI", "default-redirect-uri"),
            ("AccountRecoverySetting", "account-recovery-setting"),
            ("MfaConfiguration", "mfa-configuration"),
            ("SMSMfaSettings", "sms-mfa-settings"),
            ("ListUsersInGroup", "list-users-in-group"),
            ("GetUICustomization", "get-ui-customization"),
        ] {
            assert_eq!(tool_name(name, '-'), flag);
        }
    }

    #[test]
    fn what_the_cli_would_fetch_is_within_json() {
        let input = json!({ "UserPoolId": "us-east-1_A", "Identifier": "https://api.example.com", "Name": "file:" });
        let call = Equivalent::new(&endpoint(), "CreateResourceServer", true, &input);
        assert!(call.cli.contains(r#"--cli-input-json '{"Identifier":"https://api.example.com"}'"#), "{}", call.cli);
        assert!(call.cli.contains("--name=file:") && !call.cli.contains("--identifier"), "{}", call.cli);
    }

    #[test]
    fn a_call_is_written_four_ways() {
        let input =
            json!({ "UserPoolId": "us-east-1_A", "Username": "o'hara", "Permanent": true, "Attributes": [{ "Name": "a" }] });
        let call = Equivalent::new(&endpoint(), "AdminSetUserPassword", true, &input);
        assert!(call.cli.contains("admin-set-user-password"), "{}", call.cli);
        assert!(call.cli.contains("--permanent") && call.cli.contains(r"--username='o'\''hara'"), "{}", call.cli);
        assert!(call.cli.contains(r#"--attributes '[{"Name":"a"}]'"#), "{}", call.cli);
        assert!(
            call.boto3.contains("Permanent=True,") && call.boto3.contains("Attributes=[{\"Name\": \"a\"}]"),
            "{}",
            call.boto3
        );
        assert!(call.js.contains("new AdminSetUserPasswordCommand({"), "{}", call.js);
        assert!(call.curl.contains("AWSCognitoIdentityProviderService.AdminSetUserPassword"), "{}", call.curl);
    }
}
