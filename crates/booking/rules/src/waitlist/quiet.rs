//! Hours in which nobody is called.

use std::fmt;
use std::str::FromStr;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::campaign::Campaign;

/// A time of day, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minutes: u16,
}

/// A text is not a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written as 21:00")]
pub struct InvalidTimeOfDay;

impl TimeOfDay {
    /// This hour and minute.
    pub fn new(hour: u16, minute: u16) -> Result<Self, InvalidTimeOfDay> {
        if hour < 24 && minute < 60 {
            Ok(Self { minutes: hour * 60 + minute })
        } else {
            Err(InvalidTimeOfDay)
        }
    }

    /// So many minutes after midnight; a day later it is the same time again.
    #[must_use]
    pub const fn at_minute(minute: u16) -> Self {
        Self { minutes: minute % (24 * 60) }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidTimeOfDay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (hour, minute) = text.split_once(':').ok_or(InvalidTimeOfDay)?;
        let two_digits = |text: &str| {
            let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            if is_number {
                text.parse().map_err(|_| InvalidTimeOfDay)
            } else {
                Err(InvalidTimeOfDay)
            }
        };
        Self::new(two_digits(hour)?, two_digits(minute)?)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidTimeOfDay;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// Every day from one time to another, across midnight where `to` is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// From.
    pub from: TimeOfDay,
    /// Until.
    pub to: TimeOfDay,
}

impl QuietHours {
    fn include(self, time: TimeOfDay) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }
}

impl Campaign {
    /// Whether the clocks of the campaign's time zone show a time at which nobody on its waitlist is
    /// called.
    #[must_use]
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        let quiet = self.waitlist.as_ref().and_then(|waitlist| waitlist.quiet);
        let Ok(instant) = jiff::Timestamp::from_millisecond(now.unix_ms()) else { return false };
        let zone = jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let local = instant.to_zoned(zone);
        let part = |part: i8| u16::try_from(part).unwrap_or_default();
        let minutes = part(local.hour()) * 60 + part(local.minute());
        quiet.is_some_and(|quiet| quiet.include(TimeOfDay { minutes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::scene;
    use crate::waitlist::Waitlist;

    #[test]
    fn a_time_of_day_is_read_and_written() {
        for text in ["00:00", "07:05", "23:59"] {
            assert_eq!(text.parse::<TimeOfDay>().map(|time| time.to_string()).as_deref(), Ok(text));
        }
        for text in ["24:00", "12:60", "7:05", "+7:05", "0700", ""] {
            assert_eq!(text.parse::<TimeOfDay>(), Err(InvalidTimeOfDay), "{text}");
        }
    }

    #[test]
    fn quiet_hours_are_those_of_the_clocks_of_the_town() {
        let mut campaign = scene::campaign();
        let quiet = |from: &str, to: &str| {
            Some(QuietHours {
                from: from.parse().expect("a time"),
                to: to.parse().expect("a time"),
            })
        };
        let is_quiet =
            |campaign: &Campaign, at: &str| campaign.is_quiet(at.parse().expect("an instant"));
        assert!(!is_quiet(&campaign, "2021-06-14T23:00:00+02:00"), "no quiet hours");
        campaign.waitlist = Some(Waitlist { quiet: quiet("21:00", "07:00"), ..Waitlist::of(5) });
        for (at, expected) in [
            ("2021-06-14T20:59:59+02:00", false),
            ("2021-06-14T21:00:00+02:00", true),
            ("2021-06-15T06:59:00+02:00", true),
            ("2021-06-15T07:00:00+02:00", false),
            // The clocks of winter.
            ("2021-12-15T06:30:00+01:00", true),
            ("2021-12-15T07:30:00+01:00", false),
        ] {
            assert_eq!(is_quiet(&campaign, at), expected, "{at}");
        }
        campaign.waitlist = Some(Waitlist { quiet: quiet("12:00", "13:00"), ..Waitlist::of(5) });
        assert!(is_quiet(&campaign, "2021-06-14T12:30:00+02:00"));
        assert!(!is_quiet(&campaign, "2021-06-14T13:00:00+02:00"));
    }
}
