//! The sign-in machine as InitiateAuth and RespondToAuthChallenge speak it: flows by name, parameters as string maps,
//! tokens at the end. The four operations differ only in [`Door`].
use std::collections::BTreeMap;

use poolhouse_wire::types::{AuthFlowType, AuthenticationResultType, ChallengeNameType, ExplicitAuthFlowsType, Sensitive};

use super::srp::Proof;
use super::{Challenge, Step, new_password, password, session, srp};
use crate::clients::{Client, secret_hash};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools::Pool;
use crate::tokens::{self, ADMIN_SCOPE, Grant, TokenSet};
use crate::users;

/// Which of the twin operations is called: some flows belong to one of them only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Public,
    Admin,
}

/// String maps as AuthParameters and ChallengeResponses carry them.
pub type Parameters = BTreeMap<String, Sensitive>;

/// What either operation answers with.
#[derive(Debug)]
pub enum Answer {
    Challenge(Challenge),
    Tokens(TokenSet),
}

/// Starts a flow.
pub async fn initiate(
    ctx: &Ctx,
    pool: &Pool,
    client: &Client,
    door: Door,
    flow: AuthFlowType,
    parameters: &Parameters,
) -> Result<Answer> {
    use AuthFlowType as Flow;
    match flow {
        Flow::UserPasswordAuth | Flow::AdminUserPasswordAuth | Flow::AdminNoSrpAuth => {
            password_flow_allowed(client, door, flow)?;
            let username = named(ctx, client, parameters)?;
            let password = required(parameters, "PASSWORD")?;
            finish(ctx, pool, client, password::sign_in(ctx, pool, client, username, password).await?).await
        }
        Flow::UserSrpAuth => {
            if !client.allows(ExplicitAuthFlowsType::AllowUserSrpAuth) {
                return Err(Error::invalid_parameter("USER_SRP_AUTH is not enabled for the client."));
            }
            let username = named(ctx, client, parameters)?;
            let a = required(parameters, "SRP_A")?;
            srp::start(ctx, pool, client, username, a).await.map(Answer::Challenge)
        }
        Flow::RefreshTokenAuth | Flow::RefreshToken => refresh(ctx, pool, client, parameters).await,
        Flow::CustomAuth => {
            if !client.allows(ExplicitAuthFlowsType::AllowCustomAuth) {
                return Err(Error::invalid_parameter("CUSTOM_AUTH is not enabled for the client."));
            }
            Err(Error::invalid_parameter("Custom auth lambda trigger is not configured for the user pool."))
        }
        Flow::UserAuth => Err(Error::invalid_parameter("USER_AUTH is not enabled for the client.")
            .because("choice-based sign-in is not built in Poolhouse yet")
            .fix("Use USER_SRP_AUTH or USER_PASSWORD_AUTH.")),
    }
}

fn password_flow_allowed(client: &Client, door: Door, flow: AuthFlowType) -> Result<()> {
    let public_flow = flow == AuthFlowType::UserPasswordAuth;
    if public_flow != (door == Door::Public) {
        return Err(Error::invalid_parameter("Initiate Auth method not supported."));
    }
    let (wanted, refusal) = match door {
        Door::Public => (ExplicitAuthFlowsType::AllowUserPasswordAuth, "USER_PASSWORD_AUTH flow not enabled for this client"),
        Door::Admin => (ExplicitAuthFlowsType::AllowAdminUserPasswordAuth, "Auth flow not enabled for this client"),
    };
    if client.allows(wanted) { Ok(()) } else { Err(Error::invalid_parameter(refusal)) }
}

/// USERNAME, with SECRET_HASH checked for it: before the user is looked up, so that the check tells nothing about users.
fn named<'a>(ctx: &Ctx, client: &Client, parameters: &'a Parameters) -> Result<&'a str> {
    let username = required(parameters, "USERNAME")?;
    secret_hash::check(ctx, client, username, text(parameters, "SECRET_HASH"))?;
    Ok(username)
}

/// REFRESH_TOKEN_AUTH. There is no USERNAME here: SECRET_HASH is over the user's real name, which is its sub in pools with
/// sign-in attributes; clients that remember only the name typed are known to send that.
async fn refresh(ctx: &Ctx, pool: &Pool, client: &Client, parameters: &Parameters) -> Result<Answer> {
    // Else the trail could not tell it from a sign-in.
    ctx.concerns("grant_type", "refresh_token");
    if !client.allows(ExplicitAuthFlowsType::AllowRefreshTokenAuth) {
        return Err(Error::invalid_parameter("REFRESH_TOKEN_AUTH is not enabled for the client."));
    }
    if client.rotation_grace_seconds().is_some() {
        return Err(Error::invalid_parameter("Refresh token rotation is enabled for the client: use GetTokensFromRefreshToken."));
    }
    let token = required(parameters, "REFRESH_TOKEN")?;
    if client.has_secret() {
        let user = tokens::refresh::owner(ctx, pool, token).await?;
        let given = text(parameters, "SECRET_HASH");
        let names = user.iter().flat_map(|user| [user.username().to_owned(), user.sub().to_owned()]);
        let names = names.chain(user.iter().flat_map(users::User::addresses));
        secret_hash::check_any(ctx, client, names, given)?;
    } else {
        secret_hash::check(ctx, client, "", text(parameters, "SECRET_HASH"))?;
    }
    tokens::refresh::refresh(ctx, pool, client, token, None).await.map(Answer::Tokens)
}

/// Answers a challenge.
pub async fn respond(
    ctx: &Ctx,
    pool: &Pool,
    client: &Client,
    challenge: ChallengeNameType,
    session: Option<&str>,
    responses: &Parameters,
) -> Result<Answer> {
    let username = named(ctx, client, responses)?;
    let step = match challenge {
        ChallengeNameType::PasswordVerifier => {
            let proof = Proof {
                username,
                secret_block: required(responses, "PASSWORD_CLAIM_SECRET_BLOCK")?,
                timestamp: required(responses, "TIMESTAMP")?,
                signature: required(responses, "PASSWORD_CLAIM_SIGNATURE")?,
            };
            srp::verify(ctx, pool, client, proof).await?
        }
        ChallengeNameType::NewPasswordRequired => {
            let session = session.ok_or_else(|| Error::invalid_parameter("Missing required parameter Session"))?;
            let password = required(responses, "NEW_PASSWORD")?;
            // A session that leaked is no use under another name: SECRET_HASH was proved for that name only.
            let user = new_password::user_of(ctx, pool, client, session).await?;
            if !super::names(ctx, pool, username, &user).await? {
                return Err(session::invalid().because("USERNAME is not the user the session was made for"));
            }
            let attributes = responses.iter().map(|(k, v)| (k.clone(), v.as_str().to_owned())).collect();
            new_password::answer(ctx, pool, client, session, password, &attributes).await?
        }
        other => {
            return Err(Error::invalid_parameter(format!("Challenge {} is not available for this session.", other.as_str()))
                .because("no sign-in of Poolhouse asks this challenge yet"));
        }
    };
    finish(ctx, pool, client, step).await
}

async fn finish(ctx: &Ctx, pool: &Pool, client: &Client, step: Step) -> Result<Answer> {
    let signed_in = match step {
        Step::Challenge(challenge) => return Ok(Answer::Challenge(challenge)),
        Step::SignedIn(signed_in) => signed_in,
    };
    let grant = Grant {
        pool,
        client,
        user: &signed_in.user,
        scopes: vec![ADMIN_SCOPE.to_owned()],
        auth_time: signed_in.auth_time,
        door: tokens::Door::Api,
        nonce: None,
        resource: None,
    };
    tokens::issue(ctx, &grant).await.map(Answer::Tokens)
}

fn text<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    parameters.get(name).map(Sensitive::as_str).filter(|v| !v.is_empty())
}

fn required<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str> {
    text(parameters, name).ok_or_else(|| Error::invalid_parameter(format!("Missing required parameter {name}")))
}

/// Tokens as the API shows them.
pub fn result(tokens: TokenSet) -> AuthenticationResultType {
    AuthenticationResultType {
        access_token: Some(tokens.access_token.into()),
        expires_in: i32::try_from(tokens.expires_in).ok(),
        token_type: Some("Bearer".to_owned()),
        refresh_token: tokens.refresh_token.map(Into::into),
        id_token: tokens.id_token.map(Into::into),
        new_device_metadata: None,
    }
}
