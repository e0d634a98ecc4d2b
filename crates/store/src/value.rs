//! Values and rows as both databases understand them. The table modules name these through `p!` and `row!`.

use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::ToSql as PgToSql;

use crate::{Error, Result};

/// A parameter: integers are BIGINT, strings TEXT, bytes BYTEA (SQLite: BLOB).
pub trait Param: Sync {
    /// As SQLite binds it.
    fn lite(&self) -> ToSqlOutput<'_>;
    /// As PostgreSQL binds it.
    fn pg(&self) -> &(dyn PgToSql + Sync);
    /// The same, for a statement that nobody waits for.
    fn pg_owned(&self) -> OwnedParam;
}

/// A value that outlives what it was made from.
pub type OwnedParam = Box<dyn PgToSql + Send + Sync>;

/// What `p!` makes.
pub type Params<'a> = &'a [&'a dyn Param];

macro_rules! param {
    ($($ty:ty: $value:ident => $lite:expr, $owned:ident);* $(;)?) => {$(
        impl Param for $ty {
            fn lite(&self) -> ToSqlOutput<'_> {
                let $value = self;
                ToSqlOutput::Borrowed($lite)
            }
            fn pg(&self) -> &(dyn PgToSql + Sync) {
                self
            }
            fn pg_owned(&self) -> OwnedParam {
                Box::new(self.$owned())
            }
        }
        impl Param for Option<$ty> {
            fn lite(&self) -> ToSqlOutput<'_> {
                match self {
                    Some($value) => ToSqlOutput::Borrowed($lite),
                    None => ToSqlOutput::Borrowed(ValueRef::Null),
                }
            }
            fn pg(&self) -> &(dyn PgToSql + Sync) {
                self
            }
            fn pg_owned(&self) -> OwnedParam {
                Box::new(self.as_ref().map(|value| value.$owned()))
            }
        }
    )*};
}

param! {
    i64: v => ValueRef::Integer(*v), to_owned;
    String: v => ValueRef::Text(v.as_bytes()), to_owned;
    &str: v => ValueRef::Text(v.as_bytes()), to_string;
    Vec<u8>: v => ValueRef::Blob(v), to_owned;
    &[u8]: v => ValueRef::Blob(v), to_vec;
}

/// One row, read by column position.
pub struct Row<'a>(pub(crate) RowKind<'a>);

pub(crate) enum RowKind<'a> {
    Lite(&'a rusqlite::Row<'a>),
    Pg(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of column `index`, counted from 0. A type that does not fit is [`Error::Db`].
    pub fn get<V: Value>(&self, index: usize) -> Result<V> {
        match self.0 {
            RowKind::Lite(row) => {
                V::from_lite(row.get_ref(index)?).ok_or_else(|| Error::Damaged(format!("column {index} has an unexpected type")))
            }
            RowKind::Pg(row) => V::from_pg(row, index),
        }
    }
}

/// A column's type: `i64`, `bool` (BIGINT 0/1), `String`, `Vec<u8>` and `Option` of those.
pub trait Value: Sized {
    /// From SQLite; `None` when the stored type does not fit.
    fn from_lite(value: ValueRef<'_>) -> Option<Self>;
    /// From PostgreSQL.
    fn from_pg(row: &tokio_postgres::Row, index: usize) -> Result<Self>;
}

macro_rules! value {
    ($($ty:ty as $pg:ty: $pattern:pat => $lite:expr, $pg_value:ident => $from_pg:expr);* $(;)?) => {$(
        impl Value for $ty {
            fn from_lite(value: ValueRef<'_>) -> Option<Self> {
                match value { $pattern => $lite, _ => None }
            }
            fn from_pg(row: &tokio_postgres::Row, index: usize) -> Result<Self> {
                let $pg_value: $pg = row.try_get(index)?;
                Ok($from_pg)
            }
        }
        impl Value for Option<$ty> {
            fn from_lite(value: ValueRef<'_>) -> Option<Self> {
                match value {
                    ValueRef::Null => Some(None),
                    other => <$ty as Value>::from_lite(other).map(Some),
                }
            }
            fn from_pg(row: &tokio_postgres::Row, index: usize) -> Result<Self> {
                let value: Option<$pg> = row.try_get(index)?;
                Ok(value.map(|$pg_value| $from_pg))
            }
        }
    )*};
}

value! {
    i64 as i64: ValueRef::Integer(v) => Some(v), v => v;
    bool as i64: ValueRef::Integer(v) => Some(v != 0), v => v != 0;
    String as String: ValueRef::Text(v) => String::from_utf8(v.to_vec()).ok(), v => v;
    Vec<u8> as Vec<u8>: ValueRef::Blob(v) => Some(v.to_vec()), v => v;
}

/// A row turned into a value: row structs (`row!`), tuples up to 8, or a single column.
pub trait FromRow: Sized + Send {
    /// Reads the columns by position.
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

macro_rules! scalar {
    ($($ty:ty),*) => {$(
        impl FromRow for $ty {
            fn from_row(row: &Row<'_>) -> Result<Self> {
                row.get(0)
            }
        }
    )*};
}
scalar!(i64, bool, String, Vec<u8>, Option<i64>, Option<String>, Option<Vec<u8>>);

macro_rules! tuple {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Value + Send),*> FromRow for ($($name,)*) {
            fn from_row(row: &Row<'_>) -> Result<Self> {
                Ok(($(row.get::<$name>($index)?,)*))
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// Declares a row struct whose fields stand in the order of its statement's columns. `Debug` prints the name only: rows
/// carry sealed keys, hashes and addresses, which must not reach a log.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Default)]
        pub struct $name { $($(#[$field_meta])* pub $field: $ty),* }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl $crate::FromRow for $name {
            fn from_row(row: &$crate::Row<'_>) -> $crate::Result<Self> {
                Ok(Self::from_columns(row, 0)?.0)
            }
        }

        impl $name {
            /// Reads the columns from position `index` on; also returns the position after the last one, for joins.
            pub(crate) fn from_columns(row: &$crate::Row<'_>, mut index: usize) -> $crate::Result<(Self, usize)> {
                $(let $field = row.get(index)?; index += 1;)*
                Ok((Self { $($field),* }, index))
            }
        }
    };
}
pub(crate) use row;
