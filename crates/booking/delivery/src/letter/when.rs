//! The time of an appointment as people say it.

use booking::{Language, Slot};
use jiff::Zoned;
use jiff::tz::TimeZone;
use kernel::Timestamp;

const WEEKDAYS: [[&str; 7]; 2] = [
    ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
];

const MONTHS: [[&str; 12]; 2] = [
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

/// Such as "Sonntag, 20. Juni 2021, 07:00 bis 07:10 Uhr". In UTC, and it says so, where the zone is not known.
pub(super) fn when(slot: &Slot, time_zone: &str, language: Language) -> String {
    let (zone, suffix) = zone(time_zone);
    let [from, until] = [slot.starts_at, slot.ends_at].map(|at| local(at, zone.clone()));
    let (day, from, until) = (day(&from, language), clock(&from), clock(&until));
    match language {
        Language::De => format!("{day}, {from} bis {until} Uhr{suffix}"),
        Language::En => format!("{day}, {from} to {until}{suffix}"),
    }
}

/// Such as "Sonntag, 20. Juni 2021, 07:00 Uhr".
pub(super) fn deadline(at: Timestamp, time_zone: &str, language: Language) -> String {
    let (zone, suffix) = zone(time_zone);
    let at = local(at, zone);
    let (day, clock) = (day(&at, language), clock(&at));
    match language {
        Language::De => format!("{day}, {clock} Uhr{suffix}"),
        Language::En => format!("{day}, {clock}{suffix}"),
    }
}

fn zone(name: &str) -> (TimeZone, &'static str) {
    TimeZone::get(name).map_or((TimeZone::UTC, " (UTC)"), |zone| (zone, ""))
}

fn day(at: &Zoned, language: Language) -> String {
    let (row, day, year) = (language as usize, at.day(), at.year());
    let weekday = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or(0);
    let month = usize::try_from(at.month() - 1).unwrap_or(0);
    let (weekday, month) = (WEEKDAYS[row][weekday % 7], MONTHS[row][month % 12]);
    match language {
        Language::De => format!("{weekday}, {day}. {month} {year}"),
        Language::En => format!("{weekday}, {day} {month} {year}"),
    }
}

fn clock(at: &Zoned) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

fn local(at: Timestamp, zone: TimeZone) -> Zoned {
    let at = jiff::Timestamp::from_millisecond(at.unix_ms()).unwrap_or_default();
    at.to_zoned(zone)
}
