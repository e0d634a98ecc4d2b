//! No change without its announcement on disk.

use http::StatusCode;
use poolhouse_engine::audit::Kind;
use serde_json::json;

use super::{Intruder, events};
use crate::both;
use crate::harness::{House, PASSWORD};

const AWAY: &[&str] = &["ALTER TABLE audit_rows RENAME TO audit_rows_away"];
const BACK: &[&str] = &["ALTER TABLE audit_rows_away RENAME TO audit_rows"];

both! {
    async fn sec_198_a_change_is_refused_while_the_trail_cannot_be_written(house: House) {
        let app = house.app().await;
        let sub = house.user(&app.pool, "ada@example.com").await;
        let tokens = house.sign_in(&app, "ada@example.com").await;
        let intruder = Intruder::into(&house).await;
        intruder.run(AWAY).await;

        let user = json!({ "UserPoolId": app.pool, "Username": "ada@example.com" });
        let changes = [
            ("AdminDeleteUser", user.clone()),
            ("AdminDisableUser", user.clone()),
            ("DeleteUserPool", json!({ "UserPoolId": app.pool })),
            ("CreateGroup", json!({ "UserPoolId": app.pool, "GroupName": "g" })),
            ("DeleteUser", json!({ "AccessToken": tokens["AccessToken"] })),
            ("ChangePassword", json!({
                "AccessToken": tokens["AccessToken"], "PreviousPassword": PASSWORD, "ProposedPassword": "Another-Horse-9"
            })),
        ];
        for (operation, input) in changes {
            let reply = house.api(operation, input).await;
            assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "{operation}: {reply:?}");
            assert_eq!(reply.error().0, "InternalErrorException", "{operation}");
        }
        // Nothing of it was done, reading goes on, and nobody is locked out.
        let found = house.ok("AdminGetUser", user.clone()).await;
        assert_eq!((&found["Enabled"], &found["UserStatus"]), (&json!(true), &json!("CONFIRMED")));
        house.sign_in(&app, "ada@example.com").await;
        assert_eq!(house.ok("ListGroups", json!({ "UserPoolId": app.pool })).await["Groups"], json!([]));
        let metrics = house.get("/_poolhouse/metrics").await.text;
        assert!(!metrics.contains("poolhouse_audit_write_failures_total 0"), "{metrics}");

        // Nothing that happened meanwhile is missing once it can be written again.
        intruder.run(BACK).await;
        house.ok("AdminDisableUser", user).await;
        let events = events(&house).await;
        let refused = events.iter().filter(|e| e.kind == Kind::Outcome && e.result.as_deref() == Some("InternalErrorException"));
        assert_eq!(refused.count(), 6, "{events:#?}");
        let signed_in = events.iter().filter(|e| e.action == "InitiateAuth" && e.actor == format!("user {sub}"));
        assert_eq!(signed_in.count(), 2);
        house.engine.audit.verify().await.unwrap().unwrap();
    }

    async fn sec_118_a_change_is_announced_before_its_effect(house: House) {
        let app = house.app().await;
        house.user(&app.pool, "ada@example.com").await;
        let protected = json!({ "UserPoolId": app.pool, "DeletionProtection": "ACTIVE" });
        house.ok("UpdateUserPool", protected).await;
        assert_eq!(house.refused("DeleteUserPool", json!({ "UserPoolId": app.pool })).await.0, "InvalidParameterException");
        let events = events(&house).await;
        let of: Vec<_> = events.iter().filter(|event| event.action == "DeleteUserPool").collect();
        let [intent, outcome] = &of[..] else { panic!("{of:?}") };
        assert_eq!((intent.kind, outcome.kind), (Kind::Intent, Kind::Outcome));
        assert_eq!((intent.result.as_deref(), outcome.result.as_deref()), (None, Some("InvalidParameterException")));
        for event in [intent, outcome] {
            assert_eq!((event.pool.as_deref(), event.actor.as_str()), (Some(app.pool.as_str()), "access key test"));
        }
    }
}

#[tokio::test]
async fn sec_198_an_access_key_is_not_made_while_the_trail_cannot_be_written() {
    use poolhouse_engine::access_keys::{self, Policy};
    use poolhouse_engine::ctx::Caller;
    let house = House::start().await;
    Intruder::into(&house).await.run(AWAY).await;
    let ctx = house.engine.ctx(Caller::Operator, None);
    assert!(access_keys::create(&ctx, "ci", Policy::new(&["*".to_owned()], &[]).unwrap()).await.is_err());
    assert!(access_keys::list(&ctx).await.unwrap().is_empty());
}
