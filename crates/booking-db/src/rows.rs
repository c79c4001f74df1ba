//! Sets of rows as parameters: the one seam between the dialects.
//!
//! A batch sends each set of rows as one statement whose text does not depend on their number, so
//! every statement is prepared once. PostgreSQL gets one array per column (`unnest`), SQLite one
//! JSON array of rows (`json_each`); the SQL around it is the same.

use std::fmt::Write as _;

use sea_orm::sea_query::ArrayType;
use sea_orm::{DbBackend, Value};

/// The type of a column of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Bytes,
}

/// A column of a set: its name in the SQL, and its type.
pub(crate) type Column = (&'static str, Kind);

/// What a place holder in a statement's text stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parameter {
    /// A set of rows, readable as a table of the place holder's name.
    Rows(&'static [Column]),
    /// A single value.
    Scalar,
}

/// The text of a statement: comments removed, `{name}` replaced by what each of `parameters` is in
/// the dialect. Values are bound in the order of `parameters`.
pub(crate) fn statement(backend: DbBackend, template: &str, parameters: &[(&str, Parameter)]) -> String {
    let is_postgres = backend == DbBackend::Postgres;
    let mut text: String = template
        .lines()
        .filter(|line| !line.starts_with("--"))
        .flat_map(|line| [line, "\n"])
        .collect::<String>()
        .replace("{bytes}", if is_postgres { "bytea" } else { "blob" })
        .replace("{for_no_key_update}", if is_postgres { "FOR NO KEY UPDATE OF campaign" } else { "" });
    let mut bound = 0;
    for (name, parameter) in parameters {
        let meaning = match parameter {
            Parameter::Scalar => {
                bound += 1;
                format!("${bound}")
            }
            Parameter::Rows(columns) if is_postgres => {
                let first = bound + 1;
                bound += columns.len();
                unnest(name, columns, first)
            }
            Parameter::Rows(columns) => {
                bound += 1;
                json_each(name, columns, bound)
            }
        };
        text = text.replace(&format!("{{{name}}}"), &meaning);
    }
    debug_assert!(!text.contains('{'), "every place holder has a parameter: {text}");
    text
}

fn unnest(name: &str, columns: &[Column], first: usize) -> String {
    let arrays: Vec<String> = columns
        .iter()
        .zip(first..)
        .map(|((_, kind), number)| match kind {
            Kind::Text => format!("${number}::text[]"),
            Kind::Number => format!("${number}::bigint[]"),
            Kind::Bytes => format!("${number}::bytea[]"),
        })
        .collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    format!("unnest({}) AS {name}({})", arrays.join(", "), names.join(", "))
}

fn json_each(name: &str, columns: &[Column], number: usize) -> String {
    let columns: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(place, (column, kind))| match kind {
            Kind::Text | Kind::Number => format!("value ->> {place} AS {column}"),
            Kind::Bytes => format!("unhex(value ->> {place}) AS {column}"),
        })
        .collect();
    format!("(SELECT {} FROM json_each(${number})) AS {name}", columns.join(", "))
}

/// A set of rows, column by column.
#[derive(Debug)]
pub(crate) struct Rows {
    columns: &'static [Column],
    cells: Vec<Vec<Value>>,
}

impl Rows {
    pub fn new(columns: &'static [Column]) -> Self {
        Self { columns, cells: columns.iter().map(|_| Vec::new()).collect() }
    }

    pub fn collect<const N: usize>(
        columns: &'static [Column],
        rows: impl IntoIterator<Item = [Value; N]>,
    ) -> Self {
        let mut set = Self::new(columns);
        for row in rows {
            set.push(row);
        }
        set
    }

    pub fn push<const N: usize>(&mut self, row: [Value; N]) {
        assert_eq!(N, self.columns.len(), "a row has every column");
        for (cells, cell) in self.cells.iter_mut().zip(row) {
            cells.push(cell);
        }
    }

    /// Appends what is bound for this set.
    pub fn bind(self, backend: DbBackend, values: &mut Vec<Value>) {
        if backend == DbBackend::Postgres {
            let arrays = self.columns.iter().zip(self.cells).map(|((_, kind), cells)| {
                let array_type = match kind {
                    Kind::Text => ArrayType::String,
                    Kind::Number => ArrayType::BigInt,
                    Kind::Bytes => ArrayType::Bytes,
                };
                Value::Array(array_type, Some(Box::new(cells)))
            });
            values.extend(arrays);
        } else {
            values.push(self.into_json().into());
        }
    }

    fn into_json(self) -> String {
        let count = self.cells.first().map_or(0, Vec::len);
        let rows: Vec<Vec<serde_json::Value>> = (0..count)
            .map(|row| self.cells.iter().map(|column| json(&column[row])).collect())
            .collect();
        serde_json::Value::from(rows).to_string()
    }
}

fn json(cell: &Value) -> serde_json::Value {
    match cell {
        Value::String(Some(text)) => text.as_str().into(),
        Value::BigInt(Some(number)) => (*number).into(),
        Value::Bytes(Some(bytes)) => hex(bytes).into(),
        other => unreachable!("a cell is a text, a number or bytes, not {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[("id", Kind::Text), ("seats", Kind::Number), ("key", Kind::Bytes)];
    const TEMPLATE: &str = "-- a comment\nSELECT id FROM {cars} WHERE seats < {seats_max}\n";

    fn parameters() -> [(&'static str, Parameter); 2] {
        [("cars", Parameter::Rows(COLUMNS)), ("seats_max", Parameter::Scalar)]
    }

    fn rows() -> Rows {
        Rows::collect(COLUMNS, [["a\"b".into(), 4_i64.into(), vec![0_u8, 255].into()]])
    }

    #[test]
    fn postgres_gets_one_array_per_column() {
        let text = statement(DbBackend::Postgres, TEMPLATE, &parameters());
        assert_eq!(
            text,
            "SELECT id FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS cars(id, seats, key) WHERE seats < $4\n"
        );
        let mut values = Vec::new();
        rows().bind(DbBackend::Postgres, &mut values);
        assert_eq!(values.len(), 3);
    }

    #[test]
    fn sqlite_gets_one_json_document_per_set() {
        let text = statement(DbBackend::Sqlite, TEMPLATE, &parameters());
        assert_eq!(
            text,
            "SELECT id FROM (SELECT value ->> 0 AS id, value ->> 1 AS seats, unhex(value ->> 2) AS key \
             FROM json_each($1)) AS cars WHERE seats < $2\n"
        );
        let mut values = Vec::new();
        rows().bind(DbBackend::Sqlite, &mut values);
        assert_eq!(values, [Value::from(r#"[["a\"b",4,"00ff"]]"#)]);
    }
}
