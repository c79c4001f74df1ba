//! The campaign, the people and the commands with which the contract is played.

mod car;
mod own;
pub mod waitlist;

use std::sync::Arc;
use std::time::Duration;

use kernel::{Municipality, ResidenceTable, Timestamp};
use pass::{IdentityKind, PassId};

use crate::batch::{Command, Idempotency};
use crate::booking::{
    BookGroup, BookHold, BookSlot, BookingId, CancelBooking, ClearPlace, CorrectPerson, Correction,
    GroupMember, MoveBooking, Registration, TakenBy, TokenHash,
};
use crate::campaign::{Campaign, CampaignPlan, PersonalData, Rules, Site, Slot, SlotId, Tranche};
use crate::eligibility::Eligibility;
use crate::hold::{HoldId, HoldSeats, ReleaseExpiredHolds, ReleaseHold, RenewHold};
use crate::language::Language;
use crate::pass::{BindingCheck, EndPass, PassGrant};
use crate::person::{Person, PersonFields, PersonKey};
use crate::waitlist::{JoinWaitlist, Waitlist};

pub use car::{car_id, in_car, open_car};
pub use own::{ask_link, change_contact, erase, rotate, token_hash_of};

/// The first opening: 14 June 2021, 08:00 in Speyer.
pub const OPENING: Timestamp = Timestamp::from_unix_s(1_623_650_400);

/// So many seconds after the first opening; the second one follows after 10,800.
#[must_use]
pub fn at(seconds: u64) -> Timestamp {
    OPENING.plus(Duration::from_secs(seconds))
}

/// A slot's name.
#[must_use]
pub fn slot(name: &str) -> SlotId {
    name.parse().expect("the scene's names are names")
}

/// The campaign `rehearsal`: slots `a` (1 + 2 places), `b` (2 + 0) and `c` (30 + 20), two openings
/// three hours apart, holds of 8 minutes that can be renewed once, closing a day later.
#[must_use]
pub fn plan() -> CampaignPlan {
    CampaignPlan::new(campaign()).expect("the scene's campaign is a plan")
}

/// The campaign of [`plan`].
#[must_use]
pub fn campaign() -> Campaign {
    let municipality = |postcode: &str, ags: &str, name: &str, eligible| Municipality {
        postcode: postcode.parse().expect("a postcode"),
        ags: ags.parse().expect("a municipality key"),
        name: name.to_owned(),
        eligible,
    };
    let slot = |id: &str, site: &str, hour: u64, allotments: [u32; 2]| Slot {
        id: slot(id),
        site: self::slot(site),
        starts_at: at(518_400 + hour * 3_600),
        ends_at: at(518_400 + hour * 3_600 + 600),
        capacity: allotments.iter().sum(),
        allotments: allotments.to_vec(),
        closed: false,
    };
    Campaign {
        id: self::slot("rehearsal"),
        title_de: "Probelauf".to_owned(),
        title_en: "Rehearsal".to_owned(),
        service_type: Vec::new(),
        time_zone: "Europe/Berlin".to_owned(),
        residence: ResidenceTable::new(vec![
            municipality("67346", "07318000", "Speyer", true),
            municipality("67454", "07332025", "Haßloch", false),
        ]),
        eligibility: Eligibility::default(),
        sites: ["north", "south"]
            .map(|id| Site {
                id: self::slot(id),
                name: format!("Parkplatz {id}"),
                address: "Hasenpfühlerweide 1, 67346 Speyer".to_owned(),
            })
            .to_vec(),
        slots: vec![
            slot("a", "north", 0, [1, 2]),
            slot("b", "south", 0, [2, 0]),
            slot("c", "north", 1, [30, 20]),
        ],
        tranches: vec![Tranche { opens_at: OPENING }, Tranche { opens_at: at(10_800) }],
        identity: IdentityKind::Person,
        rules: Rules { seats_max: 4, hold_ttl_s: 480, hold_renewals_max: 1, lead_s: 600 },
        personal_data: PersonalData::default(),
        waitlist: Some(Waitlist::of(5)),
        closes_at: at(86_400),
    }
}

fn number_to_bytes<const N: usize>(kind: u8, number: u32) -> [u8; N] {
    let mut bytes = [kind; N];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// Pass number `number` of an eligible resident with `seats` seats, ending 15 minutes after
/// `issued_at`.
#[must_use]
pub fn grant(number: u32, seats: u8, issued_at: Timestamp) -> PassGrant {
    PassGrant {
        pass_id: PassId::from_bytes(number_to_bytes(1, number)),
        campaign: slot("rehearsal"),
        ags: "07318000".parse().expect("a municipality key"),
        seats,
        expires_at: issued_at.plus(Duration::from_mins(15)),
        binding: None,
    }
}

/// Hold number `number`.
#[must_use]
pub fn hold_id(number: u32) -> HoldId {
    HoldId::from_bytes(number_to_bytes(2, number))
}

/// Booking number `number`.
#[must_use]
pub fn booking_id(number: u32) -> BookingId {
    BookingId::from_bytes(number_to_bytes(3, number))
}

/// The number of a booking, see [`booking_id`].
#[must_use]
pub fn number_of(booking: BookingId) -> u32 {
    let bytes = booking.as_bytes();
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Idempotency key number `number`, for a request with the fingerprint `asked`.
#[must_use]
pub fn key(number: u32, asked: u8) -> Idempotency {
    Idempotency { key: number_to_bytes(4, number), fingerprint: [asked; 32] }
}

/// The hash of the token of booking number `number`.
#[must_use]
pub fn token_hash(number: u32) -> TokenHash {
    TokenHash(number_to_bytes(5, number))
}

/// Booking number `booking` for person number `person`.
#[must_use]
pub fn registration(booking: u32, person: u32) -> Arc<Registration> {
    let fields = PersonFields {
        given_name: format!("Zoë Käthe {}", "I".repeat(1 + person as usize % 7)),
        family_name: "von der Größe-O’Neill".to_owned(),
        date_of_birth: if person < waitlist::CHILDREN { "1980-02-29" } else { "2010-05-01" }
            .to_owned(),
        email: (person.is_multiple_of(2)).then(|| format!("zoe{person}@example.org")),
        phone: (person.is_multiple_of(3)).then(|| "+49 6232 140".to_owned()),
        language: if person.is_multiple_of(5) { Language::En } else { Language::De },
    };
    Arc::new(Registration {
        booking: booking_id(booking),
        code: "SP3ZER21".parse().expect("a booking code"),
        person: Some(Person::parse(fields, OPENING).expect("the scene's people are plausible")),
        person_key: PersonKey(number_to_bytes(6, person)),
        former_person_key: Some(PersonKey(number_to_bytes(7, person))),
        manage_token_hash: token_hash(booking),
    })
}

/// Keeps `seats` of a slot.
#[must_use]
pub fn hold(
    pass: &PassGrant,
    name: &str,
    seats: u8,
    hold: u32,
    idempotency: Idempotency,
) -> Command {
    let (pass, slot, hold) = (pass.clone(), slot(name), hold_id(hold));
    Command::Hold(HoldSeats { pass, slot, seats, car: None, hold, idempotency })
}

/// Renews a hold.
#[must_use]
pub fn renew(pass: &PassGrant, hold: u32, idempotency: Idempotency) -> Command {
    Command::RenewHold(RenewHold { pass: pass.clone(), hold: hold_id(hold), idempotency })
}

/// Releases a hold.
#[must_use]
pub fn release(pass: &PassGrant, hold: u32) -> Command {
    Command::ReleaseHold(ReleaseHold { pass: pass.clone(), hold: hold_id(hold) })
}

/// Registers person `person` onto a hold, as booking `booking`.
#[must_use]
pub fn book_hold(
    pass: &PassGrant,
    hold: u32,
    booking: u32,
    person: u32,
    idempotency: Idempotency,
) -> Command {
    let registration = registration(booking, person);
    Command::BookHold(BookHold {
        pass: pass.clone(),
        hold: hold_id(hold),
        registration,
        binding: BindingCheck::Unbound,
        idempotency,
    })
}

/// Registers `persons` onto a hold, as the bookings from number `booking` on.
#[must_use]
pub fn book_group(
    pass: &PassGrant,
    hold: u32,
    booking: u32,
    persons: &[u32],
    idempotency: Idempotency,
) -> Command {
    let members = (booking..).zip(persons).map(|(booking, person)| GroupMember {
        registration: registration(booking, *person),
        binding: BindingCheck::Unbound,
    });
    let (pass, members) = (pass.clone(), members.collect());
    Command::BookGroup(BookGroup { pass, hold: hold_id(hold), members, idempotency })
}

/// Books a slot for person `person` in one step, as booking `booking`.
#[must_use]
pub fn book_slot(
    pass: &PassGrant,
    name: &str,
    booking: u32,
    person: u32,
    idempotency: Idempotency,
) -> Command {
    let registration = registration(booking, person);
    Command::BookSlot(BookSlot {
        pass: pass.clone(),
        slot: slot(name),
        car: None,
        registration,
        binding: BindingCheck::Unbound,
        idempotency,
    })
}

/// The same request with another answer to whether the pass is for that person. Of a group it is the
/// first, and a pass is bound to one person.
#[must_use]
pub fn bound(command: Command, binding: BindingCheck) -> Command {
    match command {
        Command::BookGroup(mut command) => {
            for (place, member) in command.members.iter_mut().enumerate() {
                member.binding = match binding {
                    BindingCheck::Matches if place > 0 => BindingCheck::Differs,
                    BindingCheck::Matches | BindingCheck::Differs | BindingCheck::Unbound => {
                        binding
                    }
                };
            }
            Command::BookGroup(command)
        }
        Command::BookHold(command) => Command::BookHold(BookHold { binding, ..command }),
        Command::BookSlot(command) => Command::BookSlot(BookSlot { binding, ..command }),
        Command::CorrectPerson(command) => {
            Command::CorrectPerson(CorrectPerson { binding, ..command })
        }
        Command::JoinWaitlist(command) => {
            Command::JoinWaitlist(JoinWaitlist { binding, ..command })
        }
        other => other,
    }
}

/// Gives a pass back.
#[must_use]
pub fn end_pass(pass: &PassGrant) -> Command {
    Command::EndPass(EndPass { pass: pass.clone() })
}

/// Cancels a booking.
#[must_use]
pub fn cancel(booking: u32, idempotency: Idempotency) -> Command {
    Command::CancelBooking(CancelBooking {
        campaign: slot("rehearsal"),
        booking: booking_id(booking),
        manage_token_hash: token_hash(booking),
        idempotency,
    })
}

/// Moves a booking to a slot.
#[must_use]
pub fn move_booking(booking: u32, name: &str, idempotency: Idempotency) -> Command {
    Command::MoveBooking(MoveBooking {
        campaign: slot("rehearsal"),
        booking: booking_id(booking),
        slot: slot(name),
        manage_token_hash: token_hash(booking),
        idempotency,
    })
}

/// What a booking of person number `person` has of them.
#[must_use]
pub fn correction(person: u32) -> Correction {
    let registration = registration(0, person);
    Correction {
        person: registration.person.clone().expect("the scene's registrations have a person"),
        person_key: registration.person_key,
        former_person_key: PersonKey(number_to_bytes(7, person)),
    }
}

/// Corrects a booking to person number `person`.
#[must_use]
pub fn correct(pass: &PassGrant, booking: u32, person: u32, idempotency: Idempotency) -> Command {
    Command::CorrectPerson(CorrectPerson {
        pass: pass.clone(),
        booking: booking_id(booking),
        correction: Arc::new(correction(person)),
        binding: BindingCheck::Unbound,
        idempotency,
    })
}

/// Clears a place of a slot: what takes it goes to another slot, or loses it.
#[must_use]
pub fn clear_place(name: &str, taken_by: TakenBy, move_to: Option<&str>) -> Command {
    Command::ClearPlace(ClearPlace {
        campaign: slot("rehearsal"),
        slot: slot(name),
        taken_by,
        move_to: move_to.map(slot),
    })
}

/// Releases up to `holds_max` overdue holds.
#[must_use]
pub fn sweep(holds_max: u32) -> Command {
    Command::ReleaseExpiredHolds(ReleaseExpiredHolds { campaign: slot("rehearsal"), holds_max })
}
