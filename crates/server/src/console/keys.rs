//! A pool's signing keys: which sign, which will, which still verify; and changing them.

use axum::extract::Path;
use poolhouse_engine::error::Error;
use poolhouse_engine::tokens::rotation::{self, Begun, KEPT_MS, KeyFacts, KeyState, WAIT_MS};
use serde_json::json;

use crate::console::kit::json::text;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Facts, Field, Form, Input, Named, State, Table, Value};
use crate::console::kit::visit::{Answer, Posted, Stop, Visit};
use crate::pages::fields::{Link, Moment};

const HOUR_MS: i64 = 3_600_000;

/// The pool's name, or the page that says that there is none. The operation holds the id to its pattern.
async fn named(mut visit: Visit, pool: &str) -> Result<(Visit, String), Stop> {
    match visit.call("DescribeUserPool", json!({ "UserPoolId": pool })).await {
        Ok(described) => {
            let name = described.get("UserPool").map(|pool| text(pool, "Name").to_owned()).unwrap_or_default();
            Ok((visit, name))
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

pub async fn list(visit: Visit, Path(pool): Path<String>) -> Answer {
    let (visit, _) = named(visit, &pool).await?;
    let keys = match rotation::list(&visit.ctx, &pool).await {
        Ok(keys) => keys,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(Some(&pool), "Signing keys", Vec::new()).await;
    view.lead = Some("Tokens of this pool are signed with these keys; apps and APIs verify them by the public set.".to_owned());
    view.actions = vec![Link::new("Rotate signing keys", &paths::pool(&pool, "/keys/rotate"))];
    view.blocks.push(Block::Table(Table {
        id: "keys".to_owned(),
        caption: "Signing keys".to_owned(),
        columns: ["Key ID", "For", "State", "Since, from or until", "Made"].map(str::to_owned).to_vec(),
        rows: keys.iter().map(|key| row(key, visit.ctx.now)).collect(),
        next: None,
        first: None,
    }));
    view.blocks.push(Block::Facts(Facts {
        id: "public".to_owned(),
        title: "Public set".to_owned(),
        hint: None,
        facts: vec![
            Named::new("JWKS", Value::link("jwks.json", &format!("/{pool}/.well-known/jwks.json")))
                .noting("May be kept for an hour by whoever fetches it."),
            Named::copy("On the command line", &format!("poolhouse signing-key list {pool}")),
        ],
        links: Vec::new(),
    }));
    Ok(visit.show(view))
}

fn row(key: &KeyFacts, now: i64) -> Vec<Value> {
    let (state, word, at) = match key.state {
        KeyState::Active(since) => (State::Ok, "signs, since", since),
        KeyState::Next(from) => (State::Info, "published, signs from", from),
        KeyState::Retired(until) => (State::Warn, "retired, published until", until),
    };
    vec![
        Value::copy(&key.kid),
        Value::text(if key.purpose == "id" { "ID tokens" } else { "access tokens" }),
        Value::state(state, word),
        Value::Moment { at: Moment::of(at, now) },
        Value::Moment { at: Moment::of(key.created_at, now) },
    ]
}

pub async fn ask(visit: Visit, Path(pool): Path<String>) -> Answer {
    let (visit, name) = named(visit, &pool).await?;
    let above = paths::pool(&pool, "/keys");
    let mut view = visit.view(Some(&pool), "Rotate signing keys", vec![Link::new("Signing keys", &above)]).await;
    view.blocks.push(Block::Prose {
        title: None,
        text: format!(
            "New keys for {name} join the public set at once. No token is lost: the keys that sign today stay in the set for {} hours \
             after their last signature.",
            KEPT_MS / HOUR_MS
        ),
    });
    let wait = format!("In {} hours", WAIT_MS / HOUR_MS);
    let choices = vec![
        Choice::new("wait", &wait, true).hinting("Everybody has fetched the public set anew by then: nobody notices."),
        Choice::new("now", "At once", false).hinting(
            "For emergencies. Whoever keeps a copy of the public set refuses new tokens until it fetches again: for up to an hour, or \
             longer.",
        ),
    ];
    let fields = vec![Field::one_of(Input::Radio, "when", "When the new keys sign", choices).must()];
    let form = Form::new("rotate", &paths::pool(&pool, "/keys/rotate"), "Rotate signing keys", fields);
    view.blocks.push(Block::Form(form.or_cancel(&above)));
    view.blocks.push(Block::Code {
        title: "On the command line".to_owned(),
        hint: Some("AWS has no operation for it.".to_owned()),
        text: format!("poolhouse signing-key rotate {pool}"),
    });
    Ok(visit.show(view))
}

pub async fn rotate(Path(pool): Path<String>, posted: Posted) -> Answer {
    let when = posted.text("when").to_owned();
    let (visit, _) = named(posted.visit, &pool).await?;
    let ctx = &visit.ctx;
    ctx.concerns_pool(&pool);
    let outcome = match when.as_str() {
        "now" => ctx.change("RotateSigningKeys", rotation::now(ctx, &pool)).await.map(|()| None),
        "wait" => ctx.change("RotateSigningKeys", rotation::begin(ctx, &pool, WAIT_MS)).await.map(Some),
        _ => Err(Error::invalid_parameter("Choose when the new keys sign: wait or now")),
    };
    let above = paths::pool(&pool, "/keys");
    match outcome {
        Ok(None) => Ok(visit.go(&above, "New keys are published and sign from now on.")),
        Ok(Some(Begun::Published(at))) => {
            let said = format!("New keys are published. They sign from {}.", Moment::of(at, visit.ctx.now).absolute);
            Ok(visit.go(&above, &said))
        }
        Ok(Some(Begun::UnderWay(at))) => {
            let at = Moment::of(at, visit.ctx.now).absolute;
            Ok(visit.go(&above, &format!("Nothing was changed: a rotation is under way already. Its keys sign from {at}.")))
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}
