//! What a client needs to know to use one app client of one pool, and the fixed ids of the demo pool.
//! Called by the snippets, the Postman files, the greeting, and whoever makes the demo pool.

use std::path::PathBuf;

/// The demo pool's id is `{region}_` and this.
pub const DEMO_POOL_SUFFIX: &str = "DemoPool1";
pub const DEMO_POOL_NAME: &str = "demo";
pub const DEMO_DOMAIN_PREFIX: &str = "demo";
pub const DEMO_CLIENT_ID: &str = "1demo2client3poolhouse4web";
pub const DEMO_CLIENT_SECRET: &str = "1demo2secret3of4the5demo6client7never8used9elsewhere";
pub const DEMO_SUB: &str = "d3e0a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b";
pub const DEMO_USERNAME: &str = "demo@example.com";
pub const DEMO_PASSWORD: &str = "Demo-Password-1";
pub const DEMO_CALLBACK: &str = "https://oauth.pstmn.io/v1/callback";
pub const DEMO_SCOPES: [&str; 5] = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

/// Everything that is pasted into a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Address of the JSON API, no trailing slash.
    pub endpoint: String,
    pub region: String,
    pub pool_id: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub username: String,
    pub password: String,
    /// Address of the sign-in pages and OAuth endpoints, no trailing slash.
    pub domain_url: String,
    pub scopes: Vec<String>,
    pub callback: String,
    /// The local authority's certificate, where `domain_url` needs it.
    pub ca: Option<PathBuf>,
}

impl Facts {
    /// The demo pool at the given addresses.
    #[must_use]
    pub fn demo(endpoint: &str, domain_url: &str, region: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            region: region.to_owned(),
            pool_id: format!("{region}_{DEMO_POOL_SUFFIX}"),
            client_id: DEMO_CLIENT_ID.to_owned(),
            client_secret: Some(DEMO_CLIENT_SECRET.to_owned()),
            username: DEMO_USERNAME.to_owned(),
            password: DEMO_PASSWORD.to_owned(),
            domain_url: domain_url.to_owned(),
            scopes: DEMO_SCOPES.map(str::to_owned).to_vec(),
            callback: DEMO_CALLBACK.to_owned(),
            ca: None,
        }
    }
}
