use std::sync::Arc;

use booking::contract::scene;
use booking::{BookingStatus, Language, MailId, MailStatus, PersonFields, Registration};
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
        status: BookingStatus::Confirmed,
    }
}

fn letter(kind: MailKind, language: Language) -> String {
    let booking = booking(language);
    let mut campaign = scene::campaign();
    campaign.title_de = "Impfen <am> Sonntag".to_owned();
    let mail = Mail {
        id: MailId { campaign: campaign.id.clone(), number: 17, kind, copy: 0 },
        booking: booking.registration.booking,
        made_at: scene::at(0),
        due_at: scene::at(0),
        attempts: 1,
        status: MailStatus::Pending,
        settled_at: None,
        reason: None,
        recipient: None,
    };
    let material = Material {
        mail: &mail,
        booking: &booking,
        person: booking.registration.person.as_ref().expect("a person"),
        campaign: &campaign,
        slot: campaign.slot(&booking.slot).expect("a slot"),
        manage_token: "hT0b4T",
    };
    let head = Letterhead {
        from: "Stadt Speyer <termine@speyer.example>".parse().expect("an address"),
        reply_to: None,
        public_url: Some("https://termine.speyer.example/".to_owned()),
    };
    let letter = write(&material, &head, mail.made_at).expect("a letter");
    assert_eq!(write(&material, &head, mail.made_at).expect("again").text(), letter.text());
    String::from_utf8(letter.text).expect("text")
}

#[test]
fn a_letter_says_everything_in_both_languages() {
    for (language, when) in [
        (Language::De, "Sonntag, 20. Juni 2021, 08:00 bis 08:10 Uhr"),
        (Language::En, "Sunday, 20 June 2021, 08:00 to 08:10"),
    ] {
        for kind in MailKind::ALL {
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
fn what_people_wrote_is_no_html() {
    let text = letter(MailKind::Confirmed, Language::De);
    let read = MessageParser::default().parse(text.as_bytes()).expect("a message");
    let html = read.body_html(0).expect("HTML");
    assert!(html.contains("Impfen &lt;am&gt; Sonntag"), "{html}");
    for remote in ["<img", "<link", "<script", "url("] {
        assert!(!html.contains(remote), "nothing is fetched: {html}");
    }
    assert!(html.contains(r#"<html lang="de">"#), "{html}");
}
