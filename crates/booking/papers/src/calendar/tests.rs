use booking::contract::scene;
use booking::{BookingId, Campaign, Slot};
use icalendar::parser::{Component, read_calendar, unfold};
use kernel::Timestamp;

use super::*;

/// 2021-06-20 08:00 in Berlin, Speyer's campaign.
const SUMMER: &str = "2021-06-20T08:00:00+02:00";

struct Case {
    campaign: Campaign,
    slot: Slot,
}

impl Case {
    fn at(zone: &str, starts_at: &str) -> Self {
        let mut campaign = scene::campaign();
        zone.clone_into(&mut campaign.time_zone);
        let mut slot = campaign.slots[0].clone();
        slot.starts_at = at(starts_at);
        slot.ends_at = slot.starts_at.plus(std::time::Duration::from_mins(10));
        Self { campaign, slot }
    }

    fn entry(&self) -> CalendarEntry<'_> {
        CalendarEntry {
            booking: BookingId::from_bytes([7; 16]),
            code: "7KQ2M9XA".parse().expect("a code"),
            sequence: 0,
            cancelled: false,
            campaign: &self.campaign,
            slot: &self.slot,
            parties: None,
            language: Language::De,
        }
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn written(entry: &CalendarEntry<'_>) -> String {
    calendar(entry, at("2021-06-14T08:00:07+02:00"))
}

/// Hands each component of the calendar over as a parser reads it: its name, and its properties in order.
fn read<T>(text: &str, of: impl Fn(&[(String, Component<'_>)]) -> T) -> T {
    let text = unfold(text);
    let calendar = read_calendar(&text).expect("an iCalendar object");
    let components = calendar.components.into_iter().map(|part| (part.name.to_string(), part));
    of(&components.collect::<Vec<_>>())
}

fn property(component: &Component<'_>, name: &str) -> Option<String> {
    let property = component.properties.iter().find(|property| property.name == name)?;
    Some(property.val.to_string())
}

/// A property of the one appointment in it.
fn of_event(text: &str, name: &str) -> Option<String> {
    read(text, |components| {
        let (_, event) =
            components.iter().find(|(name, _)| name == "VEVENT").expect("an appointment");
        property(event, name)
    })
}

/// What each part of the zone says: kind, onset, offset before, offset after.
fn observances(text: &str) -> Vec<String> {
    read(text, |components| {
        let (_, zone) = components.iter().find(|(name, _)| name == "VTIMEZONE").expect("a zone");
        let parts = zone.components.iter().map(|part| {
            let value = |name| property(part, name).expect("a property of every observance");
            format!(
                "{} {} {} {} {}",
                part.name,
                value("DTSTART"),
                value("TZOFFSETFROM"),
                value("TZOFFSETTO"),
                value("TZNAME")
            )
        });
        parts.collect()
    })
}

#[test]
fn the_entry_of_a_booking_in_speyer_to_the_letter() {
    let case = Case::at("Europe/Berlin", SUMMER);
    let expected = "\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Einlass//Booking//EN
CALSCALE:GREGORIAN
METHOD:PUBLISH
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
DTSTART:20210328T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20211031T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20220327T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:booking_07070707070707070707070707070707
SEQUENCE:0
DTSTAMP:20210614T060007Z
DTSTART;TZID=Europe/Berlin:20210620T080000
DTEND;TZID=Europe/Berlin:20210620T081000
STATUS:CONFIRMED
CLASS:PRIVATE
TRANSP:OPAQUE
SUMMARY;LANGUAGE=de:Probelauf
DESCRIPTION;LANGUAGE=de:Ihr Code: 7KQ2M9XA\\nBitte zeigen Sie ihn am Einlass
  vor.
LOCATION;LANGUAGE=de:Parkplatz north\\, Hasenpfühlerweide 1\\, 67346 Speyer
END:VEVENT
END:VCALENDAR
";
    assert_eq!(written(&case.entry()), expected.replace('\n', "\r\n"));
}

#[test]
fn a_parser_reads_what_the_texts_say() {
    let mut case = Case::at("Europe/Berlin", SUMMER);
    case.campaign.title_en = "Vaccination; drive-through, \\one\\ dose".repeat(4);
    let english = CalendarEntry { language: Language::En, ..case.entry() };
    let text = written(&english);
    assert_eq!(of_event(&text, "SUMMARY"), Some(case.campaign.title_en.clone()));
    let description = "Your code: 7KQ2M9XA\nPlease show it at the gate.";
    assert_eq!(of_event(&text, "DESCRIPTION").as_deref(), Some(description));
    let location = "Parkplatz north, Hasenpfühlerweide 1, 67346 Speyer";
    assert_eq!(of_event(&text, "LOCATION").as_deref(), Some(location));
}

#[test]
fn a_move_and_a_cancellation_change_the_appointment_that_is_there() {
    let case = Case::at("Europe/Berlin", SUMMER);
    let first = written(&case.entry());
    let moved_to = Case::at("Europe/Berlin", "2021-06-20T09:00:00+02:00");
    let moved = written(&CalendarEntry { sequence: 1, ..moved_to.entry() });
    let cancelled = CalendarEntry { sequence: 2, cancelled: true, ..moved_to.entry() };
    assert_eq!(cancelled.method(), "CANCEL");
    let cancelled = written(&cancelled);
    assert!(cancelled.contains("\r\nMETHOD:CANCEL\r\n"), "{cancelled}");
    for text in [&first, &moved, &cancelled] {
        let uid = of_event(text, "UID");
        assert_eq!(uid.as_deref(), Some("booking_07070707070707070707070707070707"));
    }
    let told = [&first, &moved, &cancelled].map(|text| {
        ["SEQUENCE", "DTSTART", "STATUS"].map(|name| of_event(text, name).expect(name))
    });
    assert_eq!(
        told,
        [
            ["0", "20210620T080000", "CONFIRMED"],
            ["1", "20210620T090000", "CONFIRMED"],
            ["2", "20210620T090000", "CANCELLED"],
        ]
    );
    assert_eq!(of_event(&cancelled, "SUMMARY").as_deref(), Some("Abgesagt: Probelauf"));
}

#[test]
fn what_is_sent_names_sender_and_receiver_and_wants_no_reply() {
    let case = Case::at("Europe/Berlin", SUMMER);
    let parties = Parties { organizer: "termine@speyer.example", attendee: "erika@example.org" };
    let sent = CalendarEntry { parties: Some(parties), ..case.entry() };
    assert_eq!(sent.method(), "REQUEST");
    let text = written(&sent);
    assert_eq!(of_event(&text, "ORGANIZER").as_deref(), Some("mailto:termine@speyer.example"));
    assert_eq!(of_event(&text, "ATTENDEE").as_deref(), Some("mailto:erika@example.org"));
    assert!(unfold(&text).contains(";PARTSTAT=ACCEPTED;RSVP=FALSE:"), "{text}");
    assert_eq!(format!("{parties:?}"), "Parties(…)");
}

#[test]
fn the_zone_says_what_is_in_force_on_the_day() {
    let winter = Case::at("Europe/Berlin", "2021-12-20T08:00:00+01:00");
    assert_eq!(
        observances(&written(&winter.entry())),
        [
            "STANDARD 20211031T030000 +0200 +0100 CET",
            "DAYLIGHT 20220327T020000 +0100 +0200 CEST",
            "STANDARD 20221030T030000 +0200 +0100 CET",
        ]
    );
    // The first instant of summer time is in it.
    let onset = Case::at("Europe/Berlin", "2021-03-28T03:00:00+02:00");
    let text = written(&onset.entry());
    assert_eq!(observances(&text)[0], "DAYLIGHT 20210328T020000 +0100 +0200 CEST");
    assert_eq!(of_event(&text, "DTSTART").as_deref(), Some("20210328T030000"));
    // Clocks that never change, and those that are not whole hours ahead.
    let utc = Case::at("UTC", SUMMER);
    assert_eq!(observances(&written(&utc.entry())), ["STANDARD 19700101T000000 +0000 +0000 UTC"]);
    let nepal = Case::at("Asia/Kathmandu", SUMMER);
    let nepal = observances(&written(&nepal.entry()));
    assert_eq!(nepal, ["STANDARD 19860101T000000 +0530 +0545 +0545"]);
}

#[test]
fn what_a_clock_cannot_tell_is_written_in_utc() {
    // 02:30 comes twice on that night; the second time is an hour later.
    let first = Case::at("Europe/Berlin", "2021-10-31T02:30:00+02:00");
    assert_eq!(of_event(&written(&first.entry()), "DTSTART").as_deref(), Some("20211031T023000"));
    for (zone, starts_at, expected) in [
        ("Europe/Berlin", "2021-10-31T02:30:00+01:00", "20211031T013000Z"),
        ("Mars/Olympus", SUMMER, "20210620T060000Z"),
    ] {
        let case = Case::at(zone, starts_at);
        let text = written(&case.entry());
        assert_eq!(of_event(&text, "DTSTART").as_deref(), Some(expected), "{zone}");
        assert!(!text.contains("VTIMEZONE"), "{text}");
    }
}
