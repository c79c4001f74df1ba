//! Who may book: the table `[residence]`.

mod ars;

use std::collections::BTreeMap;

use kernel::{Ags, Municipality, Postcode, ResidenceTable};

use crate::limits;
use crate::reader::{Field, Keys, Section};
use ars::{Ars, ArsPrefix};

const RESIDENCE_KEYS: &Keys = &[
    ("ars_prefixes", "ars_prefixes = [\"073385007\"]"),
    ("municipalities", "municipalities = [ … ]"),
];

const MUNICIPALITY_KEYS: &Keys = &[
    ("postcode", "postcode = \"67346\""),
    ("ags", "ags = \"07318000\""),
    ("ars", "ars = \"073180000000\""),
    ("name", "name = \"Speyer\""),
    ("eligible", "eligible = true"),
];

/// Reads `[residence]`.
pub(crate) fn read(field: &Field<'_>) -> Option<ResidenceTable> {
    let section = field.section(RESIDENCE_KEYS)?;
    let prefixes = read_prefixes(&section);
    let list = section.required("municipalities")?;
    let entries = list.list(limits::MUNICIPALITIES)?;
    let mut prefixes = prefixes?;
    let mut rows: Vec<Municipality> = Vec::with_capacity(entries.len());
    let mut complete = true;
    let mut by_key = BTreeMap::new();
    let mut by_ags: BTreeMap<Ags, (&Field<'_>, Municipality)> = BTreeMap::new();
    for entry in &entries {
        let Some(row) = read_row(entry, &mut prefixes) else {
            complete = false;
            continue;
        };
        if let Some(first) = by_key.insert((row.postcode, row.ags), entry) {
            entry.complain(format!(
                "postcode {} and AGS {} are already in {}; remove one of the rows",
                row.postcode,
                row.ags,
                first.place().path()
            ));
        } else if let Some((first, same)) = by_ags.get(&row.ags)
            && (same.name != row.name || same.eligible != row.eligible)
        {
            entry.complain(format!(
                "AGS {} has another name or eligibility in {}; let all its rows say the same",
                row.ags,
                first.place().path()
            ));
        }
        by_ags.entry(row.ags).or_insert_with(|| (entry, row.clone()));
        rows.push(row);
    }
    if complete {
        for unused in prefixes.iter().filter(|prefix| !prefix.is_used) {
            unused.field.complain("no municipality has an ars that begins so; add its rows");
        }
        if rows.iter().all(|row| !row.eligible) {
            list.complain("no municipality is eligible, so nobody could book; set eligible = true");
        }
    }
    complete.then(|| ResidenceTable::new(rows))
}

/// A prefix of the list, and whether a row was found that has it.
struct ListedPrefix<'d> {
    field: Field<'d>,
    prefix: ArsPrefix,
    is_used: bool,
}

fn read_prefixes<'d>(section: &Section<'d>) -> Option<Vec<ListedPrefix<'d>>> {
    let Some(list) = section.optional("ars_prefixes") else { return Some(Vec::new()) };
    let entries = list.list(limits::MUNICIPALITIES)?;
    let read = entries.into_iter().map(|field| {
        let prefix = field.parsed::<ArsPrefix>()?;
        Some(ListedPrefix { field, prefix, is_used: false })
    });
    // Every wrong one is named.
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

fn read_row(entry: &Field<'_>, prefixes: &mut [ListedPrefix<'_>]) -> Option<Municipality> {
    let section = entry.section(MUNICIPALITY_KEYS)?;
    let postcode = section.required("postcode").and_then(|field| field.parsed::<Postcode>());
    let ags = section.required("ags").and_then(|field| field.parsed::<Ags>());
    let ars = match section.optional("ars") {
        Some(field) => field.parsed::<Ars>().map(Some),
        None => Some(None),
    };
    let name = section.required("name").and_then(|field| field.text(limits::TEXT_LENGTH_MAX));
    let eligible = match section.optional("eligible") {
        Some(field) => field.flag().map(Some),
        None => Some(None),
    };
    let (ags, ars) = (ags?, ars?);
    if let Some(ars) = ars.filter(|ars| ars.ags() != ags) {
        entry.complain(format!(
            "the ars {ars} is that of the municipality {}, not of {ags}; correct one of them",
            ars.ags()
        ));
        return None;
    }
    let mut listed = false;
    for prefix in prefixes.iter_mut().filter(|of| ars.is_some_and(|ars| of.prefix.covers(ars))) {
        (prefix.is_used, listed) = (true, true);
    }
    // What a row says of itself goes before the list.
    let eligible = match (eligible?, ars) {
        (Some(eligible), _) => eligible,
        (None, Some(_)) if !prefixes.is_empty() => listed,
        (None, _) => {
            entry.complain(
                "says nothing of who may book; add eligible = true or false, or its ars for \
                 residence.ars_prefixes to decide",
            );
            return None;
        }
    };
    Some(Municipality { postcode: postcode?, ags, name: name?, eligible })
}
