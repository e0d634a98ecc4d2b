//! Rows as they are, whatever their columns mean: read whole, kept as bytes, written again. Used by `tables::belongings`.

use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql as PgToSql, Type, to_sql_checked};

use crate::value::{FromRow, OwnedParam, Param, Row, RowKind, Value};
use crate::{Error, Result};

/// A value of any column.
#[derive(Clone, PartialEq, Eq)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Prints no value: rows carry sealed keys, hashes and addresses, which must not reach a log.
impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cell")
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells(pub Vec<Cell>);

/// NULL of a type that nobody names.
#[derive(Debug)]
struct Nothing;

impl PgToSql for Nothing {
    fn to_sql(&self, _: &Type, _: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        Ok(IsNull::Yes)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl Param for Cell {
    fn lite(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        })
    }

    fn pg(&self) -> &(dyn PgToSql + Sync) {
        match self {
            Self::Null => &Nothing,
            Self::Int(value) => value,
            Self::Text(value) => value,
            Self::Bytes(value) => value,
        }
    }

    fn pg_owned(&self) -> OwnedParam {
        match self {
            Self::Null => Box::new(Nothing),
            Self::Int(value) => Box::new(*value),
            Self::Text(value) => Box::new(value.clone()),
            Self::Bytes(value) => Box::new(value.clone()),
        }
    }
}

impl FromRow for Cells {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let cells: Result<Vec<Cell>> = match &row.0 {
            RowKind::Lite(lite) => (0..lite.as_ref().column_count())
                .map(|index| match lite.get_ref(index)? {
                    ValueRef::Null => Ok(Cell::Null),
                    ValueRef::Integer(value) => Ok(Cell::Int(value)),
                    ValueRef::Text(_) => row.get(index).map(Cell::Text),
                    ValueRef::Blob(value) => Ok(Cell::Bytes(value.to_vec())),
                    ValueRef::Real(_) => Err(Error::Damaged(format!("column {index} has an unexpected type"))),
                })
                .collect(),
            RowKind::Pg(pg) => (0..pg.len())
                .map(|index| match pg.columns().get(index).map(tokio_postgres::Column::type_) {
                    Some(&Type::INT8) => Option::<i64>::from_pg(pg, index).map(|v| v.map_or(Cell::Null, Cell::Int)),
                    Some(&Type::TEXT) => Option::<String>::from_pg(pg, index).map(|v| v.map_or(Cell::Null, Cell::Text)),
                    Some(&Type::BYTEA) => Option::<Vec<u8>>::from_pg(pg, index).map(|v| v.map_or(Cell::Null, Cell::Bytes)),
                    _ => Err(Error::Db(format!("column {index} has a type that nothing of ours has"))),
                })
                .collect(),
        };
        Ok(Self(cells?))
    }
}

impl Cells {
    /// Adds the row to `out`: each value as a tag and, little-endian, its number or its length and content.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut long = |tag: u8, value: &[u8]| {
            out.push(tag);
            out.extend_from_slice(&u64::try_from(value.len()).unwrap_or(u64::MAX).to_le_bytes());
            out.extend_from_slice(value);
        };
        for cell in &self.0 {
            match cell {
                Cell::Null => long(0, &[]),
                Cell::Int(value) => long(1, &value.to_le_bytes()),
                Cell::Text(value) => long(2, value.as_bytes()),
                Cell::Bytes(value) => long(3, value),
            }
        }
    }

    /// Takes a row of `columns` values off the front of what [`Cells::write`] made.
    ///
    /// # Errors
    /// [`Error::Damaged`] where it is something else.
    pub fn read(from: &mut &[u8], columns: usize) -> Result<Self> {
        (0..columns).map(|_| cell(from).ok_or_else(|| Error::Damaged("a kept row".to_owned()))).collect::<Result<_>>().map(Self)
    }
}

fn cell(from: &mut &[u8]) -> Option<Cell> {
    let (tag, rest) = from.split_first()?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let (value, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *from = rest;
    Some(match tag {
        0 => Cell::Null,
        1 => Cell::Int(i64::from_le_bytes(value.try_into().ok()?)),
        2 => Cell::Text(String::from_utf8(value.to_vec()).ok()?),
        3 => Cell::Bytes(value.to_vec()),
        _ => return None,
    })
}
