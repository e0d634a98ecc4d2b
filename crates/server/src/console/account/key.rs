//! Renewing the key of one's codes: a page that shows a new one, and its form, which puts it in force. Nothing is kept in between: the key
//! follows from what the form sends again and from the key of today.

use http::StatusCode;
use poolhouse_engine::keys::entropy;
use poolhouse_engine::operators::{self, NewKey, Proof};

use super::{NEW_KEY, me, proof_fields, refused, renewed};
use crate::console::door::field;
use crate::console::kit::view::{Block, Facts, Field, Form, Input};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::console::kit::{authenticator, paths};
use crate::pages::fields::Link;

const NONCE: &str = "nonce";

/// Answers the form itself: a key is in no page before it is asked for.
pub async fn show(posted: Posted) -> Answer {
    let nonce = entropy::token(posted.visit.ctx.entropy());
    page(posted.visit, &nonce, None).await
}

async fn page(visit: Visit, nonce: &str, refused: Option<(StatusCode, String)>) -> Answer {
    let me = me(&visit)?;
    let key = match operators::new_key(&visit.ctx, &me, nonce).await {
        Ok(key) => key,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(None, "Renew the key of your codes", vec![Link::new("Your account", paths::ACCOUNT)]).await;
    view.blocks.push(Block::Facts(Facts {
        id: "app".to_owned(),
        title: "Add this key to an authenticator app".to_owned(),
        hint: Some("The key that you have now stays good until the form below is taken.".to_owned()),
        facts: authenticator::facts(&key, Some(&me.name)),
        links: Vec::new(),
    }));
    let mut fields = vec![Field::hidden(NONCE, nonce)];
    fields.extend(proof_fields("Code that the app shows for the key you have now"));
    fields.push(field(Input::Text, "new", "Code that the app shows for the new key", "", "one-time-code"));
    let status = refused.as_ref().map_or(StatusCode::OK, |(status, _)| *status);
    let form = Form::new("renew", NEW_KEY, "Put the new key in force", fields);
    let form = form.hinting("Ends your sessions in every other browser. The old key makes no codes that are taken any more.");
    view.blocks.push(Block::Form(form.or_cancel(paths::ACCOUNT).refused(refused.map(|(_, said)| said))));
    Ok(visit.show_as(status, view))
}

pub async fn renew(posted: Posted) -> Answer {
    let me = me(&posted.visit)?;
    let text = |name: &str| posted.text(name).to_owned();
    let (nonce, code, new) = (text(NONCE), text("code"), text("new"));
    let proof = Proof { password: posted.raw("password"), code: &code };
    let typed = NewKey { proof, nonce: &nonce, code: &new };
    match operators::renew_key(&posted.visit.ctx, &me, &typed).await {
        Ok(session) => Ok(renewed(posted.visit, &session, "The new key is in force. Every other session of yours ended.").await),
        Err(error) => {
            let (visit, refused) = refused(posted.visit, &error).await?;
            page(visit, &nonce, Some(refused)).await
        }
    }
}
