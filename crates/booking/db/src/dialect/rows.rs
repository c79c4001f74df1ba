//! Sets of rows as parameters: the one seam between the dialects.
//!
//! A batch sends each set of rows in a statement whose text does not depend on their number, so
//! every statement is prepared once. PostgreSQL gets one text per column, its values separated by
//! U+001F (`string_to_array`); SQLite gets one JSON array of rows (`json_each`). The SQL around
//! them is the same. A PostgreSQL array per column would be more usual, but on its way through
//! SeaORM's values it takes several allocations for each of the thousands of cells of a batch.

use std::borrow::Cow;
use std::fmt::Write as _;

use sea_orm::{DbBackend, Value};

/// The type of a column of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Of 32 bits.
    Number,
    /// Of 64 bits: a time in milliseconds since 1970, or a count.
    Millis,
    Bytes,
}

impl Kind {
    /// The type in PostgreSQL. SQLite takes any name for the type of a NULL.
    pub const fn sql_type(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "integer",
            Self::Millis => "bigint",
            Self::Bytes => "bytea",
        }
    }
}

/// A column of a set: its name in the SQL, and its type.
pub(crate) type Column = (&'static str, Kind);

/// What a place holder in a statement's text stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parameter {
    /// A set of rows: `{name}` is the table of them, `{in name.column}` the condition that the
    /// expression before it equals one of the values of that column.
    Rows(&'static [Column]),
    /// A single value.
    Scalar,
}

/// The text of a statement: comments removed and every place holder replaced by what it is in the
/// dialect. Values are bound in the order of `parameters`.
///
/// `{among} SELECT … {/among}` is the condition that the expression before it equals one of the
/// values selected, as an index condition in both databases.
pub(crate) fn statement(
    backend: DbBackend,
    template: &str,
    parameters: &[(&str, Parameter)],
) -> String {
    let is_postgres = backend == DbBackend::Postgres;
    let words = if is_postgres {
        [
            ("{erased_key}", "decode(repeat('00', 32), 'hex')"),
            ("{for_no_key_update}", "FOR NO KEY UPDATE OF campaign"),
            ("{skip_locked}", "FOR UPDATE SKIP LOCKED"),
            ("{among}", "= ANY(ARRAY("),
            ("{/among}", "))"),
        ]
    } else {
        [
            ("{erased_key}", "zeroblob(32)"),
            ("{for_no_key_update}", ""),
            ("{skip_locked}", ""),
            ("{among}", "IN ("),
            ("{/among}", ")"),
        ]
    };
    let is_code = |line: &&str| !line.starts_with("--");
    let mut text: String = template.lines().filter(is_code).flat_map(|line| [line, "\n"]).collect();
    for (word, meaning) in words {
        text = text.replace(word, meaning);
    }
    let mut bound = 0;
    for (name, parameter) in parameters {
        match parameter {
            Parameter::Scalar => {
                bound += 1;
                text = text.replace(&format!("{{{name}}}"), &format!("${bound}"));
            }
            Parameter::Rows(columns) if is_postgres => {
                text = with_columns(&text, name, columns, bound + 1);
                bound += columns.len();
            }
            Parameter::Rows(columns) => {
                bound += 1;
                text = with_document(&text, name, columns, bound);
            }
        }
    }
    debug_assert!(!text.contains('{'), "every place holder has a parameter: {text}");
    text
}

/// PostgreSQL: one text per column. `unnest` stands in the target list, where it gives the rows one
/// by one: in FROM it would first store every column by itself, which takes twice as long.
fn with_columns(text: &str, name: &str, columns: &[Column], first: usize) -> String {
    let mut text = text.to_owned();
    let (mut cells, mut typed) = (Vec::new(), Vec::new());
    for ((column, kind), number) in columns.iter().zip(first..) {
        // An empty value is NULL, and an empty text an array without elements.
        let array = format!(r"string_to_array(${number}::text, E'\x1f', '')");
        let condition = match kind {
            Kind::Text => format!("= ANY({array})"),
            Kind::Number | Kind::Millis => format!("= ANY({array}::{}[])", kind.sql_type()),
            Kind::Bytes => format!("= ANY(ARRAY(SELECT decode(unnest({array}), 'hex')))"),
        };
        text = text.replace(&format!("{{in {name}.{column}}}"), &condition);
        typed.push(match kind {
            Kind::Text => (*column).to_owned(),
            Kind::Number | Kind::Millis => {
                format!("{column}::{} AS {column}", kind.sql_type())
            }
            Kind::Bytes => format!("decode({column}, 'hex') AS {column}"),
        });
        cells.push(format!("unnest({array}) AS {column}"));
    }
    let (cells, typed) = (cells.join(", "), typed.join(", "));
    let table = format!("(SELECT {typed} FROM (SELECT {cells}) AS cells) AS {name}");
    text.replace(&format!("{{{name}}}"), &table)
}

/// SQLite: one JSON array of rows.
fn with_document(text: &str, name: &str, columns: &[Column], number: usize) -> String {
    let mut text = text.to_owned();
    let mut selected = Vec::new();
    for (place, (column, kind)) in columns.iter().enumerate() {
        let value = match kind {
            Kind::Text | Kind::Number | Kind::Millis => format!("value ->> {place}"),
            Kind::Bytes => format!("unhex(value ->> {place})"),
        };
        let values = format!("IN (SELECT {value} FROM json_each(${number}))");
        text = text.replace(&format!("{{in {name}.{column}}}"), &values);
        selected.push(format!("{value} AS {column}"));
    }
    let table = format!("(SELECT {} FROM json_each(${number})) AS {name}", selected.join(", "));
    text.replace(&format!("{{{name}}}"), &table)
}

/// A value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell<'a> {
    Text(Cow<'a, str>),
    Number(i64),
    Bytes(&'a [u8]),
    Null,
}

/// A cell of a text.
pub(crate) fn text<'a>(text: impl Into<Cow<'a, str>>) -> Cell<'a> {
    Cell::Text(text.into())
}

/// A cell of a number.
pub(crate) fn number<'a>(number: impl Into<i64>) -> Cell<'a> {
    Cell::Number(number.into())
}

const SEPARATOR: char = '\u{1f}';

/// A set of rows in the form in which it is bound.
#[derive(Debug)]
pub(crate) struct Rows {
    /// A text for each column, or one document.
    texts: Vec<String>,
    is_document: bool,
    count: u64,
}

impl Rows {
    pub fn collect<'a, const N: usize>(
        backend: DbBackend,
        columns: &[Column],
        rows: impl IntoIterator<Item = [Cell<'a>; N]>,
    ) -> Self {
        assert_eq!(N, columns.len(), "a row has every column");
        let is_document = backend != DbBackend::Postgres;
        let texts = vec![String::new(); if is_document { 1 } else { N }];
        let mut set = Self { texts, is_document, count: 0 };
        for row in rows {
            set.push(row);
        }
        if is_document {
            set.texts[0].push_str(if set.count == 0 { "[]" } else { "]" });
        }
        set
    }

    fn push<const N: usize>(&mut self, row: [Cell<'_>; N]) {
        if self.is_document {
            let document = &mut self.texts[0];
            document.push_str(if self.count == 0 { "[[" } else { ",[" });
            for (place, cell) in row.into_iter().enumerate() {
                if place > 0 {
                    document.push(',');
                }
                write_json(document, cell);
            }
            document.push(']');
        } else {
            for (text, cell) in self.texts.iter_mut().zip(row) {
                if self.count > 0 {
                    text.push(SEPARATOR);
                }
                write_plain(text, cell);
            }
        }
        self.count += 1;
    }

    /// How many rows there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Appends what is bound for this set.
    pub fn bind(self, values: &mut Vec<Value>) {
        values.extend(self.texts.into_iter().map(Value::from));
    }
}

fn write_plain(to: &mut String, cell: Cell<'_>) {
    match cell {
        Cell::Text(text) => {
            // Names have no control characters, and in JSON they are escaped.
            assert!(!text.contains(SEPARATOR), "a text does not contain the separator");
            to.push_str(&text);
        }
        Cell::Number(number) => write!(to, "{number}").expect("a string takes everything"),
        Cell::Bytes(bytes) => write_hex(to, bytes),
        Cell::Null => {}
    }
}

fn write_json(to: &mut String, cell: Cell<'_>) {
    match cell {
        Cell::Text(text) => to.push_str(&serde_json::Value::from(text).to_string()),
        Cell::Number(number) => write!(to, "{number}").expect("a string takes everything"),
        Cell::Bytes(bytes) => {
            to.push('"');
            write_hex(to, bytes);
            to.push('"');
        }
        Cell::Null => to.push_str("null"),
    }
}

/// Appends `bytes` in hexadecimal.
pub(crate) fn write_hex(to: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        to.push(char::from(DIGITS[usize::from(byte >> 4)]));
        to.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[("id", Kind::Text), ("seats", Kind::Number), ("key", Kind::Bytes)];
    const TEMPLATE: &str =
        "-- a comment\nSELECT id FROM {cars} WHERE seats < {seats_max} AND key {in cars.key}\n";

    fn text_for(backend: DbBackend) -> String {
        let parameters = [("cars", Parameter::Rows(COLUMNS)), ("seats_max", Parameter::Scalar)];
        statement(backend, TEMPLATE, &parameters)
    }

    fn values_for(backend: DbBackend) -> Vec<Value> {
        let rows = [
            [text("a\"b"), number(4), Cell::Bytes(&[0, 255])],
            [text("c"), Cell::Null, Cell::Bytes(&[1])],
        ];
        let mut values = Vec::new();
        Rows::collect(backend, COLUMNS, rows).bind(&mut values);
        values
    }

    #[test]
    fn postgres_gets_one_text_per_column() {
        let cells = |number: u8| format!(r"string_to_array(${number}::text, E'\x1f', '')");
        let expected = format!(
            "SELECT id FROM (SELECT id, seats::integer AS seats, decode(key, 'hex') AS key \
             FROM (SELECT unnest({}) AS id, unnest({}) AS seats, unnest({}) AS key) AS cells) AS cars \
             WHERE seats < $4 AND key = ANY(ARRAY(SELECT decode(unnest({}), 'hex')))\n",
            cells(1),
            cells(2),
            cells(3),
            cells(3),
        );
        assert_eq!(text_for(DbBackend::Postgres), expected);
        let values = ["a\"b\u{1f}c", "4\u{1f}", "00ff\u{1f}01"].map(Value::from);
        assert_eq!(values_for(DbBackend::Postgres), values);
    }

    #[test]
    fn sqlite_gets_one_json_document_per_set() {
        assert_eq!(
            text_for(DbBackend::Sqlite),
            "SELECT id FROM (SELECT value ->> 0 AS id, value ->> 1 AS seats, \
             unhex(value ->> 2) AS key FROM json_each($1)) AS cars WHERE seats < $2 \
             AND key IN (SELECT unhex(value ->> 2) FROM json_each($1))\n"
        );
        let document = r#"[["a\"b",4,"00ff"],["c",null,"01"]]"#;
        assert_eq!(values_for(DbBackend::Sqlite), [Value::from(document)]);
    }

    #[test]
    fn a_set_can_be_empty() {
        let rows: [[Cell<'_>; 3]; 0] = [];
        let mut values = Vec::new();
        Rows::collect(DbBackend::Sqlite, COLUMNS, rows).bind(&mut values);
        assert_eq!(values, [Value::from("[]")]);
    }

    #[test]
    #[should_panic(expected = "separator")]
    fn no_text_becomes_two_cells() {
        Rows::collect(DbBackend::Postgres, &[("id", Kind::Text)], [[text("a\u{1f}b")]]);
    }
}
