//! The authorization code flow as a browser and an application walk it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::house::world::{CALLBACK, ClientOfPool, PASSWORD, SCOPE, World};
use crate::load::http::{Answer, Call, Connection};

/// The host of the pool's domain.
const DOMAIN: &str = "bench.auth.eu-central-1.amazoncognito.com";

/// A browser's cookies.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    jar: BTreeMap<String, String>,
}

impl Browser {
    /// From the application's link over the sign-in page to the code in the redirect.
    ///
    /// # Errors
    /// A page other than the expected one.
    pub async fn sign_in(
        &mut self,
        connection: &mut Connection,
        world: &World,
        client: &ClientOfPool,
        user: &str,
    ) -> Result<String, String> {
        let asked = self.send(connection, world.authorize(client)).await?;
        let page = self.send(connection, world.at_domain(Call::get(asked.location()))).await?.expect(200)?;
        let mut fields = hidden(page.text());
        fields.push(("username".to_owned(), user.to_owned()));
        fields.push(("password".to_owned(), PASSWORD.to_owned()));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let action = attribute(page.text(), "<form", "action").ok_or("the sign-in page has no form")?;
        let done = self.send(connection, world.at_domain(Call::form(&action, &fields))).await?;
        done.redirected("code").ok_or_else(|| format!("the sign-in led to {} {:?}", done.status, done.location()))
    }

    /// A code for the session the browser has.
    ///
    /// # Errors
    /// No code.
    pub async fn authorize(
        &mut self,
        connection: &mut Connection,
        world: &World,
        client: &ClientOfPool,
    ) -> Result<String, String> {
        let answer = self.send(connection, world.authorize(client)).await?;
        answer.redirected("code").ok_or_else(|| format!("no code: {} {:?}", answer.status, answer.location()))
    }

    /// Sends with the cookies it has, and keeps those it is given.
    ///
    /// # Errors
    /// No answer.
    pub async fn send(&mut self, connection: &mut Connection, call: Call) -> Result<Answer, String> {
        let cookies: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = if cookies.is_empty() { call } else { call.with("cookie", &cookies.join("; ")) };
        let answer = connection.send(&call).await?;
        for cookie in answer.header("set-cookie") {
            let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
            if let Some((name, value)) = pair {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }
}

impl World {
    /// A call to the pool's domain instead of the server's own address.
    pub fn at_domain(&self, call: Call) -> Call {
        call.with("host", DOMAIN)
    }

    fn authorize(&self, client: &ClientOfPool) -> Call {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("response_type", "code"), ("client_id", &client.id), ("redirect_uri", CALLBACK)])
            .extend_pairs([("scope", SCOPE), ("state", "bench")])
            .finish();
        self.at_domain(Call::get(&format!("/oauth2/authorize?{query}")))
    }

    /// The redemption of a code.
    pub fn exchange(&self, client: &ClientOfPool, code: &str) -> Call {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        self.token(client, &fields)
    }

    /// A request to the token endpoint by a client that proves itself with HTTP Basic.
    pub fn token(&self, client: &ClientOfPool, fields: &[(&str, &str)]) -> Call {
        let basic = STANDARD.encode(format!("{}:{}", client.id, client.secret));
        self.at_domain(Call::form("/oauth2/token", fields)).with("authorization", &format!("Basic {basic}"))
    }
}

/// Names and values of a page's hidden inputs.
fn hidden(html: &str) -> Vec<(String, String)> {
    let inputs = html.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    inputs
        .filter_map(|input| {
            let value = |name: &str| attribute(&format!("<input{input}>"), "<input", name);
            (value("type").as_deref() == Some("hidden"))
                .then(|| (value("name").unwrap_or_default(), value("value").unwrap_or_default()))
        })
        .collect()
}

/// The value of an attribute in the first such tag, unescaped.
fn attribute(html: &str, tag: &str, name: &str) -> Option<String> {
    let rest = html.get(html.find(tag)?..)?;
    let rest = rest.get(..rest.find('>')?)?;
    let (_, value) = rest.split_once(&format!(" {name}=\""))?;
    let value = value.split('"').next()?;
    Some(value.replace("&#39;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}
