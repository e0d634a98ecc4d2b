//! SECRET_HASH: the proof that a call comes from an app that holds the client's secret (developer guide, "Computing
//! secret hash values"). Called before any user is looked up, wherever the user name is in the request.
use super::{Client, guessing};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::secret_hash;

/// Checks the hash sent with `username`, exactly as it was sent. Either of two active secrets is accepted (checklist 46).
/// A client without a secret must not be sent one.
pub fn check(ctx: &Ctx, client: &Client, username: &str, given: Option<&str>) -> Result<()> {
    check_any(ctx, client, std::iter::once(username.to_owned()), given)
}

/// As [`check`] where the request does not say the user name (refresh): any of `names` may have been hashed.
pub fn check_any(ctx: &Ctx, client: &Client, names: impl IntoIterator<Item = String>, given: Option<&str>) -> Result<()> {
    let Some(hash) = present(client, given)? else { return Ok(()) };
    guessing::of_anybody(ctx, Some(client))?.settle(hash_fits(client, names, hash))
}

/// Checks the plain secret that GetTokensFromRefreshToken and RevokeToken carry.
pub fn check_secret(ctx: &Ctx, client: &Client, given: Option<&str>) -> Result<()> {
    let Some(secret) = present(client, given)? else { return Ok(()) };
    guessing::of_anybody(ctx, Some(client))?.settle(secret_fits(client, secret))
}

fn hash_fits(client: &Client, names: impl IntoIterator<Item = String>, hash: &str) -> Result<()> {
    let fits = |name: String| {
        let secrets = client.secrets.iter().filter_map(|secret| secret.value.expose_str());
        secret_hash::verify(secrets, &name, &client.id, hash)
    };
    // No short cut: which of the names fitted cannot be timed.
    if names.into_iter().fold(false, |ok, name| fits(name) | ok) {
        return Ok(());
    }
    Err(Error::not_authorized(format!("Unable to verify secret hash for client {}", client.id)))
}

fn secret_fits(client: &Client, secret: &str) -> Result<()> {
    if client.accepts_secret(secret) {
        return Ok(());
    }
    Err(Error::not_authorized(format!("Unable to verify secret for client {}", client.id)))
}

/// What was sent, where the client has a secret; refuses a secret too many or too few.
fn present<'a>(client: &Client, given: Option<&'a str>) -> Result<Option<&'a str>> {
    let id = &client.id;
    match (client.has_secret(), given) {
        (false, None) => Ok(None),
        (false, Some(_)) => {
            Err(Error::not_authorized(format!("Client {id} is not configured for secret but secret was received")))
        }
        (true, None) => {
            Err(Error::not_authorized(format!("Client {id} is configured with secret but SECRET_HASH was not received")))
        }
        (true, Some(given)) => Ok(Some(given)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::testing::client;

    #[test]
    fn sec_046_the_hash_must_fit_name_client_and_a_live_secret() {
        let two = client(&["old", "new"]);
        let check = |client: &Client, name: &str, hash: &str| hash_fits(client, [name.to_owned()], hash);
        for secret in ["old", "new"] {
            assert!(check(&two, "ann", &secret_hash::compute(secret, "ann", "c")).is_ok());
        }
        let hash = secret_hash::compute("new", "ann", "c");
        assert_eq!(check(&two, "bob", &hash).unwrap_err().message(), "Unable to verify secret hash for client c");
        assert!(check(&client(&["old"]), "ann", &hash).is_err());
        assert!(hash_fits(&two, ["bob".to_owned(), "ann".to_owned()], &hash).is_ok());
        assert!(hash_fits(&two, [], &hash).is_err());
    }

    #[test]
    fn a_secret_too_many_or_too_few_is_refused() {
        let text = |r: Result<Option<&str>>| r.unwrap_err().message().to_owned();
        assert_eq!(text(present(&client(&["s"]), None)), "Client c is configured with secret but SECRET_HASH was not received");
        assert_eq!(text(present(&client(&[]), Some("x"))), "Client c is not configured for secret but secret was received");
        assert_eq!(present(&client(&[]), None).unwrap(), None);
        assert!(secret_fits(&client(&["s"]), "s").is_ok() && secret_fits(&client(&["s"]), "t").is_err());
    }
}
