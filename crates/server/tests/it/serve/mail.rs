//! Mail through a relay, and its outage.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::json;

use super::sink::Sink;
use super::{app, sign_in, user};
use crate::program::Site;

const PASSWORD: &str = "Correct-Horse-9";

#[tokio::test]
async fn a_code_by_mail_confirms_a_sign_up() {
    let sink = Sink::start();
    let site = Site::new(sink.port);
    let admin = site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let (_, client) = app(&program, &admin).await;
    let sign_up = json!({ "ClientId": client, "Username": "ann@poolhouse.test", "Password": PASSWORD });
    let made = program.ok(None, "SignUp", &sign_up).await;
    assert_eq!(made["CodeDeliveryDetails"]["Destination"], "a***@p***");
    let letter = sink.letter("ann@poolhouse.test");
    assert_eq!(letter.from, "no-reply@poolhouse.test");
    assert!(
        letter.data.contains("From: Login <no-reply@poolhouse.test>")
            || letter.data.contains("From: \"Login\" <no-reply@poolhouse.test>")
    );
    let confirm = json!({ "ClientId": client, "Username": "ann@poolhouse.test", "ConfirmationCode": letter.code() });
    program.ok(None, "ConfirmSignUp", &confirm).await;
    let result = program.ok(None, "InitiateAuth", &sign_in(&client, "ann@poolhouse.test", PASSWORD)).await;
    assert!(result["AuthenticationResult"]["AccessToken"].is_string());
    // Codes and passwords are nowhere in the log.
    assert!(!program.log().contains(&letter.code()) && !program.log().contains(PASSWORD));
}

#[tokio::test]
async fn sec_173_without_its_relay_the_server_keeps_users_and_signs_in() {
    let sink = Sink::start();
    let site = Site::new(sink.port);
    let admin = site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let (pool, client) = app(&program, &admin).await;
    user(&program, &admin, &pool, "old@poolhouse.test", PASSWORD).await;
    let port = sink.stop();

    let sign_up = json!({ "ClientId": client, "Username": "new@poolhouse.test", "Password": PASSWORD });
    let refused = program.api(None, "SignUp", &sign_up).await;
    assert_eq!(
        (refused.status, refused.error().0.as_str()),
        (StatusCode::BAD_REQUEST, "CodeDeliveryFailureException"),
        "{refused:?}"
    );
    let kept = program.ok(Some(&admin), "AdminGetUser", &json!({ "UserPoolId": pool, "Username": "new@poolhouse.test" })).await;
    assert_eq!(kept["UserStatus"], "UNCONFIRMED");
    let forgot = json!({ "ClientId": client, "Username": "old@poolhouse.test" });
    assert_eq!(program.api(None, "ForgotPassword", &forgot).await.error().0, "CodeDeliveryFailureException");
    program.ok(None, "InitiateAuth", &sign_in(&client, "old@poolhouse.test", PASSWORD)).await;

    // Back again: nothing has to be restarted.
    let sink = Sink::on(port, false);
    program.ok(None, "ResendConfirmationCode", &json!({ "ClientId": client, "Username": "new@poolhouse.test" })).await;
    let code = sink.letter("new@poolhouse.test").code();
    let confirm = json!({ "ClientId": client, "Username": "new@poolhouse.test", "ConfirmationCode": code });
    program.ok(None, "ConfirmSignUp", &confirm).await;
    program.ok(None, "InitiateAuth", &sign_in(&client, "new@poolhouse.test", PASSWORD)).await;
}

#[tokio::test]
async fn sec_173_a_relay_that_says_nothing_holds_up_nobody_else() {
    let sink = Sink::silent();
    let site = Site::new(sink.port);
    let admin = site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let (pool, client) = app(&program, &admin).await;
    user(&program, &admin, &pool, "old@poolhouse.test", PASSWORD).await;
    let waiting = async {
        for number in 0..20 {
            let sign_up = json!({ "ClientId": client, "Username": format!("n{number}@poolhouse.test"), "Password": PASSWORD });
            let one = program.try_api(None, "SignUp", &sign_up);
            let _ = tokio::time::timeout(Duration::from_millis(20), one).await;
        }
        std::future::pending::<()>().await;
    };
    let signing_in = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let since = Instant::now();
        program.ok(None, "InitiateAuth", &sign_in(&client, "old@poolhouse.test", PASSWORD)).await;
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    };
    tokio::select! {
        () = waiting => {}
        () = signing_in => {}
    }
}
