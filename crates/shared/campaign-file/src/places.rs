//! Where and when: the lists `[[sites]]` and `[[slots]]`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use kernel::Slug;

use crate::local_time::Zone;
use crate::reader::{Field, Keys, Section};
use crate::schedule::Capacities;
use crate::{Site, Slot, limits};

const SITE_KEYS: &Keys = &[
    ("id", "id = \"north-car-park\""),
    ("name", "name = \"Car park north\""),
    ("address", "address = \"Main Street 1, 12345 North Town\""),
    ("closed", "closed = true"),
];

const SLOT_KEYS: &Keys = &[
    ("sites", "sites = [\"north-car-park\"]"),
    ("date", "date = 2030-05-04"),
    ("from", "from = 07:00"),
    ("to", "to = 14:00"),
    ("every_minutes", "every_minutes = 10"),
    ("capacity", "capacity = 30"),
    ("closed", "closed = true"),
];

/// The sites as far as they could be read.
pub(crate) struct Sites<'d> {
    /// All sites, if every one is right.
    pub(crate) complete: Option<Vec<Site>>,
    /// The readable ids and where they stand; `None` if one is not readable.
    ids: Option<Vec<(Slug, Field<'d>)>>,
    /// Those that are closed.
    closed: Vec<Slug>,
}

/// Reads `[[sites]]`.
pub(crate) fn read_sites<'d>(field: &Field<'d>) -> Sites<'d> {
    let Some(entries) = field.list(limits::SITES) else {
        return Sites { complete: None, ids: None, closed: Vec::new() };
    };
    let mut complete = Some(Vec::new());
    let mut ids: Option<Vec<(Slug, Field<'d>)>> = Some(Vec::new());
    let mut closed = Vec::new();
    for entry in &entries {
        let section = entry.section(SITE_KEYS);
        let part = |key| section.as_ref().and_then(|section| section.required(key));
        let id_field = part("id");
        let id = id_field.as_ref().and_then(read_site_id);
        let name = part("name").and_then(|field| field.text(limits::TEXT_LENGTH_MAX));
        let address = part("address").and_then(|field| field.text(limits::TEXT_LENGTH_MAX));
        if section.as_ref().is_some_and(is_closed) {
            closed.extend(id.clone());
        }
        match (id.clone().zip(id_field), &mut ids) {
            (Some((id, id_field)), Some(ids)) => {
                if let Some((_, first)) = ids.iter().find(|(known, _)| *known == id) {
                    let first = first.place().path();
                    id_field
                        .complain(format!("'{id}' is already {first}; give each site its own id"));
                }
                ids.push((id, id_field));
            }
            (None, _) => ids = None,
            (Some(_), None) => {}
        }
        let site = id.zip(name).zip(address);
        match (site, &mut complete) {
            (Some(((id, name), address)), Some(sites)) => sites.push(Site { id, name, address }),
            (None, _) | (_, None) => complete = None,
        }
    }
    Sites { complete, ids, closed }
}

/// Whether a site or the slots of a rule are closed; they are open unless the file says so.
fn is_closed(section: &Section<'_>) -> bool {
    section.optional("closed").and_then(|field| field.flag()).unwrap_or(false)
}

fn read_site_id(field: &Field<'_>) -> Option<Slug> {
    let id = field.parsed::<Slug>()?;
    if id.as_str().len() > limits::SITE_ID_LENGTH_MAX {
        field.complain(format!(
            "is longer than {} characters, too long to be part of slot ids; shorten it",
            limits::SITE_ID_LENGTH_MAX
        ));
        return None;
    }
    Some(id)
}

/// One entry of `[[slots]]`: the same windows at several sites.
struct SlotRule<'d> {
    field: Field<'d>,
    from_field: Field<'d>,
    sites: Vec<Slug>,
    date: Date,
    from: Time,
    every_minutes: u32,
    windows: usize,
    capacity: Option<u32>,
    closed: bool,
}

/// Reads `[[slots]]` and `closed_slots`, and lists the slots one by one; without capacity where it is
/// said for all of them together.
pub(crate) fn read_slots(
    file: &Section<'_>,
    sites: Option<&Sites<'_>>,
    zone: &Zone,
) -> Option<Vec<Slot>> {
    let field = file.required("slots")?;
    let entries = field.list(limits::SLOT_RULES)?;
    let known = sites.and_then(|sites| sites.ids.as_deref());
    let rules: Option<Vec<_>> = entries
        .iter()
        .map(|entry| read_rule(entry, known))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    let rules = rules?;
    let count: usize = rules.iter().map(|rule| rule.sites.len() * rule.windows).sum();
    if count > limits::SLOTS_MAX {
        field.complain(format!(
            "these rules make {count} slots; make at most {}, such as by longer slots",
            limits::SLOTS_MAX
        ));
        return None;
    }
    complain_about_unused(known.unwrap_or_default(), &rules);
    check_capacities(&field, &rules)?;
    let mut slots = Vec::with_capacity(count);
    let mut seen = BTreeMap::new();
    let mut complete = true;
    for rule in &rules {
        match list_slots(rule, zone) {
            Ok(listed) => slots.extend(listed.into_iter().inspect(|slot| {
                if let Some(earlier) = seen.insert(slot.id.clone(), rule.field.place().path()) {
                    rule.field.complain(format!(
                        "slot '{}' is already made by {earlier}; let the rules not overlap",
                        slot.id
                    ));
                }
            })),
            Err(reason) => {
                rule.from_field.complain(reason);
                complete = false;
            }
        }
    }
    let closed_sites = sites.map_or(&[][..], |sites| &sites.closed);
    for slot in &mut slots {
        slot.closed |= closed_sites.contains(&slot.site);
    }
    close_slots(file, &mut slots);
    complete.then_some(slots)
}

/// Where one rule says a capacity, every rule does, and together they are not too many.
fn check_capacities(field: &Field<'_>, rules: &[SlotRule<'_>]) -> Option<()> {
    if rules.iter().all(|rule| rule.capacity.is_none()) {
        return Some(());
    }
    let mut together = Some(0_u64);
    for rule in rules {
        let slots = u64::try_from(rule.sites.len() * rule.windows).unwrap_or(u64::MAX);
        if let Some(capacity) = rule.capacity {
            together = together.map(|sum| sum + slots * u64::from(capacity));
        } else {
            rule.field.complain("has no capacity, but another rule has; give it to all or none");
            together = None;
        }
    }
    let most = *limits::PLACES.end();
    if together? > u64::from(most) {
        field.complain(format!("can take {} persons together; make it at most {most}", together?));
        return None;
    }
    Some(())
}

/// Where the capacity of these slots is said.
pub(crate) fn capacities(slots: &[Slot]) -> Capacities {
    match slots.iter().map(|slot| slot.capacity).sum() {
        0 => Capacities::Shared,
        together => Capacities::OfEachSlot(together),
    }
}

/// Closes the slots that `closed_slots` names.
fn close_slots(file: &Section<'_>, slots: &mut [Slot]) {
    let Some(field) = file.optional("closed_slots") else { return };
    for entry in field.list(0..=limits::SLOTS_MAX).unwrap_or_default() {
        let Some(id) = entry.parsed::<Slug>() else { continue };
        if let Some(slot) = slots.iter_mut().find(|slot| slot.id == id) {
            slot.closed = true;
        } else {
            entry.complain(format!("no slot has the id '{id}'; correct it or leave it out"));
        }
    }
}

fn read_rule<'d>(entry: &Field<'d>, known: Option<&[(Slug, Field<'_>)]>) -> Option<SlotRule<'d>> {
    let section = entry.section(SLOT_KEYS)?;
    let sites = section.required("sites").and_then(|field| read_rule_sites(&field, known));
    let date = section.required("date").and_then(|field| field.local_date());
    let from_field = section.required("from");
    let from = from_field.as_ref().and_then(Field::local_minute);
    let to_field = section.required("to");
    let to = to_field.as_ref().and_then(Field::local_minute);
    let every_field = section.required("every_minutes");
    let every = every_field.as_ref().and_then(|field| field.whole(limits::EVERY_MINUTES));
    let capacity = match section.optional("capacity") {
        Some(field) => field.whole(limits::PLACES).map(Some),
        None => Some(None),
    };
    let closed = is_closed(&section);
    let (from, to) = (from?, to?);
    let minutes = u32::try_from(from.duration_until(to).as_mins()).unwrap_or(0);
    if minutes == 0 {
        to_field?.complain(format!("{to} is not after from ({from}); correct one of them"));
        return None;
    }
    let every_minutes = every?;
    if minutes % every_minutes != 0 {
        every_field?.complain(format!(
            "the {minutes} minutes from {from} to {to} do not divide into slots of {every_minutes} \
             minutes; choose {}, or move from or to",
            nearest_divisor(minutes, every_minutes)
        ));
        return None;
    }
    Some(SlotRule {
        field: entry.clone(),
        from_field: from_field?,
        sites: sites?,
        date: date?,
        from,
        every_minutes,
        windows: usize::try_from(minutes / every_minutes).ok()?,
        capacity: capacity?,
        closed,
    })
}

fn read_rule_sites(field: &Field<'_>, known: Option<&[(Slug, Field<'_>)]>) -> Option<Vec<Slug>> {
    let mut sites = Vec::new();
    let entries = field.list(limits::SITES)?;
    for entry in &entries {
        let Some(site) = entry.parsed::<Slug>() else { continue };
        if known.is_some_and(|known| known.iter().all(|(id, _)| *id != site)) {
            entry.complain(format!("no site has the id '{site}'; correct it or add it to sites"));
        } else if sites.contains(&site) {
            entry.complain(format!("'{site}' is named twice; remove one"));
        } else {
            sites.push(site);
        }
    }
    (sites.len() == entries.len()).then_some(sites)
}

/// The divisor of `total` that is closest to `wish`.
fn nearest_divisor(total: u32, wish: u32) -> u32 {
    (1..=total)
        .filter(|step| total.is_multiple_of(*step))
        .min_by_key(|step| step.abs_diff(wish))
        .unwrap_or(1)
}

fn complain_about_unused(known: &[(Slug, Field<'_>)], rules: &[SlotRule<'_>]) {
    let used: BTreeSet<_> = rules.iter().flat_map(|rule| &rule.sites).collect();
    for (id, field) in known.iter().filter(|(id, _)| !used.contains(id)) {
        field.complain(format!("no slot is at '{id}'; name it in slots or remove the site"));
    }
}

/// The id of the slot that begins at `site` when the clocks show `local`.
pub(crate) fn slot_id(site: &Slug, local: DateTime) -> Result<Slug, String> {
    format!("{site}-{}", local.strftime("%Y%m%d-%H%M"))
        .parse()
        .map_err(|error: kernel::InvalidId| error.to_string())
}

fn list_slots(rule: &SlotRule<'_>, zone: &Zone) -> Result<Vec<Slot>, String> {
    let start = DateTime::from_parts(rule.date, rule.from);
    let mut boundaries = Vec::with_capacity(rule.windows + 1);
    for index in 0..=rule.windows {
        let minutes = i64::from(rule.every_minutes) * i64::try_from(index).unwrap_or(i64::MAX);
        boundaries.push(zone.resolve(start.saturating_add(minutes.minutes()))?);
    }
    let mut slots = Vec::with_capacity(rule.sites.len() * rule.windows);
    for site in &rule.sites {
        for window in boundaries.windows(2) {
            let [starts, ends] = window else { continue };
            let id = slot_id(site, starts.local)?;
            let (site, starts_at, ends_at) = (site.clone(), starts.at, ends.at);
            let (capacity, closed) = (rule.capacity.unwrap_or_default(), rule.closed);
            slots.push(Slot { id, site, starts_at, ends_at, capacity, closed });
        }
    }
    Ok(slots)
}
