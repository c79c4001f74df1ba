//! Who may book by what they say of themselves.

use std::sync::Arc;

use super::{many, one, places_left, scene};
use crate::batch::{Command, Outcome};
use crate::booking::{
    BookGroup, BookGroupOutcome, BookHold, BookHoldOutcome, BookSlot, BookSlotOutcome,
    CorrectOutcome, CorrectPerson, Correction, GroupMember, Registration,
};
use crate::campaign::CampaignPlan;
use crate::eligibility::{Declaration, DeclarationVersion, Declared, Eligibility, Rule, Unmet};
use crate::hold::HoldOutcome;
use crate::language::Language;
use crate::store::BookingStore;

async fn apply_asking(store: &dyn BookingStore, eligibility: Eligibility, seconds: u64) {
    let mut campaign = scene::campaign();
    campaign.eligibility = eligibility;
    let plan = CampaignPlan::new(campaign).expect("a plan");
    store.apply_campaign(&plan, scene::at(seconds)).await.expect("the store answers");
}

fn version(version: u32) -> DeclarationVersion {
    DeclarationVersion { id: scene::slot("residence"), version }
}

/// The scene's people are born on 29 February 1980: 41 years old at its first opening.
fn of_age(years: u8) -> Rule {
    Rule::AgeMin { years, on: "2021-06-14".parse().expect("a day") }
}

fn declared(number: u32) -> Vec<Declared> {
    vec![Declared { of: version(number), language: Language::En, at: scene::at(7) }]
}

/// The same request of people who have declared version `number`.
fn declaring(command: Command, number: u32) -> Command {
    let declaring = |registration: &Arc<Registration>| {
        let person = registration.person.clone().map(|person| person.declaring(declared(number)));
        Arc::new(Registration { person, ..Registration::clone(registration) })
    };
    match command {
        Command::BookSlot(command) => {
            let registration = declaring(&command.registration);
            Command::BookSlot(BookSlot { registration, ..command })
        }
        Command::BookHold(command) => {
            let registration = declaring(&command.registration);
            Command::BookHold(BookHold { registration, ..command })
        }
        Command::BookGroup(command) => {
            let members = command.members.iter().map(|member| GroupMember {
                registration: declaring(&member.registration),
                ..member.clone()
            });
            Command::BookGroup(BookGroup { members: members.collect(), ..command })
        }
        Command::CorrectPerson(command) => {
            let correction = Correction::clone(&command.correction);
            let person = correction.person.clone().declaring(declared(number));
            let correction = Arc::new(Correction { person, ..correction });
            Command::CorrectPerson(CorrectPerson { correction, ..command })
        }
        other => other,
    }
}

/// A rule that the person does not meet refuses every way of booking and changes nothing; a changed rule
/// holds at once, and who was booked before stays booked.
pub async fn the_rules_are_judged_on_every_way(store: &dyn BookingStore) {
    let asked = |rule| Eligibility { rules: vec![rule], declarations: Vec::new() };
    apply_asking(store, asked(of_age(42)), 0).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let held = one(store, scene::hold(&pass, "c", 2, 1, scene::key(1, 0)), scene::at(1)).await;
    assert!(matches!(held, Outcome::Hold(HoldOutcome::Held(_))), "{held:?}");
    let attempts = [
        scene::book_slot(&pass, "c", 1, 1, scene::key(2, 0)),
        scene::book_hold(&pass, 1, 2, 2, scene::key(3, 0)),
        scene::book_group(&pass, 1, 3, &[3, 4], scene::key(4, 0)),
    ];
    let unmet = Unmet::Rule(of_age(42));
    let refused = [
        Outcome::BookSlot(BookSlotOutcome::Unmet(unmet.clone())),
        Outcome::BookHold(BookHoldOutcome::Unmet(unmet.clone())),
        Outcome::BookGroup(BookGroupOutcome::Unmet { member: 0, unmet: unmet.clone() }),
    ];
    assert_eq!(many(store, &attempts, scene::at(2)).await, refused);
    assert_eq!(places_left(store, "c", scene::at(2)).await, 28);

    apply_asking(store, asked(of_age(41)), 3).await;
    let outcomes = many(store, &attempts[..2], scene::at(4)).await;
    assert!(matches!(outcomes[0], Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{outcomes:?}");
    assert!(matches!(outcomes[1], Outcome::BookHold(BookHoldOutcome::Booked(_))), "{outcomes:?}");

    // Nobody takes the place of a person by a correction who could not book.
    apply_asking(store, asked(of_age(42)), 5).await;
    let somebody_else = scene::correct(&pass, 1, 9, scene::key(6, 0));
    let refused = Outcome::CorrectPerson(CorrectOutcome::Unmet(unmet));
    assert_eq!(one(store, somebody_else, scene::at(6)).await, refused);
    let the_same = scene::correct(&pass, 1, 1, scene::key(7, 0));
    let corrected = one(store, the_same, scene::at(6)).await;
    assert!(matches!(corrected, Outcome::CorrectPerson(CorrectOutcome::Corrected(_))));
}

/// Which version of a text was declared, in which language and when, is kept with the booking; an earlier
/// version or none books nobody; it goes with the person.
pub async fn what_was_declared_is_kept(store: &dyn BookingStore) {
    let text = Declaration {
        of: version(2),
        required: true,
        text_de: "Ich wohne hier.".to_owned(),
        text_en: "I live here.".to_owned(),
    };
    let asked = Eligibility { rules: Vec::new(), declarations: vec![text] };
    apply_asking(store, asked, 0).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let missing = Unmet::Declarations(vec![version(2)]);
    let in_one_step = scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0));
    let refused = Outcome::BookSlot(BookSlotOutcome::Unmet(missing.clone()));
    let commands = [in_one_step.clone(), declaring(in_one_step.clone(), 1)];
    assert_eq!(many(store, &commands, scene::at(1)).await, [refused.clone(), refused]);
    one(store, scene::hold(&pass, "c", 2, 1, scene::key(2, 0)), scene::at(1)).await;
    let group = scene::book_group(&pass, 1, 2, &[2, 3], scene::key(3, 0));
    let refused = BookGroupOutcome::Unmet { member: 0, unmet: missing.clone() };
    assert_eq!(one(store, group.clone(), scene::at(1)).await, Outcome::BookGroup(refused));

    let commands = [declaring(in_one_step, 2), declaring(group, 2)];
    let outcomes = many(store, &commands, scene::at(8)).await;
    assert!(matches!(outcomes[0], Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{outcomes:?}");
    assert!(matches!(outcomes[1], Outcome::BookGroup(BookGroupOutcome::Booked(_))));
    for booking in [1, 2, 3] {
        assert_eq!(stored(store, booking).await, declared(2), "booking {booking}");
    }

    let correction = scene::correct(&pass, 1, 1, scene::key(4, 0));
    let refused = Outcome::CorrectPerson(CorrectOutcome::Unmet(missing));
    assert_eq!(one(store, correction.clone(), scene::at(9)).await, refused);
    one(store, declaring(correction, 2), scene::at(9)).await;
    assert_eq!(stored(store, 1).await, declared(2), "declared with the correction");
    one(store, scene::cancel(1, scene::key(5, 0)), scene::at(10)).await;
    assert_eq!(stored(store, 1).await, [], "erased with the person");
}

async fn stored(store: &dyn BookingStore, booking: u32) -> Vec<Declared> {
    let booking = store.booking(scene::booking_id(booking)).await.expect("the store answers");
    let person = booking.expect("the booking is there").registration.person.clone();
    person.map(|person| person.declared().to_vec()).unwrap_or_default()
}
