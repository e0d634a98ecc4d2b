//! Where a secret is about to be compared: is there leave for one more guess, and was it wrong? Called wherever a
//! password, a code or a client's secret comes in; how much is too much is `rates`' business. What one user's account may
//! suffer is counted apart, in the store (`users::attempts`).
use poolhouse_wire::ErrorCode;

use super::Client;
use crate::ctx::{Caller, Ctx};
use crate::error::{Code, Error, OAuthCode, Result};
use crate::rates::guesses::Keys;

/// One secret that may be compared. It counts as wrong until [`Guess::settle`] says otherwise: whoever hangs up before
/// the answer has guessed all the same.
pub struct Guess<'a> {
    ctx: &'a Ctx,
    keys: Keys,
    wrong: bool,
}

/// Leave to compare a user's password or code, after the client has proved its own secret, if it has one. Then, or where
/// an administrator's key signs, the caller is an app's backend, whose one address stands for all its users; on a page it
/// is the person's own.
pub fn of_user<'a>(ctx: &'a Ctx, client: &Client) -> Result<Guess<'a>> {
    let backend = client.has_secret() || matches!(ctx.caller, Caller::AccessKey { .. });
    let address = ctx.remote.filter(|remote| remote.browser || !backend).map(|remote| remote.address);
    Guess::begin(ctx, Keys { address, client: Some(client.id.clone()), pool: Some(client.pool_id.clone()) })
}

/// Leave to compare a secret that anybody may send: a client's own (`None` where there is no such client), or what the
/// holder of an access token is asked for.
pub fn of_anybody<'a>(ctx: &'a Ctx, client: Option<&Client>) -> Result<Guess<'a>> {
    let address = ctx.remote.map(|remote| remote.address);
    let pool = client.map(|client| client.pool_id.clone());
    Guess::begin(ctx, Keys { address, client: client.map(|client| client.id.clone()), pool })
}

impl<'a> Guess<'a> {
    /// The refusal says nothing of the secret or the user: it is the same whatever was sent.
    fn begin(ctx: &'a Ctx, keys: Keys) -> Result<Self> {
        if let Some(guesses) = &ctx.engine.rates.guesses {
            guesses.look(&keys, ctx.real_now()).map_err(|(which, empty)| {
                Error::too_fast(empty.wait_ms).because(format!("too many wrong secrets for the {which} of {keys:?}"))
            })?;
        }
        Ok(Self { ctx, keys, wrong: true })
    }

    /// Hands the outcome on, and counts it where the secret was wrong.
    pub fn settle<T>(mut self, outcome: Result<T>) -> Result<T> {
        self.wrong = outcome.as_ref().err().is_some_and(was_wrong);
        outcome
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        if let Some(guesses) = self.ctx.engine.rates.guesses.as_ref().filter(|_| self.wrong) {
            guesses.wrong(&self.keys, self.ctx.real_now());
        }
    }
}

/// Whether the refusal is about the secret or about whose it is. Input that is no secret at all, and faults of ours, cost
/// nothing.
fn was_wrong(error: &Error) -> bool {
    use ErrorCode as C;
    match error.code() {
        Code::Aws(code) => matches!(
            code,
            C::NotAuthorizedException
                | C::UserNotFoundException
                | C::CodeMismatchException
                | C::ExpiredCodeException
                | C::LimitExceededException
        ),
        Code::OAuth(code) => code == OAuthCode::InvalidClient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::Remote;
    use crate::rates::{Settings, guesses};
    use crate::testing::World;

    #[tokio::test]
    async fn sec_077_hanging_up_is_a_guess_and_what_is_no_secret_is_none() {
        let rates = guesses::Rates { per_address: 1, ..Default::default() };
        let world = World::limited(Settings { guesses: Some(rates), quotas: None }).await;
        let mut ctx = world.ctx();
        ctx.remote = "192.0.2.1".parse().ok().map(|address| Remote { address, browser: false });
        let begin = || of_anybody(&ctx, None);
        begin().unwrap().settle(Ok(())).unwrap();
        for harmless in [Error::invalid_parameter("x"), Error::overloaded("x"), Error::internal("x")] {
            begin().unwrap().settle::<()>(Err(harmless)).unwrap_err();
        }
        drop(begin().unwrap());
        let refusal = begin().err().unwrap();
        assert_eq!((refusal.message(), refusal.retry_after_seconds()), ("Rate exceeded", Some(60)));
        // What does not come over a connection is nobody's guess.
        assert!(of_anybody(&world.ctx(), None).is_ok());
    }
}
