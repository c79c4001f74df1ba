//! The calendar entry of a booking: one iCalendar object (RFC 5545) with one `VEVENT`.
//!
//! Calendars know an appointment again by its `UID`, the booking's id, and take of two versions the one
//! with the higher `SEQUENCE`. So whoever opens the entry again after a move or a cancellation changes the
//! appointment that is there, and has no second one.

mod lines;
mod zone;

#[cfg(test)]
mod tests;

use booking::{BookingCode, BookingId, Campaign, Language, Slot};
use kernel::Timestamp;

use self::lines::Lines;
use self::zone::Zone;

/// What the entry of a booking is made of.
#[derive(Clone, Copy, Debug)]
pub struct CalendarEntry<'a> {
    /// The booking; its id is the `UID`.
    pub booking: BookingId,
    /// What is shown at the gate.
    pub code: BookingCode,
    /// How often the appointment has become another one. It never falls.
    pub sequence: u32,
    /// Whether the booking was cancelled.
    pub cancelled: bool,
    /// The campaign: its title, and the zone that the times are written in.
    pub campaign: &'a Campaign,
    /// The slot that the booking is in, or was in when it was cancelled.
    pub slot: &'a Slot,
    /// Who sends it to whom; `None` where it is fetched.
    pub parties: Option<Parties<'a>>,
    /// The language of its texts.
    pub language: Language,
}

/// Who sends a calendar entry to whom (RFC 5546): e-mail addresses.
#[derive(Clone, Copy)]
pub struct Parties<'a> {
    /// Where the mail comes from.
    pub organizer: &'a str,
    /// Where it goes.
    pub attendee: &'a str,
}

impl std::fmt::Debug for Parties<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parties(…)")
    }
}

/// The entry as it stands `now`: `text/calendar; charset=utf-8`, lines folded at 75 octets.
///
/// Its `METHOD`, which the media type has to name as well where it is sent by mail, is
/// [`CalendarEntry::method`].
#[must_use]
pub fn calendar(entry: &CalendarEntry<'_>, now: Timestamp) -> String {
    let zone = Zone::of(&entry.campaign.time_zone, entry.slot);
    let mut lines = Lines::default();
    lines.plain("BEGIN", "VCALENDAR");
    lines.plain("VERSION", "2.0");
    lines.plain("PRODID", "-//Einlass//Booking//EN");
    lines.plain("CALSCALE", "GREGORIAN");
    lines.plain("METHOD", entry.method());
    zone.describe(&mut lines);
    lines.plain("BEGIN", "VEVENT");
    lines.plain("UID", &entry.booking.to_string());
    lines.plain("SEQUENCE", &entry.sequence.to_string());
    lines.plain("DTSTAMP", &zone::utc(now));
    zone.instant(&mut lines, "DTSTART", entry.slot.starts_at);
    zone.instant(&mut lines, "DTEND", entry.slot.ends_at);
    lines.plain("STATUS", if entry.cancelled { "CANCELLED" } else { "CONFIRMED" });
    // In a calendar that others see it is nobody's business what the appointment is for.
    lines.plain("CLASS", "PRIVATE");
    lines.plain("TRANSP", if entry.cancelled { "TRANSPARENT" } else { "OPAQUE" });
    entry.texts(&mut lines);
    if let Some(parties) = entry.parties {
        lines.address("ORGANIZER", parties.organizer);
        // Nobody is asked for a reply: the place is theirs.
        let attendee = "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE";
        lines.address(attendee, parties.attendee);
    }
    lines.plain("END", "VEVENT");
    lines.plain("END", "VCALENDAR");
    lines.into_text()
}

impl CalendarEntry<'_> {
    /// What a calendar is to do with it (RFC 5546): `CANCEL` once the booking was cancelled, `REQUEST`
    /// where it is sent to somebody, `PUBLISH` where it is fetched.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match (self.cancelled, self.parties.is_some()) {
            (true, _) => "CANCEL",
            (false, true) => "REQUEST",
            (false, false) => "PUBLISH",
        }
    }

    fn texts(&self, lines: &mut Lines) {
        let title = match self.language {
            Language::De => &self.campaign.title_de,
            Language::En => &self.campaign.title_en,
        };
        let (code, language) = (self.code, self.language);
        let (summary, description) = match (self.cancelled, language) {
            (false, Language::De) => {
                (title.clone(), format!("Ihr Code: {code}\nBitte zeigen Sie ihn am Einlass vor."))
            }
            (false, Language::En) => {
                (title.clone(), format!("Your code: {code}\nPlease show it at the gate."))
            }
            (true, Language::De) => (
                format!("Abgesagt: {title}"),
                format!(
                    "Die Buchung mit dem Code {code} wurde storniert. Der Platz ist wieder frei."
                ),
            ),
            (true, Language::En) => (
                format!("Cancelled: {title}"),
                format!("The booking with the code {code} was cancelled. Its place was given up."),
            ),
        };
        lines.text("SUMMARY", language, &summary);
        lines.text("DESCRIPTION", language, &description);
        if let Some(site) = self.campaign.site(&self.slot.site) {
            lines.text("LOCATION", language, &format!("{}, {}", site.name, site.address));
        }
    }
}
