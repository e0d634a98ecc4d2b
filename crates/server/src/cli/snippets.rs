//! What to paste into each client. Pure: [`Facts`] in, text out. Called by `poolhouse env` and by pages that show the
//! same snippets.

use crate::facts::Facts;

/// Shell lines for the AWS CLI, version 1 or 2.
#[must_use]
pub fn cli(facts: &Facts) -> String {
    let Facts { endpoint, region, pool_id, .. } = facts;
    let mut text = String::from("# Paste into a shell. Any access key is accepted in development.\n");
    let mut export = |name: &str, value: &str| text.push_str(&format!("export {name}={}\n", shell(value)));
    export("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", endpoint);
    export("AWS_REGION", region);
    export("AWS_DEFAULT_REGION", region);
    export("AWS_ACCESS_KEY_ID", "test");
    export("AWS_SECRET_ACCESS_KEY", "test");
    // Older AWS CLIs (before 2.13 and 1.29) do not know the endpoint variable: the flag always works.
    text.push_str(&format!(
        "\n# Then, for instance (--endpoint-url is needed by AWS CLI before 1.29 or 2.13 only):\n\
         # aws cognito-idp list-users --user-pool-id {} --endpoint-url {}\n",
        shell(pool_id),
        shell(endpoint)
    ));
    text
}

/// Python with boto3: a password sign-in.
#[must_use]
pub fn boto3(facts: &Facts) -> String {
    let Facts { endpoint, region, client_id, username, password, .. } = facts;
    let (endpoint, region, client_id) = (quoted(endpoint), quoted(region), quoted(client_id));
    let (username, password) = (quoted(username), quoted(password));
    let (imports, hash, argument) = match &facts.client_secret {
        Some(secret) => (
            "import base64, hashlib, hmac\n",
            format!(
                "secret_hash = base64.b64encode(\n    hmac.new({}.encode(), ({username} + {client_id}).encode(), hashlib.sha256).digest()\n).decode()\n",
                quoted(secret)
            ),
            ", \"SECRET_HASH\": secret_hash",
        ),
        None => ("", String::new(), ""),
    };
    format!(
        "{imports}import boto3\n\n\
         cognito = boto3.client(\n    \"cognito-idp\", endpoint_url={endpoint}, region_name={region},\n    \
         aws_access_key_id=\"test\", aws_secret_access_key=\"test\",\n)\n{hash}\
         reply = cognito.initiate_auth(\n    ClientId={client_id},\n    AuthFlow=\"USER_PASSWORD_AUTH\",\n    \
         AuthParameters={{\"USERNAME\": {username}, \"PASSWORD\": {password}{argument}}},\n)\n\
         print(reply[\"AuthenticationResult\"][\"AccessToken\"])\n"
    )
}

/// JavaScript with the AWS SDK v3: a password sign-in.
#[must_use]
pub fn js(facts: &Facts) -> String {
    let Facts { endpoint, region, client_id, username, password, .. } = facts;
    let (endpoint, region, client_id) = (quoted(endpoint), quoted(region), quoted(client_id));
    let (username, password) = (quoted(username), quoted(password));
    let (imports, argument) = match &facts.client_secret {
        Some(secret) => (
            "import { createHmac } from 'node:crypto';\n",
            format!(
                ",\n    SECRET_HASH: createHmac('sha256', {}).update({username} + {client_id}).digest('base64')",
                quoted(secret)
            ),
        ),
        None => ("", String::new()),
    };
    format!(
        "{imports}import {{ CognitoIdentityProviderClient, InitiateAuthCommand }} from '@aws-sdk/client-cognito-identity-provider';\n\n\
         const cognito = new CognitoIdentityProviderClient({{\n  endpoint: {endpoint},\n  region: {region},\n  \
         credentials: {{ accessKeyId: 'test', secretAccessKey: 'test' }},\n}});\n\
         const reply = await cognito.send(new InitiateAuthCommand({{\n  ClientId: {client_id},\n  AuthFlow: 'USER_PASSWORD_AUTH',\n  \
         AuthParameters: {{\n    USERNAME: {username},\n    PASSWORD: {password}{argument},\n  }},\n}}));\n\
         console.log(reply.AuthenticationResult.AccessToken);\n"
    )
}

/// Amplify v6. Its hosted sign-in always uses https, and its clients cannot hold a secret.
#[must_use]
pub fn amplify(facts: &Facts) -> String {
    let Facts { endpoint, pool_id, client_id, domain_url, callback, .. } = facts;
    let domain = domain_url.strip_prefix("https://").or_else(|| domain_url.strip_prefix("http://")).unwrap_or(domain_url);
    let warning = match facts.client_secret {
        Some(_) => "// This app client has a secret, which Amplify cannot send: make a client without one for it.\n",
        None => "",
    };
    let scopes = facts.scopes.iter().map(|scope| quoted(scope)).collect::<Vec<_>>().join(", ");
    format!(
        "{warning}import {{ Amplify }} from 'aws-amplify';\n\n\
         Amplify.configure({{\n  Auth: {{\n    Cognito: {{\n      userPoolId: {},\n      userPoolClientId: {},\n      \
         userPoolEndpoint: {},\n      loginWith: {{\n        oauth: {{\n          // https is implied: run `poolhouse trust` once.\n          \
         domain: {},\n          scopes: [{scopes}],\n          redirectSignIn: [{}],\n          redirectSignOut: [{}],\n          \
         responseType: 'code',\n        }},\n      }},\n    }},\n  }},\n}});\n",
        quoted(pool_id),
        quoted(client_id),
        quoted(endpoint),
        quoted(domain),
        quoted(callback),
        quoted(callback),
    )
}

/// What OpenID Connect libraries ask for, as variables.
#[must_use]
pub fn dotenv(facts: &Facts, issuer: &str) -> String {
    let mut text = String::new();
    let mut set = |name: &str, value: &str| text.push_str(&format!("{name}={}\n", shell(value)));
    set("OIDC_ISSUER", issuer);
    set("OIDC_CLIENT_ID", &facts.client_id);
    if let Some(secret) = &facts.client_secret {
        set("OIDC_CLIENT_SECRET", secret);
    }
    set("OIDC_REDIRECT_URI", &facts.callback);
    set("OIDC_SCOPE", &facts.scopes.join(" "));
    set("COGNITO_USER_POOL_ID", &facts.pool_id);
    set("COGNITO_DOMAIN", &facts.domain_url);
    set("AWS_REGION", &facts.region);
    set("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", &facts.endpoint);
    text
}

/// curl: a machine's token.
#[must_use]
pub fn client_credentials(facts: &Facts) -> String {
    let scope = form("scope", &facts.scopes.join(" "));
    format!("{} \\\n  --data grant_type=client_credentials \\\n  {scope}\n", token_request(facts))
}

/// curl: tokens for the code that came back to the callback.
#[must_use]
pub fn code_exchange(facts: &Facts) -> String {
    let client = match facts.client_secret {
        Some(_) => String::new(),
        None => format!(" \\\n  {}", form("client_id", &facts.client_id)),
    };
    let redirect = form("redirect_uri", &facts.callback);
    format!(
        "{}{client} \\\n  --data grant_type=authorization_code \\\n  {redirect} \\\n  --data-urlencode \"code=$CODE\"\n",
        token_request(facts)
    )
}

fn token_request(facts: &Facts) -> String {
    let url = shell(&format!("{}/oauth2/token", facts.domain_url));
    match &facts.client_secret {
        Some(secret) => {
            format!("curl --silent --show-error {url} \\\n  --user {}", shell(&format!("{}:{secret}", facts.client_id)))
        }
        None => format!("curl --silent --show-error {url}"),
    }
}

fn form(name: &str, value: &str) -> String {
    format!("--data-urlencode {}", shell(&format!("{name}={value}")))
}

/// A literal that JavaScript and Python both read: JSON's.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One word for a POSIX shell.
pub(crate) fn shell(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts::demo("http://localhost:9229", "https://localhost:9443", "eu-central-1")
    }

    #[test]
    fn snippets_hold_the_facts() {
        let facts = facts();
        assert!(cli(&facts).contains("export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=http://localhost:9229\n"));
        assert!(cli(&facts).contains("# aws cognito-idp list-users --user-pool-id eu-central-1_DemoPool1 "));
        for text in [boto3(&facts), js(&facts)] {
            for part in ["http://localhost:9229", "eu-central-1", "1demo2client3poolhouse4web", "SECRET_HASH", "demo@example.com"]
            {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
        assert!(amplify(&facts).contains("domain: \"localhost:9443\""));
        assert!(dotenv(&facts, "http://localhost:9229/p").contains("OIDC_ISSUER=http://localhost:9229/p\n"));
        let machine = client_credentials(&facts);
        assert!(machine.starts_with("curl --silent --show-error https://localhost:9443/oauth2/token \\\n  --user "), "{machine}");
        assert!(code_exchange(&facts).contains("--data-urlencode redirect_uri=https://oauth.pstmn.io/v1/callback"));
        let public = Facts { client_secret: None, ..facts };
        for text in [boto3(&public), js(&public), amplify(&public)] {
            assert!(!text.contains("SECRET_HASH") && !text.contains("secret,"), "{text}");
        }
    }

    #[test]
    fn values_cannot_break_out_of_their_quotes() {
        let evil = Facts { password: "a\"; rm -rf ~ '$(x)".into(), pool_id: "a'b $(x)".into(), ..facts() };
        assert!(cli(&evil).contains("--user-pool-id 'a'\\''b $(x)' "));
        assert!(boto3(&evil).contains("\"a\\\"; rm -rf ~ '$(x)\""));
    }
}
