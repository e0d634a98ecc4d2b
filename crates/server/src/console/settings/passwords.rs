//! The password policy.

use serde_json::Value as Json;

use crate::console::kit::edit::Settings;
use crate::console::kit::members::{check, number};
use crate::console::kit::view::Field;

pub struct Passwords;

impl Settings for Passwords {
    fn title(&self) -> &'static str {
        "Password policy"
    }

    fn lead(&self) -> &'static str {
        "What new passwords must have. Passwords that are set already stay as they are."
    }

    fn submit(&self) -> &'static str {
        "Save password policy"
    }

    fn rest(&self) -> &'static str {
        "/passwords"
    }

    fn fields(&self, pool: &Json) -> Vec<Field> {
        let policy = |name: &str| format!("Policies.PasswordPolicy.{name}");
        vec![
            number(pool, &policy("MinimumLength"), "Minimum length, characters").must().hinting("6 to 99."),
            check(pool, &policy("RequireLowercase"), "A lower case letter"),
            check(pool, &policy("RequireUppercase"), "An upper case letter"),
            check(pool, &policy("RequireNumbers"), "A number"),
            check(pool, &policy("RequireSymbols"), "A special character, or a space inside"),
            number(pool, &policy("TemporaryPasswordValidityDays"), "Temporary passwords expire after, days")
                .must()
                .hinting("1 to 365; 0 means 7. Afterwards an administrator has to invite the user again."),
            number(pool, &policy("PasswordHistorySize"), "Earlier passwords that may not come back")
                .hinting("0 to 24. Stored only: it is not checked yet."),
        ]
    }
}
