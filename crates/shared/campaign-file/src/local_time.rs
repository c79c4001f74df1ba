//! From the wall clock of the town to instants.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use kernel::Timestamp;

use crate::reader::Field;

/// The time zone of the campaign.
pub(crate) struct Zone {
    zone: TimeZone,
    name: String,
}

/// An instant, and how the operator wrote it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) local: DateTime,
    pub(crate) at: Timestamp,
}

impl Zone {
    /// Reads the IANA name of a time zone.
    pub(crate) fn read(field: &Field<'_>) -> Option<Self> {
        let name = field.text(64)?;
        let Ok(zone) = TimeZone::get(&name) else {
            field.complain(format!(
                "unknown time zone '{name}'; give an IANA name such as Europe/Berlin"
            ));
            return None;
        };
        let name = zone.iana_name().unwrap_or(&name).to_owned();
        Some(Self { zone, name })
    }

    /// Takes the place of a zone that could not be read, so that the order of times is checked all
    /// the same.
    pub(crate) fn stand_in() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// The zone's IANA name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The instant at which the clocks of the zone show `local`.
    ///
    /// # Errors
    /// Says why there is none, or more than one, and what to do.
    pub(crate) fn resolve(&self, local: DateTime) -> Result<Moment, String> {
        let candidates = self.zone.to_ambiguous_timestamp(local);
        let change = match candidates.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                let instant = candidates.unambiguous().map_err(|error| error.to_string())?;
                return Ok(Moment { local, at: Timestamp::from_unix_ms(instant.as_millisecond()) });
            }
            AmbiguousOffset::Gap { .. } => "does not exist: the clocks are put forward over it",
            AmbiguousOffset::Fold { .. } => "comes twice: the clocks are put back over it",
        };
        Err(format!("{local} {change} in {}; choose a time outside that hour", self.name))
    }

    /// Reads a local date and time.
    pub(crate) fn moment(&self, field: &Field<'_>) -> Option<Moment> {
        let local = field.local_date_time()?;
        self.resolve(local).map_err(|reason| field.complain(reason)).ok()
    }
}
