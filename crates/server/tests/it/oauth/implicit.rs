//! The implicit grant: where it is on, and that nothing turns it on.

use serde_json::json;

use super::tools::{ADA, authorize, query, signed_in, verified};
use crate::harness::{CALLBACK, House, PASSWORD, pairs};

#[tokio::test]
async fn tokens_come_in_the_fragment_and_no_refresh_token_with_them() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    for (scope, id) in [("openid email", true), ("aws.cognito.signin.user.admin", false)] {
        let reply = browser.get(&authorize(&app, &[("response_type", "token"), ("scope", scope), ("nonce", "n")])).await;
        let fragment = reply.location().strip_prefix(&format!("{CALLBACK}#")).expect("a fragment");
        let names: Vec<&str> = fragment.split('&').filter_map(|pair| pair.split('=').next()).collect();
        let expected = ["id_token", "access_token", "token_type", "expires_in", "state", "iss"];
        assert_eq!(names, expected[usize::from(!id)..]);
        let values = pairs(fragment);
        assert_eq!((values["token_type"].as_str(), values["expires_in"].as_str()), ("bearer", "3600"));
        verified(&house, &app.pool, &values["access_token"]).await;
        if id {
            let id = verified(&house, &app.pool, &values["id_token"]).await;
            assert_eq!((&id["nonce"], &id["at_hash"]), (&json!("n"), &json!(super::claims::at_hash(&values["access_token"]))));
        }
    }
}

#[tokio::test]
async fn sec_017_a_form_or_address_that_was_altered_does_not_turn_it_on() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "AllowedOAuthFlows": ["code"] })).await;
    house.user(&app.pool, ADA).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("/login?{}", query(&app, &[]))).await;
    let csrf = crate::browser::attribute(&page.text, "<input type=\"hidden\" name=\"_csrf\"", "value")
        .or_else(|| {
            page.text
                .split("name=\"_csrf\"")
                .nth(1)
                .and_then(|rest| crate::browser::attribute(&format!("<input {rest}"), "<input", "value"))
        })
        .expect("a form token");
    let altered = format!("/login?{}", query(&app, &[("response_type", "token")]));
    let fields = [("_csrf", csrf.as_str()), ("username", ADA), ("password", PASSWORD), ("response_type", "token")];
    let reply = browser.post(&altered, &fields).await;
    assert!(!reply.location().contains("access_token") && !reply.location().contains("code="), "{reply:?}");
    assert_eq!(reply.redirected("error").as_deref(), Some("unauthorized_client"), "{reply:?}");
    // In the body it is only another field.
    let reply = browser.post(&format!("/login?{}", query(&app, &[])), &fields).await;
    assert!(reply.location().starts_with(&format!("{CALLBACK}?code=")), "{reply:?}");
    let reply = browser.get(&altered).await;
    assert_eq!(reply.redirected("error").as_deref(), Some("unauthorized_client"), "with a session: {reply:?}");
    // What was on when the page was shown is off when the form comes back.
    let was_on = house.oauth_app(json!({})).await;
    house.user(&was_on.pool, ADA).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("/login?{}", query(&was_on, &[("response_type", "token")]))).await;
    let update = json!({
        "UserPoolId": was_on.pool, "ClientId": was_on.client, "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid"], "CallbackURLs": [CALLBACK], "SupportedIdentityProviders": ["COGNITO"],
    });
    house.ok("UpdateUserPoolClient", update).await;
    let reply = browser.submit(&page, &[("username", ADA), ("password", PASSWORD)]).await;
    assert_eq!(reply.redirected("error").as_deref(), Some("unauthorized_client"), "{reply:?}");
}
