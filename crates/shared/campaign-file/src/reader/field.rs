//! One value of the file, read as what it should be.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil;
use toml_edit::{Array, ArrayOfTables, Datetime, Item, TableLike, Value};

use super::{Keys, Place, Reader, Section};
use crate::limits;

/// The shapes a value can have, whatever the notation.
#[derive(Clone, Copy)]
enum Node<'d> {
    Scalar(&'d Value),
    Array(&'d Array),
    Table(&'d dyn TableLike),
    Tables(&'d ArrayOfTables),
}

impl<'d> Node<'d> {
    fn of_value(value: &'d Value) -> Self {
        match value {
            Value::Array(array) => Self::Array(array),
            Value::InlineTable(table) => Self::Table(table),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_) => Self::Scalar(value),
        }
    }

    /// What is there, in words.
    fn describe(self) -> String {
        match self {
            Self::Scalar(Value::String(text)) => {
                format!("the text \"{}\"", text.value().chars().take(40).collect::<String>())
            }
            Self::Scalar(Value::Integer(number)) => format!("the number {}", number.value()),
            Self::Scalar(Value::Float(number)) => format!("the number {}", number.value()),
            Self::Scalar(Value::Boolean(flag)) => flag.value().to_string(),
            Self::Scalar(Value::Datetime(moment)) => moment.value().to_string(),
            Self::Scalar(Value::Array(_)) | Self::Array(_) | Self::Tables(_) => "a list".into(),
            Self::Scalar(Value::InlineTable(_)) | Self::Table(_) => "a table".into(),
        }
    }
}

/// One value and its place.
#[derive(Clone)]
pub(crate) struct Field<'d> {
    reader: &'d Reader<'d>,
    node: Node<'d>,
    place: Place,
    example: &'static str,
}

impl<'d> Field<'d> {
    pub(super) fn of_item(
        reader: &'d Reader<'d>,
        item: &'d Item,
        place: Place,
        example: &'static str,
    ) -> Option<Self> {
        let node = match item {
            Item::None => return None,
            Item::Value(value) => Node::of_value(value),
            Item::Table(table) => Node::Table(table),
            Item::ArrayOfTables(tables) => Node::Tables(tables),
        };
        Some(Self { reader, node, place, example })
    }

    /// Where the value stands.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Notes a mistake of this value.
    pub(crate) fn complain(&self, message: impl Into<String>) {
        self.reader.complain(&self.place, message);
    }

    fn expected<T>(&self, what: impl Display) -> Option<T> {
        let found = self.node.describe();
        self.complain(format!("expected {what}, found {found}; write it as: {}", self.example));
        None
    }

    /// Whether the value is a text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.node, Node::Scalar(Value::String(_)))
    }

    fn raw_text(&self) -> Option<&'d str> {
        match self.node {
            Node::Scalar(Value::String(text)) => Some(text.value()),
            Node::Scalar(_) | Node::Array(_) | Node::Table(_) | Node::Tables(_) => {
                self.expected("text in quotes")
            }
        }
    }

    /// A text for people: not empty, one line, no blanks around it.
    pub(crate) fn text(&self, length_max: usize) -> Option<String> {
        let text = self.raw_text()?;
        if text.trim().is_empty() {
            self.complain("is empty; say what people should read here");
        } else if text.chars().count() > length_max {
            self.complain(format!("is longer than {length_max} characters; shorten it"));
        } else if text.chars().any(char::is_control) || text.trim() != text {
            self.complain("has line breaks, control characters or blanks around it; remove them");
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// A text that is read by `T`'s own rules.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self) -> Option<T> {
        let text = self.raw_text()?;
        text.parse()
            .map_err(|error| self.complain(format!("{error}; write it as: {}", self.example)))
            .ok()
    }

    /// A whole number within bounds.
    pub(crate) fn whole<N>(&self, bounds: RangeInclusive<N>) -> Option<N>
    where
        N: Copy + Display + PartialOrd + TryFrom<i64>,
    {
        let (low, high) = (*bounds.start(), *bounds.end());
        let Node::Scalar(Value::Integer(number)) = self.node else {
            return self.expected(format_args!("a whole number from {low} to {high}"));
        };
        let within = N::try_from(*number.value()).ok().filter(|number| bounds.contains(number));
        if within.is_none() {
            self.complain(format!("{} is out of bounds; choose {low} to {high}", number.value()));
        }
        within
    }

    /// True or false.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self.node {
            Node::Scalar(Value::Boolean(flag)) => Some(*flag.value()),
            Node::Scalar(_) | Node::Array(_) | Node::Table(_) | Node::Tables(_) => {
                self.expected("true or false, without quotes")
            }
        }
    }

    fn datetime(&self, what: &str) -> Option<Datetime> {
        match self.node {
            Node::Scalar(Value::Datetime(moment)) => Some(*moment.value()),
            Node::Scalar(_) | Node::Array(_) | Node::Table(_) | Node::Tables(_) => {
                self.expected(format_args!("{what}, without quotes"))
            }
        }
    }

    /// A date and a time on the wall clock.
    pub(crate) fn local_date_time(&self) -> Option<civil::DateTime> {
        const WHAT: &str = "a local date and time";
        let moment = self.datetime(WHAT)?;
        if moment.offset.is_some() {
            self.complain("has an offset; leave it out, the time is meant in time_zone");
            return None;
        }
        let (Some(date), Some(time)) = (moment.date, moment.time) else {
            return self.expected(WHAT);
        };
        let date = self.civil_date(date, limits::YEARS)?;
        Some(date.to_datetime(self.civil_time(time)?))
    }

    /// A date.
    pub(crate) fn local_date(&self) -> Option<civil::Date> {
        self.date_within(limits::YEARS)
    }

    /// A date on which somebody may be born.
    pub(crate) fn day_of_birth(&self) -> Option<civil::Date> {
        self.date_within(limits::BIRTH_YEARS)
    }

    fn date_within(&self, years: RangeInclusive<u16>) -> Option<civil::Date> {
        const WHAT: &str = "a date";
        let Datetime { date: Some(date), time: None, offset: None } = self.datetime(WHAT)? else {
            return self.expected(WHAT);
        };
        self.civil_date(date, years)
    }

    /// A time of day, in whole minutes.
    pub(crate) fn local_minute(&self) -> Option<civil::Time> {
        const WHAT: &str = "a time of day";
        let Datetime { date: None, time: Some(time), offset: None } = self.datetime(WHAT)? else {
            return self.expected(WHAT);
        };
        let time = self.civil_time(time)?;
        if time.second() != 0 {
            self.complain("is not a whole minute; leave the seconds out");
            return None;
        }
        Some(time)
    }

    fn civil_date(&self, date: toml_edit::Date, years: RangeInclusive<u16>) -> Option<civil::Date> {
        if !years.contains(&date.year) {
            let (first, last) = (years.start(), years.end());
            self.complain(format!("the year is not within {first} to {last}; correct it"));
            return None;
        }
        let year = i16::try_from(date.year).ok()?;
        let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
        civil::Date::new(year, month, day)
            .map_err(|_| self.complain("is not a day of the calendar; correct it"))
            .ok()
    }

    fn civil_time(&self, time: toml_edit::Time) -> Option<civil::Time> {
        let (hour, minute) = (i8::try_from(time.hour).ok()?, i8::try_from(time.minute).ok()?);
        let second = i8::try_from(time.second.unwrap_or(0)).ok()?;
        let time_of_day = civil::Time::new(hour, minute, second, 0).ok();
        if time_of_day.is_none() || time.nanosecond.unwrap_or(0) != 0 {
            self.complain("is not a whole second from 00:00:00 to 23:59:59; correct it");
            return None;
        }
        time_of_day
    }

    /// A table with these keys.
    pub(crate) fn section(&self, keys: &'static Keys) -> Option<Section<'d>> {
        match self.node {
            Node::Table(table) => Some(Section::open(self.reader, table, self.place.clone(), keys)),
            Node::Scalar(_) | Node::Array(_) | Node::Tables(_) => self.expected("a table"),
        }
    }

    /// The entries of a list within bounds.
    pub(crate) fn list(&self, bounds: RangeInclusive<usize>) -> Option<Vec<Self>> {
        let nodes: Vec<_> = match self.node {
            Node::Array(array) => {
                array.iter().map(|value| (Node::of_value(value), value.span())).collect()
            }
            Node::Tables(tables) => {
                tables.iter().map(|table| (Node::Table(table), table.span())).collect()
            }
            Node::Scalar(_) | Node::Table(_) => return self.expected("a list"),
        };
        if !bounds.contains(&nodes.len()) {
            let (low, high) = (bounds.start(), bounds.end());
            self.complain(format!("has {} entries; give {low} to {high}", nodes.len()));
            return None;
        }
        let field = |(index, (node, span))| Self {
            reader: self.reader,
            node,
            place: self.place.entry(index, span),
            example: self.example,
        };
        Some(nodes.into_iter().enumerate().map(field).collect())
    }
}
