//! Who may book: the table `[residence]`.

use std::collections::BTreeMap;

use kernel::{Ags, Municipality, Postcode, ResidenceTable};

use crate::limits;
use crate::reader::{Field, Keys};

const RESIDENCE_KEYS: &Keys = &[("municipalities", "municipalities = [ … ]")];

const MUNICIPALITY_KEYS: &Keys = &[
    ("postcode", "postcode = \"67346\""),
    ("ags", "ags = \"07318000\""),
    ("name", "name = \"Speyer\""),
    ("eligible", "eligible = true"),
];

/// Reads `[residence]`.
pub(crate) fn read(field: &Field<'_>) -> Option<ResidenceTable> {
    let list = field.section(RESIDENCE_KEYS)?.required("municipalities")?;
    let entries = list.list(limits::MUNICIPALITIES)?;
    let mut rows: Vec<Municipality> = Vec::with_capacity(entries.len());
    let mut complete = true;
    let mut by_key = BTreeMap::new();
    let mut by_ags: BTreeMap<Ags, (&Field<'_>, Municipality)> = BTreeMap::new();
    for entry in &entries {
        let Some(row) = read_row(entry) else {
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
    if complete && rows.iter().all(|row| !row.eligible) {
        list.complain("no municipality is eligible, so nobody could book; set eligible = true");
    }
    complete.then(|| ResidenceTable::new(rows))
}

fn read_row(entry: &Field<'_>) -> Option<Municipality> {
    let section = entry.section(MUNICIPALITY_KEYS)?;
    let postcode = section.required("postcode").and_then(|field| field.parsed::<Postcode>());
    let ags = section.required("ags").and_then(|field| field.parsed::<Ags>());
    let name = section.required("name").and_then(|field| field.text(limits::TEXT_LENGTH_MAX));
    let eligible = section.required("eligible").and_then(|field| field.flag());
    Some(Municipality { postcode: postcode?, ags: ags?, name: name?, eligible: eligible? })
}
