//! The constraint table's row types. Filled by `generated::shapes`, walked by `decode` and by whoever writes a format that holds inputs.

use crate::pattern::Pattern;

/// A shape of the model.
#[derive(Debug)]
pub struct Shape {
    pub name: &'static str,
    /// Its value may appear in no message and no log.
    pub sensitive: bool,
    /// Of a string's UTF-16 units, a blob's bytes, a container's items, or a number's value.
    pub limits: Limits,
    pub kind: Kind,
}

impl Shape {
    /// Names of a structure's members, as on the wire; of anything else none.
    pub fn members(&self) -> impl Iterator<Item = &'static str> {
        let members = match self.kind {
            Kind::Struct(members) => members,
            _ => &[],
        };
        members.iter().map(|member| member.name)
    }
}

/// Inclusive bounds.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub min: Option<i64>,
    pub max: Option<i64>,
}

#[derive(Debug)]
pub enum Kind {
    String(Option<&'static Pattern>),
    Enum(&'static [&'static str]),
    /// A primitive is 0 when absent; any other integer is null.
    Integer {
        primitive: bool,
    },
    Long,
    Boolean,
    Timestamp,
    /// Base64 text on the wire.
    Blob,
    /// Any JSON value.
    Document,
    List(&'static Shape),
    Map(&'static Shape, &'static Shape),
    Struct(&'static [Member]),
}

/// A structure's member.
#[derive(Debug)]
pub struct Member {
    /// As on the wire: `UserPoolId`.
    pub name: &'static str,
    pub shape: &'static Shape,
    pub required: bool,
}

impl Member {
    pub(crate) const fn required(name: &'static str, shape: &'static Shape) -> Self {
        Self { name, shape, required: true }
    }

    pub(crate) const fn optional(name: &'static str, shape: &'static Shape) -> Self {
        Self { name, shape, required: false }
    }
}
