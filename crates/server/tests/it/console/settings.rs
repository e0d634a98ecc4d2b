//! A pool's settings.

use http::StatusCode;
use serde_json::{Value, json};

use super::forms::{Form, words};
use crate::harness::House;

const FORMS: [&str; 6] = ["/passwords", "/sign-up", "/verification-messages", "/invitation-messages", "/protection", "/tags"];

async fn described(house: &House, pool: &str) -> Value {
    let mut pool = house.ok("DescribeUserPool", json!({ "UserPoolId": pool })).await["UserPool"].clone();
    pool.as_object_mut().unwrap().remove("LastModifiedDate");
    pool
}

/// Every member that these forms touch, and some that they must not.
fn rich() -> Value {
    json!({
        "Policies": { "PasswordPolicy": { "MinimumLength": 10, "RequireNumbers": true, "TemporaryPasswordValidityDays": 3 } },
        "EmailVerificationMessage": "Your code:\n{####}\n", "EmailVerificationSubject": "Code", "SmsVerificationMessage": "Code {####}",
        "AdminCreateUserConfig": { "InviteMessageTemplate": { "EmailMessage": "Hi {username} {####}", "EmailSubject": "Hi" } },
        "UserPoolTags": { "team": "a=b", "stage": "" },
        "AccountRecoverySetting": { "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] },
        "DeviceConfiguration": { "ChallengeRequiredOnNewDevice": true },
        "LambdaConfig": { "DefineAuthChallenge": "arn:aws:lambda:us-east-1:123456789012:function:f" },
        "EmailConfiguration": { "ReplyToEmailAddress": "help@example.com" },
    })
}

#[tokio::test]
async fn saving_untouched_settings_changes_nothing() {
    let house = House::start().await;
    for settings in [json!({}), rich()] {
        let pool = house.pool(settings).await;
        let before = described(&house, &pool).await;
        let mut browser = house.browser();
        let index = browser.get(&format!("/console/pools/{pool}/settings")).await;
        for rest in FORMS {
            let url = format!("/console/pools/{pool}/settings{rest}");
            assert!(crate::browser::unescaped(&index.text).contains(&url), "{rest} is linked");
            let reply = Form::of(&browser.get(&url).await, "settings").send(&mut browser).await;
            assert_eq!(reply.status, StatusCode::FOUND, "{rest}: {reply:?}");
            assert!(words(&browser.follow(reply).await).contains("Nothing was changed"), "{rest}");
            assert_eq!(browser.post(&url, &[("version", "x")]).await.status, StatusCode::FORBIDDEN, "{rest}");
            let nowhere = format!("/console/pools/eu-central-1_none/settings{rest}");
            assert_eq!(browser.get(&nowhere).await.status, StatusCode::NOT_FOUND, "{rest}");
        }
        assert_eq!(described(&house, &pool).await, before);
    }
}

#[tokio::test]
async fn each_form_changes_its_own_and_resets_nothing() {
    let house = House::start().await;
    let pool = house.pool(rich()).await;
    let mut browser = house.browser();
    let cases: &[(&str, &str, &[&str], &str, Value)] = &[
        ("/passwords", "Policies.PasswordPolicy.MinimumLength", &["12"], "/Policies/PasswordPolicy/MinimumLength", json!(12)),
        ("/passwords", "Policies.PasswordPolicy.RequireNumbers", &[], "/Policies/PasswordPolicy/RequireNumbers", json!(false)),
        (
            "/sign-up",
            "AdminCreateUserConfig.AllowAdminCreateUserOnly",
            &["true"],
            "/AdminCreateUserConfig/AllowAdminCreateUserOnly",
            json!(true),
        ),
        (
            "/sign-up",
            "recovery",
            &["verified_email"],
            "/AccountRecoverySetting/RecoveryMechanisms",
            json!([{ "Priority": 1, "Name": "verified_email" }]),
        ),
        (
            "/sign-up",
            "UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate",
            &["email"],
            "/UserAttributeUpdateSettings/AttributesRequireVerificationBeforeUpdate",
            json!(["email"]),
        ),
        (
            "/invitation-messages",
            "AdminCreateUserConfig.InviteMessageTemplate.EmailSubject",
            &["Welcome"],
            "/AdminCreateUserConfig/InviteMessageTemplate/EmailSubject",
            json!("Welcome"),
        ),
        ("/protection", "DeletionProtection", &["ACTIVE"], "/DeletionProtection", json!("ACTIVE")),
        ("/tags", "UserPoolTags", &["team = b\r\nstage ="], "/UserPoolTags/team", json!("b")),
    ];
    for (rest, field, typed, member, value) in cases {
        let mut expected = described(&house, &pool).await;
        let form = Form::of(&browser.get(&format!("/console/pools/{pool}/settings{rest}")).await, "settings");
        let reply = form.with(field, typed).send(&mut browser).await;
        assert_eq!(reply.status, StatusCode::FOUND, "{field}: {reply:?}");
        *expected.pointer_mut(member).unwrap() = value.clone();
        assert_eq!(described(&house, &pool).await, expected, "{field}");
    }
}

#[tokio::test]
async fn the_older_names_of_a_message_follow_its_template() {
    let house = House::start().await;
    let pool = house.pool(rich()).await;
    let mut browser = house.browser();
    let form = Form::of(&browser.get(&format!("/console/pools/{pool}/settings/verification-messages")).await, "settings");
    assert_eq!(form.value("VerificationMessageTemplate.EmailMessage"), ["Your code:\r\n{####}\r\n"]);
    let review = form.with("VerificationMessageTemplate.EmailMessage", &["Type {####}"]).send(&mut browser).await;
    let saved = Form::of(&review, "review").send(&mut browser).await;
    assert_eq!(saved.status, StatusCode::FOUND, "{saved:?}");
    let pool = described(&house, &pool).await;
    assert_eq!(pool["EmailVerificationMessage"], "Type {####}");
    assert_eq!(pool["VerificationMessageTemplate"]["EmailMessage"], "Type {####}");
}

#[tokio::test]
async fn refused_settings_keep_what_was_typed() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let before = described(&house, &pool).await;
    let mut browser = house.browser();
    let url = |rest: &str| format!("/console/pools/{pool}/settings{rest}");
    let form = Form::of(&browser.get(&url("/passwords")).await, "settings");
    let refused = form.with("Policies.PasswordPolicy.MinimumLength", &["3"]).send(&mut browser).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text.contains("id=\"settings-Policies.PasswordPolicy.MinimumLength-error\""), "{refused:?}");
    let form = Form::of(&browser.get(&url("/verification-messages")).await, "settings");
    let refused = form.with("VerificationMessageTemplate.EmailMessage", &["no code in here"]).send(&mut browser).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(Form::of(&refused, "settings").value("VerificationMessageTemplate.EmailMessage"), ["no code in here"]);
    let form = Form::of(&browser.get(&url("/tags")).await, "settings");
    let refused = form.with("UserPoolTags", &["aws:x = 1"]).send(&mut browser).await;
    assert!(words(&refused).contains("Tag key aws:x is reserved"), "{refused:?}");
    assert_eq!(described(&house, &pool).await, before);
}
