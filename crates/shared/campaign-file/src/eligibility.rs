//! Who may book by date of birth, and what they declare: `[eligibility]` and `[[declarations]]`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kernel::Slug;

use crate::reader::{Field, Keys, Section};
use crate::{limits, read_both_languages};

/// When somebody must be born to book. Days and ages are inclusive; what is `None` is not asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eligibility {
    /// On that day or later.
    pub born_from: Option<Date>,
    /// On that day or earlier.
    pub born_until: Option<Date>,
    /// How old at least, in years, and on which day.
    pub age_min: Option<(u8, Date)>,
    /// How old at most, in years, and on which day.
    pub age_max: Option<(u8, Date)>,
}

/// A text that people declare when they book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Its name in requests.
    pub id: Slug,
    /// Raised whenever the text changes: an earlier version declares nothing.
    pub version: u32,
    /// Whether nobody is booked without it.
    pub required: bool,
    /// The text, in German.
    pub text_de: String,
    /// The text, in English.
    pub text_en: String,
}

pub(crate) const ELIGIBILITY_KEYS: &Keys = &[
    ("born_from", "born_from = 1940-01-01"),
    ("born_until", "born_until = 1961-06-20"),
    ("age_min", "age_min = 18"),
    ("age_max", "age_max = 65"),
    ("age_on", "age_on = 2021-06-20"),
];

const DECLARATION_KEYS: &Keys = &[
    ("id", "id = \"residence\""),
    ("version", "version = 1"),
    ("required", "required = true"),
    ("text", "text = { de = \"Ich wohne hier.\", en = \"I live here.\" }"),
];

/// Reads `[eligibility]`; nothing is asked where it is left out.
pub(crate) fn read(file: &Section<'_>) -> Option<Eligibility> {
    let Some(field) = file.optional("eligibility") else { return Some(Eligibility::default()) };
    let section = field.section(ELIGIBILITY_KEYS)?;
    let day = |key| match section.optional(key) {
        Some(field) => field.day_of_birth().map(Some),
        None => Some(None),
    };
    let years = |key| match section.optional(key) {
        Some(field) => field.whole(limits::AGE_YEARS).map(Some),
        None => Some(None),
    };
    let (born_from, born_until) = (day("born_from"), day("born_until"));
    let (age_min, age_max) = (years("age_min"), years("age_max"));
    let age_on = match section.optional("age_on") {
        Some(field) => field.local_date().map(Some),
        None => Some(None),
    };
    let (born_from, born_until) = (born_from?, born_until?);
    let (age_min, age_max, age_on) = (age_min?, age_max?, age_on?);
    if let (Some(from), Some(until)) = (born_from, born_until)
        && from > until
    {
        field.complain("born_from is after born_until, so nobody could book; swap them");
    }
    if let (Some(min), Some(max)) = (age_min, age_max)
        && min > max
    {
        field.complain("age_min is above age_max, so nobody could book; swap them");
    }
    let is_age_asked = age_min.is_some() || age_max.is_some();
    match age_on {
        None if is_age_asked => {
            field.complain("an age is meant on a day; add it, such as: age_on = 2021-06-20");
            None
        }
        Some(_) if !is_age_asked => {
            field
                .complain("age_on has no meaning without age_min or age_max; add one or remove it");
            None
        }
        None | Some(_) => Some(Eligibility {
            born_from,
            born_until,
            age_min: age_min.zip(age_on),
            age_max: age_max.zip(age_on),
        }),
    }
}

/// Reads `[[declarations]]`; none where they are left out.
pub(crate) fn read_declarations(file: &Section<'_>) -> Option<Vec<Declaration>> {
    let Some(list) = file.optional("declarations") else { return Some(Vec::new()) };
    let entries = list.list(limits::DECLARATIONS)?;
    let mut by_id: BTreeMap<Slug, &Field<'_>> = BTreeMap::new();
    let mut declarations = Vec::with_capacity(entries.len());
    for entry in &entries {
        let declaration = read_declaration(entry);
        if let Some(declaration) = &declaration
            && let Some(first) = by_id.insert(declaration.id.clone(), entry)
        {
            let (id, first) = (&declaration.id, first.place().path());
            entry.complain(format!("the id \"{id}\" is already that of {first}; choose another"));
        }
        declarations.push(declaration);
    }
    declarations.into_iter().collect()
}

fn read_declaration(entry: &Field<'_>) -> Option<Declaration> {
    let section = entry.section(DECLARATION_KEYS)?;
    let id = section.required("id").and_then(|field| field.parsed::<Slug>());
    let version = section.required("version").and_then(|field| field.whole(limits::VERSION));
    let required = section.required("required").and_then(|field| field.flag());
    let text = section.required("text");
    let text = text.and_then(|field| read_both_languages(&field, limits::DECLARATION_LENGTH_MAX));
    let (text_de, text_en) = text?;
    Some(Declaration { id: id?, version: version?, required: required?, text_de, text_en })
}
