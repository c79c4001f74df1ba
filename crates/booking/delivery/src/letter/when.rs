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
    let zone = TimeZone::get(time_zone).ok();
    let suffix = if zone.is_some() { "" } else { " (UTC)" };
    let zone = zone.unwrap_or(TimeZone::UTC);
    let [from, until] = [slot.starts_at, slot.ends_at].map(|at| local(at, zone.clone()));
    let clock = |at: &Zoned| format!("{:02}:{:02}", at.hour(), at.minute());
    let (row, day, year) = (language as usize, from.day(), from.year());
    let weekday = usize::try_from(from.weekday().to_monday_zero_offset()).unwrap_or(0);
    let month = usize::try_from(from.month() - 1).unwrap_or(0);
    let (weekday, month) = (WEEKDAYS[row][weekday % 7], MONTHS[row][month % 12]);
    let (from, until) = (clock(&from), clock(&until));
    match language {
        Language::De => {
            format!("{weekday}, {day}. {month} {year}, {from} bis {until} Uhr{suffix}")
        }
        Language::En => format!("{weekday}, {day} {month} {year}, {from} to {until}{suffix}"),
    }
}

fn local(at: Timestamp, zone: TimeZone) -> Zoned {
    let at = jiff::Timestamp::from_millisecond(at.unix_ms()).unwrap_or_default();
    at.to_zoned(zone)
}
