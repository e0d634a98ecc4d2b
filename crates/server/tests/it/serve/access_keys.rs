//! `poolhouse access-key` beside a running server, and what its keys may do.

use http::StatusCode;
use serde_json::json;

use super::app;
use crate::program::{Site, text};

#[tokio::test]
async fn sec_110_keys_come_and_go_while_the_server_runs() {
    let site = Site::new(1);
    let admin = site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let (pool, _) = app(&program, &admin).await;
    let list = json!({ "MaxResults": 5 });

    let reader = site.key("reader", &["--allow", "List*", "--allow", "cognito-idp:DescribeUserPool"]);
    program.ok(Some(&reader), "ListUserPools", &list).await;
    program.ok(Some(&reader), "DescribeUserPool", &json!({ "UserPoolId": pool })).await;
    let denied = program.api(Some(&reader), "DeleteUserPool", &json!({ "UserPoolId": pool })).await;
    assert_eq!((denied.status, denied.error().0.as_str()), (StatusCode::BAD_REQUEST, "AccessDeniedException"));
    assert!(
        denied
            .error()
            .1
            .starts_with("User: arn:aws:iam::123456789012:user/reader is not authorized to perform: cognito-idp:DeleteUserPool")
    );

    let other = program.ok(Some(&admin), "CreateUserPool", &json!({ "PoolName": "other" })).await;
    let other = super::text(&other["UserPool"]["Id"]);
    let of_one = site.key("one", &["--allow", "*", "--pool", &pool]);
    program.ok(Some(&of_one), "DescribeUserPool", &json!({ "UserPoolId": pool })).await;
    for (operation, input) in [("DescribeUserPool", json!({ "UserPoolId": other })), ("ListUserPools", list.clone())] {
        assert_eq!(program.api(Some(&of_one), operation, &input).await.error().0, "AccessDeniedException", "{operation}");
    }

    let listed = text(&site.access_key(&["list"]).stdout);
    for (key, name) in [(&admin, "admin"), (&reader, "reader"), (&of_one, "one")] {
        let line = listed.lines().find(|line| line.starts_with(&key.0)).unwrap();
        assert!(line.contains(name) && !line.contains("used never"), "{line}");
        assert!(!listed.contains(&key.1), "a secret is shown again");
    }

    let deleted = site.access_key(&["delete", &reader.0]);
    assert!(deleted.status.success());
    let refused = program.api(Some(&reader), "ListUserPools", &list).await;
    assert_eq!(
        (refused.status, refused.error()),
        (
            StatusCode::BAD_REQUEST,
            ("UnrecognizedClientException".to_owned(), "The security token included in the request is invalid.".to_owned())
        )
    );
    assert_eq!(site.access_key(&["delete", &reader.0]).status.code(), Some(1));
    program.ok(Some(&admin), "ListUserPools", &list).await;
}

#[test]
fn an_operation_that_does_not_exist_is_no_permission() {
    let site = Site::new(1);
    let output = site.access_key(&["create", "--name", "typo", "--allow", "ListUser"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("\"ListUser\" is no operation"), "{}", text(&output.stderr));
    assert_eq!(text(&site.access_key(&["list"]).stdout), "There is no access key.\n");
}

#[tokio::test]
async fn sec_105_106_a_wrong_signature_and_none_are_refused_in_awss_words() {
    let site = Site::new(1);
    let admin = site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let list = json!({ "MaxResults": 5 });
    let mut wrong = admin.clone();
    wrong.1.replace_range(0..1, if admin.1.starts_with('A') { "B" } else { "A" });
    let refused = program.api(Some(&wrong), "ListUserPools", &list).await;
    assert_eq!((refused.status, refused.error().0.as_str()), (StatusCode::BAD_REQUEST, "InvalidSignatureException"));
    assert!(refused.error().1.starts_with(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."
    ));
    let unsigned = program.api(None, "ListUserPools", &list).await;
    assert_eq!(unsigned.error(), ("MissingAuthenticationTokenException".to_owned(), "Missing Authentication Token".to_owned()));
    assert!(!program.log().contains(&admin.1));
}
