//! The promises as properties: random scripts, cut into batches at random.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use kernel::{ManualClock, Timestamp};
use proptest::prelude::*;

use crate::batch::{Command, Outcome};
use crate::booking::{
    AskLinkOutcome, BookGroupOutcome, BookHoldOutcome, BookSlotOutcome, BookingStatus,
    CancelOutcome, ChangeContactOutcome, ClearPlaceOutcome, CorrectOutcome, ErasePersonOutcome,
    MoveOutcome, RotateTokenOutcome,
};
use crate::campaign::SlotKey;
use crate::car::{CAR_SEATS_MAX, OpenCarOutcome};
use crate::contract::{scene, script};
use crate::event::chain::ChainEnd;
use crate::event::{Actor, Event, HoldEnd, What};
use crate::hold::{Hold, HoldOutcome, HoldState, RenewOutcome};
use crate::memory::MemoryStore;
use crate::pass::GUESSES_MAX;
use crate::store::{Availability, BookingStore};
use crate::waitlist::{AcceptOutcome, JoinOutcome};

fn model() -> MemoryStore {
    MemoryStore::new(Arc::new(ManualClock::at(scene::at(0))))
}

/// The model never waits, so any executor will do.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

fn play(store: &MemoryStore, now: Timestamp, commands: &[Command]) -> Vec<Outcome> {
    run(store.execute(commands, now)).expect("no promise is broken").outcomes
}

/// What the script changes of the plan before a batch, of so many.
fn change_plan(store: &MemoryStore, now: Timestamp, (batch, count): (usize, usize)) {
    if let Some(plan) = script::plan_before(batch, count) {
        run(store.apply_campaign(&plan, now)).expect("answers").verdict().expect("in force");
    }
}

fn availability(store: &MemoryStore, now: Timestamp) -> Availability {
    run(store.availability(&scene::slot("rehearsal"), now)).expect("answers").expect("exists")
}

/// All events, and where their chain ends.
fn events(store: &MemoryStore) -> (Vec<Event>, ChainEnd) {
    let campaign = scene::slot("rehearsal");
    let links = run(store.events(&campaign, 0, u32::MAX)).expect("answers");
    let end = ChainEnd::default().verify(&campaign, &links).expect("the chain is whole");
    (links.iter().flat_map(|link| link.read().expect("events")).collect(), end)
}

fn is_sweep(command: &Command) -> bool {
    matches!(command, Command::ReleaseExpiredHolds(_))
}

/// Whether the command has taken effect.
fn took_effect(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Hold(outcome) => matches!(outcome, HoldOutcome::Held(_)),
        Outcome::RenewHold(outcome) => matches!(outcome, RenewOutcome::Renewed(_)),
        Outcome::BookHold(outcome) => matches!(outcome, BookHoldOutcome::Booked(_)),
        Outcome::BookGroup(outcome) => matches!(outcome, BookGroupOutcome::Booked(_)),
        Outcome::BookSlot(outcome) => matches!(outcome, BookSlotOutcome::Booked(_)),
        Outcome::CancelBooking(outcome) => matches!(outcome, CancelOutcome::Cancelled(_)),
        Outcome::CorrectPerson(outcome) => matches!(outcome, CorrectOutcome::Corrected(_)),
        Outcome::MoveBooking(outcome) => matches!(outcome, MoveOutcome::Moved(_)),
        Outcome::ChangeContact(outcome) => matches!(outcome, ChangeContactOutcome::Changed(_)),
        Outcome::ErasePerson(outcome) => matches!(outcome, ErasePersonOutcome::Erased(_)),
        Outcome::RotateToken(outcome) => matches!(outcome, RotateTokenOutcome::Rotated(_)),
        Outcome::AskLink(outcome) => *outcome == AskLinkOutcome::Asked,
        Outcome::OpenCar(outcome) => matches!(outcome, OpenCarOutcome::Open { .. }),
        Outcome::ClearPlace(outcome) => matches!(
            outcome,
            ClearPlaceOutcome::Moved | ClearPlaceOutcome::Cancelled | ClearPlaceOutcome::HoldEnded
        ),
        Outcome::JoinWaitlist(outcome) => matches!(outcome, JoinOutcome::Joined(_)),
        Outcome::AcceptOffer(outcome) => matches!(outcome, AcceptOutcome::Booked(_)),
        Outcome::ReleaseHold(_)
        | Outcome::EndPass(_)
        | Outcome::ReleaseExpiredHolds(_)
        | Outcome::LeaveWaitlist(_)
        | Outcome::DeclineOffer(_)
        | Outcome::CallUp(_) => false,
    }
}

/// The same but for what has become of the booking since.
fn as_first_told(mut outcome: Outcome) -> Outcome {
    let bookings = match &mut outcome {
        Outcome::BookSlot(BookSlotOutcome::Booked(booked))
        | Outcome::BookHold(BookHoldOutcome::Booked(booked)) => std::slice::from_mut(booked),
        Outcome::BookGroup(BookGroupOutcome::Booked(bookings)) => bookings.as_mut_slice(),
        _ => &mut [],
    };
    for booked in bookings {
        (booked.cancelled_at, booked.pass_used_up) = (None, false);
        // It may have been moved, and have another token.
        (booked.token_generation, booked.car) = (0, None);
        (booked.slot, booked.site) = (scene::slot("c"), scene::slot("north"));
        (booked.starts_at, booked.ends_at) = (scene::at(0), scene::at(0));
    }
    outcome
}

/// Counts everything anew from holds and bookings and compares it with the counters.
fn assert_promises(store: &MemoryStore, now: Timestamp) {
    let (holds, bookings) = (store.holds(), store.bookings());
    let confirmed = || bookings.iter().filter(|booking| booking.status == BookingStatus::Confirmed);
    let campaign = scene::campaign();
    for slot in &campaign.slots {
        let key = SlotKey { campaign: campaign.id.clone(), slot: slot.id.clone() };
        let counters = store.counters(&key).expect("the slot exists");
        let kept: usize = holds
            .iter()
            .filter(|hold| hold.slot == slot.id)
            .map(|hold| usize::from(hold.seats_open()))
            .sum();
        let booked = confirmed().filter(|booking| booking.slot == slot.id).count();
        assert_eq!(counters.taken as usize, kept + booked, "P1, P5: taken is what is taken");
        assert!(counters.released <= slot.capacity.min(campaign.released_at(slot, now)), "P1");
    }
    let persons: HashSet<_> = confirmed().map(|booking| booking.registration.person_key).collect();
    assert_eq!(persons.len(), confirmed().count(), "P4: one active booking per person");
    assert_cars(store, now);
    for hold in &holds {
        let booked = bookings.iter().filter(|booking| booking.hold == Some(hold.id)).count();
        assert_eq!(booked, usize::from(hold.seats_booked), "the hold knows its bookings");
        let complete = hold.seats == hold.seats_booked;
        assert_eq!(hold.state == HoldState::Booked, complete, "P7: booked is every seat booked");
    }
    for pass_use in store.pass_uses() {
        let of_pass = holds.iter().filter(|hold| hold.pass_id == pass_use.pass_id);
        let held: u8 = of_pass.map(Hold::seats_open).sum();
        let of_pass = || bookings.iter().filter(|booking| booking.pass_id == pass_use.pass_id);
        let booked = confirmed().filter(|booking| booking.pass_id == pass_use.pass_id).count();
        assert_eq!((pass_use.seats_held, usize::from(pass_use.seats_booked)), (held, booked));
        assert_eq!(usize::from(pass_use.bookings), of_pass().count());
        assert!(usize::from(held) + booked <= 4, "a pass pays for its seats and no more");
        assert!(of_pass().count() <= 4 + usize::from(GUESSES_MAX), "seats come back so often");
        let seats: BTreeSet<u8> = of_pass().map(|booking| booking.seat_no).collect();
        assert!(
            seats.into_iter().eq(1..=pass_use.bookings),
            "each seat of a pass is one booking's"
        );
        let Some(ended_at) = pass_use.ended_at else { continue };
        let of_pass = holds.iter().filter(|hold| hold.pass_id == pass_use.pass_id);
        let begun = of_pass.map(|hold| hold.held_at).chain(
            bookings
                .iter()
                .filter(|booking| booking.pass_id == pass_use.pass_id && booking.hold.is_none())
                .map(|booking| booking.booked_at),
        );
        assert!(begun.into_iter().all(|at| at <= ended_at), "an ended pass begins nothing");
    }
}

/// At most four persons come in a car, and all of them in one slot.
fn assert_cars(store: &MemoryStore, now: Timestamp) {
    let (mut slots, mut seats) = (HashMap::new(), HashMap::<_, u8>::new());
    let bookings = store.bookings().into_iter();
    let bookings = bookings.filter(|booking| booking.status == BookingStatus::Confirmed);
    let bookings = bookings.map(|booking| (booking.car, booking.slot, 1));
    let holds = store.holds().into_iter().filter(|hold| hold.is_open(now));
    let holds = holds.map(|hold| (hold.car, hold.slot.clone(), hold.seats_open()));
    for (car, slot, taken) in bookings.chain(holds) {
        let Some(car) = car else { continue };
        *seats.entry(car).or_default() += taken;
        assert_eq!(*slots.entry(car).or_insert_with(|| slot.clone()), slot, "one car, one slot");
    }
    assert!(seats.values().all(|seats| *seats <= CAR_SEATS_MAX), "{seats:?}");
}

/// P19: everything that is so now was told, and nothing else.
fn assert_told(store: &MemoryStore) {
    let (told, _) = events(store);
    let of = |is: fn(&What) -> bool| told.iter().filter(|event| is(&event.what)).count();
    let (holds, bookings, passes) = (store.holds(), store.bookings(), store.pass_uses());
    let confirmed =
        bookings.iter().filter(|booking| booking.status == BookingStatus::Confirmed).count();
    let active = holds.iter().filter(|hold| hold.state == HoldState::Active).count();
    let booked = holds.iter().filter(|hold| hold.state == HoldState::Booked).count();
    assert_eq!(of(|what| matches!(what, What::Booked { .. })), bookings.len());
    assert_eq!(of(|what| matches!(what, What::Cancelled { .. })), bookings.len() - confirmed);
    assert_eq!(of(|what| matches!(what, What::SeatsHeld { .. })), holds.len());
    assert_eq!(of(|what| matches!(what, What::HoldEnded { .. })), holds.len() - active, "P7");
    let by_booking = |what: &What| matches!(what, What::HoldEnded { by: HoldEnd::Booked, .. });
    assert_eq!(of(by_booking), booked);
    let renewals: usize = holds.iter().map(|hold| usize::from(hold.renewals)).sum();
    assert_eq!(of(|what| matches!(what, What::HoldRenewed { .. })), renewals);
    let ended = passes.iter().filter(|pass| pass.ended_at.is_some()).count();
    assert_eq!(of(|what| matches!(what, What::PassEnded { .. })), ended);
    // Not once and for all: a seat whose booking is cancelled comes back.
    for pass in passes.iter().filter(|pass| pass.seats_booked >= pass.seats) {
        let used_up = What::PassUsedUp { pass: pass.pass_id };
        assert!(told.iter().any(|event| event.what == used_up), "{pass:?}");
    }
    let freed = told.iter().filter_map(|event| {
        if let What::PlacesFreed { places, .. } = event.what { Some(places as usize) } else { None }
    });
    let released = holds.iter().filter(|hold| hold.state == HoldState::Released);
    let returned: usize =
        released.map(|hold| usize::from(hold.seats) - usize::from(hold.seats_booked)).sum();
    let moved = of(|what| matches!(what, What::Moved { .. }));
    assert_eq!(freed.sum::<usize>(), returned + bookings.len() - confirmed + moved, "P5, P6");
    let by_clock = told.iter().filter(|event| event.actor == Actor::Clock);
    let expired = by_clock.filter(|event| matches!(event.what, What::HoldEnded { .. })).count();
    assert_eq!(of(|what| matches!(what, What::HoldEnded { by: HoldEnd::Expired, .. })), expired);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn promises_hold_after_every_batch(seed: u64) {
        let store = model();
        run(store.apply_campaign(&scene::plan(), scene::at(0))).expect("answers");
        // P3: what each key has brought about.
        let mut effects: HashMap<[u8; 32], ([u8; 32], Outcome)> = HashMap::new();
        for (batch, (now, commands)) in script::random_batches(seed, 60).into_iter().enumerate() {
            change_plan(&store, now, (batch, 60));
            let outcomes = play(&store, now, &commands);
            for (command, outcome) in commands.iter().zip(outcomes) {
                let Some(idempotency) = command.idempotency() else { continue };
                if !took_effect(&outcome) {
                    continue;
                }
                let effect = (idempotency.fingerprint, as_first_told(outcome));
                let earlier = effects.entry(idempotency.key).or_insert_with(|| effect.clone());
                prop_assert_eq!(&*earlier, &effect, "P3: one key, one effect, same reply");
            }
            assert_promises(&store, now);
        }
        assert_told(&store);
    }

    /// The chain too, to the letter: it does not show how commands were cut into batches. A sweep is
    /// kept alone, since it releases what was loaded for it.
    #[test]
    fn a_batch_is_the_same_as_its_commands_one_by_one(seed: u64) {
        let (batched, single) = (model(), model());
        for store in [&batched, &single] {
            run(store.apply_campaign(&scene::plan(), scene::at(0))).expect("answers");
        }
        for (batch, (now, commands)) in script::random_batches(seed, 40).into_iter().enumerate() {
            change_plan(&batched, now, (batch, 40));
            change_plan(&single, now, (batch, 40));
            for commands in commands.chunk_by(|before, after| !is_sweep(before) && !is_sweep(after)) {
                let outcomes = play(&batched, now, commands);
                let one_by_one: Vec<_> = commands
                    .iter()
                    .flat_map(|command| play(&single, now, std::slice::from_ref(command)))
                    .collect();
                prop_assert_eq!(outcomes, one_by_one);
            }
            prop_assert_eq!(availability(&batched, now), availability(&single, now));
        }
        let (batched_events, batched_end) = events(&batched);
        let (single_events, single_end) = events(&single);
        prop_assert_eq!(batched_events, single_events);
        prop_assert_eq!(batched_end, single_end);
        let sorted = |store: &MemoryStore| {
            let mut bookings = store.bookings();
            bookings.sort_by_key(|booking| booking.registration.booking);
            bookings
        };
        prop_assert_eq!(sorted(&batched), sorted(&single));
    }
}

/// What a random script proves is only as good as what it brings about. The seeds are fixed: a
/// single script may be unlucky.
#[test]
fn random_scripts_bring_everything_about() {
    let mut effects: HashMap<&str, usize> = HashMap::new();
    for seed in 0..48 {
        let store = model();
        run(store.apply_campaign(&scene::plan(), scene::at(0))).expect("answers");
        for (batch, (now, commands)) in script::random_batches(seed, 60).into_iter().enumerate() {
            change_plan(&store, now, (batch, 60));
            for outcome in play(&store, now, &commands).iter().filter(|one| took_effect(one)) {
                *effects.entry(kind(outcome)).or_default() += 1;
            }
        }
    }
    for kind in [
        "hold",
        "renewal",
        "booking on a hold",
        "group",
        "booking",
        "cancellation",
        "move",
        "correction",
        "clearing",
        "contact",
        "erasure",
        "token",
        "link",
        "car",
    ] {
        let count = effects.get(kind).copied().unwrap_or_default();
        assert!(count >= 24, "one in two scripts: {kind} {count}, {effects:?}");
    }
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Hold(_) => "hold",
        Outcome::RenewHold(_) => "renewal",
        Outcome::BookHold(_) => "booking on a hold",
        Outcome::BookGroup(_) => "group",
        Outcome::BookSlot(_) => "booking",
        Outcome::CancelBooking(_) => "cancellation",
        Outcome::MoveBooking(_) => "move",
        Outcome::CorrectPerson(_) => "correction",
        Outcome::ClearPlace(_) => "clearing",
        Outcome::ChangeContact(_) => "contact",
        Outcome::ErasePerson(_) => "erasure",
        Outcome::RotateToken(_) => "token",
        Outcome::AskLink(_) => "link",
        Outcome::OpenCar(_) => "car",
        Outcome::EndPass(_) => "end of a pass",
        Outcome::ReleaseHold(_) | Outcome::ReleaseExpiredHolds(_) => "release",
        Outcome::JoinWaitlist(_)
        | Outcome::LeaveWaitlist(_)
        | Outcome::AcceptOffer(_)
        | Outcome::DeclineOffer(_)
        | Outcome::CallUp(_) => "waitlist",
    }
}

/// The random scripts do what the properties above are about, counted over fixed seeds.
#[test]
fn the_scripts_reach_what_they_are_to_prove() {
    let (mut bookings, mut ended, mut refused) = (0, 0, 0);
    for seed in 0..32 {
        let store = model();
        run(store.apply_campaign(&scene::plan(), scene::at(0))).expect("answers");
        for (now, commands) in script::random_batches(seed, 60) {
            let outcomes = play(&store, now, &commands);
            let is_refused = |outcome: &&Outcome| {
                matches!(
                    outcome,
                    Outcome::Hold(HoldOutcome::PassEnded)
                        | Outcome::BookSlot(
                            BookSlotOutcome::PassEnded | BookSlotOutcome::PersonNotOfPass
                        )
                        | Outcome::BookHold(BookHoldOutcome::PersonNotOfPass)
                )
            };
            refused += outcomes.iter().filter(is_refused).count();
        }
        bookings += store.bookings().len();
        ended += store.pass_uses().iter().filter(|used| used.ended_at.is_some()).count();
    }
    assert!(bookings > 320 && ended > 100 && refused > 100, "{bookings}, {ended}, {refused}");
}

mod waitlist;

mod contract_of_the_model {
    struct Fixture(crate::memory::MemoryStore);

    impl Fixture {
        fn store(&self) -> &dyn crate::store::BookingStore {
            &self.0
        }
    }

    #[expect(clippy::unused_async, reason = "adapters need to wait for their database")]
    async fn fresh() -> Fixture {
        Fixture(super::model())
    }

    crate::booking_store_contract!(fresh);
    crate::waitlist_contract!(fresh);
}
