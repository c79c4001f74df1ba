//! The time zone of an entry: what its local times mean, in the entry itself.
//!
//! A calendar must not have to know the zone's name, nor go by rules that have changed since: so the entry
//! says which offset is in force, from which transition on, and when the next one comes (`VTIMEZONE`,
//! RFC 5545, section 3.6.5).

use booking::Slot;
use jiff::civil::DateTime;
use jiff::tz::{Dst, Offset, TimeZone};
use kernel::Timestamp;

use super::lines::Lines;

/// The zone, and what of it concerns the slot.
pub(super) struct Zone<'a> {
    name: &'a str,
    /// `None`: the times are written in UTC.
    local: Option<Local>,
}

struct Local {
    zone: TimeZone,
    observances: Vec<Observance>,
}

/// One offset that is in force from an onset on.
struct Observance {
    kind: &'static str,
    /// The onset, as clocks showed it before.
    onset: DateTime,
    from: Offset,
    to: Offset,
    abbreviation: String,
}

impl<'a> Zone<'a> {
    /// The zone of this IANA name. Where it is not known, and in the hour that clocks go through twice,
    /// for whose second time the format has no word, the times are written in UTC.
    pub(super) fn of(name: &'a str, slot: &Slot) -> Self {
        let (from, until) = (instant(slot.starts_at), instant(slot.ends_at));
        let zone = TimeZone::get(name).ok();
        let zone =
            zone.filter(|zone| [from, until].iter().all(|at| is_told_by_its_clock(zone, *at)));
        let local = zone.map(|zone| {
            let observances = observances(&zone, from);
            Local { zone, observances }
        });
        Self { name, local }
    }

    /// Writes the `VTIMEZONE`, unless the times are in UTC.
    pub(super) fn describe(&self, lines: &mut Lines) {
        let Some(local) = &self.local else { return };
        lines.plain("BEGIN", "VTIMEZONE");
        lines.plain("TZID", self.name);
        for observance in &local.observances {
            lines.plain("BEGIN", observance.kind);
            lines.plain("DTSTART", &on_the_clock(observance.onset));
            lines.plain("TZOFFSETFROM", &offset(observance.from));
            lines.plain("TZOFFSETTO", &offset(observance.to));
            lines.plain("TZNAME", &observance.abbreviation);
            lines.plain("END", observance.kind);
        }
        lines.plain("END", "VTIMEZONE");
    }

    /// Writes a property whose value is an instant.
    pub(super) fn instant(&self, lines: &mut Lines, property: &str, at: Timestamp) {
        match &self.local {
            Some(Local { zone, .. }) => {
                let at = on_the_clock(zone.to_datetime(instant(at)));
                lines.plain(&format!("{property};TZID={}", self.name), &at);
            }
            None => lines.plain(property, &utc(at)),
        }
    }
}

/// An instant in UTC.
pub(super) fn utc(at: Timestamp) -> String {
    format!("{}Z", on_the_clock(TimeZone::UTC.to_datetime(instant(at))))
}

/// Whether the time on the clock means this instant: it does not the second time that it is shown.
fn is_told_by_its_clock(zone: &TimeZone, at: jiff::Timestamp) -> bool {
    let told = zone.to_ambiguous_timestamp(zone.to_datetime(at)).compatible();
    told.is_ok_and(|told| told == at)
}

/// What is in force at `from`, and the two that follow: an entry that ends after a transition needs it, and
/// one that ends before says until when it may be believed.
fn observances(zone: &TimeZone, from: jiff::Timestamp) -> Vec<Observance> {
    let second = jiff::SignedDuration::from_secs(1);
    // What precedes is strictly earlier, and the transition at `from` itself is in force.
    let preceding = zone.preceding(from.saturating_add(second).unwrap_or(from)).next();
    let earliest = match &preceding {
        Some(transition) => observance(zone, transition.timestamp()),
        None => always(zone, from),
    };
    let following = zone.following(from).take(2);
    let following = following.map(|transition| observance(zone, transition.timestamp()));
    std::iter::once(earliest).chain(following).collect()
}

fn observance(zone: &TimeZone, at: jiff::Timestamp) -> Observance {
    let before = at.saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(at);
    let from = zone.to_offset(before);
    Observance { onset: from.to_datetime(at), from, ..always(zone, at) }
}

/// What is in force at `at`, as if it had always been.
fn always(zone: &TimeZone, at: jiff::Timestamp) -> Observance {
    let info = zone.to_offset_info(at);
    Observance {
        kind: match info.dst() {
            Dst::Yes => "DAYLIGHT",
            Dst::No => "STANDARD",
        },
        onset: DateTime::constant(1970, 1, 1, 0, 0, 0, 0),
        from: info.offset(),
        to: info.offset(),
        abbreviation: info.abbreviation().to_owned(),
    }
}

/// An instant in whole seconds, which is what the format knows.
fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(at.unix_s()).unwrap_or(jiff::Timestamp::MAX)
}

fn on_the_clock(at: DateTime) -> String {
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

fn offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) =
        (seconds.abs() / 3_600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    match seconds {
        0 => format!("{sign}{hours:02}{minutes:02}"),
        seconds => format!("{sign}{hours:02}{minutes:02}{seconds:02}"),
    }
}
