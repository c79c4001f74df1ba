//! What people do with their own bookings: tokens, contact, erasure, lost links.

use std::collections::BTreeSet;

use super::{apply, event, many, one, places_left, scene};
use crate::batch::{Command, Outcome};
use crate::booking::{
    AskLinkOutcome, BookSlotOutcome, Booking, BookingStatus, CancelOutcome, ChangeContactOutcome,
    ContactChanged, ErasePersonOutcome, Erased, LINK_PAUSE, NewToken, RotateToken,
    RotateTokenOutcome, RotatedBy, TokenRotated,
};
use crate::campaign::apply::{ApplyCampaign, BookedSlots};
use crate::campaign::{CampaignPlan, SlotKey};
use crate::event::{Actor, What};
use crate::person::PersonKey;
use crate::store::BookingStore;

async fn stored(store: &dyn BookingStore, number: u32) -> Booking {
    let booking = store.booking(scene::booking_id(number)).await.expect("the store answers");
    booking.expect("the booking")
}

/// Persons 1, 2 … have bookings 1, 2 … in these slots.
async fn book(store: &dyn BookingStore, slots: &[&str]) {
    apply(store).await;
    for (number, slot) in (1..).zip(slots) {
        let pass = scene::grant(number, 4, scene::at(0));
        let command = scene::book_slot(&pass, slot, number, number, scene::key(number, 0));
        let outcome = one(store, command, scene::at(0)).await;
        assert!(matches!(outcome, Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{outcome:?}");
    }
}

fn rotated(number: u32, generation: u32) -> Outcome {
    let rotated = TokenRotated { booking: scene::booking_id(number), generation };
    Outcome::RotateToken(RotateTokenOutcome::Rotated(rotated))
}

/// How often this was told.
async fn times_told(store: &dyn BookingStore, actor: Actor, what: &What) -> usize {
    let sought = format!("{actor:?}: {what:?}");
    event::happened(store).await.into_iter().filter(|(told, _)| *told == sought).count()
}

/// The token before the last is worth nothing, whatever it is shown for. One key gives one token (P3), and
/// a repeat of the booking says which it is.
pub async fn a_booking_has_one_token_at_a_time(store: &dyn BookingStore) {
    book(store, &["c"]).await;
    let rotate = scene::rotate(1, 1, scene::key(10, 0));
    let commands = [
        rotate.clone(),
        rotate.clone(),
        scene::rotate(1, 1, scene::key(11, 0)),
        scene::rotate(1, 2, scene::key(10, 9)),
        scene::cancel(1, scene::key(12, 0)),
        scene::move_booking(1, "b", scene::key(13, 0)),
        scene::change_contact(1, 1, 0, scene::key(14, 0)),
        scene::erase(1, scene::key(15, 0)),
        scene::rotate(9, 1, scene::key(16, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(1)).await;
    let refused = Outcome::RotateToken;
    assert_eq!(outcomes[..2], [rotated(1, 1), rotated(1, 1)]);
    assert_eq!(outcomes[2], refused(RotateTokenOutcome::TokenInvalid));
    assert_eq!(outcomes[3], refused(RotateTokenOutcome::KeyReused));
    assert_eq!(outcomes[4], Outcome::CancelBooking(CancelOutcome::TokenInvalid));
    assert!(format!("{:?}", outcomes[5]).contains("TokenInvalid"), "{outcomes:?}");
    assert_eq!(outcomes[6], Outcome::ChangeContact(ChangeContactOutcome::TokenInvalid));
    assert_eq!(outcomes[7], Outcome::ErasePerson(ErasePersonOutcome::TokenInvalid));
    assert_eq!(outcomes[8], refused(RotateTokenOutcome::BookingNotFound));
    let booking = stored(store, 1).await;
    assert_eq!(booking.registration.manage_token_hash, scene::token_hash_of(1, 1));
    assert_eq!((booking.token_generation, booking.sequence), (1, 0));

    assert_eq!(
        one(store, scene::rotate(1, 2, scene::key(17, 0)), scene::at(2)).await,
        rotated(1, 2)
    );
    assert_eq!(
        one(store, rotate, scene::at(3)).await,
        rotated(1, 1),
        "a late repeat undoes nothing"
    );
    assert_eq!(stored(store, 1).await.token_generation, 2);
    let pass = scene::grant(1, 4, scene::at(0));
    let again = scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0));
    let Outcome::BookSlot(BookSlotOutcome::Booked(booked)) = one(store, again, scene::at(4)).await
    else {
        panic!("a repeat");
    };
    assert_eq!(booked.token_generation, 2);
    let (booking, by_token) = (scene::booking_id(1), Actor::TokenOf(scene::booking_id(1)));
    assert_eq!(times_told(store, by_token, &What::TokenRotated { booking }).await, 2);
}

/// Letters go to the recorded address, so the program needs no token to make one, once for each letter: but not
/// of a generation that somebody else has made meanwhile, nor of a place that was given back.
pub async fn the_program_gives_tokens_for_letters(store: &dyn BookingStore) {
    book(store, &["c"]).await;
    let letter = |number: u32, generation| {
        Command::RotateToken(RotateToken {
            campaign: scene::slot("rehearsal"),
            booking: scene::booking_id(1),
            by: RotatedBy::Letter { idempotency: scene::key(100 + number, 0) },
            token: NewToken { hash: scene::token_hash_of(1, generation), generation },
        })
    };
    let commands = [letter(1, 1), letter(1, 2), letter(2, 1), letter(2, 2), letter(3, 4)];
    let outcomes = many(store, &commands, scene::at(1)).await;
    let superseded = Outcome::RotateToken(RotateTokenOutcome::Superseded);
    let expected = [rotated(1, 1), rotated(1, 1), superseded.clone(), rotated(1, 2), superseded];
    assert_eq!(outcomes, expected);
    assert_eq!(stored(store, 1).await.registration.manage_token_hash, scene::token_hash_of(1, 2));
    let booking = scene::booking_id(1);
    let what = What::TokenRotated { booking };
    assert_eq!(times_told(store, Actor::Letter, &what).await, 2);

    let by_operator = scene::grant(1, 4, scene::at(0));
    let corrected = scene::correct(&by_operator, 1, 2, scene::key(10, 0));
    one(store, corrected, scene::at(2)).await;
    let Command::ErasePerson(mut erase) = scene::erase(1, scene::key(11, 0)) else { return };
    erase.manage_token_hash = scene::token_hash_of(1, 2);
    one(store, Command::ErasePerson(erase), scene::at(3)).await;
    let refused = one(store, letter(4, 3), scene::at(4)).await;
    assert_eq!(refused, Outcome::RotateToken(RotateTokenOutcome::AlreadyCancelled));
}

/// How somebody is reached changes, and nothing else: not who it is, nor what they hold.
pub async fn a_person_is_reached_in_another_way(store: &dyn BookingStore) {
    book(store, &["c", "c"]).await;
    let before = stored(store, 2).await;
    let change = scene::change_contact(2, 2, 0, scene::key(10, 0));
    let changed = ContactChanged { booking: scene::booking_id(2) };
    let changed = Outcome::ChangeContact(ChangeContactOutcome::Changed(changed));
    let commands = [
        change.clone(),
        change,
        scene::change_contact(2, 2, 0, scene::key(10, 9)),
        scene::change_contact(2, 2, 1, scene::key(11, 0)),
        scene::change_contact(9, 2, 0, scene::key(12, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(1)).await;
    let refused = Outcome::ChangeContact;
    let expected = [
        changed.clone(),
        changed,
        refused(ChangeContactOutcome::KeyReused),
        refused(ChangeContactOutcome::Outdated),
        refused(ChangeContactOutcome::BookingNotFound),
    ];
    assert_eq!(outcomes, expected);
    let after = stored(store, 2).await;
    let [was, is] = [&before, &after].map(|booking| {
        booking.registration.person.clone().expect("a confirmed booking has a person")
    });
    assert_eq!((was.email(), is.email()), (Some("zoe2@example.org"), None));
    assert_eq!((was.phone(), is.phone()), (None, Some("+49 621 5040")));
    assert_eq!(
        (was.given_name(), was.family_name(), was.date_of_birth()),
        (is.given_name(), is.family_name(), is.date_of_birth())
    );
    assert_eq!(after.registration.person_key, before.registration.person_key, "the same person");
    let but_for_the_person = Booking { registration: before.registration.clone(), ..after.clone() };
    assert_eq!(but_for_the_person, before);

    let pass = scene::grant(2, 4, scene::at(0));
    let commands = [
        scene::correct(&pass, 2, 3, scene::key(13, 0)),
        scene::change_contact(2, 2, 0, scene::key(14, 0)),
        scene::cancel(2, scene::key(15, 0)),
        scene::change_contact(2, 2, 2, scene::key(16, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(2)).await;
    assert_eq!(outcomes[1], refused(ChangeContactOutcome::Outdated), "it is somebody else's");
    assert_eq!(outcomes[3], refused(ChangeContactOutcome::AlreadyCancelled));
    let booking = scene::booking_id(2);
    let (actor, what) = (Actor::TokenOf(booking), What::ContactChanged { booking });
    assert_eq!(times_told(store, actor, &what).await, 1);
}

/// Before its slot begins, whoever wants to be forgotten gives the place back with it, once (P5).
pub async fn an_erasure_gives_the_place_back_while_it_is_of_use(store: &dyn BookingStore) {
    book(store, &["a"]).await;
    assert_eq!(places_left(store, "a", scene::at(0)).await, 0);
    let erase = scene::erase(1, scene::key(10, 0));
    let erased = |at| {
        let erased = Erased { booking: scene::booking_id(1), cancelled_at: Some(scene::at(at)) };
        Outcome::ErasePerson(ErasePersonOutcome::Erased(erased))
    };
    let commands = [
        erase.clone(),
        erase.clone(),
        scene::erase(1, scene::key(11, 0)),
        scene::cancel(1, scene::key(12, 0)),
        scene::cancel(1, scene::key(10, 9)),
        scene::erase(9, scene::key(13, 0)),
    ];
    let outcomes = many(store, &commands, scene::at(5)).await;
    assert_eq!(outcomes[..3], [erased(5), erased(5), erased(5)], "erased is erased");
    assert_eq!(outcomes[3], Outcome::CancelBooking(CancelOutcome::AlreadyCancelled));
    assert_eq!(outcomes[4], Outcome::CancelBooking(CancelOutcome::KeyReused));
    assert_eq!(outcomes[5], Outcome::ErasePerson(ErasePersonOutcome::BookingNotFound));
    assert_eq!(places_left(store, "a", scene::at(5)).await, 1);
    let booking = stored(store, 1).await;
    assert_eq!(booking.status, BookingStatus::Cancelled { at: scene::at(5) });
    assert_eq!(booking.registration.person, None);
    assert_eq!(one(store, erase, scene::at(9)).await, erased(5));
    let (booking, slot) = (scene::booking_id(1), scene::slot("a"));
    let by_token = Actor::TokenOf(booking);
    assert_eq!(times_told(store, by_token, &What::PersonErased { booking }).await, 1);
    assert_eq!(times_told(store, by_token, &What::Cancelled { booking, slot }).await, 1);
}

/// Once its slot has begun, the place of whoever wants to be forgotten stays counted, and nobody knows any
/// more whose it was: of several as of one.
pub async fn who_had_a_place_can_be_erased(store: &dyn BookingStore) {
    book(store, &["c", "c", "c"]).await;
    let mut campaign = scene::campaign();
    (campaign.slots[2].starts_at, campaign.slots[2].ends_at) = (scene::at(60), scene::at(660));
    let plan = CampaignPlan::new(campaign).expect("a plan");
    let reschedule =
        ApplyCampaign { booked_slots: BookedSlots::MayMove, ..ApplyCampaign::of_operator(plan) };
    store.change_campaign(&reschedule, scene::at(2)).await.expect("the store answers");

    let erased = |number| {
        let erased = Erased { booking: scene::booking_id(number), cancelled_at: None };
        Outcome::ErasePerson(ErasePersonOutcome::Erased(erased))
    };
    let erase = scene::erase(1, scene::key(10, 0));
    let commands = [
        erase.clone(),
        scene::erase(2, scene::key(11, 0)),
        scene::erase(1, scene::key(12, 0)),
        scene::change_contact(1, 1, 0, scene::key(13, 0)),
        scene::ask_link(1),
    ];
    let outcomes = many(store, &commands, scene::at(60)).await;
    assert_eq!(outcomes[..3], [erased(1), erased(2), erased(1)]);
    assert_eq!(outcomes[3], Outcome::ChangeContact(ChangeContactOutcome::PersonErased));
    assert_eq!(outcomes[4], Outcome::AskLink(AskLinkOutcome::NobodyThere));
    assert_eq!(one(store, erase, scene::at(61)).await, erased(1));
    let mut keys = BTreeSet::new();
    for number in [1, 2] {
        let booking = stored(store, number).await;
        assert_eq!(booking.status, BookingStatus::Confirmed);
        assert_eq!(booking.registration.person, None);
        let key = booking.registration.person_key;
        assert_eq!(key, PersonKey::nobody(scene::booking_id(number)));
        keys.insert(key);
    }
    assert_eq!(keys.len(), 2);
    assert!(stored(store, 3).await.registration.person.is_some());
    let slot = SlotKey { campaign: scene::slot("rehearsal"), slot: scene::slot("c") };
    let slot_use = store.slot_use(&slot, 10).await.expect("the store answers");
    assert_eq!((slot_use.taken, slot_use.bookings), (3, 3), "P1: what was taken is taken");
    let booking = scene::booking_id(1);
    let (by_token, what) = (Actor::TokenOf(booking), What::PersonErased { booking });
    assert_eq!(times_told(store, by_token, &what).await, 1);

    // Who is forgotten may book again.
    let pass = scene::grant(4, 1, scene::at(0));
    let again = one(store, scene::book_slot(&pass, "a", 4, 1, scene::key(14, 0)), scene::at(62));
    let again = again.await;
    assert!(matches!(again, Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{again:?}");
}

/// A calendar goes by the number of an appointment's changes: moved, for somebody else, cancelled. What is
/// refused or changes nothing does not count, and it makes no difference in which batch it happens.
pub async fn a_booking_counts_its_changes(store: &dyn BookingStore) {
    book(store, &["c"]).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let steps: [(Command, u32); 7] = [
        (scene::move_booking(1, "b", scene::key(10, 0)), 1),
        (scene::move_booking(1, "b", scene::key(11, 0)), 1),
        (scene::move_booking(1, "nowhere", scene::key(12, 0)), 1),
        (scene::correct(&pass, 1, 5, scene::key(13, 0)), 2),
        (scene::change_contact(1, 5, 2, scene::key(14, 0)), 2),
        (scene::move_booking(1, "c", scene::key(15, 0)), 3),
        (scene::cancel(1, scene::key(16, 0)), 4),
    ];
    for (number, (command, sequence)) in (1..).zip(&steps) {
        one(store, command.clone(), scene::at(number)).await;
        assert_eq!(stored(store, 1).await.sequence, *sequence, "{command:?}");
    }
    let in_one_batch = [
        scene::book_slot(&pass, "c", 2, 2, scene::key(20, 0)),
        scene::move_booking(2, "b", scene::key(21, 0)),
        scene::cancel(2, scene::key(22, 0)),
        scene::book_slot(&pass, "c", 3, 3, scene::key(23, 0)),
    ];
    many(store, &in_one_batch, scene::at(10)).await;
    let of_an_earlier_one = [
        scene::move_booking(3, "b", scene::key(24, 0)),
        scene::correct(&pass, 3, 6, scene::key(25, 0)),
        scene::cancel(3, scene::key(26, 0)),
    ];
    many(store, &of_an_earlier_one, scene::at(11)).await;
    for (number, sequence) in [(2, 2), (3, 3)] {
        assert_eq!(stored(store, number).await.sequence, sequence, "booking {number}");
    }
}

/// The link goes out once in a while, however often it is asked for. A code finds the bookings that have it.
pub async fn a_lost_link_is_sent_now_and_then(store: &dyn BookingStore) {
    book(store, &["c", "c"]).await;
    let asked = |outcome| Outcome::AskLink(outcome);
    let pause_s = LINK_PAUSE.as_secs();
    for (second, expected) in [
        (1, AskLinkOutcome::Asked),
        (2, AskLinkOutcome::AskedRecently),
        (pause_s, AskLinkOutcome::AskedRecently),
        (pause_s + 1, AskLinkOutcome::Asked),
    ] {
        let outcome = one(store, scene::ask_link(1), scene::at(second)).await;
        assert_eq!(outcome, asked(expected), "after {second} s");
    }
    let outcomes = many(store, &[scene::ask_link(9), scene::ask_link(2)], scene::at(1)).await;
    assert_eq!(outcomes, [AskLinkOutcome::NobodyThere, AskLinkOutcome::Asked].map(asked));
    assert_eq!(stored(store, 1).await.link_asked_at, Some(scene::at(pause_s + 1)));
    let booking = scene::booking_id(1);
    let (actor, what) = (Actor::CodeOf(booking), What::LinkAsked { booking });
    assert_eq!(times_told(store, actor, &what).await, 2);

    let code = stored(store, 1).await.registration.code;
    let found = async |campaign: &str, code, bookings_max| {
        let campaign = scene::slot(campaign);
        let found = store.bookings_with_code(&campaign, code, bookings_max).await;
        let found = found.expect("the store answers").into_iter();
        found.map(|booking| booking.registration.booking).collect::<Vec<_>>()
    };
    let [first, second] = [1, 2].map(scene::booking_id);
    assert_eq!(found("rehearsal", code, 4).await, [first, second]);
    assert_eq!(found("rehearsal", code, 1).await, [first], "bounded");
    assert_eq!(found("elsewhere", code, 4).await, []);
    assert_eq!(found("rehearsal", "00000000".parse().expect("a code"), 4).await, []);
    one(store, scene::cancel(1, scene::key(20, 0)), scene::at(2_000)).await;
    assert_eq!(found("rehearsal", code, 4).await, [second]);
    let gone = one(store, scene::ask_link(1), scene::at(3_000)).await;
    assert_eq!(gone, asked(AskLinkOutcome::NobodyThere));
}
