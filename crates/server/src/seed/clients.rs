//! App clients and their secrets. A secret that the file gives replaces the one in the store; one that is to be generated is
//! made with the client and stays. Called by `seed::apply`.

use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::ops::clients::create_user_pool_client;
use serde_json::{Map, Value, json};

use super::apply::Work;
use super::calls::{Calls, input, text};
use super::merge::{differences, merged, taken_by};
use super::read::{ClientSeed, with};
use super::report::{Kind, Leaf};

impl Work<'_> {
    pub(super) async fn client(&mut self, calls: Calls<'_>, client: &ClientSeed, is_new: bool) {
        let what = format!("client {} ({}) of {}", client.id, client.name, calls.pool);
        let described = match is_new {
            true => Ok(None),
            false => calls.described("DescribeUserPoolClient", input(&[("ClientId", &client.id)]), "UserPoolClient").await,
        };
        let described = match described {
            Ok(Some(described)) => described,
            Ok(None) => {
                let outcome = match self.options.write {
                    true => create(calls, client, self.options.guessable_secrets).await,
                    false => Ok(()),
                };
                self.done(client.at, outcome, Kind::Add, what, Vec::new());
                return;
            }
            Err(error) => return self.failed(client.at, &error),
        };
        let mut wanted = client.settings.clone();
        wanted.insert("ClientName".to_owned(), client.name.as_str().into());
        let mut members = differences(&described, &wanted);
        let whole = (!members.is_empty()).then(|| taken_by("UpdateUserPoolClient", &merged(&described, &wanted)));
        let held = text(&described, "ClientSecret");
        let secret = client.secret.as_ref().map(|secret| secret.expose()).filter(|secret| held.as_deref() != Some(*secret));
        members.extend(secret.map(|_| Leaf::secret("secret")));
        if client.generate_secret && held.is_none() {
            let error = Error::invalid_parameter(format!(
                "Client {} was made without a secret, which cannot change: every copy of its app would be turned away. Delete it, or give \
                 it another id.",
                client.id
            ));
            return self.failed(client.at, &error);
        }
        if members.is_empty() {
            return;
        }
        let outcome = match self.options.write {
            true => update(calls, client, whole, secret).await,
            false => Ok(()),
        };
        self.done(client.at, outcome, Kind::Change, what, members);
    }
}

async fn create(calls: Calls<'_>, client: &ClientSeed, guessable: bool) -> Result<()> {
    let mut own = json!({ "UserPoolId": calls.pool, "ClientName": client.name });
    let secret = client.secret_in(calls.pool, guessable);
    if let Some(own) = own.as_object_mut() {
        match secret {
            Some(secret) => own.insert("ClientSecret".to_owned(), secret.into()),
            None => own.insert("GenerateSecret".to_owned(), client.generate_secret.into()),
        };
    }
    let input = with(&client.settings, own);
    let input = serde_json::from_value(input).map_err(|e| Error::internal(format!("validated settings do not parse: {e}")))?;
    let ctx = calls.ctx();
    ctx.concerns("ClientName", &client.name);
    let made = create_user_pool_client::create(&ctx, client.id.clone(), input);
    ctx.change("CreateUserPoolClient", made).await.map(drop)
}

async fn update(calls: Calls<'_>, client: &ClientSeed, whole: Option<Map<String, Value>>, secret: Option<&str>) -> Result<()> {
    if let Some(mut whole) = whole {
        whole.extend(input(&[("ClientId", &client.id)]));
        calls.call("UpdateUserPoolClient", whole).await?;
    }
    match secret {
        Some(secret) => replace_secret(calls, &client.id, secret).await,
        None => Ok(()),
    }
}

/// A client has two secrets at most, and keeps its last: the older of two goes, the new one comes, the other goes.
async fn replace_secret(calls: Calls<'_>, client: &str, secret: &str) -> Result<()> {
    let ids = input(&[("ClientId", client)]);
    let listed = calls.call("ListUserPoolClientSecrets", ids.clone()).await?;
    let listed = listed.get("ClientSecrets").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let held: Vec<String> = listed.iter().filter_map(|one| one.get("ClientSecretId")?.as_str()).map(str::to_owned).collect();
    let (last, older) = match held.split_last() {
        Some((last, older)) => (Some(last), older),
        None => (None, held.as_slice()),
    };
    for id in older {
        calls.call("DeleteUserPoolClientSecret", input(&[("ClientId", client), ("ClientSecretId", id)])).await?;
    }
    // It may have been on its way in already.
    let described = calls.described("DescribeUserPoolClient", ids, "UserPoolClient").await?;
    if described.and_then(|client| text(&client, "ClientSecret")).as_deref() == Some(secret) {
        return Ok(());
    }
    calls.call("AddUserPoolClientSecret", input(&[("ClientId", client), ("ClientSecret", secret)])).await?;
    match last {
        Some(id) => {
            calls.call("DeleteUserPoolClientSecret", input(&[("ClientId", client), ("ClientSecretId", id)])).await.map(drop)
        }
        None => Ok(()),
    }
}
