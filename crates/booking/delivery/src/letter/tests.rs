use std::sync::Arc;

use booking::contract::scene::{self, waitlist};
use booking::{
    BookingStatus, Language, MailAbout, MailId, MailStatus, OfferState, PersonFields, Registration,
};
use mail_parser::{MessageParser, MimeHeaders};

use super::*;

fn booking(language: Language) -> Booking {
    let fields = PersonFields {
        given_name: "Änne".to_owned(),
        family_name: "O'Neill <b>".replace(" <b>", ""),
        date_of_birth: "1980-02-29".to_owned(),
        email: Some("aenne@müller.example".to_owned()),
        phone: None,
        language,
    };
    let person = Person::from_stored(fields).expect("a person");
    let registration =
        Registration { person: Some(person), ..Registration::clone(&scene::registration(1, 2)) };
    Booking {
        registration: Arc::new(registration),
        campaign: scene::slot("rehearsal"),
        slot: scene::slot("a"),
        hold: None,
        pass_id: scene::grant(1, 1, scene::at(0)).pass_id,
        seat_no: 1,
        ags: "07318000".parse().expect("a key"),
        booked_at: scene::at(0),
        token_generation: 0,
        sequence: 0,
        link_asked_at: None,
        car: None,
        status: BookingStatus::Confirmed,
    }
}

fn mail(kind: MailKind, about: MailAbout) -> Mail {
    Mail {
        id: MailId { campaign: scene::slot("rehearsal"), number: 17, kind, copy: 0 },
        about,
        made_at: scene::at(0),
        due_at: scene::at(0),
        attempts: 1,
        status: MailStatus::Pending,
        settled_at: None,
        reason: None,
        recipient: None,
    }
}

fn campaign() -> Campaign {
    let mut campaign = scene::campaign();
    campaign.title_de = "Impfen <am> Sonntag".to_owned();
    campaign
}

fn written(material: &Material<'_>) -> String {
    let head = Letterhead {
        from: "Stadt Speyer <termine@speyer.example>".parse().expect("an address"),
        reply_to: None,
        public_url: Some("https://termine.speyer.example/".to_owned()),
    };
    let letter = write(material, &head, material.mail.made_at).expect("a letter");
    let again = write(material, &head, material.mail.made_at).expect("again");
    assert_eq!(again.text(), letter.text());
    String::from_utf8(letter.text).expect("text")
}

fn letter(kind: MailKind, language: Language) -> String {
    let (booking, campaign) = (booking(language), campaign());
    let mail = mail(kind, MailAbout::Booking(booking.registration.booking));
    let slot = campaign.slot(&booking.slot).expect("a slot");
    written(&Material {
        mail: &mail,
        person: booking.registration.person.as_ref().expect("a person"),
        campaign: &campaign,
        about: About::Booking { booking: &booking, slot, manage_token: "hT0b4T" },
    })
}

/// To somebody who waits; with an offer that ends at this second, if there is one.
fn letter_of_waitlist(expires_at: Option<u64>, language: Language) -> String {
    let (entry, id) = (waitlist::entry_id(1), waitlist::offer_id(2));
    let (booking, campaign) = (booking(language), campaign());
    let offer = expires_at.map(|second| Offer {
        id,
        campaign: campaign.id.clone(),
        entry,
        slot: booking.slot.clone(),
        made_at: scene::at(0),
        expires_at: scene::at(second),
        state: OfferState::Open,
    });
    let mail = match offer {
        None => mail(MailKind::Waitlisted, MailAbout::Entry(entry)),
        Some(_) => mail(MailKind::Offer, MailAbout::Offer { offer: id, entry }),
    };
    let slot = campaign.slot(&booking.slot).expect("a slot");
    let about = match &offer {
        None => About::Entry { entry, token: "hT0b4T" },
        Some(offer) => About::Offer { offer, slot, token: "hT0b4T" },
    };
    let person = booking.registration.person.as_ref().expect("a person");
    written(&Material { mail: &mail, person, campaign: &campaign, about })
}

const OF_BOOKINGS: [MailKind; 6] = [
    MailKind::Cancelled,
    MailKind::Confirmed,
    MailKind::Corrected,
    MailKind::Link,
    MailKind::Moved,
    MailKind::Reminder,
];

#[test]
fn a_letter_says_everything_in_both_languages() {
    for (language, when) in [
        (Language::De, "Sonntag, 20. Juni 2021, 08:00 bis 08:10 Uhr"),
        (Language::En, "Sunday, 20 June 2021, 08:00 to 08:10"),
    ] {
        for kind in OF_BOOKINGS {
            let text = letter(kind, language);
            let read = MessageParser::default().parse(text.as_bytes()).expect("a message");
            let id = format!("rehearsal.17.{}.0@speyer.example", kind.as_str());
            assert_eq!(read.message_id(), Some(id.as_str()));
            assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
            assert!(read.subject().is_some_and(|subject| subject.len() > 10));
            let to = read.to().and_then(|to| to.first()).and_then(|to| to.address());
            assert_eq!(to, Some("aenne@xn--mller-kva.example"));
            let plain = read.body_text(0).expect("a text");
            let html = read.body_html(0).expect("HTML");
            let is_cancelled = kind == MailKind::Cancelled;
            for said in [&*plain, &*html] {
                assert!(said.contains(when) && said.contains("Parkplatz north"), "{said}");
                assert_eq!(said.contains("SP3ZER21"), !is_cancelled, "{said}");
                assert_eq!(said.contains("token=hT0b4T"), !is_cancelled, "{said}");
            }
            let names: Vec<_> =
                read.attachments().filter_map(|part| part.attachment_name()).collect();
            let expected: &[&str] =
                if is_cancelled { &["termin.ics"] } else { &["termin.ics", "code.svg"] };
            assert_eq!(names, expected);
            let method = if is_cancelled { "CANCEL" } else { "REQUEST" };
            assert!(text.contains(&format!("method={method}")), "{text}");
        }
    }
}

#[test]
fn a_lost_link_says_that_the_others_are_worth_nothing() {
    let text = letter(MailKind::Link, Language::De);
    let read = MessageParser::default().parse(text.as_bytes()).expect("a message");
    let plain = read.body_text(0).expect("a text");
    assert!(plain.contains("Alle früheren Links gelten nicht mehr."), "{plain}");
    assert!(plain.contains("Haben Sie nicht darum gebeten"), "{plain}");
}

/// Its links have the token behind the `#`, and the time is that of the place.
#[test]
fn an_offer_says_until_when_and_how_to_answer() {
    let fragment = format!(
        "https://termine.speyer.example/#waitlist={}&token=hT0b4T&offer={}&answer=",
        waitlist::entry_id(1),
        waitlist::offer_id(2)
    );
    for (language, when, until) in [
        (
            Language::De,
            "Sonntag, 20. Juni 2021, 08:00 bis 08:10 Uhr",
            "gilt bis Montag, 14. Juni 2021, 09:30 Uhr",
        ),
        (
            Language::En,
            "Sunday, 20 June 2021, 08:00 to 08:10",
            "good until Monday, 14 June 2021, 09:30",
        ),
    ] {
        let text = letter_of_waitlist(Some(5_400), language);
        let read = MessageParser::default().parse(text.as_bytes()).expect("a message");
        assert_eq!(read.message_id(), Some("rehearsal.17.offer.0@speyer.example"));
        let plain = read.body_text(0).expect("a text");
        assert!(plain.contains(until), "{plain}");
        let html = read.body_html(0).expect("HTML").replace("&amp;", "&").replace("&#x2f;", "/");
        for said in [&*plain, &html.replace("<strong>", "").replace("</strong>", "")] {
            assert!(said.contains(when) && said.contains(until), "{said}");
            for answer in ["accept", "decline"] {
                assert!(said.contains(&format!("{fragment}{answer}")), "{said}");
            }
        }
        assert_eq!(read.attachments().count(), 0);
    }
}

#[test]
fn who_waits_is_told_where_to_see_how_it_stands() {
    for (language, said) in [(Language::De, "Warteliste"), (Language::En, "waitlist")] {
        let text = letter_of_waitlist(None, language);
        let read = MessageParser::default().parse(text.as_bytes()).expect("a message");
        let plain = read.body_text(0).expect("a text");
        let link = format!("#waitlist={}&token=hT0b4T", waitlist::entry_id(1));
        assert!(plain.contains(said) && plain.contains(&link), "{plain}");
        assert!(!plain.contains("08:00"), "there is no place yet: {plain}");
    }
}

#[test]
fn what_people_wrote_is_no_html() {
    let de = Language::De;
    for text in [letter(MailKind::Confirmed, de), letter_of_waitlist(Some(60), de)] {
        let read = MessageParser::default().parse(text.as_bytes()).expect("a message");
        let html = read.body_html(0).expect("HTML");
        assert!(html.contains("Impfen &lt;am&gt; Sonntag"), "{html}");
        for remote in ["<img", "<link", "<script", "url("] {
            assert!(!html.contains(remote), "nothing is fetched: {html}");
        }
        assert!(html.contains(r#"<html lang="de">"#), "{html}");
    }
}

/// However long the name of the campaign and the number of the event are.
#[test]
fn no_boundary_is_longer_than_allowed() {
    let (booking, mut campaign) = (booking(Language::De), campaign());
    campaign.id = scene::slot(&"x".repeat(64));
    let mut mail = mail(MailKind::Confirmed, MailAbout::Booking(booking.registration.booking));
    (mail.id.campaign, mail.id.number) = (campaign.id.clone(), u64::MAX);
    let slot = campaign.slot(&booking.slot).expect("a slot");
    let text = written(&Material {
        mail: &mail,
        person: booking.registration.person.as_ref().expect("a person"),
        campaign: &campaign,
        about: About::Booking { booking: &booking, slot, manage_token: "hT0b4T" },
    });
    let boundaries = text.split("boundary=\"").skip(1).map(|rest| rest.split('"').next());
    let lengths: Vec<_> = boundaries.map(|boundary| boundary.expect("quoted").len()).collect();
    assert_eq!(lengths.len(), 2, "{text}");
    assert!(lengths.iter().all(|length| *length <= 70), "{lengths:?}");
    let read = MessageParser::default().parse(text.as_bytes()).expect("a message");
    assert_eq!(read.attachments().count(), 2);
}
