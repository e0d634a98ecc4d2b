//! Deletion protection and tags.

use serde_json::Value as Json;

use crate::console::kit::edit::Settings;
use crate::console::kit::members::{lines, one_of};
use crate::console::kit::view::{Field, Input};

pub struct Protection;

impl Settings for Protection {
    fn title(&self) -> &'static str {
        "Deletion protection"
    }

    fn lead(&self) -> &'static str {
        "A protected user pool cannot be deleted, by nobody and by no tool, before the protection is taken off."
    }

    fn submit(&self) -> &'static str {
        "Save deletion protection"
    }

    fn rest(&self) -> &'static str {
        "/protection"
    }

    fn fields(&self, pool: &Json) -> Vec<Field> {
        let choices = [("ACTIVE", "On", ""), ("INACTIVE", "Off", "")];
        vec![one_of(Input::Radio, pool, "DeletionProtection", "Deletion protection", &choices)]
    }
}

pub struct Tags;

impl Settings for Tags {
    fn title(&self) -> &'static str {
        "Tags"
    }

    fn lead(&self) -> &'static str {
        "Names and values of your own, for tools that sort pools by them."
    }

    fn submit(&self) -> &'static str {
        "Save tags"
    }

    fn rest(&self) -> &'static str {
        "/tags"
    }

    fn fields(&self, pool: &Json) -> Vec<Field> {
        vec![
            lines(pool, "UserPoolTags", "Tags")
                .hinting("One a line, as name = value. At most 50; a name cannot begin with aws:."),
        ]
    }
}
