//! Every page in every state: that it renders, reads well to a machine, and lets no value become markup.

use std::collections::HashSet;

use axum::response::IntoResponse;
use minijinja::value::Serde;
use serde_json::Value as Json;

use super::markup::{Tag, read};
use super::{Asset, Renderer, SCRIPT_PATH, SIGN_PATH, STYLE_PATH, TEMPLATES, asset, href};
use crate::console::kit::view::View;
use crate::pages::contexts::{
    Confirm, ConfirmSignOut, Done, ErrorPage, Forgot, NewPassword, Page, Reset, SignIn, SignUp, SignedOut,
};
use crate::pages::tools::{Home, Landing, NotFound};

struct Sample {
    name: String,
    template: &'static str,
    json: Json,
    html: String,
}

fn add<P: Page>(renderer: &Renderer, into: &mut Vec<Sample>) {
    let samples = P::samples();
    assert!(!samples.is_empty(), "{} has no sample", P::TEMPLATE);
    for (number, sample) in samples.iter().enumerate() {
        let name = format!("{} #{number}", P::TEMPLATE);
        let html = renderer.render(sample).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        assert_eq!(html.as_str().contains("<script "), P::SCRIPTED, "{name}: its policy is of another kind");
        let json = serde_json::to_value(sample).unwrap();
        into.push(Sample { name, template: P::TEMPLATE, json, html: html.as_str().to_owned() });
    }
}

fn all() -> Vec<Sample> {
    let renderer = Renderer::new().unwrap();
    let mut samples = Vec::new();
    add::<SignIn>(&renderer, &mut samples);
    add::<NewPassword>(&renderer, &mut samples);
    add::<SignUp>(&renderer, &mut samples);
    add::<Confirm>(&renderer, &mut samples);
    add::<Forgot>(&renderer, &mut samples);
    add::<Reset>(&renderer, &mut samples);
    add::<SignedOut>(&renderer, &mut samples);
    add::<ConfirmSignOut>(&renderer, &mut samples);
    add::<Done>(&renderer, &mut samples);
    add::<ErrorPage>(&renderer, &mut samples);
    add::<NotFound>(&renderer, &mut samples);
    add::<Landing>(&renderer, &mut samples);
    add::<Home>(&renderer, &mut samples);
    add::<View>(&renderer, &mut samples);
    samples
}

/// Cognito's names, and one form a page, are what sign-in pages owe the scripts that were written for Cognito's.
fn is_console(sample: &Sample) -> bool {
    sample.template == View::TEMPLATE
}

fn count(tags: &[Tag], name: &str) -> usize {
    tags.iter().filter(|t| !t.end && t.name == name).count()
}

#[test]
fn every_template_is_drawn_by_some_sample() {
    let drawn: HashSet<&str> = all().iter().map(|s| s.template).collect();
    let frames = ["kit.html", "layout.html", "auth.html", "tool.html", "blocks.html"];
    for (name, _) in TEMPLATES {
        assert!(drawn.contains(name) || frames.contains(name), "{name} is drawn by no sample");
    }
}

#[test]
fn pages_are_whole_and_say_their_language() {
    for sample in all() {
        let name = &sample.name;
        assert!(sample.html.starts_with("<!doctype html>"), "{name}");
        let tags = read(&sample.html);
        for once in ["html", "head", "title", "body", "main", "h1"] {
            assert_eq!(count(&tags, once), 1, "{name}: <{once}>");
        }
        assert!(count(&tags, "form") <= 1 || is_console(&sample), "{name}: more than one form");
        let html = tags.iter().find(|t| t.name == "html").unwrap();
        assert_eq!(html.get("lang"), sample.json["shell"]["lang"].as_str(), "{name}");
        assert_eq!(html.get("dir"), sample.json["shell"]["dir"].as_str(), "{name}");
        assert!(sample.html.len() < 50_000, "{name}: {} bytes", sample.html.len());
        assert!(!sample.html.contains("none<") && !sample.html.contains("{{") && !sample.html.contains("{%"), "{name}");
    }
}

#[test]
fn fields_have_labels_and_references_hit() {
    for sample in all() {
        let (name, tags) = (&sample.name, read(&sample.html));
        let mut seen = HashSet::new();
        for id in tags.iter().filter_map(|t| t.get("id")) {
            assert!(!id.is_empty() && !id.contains(' ') && seen.insert(id), "{name}: id {id:?} empty, broken or twice");
        }
        let labelled: HashSet<&str> = tags.iter().filter(|t| t.name == "label").filter_map(|t| t.get("for")).collect();
        for input in tags.iter().filter(|t| t.name == "input") {
            if !matches!(input.get("type"), Some("hidden" | "submit")) {
                assert!(labelled.contains(input.get("id").expect("id")), "{name}: {:?} has no label", input.get("id"));
                let box_or_dot = matches!(input.get("type"), Some("checkbox" | "radio"));
                assert!(box_or_dot || input.get("autocomplete").is_some(), "{name}: {:?} has no autocomplete", input.get("id"));
            }
            assert!(input.get("name").is_some(), "{name}: nameless input");
            assert!(input.get("type") != Some("password") || input.get("value").is_none(), "{name}: a password is sent back");
        }
        for tag in &tags {
            for key in ["for", "aria-describedby", "aria-labelledby"] {
                for target in tag.get(key).into_iter().flat_map(str::split_whitespace) {
                    assert!(seen.contains(target), "{name}: {key}={target} points nowhere");
                }
            }
        }
        assert!(tags.iter().filter(|t| t.get("autofocus").is_some()).count() <= 1, "{name}: two fields want focus");
        let errors = tags.iter().filter(|t| t.get("role") == Some("alert")).count();
        if sample.json["error"].is_string() {
            assert_eq!(errors, 1, "{name}: the error is announced");
            let reads = |t: &Tag| t.get("aria-describedby").is_some_and(|d| d.contains("loginErrorMessage"));
            assert!(tags.iter().any(reads), "{name}: no field refers to the error");
        }
    }
}

#[test]
fn posted_forms_carry_the_token_and_cognitos_names() {
    let expected: &[(&str, &[&str])] = &[
        ("sign_in.html", &["signInFormUsername", "signInFormPassword", "signInSubmitButton", "cognitoSignInForm"]),
        ("new_password.html", &["new_password", "confirm_password", "reset_password"]),
        ("sign_up.html", &["signupform", "username", "password", "signUpButton"]),
        ("confirm.html", &["verification_code", "confirm", "resend"]),
        ("forgot.html", &["forgotpasswordform", "username", "reset_my_password"]),
        (
            "reset.html",
            &["confirmforgotpasswordform", "forgot_password_code", "new_password", "confirm_password", "reset_password"],
        ),
    ];
    for sample in all() {
        let tags = read(&sample.html);
        if is_console(&sample) {
            let posts = tags.iter().filter(|t| t.name == "form" && t.get("method") == Some("post")).count();
            let tokens = tags.iter().filter(|t| t.get("name") == Some("_csrf")).count();
            assert_eq!(posts, tokens, "{}", sample.name);
            continue;
        }
        if let Some(form) = tags.iter().find(|t| t.name == "form" && t.get("method") == Some("post")) {
            let named = |n: &str| tags.iter().filter(|t| t.get("name") == Some(n)).count();
            assert_eq!((named("_csrf"), named("cognitoAsfData")), (1, 1), "{}", sample.name);
            // Simple clients undo &amp; and nothing else.
            let action = sample.json["action"].as_str().unwrap().replace('&', "&amp;");
            assert_eq!(form.get("action"), Some(action.as_str()), "{}", sample.name);
        }
        for (_, names) in expected.iter().filter(|(template, _)| *template == sample.template) {
            for name in *names {
                let hit = tags.iter().filter(|t| t.get("name") == Some(name) || t.get("id") == Some(name)).count();
                assert_eq!(hit, 1, "{}: {name}", sample.name);
            }
        }
    }
}

fn no_active_content(name: &str, html: &str) {
    for tag in read(html) {
        let ours = tag.name == "script" && (tag.end || tag.get("src") == Some(SCRIPT_PATH.as_str()));
        assert!(
            ours || !matches!(tag.name.as_str(), "script" | "style" | "iframe" | "object" | "embed" | "base" | "img"),
            "{name}: <{}>",
            tag.name
        );
        for (key, value) in &tag.attributes {
            assert!(key != "style" && !key.starts_with("on") && key != "srcdoc", "{name}: {key}={value}");
            let address = matches!(key.as_str(), "href" | "action" | "formaction" | "src");
            assert!(!address || !value.to_lowercase().trim_start().starts_with("javascript:"), "{name}: {key}={value}");
        }
    }
}

fn poison(value: &mut Json, payload: &str) {
    match value {
        Json::String(text) => *text = payload.to_owned(),
        Json::Array(items) => items.iter_mut().for_each(|item| poison(item, payload)),
        // What a template chooses by is an enumeration, never a text from outside.
        Json::Object(members) => {
            let chosen = |name: &str| matches!(name, "kind" | "is" | "input" | "method" | "state");
            members.iter_mut().filter(|(name, _)| !chosen(name)).for_each(|(_, member)| poison(member, payload));
        }
        _ => {}
    }
}

#[test]
fn sec_056_no_value_becomes_markup() {
    let renderer = Renderer::new().unwrap();
    let payloads = [
        r#""><script>alert(1)</script>"#,
        "'><img/src=x/onerror=alert(1)>",
        "</title></textarea><svg/onload=alert(1)>",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)//\"><script>",
        "{{7919*7907}}{%raw%}",
        "x\" onfocus=\"alert(1)\" autofocus=\"",
    ];
    for sample in all() {
        no_active_content(&sample.name, &sample.html);
        let shape = |html: &str| read(html).iter().map(|t| (t.name.clone(), t.end)).collect::<Vec<_>>();
        let plain = {
            let mut json = sample.json.clone();
            poison(&mut json, "x");
            shape(&renderer.draw(sample.template, minijinja::Value::from(Serde(&json))).unwrap())
        };
        for payload in payloads {
            // Every string of the context at once, those that are not user data today included.
            let mut json = sample.json.clone();
            poison(&mut json, payload);
            let html = renderer.draw(sample.template, minijinja::Value::from(Serde(&json))).unwrap();
            no_active_content(&sample.name, &html);
            assert_eq!(shape(&html), plain, "{}: {payload:?} changed the structure", sample.name);
            assert!(!html.contains(r#""><script>"#) && !html.contains("62615533"), "{}: {payload:?}", sample.name);
        }
    }
}

#[test]
fn sec_056_templates_have_no_way_around_escaping() {
    for (name, source) in TEMPLATES {
        for word in ["|safe", "| safe", "autoescape", "={{", "style=", "<style"] {
            assert!(!source.contains(word), "{name}: {word}");
        }
        let ours = r#"<script src="{{ script_path }}" defer></script>"#;
        assert!(!source.replace(ours, "").contains("<script"), "{name}: a script of another kind");
        for attribute in ["href=\"{{", "action=\"{{", "src=\"{{"] {
            for (_, after) in source.match_indices(attribute).map(|(at, _)| source.split_at(at + attribute.len())) {
                let expression = after.split("}}").next().unwrap();
                let ours = matches!(expression.trim(), "style_path" | "sign_path" | "script_path");
                assert!(ours || expression.trim().ends_with("|href"), "{name}: {attribute}{expression} lacks |href");
            }
        }
    }
}

#[test]
fn sec_056_addresses_that_run_code_are_dropped() {
    for bad in [
        "javascript:alert(1)",
        "JAVASCRIPT:1",
        "java\nscript:1",
        " javascript:1",
        "\u{1}javascript:1",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc",
    ] {
        assert_eq!(href(bad), "#", "{bad:?}");
    }
    for good in ["/login?a=b:c", "https://app.example.com/?next=javascript:1", "com.example.app:/cb", "myapp://cb", "#main", ""] {
        assert_eq!(href(good), good);
    }
}

#[test]
fn a_missing_value_is_an_error_not_the_word_none() {
    let renderer = Renderer::new().unwrap();
    let mut json = serde_json::to_value(&SignIn::samples()[0]).unwrap();
    json["csrf"] = Json::Null;
    assert!(renderer.draw("sign_in.html", minijinja::Value::from(Serde(&json))).is_err());
    json.as_object_mut().unwrap().remove("csrf");
    assert!(renderer.draw("sign_in.html", minijinja::Value::from(Serde(&json))).is_err());
}

fn header<'a>(response: &'a axum::response::Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("{name} missing")).to_str().unwrap()
}

#[test]
fn sec_027_055_056_pages_carry_their_headers() {
    let renderer = Renderer::new().unwrap();
    let leaving = renderer.render(&SignIn::samples()[0]).unwrap().into_response();
    let staying = renderer.render(&NotFound::samples()[0]).unwrap().into_response();
    let scripted = renderer.render(&View::samples()[0]).unwrap().into_response();
    for (response, scripts) in [(&leaving, false), (&staying, false), (&scripted, true)] {
        assert_eq!(header(response, "referrer-policy"), "no-referrer");
        assert_eq!(header(response, "cache-control"), "no-store");
        assert_eq!(header(response, "x-frame-options"), "DENY");
        assert_eq!(header(response, "x-content-type-options"), "nosniff");
        let policy = header(response, "content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.starts_with("default-src 'none'; style-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && policy.contains("script-src") == scripts, "{policy}");
        assert_eq!(policy.contains("; script-src 'self'; connect-src 'self'"), scripts, "{policy}");
    }
    assert!(!header(&leaving, "content-security-policy").contains("form-action"));
    assert!(header(&staying, "content-security-policy").contains("form-action 'self'"));
}

#[test]
fn assets_answer_at_their_hashed_address_only() {
    let style = asset(&STYLE_PATH).map(Asset::into_response).unwrap();
    assert_eq!(header(&style, "content-type"), "text/css; charset=utf-8");
    assert!(header(&style, "cache-control").contains("immutable"));
    let script = asset(&SCRIPT_PATH).map(Asset::into_response).unwrap();
    assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
    assert!(asset(&SIGN_PATH).is_some());
    assert!(STYLE_PATH.starts_with("/assets/style-") && STYLE_PATH.len() == "/assets/style-.css".len() + 16);
    assert!(asset("/assets/style.css").is_none() && asset("/assets/../Cargo.toml").is_none());
}
