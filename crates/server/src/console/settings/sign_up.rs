//! Who may sign up, and which addresses are verified.

use serde_json::{Value as Json, json};

use crate::console::kit::edit::Settings;
use crate::console::kit::members::{any_of, one_of, put, texts_at};
use crate::console::kit::view::{Block, Field, Input, State};
use crate::console::kit::visit::Posted;

const VERIFIED: &str = "AutoVerifiedAttributes";
const WAITING: &str = "UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate";

pub struct SignUp;

impl Settings for SignUp {
    fn title(&self) -> &'static str {
        "Sign-up"
    }

    fn lead(&self) -> &'static str {
        "Who may make an account, and how addresses are proven."
    }

    fn submit(&self) -> &'static str {
        "Save sign-up"
    }

    fn rest(&self) -> &'static str {
        "/sign-up"
    }

    fn notices(&self, pool: &Json) -> Vec<Block> {
        let open = texts_at(pool, VERIFIED).iter().any(|name| !texts_at(pool, WAITING).contains(name));
        let text = "A changed address takes effect before it is verified: tick it under \"Kept until verified\" to keep the old one until then.";
        let notice = Block::Notice { state: State::Warn, text: text.to_owned(), link: None };
        if open { vec![notice] } else { Vec::new() }
    }

    fn fields(&self, pool: &Json) -> Vec<Field> {
        let addresses = [("email", "Email", ""), ("phone_number", "Phone number", "")];
        let sign_up = [("false", "Anybody can sign up", ""), ("true", "Only administrators create users", "")];
        let recovery = [
            ("verified_email", "Verified email only", ""),
            ("verified_email,verified_phone_number", "Verified email, else phone number", ""),
            ("verified_phone_number,verified_email", "Verified phone number, else email", ""),
            ("verified_phone_number", "Verified phone number only", ""),
            ("admin_only", "None: only administrators reset passwords", ""),
        ];
        let chosen = json!({ RECOVERY: recovery_of(pool) });
        vec![
            one_of(Input::Radio, pool, "AdminCreateUserConfig.AllowAdminCreateUserOnly", "Self sign-up", &sign_up),
            any_of(pool, VERIFIED, "Verified by a code", &addresses)
                .hinting("At sign-up, and when the address changes, a code or link goes there."),
            any_of(pool, WAITING, "Kept until verified", &addresses)
                .hinting("The old address stays in force until the new one is verified. Only for what is verified at all."),
            one_of(Input::Radio, &chosen, RECOVERY, "Forgotten passwords are recovered by", &recovery),
        ]
    }

    fn settle(&self, before: &Json, pool: &mut Json, form: &Posted) {
        let chosen = form.text(RECOVERY);
        if chosen == recovery_of(before) || chosen.is_empty() {
            return;
        }
        let option = |(at, name): (usize, &str)| json!({ "Priority": at + 1, "Name": name });
        let options: Vec<Json> = chosen.split(',').enumerate().map(option).collect();
        put(pool, "AccountRecoverySetting.RecoveryMechanisms", Some(json!(options)));
    }
}

/// A field that becomes a list of structures.
const RECOVERY: &str = "recovery";

/// The ways of recovery in their order: `verified_email,verified_phone_number`.
fn recovery_of(pool: &Json) -> String {
    let options =
        pool.pointer("/AccountRecoverySetting/RecoveryMechanisms").and_then(Json::as_array).cloned().unwrap_or_default();
    let mut named: Vec<(i64, &str)> =
        options.iter().filter_map(|option| Some((option.get("Priority")?.as_i64()?, option.get("Name")?.as_str()?))).collect();
    named.sort_unstable();
    named.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(",")
}
