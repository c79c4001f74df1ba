//! The promises of the waitlist as properties.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::{events, model, play, run};
use crate::batch::{Command, Outcome};
use crate::booking::BookingStatus;
use crate::campaign::{CampaignPlan, SlotKey};
use crate::contract::scene::{self, waitlist};
use crate::contract::script::{Step, random_waitlist};
use crate::event::What;
use crate::memory::MemoryStore;
use crate::person::Person;
use crate::store::{Availability, BookingStore};
use crate::waitlist::{
    AcceptOutcome, AfterDeclining, CallUp, CallUpOutcome, DeclineOutcome, JoinOutcome, Offer,
    OfferState, Waitlist, WaitlistEntry,
};
use kernel::Timestamp;

fn availability(store: &MemoryStore, now: Timestamp) -> Availability {
    run(store.availability(&scene::slot("rehearsal"), now)).expect("answers").expect("exists")
}

fn change_plan(store: &MemoryStore, step: &Step) {
    if let Some(plan) = &step.plan {
        let applied = run(store.apply_campaign(plan, step.now)).expect("answers");
        applied.verdict().expect("in force");
    }
}

fn open_offers(store: &MemoryStore) -> Vec<Offer> {
    store.offers().into_iter().filter(|offer| offer.state == OfferState::Open).collect()
}

fn waiting(store: &MemoryStore) -> Vec<WaitlistEntry> {
    store.waitlist_entries().into_iter().filter(|entry| entry.state.is_waiting()).collect()
}

/// Counts everything anew from entries, offers and bookings.
fn assert_promises(store: &MemoryStore, now: Timestamp) {
    let bookings = store.bookings();
    let confirmed: Vec<_> =
        bookings.iter().filter(|booking| booking.status == BookingStatus::Confirmed).collect();
    let places = availability(store, now);
    for slot in &places.slots {
        let key = SlotKey { campaign: scene::slot("rehearsal"), slot: slot.slot.clone() };
        let counters = store.counters(&key).expect("the slot exists");
        let booked = confirmed.iter().filter(|booking| booking.slot == slot.slot).count();
        assert_eq!(counters.taken as usize, booked, "P1: never oversold");
        assert!(counters.used() <= slot.released, "P1: what is kept is there");
    }
    let (waiting, open) = (waiting(store), open_offers(store));
    let counts = places.waitlist;
    assert_eq!((counts.demand() as usize, counts.offered as usize), (waiting.len(), open.len()));
    let mut persons: HashSet<_> =
        confirmed.iter().map(|booking| booking.registration.person_key).collect();
    assert_eq!(persons.len(), confirmed.len(), "P4: one booking per person");
    assert!(waiting.iter().all(|entry| persons.insert(entry.person_key)), "once, or booked: P4");
    let offered: HashSet<_> = open.iter().map(|offer| offer.entry).collect();
    assert_eq!(offered.len(), open.len(), "one open offer for an entry");
    assert!(offered.iter().all(|id| waiting.iter().any(|entry| entry.id == *id)));
    for used in store.pass_uses() {
        let booked = confirmed.iter().filter(|booking| booking.pass_id == used.pass_id).count();
        let waits = waiting.iter().filter(|entry| entry.pass_id == used.pass_id).count();
        assert_eq!(usize::from(used.seats_booked), booked + waits, "each seat is one person's");
        assert!(used.seats_booked <= used.seats);
    }
}

/// (a) As long as somebody waits without an offer who may have a place, none is free or kept that they could be
/// offered; and nobody has an offer who may not.
fn assert_nobody_is_forgotten(store: &MemoryStore, now: Timestamp) {
    let (open, offers) = (open_offers(store), store.offers());
    let campaigns = run(store.campaigns()).expect("answers");
    let may_book = |entry: &WaitlistEntry| {
        let born = entry.person.as_ref().map(Person::date_of_birth);
        campaigns[0].eligibility.admits(born)
    };
    for entry in waiting(store) {
        let is_offered = open.iter().any(|offer| offer.entry == entry.id);
        assert!(!is_offered || may_book(&entry), "{entry:?} may not book any more");
        if is_offered || !may_book(&entry) {
            continue;
        }
        for slot in availability(store, now).slots {
            let has_declined = offers.iter().any(|offer| {
                offer.entry == entry.id
                    && offer.slot == slot.slot
                    && matches!(offer.state, OfferState::Declined { .. })
            });
            let of_slot = open.iter().filter(|offer| offer.slot == slot.slot).count();
            let offered_to_nobody = (slot.places_left + slot.reserved)
                .saturating_sub(u32::try_from(of_slot).expect("few"));
            assert!(has_declined || offered_to_nobody == 0, "{entry:?} could have {slot:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// (a), (c), (d): after every batch nothing is oversold and nobody there twice; after a call-up nobody
    /// waits for a place that is offered to nobody.
    #[test]
    fn the_promises_hold_after_every_batch(seed: u64) {
        let store = model();
        for (number, step) in run(random_waitlist(seed, 60)).into_iter().enumerate() {
            change_plan(&store, &step);
            play(&store, step.now, &step.commands);
            assert_promises(&store, step.now);
            let first = 100_000 + u32::try_from(number).expect("few") * 100;
            play(&store, step.now, &[waitlist::call_up(first, 100)]);
            assert_promises(&store, step.now);
            assert_nobody_is_forgotten(&store, step.now);
            let counts = availability(&store, step.now).waitlist;
            prop_assert!(counts.reserved <= counts.demand(), "no more is kept than people wait");
        }
    }

    /// (f)
    #[test]
    fn a_batch_is_the_same_as_its_commands_one_by_one(seed: u64) {
        let (batched, single) = (model(), model());
        for step in run(random_waitlist(seed, 40)) {
            for store in [&batched, &single] {
                change_plan(store, &step);
            }
            let outcomes = play(&batched, step.now, &step.commands);
            let one_by_one: Vec<_> = step
                .commands
                .iter()
                .flat_map(|command| play(&single, step.now, std::slice::from_ref(command)))
                .collect();
            prop_assert_eq!(outcomes, one_by_one);
            prop_assert_eq!(availability(&batched, step.now), availability(&single, step.now));
        }
        prop_assert_eq!(events(&batched), events(&single));
        prop_assert_eq!(batched.waitlist_entries(), single.waitlist_entries());
        prop_assert_eq!(batched.offers(), single.offers());
    }

    /// (e) A place that is given back is kept once, and only where nobody waits for one it is everybody's.
    #[test]
    fn a_place_that_comes_back_goes_to_who_waits_first(seed: u64) {
        let store = model();
        for step in run(random_waitlist(seed, 60)) {
            change_plan(&store, &step);
            for command in &step.commands {
                let before = availability(&store, step.now);
                let outcomes = play(&store, step.now, std::slice::from_ref(command));
                let after = availability(&store, step.now);
                let (Command::CancelBooking(_), Outcome::CancelBooking(
                    crate::booking::CancelOutcome::Cancelled(_)
                )) = (command, &outcomes[0]) else { continue };
                let kept = after.waitlist.reserved - before.waitlist.reserved;
                let freed = after.places_left() - before.places_left();
                let is_repeated = before == after;
                prop_assert!(is_repeated || u64::from(kept) + freed == 1, "exactly once");
                let lacks = before.waitlist.unreserved() > 0;
                prop_assert!(is_repeated || (kept == 1) == lacks, "those who wait come first");
            }
        }
    }

    /// (b) However people answer, at the end no place is left over while somebody waits.
    #[test]
    fn no_place_is_left_over_while_somebody_waits(
        people in 1_u32..20,
        freed in 1_usize..9,
        percent in 100_u32..=300,
        answers in proptest::collection::vec(0_u8..8, 400),
    ) {
        let store = model();
        let rules = Waitlist { over_offer_percent: percent, ..waitlist::rules(20) };
        run(store.apply_campaign(&waitlist::plan(rules), scene::at(0))).expect("answers");
        let slots = ["a", "a", "a", "b", "b", "c", "c", "c", "c"];
        for (number, slot) in (100..).zip(slots) {
            let pass = scene::grant(number, 1, scene::at(0));
            play(&store, scene::at(0), &[
                scene::book_slot(&pass, slot, number, number, scene::key(number, 0)),
            ]);
        }
        for number in 0..people {
            let pass = scene::grant(number, 1, scene::at(0));
            play(&store, scene::at(1), &[
                waitlist::join(&pass, number, number, scene::key(number, 0)),
            ]);
        }
        for number in (100..).take(freed) {
            play(&store, scene::at(2), &[scene::cancel(number, scene::key(900 + number, 0))]);
        }
        let mut answers = answers.into_iter();
        let mut now = scene::at(3);
        for round in 0..60_u32 {
            play(&store, now, &[waitlist::call_up(1_000 * (round + 1), 100)]);
            for offer in open_offers(&store) {
                // In the last rounds everybody answers.
                let answer = answers.next().filter(|_| round < 30).unwrap_or(0);
                let number = u32::from_be_bytes(offer.entry.as_bytes()[..4].try_into().expect("4"));
                let command = match answer {
                    0..=2 => waitlist::accept(
                        offer.entry, offer.id, (number, number), scene::key(2_000 + number, 0),
                    ),
                    3 => waitlist::decline(offer.entry, offer.id, AfterDeclining::Leave),
                    4 => waitlist::decline(offer.entry, offer.id, AfterDeclining::Stay),
                    _ => continue,
                };
                play(&store, now, &[command]);
                assert_promises(&store, now);
            }
            now = now.plus(std::time::Duration::from_mins(11));
        }
        play(&store, now, &[waitlist::call_up(900_000, 100)]);
        assert_nobody_is_forgotten(&store, now);
        let left = availability(&store, now);
        let may_take = |slot: &crate::store::SlotAvailability| {
            let declined = |entry: &WaitlistEntry| store.offers().iter().any(|offer| {
                offer.entry == entry.id && offer.slot == slot.slot
                    && matches!(offer.state, OfferState::Declined { .. })
            });
            waiting(&store).iter().any(|entry| !declined(entry))
        };
        for slot in left.slots.iter().filter(|slot| may_take(slot)) {
            prop_assert_eq!(slot.places_left + slot.reserved, 0, "left over: {:?}", slot);
        }
        assert_told(&store);
    }
}

/// (a) A thousand who have declined a place keep nobody from it who waits behind them.
#[test]
fn a_place_that_a_thousand_have_declined_is_offered_to_the_next() {
    let (store, people) = (model(), CallUp::LOOKS[0] + 1);
    let rules = Waitlist { over_offer_percent: 100, ..waitlist::rules(people) };
    let mut campaign = waitlist::campaign(rules);
    for (slot, places) in campaign.slots.iter_mut().zip([people - 1, 1, 1]) {
        (slot.capacity, slot.allotments) = (places, vec![places]);
    }
    campaign.slots[2].closed = true;
    let plan = CampaignPlan::new(campaign).expect("a plan");
    run(store.apply_campaign(&plan, scene::at(0))).expect("answers");
    let joining = (0..people).map(|number| {
        let pass = scene::grant(number, 1, scene::at(0));
        waitlist::join(&pass, number, number, scene::key(number, 0))
    });
    play(&store, scene::at(1), &joining.collect::<Vec<_>>());
    play(&store, scene::at(2), &[waitlist::call_up(0, people)]);
    let declining = open_offers(&store).into_iter();
    let declining = declining
        .map(|offer| waitlist::decline(offer.entry, offer.id, AfterDeclining::Stay))
        .collect::<Vec<_>>();
    assert_eq!(declining.len(), people as usize, "the last one got the other slot");
    play(&store, scene::at(3), &declining);
    play(&store, scene::at(4), &[waitlist::call_up(people, 100)]);
    let open: Vec<_> =
        open_offers(&store).into_iter().map(|offer| (offer.entry, offer.slot)).collect();
    let (first, last) = (waitlist::entry_id(0), waitlist::entry_id(people - 1));
    assert_eq!(open, [(first, scene::slot("b")), (last, scene::slot("a"))]);
    assert_promises(&store, scene::at(4));
}

/// P19: every offer and every end was told once.
fn assert_told(store: &MemoryStore) {
    let (told, _) = events(store);
    let of = |is: fn(&What) -> bool| told.iter().filter(|event| is(&event.what)).count();
    let offers = store.offers();
    let ended = |is: fn(OfferState) -> bool| offers.iter().filter(|offer| is(offer.state)).count();
    assert_eq!(of(|what| matches!(what, What::OfferMade { .. })), offers.len());
    let accepted = ended(|state| matches!(state, OfferState::Accepted { .. }));
    assert_eq!(of(|what| matches!(what, What::OfferAccepted { .. })), accepted);
    let declined = ended(|state| matches!(state, OfferState::Declined { .. }));
    assert_eq!(of(|what| matches!(what, What::OfferDeclined { .. })), declined);
    let expired = ended(|state| matches!(state, OfferState::Expired { .. }));
    assert_eq!(of(|what| matches!(what, What::OfferExpired { .. })), expired);
    let withdrawn = ended(|state| matches!(state, OfferState::Withdrawn { .. }));
    assert_eq!(of(|what| matches!(what, What::OfferWithdrawn { .. })), withdrawn);
    let entries = store.waitlist_entries();
    assert_eq!(of(|what| matches!(what, What::WaitlistJoined { .. })), entries.len());
    let gone = entries.iter().filter(|entry| !entry.state.is_waiting()).count();
    let left = of(|what| matches!(what, What::WaitlistLeft { .. }));
    assert_eq!(left + accepted, gone);
}

/// What the scripts prove is only as good as what they bring about. The seeds are fixed.
#[test]
fn the_scripts_of_waitlists_bring_everything_about() {
    let mut effects: HashMap<&str, u32> = HashMap::new();
    for seed in 0..32 {
        let store = model();
        for step in run(random_waitlist(seed, 60)) {
            change_plan(&store, &step);
            for outcome in play(&store, step.now, &step.commands) {
                let kind = match outcome {
                    Outcome::JoinWaitlist(JoinOutcome::Joined(_)) => "joined",
                    Outcome::JoinWaitlist(JoinOutcome::AlreadyWaiting) => "waits already",
                    Outcome::JoinWaitlist(JoinOutcome::AlreadyBooked) => "booked already",
                    Outcome::AcceptOffer(AcceptOutcome::Booked(_)) => "accepted",
                    Outcome::AcceptOffer(AcceptOutcome::OfferExpired) => "too late",
                    Outcome::DeclineOffer(DeclineOutcome::Declined) => "declined",
                    Outcome::CallUp(CallUpOutcome::Done(called)) if called.expired > 0 => "expired",
                    Outcome::CallUp(CallUpOutcome::Done(called)) if called.offered > 0 => "offered",
                    _ => continue,
                };
                *effects.entry(kind).or_default() += 1;
            }
        }
        assert_told(&store);
        let (told, _) = events(&store);
        let by_booking = |what: &What| matches!(what, What::WaitlistLeft { booking: Some(_), .. });
        let count = told.iter().filter(|event| by_booking(&event.what)).count();
        *effects.entry("booked while waiting").or_default() += u32::try_from(count).expect("few");
    }
    for kind in [
        "joined",
        "waits already",
        "booked already",
        "accepted",
        "too late",
        "declined",
        "expired",
        "offered",
        "booked while waiting",
    ] {
        let count = effects.get(kind).copied().unwrap_or_default();
        assert!(count >= 8, "one in four scripts: {kind} {count}, {effects:?}");
    }
}
