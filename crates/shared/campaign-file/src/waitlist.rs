//! Who waits for a place that comes back: `[waitlist]`.

use std::ops::RangeInclusive;

use kernel::Timestamp;

use crate::limits;
use crate::local_time::{Moment, Zone};
use crate::reader::{Field, Keys, Section};

/// The list of those who move up, and how they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waitlist {
    /// How many people may wait at a time.
    pub places: u32,
    /// When it opens; `None`: once every opening has passed and no place is left.
    pub opens_at: Option<Timestamp>,
    /// How long an offer lasts, in minutes.
    pub offer_ttl_minutes: u32,
    /// How many offers of a slot may be open at once, in percent of the places kept in it.
    pub over_offer_percent: u32,
    /// When nobody is called.
    pub quiet: Option<QuietHours>,
    /// When it stops calling people; `None`: at the start of the last slot.
    pub stops_at: Option<Timestamp>,
    /// Whether what comes back is everybody's.
    pub open_rest_to_public: bool,
}

/// Hours of every day, in minutes after midnight; across midnight where `to_minute` is the smaller one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// From.
    pub from_minute: u16,
    /// Until.
    pub to_minute: u16,
}

const KEYS: &Keys = &[
    ("places", "places = 800"),
    ("opens_at", "opens_at = 2030-04-28T17:00"),
    ("offer_ttl_minutes", "offer_ttl_minutes = 60"),
    ("over_offer_percent", "over_offer_percent = 120"),
    ("quiet", "quiet = { from = 21:00, to = 07:00 }"),
    ("stops_at", "stops_at = 2030-05-04T13:30"),
    ("open_rest_to_public", "open_rest_to_public = true"),
];

const QUIET_KEYS: &Keys = &[("from", "from = 21:00"), ("to", "to = 07:00")];

const OFFER_TTL_MINUTES_DEFAULT: u32 = 60;
const OVER_OFFER_PERCENT_DEFAULT: u32 = 100;

impl Waitlist {
    /// Reads the section. What is not said has a value that does nobody harm.
    pub(crate) fn read(
        field: &Field<'_>,
        zone: &Zone,
        closes_at: Option<Timestamp>,
    ) -> Option<Self> {
        let section = field.section(KEYS)?;
        let places =
            section.required("places").and_then(|field| field.whole(limits::WAITLIST_PLACES));
        let opens = optional(&section, "opens_at", |field| zone.moment(field));
        let stops = optional(&section, "stops_at", |field| zone.moment(field));
        let given =
            |moment: &Result<Option<Moment>, Unreadable>| moment.as_ref().ok().copied().flatten();
        check_times(&section, given(&opens), given(&stops), closes_at);
        let number = |key, bounds: RangeInclusive<u32>, default| {
            let given = optional(&section, key, |field| field.whole(bounds.clone()));
            given.map(|given| given.unwrap_or(default))
        };
        let offer_ttl_minutes =
            number("offer_ttl_minutes", limits::OFFER_TTL_MINUTES, OFFER_TTL_MINUTES_DEFAULT);
        let over_offer_percent =
            number("over_offer_percent", limits::OVER_OFFER_PERCENT, OVER_OFFER_PERCENT_DEFAULT);
        let quiet = optional(&section, "quiet", QuietHours::read);
        let open_rest_to_public = optional(&section, "open_rest_to_public", Field::flag);
        Some(Self {
            places: places?,
            opens_at: opens.ok()?.map(|opens| opens.at),
            offer_ttl_minutes: offer_ttl_minutes.ok()?,
            over_offer_percent: over_offer_percent.ok()?,
            quiet: quiet.ok()?,
            stops_at: stops.ok()?.map(|stops| stops.at),
            open_rest_to_public: open_rest_to_public.ok()?.unwrap_or(false),
        })
    }
}

/// A value is given and cannot be read; that was said.
struct Unreadable;

/// The value, if it is given.
fn optional<'d, T>(
    section: &Section<'d>,
    key: &'static str,
    read: impl FnOnce(&Field<'d>) -> Option<T>,
) -> Result<Option<T>, Unreadable> {
    match section.optional(key) {
        Some(field) => read(&field).map(Some).ok_or(Unreadable),
        None => Ok(None),
    }
}

fn check_times(
    section: &Section<'_>,
    opens: Option<Moment>,
    stops: Option<Moment>,
    closes_at: Option<Timestamp>,
) {
    if let (Some(opens), Some(closes_at)) = (opens, closes_at)
        && opens.at >= closes_at
        && let Some(field) = section.optional("opens_at")
    {
        field.complain(format!("{} is not before closes_at; open it earlier", opens.local));
    }
    let Some((stops, field)) = stops.zip(section.optional("stops_at")) else { return };
    if closes_at.is_some_and(|closes_at| stops.at > closes_at) {
        field.complain(format!(
            "{} is after closes_at; stop no later, as nothing can be booked after that",
            stops.local
        ));
    }
    if let Some(opens) = opens.filter(|opens| opens.at >= stops.at) {
        field.complain(format!(
            "{} is not after the waitlist opens at {}; nobody would ever be called",
            stops.local, opens.local
        ));
    }
}

impl QuietHours {
    fn read(field: &Field<'_>) -> Option<Self> {
        let section = field.section(QUIET_KEYS)?;
        let minute = |key| {
            let time = section.required(key)?.local_minute()?;
            let part = |part: i8| u16::try_from(part).ok();
            Some(part(time.hour())? * 60 + part(time.minute())?)
        };
        let (from, to) = (minute("from"), minute("to"));
        let (from_minute, to_minute) = (from?, to?);
        if from_minute == to_minute {
            field.complain(
                "begins when it ends; give two different times, or leave it out if people may be \
                 called at any time",
            );
            return None;
        }
        Some(Self { from_minute, to_minute })
    }
}
