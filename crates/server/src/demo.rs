//! The demo pool of a first start: a pool for email accounts, a domain, a resource server, an app client and a user, with
//! ids that never change, so that what was pasted once works again after a fresh start. Made by the same operations as any
//! other pool. Called by `assembly`.

use std::sync::Arc;

use poolhouse_engine::ctx::{Caller, Ctx, Engine};
use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::{ops, pools};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::facts::{DEMO_DOMAIN_PREFIX, DEMO_POOL_NAME, DEMO_SUB, Facts};

/// What the audit trail calls it.
const DEMO: &str = "MakeDemoPool";
/// The resource server and its one scope: `demo/read`.
const RESOURCE_SERVER: &str = "demo";
/// Callbacks of the usual local front ends, beside the one in [`Facts`].
const CALLBACKS: [&str; 4] =
    ["http://localhost:3000/callback", "http://localhost:3000/", "http://localhost:5173/", "http://localhost:8080/callback"];
const SIGNED_OUT: [&str; 3] = ["http://localhost:3000/", "http://localhost:5173/", "http://localhost:8080/"];

/// Makes the demo pool unless it is there.
///
/// # Errors
/// Those of the operations; the cause names which.
pub async fn ensure(engine: &Arc<Engine>, facts: &Facts) -> Result<()> {
    let ctx = engine.ctx(Caller::Operator, Some(facts.region.clone()));
    if pools::find(&ctx, &facts.pool_id).await?.is_some() {
        return Ok(());
    }
    ctx.concerns_pool(&facts.pool_id);
    ctx.change(DEMO, make(&ctx, facts)).await.map_err(|error| {
        let cause = error.detail().map(|d| d.cause.clone()).unwrap_or_default();
        let text = format!("the demo pool could not be made: {} {cause}", error.message());
        Error::internal(text)
    })
}

async fn make(ctx: &Ctx, facts: &Facts) -> Result<()> {
    let pool = facts.pool_id.as_str();
    let new_pool = json!({
        "PoolName": DEMO_POOL_NAME,
        "UsernameAttributes": ["email"],
        "AutoVerifiedAttributes": ["email"],
    });
    ops::pools::create_user_pool::create(ctx, pool.to_owned(), input(new_pool)?).await?;
    call(ctx, "CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": DEMO_DOMAIN_PREFIX })).await?;
    let scope = json!({ "ScopeName": "read", "ScopeDescription": "Read demo data" });
    let server = json!({ "UserPoolId": pool, "Identifier": RESOURCE_SERVER, "Name": "Demo API", "Scopes": [scope] });
    call(ctx, "CreateResourceServer", server).await?;
    ops::clients::create_user_pool_client::create(ctx, facts.client_id.clone(), input(client(facts))?).await?;
    user(ctx, facts).await
}

fn client(facts: &Facts) -> Value {
    let mut scopes = facts.scopes.clone();
    scopes.push(format!("{RESOURCE_SERVER}/read"));
    let mut callbacks = vec![facts.callback.as_str()];
    callbacks.extend(CALLBACKS);
    json!({
        "UserPoolId": facts.pool_id,
        "ClientName": DEMO_POOL_NAME,
        "ClientSecret": facts.client_secret,
        "ExplicitAuthFlows": [
            "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"
        ],
        "SupportedIdentityProviders": ["COGNITO"],
        "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthFlows": ["code", "implicit"],
        "AllowedOAuthScopes": scopes,
        "CallbackURLs": callbacks,
        "LogoutURLs": SIGNED_OUT,
    })
}

async fn user(ctx: &Ctx, facts: &Facts) -> Result<()> {
    let (pool, name) = (&facts.pool_id, &facts.username);
    let attributes = json!([{ "Name": "email", "Value": name }, { "Name": "email_verified", "Value": "true" }]);
    let new_user = json!({ "UserPoolId": pool, "Username": name, "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
    ops::users::admin_create_user::create(ctx, DEMO_SUB.to_owned(), input(new_user)?).await?;
    let password = json!({ "UserPoolId": pool, "Username": name, "Password": facts.password, "Permanent": true });
    call(ctx, "AdminSetUserPassword", password).await
}

/// An operation in this process, as any caller would call it.
async fn call(ctx: &Ctx, name: &str, input: Value) -> Result<()> {
    let handler = ops::handler(name).ok_or_else(|| Error::internal(format!("{name} is not built")))?;
    handler(ctx, input).await.map(|_| ())
}

fn input<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|e| Error::internal(format!("the demo's own input does not parse: {e}")))
}
