//! Walks a TOML document and notes every mistake with its place, instead of stopping at the first.
//!
//! A read that fails has noted why and answers `None`; the caller goes on with the next key.

mod field;

use std::cell::{Cell, RefCell};
use std::ops::Range;

use toml_edit::{Document, TableLike};

use crate::limits;
use crate::mistakes::{CampaignError, CampaignErrors};

pub(crate) use field::Field;

/// The keys a table may have, each with a line that shows how it is written.
pub(crate) type Keys = [(&'static str, &'static str)];

/// Where something stands in the file.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    offset: usize,
    path: String,
}

impl Place {
    fn key(&self, key: &str, span: Option<Range<usize>>) -> Self {
        let path =
            if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Self { offset: span.map_or(self.offset, |span| span.start), path }
    }

    fn entry(&self, index: usize, span: Option<Range<usize>>) -> Self {
        Self {
            offset: span.map_or(self.offset, |span| span.start),
            path: format!("{}[{index}]", self.path),
        }
    }

    /// The path of the key, such as `tranches[1].opens_at`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

/// The file and the mistakes found in it so far.
pub(crate) struct Reader<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    mistakes: RefCell<Vec<CampaignError>>,
    omitted: Cell<usize>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(offset, _)| offset + 1);
        let line_starts = std::iter::once(0).chain(after_breaks).collect();
        Self { text, line_starts, mistakes: RefCell::default(), omitted: Cell::new(0) }
    }

    /// Parses the text as TOML; `None` if it is not.
    pub(crate) fn parse(&self) -> Option<Document<&'t str>> {
        let start = Place { offset: 0, path: String::new() };
        if self.text.len() > limits::FILE_BYTES_MAX {
            self.complain(
                &start,
                format!("the file is longer than {} bytes", limits::FILE_BYTES_MAX),
            );
            return None;
        }
        Document::parse(self.text)
            .map_err(|error| {
                let message = error.message().trim().lines().collect::<Vec<_>>().join(", ");
                let offset = error.span().map_or(0, |span| span.start);
                let place = Place { offset, path: String::new() };
                self.complain(&place, format!("not valid TOML: {message}"));
            })
            .ok()
    }

    /// The whole document as a table with these keys.
    pub(crate) fn root<'d>(
        &'d self,
        document: &'d Document<&'t str>,
        keys: &'static Keys,
    ) -> Section<'d> {
        let place = Place { offset: 0, path: String::new() };
        Section::open(self, document.as_table(), place, keys)
    }

    /// Notes a mistake.
    pub(crate) fn complain(&self, place: &Place, message: impl Into<String>) {
        let mut mistakes = self.mistakes.borrow_mut();
        if mistakes.len() >= limits::MISTAKES_MAX {
            self.omitted.set(self.omitted.get() + 1);
            return;
        }
        let (line, column) = self.position(place.offset);
        let (path, message) = (place.path.clone(), message.into());
        mistakes.push(CampaignError { line, column, path, message });
    }

    /// Line and column (in characters) of a byte offset, both from 1.
    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let line_start = self.line_starts[line - 1];
        let before = self.text.get(line_start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// The value if no mistake was found, else the mistakes in the order of the file.
    pub(crate) fn conclude<T>(self, value: Option<T>) -> Result<T, CampaignErrors> {
        let mut mistakes = self.mistakes.into_inner();
        if mistakes.is_empty() {
            return Ok(value.expect("what cannot be read has been complained about"));
        }
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        Err(CampaignErrors { mistakes, omitted: self.omitted.get() })
    }
}

/// A table whose keys are known.
pub(crate) struct Section<'d> {
    reader: &'d Reader<'d>,
    table: &'d dyn TableLike,
    place: Place,
    keys: &'static Keys,
}

impl<'d> Section<'d> {
    /// Opens a table and complains about every key that is not in `keys`.
    fn open(
        reader: &'d Reader<'d>,
        table: &'d dyn TableLike,
        place: Place,
        keys: &'static Keys,
    ) -> Self {
        for (name, _) in table.iter() {
            if keys.iter().all(|(known, _)| *known != name) {
                let span = table.get_key_value(name).and_then(|(key, _)| key.span());
                let known: Vec<_> = keys.iter().map(|(known, _)| *known).collect();
                reader.complain(
                    &place.key(name, span),
                    format!("unknown key; remove it or use one of {}", known.join(", ")),
                );
            }
        }
        Self { reader, table, place, keys }
    }

    /// The value of `key`; complains if it is missing.
    pub(crate) fn required(&self, key: &'static str) -> Option<Field<'d>> {
        let field = self.optional(key);
        if field.is_none() {
            self.reader.complain(
                &self.place.key(key, None),
                format!("missing; add it, such as: {}", self.example(key)),
            );
        }
        field
    }

    /// The value of `key`, if it is there.
    pub(crate) fn optional(&self, key: &'static str) -> Option<Field<'d>> {
        let example = self.example(key);
        let (name, item) = self.table.get_key_value(key)?;
        let span = item.span().filter(|span| !span.is_empty()).or_else(|| name.span());
        Field::of_item(self.reader, item, self.place.key(key, span), example)
    }

    /// Notes a mistake of the table as a whole.
    pub(crate) fn complain(&self, message: impl Into<String>) {
        self.reader.complain(&self.place, message);
    }

    fn example(&self, key: &str) -> &'static str {
        let known = self.keys.iter().find(|(known, _)| *known == key);
        known.expect("only keys of the section's own list are asked for").1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &Keys = &[("a", "a = 1"), ("b", "b = \"x\"")];

    fn mistakes(text: &str) -> Vec<String> {
        let reader = Reader::new(text);
        let document = reader.parse().expect("valid TOML");
        {
            let root = reader.root(&document, KEYS);
            let _number = root.required("a").and_then(|field| field.whole(1..=9_u32));
            let _text = root.required("b").and_then(|field| field.text(3));
        }
        let errors = reader.conclude(Some(())).map_or_else(|errors| errors.mistakes, |()| vec![]);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(
            mistakes("a = 1\nb = \"ä\" # ü\n\"ö\" = 1"),
            ["line 3, column 1: ö: unknown key; remove it or use one of a, b"]
        );
        assert_eq!(
            mistakes("a = 1\nb = { \"ä\" = 1 } # ü"),
            ["line 2, column 5: b: expected text in quotes, found a table; write it as: b = \"x\""]
        );
    }

    #[test]
    fn a_missing_key_shows_how_it_is_written() {
        assert_eq!(mistakes("b = 'x'"), ["line 1, column 1: a: missing; add it, such as: a = 1"]);
    }

    #[test]
    fn a_flood_of_mistakes_is_counted() {
        let reader = Reader::new("");
        let place = Place { offset: 0, path: String::new() };
        for _ in 0..limits::MISTAKES_MAX + 7 {
            reader.complain(&place, "wrong");
        }
        let errors = reader.conclude(Some(())).expect_err("mistakes");
        assert_eq!((errors.mistakes.len(), errors.omitted), (limits::MISTAKES_MAX, 7));
        assert!(errors.to_string().ends_with("\nand 7 more"));
    }
}
