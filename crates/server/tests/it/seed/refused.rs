//! What is wrong with a file, said at its line, and what a store refuses.

use serde_json::json;

use super::*;

/// The example with one thing changed.
fn with(from: &str, to: &str) -> String {
    let text = documented();
    assert!(text.contains(from), "{from} is not in the example");
    text.replacen(from, to, 1)
}

/// The line on which the text first has this, counted from 1.
fn line(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).unwrap() + 1
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let text = with("  clients:\n", "  clinets: []\n  clients:\n").replacen("enabled: false", "enabled: \"no\"", 1);
    let (key, flag) = (line(&text, "clinets"), line(&text, "enabled: \"no\""));
    assert_eq!(
        wrong(&text),
        [
            format!("poolhouse.yaml:{key}:3: unknown key \"clinets\"; did you mean \"clients\"?"),
            format!("poolhouse.yaml:{flag}:14: enabled is true or false, and here is a text"),
        ]
    );
    assert!(wrong(&documented()).is_empty());
}

#[test]
fn limits_are_refused_in_cognitos_words_where_they_stand() {
    let text =
        with("MinimumLength: 10", "MinimumLength: 3").replacen("EmailMessage: \"It is {####}.\"", "EmailMessage: no code", 1);
    let (policy, message) = (line(&text, "MinimumLength"), line(&text, "no code"));
    assert_eq!(
        wrong(&text),
        [
            format!(
                "poolhouse.yaml:{policy}:39: Value '3' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: Member must have \
                 value greater than or equal to 6"
            ),
            format!(
                "poolhouse.yaml:{message}:21: Value 'no code' at 'verificationMessageTemplate.emailMessage' failed to satisfy constraint: Member \
                 must satisfy regular expression pattern: [\\p{{L}}\\p{{M}}\\p{{S}}\\p{{N}}\\p{{P}}\\s*]*\\{{####\\}}[\\p{{L}}\\p{{M}}\\p{{S}}\\p{{N}}\\p{{P}}\\s*]*"
            ),
        ]
    );
    let text = with("CallbackURLs: [http://localhost:3000/callback]", "CallbackURLs: [\"\"]");
    assert!(
        wrong(&text)[0].starts_with(&format!("poolhouse.yaml:{}:21: Value '[]' at 'callbackURLs'", line(&text, "CallbackURLs"))),
        "{:?}",
        wrong(&text)
    );
}

#[test]
fn a_secret_is_in_no_refusal() {
    for (from, to) in [("Correct-Horse-9", "\" Correct-Horse-9\""), (SECRET, "tooshort"), ("Not-Yet-Here-1", "12345678")] {
        let told = wrong(&with(from, to)).join("\n");
        assert!(!told.is_empty() && !told.contains(to.trim_matches('"')), "{told}");
    }
}

#[test]
fn a_name_or_an_id_twice_is_refused() {
    let text = with("  - name: phone ", "  - id: 1shop2web3app4client5id6\n    name: phone ");
    assert_eq!(
        wrong(&text),
        [format!("poolhouse.yaml:{}:9: client {WEB:?} is in line {} already", line(&text, "name: phone") - 1, line(&text, WEB))]
    );
    for (from, to, told) in [
        ("username: bob@", "username: ann@", "user \"ann@example.com\""),
        ("username: bob@example.com", "username: bob@example.com\n    sub: 0b7c2f1e-8d5a-4f3b-9c6d-1e2f3a4b5c6d", "sub "),
        ("- name: staff", "- name: staff\n  - name: staff", "group \"staff\""),
        ("- name: phone ", "- name: batch ", "client "),
    ] {
        let told_here = wrong(&with(from, to));
        assert!(told_here.len() == 1 && told_here[0].contains(told) && told_here[0].ends_with("already"), "{told_here:?}");
    }
}

#[test]
fn names_that_are_one_to_the_pool_are_one_name() {
    let text = with("username: bob@", "username: Ann@");
    assert!(wrong(&text).is_empty());
    let text = text.replacen("  settings:", "  settings:\n    UsernameConfiguration: {CaseSensitive: false}", 1);
    assert!(wrong(&text).len() == 1 && wrong(&text)[0].contains("user \"ann@example.com\" is in line"), "{:?}", wrong(&text));
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    for (from, to, told) in [
        ("password: Correct-Horse-9", "password: Correct-Horse-9\n    totp_secret: ABC", "totp_secret: not built yet"),
        (
            "password: Correct-Horse-9",
            "password: Correct-Horse-9\n    password_hash: x",
            "password and password_hash exclude each other",
        ),
        ("generate_secret: true", "generate_secret: true\n    secret: everybody0may1know2this3secret", "exclude each other"),
        ("sub: 0b7c2f1e", "sub: 0B7C2F1E", "sub is not a UUID in lower case"),
        ("id: eu-central-1_Shop00001", "id: shop", "is not a pool's id"),
        ("region: eu-central-1", "region: mars", "is not the name of a region"),
        ("username: ann@example.com", "enabled: true", "username is missing"),
        ("status: UNCONFIRMED", "status: EXTERNAL_PROVIDER", "status is one of CONFIRMED, FORCE_CHANGE_PASSWORD"),
        (
            "settings: {ManagedLoginVersion: 1}",
            "settings: {CustomDomainConfig: {CertificateArn: x}}",
            "belongs to a custom_domain",
        ),
        ("version: 1", "version: 2", "version 2 of the format is not known here"),
    ] {
        let told_here = wrong(&with(from, to)).join("\n");
        assert!(told_here.contains(told), "{told}: {told_here}");
    }
}

#[tokio::test]
async fn what_a_store_refuses_is_told_at_its_line_and_the_rest_is_done() {
    let house = House::start().await;
    let text = with("orders/read]\n      CallbackURLs", "orders/write]\n      CallbackURLs").replacen(
        "Temporary-1-word",
        "nodigits-here",
        1,
    );
    let told = not_applied(&house, &text).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with(&format!("{}: Invalid scope requested: orders/write", line(&text, WEB))), "{told:?}");
    assert_eq!(
        told[1],
        format!("{}: Password does not conform to policy: Password must have numeric characters", line(&text, "bob@example.com"))
    );
    let users = house.ok("ListUsers", json!({ "UserPoolId": POOL })).await;
    assert_eq!(users["Users"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_chosen_for_good_is_refused_where_it_differs() {
    let house = House::start().await;
    apply(&house, &documented(), &WRITE).await;
    let told = not_applied(&house, &with("UsernameAttributes: [email]", "UsernameAttributes: [phone_number]")).await;
    assert!(told[0].contains("UsernameAttributes is [\"email\"] and cannot become [\"phone_number\"]"), "{told:?}");
    let told =
        not_applied(&house, &with("AttributeDataType: String, Mutable: true", "AttributeDataType: Number, Mutable: true")).await;
    assert!(told[0].contains("AttributeDataType of attribute plan"), "{told:?}");
    let told = not_applied(&house, &with("sub: 0b7c2f1e", "sub: 1b7c2f1e")).await;
    assert!(
        told[0].contains("The user ann@example.com has the sub 0b7c2f1e-8d5a-4f3b-9c6d-1e2f3a4b5c6d, which cannot be changed."),
        "{told:?}"
    );
    let told = not_applied(&house, &with("name: shop\n    settings: {Man", "name: store\n    settings: {Man")).await;
    assert!(told[0].contains("the pool has the domain shop already; --prune replaces it by store"), "{told:?}");
    let told = not_applied(&house, &with("- name: phone ", "- name: phone\n    generate_secret: true ")).await;
    assert!(told[0].contains("was made without a secret"), "{told:?}");

    let more = with("    - {Name: plan,", "    - {Name: size, AttributeDataType: Number}\n    - {Name: plan,");
    assert_eq!(signs(&apply(&house, &more, &WRITE).await), ["~ pool eu-central-1_Shop00001 (shop)"]);
    assert_eq!(apply(&house, &more, &WRITE).await, Report::default());
}

#[tokio::test]
async fn a_record_of_other_master_keys_is_refused() {
    let house = House::start().await;
    let record = "$poolhouse$v=1$pepper=other$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let told = not_applied(&house, &with("password: Correct-Horse-9", &format!("password_hash: {record}"))).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("was not made under this server's master keys"), "{told:?}");
}
