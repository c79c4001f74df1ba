//! The promises as properties: random scripts, cut into batches at random.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kernel::{ManualClock, Timestamp};
use proptest::prelude::*;

use crate::batch::{Command, Outcome};
use crate::booking::{
    BookHoldOutcome, BookSlotOutcome, BookingStatus, CancelOutcome, CorrectOutcome, MoveOutcome,
};
use crate::campaign::SlotKey;
use crate::contract::{scene, script};
use crate::hold::{Hold, HoldOutcome, HoldState, RenewOutcome};
use crate::memory::MemoryStore;
use crate::store::{Availability, BookingStore};

fn model() -> MemoryStore {
    MemoryStore::new(Arc::new(ManualClock::at(scene::at(0))))
}

/// The model never waits, so any executor will do.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

fn play(store: &MemoryStore, now: Timestamp, commands: &[Command]) -> Vec<Outcome> {
    run(store.execute(commands, now)).expect("no promise is broken")
}

fn availability(store: &MemoryStore, now: Timestamp) -> Availability {
    run(store.availability(&scene::slot("rehearsal"), now)).expect("answers").expect("exists")
}

/// Whether the command has taken effect.
fn took_effect(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Hold(outcome) => matches!(outcome, HoldOutcome::Held(_)),
        Outcome::RenewHold(outcome) => matches!(outcome, RenewOutcome::Renewed(_)),
        Outcome::BookHold(outcome) => matches!(outcome, BookHoldOutcome::Booked(_)),
        Outcome::BookSlot(outcome) => matches!(outcome, BookSlotOutcome::Booked(_)),
        Outcome::CancelBooking(outcome) => matches!(outcome, CancelOutcome::Cancelled(_)),
        Outcome::CorrectPerson(outcome) => matches!(outcome, CorrectOutcome::Corrected(_)),
        Outcome::MoveBooking(outcome) => matches!(outcome, MoveOutcome::Moved(_)),
        Outcome::ReleaseHold(_) | Outcome::EndPass(_) | Outcome::ReleaseExpiredHolds(_) => false,
    }
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
    for hold in &holds {
        let booked = bookings.iter().filter(|booking| booking.hold == Some(hold.id)).count();
        assert_eq!(booked, usize::from(hold.seats_booked), "the hold knows its bookings");
        let complete = hold.seats == hold.seats_booked;
        assert_eq!(hold.state == HoldState::Booked, complete, "P7: booked is every seat booked");
    }
    for pass_use in store.pass_uses() {
        let of_pass = holds.iter().filter(|hold| hold.pass_id == pass_use.pass_id);
        let held: u8 = of_pass.map(Hold::seats_open).sum();
        let booked = bookings.iter().filter(|booking| booking.pass_id == pass_use.pass_id).count();
        assert_eq!((pass_use.seats_held, usize::from(pass_use.seats_booked)), (held, booked));
        assert!(usize::from(held) + booked <= 4, "a pass pays for its seats and no more");
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn promises_hold_after_every_batch(seed: u64) {
        let store = model();
        run(store.apply_campaign(&scene::plan(), scene::at(0))).expect("answers");
        // P3: what each key has brought about.
        let mut effects: HashMap<[u8; 32], ([u8; 32], Outcome)> = HashMap::new();
        for (now, commands) in script::random_batches(seed, 60) {
            let outcomes = play(&store, now, &commands);
            for (command, outcome) in commands.iter().zip(outcomes) {
                let Some(idempotency) = command.idempotency() else { continue };
                if !took_effect(&outcome) {
                    continue;
                }
                let effect = (idempotency.fingerprint, outcome);
                let earlier = effects.entry(idempotency.key).or_insert_with(|| effect.clone());
                prop_assert_eq!(&*earlier, &effect, "P3: one key, one effect, same reply");
            }
            assert_promises(&store, now);
        }
    }

    #[test]
    fn a_batch_is_the_same_as_its_commands_one_by_one(seed: u64) {
        let (batched, single) = (model(), model());
        for store in [&batched, &single] {
            run(store.apply_campaign(&scene::plan(), scene::at(0))).expect("answers");
        }
        for (now, commands) in script::random_batches(seed, 40) {
            let outcomes = play(&batched, now, &commands);
            let one_by_one: Vec<_> = commands
                .iter()
                .flat_map(|command| play(&single, now, std::slice::from_ref(command)))
                .collect();
            prop_assert_eq!(outcomes, one_by_one);
            prop_assert_eq!(availability(&batched, now), availability(&single, now));
        }
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
        for (now, commands) in script::random_batches(seed, 60) {
            for outcome in play(&store, now, &commands).iter().filter(|one| took_effect(one)) {
                *effects.entry(kind(outcome)).or_default() += 1;
            }
        }
    }
    for kind in
        ["hold", "renewal", "booking on a hold", "booking", "cancellation", "move", "correction"]
    {
        let count = effects.get(kind).copied().unwrap_or_default();
        assert!(count >= 24, "one in two scripts: {kind} {count}, {effects:?}");
    }
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Hold(_) => "hold",
        Outcome::RenewHold(_) => "renewal",
        Outcome::BookHold(_) => "booking on a hold",
        Outcome::BookSlot(_) => "booking",
        Outcome::CancelBooking(_) => "cancellation",
        Outcome::MoveBooking(_) => "move",
        Outcome::CorrectPerson(_) => "correction",
        Outcome::EndPass(_) => "end of a pass",
        Outcome::ReleaseHold(_) | Outcome::ReleaseExpiredHolds(_) => "release",
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
}
