//! What forces a refusal: a postcode or a family name for each problem of the catalogue.

use std::time::Duration;

use kernel::{Clock, Timestamp};
use serde_json::{Value, json};
use web::problem::CATALOGUE;
use web::{Code, Problem};

/// With these digits no German postcode begins; three more name the problem.
const POSTCODES: &str = "00";

/// The family name, and the postcode, with which an answer takes its time.
pub const SLOW_NAME: &str = "slow";
/// How long that is.
pub const SLOW: Duration = Duration::from_secs(5);

/// What a word in a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spell {
    /// This refusal.
    Refuse(Code),
    /// An answer that takes [`SLOW`].
    Slow,
}

/// The last three digits of each problem's postcode. They stay when the catalogue grows.
const NUMBERS: &[(Code, u16)] = &[
    (Code::IdempotencyKeyMissing, 101),
    (Code::InvalidRequest, 102),
    (Code::RequestMalformed, 103),
    (Code::ManageTokenInvalid, 111),
    (Code::PassInvalid, 112),
    (Code::ServiceCredentialInvalid, 113),
    (Code::TicketInvalid, 114),
    (Code::WaitlistTokenInvalid, 115),
    (Code::MailReportTokenInvalid, 116),
    (Code::PassRequired, 117),
    (Code::StaffTokenInvalid, 118),
    (Code::NotEligible, 131),
    (Code::NotThePersonOfThePass, 132),
    (Code::PassWrongCampaign, 133),
    (Code::OriginNotListed, 134),
    (Code::NotAllowed, 135),
    (Code::BookingNotFound, 141),
    (Code::CampaignNotFound, 142),
    (Code::HoldNotFound, 143),
    (Code::NotFound, 144),
    (Code::RoomNotFound, 145),
    (Code::SlotNotFound, 146),
    (Code::OfferNotFound, 147),
    (Code::WaitlistEntryNotFound, 148),
    (Code::CarNotFound, 149),
    (Code::ResumeCodeNotFound, 150),
    (Code::MethodNotAllowed, 151),
    (Code::RequestTimeout, 181),
    (Code::AlreadyBooked, 201),
    (Code::AlreadyCancelled, 202),
    (Code::HoldEnded, 203),
    (Code::HoldNotRenewable, 204),
    (Code::LeaveAtBooking, 205),
    (Code::NotYourTurn, 206),
    (Code::PassEnded, 207),
    (Code::PassExhausted, 208),
    (Code::PassUsed, 209),
    (Code::RefusedTooOften, 210),
    (Code::RequestInProgress, 211),
    (Code::RoomNotOpen, 212),
    (Code::SlotBegun, 213),
    (Code::SlotFull, 214),
    (Code::AlreadyWaiting, 215),
    (Code::OfferExpired, 216),
    (Code::OfferOver, 217),
    (Code::PlaceGone, 218),
    (Code::PriorityCodeUsed, 236),
    (Code::PriorityCodesFull, 237),
    (Code::PriorityWithoutShare, 238),
    (Code::WaitlistFull, 219),
    (Code::WaitlistLeft, 220),
    (Code::WaitlistNotOpen, 221),
    (Code::PersonErased, 222),
    (Code::MailNotPossible, 223),
    (Code::CarAtAnotherTime, 224),
    (Code::CarFull, 225),
    (Code::CampaignClosed, 301),
    (Code::RoomClosed, 302),
    (Code::LeversChanged, 321),
    (Code::PriorityCodeRevoked, 313),
    (Code::BodyTooLarge, 331),
    (Code::UnsupportedMediaType, 351),
    (Code::IdempotencyKeyReused, 421),
    (Code::IdentityRequired, 422),
    (Code::MunicipalityMismatch, 423),
    (Code::MunicipalityRequired, 424),
    (Code::DeclarationMissing, 425),
    (Code::IfMatchMissing, 481),
    (Code::ProofRequired, 492),
    (Code::PriorityCodeInvalid, 436),
    (Code::RateLimited, 491),
    (Code::HeadTooLarge, 493),
    (Code::Internal, 500),
    (Code::Overloaded, 531),
    (Code::Unavailable, 532),
    (Code::TooManyStreams, 533),
];

/// What a family name asks for: it is the code itself.
pub fn spell_of_name(name: &str) -> Option<Spell> {
    if name == SLOW_NAME {
        return Some(Spell::Slow);
    }
    code(name).map(Spell::Refuse)
}

/// What a postcode asks for.
pub fn spell_of_postcode(postcode: &str) -> Option<Spell> {
    let number = postcode.strip_prefix(POSTCODES).filter(|number| number.len() == 3)?;
    let number: u16 = number.parse().ok()?;
    NUMBERS.iter().find(|(_, known)| *known == number).map(|(code, _)| Spell::Refuse(*code))
}

/// The problem of this name.
pub fn code(name: &str) -> Option<Code> {
    CATALOGUE.iter().find(|entry| entry.name == name).map(|entry| entry.code)
}

/// The refusal, with all the members that it can have.
pub fn refusal(code: Code, clock: &dyn Clock) -> Problem {
    let problem = Problem::example(code);
    match code {
        Code::NotYourTurn | Code::RequestInProgress => problem.retry_after_s(2),
        Code::RoomNotOpen => problem.with("next_opening", soon(clock.now())),
        Code::WaitlistNotOpen => {
            problem.with("opens_at", clock.now().plus(Duration::from_hours(1)).to_string())
        }
        _ => problem,
    }
}

/// An opening that a count-down can lead to.
fn soon(now: Timestamp) -> Value {
    let (gathers_from, opens_at) = (Duration::from_hours(1), Duration::from_hours(2));
    json!({"index": 0, "opens_at": now.plus(opens_at), "held": false, "gathers_from": now.plus(gathers_from)})
}

/// The table of the documentation.
#[cfg(test)]
fn table() -> String {
    let rows = CATALOGUE.iter().map(|entry| {
        let number = NUMBERS.iter().find(|(code, _)| *code == entry.code).map_or(0, |(_, n)| *n);
        let (name, status) = (entry.name, entry.status.as_u16());
        format!("| `{name}` | {status} | `{POSTCODES}{number:03}` | `{name}` |\n")
    });
    let head = "| code | status | postcode | family name |\n|---|---|---|---|\n";
    std::iter::once(head.to_owned()).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use booking::{Language, Person, PersonFields};

    use super::*;

    #[test]
    fn every_problem_has_a_postcode_of_its_own_and_its_name() {
        let numbers: BTreeSet<u16> = NUMBERS.iter().map(|(_, number)| *number).collect();
        assert_eq!((numbers.len(), NUMBERS.len()), (CATALOGUE.len(), CATALOGUE.len()));
        for entry in CATALOGUE {
            let number = NUMBERS.iter().find(|(code, _)| *code == entry.code).expect(entry.name).1;
            let spell = Some(Spell::Refuse(entry.code));
            assert_eq!(spell_of_postcode(&format!("{POSTCODES}{number:03}")), spell);
            assert_eq!(spell_of_name(entry.name), spell);
        }
        for harmless in ["67346", "00", "00999", "001010", "0010"] {
            assert_eq!(spell_of_postcode(harmless), None, "{harmless}");
        }
        assert_eq!(spell_of_name("Mustermann"), None);
    }

    /// A name that could not be a person's would be refused for that in earnest.
    #[test]
    fn every_magic_name_can_be_a_name() {
        for name in CATALOGUE.iter().map(|entry| entry.name).chain([SLOW_NAME]) {
            let fields = PersonFields {
                given_name: "Erika".to_owned(),
                family_name: name.to_owned(),
                date_of_birth: "1980-02-29".to_owned(),
                email: None,
                phone: None,
                language: Language::De,
            };
            assert!(Person::parse(fields, Timestamp::from_unix_s(1_893_456_000)).is_ok(), "{name}");
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable asks this test to write the page again"
    )]
    fn the_page_has_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sandbox.md");
        let page = std::fs::read_to_string(path).expect("the page");
        let (before, rest) = page.split_once("| code | status | postcode |").expect("a table");
        let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
        let fresh = format!("{before}{}\n{after}", table());
        if std::env::var("UPDATE_DRIFT").is_ok() {
            std::fs::write(path, &fresh).expect("the page can be written");
        }
        let page = std::fs::read_to_string(path).expect("the page");
        assert!(page == fresh, "the table in docs/sandbox.md differs: run with UPDATE_DRIFT=1");
    }
}
